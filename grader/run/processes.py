"""The processes of the bench, as the kernel lists them: who they are, what they use, and their end.

Read from /proc, because a student's own word about its processes is worth nothing.
"""

from __future__ import annotations

import math
import os
import signal
import stat
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 15.0
"""Seconds in which killed processes have to be gone: the kernel takes 0.3 s for each GiB that one held, or more."""
_FIRST_LOOK, _LAST_LOOK = 0.0005, 0.05
"""Seconds between two looks at whether they are gone, at first and at most; as at first when new ones appear, which may
be forking."""
FEW = 2
"""Tasks of one of a student's modules that run at once with their full share of the processors."""
_OF_A_STEP, _NICEST = 1.25, 19
"""By how much a step of niceness lowers a task's share, and the last step (sched(7))."""
_NAMELESS = "/dev/zero"
"""What the kernel calls shared memory without a file in its lists of mappings."""
_SHARED = ("RssShmem:",)
_OWN = ("RssAnon:", *_SHARED, "VmSwap:", "VmPTE:", "HugetlbPages:")
MOST_MAPPINGS = 20_000
"""Mappings of a process that are looked at: a right one has a thousand."""
USUAL_DESCRIPTORS = 24
"""Descriptors of a process that count nothing where it cannot be seen what they are."""
_HAS_MEMORY = "VmPTE:"
"""Begins a line that every process has, until it has given its memory back."""
_TO_THREADS = 17
"""Where the number of threads stands after the name of a process in its `stat`."""
UNKNOWN = 2**62
_GROUPS = (("memory.max", "memory.stat"), ("memory/memory.limit_in_bytes", "memory/memory.stat"))
_NO_LIMIT = 2**60
_LISTS_CHILDREN = Path(f"/proc/self/task/{os.getpid()}/children").exists()


@dataclass(frozen=True)
class Process:
    """One process: its id, its parent's, its user's, and whether it has ended already: all of its threads."""

    pid: int
    parent: int
    user: int
    ended: bool


def all_processes() -> list[Process]:
    """Every process that this one can see."""
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with suppress(OSError):  # it may end while we look
                parent, ended = _status(entry.path)
                found.append(Process(int(entry.name), parent, entry.stat().st_uid, ended))
    return found


def below(root: int) -> list[Process]:
    """Running descendants of a process, from the kernel's own lists of children where it keeps them."""
    if not _LISTS_CHILDREN:
        return _below(root, all_processes())
    found: list[Process] = []
    frontier = [root]
    while frontier:
        parent = frontier.pop()
        for child in _children(parent):
            frontier.append(child)
            with suppress(OSError):  # it may end while we look, and the others are there all the same
                found.append(Process(child, parent, os.stat(f"/proc/{child}").st_uid, _status(f"/proc/{child}")[1]))
    return [process for process in found if not process.ended]


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in _tasks(pid):
        with suppress(OSError):
            found += map(int, _read(f"{task}/children").split())
    return found


def threads(pid: int) -> int:
    """Threads of a process; 0 when it has ended."""
    return len(_tasks(pid))


def share_fairly(pids: Iterable[int], ordinary: int) -> None:
    """Lower the priority of what runs at once in these processes, so that together it weighs little more than `FEW` do.

    `ordinary` is the niceness that all begin with. Without this, many threads of one submission take the processors
    from those that are graded beside it, and from the judge.
    """
    tasks = [task for pid in pids for task in _tasks(pid)]
    running = [task for task in tasks if _is_running(task)] if len(tasks) > FEW else []
    if len(running) <= FEW:
        return
    nice = min(_NICEST, ordinary + math.ceil(math.log(len(running) / FEW, _OF_A_STEP)))
    for task in (int(Path(folder).name) for folder in running):
        with suppress(OSError):  # it has ended
            if os.getpriority(os.PRIO_PROCESS, task) < nice:
                os.setpriority(os.PRIO_PROCESS, task, nice)


def _is_running(folder: str) -> bool:
    with suppress(OSError):
        line = _read(f"{folder}/stat")
        return line[line.rindex(b")") + 2 : line.rindex(b")") + 3] == b"R"
    return False


def of_bench(server: int, users: Collection[int] = ()) -> list[Process]:
    """Running descendants of the bench server, and whatever else runs under the bench's own user ids."""
    everything = all_processes()
    found = {process.pid: process for process in _below(server, everything)}
    found |= {process.pid: process for process in everything if process.user in users and not process.ended}
    return list(found.values())


def _below(root: int, everything: list[Process]) -> list[Process]:
    children: dict[int, list[Process]] = {}
    for process in everything:
        children.setdefault(process.parent, []).append(process)
    found, frontier = [], [root]
    while frontier:
        nearest = children.get(frontier.pop(), [])
        found += nearest
        frontier += [process.pid for process in nearest]
    return [process for process in found if not process.ended]


