"""How a suite runs: the `submission` fixture, and in a student's own run the plugins that tell what it found."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.support.homework.assignment import FILES, QUESTIONS, REQUIRED
from tests.support.submission import Submission
from tests.support.transports import InProcess
from tests.support.verdicts import Wrong

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

HERE = Path(__file__).resolve().parent.parent
"""The folder in which the suites lie: a student's homework, or the project's checkout."""
REFERENCE = HERE / "reference"
"""In the checkout alone: right work, which needs no limit on a busy machine."""
GRADED = "graded_submission"
"""The name of the plugin that is the submission, while one is graded."""
LOCAL = "local_run"
LIMIT = "local_limit"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--submission", metavar="FOLDER", help=f"folder with {' and '.join(FILES)} (default: this one)")


@pytest.hookimpl(trylast=True)  # the judge makes the graded submission known in the same hook
def pytest_configure(config: pytest.Config) -> None:
    for question in QUESTIONS:
        config.addinivalue_line("markers", f"q{question.replace('.', '_')}: the checks of question {question}")
    if not config.pluginmanager.has_plugin(GRADED):
        _add_what_a_student_needs(config)


def _add_what_a_student_needs(config: pytest.Config) -> None:
    from tests.local.limit import Limit
    from tests.local.run import LocalRun

    folder = _folder(config)
    limit = Limit(folder, lambda text: _end(config, text), limited=folder != REFERENCE)
    config.pluginmanager.register(limit, LIMIT)
    config.pluginmanager.register(LocalRun(folder, limit), LOCAL)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Load a student's torch before the first check, whose time it would take: at first that is long."""
    local = session.config.pluginmanager.has_plugin(LOCAL) and not session.config.option.collectonly
    if local and any(map(_number, session.items)):
        from tests.support.probes import vocabulary  # noqa: F401


def _end(config: pytest.Config, text: str) -> None:
    """End the run at once, with a text: its thread cannot be interrupted."""
    capture = config.pluginmanager.get_plugin("capturemanager")
    if capture is not None:
        capture.suspend_global_capture(in_=True)
    writer = config.get_terminal_writer()
    writer.line()
    writer.line(text)
    writer.flush()
    os._exit(1)


def _folder(config: pytest.Config) -> Path:
    """The folder of `--submission` or `HW5_SUBMISSION`, else that of the suites, wherever pytest was started.

    The project's own checkout has no homework at its top: there it is the reference.
    """
    if named := config.getoption("--submission") or os.environ.get("HW5_SUBMISSION"):
        folder = (config.invocation_params.dir / named).resolve()
        if not folder.is_dir():
            raise pytest.UsageError(f"{named} is no folder: name the one with {' and '.join(REQUIRED)}.")
        return folder
    return REFERENCE if (REFERENCE / FILES[0]).exists() and not (HERE / FILES[0]).exists() else HERE


@pytest.fixture(scope="session")
def submitted_files(pytestconfig: pytest.Config) -> Submission:
    """The submission under judgement: the grader's, or the student's own files."""
    graded = pytestconfig.pluginmanager.get_plugin(GRADED)
    if graded is not None:
        return graded
    from tests.support.probes import vocabulary  # here: the grader's judge has none of the student's libraries

    limit = pytestconfig.pluginmanager.get_plugin(LIMIT)
    assert limit is not None
    return Submission(InProcess(_folder(pytestconfig), vocabulary.perform, limit.around))


@pytest.fixture
def submission(request: pytest.FixtureRequest, submitted_files: Submission) -> Submission:
    """The submission, as this check may speak of it: hidden checks never quote what a student's code says."""
    hidden = "hidden" in request.path.parts
    return submitted_files.quoting(not hidden)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Checks run in the handout's order, so that what comes first to be done comes first to be read."""
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
