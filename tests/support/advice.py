"""Advice to the staff about what was trained: words, the figures behind them, and arrays to draw.

A right submission can have bad luck in training, so a check that gives advice does not fail: its row is informational
unless the rubric gives it points (`@weight`), which `credit` then shares out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

SCORE_FIELD, STEPS, PATHS, DIGITS = "score field", "steps", "paths", "digits"
"""What can be drawn, and from which arrays (float32 unless stated):

score field   points (M, 2), score (M, 2)
steps         states (k, n, 2), and the step of each state, steps (k,) integers
paths         paths (p, L * T, 2), over the final samples (n, 2)
digits        digits (64, 28, 28) uint8, row by row
"""

SMALLER_IS_BETTER = ("distance", "error", "loss")


@dataclass(frozen=True)
class Picture:
    """One figure to be drawn; `alt` says in a sentence what is to be seen, for those who do not see it."""

    kind: str
    arrays: dict[str, np.ndarray]
    alt: str


@dataclass(frozen=True)
class Advice:
    """What a person would say of an artifact.

    `credit` is the share of points that it would earn, in [0, 1]; `measures` are figures for the leaderboard, by name
    (see `order_of`).
    """

    text: str
    credit: float
    measures: dict[str, float] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()


def order_of(measure: str) -> str:
    """How a leaderboard sorts: "asc" for a measure whose name speaks of a distance, an error or a loss, else "desc"."""
    return "asc" if any(word in measure.lower() for word in SMALLER_IS_BETTER) else "desc"
