"""The page of the reproduction: each figure beside what the handout asks for, and the words of the judges."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from grader.report.templates import environment
from tests.support.advice import digit_grid, spelling

GRIDS_SHOWN = 4
SIDE, GAP = 28, 2
"""Pixels of a digit, and between two of them, in a grid by torchvision's save_image."""


@dataclass(frozen=True)
class Exhibit:
    """One figure of the handout: its pictures as data URIs, each with what it shows, and what was measured of it."""

    title: str
    asked: str
    pictures: list[tuple[str, str]]
    measured: str


def write(folder: Path, trained: str) -> Path:
    """Write `reproduction.html` from the files that both scripts have left in the folder; returns its path."""
    path = folder / "reproduction.html"
    text = (
        environment(Path(__file__).parent)
        .get_template("reproduction.html.j2")
        .render(trained=trained, figures=_figures(folder))
    )
    path.write_text(text, encoding="utf-8")
    return path


def _figures(folder: Path) -> list[Exhibit]:
    grids = sorted(folder.glob("test_*.png"), key=_epoch)
    chosen = [grids[round(place)] for place in np.linspace(0, len(grids) - 1, min(GRIDS_SHOWN, len(grids)))]
    points = np.load(folder / "samples.npz", allow_pickle=False)["points"].astype(np.float64)
    precision, coverage = spelling.precision(points), spelling.coverage(points)
    return [
        Exhibit(
            "Figure 1: images by the generator (Question 4.6)",
            "three of the grids that train() writes, with their epochs; after about 30 epochs they are to look like "
            "digits.",
            [(_uri(grid), f"after {_epoch(grid)} epochs") for grid in chosen],
            digit_grid.judge(cut(grids[-1])).sentence,
        ),
        Exhibit(
            "Figure 2: the score function (Question 5.4 a)",
            "the predicted score as arrows over the data, at noise level 0.1: they are to point to the strokes.",
            [(_uri(folder / "score.png"), "arrows over the points of CS446")],
            "",
        ),
        Exhibit(
            "Figures 3 and 4: samples on their way, and the final ones (Question 5.4 b)",
            "1,000 samples at steps 0, 200, 400, 600 and 800, and at the end, where they are to follow CS446.",
            [(_uri(folder / "samples.png"), "the samples at six steps")],
            f"{precision:.1%} of the final samples lie within {spelling.RADIUS} of a training point, and "
            f"{coverage:.1%} of the training points have a sample as near.",
        ),
        Exhibit(
            "Figure 5: trajectories of the Langevin dynamics (Question 5.4 c)",
            "the way of single samples, from noise to a stroke.",
            [(_uri(folder / "trajectory.png"), "two trajectories over the final samples")],
            "",
        ),
    ]


def cut(grid: Path) -> np.ndarray:
    """The 64 images of a grid written by save_image, `(64, 28, 28)` uint8, row by row."""
    with Image.open(grid) as image:
        pixels = np.asarray(image.convert("L"))
    starts = range(GAP, pixels.shape[0], SIDE + GAP)
    return np.stack([pixels[top : top + SIDE, left : left + SIDE] for top in starts for left in starts])


def _epoch(grid: Path) -> int:
    return int(grid.stem.removeprefix("test_"))


def _uri(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
