"""In the platform's container: what is read, what is written, and what is said when the container is too small."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import jsonschema_rs
import pytest

from grader import rubric
from grader.project import REFERENCE, TEMPLATE
from grader.release import gradescope, package, smoke
from grader.report.results import SCHEMA
from grader.run import memory
from grader.run.runner import Runner
from grader.tests.places import SHORT, worker_slot

GIB = 2**30
POSSIBLE = sum(row.points for row in rubric.read())
Lent = Callable[..., AbstractContextManager[Runner]]
RUN_AUTOGRADER = package.CONTAINER / "run_autograder"


@pytest.fixture
def platform(tmp_path: Path) -> Path:
    """The platform's folder, with the untouched template as what was submitted."""
    shutil.copytree(TEMPLATE, tmp_path / "submission")
    return tmp_path


def document(platform: Path) -> dict:
    found = json.loads((platform / "results" / "results.json").read_text(encoding="utf-8"))
    jsonschema_rs.validate(SCHEMA, found)
    return found


def staff_rows(found: dict) -> list[str]:
    rows = [test for test in found["tests"] if test["name"].startswith("For the staff")]
    assert all(row["visibility"] == "hidden" and "score" not in row for row in rows)
    return [row["output"] for row in rows]


def metadata(platform: Path, total: object) -> None:
    (platform / "submission_metadata.json").write_text(json.dumps({"assignment": {"total_points": total}}))


# --- grading ---------------------------------------------------------------------------------------


def test_a_submission_is_graded_with_its_cost_in_the_result(platform: Path):
    for module in ("hw5_gan.py", "hw5_diffusion.py"):
        shutil.copy(REFERENCE / module, platform / "submission" / module)
    metadata(platform, str(POSSIBLE + 5))
    gradescope.grade(platform, by_hand=5)
    found = document(platform)
    assert found["score"] == POSSIBLE
    assert staff_rows(found) == []
    facts = found["extra_data"]
    assert 100 < facts["peak_memory_mb"] < facts["container_memory_mb"]
    assert facts["student_memory_mb"] <= 2048
    assert facts["in_force"]


def test_points_that_do_not_fit_the_assignment_are_told_to_the_staff_only(
    platform: Path, monkeypatch: pytest.MonkeyPatch, lent_runner: Lent
):
    monkeypatch.setattr(gradescope, "Runner", lent_runner)
    metadata(platform, str(POSSIBLE - 1))
    gradescope.grade(platform)
    found = document(platform)
    (told,) = found["extra_data"]["remarks"]
    assert staff_rows(found) == [], "a row that students do not see would hide their total"
    assert f"worth {POSSIBLE - 1:g} points" in told
    assert f"{POSSIBLE:g}" in told


@pytest.mark.parametrize(("total", "fits"), [("12.0", True), (12, True), ("12.5", False), ("0", False)])
def test_the_assignment_s_points_are_compared_as_numbers(platform: Path, total: object, fits: bool):
    metadata(platform, total)
    assert (gradescope.about_the_assignment(platform / "submission_metadata.json", 12) == []) is fits


@pytest.mark.parametrize("text", ["", "[]", '{"assignment": null}', '{"assignment": {"total_points": "many"}}'])
def test_metadata_of_another_shape_are_told_to_the_staff_only(tmp_path: Path, text: str):
    path = tmp_path / "submission_metadata.json"
    path.write_text(text)
    (told,) = gradescope.about_the_assignment(path, 12)
    assert told.startswith("submission_metadata.json cannot be read")


def test_the_deadline_ends_the_grading_with_every_row_in_the_result(platform: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gradescope, "LEAST_FOR_GRADING", 0.0)
    gradescope.grade(platform, deadline=0.0)
    verdicts = {test["extra_data"]["verdict"] for test in document(platform)["tests"] if "extra_data" in test}
    assert verdicts == {"timed out"}


def test_a_container_that_is_too_small_is_named_with_the_one_to_choose(platform: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory, "size_of_container", lambda: int(0.5 * GIB))
    gradescope.grade(platform)
    found = document(platform)
    (told,) = staff_rows(found)
    assert "512 MB" in told
    assert "1 CPU and 1.5 GB" in told or "0.5 CPU and 0.75 GB" in told
    assert {test["extra_data"]["verdict"] for test in found["tests"] if "extra_data" in test} == {"grader error"}


