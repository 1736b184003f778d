"""The plugin of a student's own run: which checks run, how each of them is told, and what it ends with."""

from __future__ import annotations

import re
import traceback
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.local.checks import mark_of, number_of, tags_of, weight_of
from tests.local.limit import Limit
from tests.local.places import last_place, own_frames, within_own_code
from tests.local.summary import SHOWN, Kind, Summary, Unwritten
from tests.support.homework.assignment import CHECKPOINT, GAN, GRIDS, SAMPLES, Artifact, module_of
from tests.support.submission import Submission
from tests.support.verdicts import Blocked, NotImplementedYet, SubmissionRaised, TimedOut, Verdict

LEFT = {True: (GRIDS,), False: (CHECKPOINT, SAMPLES)}
"""What a training leaves: that of the GAN, and that of the score network."""
INTERRUPTED = 2

_STUB = re.compile(r"(\d\.\d) is not implemented yet: (.+)", re.DOTALL)


class LocalRun:
    """Runs the checks on the files of one folder, for the person who writes them."""

    def __init__(self, folder: Path, limit: Limit) -> None:
        """`limit` knows the seconds of a check, to be told when they are over."""
        self.folder = folder
        self.limit = limit
        self.summary = Summary(folder)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out checks of what is not there and need not be, and let `-m q5_3` and `-k 5.3` find a question."""
        self.summary.collected(items)
        items[:] = [item for item in items if not self._is_left_out(item)]
        self.summary.waiting = len(items)
        for item in items:
            if number := number_of(item):
                item.add_marker(mark_of(number))
                item.extra_keyword_matches.add(number)

    def pytest_deselected(self) -> None:
        """Part of the checks tells nothing of the whole."""
        self.summary.whole = False

    def _is_left_out(self, item: pytest.Item) -> bool:
        module = module_of(number_of(item))
        if module is None:
            return False
        if "advice" in tags_of(item):
            return not any(self._has(artifact) for artifact in LEFT[module.name == GAN])
        return module.optional and not (self.folder / f"{module.name}.py").is_file()

    def _has(self, artifact: Artifact) -> bool:
        return any(re.fullmatch(artifact.pattern, path.name) for path in self.folder.iterdir())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Ctrl-C while a library is loaded."""
        return (yield from self._stoppable(item))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Ctrl-C in a check."""
        return (yield from self._stoppable(item))

    def _stoppable(self, item: pytest.Item) -> Generator[None, object, object]:
        try:
            return (yield)
        except KeyboardInterrupt as error:
            place = last_place(error, self.folder)
            at = f"; your code was at {place}" if place else ""
            pytest.exit(f"Stopped by Ctrl-C in {item.name}{at}.", INTERRUPTED)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Tell a check in the words of its verdict, with the student's own traceback, and each message only once."""
        report = yield
        submission = getattr(item, "funcargs", {}).get("submission")
        if call.when == "teardown":
            self.summary.waiting -= 1
        if not number_of(item) or not isinstance(submission, Submission) or call.when == "teardown":
            return report
        verdict = call.excinfo.value if call.excinfo else None
        if verdict is None:
            if call.when == "call":
                self._tell_pass(item, report, submission)
        elif isinstance(verdict, NotImplementedYet):
            self._tell_unwritten(item, report, verdict)
        elif isinstance(verdict, Verdict):
            self._tell_failure(item, report, verdict, submission)
        return report

    def _tell_pass(self, item: pytest.Item, report: pytest.TestReport, submission: Submission) -> None:
        number = number_of(item)
        if submission.for_people:
            set_kind(report, Kind.BY_HAND)
        elif submission.advice is not None:
            set_kind(report, Kind.ADVICE)
            self.summary.say_of(number, submission.advice.text)
        else:
            self.summary.count(number, weight_of(item), 1.0)
        for note in submission.notes:
            self.summary.say_of(number, note)

    def _tell_unwritten(self, item: pytest.Item, report: pytest.TestReport, verdict: Verdict) -> None:
        """A question that is not written is no failure; the stub says what to write."""
        place = last_place(verdict.__cause__, self.folder)
        stub = _STUB.fullmatch(str(verdict.__cause__))
        number, task = (stub[1], stub[2]) if stub and place else (number_of(item), str(verdict))
        set_kind(report, Kind.UNWRITTEN)
        report.outcome = "skipped"
        report.longrepr = f"{place}: {task}" if place else task
        report.wasxfail = task  # so that no debugger stops at a stub
        self.summary.add_unwritten(Unwritten(number, place if stub else "", task), number_of(item))
        self.summary.count(number_of(item), weight_of(item), 0.0)

    def _tell_failure(
        self, item: pytest.Item, report: pytest.TestReport, verdict: Verdict, submission: Submission
    ) -> None:
        number, points = number_of(item), weight_of(item)
        told = "\n\n".join([self._text(number, verdict), *submission.notes])
        if not self.summary.add_failure(number, item.name, verdict.status, told):
            set_kind(report, Kind.AGAIN)
        share = f" ({points * verdict.credit:g} of {points:g} points)" if verdict.credit and points else ""
        report.longrepr = f"{verdict.status}{share}: {told}{self._own_traceback(verdict)}"
        self.summary.count(number, points, verdict.credit)

    def _text(self, number: str, verdict: Verdict) -> str:
        module = module_of(number)
        if isinstance(verdict, TimedOut):
            place = last_place(verdict.__cause__, self.folder)
            return f"Your code did not finish within {self.limit.seconds:g} s{f' ({place})' if place else ''}."
        if isinstance(verdict, Blocked) and module and not (self.folder / f"{module.name}.py").is_file():
            return f"{module.name}.py is not in {self.folder}."
        return str(verdict)

    def _own_traceback(self, verdict: Verdict) -> str:
        """The frames of the student's own files, where their code raised."""
        if not isinstance(verdict, (SubmissionRaised, Blocked, TimedOut)):
            return ""
        frames = own_frames(verdict.__cause__, self.folder)
        return "\n" + "".join(traceback.format_list(frames)) if frames else ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_exception_interact(self, call: pytest.CallInfo[None]) -> None:
        """A debugger stops in the student's code, and not where its exception became a verdict."""
        verdict = call.excinfo.value if call.excinfo else None
        cause = verdict.__cause__ if isinstance(verdict, Verdict) else None
        trace = within_own_code(cause, self.folder) if cause else None
        if cause and trace:
            call.excinfo = pytest.ExceptionInfo.from_exception(cause.with_traceback(trace))

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """What is neither passed nor failed has a word of its own, and is not counted as either."""
        return SHOWN.get(getattr(report, "kind", ""))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A homework that is not written has not passed."""
        if session.exitstatus == pytest.ExitCode.OK and self.summary.unwritten_required:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """End with what to do next."""
        for title, text in self.summary.sections():
            terminalreporter.section(title)
            terminalreporter.write_line(text)


def set_kind(report: pytest.TestReport, kind: str) -> None:
    """Mark a report with what it is, in a way that survives the journey from another process."""
    report.kind = kind  # type: ignore[attr-defined]
