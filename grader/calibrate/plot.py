"""One small plot for each test: the distribution of its p-values on correct submissions against the diagonal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import matplotlib
import numpy as np

from grader.calibrate.comparison import Calibration

matplotlib.use("Agg")
from matplotlib import pyplot as plt

COLUMNS = 8
POINTS = np.linspace(0, 1, 51)
RIGHT, EXCESS = "#2a6f97", "#c1121f"


def draw(p: Mapping[str, np.ndarray], calibration: Calibration, path: Path) -> None:
    """Write the page: below the diagonal is conservative, above it right work would fail too often."""
    rows = max(1, math.ceil(len(p) / COLUMNS))
    with matplotlib.rc_context({"svg.hashsalt": "calibration", "svg.fonttype": "none", "font.size": 6}):
        figure, axes = plt.subplots(
            rows, COLUMNS, figsize=(1.7 * COLUMNS, 1.8 * rows), sharex=True, sharey=True, squeeze=False
        )
        for axis in axes.flat[len(p) :]:
            axis.set_visible(False)
        for axis, (name, values) in zip(axes.flat, p.items(), strict=False):
            excess = any(text.startswith(f"{name}: ") for text in calibration.violations)
            share = np.searchsorted(values, POINTS, side="right") / len(values)
            axis.plot([0, 1], [0, 1], color="#999999", linewidth=0.6)
            axis.plot(POINTS, share, color=EXCESS if excess else RIGHT, linewidth=1.2)
            check, _, test = name.partition(": ")
            axis.set_title(f"{_short(check)}\n{_short(test)}", fontsize=6)
            axis.set(xlim=(0, 1), ylim=(0, 1), xticks=(0, 1), yticks=(0, 1))
        figure.suptitle(
            f"P(p <= x) of every random test, {calibration.seeds} seeds of correct submissions; "
            f"bound for a submission {calibration.bound:.1e}",
            fontsize=9,
        )
        figure.tight_layout(rect=(0, 0, 1, 0.985))
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)


def _short(name: str) -> str:
    words = name.replace("_", " ")
    return words if len(words) <= 32 else words[:30] + ".."
