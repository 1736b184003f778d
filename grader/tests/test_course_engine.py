"""A class goes on after whatever one submission, the worker, the machine or the instructor does to the grading."""

from __future__ import annotations

import csv
import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from grader.course import engine, fingerprint, gradebook, leftovers, touched
from grader.course.bench import ATTEMPTS, NotGraded, Task
from grader.course.journal import Journal, Key, file_system
from grader.errors import CourseError
from grader.project import ROOT
from grader.rubric import read
from grader.run.users import EACH, FIRST_USER, LAST_USER, claim
from grader.tests import a_class

KILLS = 20


def submissions(folder: Path, **points: str) -> Path:
    """A class whose submissions say what they earn."""
    for name, told in points.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "points.txt").write_text(told)
    return folder


def table(out: Path, name: str = gradebook.NAME) -> dict[str, dict[str, str]]:
    with (out / name).open(encoding="utf-8", newline="") as file:
        return {row["Submission"]: row for row in csv.DictReader(file)}


def graded(out: Path) -> list[str]:
    path = out / "running" / "graded.txt"
    return path.read_text().split() if path.exists() else []


def test_a_class_is_graded_and_not_graded_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder, out = submissions(tmp_path / "class", ada="1", bob="0.5", eve="0"), tmp_path / "out"
    assert a_class.grade(str(folder), "--out", str(out), "--workers", "2") == 0
    first = (out / gradebook.NAME).read_bytes()
    assert {name: row["Total"] for name, row in table(out).items()} == {"ada": "20", "bob": "10", "eve": "0"}
    assert sorted(graded(out)) == ["ada", "bob", "eve"]
    assert a_class.grade(str(folder), "--out", str(out)) == 0
    assert sorted(graded(out)) == ["ada", "bob", "eve"]
    assert (out / gradebook.NAME).read_bytes() == first
    (folder / "bob" / "points.txt").write_text("0.2")
    assert a_class.grade(str(folder), "--out", str(out)) == 0
    assert graded(out)[3:] == ["bob"]
    assert table(out)["bob"]["Total"] == "4"
    said = capsys.readouterr().out
    assert "3 submissions, 3 with a total" in said
    assert f"  {out / 'class.zip'}\n" in said
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in out.rglob("*") if path.is_file()}
    assert {mode for name, mode in modes.items() if name not in ("graded.txt", ".lock")} == {0o600}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{class}", "--layout", "gradescope"], "LAYOUT=gradescope is none: there are moodle"),
        (["{class}/ada"], "/class/ada is one submission: use SUBMISSION=."),
        (["{class}", "--canvas", "{class}/ada/points.txt"], "is no gradebook of Canvas"),
        (["{class}", "--roster", "{class}/ada/points.txt"], "neither a column SID nor a column Email"),
    ],
)
def test_what_is_no_class_leaves_no_folder_of_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
):
    folder, out = submissions(tmp_path / "class", ada="1"), tmp_path / "out"
    (folder / "ada" / "hw5_gan.py").touch()
    asked = [word.replace("{class}", str(folder)) for word in words]
    assert a_class.grade(*asked, "--out", str(out)) == 2
    assert said in capsys.readouterr().err
    assert not out.exists()
    out.mkdir()
    assert a_class.grade(*asked, "--out", str(out)) == 2
    assert out.exists()


def test_a_submission_that_ends_one_worker_after_another_is_a_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder, out = submissions(tmp_path / "class", ada="1", bad="die", eve="0"), tmp_path / "out"
    assert a_class.grade(str(folder), "--out", str(out), "--workers", "1") == 1
    rows = table(out)
    assert (rows["bad"]["Status"], rows["bad"]["Total"]) == ("not graded", "")
    assert f"was ended by SIGKILL, {ATTEMPTS} times" in rows["bad"]["Remarks"]
    assert [rows[name]["Total"] for name in ("ada", "eve")] == ["20", "0"]
    assert "no total: bad" in capsys.readouterr().out


@pytest.mark.parametrize("error", [NotGraded("lost"), OSError(28, "No space left on device"), MemoryError()])
def test_what_fails_for_one_costs_no_other(tmp_path: Path, error: Exception):
    tasks = [Task(name, name, tmp_path) for name in "abc"]

    def grade_one(task: Task) -> bytes:
        if task.entry == "b":
            raise error
        return task.entry.encode()

    class Place:
        def __enter__(self) -> engine.GradeOne:
            return grade_one

        def __exit__(self, *_: object) -> None:
            pass

    with Journal(tmp_path) as journal:
        outcomes = engine.grade(tasks, journal, "g", lambda _: Place(), 2, threading.Event())
        assert outcomes.graded == {"a", "c"}
        assert journal.get(Key("a", "a", "g", 0)) == b"a"
        assert outcomes.reasons["b"].startswith("The grader failed: ")
        assert outcomes.complete
        assert journal.get(Key("b", "b", "g", 0)) is None


