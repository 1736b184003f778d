"""Draws a figure in the way that its description names: arrows, panels of points, paths, or tiles of images.

The arrays have the shapes of the description and any values: what is not a number is not drawn, and what is far away is
drawn as far away. Importing this module takes a second (matplotlib).
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
from matplotlib.figure import Figure as Canvas
from PIL import Image

from tests.support.homework.figures import FIGURES, Arrows, Panels, Paths, Plane, Tiles

WIDTH = 720
"""Pixels of a figure, as wide as the platform's column of results."""
DPI = 100
FAR = 1e4
"""Coordinates are drawn up to here: larger ones overflow the arithmetic of pixels."""
LONGEST = 1e100
"""Arrows are drawn as if no coordinate were larger than this, so that their lengths are finite."""
MOST_ARROWS = 1250
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
    match FIGURES.get(kind):
        case Arrows() as figure:
            arrows = _numbers(arrays[figure.arrows.name], LONGEST)
            return _arrows(figure, _numbers(arrays[figure.points.name]), arrows)
        case Panels() as figure:
            return _panels(figure, _numbers(arrays[figure.points.name]), arrays[figure.moments.name])
        case Paths() as figure:
            return _paths(figure, _numbers(arrays[figure.paths.name]), _numbers(arrays[figure.points.name]))
        case Tiles() as figure:
            return _tiles(figure, arrays[figure.images.name])
    raise ValueError(f"{kind!r} is not a kind of picture")


def _numbers(array: np.ndarray, far: float = FAR) -> np.ndarray:
    """The array as float64, within far; what is not finite becomes NaN, which is not drawn."""
    numbers = np.asarray(array, dtype=np.float64)
    return np.clip(np.where(np.isfinite(numbers), numbers, np.nan), -far, far)


def _arrows(figure: Arrows, points: np.ndarray, arrows: np.ndarray) -> Drawing:
    """Arrows `(M, 2)` at points `(M, 2)`; the longest tenth is shortened, so that the others can be seen."""
    plane = figure.plane
    canvas = _canvas(figure.height)
    axes = _panel(canvas, plane, 1, 1, 1)
    seen = _inside(plane, points) & np.isfinite(arrows).all(axis=1)
    points, arrows = points[seen], arrows[seen]
    every = max(1, -(-len(points) // MOST_ARROWS))
    points, arrows = points[::every], arrows[::every]
    length = np.hypot(*arrows.T)
    if length.any():
        usual = float(np.quantile(length[length > 0], 0.9))
        drawn = arrows / np.maximum(length, usual)[:, None]
        between = min(0.2, (plane.x[1] - plane.x[0]) / np.sqrt(4 * len(points)))
        axes.quiver(*points.T, *drawn.T, scale=0.55 / between, scale_units="x", width=0.0014, color=_BLUE)
    else:
        _say(axes, figure.all_zero if len(points) else figure.empty)
    return _drawn(canvas, _BLUE)


def _panels(figure: Panels, points: np.ndarray, moments: np.ndarray) -> Drawing:
    """The points `(k, n, 2)` at k moments, a panel each."""
    canvas = _canvas(figure.height)
    lowest = figure.columns * (figure.rows - 1)
    for place, (state, moment) in enumerate(zip(points, moments, strict=True)):
        axes = _panel(canvas, figure.plane, figure.rows, figure.columns, place + 1)
        title = figure.last if place == len(moments) - 1 else figure.each.format(moment)
        axes.set_title(title, fontsize=10, color=_INK)
        axes.tick_params(labelbottom=place >= lowest, labelleft=place % figure.columns == 0)
        _dots(axes, figure.plane, state, _BLUE, 2, figure.empty)
    return _drawn(canvas, _BLUE)


def _paths(figure: Paths, paths: np.ndarray, points: np.ndarray) -> Drawing:
    """The paths `(p, t, 2)`, each with a star at its end, over the points `(n, 2)`."""
    canvas = _canvas(figure.height)
    axes = _panel(canvas, figure.plane, 1, 1, 1)
    _dots(axes, figure.plane, points, _SOFT, 3, figure.empty)
    for number, path in enumerate(paths):
        colour, label = _PATHS[number % len(_PATHS)], figure.each.format(number + 1)
        axes.plot(*path.T, color=colour, linewidth=0.8, label=label)
        axes.plot(*path[-1:].T, color=_INK, marker="*", markersize=12, zorder=3)
    if len(paths):
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(_PATHS), fontsize=9, frameon=False)
    return _drawn(canvas, *_PATHS[: len(paths)])


def _tiles(figure: Tiles, images: np.ndarray) -> Drawing:
    """The images `(m, height, width)`, row by row; m fills the rows."""
    gap, columns = figure.gap, figure.columns
    cells = np.pad(images, ((0, 0), (gap, 0), (gap, 0)))
    rows, (height, width) = len(images) // columns, cells.shape[1:]
    side_by_side = cells.reshape(rows, columns, height, width).transpose(0, 2, 1, 3)
    grid = np.pad(side_by_side.reshape(rows * height, columns * width), ((0, gap), (0, gap)))
    image = Image.fromarray(grid.astype(np.uint8)).convert("RGB")
    return Drawing(image, figure.enlarged * image.width, inks=("#555555", "#aaaaaa", _WHITE), paper="#000000")


def _canvas(height: float) -> Canvas:
    """An empty canvas of this height in inches."""
    return Canvas(figsize=(WIDTH / DPI, height), dpi=DPI, layout="constrained", facecolor=_WHITE)


def _panel(canvas: Canvas, plane: Plane, rows: int, columns: int, place: int) -> Axes:
    """One panel that shows this part of the plane."""
    axes = canvas.add_subplot(rows, columns, place)
    axes.set_xlim(*plane.x)
    axes.set_ylim(*plane.y)
    axes.set_xticks(plane.x_ticks)
    axes.set_yticks(plane.y_ticks)
    axes.tick_params(labelsize=9, colors=_INK, length=3)
    for spine in axes.spines.values():
        spine.set_color(_SOFT)
    return axes


def _dots(axes: Axes, plane: Plane, points: np.ndarray, colour: str, pixels: int, empty: str) -> None:
    """The points `(n, 2)` that lie in the plane, as squares on whole pixels: they take a third of the file."""
    seen = points[_inside(plane, points)]
    size = pixels * 72 / DPI
    axes.plot(*seen.T, "s", markersize=size, markeredgewidth=0, color=colour, snap=True, antialiased=False)
    if not len(seen):
        _say(axes, empty)


def _inside(plane: Plane, points: np.ndarray) -> np.ndarray:
    """Which points `(n, 2)` lie in this part of the plane: a mask `(n,)`."""
    x, y = points.T
    return (x >= plane.x[0]) & (x <= plane.x[1]) & (y >= plane.y[0]) & (y <= plane.y[1])


def _say(axes: Axes, words: str) -> None:
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", fontsize=9, color=_INK)


def _rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)], dtype=np.float64)


def _drawn(figure: Canvas, *inks: str) -> Drawing:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())
    return Drawing(image, image.width, (_INK, _SOFT, *inks))