# --- memory ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gib", "build", "size"),
    [(0.75, "2.14.1", "1 CPU and 1.5 GB"), (0.5, "2.14.1+cpu", "0.5 CPU and 0.75 GB"), (0.25, "2.14.1", "1 CPU")],
)
def test_the_advice_names_the_smallest_container_that_is_enough(gib: float, build: str, size: str):
    room = memory.room(int(gib * GIB), build)
    assert room.for_students == 0
    assert size in room.advice
    enough = next(one for one in memory.SIZES if f"{one[1]:g} GB" in room.advice)
    assert memory.room(int(enough[1] * GIB), build).for_students > 0


@pytest.mark.parametrize(("gib", "build"), [(0.75, "2.14.1+cpu"), (1.5, "2.14.1"), (3, "2.14.1"), (64, "2.14.1")])
def test_students_never_have_more_than_what_grading_leaves(gib: float, build: str):
    room = memory.room(int(gib * GIB), build)
    assert room.advice == ""
    assert memory.LEAST_FOR_STUDENTS <= room.for_students <= min(2 * GIB, int(gib * GIB) - 600 * memory.MIB)


@pytest.mark.parametrize("name", ["memory.max", "memory/memory.limit_in_bytes"])
def test_the_limit_of_a_control_group_counts(tmp_path: Path, name: str):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    unlimited = memory.size_of_container(tmp_path)
    path.write_text(f"{unlimited // 2}\n")
    assert memory.size_of_container(tmp_path) == unlimited // 2
    path.write_text("max\n" if name == "memory.max" else f"{2**63 - 4096}\n")
    assert memory.size_of_container(tmp_path) == unlimited


def test_the_peak_is_that_of_all_processes_together():
    with memory.Peak() as peak:
        child = subprocess.Popen(["python3", "-c", "import time; kept = b'1' * (200 << 20); time.sleep(60)"])
        patience = time.monotonic() + 30
        while peak.largest < 200 * memory.MIB and time.monotonic() < patience:
            time.sleep(0.05)
        child.kill()
        child.wait()
    assert peak.largest > 200 * memory.MIB


def test_what_the_bench_itself_takes_is_not_charged_to_students(tmp_path: Path):
    """The processes of a check share several hundred MiB of imports with the bench: more than this limit, twice."""
    clocks = dataclasses.replace(SHORT, memory=memory.LEAST_FOR_STUDENTS)
    with Runner(clocks=clocks, slot=60 + worker_slot()) as runner:
        assert runner.grade(REFERENCE, tmp_path).score == POSSIBLE


# --- what starts it --------------------------------------------------------------------------------


def test_a_result_exists_even_when_nothing_can_start(tmp_path: Path):
    """`run_autograder` with its folders elsewhere, and no grader in them."""
    script = RUN_AUTOGRADER.read_text(encoding="utf-8")
    assert len(script.splitlines()) == 12
    moved = script.replace("/autograder/", f"{tmp_path}/").replace("/opt/autograder", str(tmp_path / "nothing"))
    subprocess.run(["bash", "-c", moved], cwd=tmp_path, capture_output=True)
    found = document(tmp_path)
    assert found["score"] == 0
    assert "contact the staff" in found["output"]
    assert (tmp_path / "results").stat().st_mode & 0o077 == 0


def test_the_sample_earns_nothing_and_a_finished_one_is_no_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lent_runner: Lent
):
    assert "checks work" in smoke.smoke(TEMPLATE, tmp_path / "template")
    monkeypatch.setattr(smoke, "Runner", lent_runner)
    with pytest.raises(smoke.SmokeError, match="passed"):
        smoke.smoke(REFERENCE, tmp_path / "reference")


def test_the_scripts_of_the_container_are_shell(tmp_path: Path):
    for script in ("setup.sh", "run_autograder"):
        checked = subprocess.run(["bash", "-n", str(RUN_AUTOGRADER.with_name(script))], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr
