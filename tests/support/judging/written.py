"""The functions of Problems 1 and 2: what was returned, against what a definition gives; and its mistake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from tests.support.homework.returned import PAIR_EXCHANGED
from tests.support.observed.written import Call, evaluations
from tests.support.submission import Submission
from tests.support.verdicts import NotImplementedYet, Wrong, wrong

DOUBLE, SINGLE = float(np.finfo(np.float64).eps), float(np.finfo(np.float32).eps)
SINGLE_IS_ENOUGH = 1e-5
"""Relative error at which float32 earns everything, with a remark."""

NOT_STEADY = "Two calls with the same arguments differ: this is a random sample, and what is asked for is not random."
SINGLE_REMARK = "Your numbers are right to the precision of float32. In float64 they would have twice as many digits."
CHANGED_REMARK = "Your function changes its arguments: whoever calls it may need them afterwards."
NAN_REMARK = "Where both densities are 0 you return nan. Nothing is asked for there, but nan spreads through a mean."
ISOTROPIC_REMARK = "Your variance is given for every coordinate; one number is enough, because all are the same."
DISPLAYED = 4

Values = tuple[np.ndarray, ...]


class Recognisable(Protocol):
    """A reading, as a formula of the function's arguments."""

    @property
    def name(self) -> str:
        """How it is called."""

    def values(self, *arguments: Any) -> Values:
        """What it would return."""


@dataclass(frozen=True)
class Case:
    """Arguments of a function and what is right for them.

    `expected` has one array for each returned value, nan where any number is right; `scales` are the sizes of the terms
    that are added in each, and `roundings` by how many units of rounding, relative to them, right code may be off.
    `least` is an absolute error that is always right. `described` are the arguments in words.
    """

    arguments: tuple[Any, ...]
    expected: Values
    scales: tuple[Any, ...]
    roundings: float
    described: str
    least: float = 0.0

    def tolerance(self, part: int, unit: float, of: Any = 0.0) -> np.ndarray:
        """How far a value may be from another, where the unit of rounding is `unit` and the other's size `of`."""
        relative = self.roundings * unit
        if unit == SINGLE:
            relative = max(relative, SINGLE_IS_ENOUGH)
        return np.asarray(np.maximum(relative * (np.abs(self.scales[part]) + np.abs(of)), self.least))


@dataclass(frozen=True)
class Asked:
    """What is asked for: question, function, the names of its values, the place in the handout.

    `isotropic` names the value that may also be given for each coordinate.
    """

    question: str
    function: str
    values: tuple[str, ...]
    look_at: str
    isotropic: int = -1


@dataclass(frozen=True)
class Seen:
    """The returned values of every case; `exchanged` is whether the pairs came the other way round."""

    values: list[Values]
    steady: bool
    exchanged: bool


def observe(submission: Submission, asked: Asked, cases: Sequence[Case]) -> Seen:
    """The student's values for every case; raises a `Verdict` when they are none, or of another shape."""
    calls = evaluations(submission, asked.function, [case.arguments for case in cases], len(asked.values))
    return seen_in(submission, asked, cases, calls)


def seen_in(submission: Submission, asked: Asked, cases: Sequence[Case], calls: Sequence[Call]) -> Seen:
    """The values of these calls; raises a `Verdict` when they are none, or of another shape."""
    if any(call.changed for call in calls):
        submission.note(CHANGED_REMARK)
    for call in calls:
        require_numbers(call, asked)
    exchanged = len(asked.values) == 2 and all(
        _shape(case.expected[0]) != _shape(case.expected[1])
        and [_shape(part) for part in call.parts] == [_shape(one) for one in reversed(case.expected)]
        for call, case in zip(calls, cases, strict=True)
    )
    values = [
        tuple(
            _fitted(submission, part, case, number, asked)
            for number, part in enumerate(reversed(call.parts) if exchanged else call.parts)
        )
        for call, case in zip(calls, cases, strict=True)
    ]
    return Seen(values, all(call.steady for call in calls), exchanged)


def require_numbers(call: Call, asked: Asked) -> None:
    """Raise unless the call returned numbers, two times where a pair is asked for."""
    if call.problem == "None":
        raise NotImplementedYet(f"Not implemented yet: {asked.question} ({asked.function} returns None).")
    if call.problem == "no pair":
        raise wrong(f"{asked.function} does not return a pair.", f"It should return {' and '.join(asked.values)}.")
    if call.problem:
        wanted = " and ".join(asked.values)
        raise wrong(f"{asked.function} returns {call.problem}.", f"It should return {wanted} as numbers.")


def _shape(array: np.ndarray) -> tuple[int, ...]:
    """The shape without lengths of 1, which any array may have or lack."""
    return tuple(n for n in array.shape if n != 1)


def _fitted(submission: Submission, part: np.ndarray, case: Case, number: int, asked: Asked) -> np.ndarray:
    """A returned value in the expected shape."""
    expected = case.expected[number]
    if _shape(part) == _shape(expected):
        return part.reshape(expected.shape)
    if number == asked.isotropic and (same := _isotropic(part)) is not None:
        submission.note(ISOTROPIC_REMARK)
        return same.reshape(expected.shape)
    shape = f"the shape {expected.shape}" if expected.size > 1 else "one number"
    raise wrong(f"For {case.described} {asked.values[number]} has the shape {part.shape}.", f"It should be {shape}.")


