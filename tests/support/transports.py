"""How a request reaches the student's code: in this process, or (while grading) in another one."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Protocol

from tests.support.homework.assignment import DEFINED, HELPERS
from tests.support.observations import Failure


class Transport(Protocol):
    """Carries a request to the student's code and brings the observation, or its failure, back."""

    interrupted: dict[str, Failure]
    """How the import of a module ended that had defined everything before it raised."""

    remarks: dict[str, list[str]]
    """Names of `remarks`: in what a module was met half way where it is graded."""

    def observe(self, module: str, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | Failure:
        """Perform one operation of the vocabulary (`probes/vocabulary.py`) on one of the student's modules."""


Perform = Callable[
    [Path, str, str, dict[str, Any], tuple[str, ...], tuple[str, ...]], tuple[dict[str, Any], BaseException | None]
]


class OutOfTime(BaseException):
    """The student's code, in this process, has used the time of its check; raised within it by a clock."""


class Caught(Failure):
    """A failure in this process, with the exception that a debugger can look at."""

    error: Any = None


class InProcess:
    """Runs the probes in this process, so that a student has a traceback and a debugger.

    `folder` holds the student's files, `perform` is the probes' own function of that name, and `within` surrounds each
    call of it: a clock, which may raise `OutOfTime`. The exception of the last failure is kept in `last_exception`.
    """

    def __init__(
        self, folder: Path, perform: Perform, within: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> None:
        self.folder = folder
        self._perform = perform
        self._within = within
        self._endless: dict[tuple[str, str], Caught] = {}
        self.interrupted: dict[str, Failure] = {}
        self.remarks: dict[str, list[str]] = {}
        self.last_exception: BaseException | None = None

    def observe(self, module: str, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | Failure:
        """Perform one operation in this process; a KeyboardInterrupt of the user's is passed on.

        What did not end in its time is not tried again: each check would wait for as long.
        """
        if (module, operation) in self._endless:
            return self._endless[module, operation]
        here = os.getcwd()
        result: dict[str, Any] = {}
        try:
            with self._within():
                result, self.last_exception = self._perform(
                    self.folder, module, operation, arguments, DEFINED[module], HELPERS
                )
        except OutOfTime as late:
            self.last_exception = late
        finally:
            os.chdir(here)
        error = self.last_exception
        if isinstance(error, KeyboardInterrupt):
            raise error
        if isinstance(error, OutOfTime):
            self._endless[module, operation] = Caught("timed_out", "Your code did not finish in its time.", error=error)
            return self._endless[module, operation]
        if "interrupted" in result:
            self.interrupted[module] = Failure(**result["interrupted"])
        return Caught(**result["failure"], error=error) if "failure" in result else result["observation"]