def test_nothing_is_begun_before_what_is_done_is_on_the_disk(tmp_path: Path):
    seen: list[int] = []

    class Place:
        def __enter__(self) -> engine.GradeOne:
            return self.grade_one

        def __exit__(self, *_: object) -> None:
            pass

        def grade_one(self, task: Task) -> bytes:
            base = sqlite3.connect(tmp_path / "journal.sqlite")
            seen.append(base.execute("SELECT count(*) FROM outcomes").fetchone()[0])
            base.close()
            return b"x"

    with Journal(tmp_path) as journal:
        tasks = [Task(str(k), "", tmp_path) for k in range(5)]
        engine.grade(tasks, journal, "g", lambda _: Place(), 1, threading.Event())
    assert seen == list(range(5))


def test_a_journal_that_cannot_be_written_ends_the_class_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with Journal(tmp_path / "a") as journal:
        journal._base.execute("PRAGMA max_page_count=4")
        with pytest.raises(CourseError, match=r"cannot be written \(database or disk is full\)"):
            journal.add(Key("a", "", "", 0), random.Random(0).randbytes(10**6))
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "journal.sqlite").write_bytes(b"no data base" * 100)
    with pytest.raises(CourseError, match="cannot be used"):
        Journal(tmp_path / "b")


def test_two_runs_cannot_grade_into_one_folder(tmp_path: Path):
    with Journal(tmp_path), pytest.raises(CourseError, match="Another run is grading into"):
        Journal(tmp_path)
    with Journal(tmp_path):
        pass


