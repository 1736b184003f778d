"""The functions of Problems 1 to 3 as observed: what each returns for arguments of ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from tests.support.homework.assignment import WRITTEN
from tests.support.observations import require_shape
from tests.support.submission import Submission
from tests.support.verdicts import Crashed

QUESTIONS = ("2.2", "3.1", "3.2", "3.3", "3.4")
"""The questions that ask for True or False."""
WORDS = ("True", "False", "1", "0", "none", "missing", "other")


class Call(msgspec.Struct, forbid_unknown_fields=True):
    """One call: the returned arrays, or in words why there are none.

    `changed` is whether an argument was changed, `steady` whether a second call returned the same.
    """

    parts: list[np.ndarray]
    problem: str
    changed: bool
    steady: bool

    def __post_init__(self) -> None:
        """Refuse what no probe reports."""
        for part in self.parts:
            require_shape(part, [None] * part.ndim)


class Calls(msgspec.Struct, forbid_unknown_fields=True):
    """The calls of one function, in the order in which they were asked for."""

    calls: list[Call]


class Answers(msgspec.Struct, forbid_unknown_fields=True):
    """`ANSWERS`, a word for each question, and whether `REASONS` has a text for it."""

    is_dictionary: bool
    words: list[str]
    reasons: list[bool]

    def __post_init__(self) -> None:
        """Refuse what no probe reports."""
        if not len(self.words) == len(self.reasons) == len(QUESTIONS) or not set(self.words) <= set(WORDS):
            raise ValueError("no words for the five answers")


def evaluations(submission: Submission, function: str, cases: Sequence[Sequence[Any]], parts: int = 1) -> list[Call]:
    """What the function returns for each list of arguments, `parts` values each."""
    asked = [list(case) for case in cases]
    seen = submission.observe(Calls, WRITTEN, "evaluations", function=function, cases=asked, pair=parts == 2)
    return _complete(seen.calls, len(cases), parts)


def elbo(submission: Submission, world: dict[str, Any]) -> Call:
    """What `elbo` returns in a world of paths and log densities (see the probe)."""
    return _complete(submission.observe(Calls, WRITTEN, "elbo", **world).calls, 1, 1)[0]


def answers(submission: Submission) -> Answers:
    """The five answers."""
    return submission.observe(Answers, WRITTEN, "answers", keys=list(QUESTIONS))


def _complete(calls: list[Call], number: int, parts: int) -> list[Call]:
    if len(calls) != number or any(len(call.parts) != parts for call in calls):
        raise Crashed(f"Your code's process sent something else than a result for each of {number} calls.")
    return calls
