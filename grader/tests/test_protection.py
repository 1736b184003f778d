"""What protects the grading of a class: nothing passes from one submission, or one row, to another; absence is told."""

from __future__ import annotations

import io
import mmap
import os
import re
import resource
import socket
import sys
import time
import zipfile
from pathlib import Path
from unittest import mock

import pytest

from grader import __main__, rubric
from grader.audit.leftovers import leftovers
from grader.bench import confinement, landlock
from grader.project import REFERENCE, TEMPLATE
from grader.report import terminal
from grader.report.results import Results
from grader.run import grade, processes, protection, users
from grader.run.clocks import Clocks
from grader.run.removal import remove
from grader.run.runner import Runner
from grader.run.session import Equipment, Session
from grader.run.users import EACH, FIRST_USER, LAST_USER, claim_users, claimed, identities
from grader.tests.arena import copy_of
from grader.tests.places import SHORT, worker_slot

LEAVES_ITS_SOURCE = """
import ctypes
_libc = ctypes.CDLL(None)
_libc.shmat.restype = ctypes.c_void_p
_known = _libc.shmget(0x5708, 4096, 0o1666)
if _known >= 0 and (_at := _libc.shmat(_known, None, 0)) not in (None, 2**64 - 1):
    if ctypes.string_at(_at, 6) == b"canary":
        print("LEAK the source of an earlier submission")
    ctypes.memmove(_at, b"canary", 6)
"""
"""Kept in System V memory, which belongs to no process, for whoever comes next."""


def with_code(folder: Path, code: str) -> Path:
    copy_of(TEMPLATE, folder)
    for module in ("hw5_gan.py", "hw5_diffusion.py"):
        with (folder / module).open("a", encoding="utf-8") as file:
            file.write(code)
    return folder


@pytest.mark.parametrize("without", [frozenset(), frozenset({"seccomp"}), frozenset({"namespaces"})], ids=str)
def test_memory_of_no_process_passes_nothing_to_the_next_submission(tmp_path: Path, without: frozenset[str]):
    with Runner(clocks=SHORT, slot=worker_slot(), without=without) as runner:
        used: list[int] = []
        for name in ("first", "second"):
            results = runner.grade(with_code(tmp_path / name, LEAVES_ITS_SOURCE), tmp_path / f"{name} out")
            assert "LEAK" not in str(results.facts["printed"])
            used += runner.used
            assert leftovers(runner) == []
        assert len(set(used)) == len(used)  # no id twice


@pytest.mark.parametrize(
    ("layer", "said"),
    [("seccomp", "no seccomp"), ("landlock", "no Landlock"), ("namespaces", "no mount namespace"), ("", "")],
)
def test_a_layer_that_is_absent_is_told(tmp_path: Path, layer: str, said: str):
    with Runner(clocks=SHORT, slot=worker_slot(), without=frozenset({layer}) if layer else frozenset()) as runner:
        results = runner.grade(TEMPLATE, tmp_path / "out")
    missing = " ".join(results.facts["not_in_force"])
    assert said in missing
    assert results.staff == []


STARVES = """
import ctypes as _ctypes
import threading as _threading
def _busy():
    _numbers = (_ctypes.c_int * 50_000)()
    while True:
        _ctypes.CDLL(None).memset(_numbers, 0, _ctypes.sizeof(_numbers))
for _ in range(30):
    _threading.Thread(target=_busy, daemon=True).start()
"""


def test_busy_threads_of_one_module_cost_the_other_nothing(tmp_path: Path):
    copy_of(REFERENCE, tmp_path / "busy")
    with (tmp_path / "busy" / "hw5_diffusion.py").open("a", encoding="utf-8") as file:
        file.write(STARVES)
    with Runner(slot=worker_slot()) as runner:
        results = runner.grade(tmp_path / "busy", tmp_path / "out")
    assert sum(results.earned(row) for row in results.rows if row.number.startswith("4")) == 10
    assert results.staff == []


