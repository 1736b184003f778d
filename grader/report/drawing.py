"""Draws the homework's figures from arrays: the score field, samples at six steps, paths of samples, the GAN's digits.

The arrays have the shapes of `pictures.SHAPES` and any values: what is not a number is not drawn, and what is far away
is drawn as far away. Importing this module takes a second (matplotlib).
"""

from __future__ import annotations

import io
import os
import sys
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("MPLCONFIGDIR", str(Path(sys.prefix) / "matplotlib"))  # the bench keeps its list of fonts there

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from tests.support.homework.figures import DIGITS, PATHS, SCORE_FIELD, STEPS

WIDTH = 720
"""Pixels of a figure, as wide as the platform's column of results."""
DPI = 100
X_RANGE, Y_RANGE = (-2.5, 2.5), (-0.6, 0.6)
FAR = 1e4
"""Coordinates are drawn up to here: larger ones overflow the arithmetic of pixels."""
LONGEST = 1e100
"""Scores are drawn as if no coordinate were larger than this, so that their lengths are finite."""
MOST_ARROWS = 1250
GRID_SIDE, GAP = 8, 2
"""Images in a row of the GAN's grid, and the pixels around each."""
_WHITE, _INK, _SOFT, _BLUE, _RED = "#ffffff", "#1f2328", "#c3c9d0", "#1f5fa8", "#c0392b"
_PATHS = (_BLUE, _RED, "#2a8f5b", "#8e44ad", "#c77d0a")


@dataclass(frozen=True)
class Drawing:
    """A figure: its pixels, the colours it is drawn with on `paper`, and the width in pixels at which to show it."""

    image: Image.Image
    width: int
    inks: tuple[str, ...]
    paper: str = _WHITE

    def png(self, scale: float, shades: int) -> bytes:
        """The figure as a PNG of few colours: the paper, and each ink in so many shades."""
        size = (round(self.image.width * scale), round(self.image.height * scale))
        image = self.image if scale == 1 else self.image.resize(size, Image.Resampling.LANCZOS)
        paper = _rgb(self.paper)
        blends = [paper + (_rgb(ink) - paper) * n / shades for ink in self.inks for n in range(1, shades + 1)]
        colours = np.rint([paper, *blends]).astype(np.int32)
        red, green, blue = np.moveaxis(np.asarray(image, dtype=np.int32), 2, 0)
        seen, places = np.unique(red << 16 | green << 8 | blue, return_inverse=True)
        parts = np.stack([seen >> 16, seen >> 8 & 255, seen & 255], axis=1)
        nearest = np.square(parts[:, None] - colours).sum(axis=2).argmin(axis=1)
        indexed = Image.fromarray(nearest.astype(np.uint8)[places].reshape(red.shape))
        indexed.putpalette(colours.astype(np.uint8).tobytes())
        file = io.BytesIO()
        indexed.save(file, "PNG", optimize=True)
        return file.getvalue()


def draw(kind: str, arrays: dict[str, np.ndarray]) -> Drawing:
    """The figure of a kind; raises ValueError for an unknown one."""
    if kind == SCORE_FIELD:
        return _score_field(_numbers(arrays["points"]), _numbers(arrays["score"], LONGEST))
    if kind == STEPS:
        return _steps(_numbers(arrays["states"]), arrays["steps"])
    if kind == PATHS:
        return _paths(_numbers(arrays["paths"]), _numbers(arrays["samples"]))
    if kind == DIGITS:
        return _grid(arrays["digits"])
    raise ValueError(f"{kind!r} is not a kind of picture")


def _numbers(array: np.ndarray, far: float = FAR) -> np.ndarray:
    """The array as float64, within far; what is not finite becomes NaN, which is not drawn."""
    numbers = np.asarray(array, dtype=np.float64)
    return np.clip(np.where(np.isfinite(numbers), numbers, np.nan), -far, far)


