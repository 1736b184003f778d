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

from dataclasses import dataclass


class Verdict(Exception):
    """The end of a check that did not pass; `status` is the word that the results use."""

    status = "failed"
    credit = 0.0


class NotImplementedYet(Verdict):
    """The question's stub is still in place."""

    status = "not implemented"


class Blocked(Verdict):
    """The check could not be judged, because of something that is judged elsewhere."""

    status = "blocked"


class SubmissionRaised(Verdict):
    """The student's code raised an exception."""

    status = "failed"


class TimedOut(Verdict):
    """The student's code did not finish in its time."""

    status = "timed out"


class OutOfMemory(Verdict):
    """The student's code needed more memory than it may have."""

    status = "out of memory"


class Crashed(Verdict):
    """The student's process ended without an answer, or its answer is not an observation."""

    status = "crashed"


@dataclass(frozen=True)
class Finding:
    """One discrepancy, in the order in which a learner reads it.

    `mistake` is the recognised cause, if one fits; `look_at` names the place in the handout.
    """

    seen: str
    expected: str = ""
    mistake: str = ""
    look_at: str = ""

    def __str__(self) -> str:
        lines = [self.seen, self.expected, self.mistake, f"Look at: {self.look_at}" if self.look_at else ""]
        return "\n".join(line for line in lines if line)


class Wrong(Verdict):
    """An observation contradicts the handout.

    `credit` is the share of the check's points that it still earns, in [0, 1). `margin` is by how much it was caught:
    the deviation over the tolerance, or log p over log of the false-failure rate; None where no number decided.
    """

    def __init__(self, *findings: Finding, credit: float = 0.0, margin: float | None = None) -> None:
        super().__init__("\n\n".join(str(finding) for finding in findings))
        self.findings = findings
        self.credit = credit
        self.margin = margin


def wrong(
    seen: str,
    expected: str = "",
    mistake: str = "",
    look_at: str = "",
    credit: float = 0.0,
    margin: float | None = None,
) -> Wrong:
    """One finding as an exception, ready to be raised."""
    return Wrong(Finding(seen, expected, mistake, look_at), credit=credit, margin=margin)
