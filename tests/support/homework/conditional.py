"""Mistakes in the conditional score (2.5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.support.homework.readings import Reading


@dataclass(frozen=True)
class Pull(Reading):
    """A conditional score: `base` plus any positive multiple of `pull`, both from score, x, x_known and mask.

    Any positive multiple, because the handout leaves lambda free.
    """

    base: Callable[..., np.ndarray]
    pull: Callable[..., np.ndarray]


def _only(score: np.ndarray, x: np.ndarray, k: np.ndarray, m: np.ndarray) -> np.ndarray:
    return score


def _norm(v: np.ndarray) -> np.ndarray:
    return np.asarray(np.sum(v**2, axis=1, keepdims=True) + 0 * v)


CONDITIONAL_SCORE = (
    Pull(
        "sign",
        0,
        "The sign is wrong: samples are pushed away from what is known.",
        _only,
        lambda s, x, k, m: (x - k) * m,
    ),
    Pull(
        "mask inverted",
        0,
        "The mask is inverted: the coordinates that are not known are pulled.",
        _only,
        lambda s, x, k, m: (k - x) * (1 - m),
    ),
    Pull("mask missing", 0, "The mask is missing: every coordinate is pulled.", _only, lambda s, x, k, m: k - x),
    Pull(
        "score masked",
        0,
        "The score is masked as well: the other coordinates have lost theirs.",
        lambda s, x, k, m: s * m,
        lambda s, x, k, m: (k - x) * m,
    ),
    Pull(
        "score masked away",
        0,
        "The score is masked away where a coordinate is known: both terms act there.",
        lambda s, x, k, m: s * (1 - m),
        lambda s, x, k, m: (k - x) * m,
    ),
    Pull(
        "only x masked",
        0,
        "Only x is masked, not the difference: x_known acts on every coordinate.",
        _only,
        lambda s, x, k, m: k - x * m,
    ),
    Pull(
        "only x_known masked",
        0,
        "Only x_known is masked, not the difference: x acts on every coordinate.",
        _only,
        lambda s, x, k, m: k * m - x,
    ),
    Pull(
        "squared norm",
        0,
        "The squared norm itself is subtracted, not its gradient.",
        _only,
        lambda s, x, k, m: -_norm((x - k) * m),
    ),
    Pull(
        "squares",
        0,
        "The squares are subtracted, not their derivatives.",
        _only,
        lambda s, x, k, m: -(((x - k) * m) ** 2),
    ),
    Pull(
        "norm not squared",
        0,
        "This is the gradient of the norm, not of its square.",
        _only,
        lambda s, x, k, m: (k - x) * m / np.sqrt(_norm((x - k) * m)),
    ),
    Pull("x forgotten", 0, "x is missing: only x_known acts.", _only, lambda s, x, k, m: k * m),
    Pull(
        "x_known forgotten",
        0,
        "x_known is missing: known coordinates are pulled to 0.",
        _only,
        lambda s, x, k, m: -x * m,
    ),
    Pull(
        "score subtracted",
        0,
        "The unconditional score has the wrong sign.",
        lambda s, x, k, m: -s,
        lambda s, x, k, m: (k - x) * m,
    ),
    Pull(
        "score missing",
        0,
        "The unconditional score is missing.",
        lambda s, x, k, m: 0 * s,
        lambda s, x, k, m: (k - x) * m,
    ),
    Pull(
        "the score alone",
        0,
        "This is the unconditional score: nothing known has an influence.",
        _only,
        lambda s, x, k, m: 0 * s,
    ),
    Pull(
        "values put in",
        0,
        "The known values are put into the score: they belong to x.",
        lambda s, x, k, m: s * (1 - m) + k * m,
        lambda s, x, k, m: 0 * s,
    ),
)
