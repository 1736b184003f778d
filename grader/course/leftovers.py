"""What a killed run has left running, ended before its user ids are used again.

Each worker keeps a record on disk while it lives: which process it is, and each user id before student code runs under
it. A record whose worker is gone belongs to a run that was killed.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from grader.run import processes
from grader.run.removal import remove
from grader.run.users import EACH, FIRST_USER, LAST_USER, claim

PATIENCE = 15.0
"""Seconds in which killed processes have to be gone."""


@contextmanager
def told(folder: Path, slot: int) -> Iterator[int]:
    """A record of this process in a folder, as a descriptor to add to; it is removed when the process ends in order."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{slot}-{os.getpid()}"
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_SYNC | os.O_CLOEXEC, 0o600)
    _note(descriptor, {"pid": os.getpid(), "started": _started(os.getpid()), "boot": _boot()})
    try:
        yield descriptor
    finally:
        os.close(descriptor)
        path.unlink(missing_ok=True)


def note_users(record: int, users: Iterable[int | None]) -> None:
    """Write down, before they are used, the ids under which student code runs."""
    _note(record, {"users": [user for user in users if user is not None]})


def note_folder(record: int, folder: Path) -> None:
    """Write down where a runner keeps its files."""
    _note(record, {"folder": str(folder)})


def end_all(folder: Path) -> int:
    """End what killed runs have left and remove its files and records; returns how many processes were ended.

    No run may be going on that keeps its records here. Raises RuntimeError when a process cannot be ended.
    """
    ended = 0
    for path in sorted(folder.glob("*")) if folder.is_dir() else []:
        facts: dict[str, object] = {}
        users: set[int] = set()
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            with suppress(ValueError, AttributeError):  # the last line may be cut
                one = json.loads(line)
                users.update(user for user in one.pop("users", ()) if FIRST_USER <= user <= LAST_USER)
                facts.update(one)
        if facts.get("boot") == _boot():
            ended += _end(facts.get("pid"), facts.get("started"), users)
        place = Path(str(facts.get("folder", "")))
        if place.name.startswith("grading-") and place.parent == Path(tempfile.gettempdir()):
            remove(place)
        path.unlink()
    return ended


def _end(worker: object, started: object, users: set[int]) -> int:
    """End the worker, what is left of its session, and what runs under its user ids unless a runner owns these now."""
    with ExitStack() as claims:
        for first in {user - (user - FIRST_USER) % EACH for user in users}:
            if (own := claim(first)) is None:
                users -= set(range(first, first + EACH))
            else:
                claims.enter_context(own)
        return _kill(lambda: _left(worker, started, users))


def _left(worker: object, started: object, users: set[int]) -> list[int]:
    found = []
    for one in processes.all_processes():
        if one.ended or one.pid == os.getpid():
            continue
        of_session = isinstance(worker, int) and isinstance(started, int) and _in_session(one.pid, worker, started)
        if of_session or one.user in users:
            found.append(one.pid)
    return found


def _in_session(pid: int, session: int, started: int) -> bool:
    """Whether a process belongs to the session that the worker began: its id is not given to another while any does."""
    try:
        leader = _started(session)
    except OSError:
        leader = started  # it is gone
    with suppress(OSError):
        return leader == started and os.getsid(pid) == session and _started(pid) >= started
    return False


def _kill(left: Callable[[], list[int]]) -> int:
    ended: set[int] = set()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        alive = left()
        if not alive:
            return len(ended)
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in alive:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
        ended.update(alive)
        time.sleep(0.01)
    raise RuntimeError(f"{len(alive)} processes of an earlier run cannot be ended")


def _note(record: int, fact: dict[str, object]) -> None:
    os.write(record, json.dumps(fact).encode() + b"\n")


def _started(pid: int) -> int:
    """When a process began, in the kernel's ticks; raises OSError when there is none."""
    line = Path(f"/proc/{pid}/stat").read_bytes()
    return int(line[line.rindex(b")") + 2 :].split()[19])


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