def _read(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read()


def _status(folder: str) -> tuple[int, bool]:
    """The parent of a process, and whether all of its threads have ended: of one whose first has, others may run."""
    line = _read(f"{folder}/stat")
    fields = line[line.rindex(b")") + 2 :].split()
    return int(fields[1]), fields[0] in (b"Z", b"X") and int(fields[_TO_THREADS]) <= 1


def _tasks(pid: int) -> list[str]:
    """The folders of a process's threads."""
    with suppress(OSError):
        return [f"/proc/{pid}/task/{task}" for task in os.listdir(f"/proc/{pid}/task")]
    return []


def sweep(server: int, users: Collection[int] = (), keep: Collection[int] = (), patience: float = PATIENCE) -> int:
    """End every process of the bench but the server and those to keep; returns how many were ended.

    Without user ids only descendants are looked for (orphans included: the server adopts them). All are stopped before
    the first is killed, so that none can fork its way out. Raises RuntimeError when some have not ended in `patience`
    seconds.
    """
    ended: set[int] = set()
    deadline, pause = time.monotonic() + patience, _FIRST_LOOK
    while time.monotonic() < deadline:
        alive = [process.pid for process in below(server) if process.pid not in keep]
        if not alive and users:  # the look at every process of the machine costs the most, and is the last one
            alive = [one.pid for one in of_bench(server, users) if one.pid != server and one.pid not in keep]
        if not alive:
            return len(ended)
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in alive:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
        pause = min(2 * pause, _LAST_LOOK) if ended.issuperset(alive) else _FIRST_LOOK
        ended.update(alive)
        time.sleep(pause)
    raise RuntimeError(f"{len(alive)} processes of a submission cannot be ended")


def own_memory(pid: int, kinds: tuple[str, ...] = _OWN) -> int:
    """Bytes of memory that a process does not share with files: its data, swapped out or not, and their page tables.

    0 when it has ended.
    """
    lines = _lines(f"/proc/{pid}/status")
    if not any(line.startswith(_HAS_MEMORY) for line in lines):  # the first thread has ended; others may run
        told = (_lines(f"{task}/status") for task in _tasks(pid))
        lines = next((of_task for of_task in told if any(line.startswith(_HAS_MEMORY) for line in of_task)), [])
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(kinds))


def _lines(path: str) -> list[str]:
    with suppress(OSError):
        return Path(path).read_text(encoding="utf-8").splitlines()
    return []


def held_by_descriptors(pid: int, files: bool, unseen: int | None = None) -> int:
    """Bytes that a process keeps in the kernel by open descriptors: what its sockets may hold, and with `files` files.

    Only files that have no name any more are meant, files in memory among them. Each thread may have descriptors of its
    own. Where it cannot be seen what they are, those beyond the usual count as so many bytes, else as sockets.
    """
    held: dict[tuple[int, int], int] = {}
    hidden = 0
    for task in _tasks(pid):
        of_task = 0
        with suppress(OSError):
            for descriptor in os.scandir(f"{task}/fd"):
                try:
                    status = os.stat(descriptor.path)
                except PermissionError:
                    of_task += 1
                except OSError:
                    continue
                else:
                    if stat.S_ISSOCK(status.st_mode):
                        held[status.st_dev, status.st_ino] = _OF_A_SOCKET
                    elif files and status.st_nlink == 0 and stat.S_ISREG(status.st_mode):
                        held[status.st_dev, status.st_ino] = status.st_blocks * 512
        hidden = max(hidden, of_task)  # threads share their descriptors, unless nothing filters system calls
    return sum(held.values()) + max(0, hidden - USUAL_DESCRIPTORS) * (_OF_A_SOCKET if unseen is None else unseen)


def shared_unseen(pids: Collection[int]) -> int:
    """Bytes of nameless memory that these processes map to share it, but that is resident in none of them.

    What only a process that has ended has touched is such. Where nobody may look, or has to look at too much, there may
    be any amount: `UNKNOWN`.
    """
    parts: dict[str, int] = {}
    try:
        for pid in pids:
            with suppress(FileNotFoundError, ProcessLookupError):  # it may end while we look
                for inode, size in _nameless(pid):
                    parts[inode] = max(parts.get(inode, 0), size)
    except PermissionError:
        return UNKNOWN
    return max(0, sum(parts.values()) - sum(own_memory(pid, _SHARED) for pid in pids))


def _nameless(pid: int) -> Iterator[tuple[str, int]]:
    """What a process maps of nameless memory to share it, and how much there is of that in all."""
    for folder in (f"/proc/{pid}", *_tasks(pid)):
        number = 0
        with (
            suppress(FileNotFoundError, ProcessLookupError),
            open(f"{folder}/maps", encoding="utf-8", errors="replace") as lines,
        ):
            for number, line in enumerate(lines, 1):
                addresses, rights, _, _, inode, *name = line.split(maxsplit=5)
                if number > MOST_MAPPINGS:
                    raise PermissionError
                if rights.endswith("s") and name and name[0].startswith(_NAMELESS):
                    yield inode, _size_of_mapping(pid, addresses)
        if number:  # else this thread has ended, and tells of nothing any more
            return


def _size_of_mapping(pid: int, addresses: str) -> int:
    """Bytes of the whole: a part that is mapped no more is kept as long as any other is."""
    try:
        return os.stat(f"/proc/{pid}/map_files/{addresses}").st_blocks * 512
    except (FileNotFoundError, ProcessLookupError):  # the first thread has ended: at least what is mapped
        first, end = (int(address, 16) for address in addresses.split("-"))
        return end - first


def shared_memory(groups: Path = Path("/sys/fs/cgroup"), machine: Path = Path("/proc/meminfo")) -> int:
    """Bytes of memory that no file on a disk has behind it and that several may share: the machine's or, where it has
    a limit, the container's.
    """
    for limit, counts in _GROUPS:
        with suppress(OSError, ValueError):
            if int((groups / limit).read_text()) < _NO_LIMIT:  # "max" is no number
                words = (groups / counts).read_text().split()
                return int(words[words.index("shmem") + 1])
    for line in machine.read_text(encoding="utf-8").splitlines():
        if line.startswith("Shmem:"):
            return int(line.split()[1]) * 1024
    return 0


def _most_of_a_socket() -> int:
    """Bytes that wait in a socket at most: the kernel doubles what a program may ask for."""
    try:
        return 2 * int(Path("/proc/sys/net/core/wmem_max").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 2 * 212_992


_OF_A_SOCKET = _most_of_a_socket()


def proportional_memory(pid: int) -> int:
    """Bytes of memory of a process, shared pages divided among those that share them. 0 when it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
