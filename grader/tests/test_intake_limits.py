"""What the runner takes in and under which user ids and environments it starts others, at the limits of each."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path, PurePosixPath

import pytest

from grader.messages import Unpacked, UnpackOrder
from grader.project import ROOT
from grader.run import archives, intake, server, users
from grader.run.intake import LARGEST_SOURCE, MOST_NOTES, Intake


def test_the_first_notes_are_kept_once():
    one = Intake()
    for k in range(MOST_NOTES + 3):
        one.note(f"note {k}")
        one.note("note 0")
    assert one.notes == [f"note {k}" for k in range(MOST_NOTES)]
    assert MOST_NOTES == 12


@pytest.mark.parametrize(
    ("size", "problem"),
    [
        (LARGEST_SOURCE, ""),
        (LARGEST_SOURCE + 1, "b.py has more than 1 MB; it may have 1 MB. Is it?"),
        (2 * LARGEST_SOURCE - 1, "b.py has more than 1 MB; it may have 1 MB. Is it?"),
        (2 * LARGEST_SOURCE, "b.py has 2 MB; it may have 1 MB. Is it?"),
        (None, "b.py cannot be read. Is it?"),
    ],
)
def test_a_file_of_the_largest_size_is_copied_and_one_byte_more_is_not(tmp_path: Path, size: int | None, problem: str):
    if size is not None:
        (tmp_path / "a.py").touch()
        os.truncate(tmp_path / "a.py", size)
    assert LARGEST_SOURCE == 2**20
    assert intake._copy(tmp_path / "a.py", tmp_path / "new" / "b.py", LARGEST_SOURCE, "Is it?") == problem
    assert (tmp_path / "new" / "b.py").exists() == (not problem)
    if not problem:
        assert (tmp_path / "new" / "b.py").stat().st_mode & 0o777 == 0o644


def test_a_file_in_the_place_of_a_folder_is_not_overwritten(tmp_path: Path):
    (tmp_path / "a.py").touch()
    assert intake._copy(tmp_path / "a.py", tmp_path / "a.py" / "b.py", 10) == "b.py cannot be copied."
    os.mkfifo(tmp_path / "pipe")
    assert intake._copy(tmp_path / "pipe", tmp_path / "c", 10) == "c is not a regular file."


COME_ALONG = [
    *(
        "layers.py",
        "own/layers.py",
        "a/b/c.json",
        "settings.yaml",
        "my-settings.toml",
        "own/random.py",
        "own/tests/x.py",
    )
]
STAY = [
    *("my-module.py", "own-package/layers.py", "hw5_utils.py", "hw5_gan.py", "own/hw5_gan.py", "conftest.py"),
    *("own/setup.py", "random.py", "random.json", "json/x.py", "tests/x.py", "grader/x.py", "reference/x.txt"),
]


def test_what_comes_along_beside_a_module():
    assert [path for path in COME_ALONG + STAY if intake._travels(PurePosixPath(path))] == COME_ALONG


def test_folders_are_looked_into_to_a_depth_and_files_to_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    deep = tmp_path
    for k in range(intake.DEEPEST + 1):
        (deep / f"f{k}.py").touch()
        deep = deep / "d"
        deep.mkdir()
    for name in ("__MACOSX", ".hidden", "venv", "own/lib"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "inside.py").touch()
    (tmp_path / "own" / "pyvenv.cfg").touch()
    (tmp_path / "picture.png").touch()
    (tmp_path / "._f0.py").touch()
    one = Intake()
    found = intake.listing(tmp_path, PurePosixPath("zip"), one)
    assert [str(file.known_as) for file in found] == ["zip/" + "d/" * k + f"f{k}.py" for k in range(intake.DEEPEST)]
    assert one.notes == []
    more = "More than 36 files: beyond these only names of the handout's files were looked for."
    for limit, files, notes in ((37, intake.DEEPEST, []), (36, intake.DEEPEST - 1, [more])):
        monkeypatch.setattr(intake, "MOST_ENTRIES", limit)
        one = Intake()
        assert len(intake.listing(tmp_path, PurePosixPath(), one)) == files
        assert one.notes == notes


def test_the_bench_has_an_environment_of_its_own(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server.sys, "prefix", "/python")
    assert server.environment(Path("/home/run")) == {
        "PATH": "/usr/bin:/bin", "HOME": "/home/run", "LANG": "C.UTF-8", "USER": "student", "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "", "MPLBACKEND": "Agg", "MPLCONFIGDIR": "/python/matplotlib",
        "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20), "MALLOC_TRIM_THRESHOLD_": str(128 * 2**20),
    }  # fmt: skip


class Started:
    """Takes the place of a process: how it was started, and its exit code."""

    def __init__(self, code: int = 0, late: bool = False) -> None:
        self.returncode, self.late, self.killed = code, late, False

    def __call__(self, command: list[str], **settings: object) -> Started:
        self.command, self.settings = command, settings
        return self

    def communicate(self, timeout: float | None = None) -> tuple[None, bytes]:
        if self.late and not self.killed:
            raise archives.subprocess.TimeoutExpired(self.command, timeout or 0)
        return None, b""

    def kill(self) -> None:
        self.killed = True


def test_the_bench_server_is_started_with_what_is_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    started = Started()
    monkeypatch.setattr(server.subprocess, "Popen", started)
    one = server.Server(tmp_path / "log", frozenset({"seccomp", "landlock"}))
    assert started.command[1:3] == ["-m", "grader.bench.server"]
    assert started.command[4:] == ["landlock", "seccomp"]
    assert started.settings["pass_fds"] == [int(started.command[3])]
    assert (started.settings["cwd"], started.settings["env"]) == (ROOT, server.environment(tmp_path))
    assert started.settings["stdin"] == server.subprocess.DEVNULL
    assert started.settings["stdout"] is started.settings["stderr"]
    assert (one.ready, one.reachable, one.hosts, one.log) == (False, False, [], tmp_path / "log")
    one.control.close()


HAND_IN = " Hand in hw5_gan.py and hw5_diffusion.py, as they are or in a zip."


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (Unpacked.NO_ARCHIVE, "'a' is not a zip archive that can be opened: it is damaged, or of another kind."),
        (Unpacked.ENCRYPTED, "'a' is locked with a password, and cannot be opened."),
        (Unpacked.TOO_LARGE, "The archive is too large, or holds too many files. Hand in only your .py files."),
        (Unpacked.RAR, "'a' is a RAR archive, which is not unpacked."),
        (Unpacked.SEVEN_ZIP, "'a' is a 7-Zip archive, which is not unpacked."),
        (Unpacked.ANOTHER_KIND, "'a' is an archive of a kind that is not unpacked."),
        (-9, "The archive cannot be unpacked."),
    ],
)
def test_why_an_archive_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, said: str):
    monkeypatch.setattr(archives.subprocess, "Popen", Started(code))
    (tmp_path / "a.zip").touch()
    with pytest.raises(archives.UnreadableArchive) as error:
        archives.unpack(tmp_path / "a.zip", tmp_path / "out", None, "'a'")
    assert str(error.value) == said + HAND_IN


def test_an_archive_that_takes_too_long_or_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    slow = Started(late=True)
    monkeypatch.setattr(archives.subprocess, "Popen", slow)
    (tmp_path / "a.zip").touch()
    with pytest.raises(archives.UnreadableArchive, match=r"^The archive takes too long to unpack\.$"):
        archives.unpack(tmp_path / "a.zip", tmp_path / "out", None)
    assert slow.killed
    with pytest.raises(archives.UnreadableArchive, match=r"^The file handed in cannot be read\.$"):
        archives.unpack(tmp_path / "b.zip", tmp_path / "other", None)


def test_an_archive_is_opened_by_a_process_without_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    started = Started()
    monkeypatch.setattr(archives.subprocess, "Popen", started)
    (tmp_path / "aé.zip").touch()
    assert archives.unpack(tmp_path / "aé.zip", tmp_path / "out", None) == tmp_path / "out"
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o700
    assert started.command[1:3] == ["-m", "grader.bench.unpack"]
    order = archives.msgspec.json.decode(started.command[3], type=UnpackOrder)
    assert order == UnpackOrder(str(tmp_path / "out"), None, archives.WANTED, "a\ufffd\ufffd.zip")
    assert started.settings["env"] == {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


def test_runners_of_different_slots_begin_at_different_ids(monkeypatch: pytest.MonkeyPatch):
    asked: list[int] = []

    def claim(first: int) -> tuple[None, tuple[int, ...]]:
        asked.append(first)
        return None, tuple(range(first, first + users.EACH))

    monkeypatch.setattr(users, "claim_users", claim)
    monkeypatch.setattr(users.os, "geteuid", lambda: 0)
    each = users.EACH
    for slot, group in ((0, 0), (1, 400), (3, 1200), (4, 100)):
        asked.clear()
        got = [one.ids[0] for one in islice(users.identities(slot), 3)]
        assert asked == got == [61_000 + each * (group + k) for k in range(3)]
    monkeypatch.setattr(users.os, "geteuid", lambda: 1)
    assert next(users.identities(0)) == users.Identities((None,) * each)
    assert 61_000 + 1500 * each - 1 == users.LAST_USER


def test_ids_of_accounts_and_of_running_processes_are_passed_over(monkeypatch: pytest.MonkeyPatch):
    class Process:
        def __init__(self, user: int) -> None:
            self.user = user

    first, each = users.LAST_USER - 3 * users.EACH + 1, users.EACH
    monkeypatch.setattr(users.processes, "all_processes", lambda: [Process(first + each - 1)])
    monkeypatch.setattr(users, "_has_account", lambda user: user == first + 2 * each - 1)
    claim, own = users.claim_users(first)
    with claim:
        assert own == tuple(range(first + 2 * each, first + 3 * each))
        assert [users.claimed(one) for one in (own[0], own[-1], own[0] - 1)] == [True, True, False]
        other, again = users.claim_users(first + 2 * each)
        with other:
            assert again == tuple(range(users.FIRST_USER, users.FIRST_USER + each))
    assert not users.claimed(own[0])
    monkeypatch.setattr(users, "_has_account", lambda user: True)
    with pytest.raises(RuntimeError, match=f"no user id from 61000 to {users.LAST_USER} is free"):
        users.claim_users(first)
