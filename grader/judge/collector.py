"""The judge's pytest plugin: what becomes of each check, reported to the runner as it happens.

gradescope-utils' own runner is not used: it drops skipped, erroring and crashed tests and takes any number as a score.
"""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Generator
from typing import Any, Protocol

import pytest

from grader.messages import Outcome
from grader.report import pictures, results
from tests.support.status import Status
from tests.support.submission import Submission
from tests.support.verdicts import Advice, Verdict

STAFF_TRACEBACK_LINES = 30


class Listener(Protocol):
    """Hears of every check when it begins and when its outcome is known."""

    def begin(self, check: str) -> None:
        """A check begins."""

    def outcome(self, check: str, outcome: Outcome, staff: str) -> None:
        """A check has its outcome; `staff` is a traceback of the grader, or empty."""


class Collector:
    """Runs the checks that are asked for, in their order, and tells the listener what became of each."""

    def __init__(self, listener: Listener, order: list[str]) -> None:
        self.listener = listener
        self.order = {name: position for position, name in enumerate(order)}
        self._ended: set[str] = set()
        self._began = 0.0

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Run what is asked for in the rubric's order."""
        items[:] = [item for item in items if check_of(item) in self.order]
        items.sort(key=lambda item: self.order[check_of(item)])

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Tell that a check begins."""
        self._began = time.monotonic()
        self.listener.begin(nodeid.rpartition("::")[2].removeprefix("test_"))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Tell the outcome once: after the call, or earlier when the check did not get so far."""
        report = yield
        name = check_of(item)
        if name not in self._ended and (call.when == "call" or not report.passed):
            self._ended.add(name)
            error, submission = call.excinfo.value if call.excinfo else None, _submission(item)
            outcome, staff = (
                judged(error, submission.notes, submission.advice, submission.for_people, submission.looked)
                if submission
                else judged(error, [])
            )
            outcome.seconds = time.monotonic() - self._began
            self.listener.outcome(name, outcome, staff)
        return report


def check_of(item: pytest.Item) -> str:
    """Name of the check that a test function is."""
    return item.name.partition("[")[0].removeprefix("test_")


def judged(
    error: BaseException | None,
    notes: list[str],
    advice: Advice | None = None,
    for_people: str = "",
    looked: bool = False,
) -> tuple[Outcome, str]:
    """The outcome of a check that ended with this exception (None: it passed), and what only the staff may read.

    An exception that is no verdict is a mistake of the grader's. If the check has looked at what the submission's
    process sent, that has led to it, and a student could bring it about: the row counts as crashed.
    """
    if error is None and for_people:
        return Outcome(Status.BY_HAND, 0.0, "\n\n".join([for_people, *notes])), ""
    if error is None and advice is not None:
        return _advised(advice, notes), ""
    if error is None:
        return Outcome(Status.PASSED, 1.0, results.clean("\n".join(notes))), ""
    if isinstance(error, Verdict):
        return Outcome(error.status, error.credit, results.clean("\n\n".join([str(error), *notes]))), ""
    staff = results.clean("".join(traceback.format_exception(error)[-STAFF_TRACEBACK_LINES:]))
    if looked:
        return Outcome(Status.CRASHED, 0.0, results.UNJUDGEABLE), staff
    return Outcome(Status.GRADER_ERROR, 0.0, results.CONTACT), staff


def _advised(advice: Advice, notes: list[str]) -> Outcome:
    """The outcome that advice makes; what is no number in it, a frame could not carry."""
    return Outcome(
        Status.ADVICE,
        min(1.0, max(0.0, float(advice.credit))),
        results.clean("\n\n".join([advice.text, *notes])),
        measures={name: float(value) for name, value in advice.measures.items() if math.isfinite(value)},
        pictures=tuple(map(pictures.sendable, advice.pictures)),
    )


def _submission(item: pytest.Item) -> Submission | None:
    arguments: dict[str, Any] = getattr(item, "funcargs", {})
    submission = arguments.get("submission")
    return submission if isinstance(submission, Submission) else None
