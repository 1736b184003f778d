"""The processes of the bench, as the kernel lists them: who they are, what they use, and their end.

Read from /proc, because a student's own word about its processes is worth nothing.
"""

from __future__ import annotations

import math
import os
import signal
import stat
import time
from collections.abc import Collection, Iterable
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
_OWN = ("RssAnon:", *_SHARED, "VmSwap:", "VmPTE:")
_LISTS_CHILDREN = Path(f"/proc/self/task/{os.getpid()}/children").exists()


@dataclass(frozen=True)
class Process:
    """One process: its id, its parent's, its user's, and whether it has ended already (a zombie)."""

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
                line = _read(f"{entry.path}/stat")
                state, parent = line[line.rindex(b")") + 2 :].split(None, 2)[:2]
                found.append(Process(int(entry.name), int(parent), entry.stat().st_uid, state in (b"Z", b"X")))
    return found


def below(root: int) -> list[Process]:
    """Running descendants of a process, from the kernel's own lists of children where it keeps them."""
    if not _LISTS_CHILDREN:
        return _below(root, all_processes())
    found: list[Process] = []
    frontier = [root]
    while frontier:
        parent = frontier.pop()
        with suppress(OSError):  # it may end while we look
            for task in os.listdir(f"/proc/{parent}/task"):
                children = [int(pid) for pid in _read(f"/proc/{parent}/task/{task}/children").split()]
                frontier += children
                found += [Process(pid, parent, os.stat(f"/proc/{pid}").st_uid, _ended(pid)) for pid in children]
    return [process for process in found if not process.ended]


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
    for task in running:
        with suppress(OSError):  # it has ended
            if os.getpriority(os.PRIO_PROCESS, task) < nice:
                os.setpriority(os.PRIO_PROCESS, task, nice)


def _tasks(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(task) for task in os.listdir(f"/proc/{pid}/task")]
    return []


def _is_running(task: int) -> bool:
    with suppress(OSError):
        line = _read(f"/proc/{task}/stat")
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


def _ended(pid: int) -> bool:
    line = _read(f"/proc/{pid}/stat")
    return line[line.rindex(b")") + 2 : line.rindex(b")") + 3] in (b"Z", b"X")


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
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(kinds))
    return 0


def held_by_descriptors(pid: int, files: bool) -> int:
    """Bytes that a process keeps in the kernel by open descriptors: what its sockets may hold, and with `files` files.

    Only files that have no name any more are meant, files in memory among them.
    """
    total = 0
    with suppress(OSError):
        for descriptor in os.scandir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                status = os.stat(descriptor.path)
                if stat.S_ISSOCK(status.st_mode):
                    total += _OF_A_SOCKET
                elif files and status.st_nlink == 0 and stat.S_ISREG(status.st_mode):
                    total += status.st_blocks * 512
    return total


def shared_unseen(pids: Collection[int]) -> int:
    """Bytes of nameless memory that these processes map to share it, but that is resident in none of them.

    What only a process that has ended has touched is such.
    """
    parts: dict[str, int] = {}
    for pid in pids:
        with suppress(OSError):
            for line in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace").splitlines():
                addresses, rights, _, _, inode, *name = line.split(maxsplit=5)
                if rights.endswith("s") and name and name[0].startswith(_NAMELESS):
                    parts[inode] = max(parts.get(inode, 0), _size_of_mapping(pid, addresses))
    return max(0, sum(parts.values()) - sum(own_memory(pid, _SHARED) for pid in pids))


def _size_of_mapping(pid: int, addresses: str) -> int:
    try:
        return os.stat(f"/proc/{pid}/map_files/{addresses}").st_blocks * 512
    except OSError:  # only root may look: at most all of it
        first, end = (int(address, 16) for address in addresses.split("-"))
        return end - first


def shared_memory() -> int:
    """Bytes of the whole machine's memory that no file on a disk has behind it and that several may share."""
    for line in Path("/proc/meminfo").read_text(encoding="utf-8").splitlines():
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
