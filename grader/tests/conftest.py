"""Fixtures for the tests of the machine: a runner that grades submissions made on the spot."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from grader.audit.workshop import Workshop
from grader.project import REFERENCE, TEMPLATE
from grader.report.results import Results
from grader.run.protection import ALLOW_WEAK
from grader.run.runner import Runner
from grader.tests.arena import arena
from grader.tests.places import SHORT, Grade, worker_slot
from grader.tests.scheduling import pytest_xdist_make_scheduler

os.environ.setdefault(ALLOW_WEAK, "1")  # tests run wherever a developer does; what needs a layer says so

__all__ = [
    "arena",
    "grade",
    "lent_runner",
    "pytest_xdist_make_scheduler",
    "reference_results",
    "runner",
    "template_results",
    "workshop",
]


@pytest.fixture(scope="session")
def runner() -> Iterator[Runner]:
    """A runner with short clocks, shared by all tests: the bench and the judge start once."""
    with Runner(clocks=SHORT, slot=worker_slot()) as one:
        yield one


@pytest.fixture(scope="session")
def reference_results(runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The results of the reference, which is graded once for all tests that only look at them."""
    return runner.grade(REFERENCE, tmp_path_factory.mktemp("reference"))


@pytest.fixture(scope="session")
def template_results(runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The results of the untouched template, in the same way."""
    return runner.grade(TEMPLATE, tmp_path_factory.mktemp("template"))


@pytest.fixture
def lent_runner(runner: Runner) -> Callable[..., AbstractContextManager[Runner]]:
    """Takes the place of the class `Runner` in a verb whose test is not about how its runner is started."""
    return lambda **_: nullcontext(runner)


@pytest.fixture(scope="session")
def workshop() -> Iterator[Workshop]:
    """Where submissions of our own are graded without a bench, under any suites: torch is imported once."""
    with Workshop() as one:
        yield one


@pytest.fixture
def grade(runner: Runner, tmp_path: Path) -> Grade:
    """Grade a folder or zip; the result file lies in `tmp_path / "out"`."""

    def run(submission: Path) -> Results:
        return runner.grade(submission, tmp_path / "out")

    return run