def _score_field(points: np.ndarray, score: np.ndarray) -> Drawing:
    """Arrows `(M, 2)` at points `(M, 2)`; the longest tenth is shortened, so that the others can be seen."""
    figure = _figure(3.0)
    axes = _panel(figure, 1, 1, 1)
    seen = _inside(points) & np.isfinite(score).all(axis=1)
    points, score = points[seen], score[seen]
    every = max(1, -(-len(points) // MOST_ARROWS))
    points, score = points[::every], score[::every]
    length = np.hypot(*score.T)
    if length.any():
        usual = float(np.quantile(length[length > 0], 0.9))
        arrows = score / np.maximum(length, usual)[:, None]
        between = min(0.2, (X_RANGE[1] - X_RANGE[0]) / np.sqrt(4 * len(points)))
        axes.quiver(*points.T, *arrows.T, scale=0.55 / between, scale_units="x", width=0.0014, color=_BLUE)
    else:
        _say(axes, "the score is 0 everywhere" if len(points) else "there is no score in this region")
    return _drawn(figure, _BLUE)


def _steps(states: np.ndarray, steps: np.ndarray) -> Drawing:
    """The states `(k, n, 2)` at k steps, a panel each."""
    figure = _figure(3.5)
    for place, (state, step) in enumerate(zip(states, steps, strict=True)):
        axes = _panel(figure, 2, 3, place + 1)
        axes.set_title("final samples" if place == len(steps) - 1 else f"step {step}", fontsize=10, color=_INK)
        axes.tick_params(labelbottom=place >= 3, labelleft=place % 3 == 0)
        _dots(axes, state, _BLUE, 2)
    return _drawn(figure, _BLUE)


def _paths(paths: np.ndarray, samples: np.ndarray) -> Drawing:
    """The paths `(p, t, 2)` of p samples, each with a star at its end, over the final samples `(n, 2)`."""
    figure = _figure(3.2)
    axes = _panel(figure, 1, 1, 1)
    _dots(axes, samples, _SOFT, 3)
    for number, path in enumerate(paths):
        axes.plot(*path.T, color=_PATHS[number % len(_PATHS)], linewidth=0.8, label=f"trajectory {number + 1}")
        axes.plot(*path[-1:].T, color=_INK, marker="*", markersize=12, zorder=3)
    if len(paths):
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(_PATHS), fontsize=9, frameon=False)
    return _drawn(figure, *_PATHS[: len(paths)])


def _grid(digits: np.ndarray) -> Drawing:
    """The digits `(64, 28, 28)` in rows of eight, as `GAN.train` writes them; shown at twice their size."""
    cell = digits.shape[1] + GAP
    cells = np.pad(digits, ((0, 0), (GAP, 0), (GAP, 0))).reshape(GRID_SIDE, GRID_SIDE, cell, cell)
    grid = np.pad(cells.transpose(0, 2, 1, 3).reshape(GRID_SIDE * cell, GRID_SIDE * cell), ((0, GAP), (0, GAP)))
    image = Image.fromarray(grid.astype(np.uint8)).convert("RGB")
    return Drawing(image, 2 * image.width, inks=("#555555", "#aaaaaa", _WHITE), paper="#000000")


def _figure(height: float) -> Figure:
    """An empty figure of this height in inches."""
    return Figure(figsize=(WIDTH / DPI, height), dpi=DPI, layout="constrained", facecolor=_WHITE)


def _panel(figure: Figure, rows: int, columns: int, place: int) -> Axes:
    """One panel with the homework's axes."""
    axes = figure.add_subplot(rows, columns, place)
    axes.set_xlim(*X_RANGE)
    axes.set_ylim(*Y_RANGE)
    axes.set_xticks(range(-2, 3))
    axes.set_yticks([-0.5, 0, 0.5])
    axes.tick_params(labelsize=9, colors=_INK, length=3)
    for spine in axes.spines.values():
        spine.set_color(_SOFT)
    return axes


def _dots(axes: Axes, samples: np.ndarray, colour: str, pixels: int) -> None:
    """The samples `(n, 2)` that lie within the axes, as squares on whole pixels: they take a third of the file."""
    seen = samples[_inside(samples)]
    size = pixels * 72 / DPI
    axes.plot(*seen.T, "s", markersize=size, markeredgewidth=0, color=colour, snap=True, antialiased=False)
    if not len(seen):
        _say(axes, "no sample lies in this region")


def _inside(points: np.ndarray) -> np.ndarray:
    """Which points `(n, 2)` lie within the axes: a mask `(n,)`."""
    x, y = points.T
    return (x >= X_RANGE[0]) & (x <= X_RANGE[1]) & (y >= Y_RANGE[0]) & (y <= Y_RANGE[1])


def _say(axes: Axes, words: str) -> None:
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", fontsize=9, color=_INK)


def _rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)], dtype=np.float64)


def _drawn(figure: Figure, *inks: str) -> Drawing:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())
    return Drawing(image, image.width, (_INK, _SOFT, *inks))
