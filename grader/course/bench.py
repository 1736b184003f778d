"""One worker process as the coordinator sees it: `grade_one`, whatever happens to the process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType

import msgspec

from grader.course.outcome import Order
from grader.project import ROOT
from grader.run.clocks import Clocks
from grader.run.session import CLOSING

ATTEMPTS = 3
"""Workers that one submission may wear out."""
PATIENCE = Clocks.start + Clocks.total + 3 * CLOSING
"""Seconds in which a worker has to answer: its own clocks strike long before."""


@dataclass(frozen=True)
class Task:
    """One submission to grade: whose, which files (by a hash), where, with which random numbers.

    `known` is an earlier outcome whose checks need not be judged again.
    """

    entry: str
    files: str
    place: Path
    seed: int = 0
    known: bytes = b""


GradeOne = Callable[[Task], bytes]
"""The one seam: from a submission to an outcome, the same however often it is called."""


class NotGraded(Exception):
    """A submission has no outcome; the message is for the staff."""


class Bench:
    """Grades with a process of its own, which is started anew when it is lost.

    `records` is where it notes what it runs, `slot` where its user ids begin, `command` how it is started.
    """

    def __init__(self, records: Path, slot: int, command: tuple[str, ...] = ("-m", "grader.course.worker")) -> None:
        self.records = records
        self.slot = slot
        self.command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None

    def __enter__(self) -> Bench:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __call__(self, task: Task) -> bytes:
        """Grade one submission; raises `NotGraded` when it has cost one process after another."""
        order = msgspec.json.encode(Order(str(task.place.resolve()), task.seed, task.known))
        for _ in range(ATTEMPTS):
            connection = self._connection or self._start()
            try:
                connection.send_bytes(order)
                if connection.poll(PATIENCE):
                    return connection.recv_bytes()
                lost = "did not answer"
            except (EOFError, OSError):
                lost = self._end()
            self._discard()
        raise NotGraded(f"The grader's process {lost}, {ATTEMPTS} times.")

    def close(self) -> None:
        """Let the process end, and end it if it does not."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            try:
                self._process.wait(CLOSING)
            except subprocess.TimeoutExpired:
                self._discard()
        self._process = self._connection = None

    def _start(self) -> Connection:
        ours, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, *self.command, str(theirs.fileno()), str(self.slot), str(self.records)],
            cwd=ROOT,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # what a terminal sends to stop the class would stop it in the middle
        )
        theirs.close()
        self._connection = Connection(ours.detach())
        return self._connection

    def _end(self) -> str:
        """How the process has ended."""
        assert self._process is not None
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            return "closed its connection"
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def _discard(self) -> None:
        """End the process and all that it has started, so that another can begin."""
        from grader.course import leftovers

        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()
            leftovers.end_all(self.records / str(self.slot))
        self._process = self._connection = None
