"""What the runner does when the grader itself, or its time, gives out; and that results do not depend on the seed."""

import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from grader import rubric
from grader.judge import server as judge
from grader.project import REFERENCE, TEMPLATE
from grader.report.results import Results
from grader.run import runner as running
from grader.run.runner import Runner
from grader.tests.places import Grade, worker_slot
from tests.support.status import NO_FAULT, Status

CONFTEST = "from tests.conftest import pytest_configure, submission, submitted_files\n"
HEAD = (
    "import os, signal, time\nfrom tests.support.marks import number, visibility, weight\n"
    "from tests.support.observed.artifacts import listing\n"
)
CHECK = """
@number("4.{n}")
@weight(1)
@visibility("visible")
def test_{name}(submission):
    "A check of a suite made for a test."
    {body}
"""


def suites(folder: Path, **bodies: str) -> Path:
    """A suite of one public check for each keyword."""
    for audience in rubric.AUDIENCES:
        (folder / audience).mkdir(parents=True)
    (folder / "conftest.py").write_text(CONFTEST)
    checks = [CHECK.format(n=n, name=name, body=body) for n, (name, body) in enumerate(bodies.items(), 1)]
    (folder / "public" / "test_made.py").write_text(HEAD + "".join(checks))
    return folder


def graded(tmp_path: Path, **bodies: str) -> dict:
    with Runner(suites(tmp_path / "suites", **bodies), slot=worker_slot()) as runner:
        runner.grade(REFERENCE, tmp_path / "out")
    return json.loads((tmp_path / "out" / "results.json").read_text())


def verdicts(document: dict) -> dict[str, str]:
    return {
        test["extra_data"]["check"]: test["extra_data"]["verdict"] for test in document["tests"] if "number" in test
    }


def test_a_check_that_fails_in_the_grader_costs_nothing_silently(tmp_path: Path):
    document = graded(tmp_path, fine="pass", broken="1 / 0", later="pass")
    assert verdicts(document) == {"fine": "passed", "broken": "grader error", "later": "passed"}
    assert "contact the staff" in document["tests"][1]["output"]
    assert any("ZeroDivisionError" in test["output"] for test in document["tests"] if test["visibility"] == "hidden")


def test_a_judge_that_dies_over_one_check_costs_only_that(tmp_path: Path):
    document = graded(tmp_path, fine="pass", fatal="os.kill(os.getpid(), signal.SIGKILL)", later="pass")
    assert verdicts(document) == {"fine": "passed", "fatal": "grader error", "later": "passed"}
    assert document["score"] == 2
    assert any("the judge was lost" in test["output"] for test in document["tests"] if test["visibility"] == "hidden")


def test_what_an_answer_has_led_to_is_that_rows_crash(tmp_path: Path):
    look = "listing(submission, 'hw5_gan'); "
    document = graded(
        tmp_path,
        raises=look + "1 / 0",
        dies=look + "os.kill(os.getpid(), signal.SIGKILL)",
        fills=look + "bytearray(2**31)",
        later="pass",
    )
    assert verdicts(document) == {"raises": "crashed", "dies": "crashed", "fills": "crashed", "later": "passed"}
    told = " ".join(test["output"] for test in document["tests"] if test["visibility"] == "hidden")
    assert "ZeroDivisionError" in told
    assert "MemoryError" in told


LEAVES = """
import os, threading
import numpy as np

seen = []

def counts(x):
    seen.append(x)
    return float(len(seen))

def sets(x):
    return float(np.seterr(all="raise")["divide"] == "raise")

def starts(x):
    running = threading.active_count()
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    return float(running)

def forks(x):
    if os.fork() == 0:
        threading.Event().wait()
    return 1.0

def dies(x):
    os._exit(1)

def nothing(x):
    return float(os.getpid())
"""
FIRST_CALLS = {"counts": 1.0, "sets": 0.0, "starts": 1.0}
"""What each returns in a process that no check has used."""


