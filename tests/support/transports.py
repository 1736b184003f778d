"""How a request reaches the student's code: in this process, or (while grading) in another one."""

from __future__ import annotations

import os
from collections.abc import Callable
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


class InProcess:
    """Runs the probes in this process, so that a student has a traceback and a debugger.

    `folder` holds the student's files, `perform` is the probes' own function of that name; the exception of the last
    failure is kept in `last_exception`.
    """

    def __init__(self, folder: Path, perform: Perform) -> None:
        self.folder = folder
        self._perform = perform
        self.interrupted: dict[str, Failure] = {}
        self.remarks: dict[str, list[str]] = {}
        self.last_exception: BaseException | None = None

    def observe(self, module: str, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | Failure:
        """Perform one operation in this process; a KeyboardInterrupt of the user's is passed on."""

        here = os.getcwd()
        try:
            result, self.last_exception = self._perform(
                self.folder, module, operation, arguments, DEFINED[module], HELPERS
            )
        finally:
            os.chdir(here)
        if isinstance(self.last_exception, KeyboardInterrupt):
            raise self.last_exception
        if "interrupted" in result:
            self.interrupted[module] = Failure(**result["interrupted"])
        return Failure(**result["failure"]) if "failure" in result else result["observation"]
