"""The pictures of advice, from arrays in the judge to a row of the result that shows them.

Only numbers come here, but they come from a student's process: they may be of any size, NaN, infinite or absent. What
cannot be drawn costs a picture and a remark to the staff, never a result.
"""

from __future__ import annotations

import base64
import time
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grader import wire
from grader.report.results import LARGEST_RESULT, Results, clean
from tests.support.homework.figures import FIGURES
from tests.support.status import Picture

if TYPE_CHECKING:
    from grader.report.drawing import Drawing

MOST_FOR_PICTURES = 80_000
"""Characters that all pictures of a result may take together."""
MOST_VALUES = 2**18
"""Numbers of one array: ten times what a figure needs."""
LEVELS = ((1.0, 3), (1.0, 2), (1.0, 1), (0.75, 1), (0.5, 1))
"""From best to smallest: the scale of a picture, and the shades of each of its colours."""
_NO_TIME = "the time for the whole submission was used up"
_NO_ROOM = "the result has no room for it"
_BROKEN = "it could not be drawn"
_TRACEBACK = 1500


class Undrawable(Exception):
    """The arrays of a picture are not those that its kind has, or no text has room for one."""


@dataclass
class Placed:
    """A picture on its way into a row: drawn at some level, or left out for a reason."""

    alt: str
    drawing: Drawing | None = None
    left_out: str = ""
    level: int = 0
    source: str = ""

    def encode(self) -> None:
        """Make the address of the PNG at the picture's level."""
        assert self.drawing is not None
        self.source = "data:image/png;base64," + base64.b64encode(self.drawing.png(*LEVELS[self.level])).decode()

    def leave_out(self, reason: str) -> None:
        """Show in words only."""
        self.source, self.left_out = "", reason


def sendable(picture: Picture) -> Picture:
    """The picture with those of its arrays that a frame can carry."""
    fits = {
        name: array
        for name, array in picture.arrays.items()
        if array.dtype.newbyteorder("<").str in wire.DTYPES and array.size <= MOST_VALUES
    }
    return replace(picture, arrays=fits)


def admitted(picture: Picture) -> dict[str, np.ndarray]:
    """The arrays of a picture, in the shapes that its kind has; raises `Undrawable`."""
    figure = FIGURES.get(picture.kind)
    if figure is None:
        raise Undrawable(f"{picture.kind!r} is not a kind of picture")
    lengths: dict[str, int] = {}
    for one in figure.arrays:
        array = picture.arrays.get(one.name)
        if array is None:
            raise Undrawable(f"{picture.kind}: {one.name} is missing, or more than a frame carries")
        kinds = "iu" if one.whole else "fiu"
        fits = array.ndim == len(one.shape) and array.dtype.kind in kinds and array.size <= MOST_VALUES
        for wanted, length in zip(one.shape, array.shape, strict=False):
            expected = wanted if isinstance(wanted, int) else lengths.setdefault(wanted, length)
            fits = fits and length == expected <= figure.most.get(str(wanted), expected)
        if not fits:
            raise Undrawable(f"{picture.kind}: {one.name} is {array.dtype}{array.shape}, not {one.shape}")
    return {one.name: picture.arrays[one.name] for one in figure.arrays}


def illustrate(results: Results, deadline: float) -> None:
    """Draw the pictures of a result and rewrite it with them; `deadline` is in seconds of `time.monotonic`.

    Until then the result on disk is the one without pictures, and it stays when they cannot be drawn. Rows that were
    illustrated before stay as they are.
    """
    advised = {name: one for name, one in results.outcomes.items() if any(picture.arrays for picture in one.pictures)}
    if not advised:
        return
    figures = {name: [_placed(one, deadline, results) for one in outcome.pictures] for name, outcome in advised.items()}
    try:
        _lay_out(results, figures)
    except Exception:  # as in `_placed`
        results.remarks.append(_told("The pictures are not shown"))
        for outcome in advised.values():
            outcome.html = ""
    for outcome in advised.values():
        outcome.pictures = tuple(replace(one, arrays={}) for one in outcome.pictures)  # a class would keep them all
    results.write()


def _placed(picture: Picture, deadline: float, results: Results) -> Placed:
    placed = Placed(clean(picture.alt))
    if time.monotonic() >= deadline:
        placed.leave_out(_NO_TIME)
        return placed
    try:
        from grader.report import (
            drawing,  # here, because importing it takes a second, and most submissions have no pictures
        )

        placed.drawing = drawing.draw(picture.kind, admitted(picture))
        placed.encode()
    except Exception:  # a drawing library raises what it likes, and no picture is worth a result
        placed.leave_out(_BROKEN)
        results.remarks.append(_told(f"The picture {picture.kind!r} could not be drawn"))
    return placed


def _told(what: str) -> str:
    return f"{what}; the points are not affected.\n{traceback.format_exc()[-_TRACEBACK:]}"


def _lay_out(results: Results, figures: dict[str, list[Placed]]) -> None:
    """Make the page of each row, with the pictures for which the result has room."""
    shown = [one for of_row in figures.values() for one in of_row]
    _render(results, {name: [Placed(one.alt, left_out=_NO_ROOM) for one in of_row] for name, of_row in figures.items()})
    room = min(MOST_FOR_PICTURES, LARGEST_RESULT - len(results.text()))
    excess = 1
    while excess > 0:  # a second round when the tags and the alternatives of the pictures were too much
        choose(shown, room)
        _render(results, figures)
        excess = len(results.text()) - LARGEST_RESULT
        room = sum(len(one.source) for one in shown) - excess
        if excess > 0 and not any(one.source for one in shown):
            raise Undrawable("the texts alone fill the result")


def choose(placed: list[Placed], room: int) -> None:
    """Make the pictures smaller, the best and largest first, until all fit into the room (characters).

    When all are as small as they can be, the largest is left out.
    """
    while (shown := [one for one in placed if one.source]) and sum(len(one.source) for one in shown) > room:
        first = min(shown, key=lambda one: (one.level, -len(one.source)))
        if first.level + 1 < len(LEVELS):
            first.level += 1
            first.encode()
        else:
            first.leave_out(_NO_ROOM)


def _render(results: Results, figures: dict[str, list[Placed]]) -> None:
    from grader.report.templates import environment  # here, for the same reason

    template = environment(Path(__file__).parent).get_template("advice.html.j2")
    for name, of_row in figures.items():
        outcome = results.outcomes[name]
        paragraphs = [part.splitlines() for part in clean(outcome.output).split("\n\n") if part.strip()]
        outcome.html = template.render(paragraphs=paragraphs, figures=of_row)
