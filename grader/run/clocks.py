"""What a student's code may use, and what ends its use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Clocks:
    """Seconds and bytes that a student's code may use; the whole stays below Gradescope's ten minutes."""

    start: float = 120.0
    importing: float = 20.0
    request: float = 12.0
    total: float = 540.0
    memory: int = 2 * 2**30
    disk: int = 2**30


class StudentFailure(Exception):
    """A student's process did not answer: `kind` and `message` as in `observations.Failure`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class BenchError(Exception):
    """The bench could not be started: the grader's fault, not the student's."""
