"""A class through a real scheduler gives the same gradebook, whatever happens to a worker on the way."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask
import pytest
from distributed import LocalCluster

from grader.course import command, gradebook, machines
from grader.course.bench import Task
from grader.errors import CourseError
from grader.tests import a_class
from grader.tests.a_worker import outcome
from grader.tests.test_course_engine import submissions, table


def unit(packed: bytes) -> bytes:
    """Grades by `points.txt`: `die` ends the worker always, `once PATH` when PATH is not there yet."""
    import msgspec

    one = msgspec.msgpack.decode(packed, type=machines.Packed)
    word, _, path = one.files["points.txt"].decode().partition(" ")
    if word == "die" or (word == "once" and not Path(path).exists()):
        if path:
            Path(path).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return outcome(1.0 if word == "once" else float(word))


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two worker processes on this machine, each of which grades one submission at once."""
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        LocalCluster(
            n_workers=2, threads_per_worker=1, resources={machines.RESOURCE: 1}, dashboard_address=":0", silence_logs=50
        ) as one,
    ):
        yield one


def test_the_gradebook_is_the_same_when_one_worker_is_killed_in_the_middle(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = submissions(tmp_path / "class", **{f"s{k}": "0.5" for k in range(8)}, last=f"once {tmp_path / 'died'}")
    through = machines.through
    monkeypatch.setattr(command.machines, "through", lambda address: through(address, unit))
    out = tmp_path / "out"
    assert a_class.grade(str(folder), "--out", str(out), "--scheduler", cluster.scheduler_address) == 0
    assert (tmp_path / "died").exists()
    (folder / "last" / "points.txt").write_text("1")
    assert a_class.grade(str(folder), "--out", str(tmp_path / "local")) == 0
    assert (out / gradebook.NAME).read_bytes() == (tmp_path / "local" / gradebook.NAME).read_bytes()


def test_a_submission_that_ends_every_worker_is_a_row_with_a_reason(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = submissions(tmp_path / "class", ada="1", bad="die", eve="0")
    through = machines.through
    monkeypatch.setattr(command.machines, "through", lambda address: through(address, unit))
    out = tmp_path / "out"
    assert a_class.grade(str(folder), "--out", str(out), "--scheduler", cluster.scheduler_address) == 1
    rows = table(out)
    assert "KilledWorker: its worker was lost" in rows["bad"]["Remarks"]
    assert [rows[name]["Total"] for name in ("ada", "bad", "eve")] == ["20", "", "0"]


def test_a_worker_that_protects_too_little_refuses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(machines.protection, "refusal", lambda: "Not graded: you are not root.")
    with pytest.raises(machines.NotGraded, match="you are not root"):
        machines.grade_packed(machines.pack(Task("a", "", tmp_path)))


def test_files_arrive_as_they_are_and_links_do_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    seen: list[dict[str, bytes]] = []

    def bench(task: Task) -> bytes:
        files = {
            str(path.relative_to(task.place)): path.read_bytes() for path in task.place.rglob("*") if path.is_file()
        }
        seen.append(files if task.place.is_dir() else {task.place.name: task.place.read_bytes()})
        return b"graded"

    monkeypatch.setattr(machines.protection, "refusal", lambda: "")
    monkeypatch.setattr(machines, "_bench", lambda: bench)
    (tmp_path / "one" / "deeper").mkdir(parents=True)
    (tmp_path / "one" / "deeper" / "a.py").write_bytes(b"\x00x")
    (tmp_path / "one" / "b.py").symlink_to("/etc/passwd")
    (tmp_path / "two.zip").write_bytes(b"PK")
    for name in ("one", "two.zip"):
        assert machines.grade_packed(machines.pack(Task("a", "", tmp_path / name))) == b"graded"
    assert seen == [{"deeper/a.py": b"\x00x"}, {"two.zip": b"PK"}]


@pytest.mark.parametrize(
    "address", ["tcp://10.0.0.1:8786", "ws://127.0.0.1:1", "10.0.0.1:8786", "tcp://localhost.evil:1"]
)
def test_a_scheduler_that_anybody_could_use_is_refused(address: str):
    with pytest.raises(CourseError, match="is not encrypted"):
        machines.refuse_open(address)


@pytest.mark.parametrize(
    "address", ["tls://10.0.0.1:8786", "tcp://127.0.0.1:8786", "tcp://localhost:1", "tcp://[::1]:1"]
)
def test_an_encrypted_one_and_one_of_this_machine_are_not(address: str):
    machines.refuse_open(address)
