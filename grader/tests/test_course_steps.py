"""The steps of a class one by one: what is shown of it, kept of it, sent of it and noted of it, at each limit."""

from __future__ import annotations

import argparse
import io
import os
import shlex
import signal
import stat
import threading
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from grader.course import bench, command, engine, fingerprint, machines, words
from grader.course.bench import Bench, NotGraded, Task
from grader.course.entries import Entry, Person
from grader.course.journal import Check, Journal, Key, file_system
from grader.course.outcome import Graded, Judgement
from grader.course.progress import Shown
from grader.errors import CourseError, ProtectionError, SubmissionError
from grader.project import ROOT
from grader.run.users import EACH, FIRST_USER, LAST_USER
from grader.tests.a_worker import outcome


def task(name: str, place: Path = Path()) -> Task:
    return Task(name, "", place)


def test_a_log_has_a_line_for_each_submission_and_a_terminal_one_for_each_failure():
    log = Console(file=io.StringIO(), width=100)
    with Shown(log, 7, 2) as shown:
        for name, reason in (("a[b]", ""), ("c", "It failed.")):
            shown.began(task(name))
            shown.ended(task(name), reason)
        lost = msgspec.json.decode(outcome(1.0), type=Graded)
        lost.checks["biases_start_at_zero"] = Judgement(
            "failed", 0.5, "Yours:          1\nLikely mistake: They are ones."
        )
        for name, one in (("d", outcome(1.0)), ("e", msgspec.json.encode(lost))):
            shown.began(task(name))
            shown.ended(task(name), "", one)
    assert log.file.getvalue() == (  # type: ignore[attr-defined]
        "3 of 7: a[b]: graded\n4 of 7: c: It failed.\n5 of 7: d: 20 of 20 points  all checks pass\n"
        "6 of 7: e: 19.75 of 20 points  4.3 failed: They are ones.\n"
    )
    terminal = Console(file=io.StringIO(), width=100, force_terminal=True)
    with Shown(terminal, 7, 2) as shown:
        (bar,) = shown.line.tasks
        assert (bar.total, bar.completed) == (7, 2)
        for name in "abcdef":
            shown.began(task(name))
        assert shown.line.tasks[0].description == "a, b, c, d and 2 more"
        shown.ended(task("b"), "It failed.")
        assert (shown.line.tasks[0].description, shown.line.tasks[0].completed) == (
            "1 failed; a, c, d, e and 1 more",
            3,
        )
        shown.ended(task("a"), "")
        assert shown.line.tasks[0].description == "1 failed; c, d, e, f"
    text = terminal.file.getvalue()  # type: ignore[attr-defined]
    assert "3 of 7: b: It failed." in text
    assert "a: graded" not in text


@pytest.mark.parametrize(
    ("shard", "names"), [("1/1", "abcde"), ("1/2", "ace"), ("2/2", "bd"), ("3/3", "c"), ("7/9", "")]
)
def test_a_part_takes_every_nth_submission(shard: str, names: str):
    assert [one.entry for one in engine.part([task(name) for name in "abcde"], shard)] == list(names)


@pytest.mark.parametrize("shard", ["0/2", "3/2", "x/2", "1/", "1", "/2", "-1/2", "1/2/3"])
def test_what_is_no_part_is_refused(shard: str):
    with pytest.raises(CourseError, match=f"^{shard} is no part of a class: write 3/8 for the third of eight.$"):
        engine.part([], shard)


