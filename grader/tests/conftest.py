"""Fixtures for the tests of the machine: a runner that grades submissions made on the spot."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.bench_control import Clocks
from grader.results import Results
from grader.runner import Runner

PROJECT = Path(__file__).resolve().parents[2]
REFERENCE = PROJECT / "reference"
TEMPLATE = PROJECT / "student_template"
SHORT = Clocks(importing=5, request=4, total=180)
"""Clocks of a test: an endless loop costs seconds, and a right submission still has ten times what it needs."""

Grade = Callable[[Path], Results]


def worker_slot() -> int:
    """A number for each parallel worker of pytest-xdist, so that two never share a bench user."""
    return 1 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


@pytest.fixture(scope="session")
def runner() -> Iterator[Runner]:
    """A runner with short clocks, shared by all tests: the bench and the judge start once."""
    with Runner(clocks=SHORT, slot=worker_slot()) as one:
        yield one


@pytest.fixture
def grade(runner: Runner, tmp_path: Path) -> Grade:
    """Grade a folder or zip; the result file lies in `tmp_path / "out"`."""

    def run(submission: Path) -> Results:
        return runner.grade(submission, tmp_path / "out", lambda check, results: None)

    return run
