"""How a check stands, and what can be shown of it: plain data, which says nothing of what is right."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np


class Status(str, Enum):
    """How a check stands: the word that the results use."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_IMPLEMENTED = "not implemented"
    BLOCKED = "blocked"
    TIMED_OUT = "timed out"
    OUT_OF_MEMORY = "out of memory"
    CRASHED = "crashed"
    ADVICE = "advice"
    BY_HAND = "graded by hand"
    GRADER_ERROR = "grader error"
    PENDING = "not judged yet"

    def __str__(self) -> str:
        """The word itself, in every version of Python."""
        return self.value


NO_FAULT = (Status.PASSED, Status.ADVICE, Status.BY_HAND)
"""Statuses of a check that has found no mistake; advice may yet earn less than all points, where it has any."""


@dataclass(frozen=True)
class Picture:
    """One figure to be drawn; `alt` says in a sentence what is to be seen, for those who do not see it."""

    kind: str
    arrays: dict[str, np.ndarray]
    alt: str
