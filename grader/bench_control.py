"""The runner's hand on the bench: its server, its clocks, what its processes print."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grader import processes, wire

if TYPE_CHECKING:
    from grader.bench_host import Host

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Clocks:
    """Seconds and bytes that a student's code may use; the whole stays below Gradescope's ten minutes."""

    start: float = 120.0
    importing: float = 20.0
    request: float = 12.0
    total: float = 540.0
    memory: int = 2 * 2**30
    disk: int = 2**30


class StudentFailure(Exception):
    """A student's process did not answer: `kind` and `message` as in `observations.Failure`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class BenchError(Exception):
    """The bench could not be started: the grader's fault, not the student's."""


@dataclass
class Output:
    """What a student's processes print: read to the end, kept only in part, never shown as a verdict."""

    descriptor: int
    tail: bytes = b""

    def drain(self) -> None:
        """Read until every writer is gone."""
        with os.fdopen(self.descriptor, "rb", buffering=0) as pipe:
            while chunk := pipe.read(65536):
                self.tail = (self.tail + chunk)[-8192:]

    def text(self) -> str:
        """The end of what was printed, for the staff."""
        return self.tail[-2000:].decode(errors="replace")


class Server:
    """The bench server: one for all submissions of a run."""

    def __init__(self, log: Path) -> None:
        ours, theirs = socket.socketpair()
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "grader.bench.server", str(theirs.fileno())],
                cwd=PROJECT,
                env=_environment(log.parent),
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
        self.hosts: list[Host] = []

    def await_ready(self, deadline: float) -> None:
        """Wait until torch is imported; raises `BenchError` with what the server printed."""
        if self.ready:
            return
        try:
            greeting = wire.decode(wire.receive(self.control, deadline))
        except (wire.Ended, wire.Late, wire.BadFrame) as error:
            said = self.log.read_text(errors="replace")[-2000:]
            raise BenchError(f"the bench did not start ({type(error).__name__})\n{said}") from None
        self.ready, self.reachable = True, bool(greeting["reachable"])

    def watch(self, waiting: Host | None = None) -> None:
        """Look at what every host uses; raises `StudentFailure` for the one that is waited for, ends the others."""
        for host in self.hosts:
            excess = host.excess()
            if excess and host is waiting:
                raise StudentFailure("out_of_memory", excess)
            if excess:
                host.fail(StudentFailure("out_of_memory", excess))

    def sweep(self) -> None:
        """End every process of the bench that is not a host in good order."""
        processes.sweep(self.process.pid, None, keep={host.pid for host in self.hosts})

    def close(self) -> None:
        """End the server and everything below it."""
        processes.sweep(self.process.pid, None)
        self.process.kill()
        self.process.wait()
        self.control.close()


def _environment(home: Path) -> dict[str, str]:
    """The whole environment of the bench: nothing of the caller's passes."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": str(Path(sys.prefix) / "matplotlib"),  # kept: building its font list takes seconds
    }
