"""The bench server as the runner sees it: started once, watched over all its hosts, ended with everything below it."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import Protocol

from grader import messages, wire
from grader.messages import Ready
from grader.project import ROOT
from grader.run import processes
from grader.run.clocks import BenchError, StudentFailure

FRUGAL = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
    "MALLOC_MMAP_THRESHOLD_": str(2**25),
    "MALLOC_TRIM_THRESHOLD_": str(2**27),
}
"""Variables by which libraries compute in one thread, as others wait in a loop and do not survive a fork, and by which
memory that is let go is used again and not asked of the kernel each time, which has to clear it."""


class Watched(Protocol):
    """A host, as far as its server looks after it."""

    pid: int
    kept: int | None

    def excess(self) -> str:
        """Which limit it exceeds, in a student's words, or nothing."""

    def fail(self, failure: StudentFailure) -> None:
        """Give it up."""


class Server:
    """The bench server: one for all submissions of a run."""

    def __init__(self, log: Path, without: frozenset[str] = frozenset()) -> None:
        ours, theirs = socket.socketpair()
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "grader.bench.server", str(theirs.fileno()), *sorted(without)],
                cwd=ROOT,
                env=environment(log.parent),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        theirs.close()
        self.control = ours
        self.log = log
        self.ready = False
        self.reachable = False
        self.hosts: list[Watched] = []

    def await_ready(self, deadline: float) -> None:
        """Wait until torch is imported; raises `BenchError` with what the server printed."""
        if self.ready:
            return
        try:
            greeting = messages.decode(wire.receive(self.control, deadline), Ready)
        except (wire.Ended, wire.Late, wire.BadFrame) as error:
            said = self.log.read_text(errors="replace")[-2000:]
            raise BenchError(f"the bench did not start ({type(error).__name__})\n{said}") from None
        self.ready, self.reachable = True, greeting.reachable

    def watch(self, waiting: Watched | None = None) -> None:
        """Look at what every host uses; raises `StudentFailure` for the one that is waited for, ends the others."""
        for host in self.hosts:
            excess = host.excess()
            if excess and host is waiting:
                raise StudentFailure("out_of_memory", excess)
            if excess:
                host.fail(StudentFailure("out_of_memory", excess))

    def sweep(self) -> None:
        """End every process of the bench that is not a host in good order, or one that serves the next check too."""
        kept = {host.kept for host in self.hosts if host.kept is not None}
        processes.sweep(self.process.pid, keep={*kept, *(host.pid for host in self.hosts)})

    def close(self) -> None:
        """End the server and everything below it."""
        processes.sweep(self.process.pid)
        self.process.kill()
        self.process.wait()
        self.control.close()


def environment(home: Path) -> dict[str, str]:
    """The whole environment of the bench: nothing of the caller's passes."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "USER": "student",  # the user id has no account to ask for a name
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        **FRUGAL,
        "CUDA_VISIBLE_DEVICES": "",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": str(Path(sys.prefix) / "matplotlib"),  # kept: building its font list takes seconds
    }
