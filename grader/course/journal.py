"""What has been graded, on the disk before anything else is begun: where one run ends, the next goes on."""

from __future__ import annotations

import fcntl
import os
import re
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import astuple, dataclass
from pathlib import Path
from types import TracebackType

from grader.errors import CourseError

NAME = "journal.sqlite"
NETWORKED = (
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "lustre",
    "beegfs",
    "gpfs",
    "afs",
    "ceph",
    "fuse.sshfs",
    "glusterfs",
)
"""File systems over a network, on which SQLite's write-ahead log does not work."""


@dataclass(frozen=True)
class Key:
    """What an outcome is of: whose submission, which files, graded by what, with which random numbers."""

    entry: str
    files: str
    grader: str
    seed: int


@dataclass(frozen=True)
class Check:
    """A check as a grader had it: its points, and a name for all that its outcome depends on."""

    name: str
    number: str
    points: float
    depends_on: str


class Journal:
    """The outcomes of a class, each written and synchronised when it is added.

    One process at a time has it. `remark` says what is weaker on this disk. Raises `CourseError` where another run has
    it, or the file is damaged.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / NAME
        self.remark = ""
        self._lock = threading.Lock()
        self._claim = os.open(folder / ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._claim)
            raise CourseError(f"Another run is grading into {folder}: wait for it, or name another OUT.") from None
        mode = "WAL"
        if (kind := file_system(folder)) in NETWORKED:
            mode = "DELETE"
            self.remark = f"{folder} lies on {kind}: the journal is kept without a write-ahead log, and more slowly."
        try:
            self._base = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
            self.path.chmod(0o600)
            self._base.execute(f"PRAGMA journal_mode={mode}")
            self._base.execute("PRAGMA synchronous=FULL")
            self._base.execute(
                "CREATE TABLE IF NOT EXISTS outcomes (entry TEXT, files TEXT, grader TEXT, seed INTEGER, outcome BLOB,"
                " PRIMARY KEY (entry, files, grader, seed))"
            )
            self._base.execute("CREATE TABLE IF NOT EXISTS written (grader TEXT)")
            self._base.execute(
                "CREATE TABLE IF NOT EXISTS checks (grader TEXT, name TEXT, number TEXT, points REAL, depends_on TEXT)"
            )
        except sqlite3.DatabaseError as error:
            os.close(self._claim)
            raise CourseError(f"{self.path} cannot be used ({error}): move it away to grade anew.") from error

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._base.close()
        os.close(self._claim)

    def add(self, key: Key, outcome: bytes) -> None:
        """Keep an outcome; it is on the disk when this returns. Raises `CourseError` when it cannot be."""
        packed = zlib.compress(outcome)
        try:
            with self._lock:
                self._base.execute(
                    "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?)",
                    (key.entry, key.files, key.grader, key.seed, packed),
                )
        except sqlite3.Error as error:
            raise CourseError(
                f"{self.path} cannot be written ({error}): give the command again when it can."
            ) from error

    def get(self, key: Key) -> bytes | None:
        """The outcome under this key, if there is one."""
        with self._lock:
            found = self._base.execute(
                "SELECT outcome FROM outcomes WHERE entry = ? AND files = ? AND grader = ? AND seed = ?",
                (key.entry, key.files, key.grader, key.seed),
            ).fetchone()
        return zlib.decompress(found[0]) if found else None

    def has(self, key: Key) -> bool:
        """Whether there is an outcome under this key."""
        with self._lock:
            found = self._base.execute(
                "SELECT 1 FROM outcomes WHERE entry = ? AND files = ? AND grader = ? AND seed = ?",
                (key.entry, key.files, key.grader, key.seed),
            ).fetchone()
        return found is not None

    def entries(self) -> set[str]:
        """The submissions of which there is an outcome, of whatever files and grader."""
        with self._lock:
            return {str(one) for (one,) in self._base.execute("SELECT DISTINCT entry FROM outcomes").fetchall()}

    def written(self) -> str:
        """Which grader's outcomes stand in the gradebook; nothing before there is one."""
        with self._lock:
            found = self._base.execute("SELECT grader FROM written").fetchone()
        return str(found[0]) if found else ""

    def checks_of(self, grader: str) -> list[Check]:
        """The checks as this grader had them; nothing where that was not noted."""
        with self._lock:
            found = self._base.execute(
                "SELECT name, number, points, depends_on FROM checks WHERE grader = ?", (grader,)
            ).fetchall()
        return [Check(*one) for one in found]

    def set_written(self, grader: str, checks: Iterable[Check]) -> None:
        """Say that the gradebook has this grader's outcomes, and which checks it had."""
        with self._lock:
            self._base.execute("BEGIN")
            self._base.execute("DELETE FROM written")
            self._base.execute("INSERT INTO written VALUES (?)", (grader,))
            self._base.execute("DELETE FROM checks WHERE grader = ?", (grader,))
            self._base.executemany(
                "INSERT INTO checks VALUES (?, ?, ?, ?, ?)", [(grader, *astuple(one)) for one in checks]
            )
            self._base.execute("COMMIT")

    def take_over(self, other: Path) -> int:
        """Add what another journal holds, of a part of the class; returns how many outcomes. Raises `CourseError`."""
        path = other / NAME if other.is_dir() else other
        if not path.is_file():
            raise CourseError(f"{other} has no journal.")
        try:
            with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as base:
                rows = base.execute("SELECT entry, files, grader, seed, outcome FROM outcomes").fetchall()
            with self._lock:
                self._base.executemany("INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?)", rows)
        except sqlite3.DatabaseError as error:
            raise CourseError(f"{path} is no journal ({error}).") from error
        return len(rows)


def file_system(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """The kind of the file system on which a folder lies."""
    place, best, kind = folder.resolve(), Path(), ""
    for mounted, name in _mounts(mounts):
        if place.is_relative_to(mounted) and len(mounted.parts) >= len(best.parts):
            best, kind = mounted, name
    return kind


def _mounts(path: Path) -> Iterator[tuple[Path, str]]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        left, _, right = line.partition(" - ")
        if right and len(left.split()) > 4:
            place = re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), left.split()[4])
            yield Path(place), right.split()[0]
