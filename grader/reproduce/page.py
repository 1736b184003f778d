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
    """One figure of the handout: its pictures as data URIs, each with what it shows, and what was measured of it.

    `right` is whether that is as it should be.
    """

    title: str
    asked: str
    pictures: list[tuple[str, str]]
    measured: str
    right: bool = True


def write(folder: Path, trained: str) -> Path:
    """Write `reproduction.html` from the files that both scripts have left in the folder; returns its path."""
    path = folder / "reproduction.html"
    text = (
        environment(Path(__file__).parent)
        .get_template("reproduction.html.j2")
        .render(trained=trained, figures=_figures(folder) + _written(folder))
    )
    path.write_text(text, encoding="utf-8")
    return path


def _figures(folder: Path) -> list[Exhibit]:
    grids = sorted(folder.glob("test_*.png"), key=_epoch)
    chosen = [grids[round(place)] for place in np.linspace(0, len(grids) - 1, min(GRIDS_SHOWN, len(grids)))]
    points = np.load(folder / "samples.npz", allow_pickle=False)["points"].astype(np.float64)
    spelled, drawn = spelling.measure(points), digit_grid.judge(cut(grids[-1]))
    return [
        Exhibit(
            "Figure 1: images by the generator (Question 4.6)",
            "three of the grids that train() writes, with their epochs; after about 30 epochs they are to look like "
            "digits.",
            [(_uri(grid), f"after {_epoch(grid)} epochs") for grid in chosen],
            drawn.sentence,
            drawn.good,
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
            f"{spelled.precision:.1%} of the final samples lie within {spelling.RADIUS} of a training point, and "
            f"{spelled.coverage:.1%} of the training points have a sample as near. Letters that can be read: "
            f"{spelled.letters}.",
            spelled.spells,
        ),
        Exhibit(
            "Figure 5: trajectories of the Langevin dynamics (Question 5.4 c)",
            "the way of single samples, from noise to a stroke.",
            [(_uri(folder / "trajectory.png"), "two trajectories over the final samples")],
            "",
        ),
    ]


def _written(folder: Path) -> list[Exhibit]:
    """The figures of Problems 1 to 3, each a result that students derive."""
    points = np.load(folder / "inpainting.npz", allow_pickle=False)
    known, completed = points["known"].astype(np.float64), points["completed"].astype(np.float64)
    kept = float(np.sqrt(np.mean((completed[:, 0] - known[:, 0]) ** 2)))
    return [
        Exhibit(
            "The best discriminator (Question 1.1)",
            "D* in terms of both densities.",
            [(_uri(folder / "discriminator.png"), "D* is 1/2 where the densities cross")],
            "",
        ),
        Exhibit(
            "The game's value (Question 1.2)",
            "that for the best discriminator Eq. 1 is the Jensen-Shannon divergence, but for constants.",
            [
                (
                    _uri(folder / "game.png"),
                    "between -log 4 for equal distributions and 0; any other discriminator has less",
                )
            ],
            "",
        ),
        Exhibit(
            "Vanishing gradients (Question 1.3)",
            "why a generator learns nothing from a perfect discriminator.",
            [(_uri(folder / "gradients.png"), "on the left D is near 0: there one of the two losses is flat")],
            "",
        ),
        Exhibit(
            "The forward chain and its posterior (Questions 2.3 and 2.4)",
            "q(x_t | x_0), and the mean of q(x_{t-1} | x_t, x_0).",
            [(_uri(folder / "chain.png"), "the posterior mean is drawn from each state of the path towards x_0")],
            "",
        ),
        Exhibit(
            "Inpainting (the remark of Question 2.5)",
            "that with the conditional score the trained network completes what is only known in part.",
            [(_uri(folder / "inpainting.png"), "the known coordinate is kept, the other one completed")],
            f"The known coordinate is kept to {kept:.4f} (root mean square); {spelling.precision(completed):.1%} of "
            f"the completed points lie within {spelling.RADIUS} of a training point, and "
            f"{spelling.coverage(completed):.1%} of the training points have a completed one as near.",
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