def _isotropic(part: np.ndarray) -> np.ndarray | None:
    """The one variance of a vector of equal variances, or of a diagonal covariance matrix with equal entries."""
    square = part.ndim == 2 and part.shape[0] == part.shape[1]
    diagonal = np.diagonal(part) if square else part
    if diagonal.size and np.all(diagonal == diagonal.flat[0]) and (not square or not np.any(part - np.diag(diagonal))):
        return np.asarray(diagonal.flat[0])
    return None


def deviation(seen: Seen, cases: Sequence[Case], parts: Sequence[int], unit: float) -> list[float]:
    """For each case, the largest distance from what is right, in tolerances; infinite where it is no number."""
    return [
        max(
            _largest(np.where(np.isnan(case.expected[k]), 0.0, values[k] - case.expected[k]), case.tolerance(k, unit))
            for k in parts
        )
        for values, case in zip(seen.values, cases, strict=True)
    ]


def _largest(difference: np.ndarray, tolerance: np.ndarray) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(difference == 0, 0.0, np.abs(difference) / tolerance)
    return float(np.max(np.nan_to_num(ratio, nan=np.inf, posinf=np.inf), initial=0.0))


def recognise(
    seen: Seen, cases: Sequence[Case], parts: Sequence[int], mistakes: Sequence[Recognisable]
) -> Recognisable | None:
    """The mistake that reproduces every value of these parts, in float64 or else in float32."""
    for unit in (DOUBLE, SINGLE):
        for one in mistakes:
            if all(
                _reproduces(one, values, case, parts, unit) for values, case in zip(seen.values, cases, strict=True)
            ):
                return one
    return None


def _reproduces(one: Recognisable, values: Values, case: Case, parts: Sequence[int], unit: float) -> bool:
    predicted = one.values(*case.arguments)
    for k in parts:
        formula = predicted[k if len(predicted) > 1 else 0] + 0 * np.nan_to_num(case.expected[k])
        known = ~np.isnan(case.expected[k])
        finite = known & np.isfinite(formula)
        size = np.where(finite, formula, 0.0)
        with np.errstate(invalid="ignore"):
            near = np.abs(values[k] - size) <= case.tolerance(k, unit, size)
        same = np.where(finite, near, (np.isnan(formula) & np.isnan(values[k])) | (values[k] == formula))
        same |= ~known
        if not np.all(same):
            return False
    return True


def judge(
    submission: Submission,
    asked: Asked,
    cases: Sequence[Case],
    mistakes: Sequence[Recognisable] = (),
    parts: Sequence[int] = (0,),
    worked_out: str = "",
) -> None:
    """Raise what is wrong with the parts of what a function returns; name the mistake if one is recognised.

    `worked_out` follows what was expected, in a check that may show the way there.
    """
    _judge(submission, asked, cases, observe(submission, asked, cases), mistakes, parts, worked_out)


def judge_values(
    submission: Submission,
    asked: Asked,
    cases: Sequence[Case],
    calls: Sequence[Call],
    mistakes: Sequence[Recognisable] = (),
    worked_out: str = "",
) -> None:
    """The same for calls that were observed in another way: the arguments of a case are those of the formulas."""
    _judge(submission, asked, cases, seen_in(submission, asked, cases, calls), mistakes, (0,), worked_out)


def _judge(
    submission: Submission,
    asked: Asked,
    cases: Sequence[Case],
    seen: Seen,
    mistakes: Sequence[Recognisable],
    parts: Sequence[int],
    worked_out: str,
) -> None:
    off = deviation(seen, cases, parts, DOUBLE)
    if max(off) > 1 and max(deviation(seen, cases, parts, SINGLE)) <= 1:
        submission.note(SINGLE_REMARK)
    elif max(off) > 1:
        raise _explained(seen, asked, cases, parts, mistakes, worked_out)
    if seen.exchanged:
        reading = PAIR_EXCHANGED
        text = f"{asked.function} returns {asked.values[1]} first."
        raise wrong(text, f"It should return {' and '.join(asked.values)}.", reading)
    if any(np.any(np.isnan(value)) for values in seen.values for value in values):
        submission.note(NAN_REMARK)


def _explained(
    seen: Seen,
    asked: Asked,
    cases: Sequence[Case],
    parts: Sequence[int],
    mistakes: Sequence[Recognisable],
    worked_out: str,
) -> Wrong:
    off = deviation(seen, cases, parts, DOUBLE)
    worst = next(k for k, one in enumerate(off) if one > 1)
    part = next(k for k in parts if deviation(seen, cases, [k], DOUBLE)[worst] > 1)
    name, case = asked.values[part], cases[worst]
    found = recognise(seen, cases, parts, mistakes) if seen.steady else None
    mistake: Any = found or ("" if seen.steady else NOT_STEADY)
    return wrong(
        f"For {case.described} {name} is {shown(seen.values[worst][part])}.",
        f"It should be {shown(case.expected[part])}.{' ' + worked_out if worked_out else ''}",
        mistake,
        asked.look_at,
        max(off),
    )


def shown(values: np.ndarray) -> str:
    """A few numbers as text."""
    flat = [f"{one:.6g}" for one in np.atleast_1d(values).reshape(-1)[:DISPLAYED]]
    more = ", ..." if np.size(values) > DISPLAYED else ""
    return flat[0] if np.size(values) == 1 else f"({', '.join(flat)}{more})"
