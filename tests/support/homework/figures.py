"""The figures of trained models: the arrays of each, the way in which it is drawn, and the words in it.

A way of drawing is a class here and a function of the grader's; a kind of figure is an entry of `FIGURES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

SCORE_FIELD, STEPS, PATHS, DIGITS = "score field", "steps", "paths", "digits"


@dataclass(frozen=True)
class Array:
    """An array of a figure; a letter in its shape is one length wherever it stands, `whole` is for integers only."""

    name: str
    shape: tuple[int | str, ...]
    whole: bool = False


@dataclass(frozen=True)
class Plane:
    """The part of the plane that a panel shows, and where its axes have ticks."""

    x: tuple[float, float]
    y: tuple[float, float]
    x_ticks: tuple[float, ...]
    y_ticks: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One kind of figure; `most` is how long the dimensions with these letters may be."""

    most: Mapping[str, int] = field(default_factory=dict)

    @property
    def arrays(self) -> tuple[Array, ...]:
        """All arrays that the figure is drawn from."""
        values = (getattr(self, one.name) for one in fields(self))
        return tuple(value for value in values if isinstance(value, Array))


@dataclass(frozen=True, kw_only=True)
class InThePlane(Figure):
    """A figure of panels: its height in inches, and what a panel says in which nothing lies."""

    plane: Plane
    height: float
    empty: str


@dataclass(frozen=True, kw_only=True)
class Arrows(InThePlane):
    """Arrows `(M, 2)` at points `(M, 2)`; `all_zero` is said when none has a length."""

    points: Array
    arrows: Array
    all_zero: str


@dataclass(frozen=True, kw_only=True)
class Panels(InThePlane):
    """Points `(k, n, 2)` at k moments `(k,)`, a panel each; `each` and `last` are the panels' titles."""

    points: Array
    moments: Array
    rows: int
    columns: int
    each: str
    last: str


@dataclass(frozen=True, kw_only=True)
class Paths(InThePlane):
    """Paths `(p, t, 2)`, each with a star at its end, over points `(n, 2)`; `each` names a path."""

    paths: Array
    points: Array
    each: str


@dataclass(frozen=True, kw_only=True)
class Tiles(Figure):
    """Grey images `(m, height, width)` in rows of `columns`, with `gap` pixels around each, shown `enlarged` times."""

    images: Array
    columns: int
    gap: int
    enlarged: int


PAGE = Plane(x=(-2.5, 2.5), y=(-0.6, 0.6), x_ticks=(-2, -1, 0, 1, 2), y_ticks=(-0.5, 0, 0.5))
"""What the handout's figures show of the plane: the text CS446 fills it."""

FIGURES: dict[str, Figure] = {
    SCORE_FIELD: Arrows(
        points=Array("points", ("M", 2)),
        arrows=Array("score", ("M", 2)),
        plane=PAGE,
        height=3.0,
        empty="there is no score in this region",
        all_zero="the score is 0 everywhere",
    ),
    STEPS: Panels(
        points=Array("states", ("k", "n", 2)),
        moments=Array("steps", ("k",), whole=True),
        rows=2,
        columns=3,
        most={"k": 6},
        plane=PAGE,
        height=3.5,
        empty="no sample lies in this region",
        each="step {}",
        last="final samples",
    ),
    PATHS: Paths(
        paths=Array("paths", ("p", "t", 2)),
        points=Array("samples", ("n", 2)),
        most={"p": 5, "t": 10_000},
        plane=PAGE,
        height=3.2,
        empty="no sample lies in this region",
        each="trajectory {}",
    ),
    DIGITS: Tiles(images=Array("digits", (64, 28, 28), whole=True), columns=8, gap=2, enlarged=2),
}
"""Each kind of figure; a path of 10,000 states can be drawn in a second, and five paths have colours of their own."""
