"""Memory of the container that grades: how much there is, what of it a student's code may use, what was used at most.

Every size is in bytes unless its name says otherwise.
"""

from __future__ import annotations

import importlib.metadata
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from grader.run import processes
from grader.run.clocks import Clocks

MIB = 2**20
SIZES = ((0.5, 0.75), (1, 1.5), (2, 3), (4, 6))
"""Gradescope's containers: processors, and GiB of memory."""
OF_GRADING = {"cpu": 600 * MIB, "default": 900 * MIB}
"""Peak of all processes together, the student's own data aside: 880 MiB is measured with torch's default build
(`make rehearse`); the CPU build takes 300 MiB less of it, as measured with a bare import of either."""
LEAST_FOR_STUDENTS = 128 * MIB
"""Twice what right but wasteful code was measured to need of its own: 26 MiB for the reference, 56 in loops."""
_LIMIT_FILES = ("memory.max", "memory/memory.limit_in_bytes")
_BETWEEN_LOOKS = 0.25
"""Seconds between two looks at what is used."""


@dataclass(frozen=True)
class Room:
    """The container's memory, and the part of it that a student's code may use: 0 where the container is too small."""

    container: int
    for_students: int
    needed: int

    @property
    def advice(self) -> str:
        """Which container to choose, when this one is too small; else nothing."""
        if self.for_students:
            return ""
        processors, gib = next(size for size in SIZES if size[1] * 2**30 >= self.needed)
        return (
            f"This container has {self.container / MIB:.0f} MB of memory; grading needs {self.needed / MIB:.0f} MB. "
            f"Choose the container with {processors:g} CPU and {gib:g} GB in the autograder's settings, and regrade."
        )


def room(container: int | None = None, torch_build: str | None = None) -> Room:
    """What there is room for in a container of this size (default: this one's) with this build of torch."""
    container = size_of_container() if container is None else container
    version = importlib.metadata.version("torch") if torch_build is None else torch_build
    grading = OF_GRADING["cpu" if version.endswith("+cpu") else "default"]
    left = container - grading
    return Room(container, min(left, Clocks.memory) if left >= LEAST_FOR_STUDENTS else 0, grading + LEAST_FOR_STUDENTS)


def size_of_container(groups: Path = Path("/sys/fs/cgroup")) -> int:
    """Memory that the kernel grants: the machine's, or less where a control group of either version limits it."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [(groups / name).read_text().strip() for name in _LIMIT_FILES if (groups / name).is_file()]
    return min([machine, *(int(limit) for limit in limits if limit.isdigit())])


class Peak(threading.Thread):
    """Looks `every` so many seconds at the memory of this process and all below it while the context is open.

    `largest` is the most that it saw.
    """

    def __init__(self, every: float = _BETWEEN_LOOKS) -> None:
        super().__init__(daemon=True)
        self.every = every
        self.largest = 0
        self._over = threading.Event()

    def run(self) -> None:
        """Look until the context is left."""
        while not self._over.wait(self.every):
            self.largest = max(self.largest, used())

    def __enter__(self) -> Peak:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self.join()


def used() -> int:
    """Memory of this process and all below it; pages that several share count once."""
    return processes.proportional_memory(os.getpid()) + sum(
        # Without the right to look into another user's process: what it has beyond the one that it was forked from.
        processes.proportional_memory(one.pid)
        or max(0, processes.own_memory(one.pid) - processes.own_memory(one.parent))
        for one in processes.below(os.getpid())
    )
