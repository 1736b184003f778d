"""The grading of one submission: what the judge asks for is relayed to the bench, within the total clock."""

from __future__ import annotations

import platform
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from grader import messages, wire
from grader.messages import Begin, End, Judged, JudgeOrder, Observe
from grader.report.results import Results
from grader.run import intake, processes
from grader.run.clocks import Clocks, StudentFailure
from grader.run.host import Host, remove
from grader.run.server import Server
from grader.wire import Late
from tests.support.status import Status

JUDGE_THINKS = 60.0

Progress = Callable[[str, Results], None]
"""Hears of each check that begins, with the results so far."""


def no_progress(check: str, results: Results) -> None:
    """Show nothing."""


@dataclass(frozen=True)
class Equipment:
    """What every session of a runner works with: both servers, the clocks, a folder, and the bench's user ids."""

    server: Server
    judge_control: socket.socket
    judges: int
    clocks: Clocks
    seed: int
    users: tuple[int | None, ...]
    folder: Path


class Session:
    """The grading of one submission: its files, its bench hosts, its judge, its total clock."""

    def __init__(self, equipment: Equipment, results: Results, progress: Progress) -> None:
        self.equipment = equipment
        self.results = results
        self.progress = progress
        self.deadline = time.monotonic() + equipment.clocks.total
        self.workplace = Path(tempfile.mkdtemp(dir=equipment.folder))
        self.workplace.chmod(0o711)
        self.hosts: dict[str, Host] = {}
        self.problems: dict[str, str] = {}
        self.present: list[str] = []
        self.judge: socket.socket | None = None

    def run(self, submission: Path) -> None:
        """Take the files in, start their hosts, and answer the judge until it is done."""
        source = self.workplace / "source"
        taken = intake.take(submission, source, self.workplace, self.equipment.users[0])
        self.problems = taken.problems
        self.present = [module for module in intake.MODULES if (source / f"{module}.py").is_file()]
        self.results.leave_out_self_checks([module for module in intake.MODULES if module not in self.present])
        self.judge = self._new_judge()
        self.equipment.server.await_ready(time.monotonic() + self.equipment.clocks.start)
        for module, user in zip(intake.MODULES, self.equipment.users, strict=True):
            if module not in (self.present or intake.MODULES[:1]):  # one at least tells what protections are in force
                continue
            host = Host(self.equipment.server, module, source, self.workplace / module, user, self.equipment.clocks)
            host.start()
            self.hosts[module] = host
        self.results.facts = {**self._facts(), "notes": taken.notes}
        with suppress(TimeoutError):
            self._listen(self.judge)

    def _listen(self, judge: socket.socket) -> None:
        """Follow the judge through the checks; raises TimeoutError when the total clock strikes."""
        while True:
            limit = min(self.deadline, time.monotonic() + JUDGE_THINKS)
            try:
                event = wire.receive(judge, limit, self.equipment.server.watch)
            except Late:
                if time.monotonic() < self.deadline:
                    raise
                self.results.close(Status.TIMED_OUT, "The time for the whole submission was used up before this check.")
                raise TimeoutError from None
            if not self._answer(judge, event):
                return

    def _answer(self, judge: socket.socket, frame: bytes) -> bool:
        """Do what the judge's event asks for; False when it was the last."""
        match messages.decode_event(frame):
            case Observe(module=module, operation=operation):
                judge.sendall(self._observe(frame, module, operation))
            case Begin(check=check):
                self.progress(check, self.results)
            case Judged(check=check, outcome=outcome, staff=staff):
                if staff:
                    self.results.staff.append(f"{check}:\n{staff}")
                self.results.record(check, outcome)
                self._clear()
            case End():
                return False
        return True

    def _observe(self, frame: bytes, module: str, operation: str) -> bytes:
        """The bench's answer, untouched, or the runner's word for why there is none."""
        try:
            if module in self.problems:
                raise StudentFailure("blocked", self.problems[module])
            if module not in self.present:
                raise StudentFailure("missing", "")
            return b"B" + self.hosts[module].request(frame, operation, self.deadline)
        except StudentFailure as failure:
            self._clear(module)  # what ran too long must not disturb what comes next
            return b"R" + wire.encode({"failure": {"kind": failure.kind, "message": failure.message}})

    def _clear(self, failed: str = "") -> None:
        """End what the check that is over, or the module that failed, left running, and remove what it wrote."""
        for module, host in self.hosts.items():
            if host.in_use or module == failed:
                host.end_check()
                self.equipment.server.sweep()
                host.discard_files()

    def _new_judge(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        order = msgspec.json.encode(JudgeOrder(self.equipment.seed, [row.name for row in self.results.rows]))
        socket.send_fds(self.equipment.judge_control, [order], [theirs.fileno()])
        theirs.close()
        return ours

    def _facts(self) -> dict[str, Any]:
        host = next(iter(self.hosts.values()))
        return {
            "in_force": host.in_force,
            "seed": self.equipment.seed,
            "python": platform.python_version(),
            "machine": platform.machine(),
        }

    def close(self) -> None:
        """End every process of the submission and remove its files."""
        if self.judge is not None:
            self.judge.close()
        for host in self.hosts.values():
            host.close()
        for user in self.equipment.users:
            processes.sweep(self.equipment.server.process.pid, user)
        processes.sweep(self.equipment.judges, None)  # a judge that is stuck would outlive its server
        remove(self.workplace)
