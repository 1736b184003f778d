"""The `submission` fixture: the student's files, through the transport that this run uses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.support.submission import Submission
from tests.support.transports import InProcess

# The same examples for everybody, today and next year; no shrinking, because the message shows the first one anyway.
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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--submission", metavar="FOLDER", help="folder with hw5_gan.py and hw5_diffusion.py (default: .)")


@pytest.fixture(scope="session")
def submitted_files(pytestconfig: pytest.Config) -> Submission:
    """The submission under judgement: the grader's, or the files of `--submission`, `HW5_SUBMISSION` or this folder."""
    graded = pytestconfig.pluginmanager.get_plugin("graded_submission")
    if graded is not None:
        return graded
    folder = pytestconfig.getoption("--submission") or os.environ.get("HW5_SUBMISSION") or "."
    return Submission(InProcess(Path(folder).resolve()))


@pytest.fixture
def submission(request: pytest.FixtureRequest, submitted_files: Submission) -> Submission:
    """The submission, as this check may speak of it: hidden checks never quote what a student's code says."""
    hidden = "hidden" in request.path.parts
    return submitted_files.quoting(not hidden)
