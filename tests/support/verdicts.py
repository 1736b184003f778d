"""How a check ends when it does not pass, and what the student then reads.

Verdict
+-- Wrong               an observation contradicts the handout (may still earn part of the points)
+-- NotImplementedYet   the stub is still in place
+-- Blocked             something else of the submission must work first
+-- SubmissionRaised    the student's code raised an exception
+-- TimedOut            the student's code did not finish in its time
+-- OutOfMemory         the student's code needed more memory than it may have
+-- Crashed             the student's process ended, or answered what is not an observation
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.support.homework.readings import Reading, Remark
from tests.support.status import Picture, Status

SMALLER_IS_BETTER = ("distance", "error", "loss")


class Verdict(Exception):
    """The end of a check that did not pass; `status` is how the results call it."""

    status = Status.FAILED
    credit = 0.0


class NotImplementedYet(Verdict):
    """The question's stub is still in place."""

    status = Status.NOT_IMPLEMENTED


class Blocked(Verdict):
    """The check could not be judged, because of something that is judged elsewhere."""

    status = Status.BLOCKED


class SubmissionRaised(Verdict):
    """The student's code raised an exception; `said` are its words, which a hidden check may judge by but not show."""

    status = Status.FAILED

    def __init__(self, text: str, said: str = "") -> None:
        super().__init__(text)
        self.said = said


class TimedOut(Verdict):
    """The student's code did not finish in its time."""

    status = Status.TIMED_OUT


class OutOfMemory(Verdict):
    """The student's code needed more memory than it may have."""

    status = Status.OUT_OF_MEMORY


class Crashed(Verdict):
    """The student's process ended without an answer, or its answer is not an observation."""

    status = Status.CRASHED


@dataclass(frozen=True)
class Finding:
    """One discrepancy, in at most four parts, in the order in which a learner reads them.

    `yours` and `expected` are what was measured and what the handout gives; `mistake` is the recognised reading, if one
    fits, or what else can be said; `look_at` names the place in the handout.
    """

    yours: str
    expected: str = ""
    mistake: Reading | Remark | str = ""
    look_at: str = ""

    @property
    def credit(self) -> float:
        """What the recognised reading earns; nothing when none is."""
        return self.mistake.credit if isinstance(self.mistake, Reading) else 0.0

    def __str__(self) -> str:
        parts = {
            "Yours:": self.yours,
            "Expected:": self.expected,
            "Likely mistake:": str(self.mistake),
            "Look at:": self.look_at,
        }
        return "\n".join(_labelled(label, text) for label, text in parts.items() if text)


LABEL_WIDTH = 16
"""Characters from the start of a line to its text, so that the four parts stand below each other."""


def _labelled(label: str, text: str) -> str:
    """A part with its label; a table, which has lines of its own, begins on the next line."""
    return f"{label}\n{text}" if "\n" in text else f"{label:<{LABEL_WIDTH}}{text}"


class Wrong(Verdict):
    """An observation contradicts the handout.

    `credit` is the share of the check's points that it still earns: the smallest of its findings', unless given.
    `margin` is by how much it was caught: the deviation over the tolerance, or log p over log of the false-failure
    rate; None where no number decided.
    """

    def __init__(self, *findings: Finding, credit: float | None = None, margin: float | None = None) -> None:
        super().__init__("\n\n".join(str(finding) for finding in findings))
        self.findings = findings
        self.credit = min((one.credit for one in findings), default=0.0) if credit is None else credit
        self.margin = margin


def wrong(
    yours: str,
    expected: str = "",
    mistake: Reading | Remark | str = "",
    look_at: str = "",
    margin: float | None = None,
) -> Wrong:
    """One finding as an exception, ready to be raised."""
    return Wrong(Finding(yours, expected, mistake, look_at), margin=margin)


def settle(*findings: Finding | None, margin: float | None = None) -> None:
    """End a check by what was found: raises `Wrong` with all that earns less than all points."""
    lesser = [one for one in findings if one is not None and one.credit < 1]
    if lesser:
        raise Wrong(*lesser, margin=margin)


def stop(findings: Sequence[Finding], margin: float | None = None) -> None:
    """Go on judging unless one of the findings earns nothing: then there is no more to lose, and `Wrong` is raised."""
    if any(one.credit == 0 for one in findings):
        settle(*findings, margin=margin)


def following(reading: Reading, look_at: str) -> Finding:
    """What is found in work that follows a reading and has no mistake."""
    return Finding("Your code has no mistake here beyond how it reads the handout.", "", reading, look_at)


@dataclass(frozen=True)
class Advice:
    """What a person would say of an artifact.

    `credit` is the share of points that it would earn, in [0, 1]; `measures` are figures for the leaderboard, by name
    (see `order_of`).
    """

    text: str
    credit: float
    measures: dict[str, float] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()


def order_of(measure: str) -> str:
    """How a leaderboard sorts: "asc" for a measure whose name speaks of a distance, an error or a loss, else "desc"."""
    return "asc" if any(word in measure.lower() for word in SMALLER_IS_BETTER) else "desc"
