"""How a suite runs: the `submission` fixture, and what a student reads when a check does not pass."""

from __future__ import annotations

import os
import traceback
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.support.homework.assignment import FILES, module_of
from tests.support.submission import Submission
from tests.support.transports import InProcess
from tests.support.verdicts import Blocked, NotImplementedYet, SubmissionRaised, Verdict, Wrong

# The examples of the checks are listed in `tests/hidden/examples.py`. No shrinking: the message shows the first anyway.
settings.register_profile(
    "grading",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=12,
    phases=(Phase.explicit, Phase.generate),
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("grading")

ADVICE = pytest.StashKey[list[str]]()
"""What was said of trained models, check by check: nothing fails by it, so nothing else would show it."""

NEXT = pytest.StashKey[str]()
"""What to work on next: the first check, in the order of the handout, that did not pass."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--submission", metavar="FOLDER", help=f"folder with {' and '.join(FILES)} (default: here)")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[NEXT] = ""
    config.stash[ADVICE] = []


@pytest.fixture(scope="session")
def submitted_files(pytestconfig: pytest.Config) -> Submission:
    """The submission under judgement: the grader's, or the files of `--submission`, `HW5_SUBMISSION` or this folder."""
    graded = pytestconfig.pluginmanager.get_plugin("graded_submission")
    if graded is not None:
        return graded
    from tests.support.probes import vocabulary  # here: the grader's judge has none of the student's libraries

    return Submission(InProcess(_folder(pytestconfig).resolve(), vocabulary.perform))


def _folder(config: pytest.Config) -> Path:
    return Path(config.getoption("--submission") or os.environ.get("HW5_SUBMISSION") or _here_or_reference())


def _is_optional(item: pytest.Item) -> bool:
    module = module_of(_number(item))
    return module is not None and module.optional


def _is_left_out(item: pytest.Item, folder: Path) -> bool:
    """Whether a check is of an optional file that is not in the folder."""
    module = module_of(_number(item))
    return module is not None and module.optional and not (folder / f"{module.name}.py").is_file()


def _here_or_reference() -> Path:
    """This folder, as for a student; in the project's own checkout, which has no homework at its top, the reference."""
    here, reference = Path(), Path("reference")
    return reference if (reference / FILES[0]).exists() and not (here / FILES[0]).exists() else here


@pytest.fixture
def submission(request: pytest.FixtureRequest, submitted_files: Submission) -> Submission:
    """The submission, as this check may speak of it: hidden checks never quote what a student's code says."""
    hidden = "hidden" in request.path.parts
    return submitted_files.quoting(not hidden)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Checks run in the handout's order, so that what comes first to be done comes first to be read.

    Those of a file that is optional and not there do not run.
    """
    if items and not items[0].config.pluginmanager.has_plugin("graded_submission"):
        folder = _folder(items[0].config)
        items[:] = [item for item in items if not _is_left_out(item, folder)]
    if all(_number(item) for item in items):
        items.sort(key=_number)


def _number(item: pytest.Item) -> str:
    return str(getattr(getattr(item, "function", None), "__number__", ""))


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call() -> Generator[None, object, object]:
    """A check whose findings earn all points passes: a table may say so of any reading."""
    try:
        return (yield)
    except Wrong as verdict:
        if verdict.credit < 1:
            raise
        return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember what comes next; a student reads the message and their own code's traceback, not ours."""
    report = yield
    submission = getattr(item, "funcargs", {}).get("submission")
    if call.when == "call" and submission is not None and submission.advice is not None:
        item.config.stash[ADVICE].append(f"Question {_number(item)}. {submission.advice.text}")
    if call.excinfo is not None:
        verdict = call.excinfo.value
        status = verdict.status if isinstance(verdict, Verdict) else "failed"
        untouched = status == NotImplementedYet.status and _is_optional(item)
        if not item.config.stash[NEXT] and not untouched:
            item.config.stash[NEXT] = f"Next: question {_number(item)}, {item.name}\n{status}: {verdict}"
        if isinstance(verdict, Verdict):
            report.longrepr = f"{status}: {verdict}{_own_traceback(item, verdict)}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """End with the advice, and with what comes next: many checks may fail for what is not written yet."""
    if advice := terminalreporter.config.stash[ADVICE]:
        terminalreporter.section("advice on what was trained, which gives no points")
        terminalreporter.write_line("\n\n".join(advice))
    if following := terminalreporter.config.stash[NEXT]:
        terminalreporter.section("what to do next")
        terminalreporter.write_line(following)


def _own_traceback(item: pytest.Item, verdict: Verdict) -> str:
    """The frames of the student's own files, when their code raised in this process."""
    submission = getattr(item, "funcargs", {}).get("submission")
    transport = getattr(submission, "transport", None)
    if not isinstance(transport, InProcess) or not isinstance(verdict, (SubmissionRaised, Blocked)):
        return ""
    error = transport.last_exception
    frames = [frame for frame in traceback.extract_tb(error.__traceback__ if error else None)
              if Path(frame.filename).parent == transport.folder]  # fmt: skip
    return "\n" + "".join(traceback.format_list(frames)) if frames else ""