def test_what_one_check_leaves_behind_does_not_reach_the_next(tmp_path: Path):
    """Each function leaves something in its process, twice; the next check finds nothing of it, and one that dies
    costs itself. Two checks that follow each other and leave nothing have the same process."""
    folder = shutil.copytree(REFERENCE, tmp_path / "submission", ignore=shutil.ignore_patterns("data"))
    (folder / "hw5_written.py").write_text(LEAVES)
    ask = "from tests.support.observed.written import evaluations\n    "
    ask += "value = float(evaluations(submission, '{name}', [[{n}.0]])[0].parts[0])\n    {then}"
    bodies = {}
    for n, (name, first) in enumerate([*FIRST_CALLS.items()] * 2):
        bodies[f"{name}_{n}"] = ask.format(name=name, n=n, then=f"assert value == {first}")
    for n, name in enumerate(["forks", "dies", "nothing", "nothing", "nothing"]):
        note = "submission.note(str(value))"
        bodies[f"{name}_{n}"] = ask.format(name=name, n=n, then=note)
    with Runner(suites(tmp_path / "suites", **bodies), slot=worker_slot(), written_counts=True) as runner:
        results = runner.grade(folder, tmp_path / "out")
    found = {name: results.outcomes[name].status for name in bodies}
    assert found == {name: "crashed" if name.startswith("dies") else "passed" for name in bodies}
    served = {outcome.output for name, outcome in results.outcomes.items() if name.startswith("nothing")}
    assert len(served) < 3  # the last two follow each other


def test_a_check_that_never_stops_thinking_is_ended():
    struck: list[str] = []
    bounds = judge.Bounds(seconds=0.2)
    try:
        wrapper = bounds.pytest_runtest_call()
        next(wrapper)
        while True:
            pass
    except judge.TooLong as error:
        struck.append(str(error))
        wrapper.close()
    assert struck == ["more than 0.2 s of processor time for one check"]
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


def test_the_total_clock_ends_the_grading_with_what_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The clock strikes as soon as the endless check has begun, however slow the machine is."""
    sessions: list[running.Session] = []

    class Observed(running.Session):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            sessions.append(self)

    def strike(check: str, results: Results) -> None:
        if check == "endless":
            sessions[0].deadline = time.monotonic()

    monkeypatch.setattr(running, "Session", Observed)
    made = suites(tmp_path / "suites", fine="pass", endless="time.sleep(600)", later="pass")
    with Runner(made, slot=worker_slot()) as runner:
        runner.grade(REFERENCE, tmp_path / "out", strike)
    document = json.loads((tmp_path / "out" / "results.json").read_text())
    assert verdicts(document) == {"fine": "passed", "endless": "timed out", "later": "timed out"}
    assert document["score"] == 1


def test_nothing_of_a_submission_is_left_behind(tmp_path: Path):
    with Runner(suites(tmp_path / "suites", fine="pass"), slot=worker_slot()) as runner:
        runner.grade(TEMPLATE, tmp_path / "out")
        assert sorted(path.name for path in runner.folder.iterdir()) == ["bench.log", "judge.log"]
    assert not runner.folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(runner.server.process.pid, signal.SIGCONT)


def test_the_untouched_template_earns_nothing_and_every_row_says_why(template_results: Results):
    results = template_results
    assert results.score == 0
    unfinished = {row.name for row in results.rows if results.outcomes[row.name].status == "not implemented"}
    advised = {row.name for row in results.rows if results.outcomes[row.name].status == Status.ADVICE}
    assert advised == {"the_generated_digits", "the_trained_score_network"}
    assert unfinished == {row.name for row in results.rows if row.number != "5.4"} - advised


def test_the_reference_earns_full_marks(reference_results: Results):
    assert reference_results.score == reference_results.possible


@pytest.mark.parametrize("seed", [1, 2])
def test_the_reference_earns_full_marks_with_any_seed(runner: Runner, grade: Grade, seed: int):
    before, runner.seed = runner.seed, seed
    try:
        results = grade(REFERENCE)
    finally:
        runner.seed = before
    assert {name: one.output for name, one in results.outcomes.items() if one.status not in NO_FAULT} == {}
    assert results.score == results.possible