def test_a_journal_gives_back_what_it_was_given_and_takes_over_another_s(tmp_path: Path):
    key = Key("a", "f", "g", 1)
    others = [Key("b", "f", "g", 1), Key("a", "e", "g", 1), Key("a", "f", "h", 1), Key("a", "f", "g", 2)]
    with Journal(tmp_path / "one") as one:
        assert (one.written(), one.remark, one.has(key), one.get(key)) == ("", "", False, None)
        one.add(key, b"x" * 1000)
        assert (one.has(key), one.get(key)) == (True, b"x" * 1000)
        assert [(one.has(other), one.get(other)) for other in others] == [(False, None)] * 4
        one.add(key, b"y")
        checks = [Check("loss", "4.4", 1.0, "x"), Check("noise", "5.2", 0.5, "y")]
        one.set_written("g", checks)
        one.set_written("h", [])
        one.set_written("g", checks[1:])
        one.set_written("h", checks)
        assert (one.get(key), one.written()) == (b"y", "h")
        assert (one.checks_of("g"), one.checks_of("h"), one.checks_of("i")) == (checks[1:], checks, [])
        assert stat.S_IMODE(one.path.stat().st_mode) == 0o600
    with Journal(tmp_path / "two") as two:
        two.add(key, b"z")
        two.add(others[0], b"w")
        assert two.take_over(tmp_path / "one") == 1
        assert (two.get(key), two.get(others[0]), two.written()) == (b"y", b"w", "")
        with pytest.raises(CourseError, match=r"nothing has no journal\."):
            two.take_over(tmp_path / "nothing")
        (tmp_path / "text").write_text("no journal at all, but long enough for a header" * 30)
        with pytest.raises(CourseError, match=r"text is no journal \("):
            two.take_over(tmp_path / "text")


def test_a_damaged_journal_is_told_and_lets_go_of_its_folder(tmp_path: Path):
    with Journal(tmp_path) as one:
        path = one.path
    path.write_bytes(b"not a data base" * 1000)
    for _ in range(2):
        with pytest.raises(CourseError, match=r"cannot be used \(.*\): move it away to grade anew\."):
            Journal(tmp_path)


def test_the_file_system_is_that_of_the_nearest_mount(tmp_path: Path):
    (tmp_path / "a b" / "c").mkdir(parents=True)
    root = str(tmp_path).replace(" ", "\\040")
    lines = ["1 2 0:1 / / rw - ext4 x y", f"1 2 0:1 / {root}/a\\040b rw shared:1 - nfs4 x y", "short - x", "no dash",
             f"1 2 0:1 / {root}/a rw - fuse.sshfs x y"]  # fmt: skip
    (tmp_path / "mounts").write_text("\n".join(lines))
    assert file_system(tmp_path / "a b" / "c", tmp_path / "mounts") == "nfs4"
    assert file_system(tmp_path / "a", tmp_path / "mounts") == "fuse.sshfs"
    assert file_system(tmp_path, tmp_path / "mounts") == "ext4"
    assert file_system(tmp_path, tmp_path / "nothing") == ""


def test_files_are_packed_up_to_the_largest_submission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert machines.LARGEST_SUBMISSION == 209_715_200
    (tmp_path / "one" / "deep").mkdir(parents=True)
    (tmp_path / "one" / "a.py").write_bytes(b"12345")
    (tmp_path / "one" / "deep" / "b.py").write_bytes(b"678")
    (tmp_path / "two.zip").write_bytes(b"PK12")
    monkeypatch.setattr(machines, "LARGEST_SUBMISSION", 8)
    packed = msgspec.msgpack.decode(machines.pack(Task("key", "x", tmp_path / "one", 5)), type=machines.Packed)
    assert packed == machines.Packed("key", 5, {"a.py": b"12345", "deep/b.py": b"678"}, single=False)
    single = msgspec.msgpack.decode(machines.pack(task("key", tmp_path / "two.zip")), type=machines.Packed)
    assert single == machines.Packed("key", 0, {"two.zip": b"PK12"}, single=True)
    monkeypatch.setattr(machines, "LARGEST_SUBMISSION", 7)
    with pytest.raises(NotGraded, match=r"^It has more than 0 MB: too large to be sent\.$"):
        machines.pack(task("key", tmp_path / "one"))
    monkeypatch.setattr(machines, "LARGEST_SUBMISSION", 3 * 2**20)
    os.truncate(tmp_path / "two.zip", 3 * 2**20 + 1)
    with pytest.raises(NotGraded, match="more than 3 MB"):
        machines.pack(task("key", tmp_path / "two.zip"))