def test_a_journal_on_a_network_has_no_write_ahead_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "mounts").write_text("1 0 0:1 / / rw - ext4 a rw\n2 1 0:2 / /a\\040b rw shared:1 - nfs4 host:/ rw\n")
    assert file_system(Path("/a b/c"), tmp_path / "mounts") == "nfs4"
    assert file_system(Path("/a"), tmp_path / "mounts") == "ext4"
    with Journal(tmp_path / "here") as journal:
        assert journal.remark == ""
        assert journal._base.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert journal._base.execute("PRAGMA synchronous").fetchone() == (2,)
    monkeypatch.setattr("grader.course.journal.file_system", lambda folder: "nfs4")
    with Journal(tmp_path / "there") as journal:
        assert "lies on nfs4" in journal.remark
        assert journal._base.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_parts_of_a_class_are_merged(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = submissions(tmp_path / "class", **{f"s{k}": f"0.{k}" for k in range(5)})
    assert a_class.grade(str(folder), "--out", str(tmp_path / "whole")) == 0
    for part in (1, 2):
        out = tmp_path / f"part{part}"
        assert a_class.grade(str(folder), "--out", str(out), "--shard", f"{part}/2") == 0
        assert not (out / gradebook.NAME).exists()
        assert (out / f"{gradebook.UNFINISHED}{gradebook.NAME}").exists()
    parts = [str(tmp_path / f"part{part}") for part in (1, 2)]
    assert a_class.grade(str(folder), "--out", str(tmp_path / "merged"), "--merge", *parts) == 0
    assert graded(tmp_path / "merged") == []
    assert (tmp_path / "merged" / gradebook.NAME).read_bytes() == (tmp_path / "whole" / gradebook.NAME).read_bytes()
    assert a_class.grade(str(folder), "--out", str(tmp_path / "other"), "--shard", "3/2") == 2
    assert "3/2 is no part of a class" in capsys.readouterr().err


def test_a_class_that_is_not_named_or_holds_its_own_results_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = submissions(tmp_path / "class", ada="1")
    for words, said in (
        (["", "--out", str(tmp_path / "out")], "no class is named: SUBMISSIONS=export.zip"),
        ([str(folder), "--out", str(folder / "out")], "lies in the folder of the class: name another OUT"),
    ):
        with pytest.raises(SystemExit, match="2") if not words[0] else nullcontext():
            assert a_class.grade(*words) == 2
        assert said in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["ada"]


def test_a_regrade_is_a_preview_until_it_is_told_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    folder, out = submissions(tmp_path / "class", ada="1", bob="0.5", eve="0.5"), tmp_path / "out"
    monkeypatch.setattr(fingerprint, "of_submission", lambda place: place.name)
    names = touched.names_of_checks()
    assert a_class.grade(str(folder), "--out", str(out), verb="regrade") == 2
    assert "has no gradebook of this class yet" in capsys.readouterr().err
    assert a_class.grade(str(folder), "--out", str(out)) == 0
    before = {path: path.read_bytes() for path in out.rglob("*.*") if path.suffix in (".csv", ".html", ".json", ".zip")}
    monkeypatch.setattr(fingerprint, "of_grader", lambda: "another grader")
    monkeypatch.setattr(touched, "names_of_checks", lambda: dict.fromkeys(names, "other"))
    for name, points in (("ada", "0.5"), ("bob", "1")):
        (folder / name / "points.txt").write_text(points)
    capsys.readouterr()
    for _ in range(2):
        assert a_class.grade(str(folder), "--out", str(out), verb="regrade") == 0
        said = capsys.readouterr().out
        assert f"The change can touch {len(read())} of {len(read())} checks.\n" in said
        assert "1 go up, 1 go down, 1 keep their points." in said
        assert "-10  ada (ada): 20 to 10" in said
        assert "Nothing is written." in said
    assert {path: path.read_bytes() for path in before} == before
    assert len(graded(out)) == 6
    assert a_class.grade(str(folder), "--out", str(out), "--yes", verb="regrade") == 0
    assert {name: row["Total"] for name, row in table(out).items()} == {"ada": "10", "bob": "20", "eve": "10"}
    assert len(graded(out)) == 6
    capsys.readouterr()
    assert a_class.grade(str(folder), "--out", str(out), verb="regrade") == 0
    assert "0 go up, 0 go down, 3 keep their points." in capsys.readouterr().out


def test_a_regrade_judges_again_what_the_change_can_touch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    folder, out = submissions(tmp_path / "class", ada="1", bob="0"), tmp_path / "out"
    monkeypatch.setattr(fingerprint, "of_submission", lambda place: place.name)
    assert a_class.grade(str(folder), "--out", str(out)) == 0
    names = touched.names_of_checks()
    one = max(read(), key=lambda row: row.points)
    monkeypatch.setattr(gradebook, "relevant", lambda rows, lines: [row for row in rows if row.points])
    monkeypatch.setattr(fingerprint, "of_grader", lambda: "another grader")
    monkeypatch.setattr(touched, "names_of_checks", lambda: names | {one.name: "changed"})
    for name in ("ada", "bob"):
        (folder / name / "points.txt").write_text("0.5")
    capsys.readouterr()
    assert a_class.grade(str(folder), "--out", str(out), "--yes", verb="regrade") == 0
    said = capsys.readouterr().out
    assert f"The change can touch 1 of {len(read())} checks: {one.number} {one.name}.\n" in said
    assert said.count("\n      ") == 2  # rows that the gradebook leaves out have not changed
    totals = {name: row["Total"] for name, row in table(out).items()}
    assert totals == {"ada": f"{20 - one.points / 2:g}", "bob": f"{one.points / 2:g}"}


def started(folder: Path, out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "grader.tests.a_class", str(folder), str(out)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True)


def test_an_interruption_finishes_what_runs_and_says_how_to_go_on(tmp_path: Path):
    folder, out = submissions(tmp_path / "class", **{f"s{k}": "wait 0.5" for k in range(8)}), tmp_path / "out"
    run = started(folder, out)
    while not graded(out):
        time.sleep(0.02)
    run.send_signal(signal.SIGINT)
    said = run.communicate()[0].decode()
    assert run.returncode == 130
    assert "give the same command again" in said
    assert not (out / gradebook.NAME).exists()
    rows = table(out, f"{gradebook.UNFINISHED}{gradebook.NAME}")
    done = [name for name, row in rows.items() if row["Total"]]
    assert sorted(graded(out)) == sorted(done)
    assert 0 < len(done) < 8
    for name in rows:
        (folder / name / "points.txt").write_text("wait")
    unchanged = (folder / done[0] / "points.txt").write_text("wait 0.5")
    assert unchanged
    assert a_class.grade(str(folder), "--out", str(out)) == 0
    assert not list(out.glob(f"{gradebook.UNFINISHED}*"))
    assert graded(out).count(done[0]) == 1


def test_killed_at_any_moment_the_same_command_ends_in_the_same_gradebook(tmp_path: Path):
    """The coordinator alone or its whole session; what was on the disk is not graded again."""
    folder = submissions(tmp_path / "class", **{f"s{k:02}": f"0.{k:02} 0.08" for k in range(30)})
    assert a_class.grade(str(folder), "--out", str(tmp_path / "undisturbed"), "--workers", "8") == 0
    undisturbed = (tmp_path / "undisturbed" / gradebook.NAME).read_bytes()
    out, chance = tmp_path / "out", random.Random(15)
    for kill in range(KILLS):
        run = started(folder, out)
        before = len(graded(out))
        deadline = time.monotonic() + 20
        moment = chance.choice(("while it starts", "while it grades"))
        while moment == "while it grades" and len(graded(out)) == before and time.monotonic() < deadline:
            time.sleep(0.01)
            if run.poll() is not None:
                break
        time.sleep(chance.uniform(0, 0.25))
        os.kill(run.pid, signal.SIGKILL) if kill % 2 else os.killpg(run.pid, signal.SIGKILL)
        run.communicate()
        if (out / gradebook.NAME).exists():
            assert (out / gradebook.NAME).read_bytes() == undisturbed
    run = started(folder, out)
    run.communicate()
    assert run.returncode == 0
    assert (out / gradebook.NAME).read_bytes() == undisturbed
    repeated = len(graded(out)) - len(set(graded(out)))
    assert repeated <= 2 * KILLS  # of each killed run what its two workers had just finished


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser starts processes under another user's id")
def test_what_a_killed_run_has_left_is_ended_before_its_ids_are_used_again(tmp_path: Path):
    user = LAST_USER - EACH + 1
    ignores = ["setsid", "sh", "-c", "trap '' TERM HUP; sleep 600 & wait"]
    orphan = subprocess.Popen(ignores, user=user, cwd="/")
    other = subprocess.Popen(["sleep", "600"], user=user - EACH, cwd="/")
    gone = subprocess.Popen(["true"], start_new_session=True)
    try:
        with leftovers.told(tmp_path, 3) as record:
            leftovers.note_users(record, (user, None, user + 1))
            leftovers.note_folder(record, tmp_path / "elsewhere")
            path = next(tmp_path.iterdir())
            told = path.read_text()
        path.write_text(told.replace(str(os.getpid()), str(gone.pid)) + '{"users": [610')
        gone.wait()
        assert leftovers.end_all(tmp_path) >= 1
        assert orphan.wait(5) == -signal.SIGKILL
        assert other.poll() is None
        assert not path.exists()
    finally:
        for process in (orphan, other):
            process.kill()
            process.wait()


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser starts processes under another user's id")
def test_ids_that_another_runner_owns_now_are_left_to_it(tmp_path: Path):
    user = FIRST_USER + EACH * 1490
    owned = claim(user)
    assert owned is not None
    process = subprocess.Popen(["sleep", "600"], user=user, cwd="/")
    try:
        with leftovers.told(tmp_path, 3) as record:
            leftovers.note_users(record, (user,))
            path = next(tmp_path.iterdir())
            told = path.read_text()
        path.write_text(told.replace(str(os.getpid()), "999999999"))
        assert leftovers.end_all(tmp_path) == 0
        assert process.poll() is None
    finally:
        owned.close()
        process.kill()
        process.wait()


def test_the_hash_of_a_submission_is_that_of_all_its_files(tmp_path: Path):
    folder = tmp_path / "one"
    folder.mkdir()
    hashes = [fingerprint.of_submission(folder)]
    for change in (
        lambda: (folder / "a.py").write_text("x = 1"),
        lambda: (folder / "a.py").write_text("x = 2"),
        lambda: (folder / "a.py").rename(folder / "b.py"),
        lambda: (folder / "c.py").symlink_to("b.py"),
        lambda: (folder / "deeper").mkdir(),
        lambda: (folder / "b.py").rename(folder / "deeper" / "b.py"),
    ):
        change()
        hashes.append(fingerprint.of_submission(folder))
    assert len(set(hashes)) == len(hashes)
    assert fingerprint.of_submission(folder) == hashes[-1]


def test_what_is_graded_counts_beside_more_files_than_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fingerprint, "MOST_ENTRIES", 20)
    for name in ("src", *(f".git/{number}" for number in range(20))):  # a grading does not look into that
        (tmp_path / name).mkdir(parents=True)
    hashes = set()
    for text in ("x = 1", "x = 2"):
        (tmp_path / "src" / "hw5_gan.py").write_text(text)
        hashes.add(fingerprint.of_submission(tmp_path))
    assert len(hashes) == 2


def test_of_an_archive_all_counts_that_may_be_unpacked(tmp_path: Path):
    hashes = set()
    for last in (b"a", b"b"):
        with (tmp_path / "one.zip").open("wb") as file:
            file.seek(200 * 2**20)
            file.write(last)
        hashes.add(fingerprint.of_submission(tmp_path))
    assert len(hashes) == 2