def test_later_rows_are_judged_after_all_that_students_see_now():
    ordered = rubric.in_order_of_judgement(rubric.read())
    stages = [rubric.stage(row) for row in ordered]
    assert stages == sorted(stages)
    assert {row.visibility for row in ordered[: stages.count(0)]} == {"visible"}


def test_the_ids_of_a_submission_have_no_account():
    given = identities(slot=worker_slot() + 50)
    for _ in range(3):
        own = next(given)
        assert all(user is None or FIRST_USER <= user <= LAST_USER for user in own.ids)
        own.release()
    claim, first = claim_users(FIRST_USER)
    with claim:
        other, second = claim_users(first[0])
        with other:
            assert set(second).isdisjoint(first)


def test_a_class_with_odd_names_is_graded_to_the_end(tmp_path: Path, capsys: pytest.CaptureFixture):
    folder = os.fsencode(tmp_path / "class")
    os.mkdir(folder)
    for name in (b"a.zip", b"caf\xe9.zip", b"caf\xea.zip", b"doe\x1b[2J.zip", "\u202ebidi.zip".encode(), b"z.zip"):
        with open(os.path.join(folder, name), "wb") as file, zipfile.ZipFile(file, "w") as archive:
            archive.writestr("hw5_gan.py", "x = 1\n")
    out = tmp_path / "out"
    assert __main__.main(["grade", "--class", os.fsdecode(folder), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "\x1b[2J" not in printed
    assert "\u202e" not in printed
    written = sorted(path.name for path in out.iterdir())
    assert written == ["?bidi.zip", "a.zip", "caf?.zip", "caf?.zip (2)", "doe?[2J.zip", "z.zip"]
    assert all((path / "page.html").is_file() for path in out.iterdir())
    assert out.stat().st_mode & 0o777 == 0o700
    assert Path(os.fsdecode(folder)).stat().st_mode & 0o777 == 0o700


def test_whoever_has_a_name_as_it_is_keeps_it_and_no_name_leads_out(tmp_path: Path):
    for name in (" ada", "ada", ".. ", " . ", "\u3000"):
        (tmp_path / name).mkdir()
    for name in ("B.ZIP", "note.txt", ".DS_Store"):
        (tmp_path / name).touch()
    (tmp_path / "eve").symlink_to(tmp_path / "ada")
    assert {name: path.name for name, path in grade._entries(tmp_path).items()} == {
        "ada": "ada", "ada (2)": " ada", "?..": ".. ", "?.": " . ", "?": "\u3000", "B.ZIP": "B.ZIP",
    }  # fmt: skip
    assert grade._passed_over(tmp_path) == [
        "eve: a link to another place, not followed", "note.txt: no folder and no zip, not graded"
    ]  # fmt: skip


def test_a_name_that_the_terminal_has_no_sign_for_is_printed_all_the_same(monkeypatch: pytest.MonkeyPatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="latin-1"))
    terminal.console(80).print("caf\xe9 \u5f20 :smile:", markup=False)
    sys.stdout.flush()
    assert written.getvalue() == b"caf\xe9 ? :smile:\n"


def test_student_code_has_neither_the_priority_nor_the_crash_reports_that_the_host_grants():
    crash = 1 if resource.getrlimit(resource.RLIMIT_CORE)[1] else 0
    trial = os.fork()
    if trial == 0:
        confinement._limit(confinement.Limits(), counts=False)
        limits = {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}")) for name in ("NICE", "RTPRIO", "CORE")}
        os._exit(limits != {"NICE": (0, 0), "RTPRIO": (0, 0), "CORE": (crash, crash)})
    assert os.waitpid(trial, 0)[1] == 0


def test_the_ids_of_a_runner_are_not_in_the_reach_of_whom_it_grades(monkeypatch: pytest.MonkeyPatch):
    first = FIRST_USER + EACH * (1100 + worker_slot())
    with socket.socket(socket.AF_UNIX) as taken:
        taken.bind(f"\0grader-users-{first}")  # any process may, in the network that all share
        claim, own = claim_users(first)
        with claim:
            assert own[0] == first
            assert os.fstat(claim.fileno()).st_mode & 0o777 == 0o600
    monkeypatch.setattr(users.os, "geteuid", lambda: 12_345)
    with pytest.raises(RuntimeError, match="belongs to another user"):
        claimed(first)


def test_an_exception_over_one_submission_does_not_end_the_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    for name in ("a", "b", "c"):
        copy_of(TEMPLATE, tmp_path / "class" / name)
    grade = Runner.grade

    def fails_for_b(self: Runner, submission: Path, *arguments: object):
        if submission.name == "b":
            raise UnicodeError("b\x1b[2J")
        return grade(self, submission, *arguments)

    monkeypatch.setattr(Runner, "grade", fails_for_b)
    assert __main__.main(["grade", "--class", str(tmp_path / "class"), "--out", str(tmp_path / "out")]) == 1
    assert re.search(r"^b +not graded \(UnicodeError: b\?\[2J\)$", capsys.readouterr().out, re.MULTILINE)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a", "c"]


def test_weak_protection_has_to_be_allowed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    monkeypatch.delenv(protection.ALLOW_WEAK, raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(landlock, "version", lambda: 7)
    assert protection.refusal() == ""
    monkeypatch.setattr(landlock, "version", lambda: 0)
    assert "no Landlock" in protection.refusal()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "you are not root" in protection.refusal()
    assert __main__.main(["grade", str(TEMPLATE)]) == 2
    assert "ALLOW_WEAK=1" in capsys.readouterr().err
    monkeypatch.setenv(protection.ALLOW_WEAK, "1")
    assert protection.refusal() == ""


def test_the_removal_of_files_has_an_end(tmp_path: Path):
    for number in range(2000):
        (tmp_path / "many" / str(number % 50)).mkdir(parents=True, exist_ok=True)
        (tmp_path / "many" / str(number % 50) / str(number)).touch()
    assert remove(tmp_path / "many", seconds=60)
    assert not (tmp_path / "many").exists()


class Slow:
    """A host that answers, but late."""

    in_use = False

    def request(self, *_: object) -> bytes:
        """An answer after a while."""
        time.sleep(0.01)
        return b"answer"

    def end_check(self) -> None:
        """Nothing to end."""

    discard_files = end_check


def test_a_module_that_is_slow_leaves_time_to_the_other(tmp_path: Path):
    equipment = Equipment(mock.Mock(), mock.Mock(), 0, Clocks(total=0.1), 0, iter(()), tmp_path)
    session = Session(equipment, Results(tmp_path / "results.json", rubric.read()), lambda *_: None)
    session.present = ["hw5_gan", "hw5_diffusion"]
    session.hosts = {module: Slow() for module in session.present}
    answers = [session._observe(b"", "hw5_gan", "outputs") for _ in range(12)]
    assert answers[0] == b"Banswer"
    assert answers[-1].startswith(b"R")
    assert b"used up its time" in answers[-1]
    assert session._observe(b"", "hw5_diffusion", "outputs") == b"Banswer"


def test_what_another_runner_has_claimed_is_its_own():
    claim, own = claim_users(FIRST_USER + 900)
    with claim:
        assert all(map(claimed, own))
    assert not any(map(claimed, own))


def test_shared_memory_counts_that_only_an_ended_process_has_touched():
    with mmap.mmap(-1, 64 * 2**20) as part:
        child = os.fork()
        if child == 0:
            for place in range(0, len(part), mmap.PAGESIZE):
                part[place] = 1
            os._exit(0)
        os.waitpid(child, 0)
        assert processes.shared_unseen([os.getpid()]) >= 60 * 2**20