def test_every_change_of_a_file_changes_the_name_of_a_submission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def named() -> str:
        return fingerprint.of_submission(tmp_path / "one")

    (tmp_path / "one" / "deep").mkdir(parents=True)
    source = tmp_path / "one" / "deep" / "a.py"
    seen = [named()]
    for change in (source.touch, lambda: source.write_bytes(b"x"), lambda: source.write_bytes(b"y"),
                   lambda: source.rename(source.with_name("b.py")), lambda: source.symlink_to("b.py")):  # fmt: skip
        change()
        seen.append(named())
    assert len(set(seen)) == 6
    assert all(len(one) == 64 for one in seen)
    assert named() == seen[-1]
    assert fingerprint.of_submission(tmp_path / "one" / "deep" / "b.py") != fingerprint.of_submission(tmp_path / "gone")
    monkeypatch.setattr(fingerprint, "LARGEST_READ", 3)
    big = tmp_path / "one" / "deep" / "b.py"
    names = []
    for content in (b"1234", b"1235", b"1245"):
        big.write_bytes(content)
        names.append(named())
    assert (names[0] == names[1], names[1] == names[2]) == (True, False)


class Lost:
    """A worker that ends without an answer, and remembers how it was started."""

    def __init__(self, code: int) -> None:
        self.code, self.pid = code, 2**30
        self.started: list[tuple[list[str], dict[str, object]]] = []

    def __call__(self, command: list[str], **settings: object) -> Lost:
        self.started.append((command, settings))
        return self

    def wait(self, timeout: float | None = None) -> int:
        return self.code


@pytest.mark.parametrize(
    ("code", "said"), [(-9, "was ended by SIGKILL"), (3, "ended with exit code 3"), (0, "ended with exit code 0")]
)
def test_a_submission_wears_out_three_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, said: str):
    lost = Lost(code)
    monkeypatch.setattr(bench.subprocess, "Popen", lost)
    with Bench(tmp_path, 7) as one, pytest.raises(NotGraded, match=rf"^The grader's process {said}, 3 times\.$"):
        one(task("a", tmp_path))
    assert len(lost.started) == 3
    asked, settings = lost.started[0]
    assert asked[1:3] == ["-m", "grader.course.worker"]
    assert asked[4:] == ["7", str(tmp_path)]
    assert settings["pass_fds"] == [int(asked[3])]
    assert (settings["cwd"], settings["start_new_session"]) == (ROOT, True)
    assert settings["stdin"] == settings["stdout"] == bench.subprocess.DEVNULL


def test_where_results_may_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def options(out: str) -> argparse.Namespace:
        return argparse.Namespace(submissions=tmp_path / "class", out=tmp_path / out)

    monkeypatch.setattr(command.protection, "refusal", lambda: "Too weak.")
    with pytest.raises(SubmissionError, match=r"class does not exist\."):
        command.prepare(options("out"), runs_here=False)
    (tmp_path / "class").mkdir()
    for inside in ("class", "class/out", "class/../class/x"):
        with pytest.raises(CourseError, match=r"lies in the folder of the class: name another OUT\."):
            command.prepare(options(inside), runs_here=False)
    with pytest.raises(ProtectionError, match=r"^Too weak\.$"):
        command.prepare(options("out"), runs_here=True)
    assert not (tmp_path / "out").exists()
    command.prepare(options("out"), runs_here=False)
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700


