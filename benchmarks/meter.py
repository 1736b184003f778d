"""What this process and all that it starts cost: processor time, page faults, forks, wall time.

A control group of its own counts where one can be made (root, and a mounted hierarchy of either version): processes of
others do not disturb it. Elsewhere the whole machine is counted, and nothing else should run.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

GROUPS = Path("/sys/fs/cgroup")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """Seconds of processors in programs and in the kernel, page faults, forks of the machine, seconds on the wall."""

    user: float
    system: float
    faults: int
    forks: int
    wall: float

    @property
    def cpu(self) -> float:
        """Seconds of processors in all."""
        return self.user + self.system

    def __sub__(self, other: Cost) -> Cost:
        return Cost(
            *(mine - its for mine, its in zip(vars(self).values(), vars(other).values(), strict=True)),
        )

    def each(self, number: int) -> Cost:
        """The cost of one of so many."""
        return Cost(*(value / number for value in vars(self).values()))

    def __str__(self) -> str:
        return (
            f"{self.cpu:.2f} s of CPU ({self.user:.2f} user, {self.system:.2f} system), "
            f"{self.wall:.2f} s of wall time, {self.faults:,.0f} page faults, {self.forks:.0f} forks of the machine"
        )


class Meter:
    """While the context is open, `read` tells what was spent since the machine or the group began."""

    def __enter__(self) -> Meter:
        self._groups = {name: group for name in ("cpu.stat", "memory.stat") if (group := _own_group(name))}
        self.counts = "its own processes" if "cpu.stat" in self._groups else "the whole machine"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for group in set(self._groups.values()):
            with suppress(OSError):
                (group.parent / "cgroup.procs").write_text(str(os.getpid()), encoding="utf-8")
                group.rmdir()

    def read(self) -> Cost:
        """What was spent until now."""
        machine = _numbers(Path("/proc/stat"))
        if group := self._groups.get("cpu.stat"):
            spent = _numbers(group / "cpu.stat")
            user, system = spent["user_usec"][0] / 1e6, spent["system_usec"][0] / 1e6
        else:
            own, nice, kernel, _, _, *interrupts = machine["cpu"]
            user, system = (own + nice) / _TICKS, (kernel + sum(interrupts[:3])) / _TICKS
        of = self._groups.get("memory.stat")
        faults = _numbers(of / "memory.stat" if of else Path("/proc/vmstat"))
        return Cost(user, system, faults["pgfault"][0], machine["processes"][0], time.monotonic())


def _own_group(counter: str) -> Path | None:
    """A new control group that has this counter, with this process in it; None where none can be made."""
    for parent in (GROUPS, GROUPS / "unified", GROUPS / "memory"):
        group = parent / f"benchmark-{os.getpid()}"
        try:
            group.mkdir(exist_ok=True)
            if (group / counter).exists():
                (group / "cgroup.procs").write_text(str(os.getpid()), encoding="utf-8")
                return group
            group.rmdir()
        except OSError:
            continue
    return None


def _numbers(path: Path) -> dict[str, list[int]]:
    """The numbers after each name in a list of the kernel's."""
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    return {name: [int(one) for one in rest] for name, *rest in lines if rest and all(one.isdigit() for one in rest)}
