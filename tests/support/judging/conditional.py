"""2.5: the conditional score is the unconditional one and a positive multiple of a pull."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from tests.support.judging.written import (
    CHANGED_REMARK,
    DOUBLE,
    NOT_STEADY,
    SINGLE,
    SINGLE_IS_ENOUGH,
    SINGLE_REMARK,
    Asked,
    require_numbers,
    shown,
)
from tests.support.observed.written import evaluations
from tests.support.submission import Submission
from tests.support.verdicts import wrong

ASKED = Asked("2.5", "conditional_score", ("the conditional score",), "Question 2.5 and its hints")
ROUNDINGS = 32.0
"""Roundings of the few operations of a coordinate, and of the pull's weight, in units of each."""

Drawn = Sequence[tuple[np.ndarray, ...]]
"""For each call: score, x, x_known, mask, and the pull of weight 1 towards what is known."""


class Recognisable(Protocol):
    """A mistake by name: `base` and `pull` are functions of score, x, x_known and mask."""

    @property
    def base(self) -> Callable[..., np.ndarray]:
        """What does not depend on lambda."""

    @property
    def pull(self) -> Callable[..., np.ndarray]:
        """What lambda multiplies."""


def judge(submission: Submission, drawn: Drawn, mistakes: Sequence[Recognisable] = (), worked_out: str = "") -> None:
    """Raise unless the results are the score plus one positive multiple of the pull, for all calls the same."""
    calls = evaluations(submission, ASKED.function, [one[:4] for one in drawn])
    if any(call.changed for call in calls):
        submission.note(CHANGED_REMARK)
    for call, (score, *_) in zip(calls, drawn, strict=True):
        require_numbers(call, ASKED)
        if call.parts[0].shape != score.shape:
            text = f"The conditional score has the shape {call.parts[0].shape}, and the score {score.shape}."
            raise wrong(text, "Both should have the same.", look_at=ASKED.look_at)
    got = [call.parts[0] for call in calls]
    right = ([one[0] for one in drawn], [one[4] for one in drawn])
    sizes = [np.abs(one[0]) + np.abs(one[1]) + np.abs(one[2]) for one in drawn]
    off = _deviation(got, *right, sizes, DOUBLE)
    if off <= 1:
        return
    if _deviation(got, *right, sizes, SINGLE) <= 1:
        submission.note(SINGLE_REMARK)
        return
    found: Any = next(
        (
            one
            for unit in (DOUBLE, SINGLE)
            for one in mistakes
            if _deviation(got, [one.base(*d[:4]) for d in drawn], [one.pull(*d[:4]) for d in drawn], sizes, unit) <= 1
        ),
        None,
    )
    score, x, x_known, mask, pull = (array[0] for array in drawn[0])
    raise wrong(
        f"For the score {shown(score)} at x = {shown(x)}, with x_known = {shown(x_known)} and mask = {shown(mask)}, "
        f"the conditional score is {shown(got[0][0])}.",
        f"With lambda = 2 it should be {shown(score + 2 * pull)}; any other lambda > 0 is right, the same "
        f"everywhere.{' ' + worked_out if worked_out else ''}",
        found or ("" if all(call.steady for call in calls) else NOT_STEADY),
        ASKED.look_at,
        off,
    )


def _deviation(
    got: list[np.ndarray], base: list[np.ndarray], pull: list[np.ndarray], sizes: list[np.ndarray], unit: float
) -> float:
    """How far the results are from base + c pull, with the c > 0 that fits best, in tolerances; no pull needs no c."""
    difference = np.concatenate([(one - other).reshape(-1) for one, other in zip(got, base, strict=True)])
    direction = np.concatenate([np.broadcast_to(one, b.shape).reshape(-1) for one, b in zip(pull, base, strict=True)])
    relative = max(ROUNDINGS * unit, SINGLE_IS_ENOUGH if unit == SINGLE else 0.0)
    size = np.concatenate([one.reshape(-1) for one in sizes])
    with np.errstate(all="ignore"):
        power = float(direction @ direction)
        factor = float(difference @ direction) / power if power > 0 else 0.0
        tolerance = relative * (size * (1 + abs(factor)) + np.abs(factor * direction))
        ratio = np.nan_to_num(np.abs(difference - factor * direction) / tolerance, nan=np.inf, posinf=np.inf)
    seen = power == 0 or factor * np.abs(direction).max() > tolerance.max()
    return float(ratio.max()) if seen else np.inf