@pytest.mark.parametrize(("processors", "memories", "fit"), [(8, 3, 3), (2, 9, 2), (8, 0, 1), (8, 2.9, 2)])
def test_as_many_are_graded_as_processors_and_memory_allow(
    monkeypatch: pytest.MonkeyPatch, processors: int, memories: float, fit: int
):
    each = max(command.memory.OF_GRADING.values()) + command.Clocks.memory
    monkeypatch.setattr(command.os, "sched_getaffinity", lambda of: set(range(processors)))
    monkeypatch.setattr(command.memory, "size_of_container", lambda: int(memories * each))
    assert command.as_many_as_fit() == fit


def test_each_submission_that_is_there_is_a_task(tmp_path: Path):
    (tmp_path / "a.zip").write_bytes(b"PK")
    entries = [Entry("a", "a.zip", tmp_path / "a.zip", (Person("A"),)), Entry("b", "b", None)]
    name = fingerprint.of_submission(tmp_path / "a.zip")
    assert command.tasks_of(entries) == [Task("a", name, tmp_path / "a.zip", 0)]
    assert command.tasks_of(entries, 3) == [Task("a", name, tmp_path / "a.zip", 3)]


def test_the_first_signal_stops_and_the_second_interrupts():
    console, stop = Console(file=io.StringIO(), width=100), threading.Event()
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    with command.stopped_by_signals(stop, console):
        signal.raise_signal(signal.SIGTERM)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before
    assert console.file.getvalue() == "Stopping: what is being graded is finished first.\n"  # type: ignore[attr-defined]


def test_the_results_of_one_class_give_way_to_no_other(tmp_path: Path):
    """The same class under another name, with others who have handed in since, is the same."""

    def opened(folder: str, *names: str) -> list[str]:
        for name in names:
            (tmp_path / folder / name).mkdir(parents=True)
        asked = argparse.Namespace(submissions=tmp_path / folder, out=tmp_path / "out", layout="", roster=None)
        return [one.key for one in command.opened(asked, journal).entries]

    with Journal(tmp_path / "out") as journal:
        assert opened("class", "ada", "bob") == ["ada", "bob"]
        journal.add(Key("ada", "f", "g", 0), b"x")
        assert journal.entries() == {"ada"}
        assert opened("later", "ada", "eve") == ["ada", "eve"]
        with pytest.raises(CourseError, match=r"out holds the results of another class: name another OUT for this one"):
            opened("other", "eve", "zoe")


@pytest.mark.parametrize(
    ("shown", "known", "said"),
    [
        ("", "", ""),
        ("now", "", ""),
        ("before", "", "all are"),
        ("before", "a", "1 is"),
        ("before", "ab", ""),
        ("older", "", ""),
    ],
)
def test_another_grader_is_told_before_it_grades_anew(tmp_path: Path, shown: str, known: str, said: str):
    console = Console(file=io.StringIO(), width=30)
    with Journal(tmp_path) as journal:
        journal.set_written(shown, [])
        for entry, grader in [("a", "before"), ("b", "before"), *((one, "now") for one in known)]:
            journal.add(Key(entry, "", grader, 0), b"x")
        words.of_another_grader(console, journal, [task("a"), task("b"), task("c")], "now")
    told = f"The grader has changed since: {said} graded anew; `make regrade` shows first who moves.\n"
    assert console.file.getvalue() == (told if said else "")  # type: ignore[attr-defined]


def test_what_goes_on_after_an_interruption_can_be_copied(monkeypatch: pytest.MonkeyPatch):
    given = ["class", "my class.zip", "--out", "x" * 200]
    monkeypatch.setattr(words.sys, "argv", ["__main__.py", *given])
    console = Console(file=io.StringIO(), width=60)
    words.how_to_go_on(console)
    said = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert shlex.split(said[-1]) == [words.sys.executable, "-m", "grader", *given]
    assert len(said) == 2


def test_runs_of_one_machine_do_not_share_their_ids():
    assert (command.FIRST_SLOT, machines.FIRST_SLOT, command.INTERRUPTED) == (40, 100, 130)
    assert EACH * 1500 == LAST_USER + 1 - FIRST_USER
