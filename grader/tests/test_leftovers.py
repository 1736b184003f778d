"""What a killed run has left: which records name it, whose it is, and how it is ended."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
from pathlib import Path

import pytest

from grader.course import leftovers
from grader.run.users import FIRST_USER, LAST_USER


def test_a_record_says_who_runs_what_and_goes_with_its_process(tmp_path: Path):
    with leftovers.told(tmp_path / "records", 3) as record:
        (path,) = (tmp_path / "records").iterdir()
        leftovers.note_users(record, [FIRST_USER, None, LAST_USER])
        leftovers.note_folder(record, tmp_path)
        own, users, folder = (json.loads(line) for line in path.read_text().splitlines())
        assert path.name == f"3-{os.getpid()}"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert (own["pid"], users, folder) == (
            os.getpid(), {"users": [FIRST_USER, LAST_USER]}, {"folder": str(tmp_path)}
        )  # fmt: skip
        assert own["started"] == leftovers._started(os.getpid())
        assert len(own["boot"]) == 36
        assert own["boot"] == leftovers._boot()
    assert list((tmp_path / "records").iterdir()) == []


def test_what_a_record_names_is_ended_of_this_boot_and_of_our_ids_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked: list[tuple[object, object, set[int]]] = []
    monkeypatch.setattr(leftovers, "_end", lambda pid, started, users: asked.append((pid, started, users)) or 2)
    monkeypatch.setattr(leftovers.tempfile, "gettempdir", lambda: str(tmp_path))
    records = tmp_path / "records"
    records.mkdir()
    kept = {name: tmp_path / name for name in ("other-x", "deep/grading-x")}
    gone = tmp_path / "grading-x"
    for folder in (gone, *kept.values()):
        folder.mkdir(parents=True)
    boot = leftovers._boot()
    users = [FIRST_USER - 1, FIRST_USER, LAST_USER, LAST_USER + 1]
    lines = [{"pid": 5, "started": 6, "boot": boot}, {"users": users}, {"folder": str(gone)}]
    (records / "1").write_text("\n".join([*map(json.dumps, lines), '{"users": [6', "7"]))
    (records / "2").write_text(json.dumps({"pid": 7, "started": 8, "boot": "another"}))
    (records / "3").write_text(json.dumps({"boot": boot, "folder": str(kept["other-x"])}))
    (records / "4").write_text(json.dumps({"folder": str(kept["deep/grading-x"])}))
    assert leftovers.end_all(records) == 4
    assert asked == [(5, 6, {FIRST_USER, LAST_USER}), (None, None, set())]
    assert list(records.iterdir()) == []
    assert (gone.exists(), [one.exists() for one in kept.values()]) == (False, [True, True])
    assert leftovers.end_all(tmp_path / "nothing") == 0


class Running:
    def __init__(self, pid: int, user: int, ended: bool = False) -> None:
        self.pid, self.user, self.ended = pid, user, ended


def test_left_is_what_runs_under_the_ids_or_in_the_session(monkeypatch: pytest.MonkeyPatch):
    own = os.getpid()
    running = [
        Running(own + 1, 0),
        Running(own + 2, 61_000),
        Running(own + 3, 61_000, ended=True),
        Running(own + 4, 61_001),
        Running(own, 61_000),
    ]
    monkeypatch.setattr(leftovers.processes, "all_processes", lambda: running)
    monkeypatch.setattr(
        leftovers, "_in_session", lambda pid, worker, started: (pid, worker, started) == (own + 1, 50, 60)
    )
    assert leftovers._left(50, 60, {61_000}) == [own + 1, own + 2]
    assert leftovers._left(50, None, {61_001}) == [own + 4]
    assert leftovers._left(None, 60, set()) == []


def test_a_session_is_known_by_its_leader_s_beginning():
    # A session of its own: the leader of this one may stand outside the namespace in which the tests run.
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as leader:
        try:
            began = leftovers._started(leader.pid)
            assert leftovers._in_session(leader.pid, leader.pid, began)
            assert not leftovers._in_session(os.getpid(), leader.pid, began)
            assert not leftovers._in_session(leader.pid, leader.pid, began + 1)
            assert not leftovers._in_session(leader.pid, 2**30, began)
        finally:
            leader.kill()


def test_what_stays_alive_is_an_error(monkeypatch: pytest.MonkeyPatch):
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(leftovers.os, "kill", lambda pid, number: sent.append((pid, number)))
    left = iter([[7, 8], [8], []])
    assert leftovers._kill(lambda: next(left)) == 2
    assert sent == [(7, signal.SIGSTOP), (8, signal.SIGSTOP), (7, signal.SIGKILL), (8, signal.SIGKILL),
                    (8, signal.SIGSTOP), (8, signal.SIGKILL)]  # fmt: skip
    monkeypatch.setattr(leftovers, "PATIENCE", 0.02)
    with pytest.raises(RuntimeError, match="1 processes of an earlier run cannot be ended"):
        leftovers._kill(lambda: [9])
