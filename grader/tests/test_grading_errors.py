"""Whatever fails while a submission is graded, its result is written, says so, and the next submission is graded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.project import TEMPLATE
from grader.report.results import CONTACT
from grader.run import runner as running
from grader.run import session
from grader.run.clocks import BenchError
from grader.run.runner import Runner
from grader.tests.test_runner import suites
from grader.wire import BadFrame, Ended, Late
from tests.support.verdicts import Status

FAILURES = [
    BenchError("the bench did not start"),
    Ended("a connection was closed"),
    Late("nothing came"),
    BadFrame("no frame"),
    OSError(28, "No space left on device"),
    RuntimeError("cannot go on"),
    ValueError("no such order"),
]


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """A runner of a suite of two checks, with logs, whose servers are never asked for anything."""
    one = Runner(suites(tmp_path_factory.mktemp("suites") / "suites", first="pass", second="pass"), slot=300)
    with one:
        for name in ("bench.log", "judge.log"):
            (one.folder / name).write_text("x" * 5000 + f"the end of {name}")
        yield one


@pytest.mark.parametrize("failure", FAILURES, ids=lambda one: type(one).__name__)
def test_a_failure_of_the_grader_is_a_result_and_costs_nothing_silently(
    idle: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception
):
    def fails(*_: object) -> None:
        raise failure

    monkeypatch.setattr(running.Session, "run", fails)
    results = idle.grade(TEMPLATE, tmp_path)
    assert {name: (one.status, one.output) for name, one in results.outcomes.items()} == {
        "first": (Status.GRADER_ERROR, CONTACT),
        "second": (Status.GRADER_ERROR, CONTACT),
    }
    said = results.staff[0]
    assert said.startswith(f"{type(failure).__name__}: {failure}\n")
    assert "the end of bench.log" in said
    assert "the end of judge.log" in said
    assert len(said) < 7000
    document = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert [test["output"] for test in document["tests"] if "number" in test] == [CONTACT, CONTACT]
    staff = [test for test in document["tests"] if str(failure) in json.dumps(test)]
    assert [test["visibility"] for test in staff] == ["hidden"]
    assert sorted(path.name for path in idle.folder.iterdir()) == ["bench.log", "judge.log"]


def test_what_is_no_failure_of_a_grading_ends_the_runner(idle: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(running.Session, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        idle.grade(TEMPLATE, tmp_path)


def test_processes_that_cannot_be_ended_are_told_to_the_staff(
    idle: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def unkillable(*_: object, **__: object) -> int:
        raise RuntimeError("3 processes of a submission cannot be ended")

    monkeypatch.setattr(running.Session, "run", lambda *_: None)
    monkeypatch.setattr(session.processes, "sweep", unkillable)
    results = idle.grade(TEMPLATE, tmp_path)
    assert results.staff == ["3 processes of a submission cannot be ended"]
    assert {one.status for one in results.outcomes.values()} == {Status.GRADER_ERROR}


def test_after_a_full_disk_the_next_submission_is_graded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    take = session.intake.take

    def full(*arguments: object) -> object:
        monkeypatch.setattr(session.intake, "take", take)
        raise OSError(28, "No space left on device")

    with Runner(suites(tmp_path / "suites", only="pass"), slot=301) as one:
        monkeypatch.setattr(session.intake, "take", full)
        before, after = (one.grade(TEMPLATE, tmp_path / name) for name in ("before", "after"))
    assert before.outcomes["only"].status == Status.GRADER_ERROR
    assert "OSError: [Errno 28] No space left on device" in before.staff[0]
    assert (after.outcomes["only"].status, after.staff) == (Status.PASSED, [])
