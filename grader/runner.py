"""The runner: takes a submission in, starts judge and bench, owns every clock, and writes the results.

Trusted. It copies a student's bytes and relays them, and neither runs nor interprets any.
"""

from __future__ import annotations

import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
import numpy as np

from grader import intake, pictures, processes, wire
from grader.bench_control import BenchError, Clocks, Server, StudentFailure
from grader.bench_host import Host, remove
from grader.results import CONTACT, GRADER_ERROR, TIMED_OUT, Outcome, Results, clean
from grader.rubric import SUITES, read
from grader.wire import BadFrame, Ended, Late

PROJECT = Path(__file__).resolve().parent.parent
FIRST_USER = 61_000
"""User ids of the bench when the runner is root: two for each submission graded at a time, owners of nothing else."""
JUDGE_THINKS = 60.0

Progress = Callable[[str, Results], None]


class Runner:
    """Grades submissions one after another, with one bench server and one judge server for all of them."""

    def __init__(
        self,
        suites: Path = SUITES,
        clocks: Clocks | None = None,
        seed: int = 0,
        slot: int = 0,
        leaderboard: bool = False,
    ) -> None:
        self.suites = suites
        self.leaderboard = leaderboard
        self.rows = read(suites)
        self.clocks = clocks or Clocks()
        self.seed = seed
        self.claim, first = claim_users(FIRST_USER + 2 * slot)
        self.users = [first, first + 1] if os.geteuid() == 0 else [None, None]
        self.folder = Path(tempfile.mkdtemp(prefix="grading-"))
        self.folder.chmod(0o711)

    def __enter__(self) -> Runner:
        self.server = Server(self.folder / "bench.log")
        ours, theirs = socket.socketpair()
        with (self.folder / "judge.log").open("wb") as log:
            self.judges = subprocess.Popen(
                [sys.executable, "-m", "grader.judge", str(theirs.fileno()), str(self.suites)],
                # First on the module path, so that suites elsewhere bring a support package of their own.
                cwd=self.suites.parent, env={**os.environ, "PYTHONPATH": str(PROJECT)}, pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        theirs.close()
        self.judge_control = ours
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.judge_control.close()
        self.judges.kill()
        self.judges.wait()
        self.server.close()
        self.claim.close()
        remove(self.folder)

    def grade(self, submission: Path, out: Path, progress: Progress) -> Results:
        """Grade one folder, zip or file; leaves `results.json` in `out` and returns the same.

        Every way in which this can end leaves a result: an error of the grader is recorded in it.
        """
        results = Results(out / "results.json", self.rows, self.leaderboard)
        session = Session(self, results, progress)
        try:
            session.run(submission)
        except (BenchError, Ended, Late, BadFrame, OSError, RuntimeError, ValueError) as error:
            logs = [(self.folder / name).read_text(errors="replace")[-3000:] for name in ("bench.log", "judge.log")]
            results.staff.append("\n".join([f"{type(error).__name__}: {error}", *logs]))
        try:
            session.close()
        except RuntimeError as error:
            results.staff.append(str(error))
        results.facts["printed"] = {host.module: clean(host.output.text()) for host in session.hosts.values()}
        results.close(GRADER_ERROR, CONTACT)
        pictures.illustrate(results, session.deadline)
        return results


def _array(expected: type, value: object) -> object:
    """An array that a frame has brought; the rest of an outcome is plain."""
    if expected is np.ndarray and isinstance(value, np.ndarray):
        return value
    raise ValueError(f"expected an array, got {type(value).__name__}")


def claim_users(first: int) -> tuple[socket.socket, int]:
    """Two user ids, from `first` on, of no other runner on this machine: they are its own while the socket is open.

    Runners that shared an id would end each other's processes. The kernel frees the socket's name with its owner.
    """
    while True:
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0grader-users-{first}")
        except OSError:
            claim.close()
            first += 2
        else:
            return claim, first


class Session:
    """The grading of one submission: its files, its bench hosts, its judge, its total clock."""

    def __init__(self, runner: Runner, results: Results, progress: Progress) -> None:
        self.runner = runner
        self.results = results
        self.progress = progress
        self.deadline = time.monotonic() + runner.clocks.total
        self.workplace = Path(tempfile.mkdtemp(dir=runner.folder))
        self.workplace.chmod(0o711)
        self.hosts: dict[str, Host] = {}
        self.problems: dict[str, str] = {}
        self.judge: socket.socket | None = None

    def run(self, submission: Path) -> None:
        """Take the files in, start their hosts, and answer the judge until it is done."""
        source = self.workplace / "source"
        taken = intake.take(submission, source, self.workplace, self.runner.users[0])
        self.problems = taken.problems
        self.judge = self._new_judge()
        self.runner.server.await_ready(time.monotonic() + self.runner.clocks.start)
        for module, user in zip(intake.MODULES, self.runner.users, strict=True):
            host = Host(self.runner.server, module, source, self.workplace / module, user, self.runner.clocks)
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
                event = wire.receive(judge, limit, self.runner.server.watch)
            except Late:
                if time.monotonic() < self.deadline:
                    raise
                self.results.close(TIMED_OUT, "The time for the whole submission was used up before this check.")
                raise TimeoutError from None
            if not self._answer(judge, event):
                return

    def _answer(self, judge: socket.socket, frame: bytes) -> bool:
        """Do what the judge's event asks for; False when it was the last."""
        event = wire.decode(frame)
        match event["event"]:
            case "observe":
                judge.sendall(self._observe(frame, event["module"], event["operation"]))
            case "begin":
                self.progress(event["check"], self.results)
            case "outcome":
                if event["staff"]:
                    self.results.staff.append(f"{event['check']}:\n{event['staff']}")
                self.results.record(event["check"], msgspec.convert(event["outcome"], Outcome, dec_hook=_array))
                self._clear()
            case "end":
                return False
        return True

    def _observe(self, frame: bytes, module: str, operation: str) -> bytes:
        """The bench's answer, untouched, or the runner's word for why there is none."""
        try:
            if module in self.problems:
                raise StudentFailure("blocked", self.problems[module])
            return b"B" + self.hosts[module].request(frame, operation, self.deadline)
        except StudentFailure as failure:
            self._clear(module)  # what ran too long must not disturb what comes next
            return b"R" + wire.encode({"failure": {"kind": failure.kind, "message": failure.message}})

    def _clear(self, failed: str = "") -> None:
        """End what the check that is over, or the module that failed, left running, and remove what it wrote."""
        for module, host in self.hosts.items():
            if host.in_use or module == failed:
                host.end_check()
                self.runner.server.sweep()
                host.discard_files()

    def _new_judge(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        order = json.dumps({"seed": self.runner.seed}).encode()
        socket.send_fds(self.runner.judge_control, [order], [theirs.fileno()])
        theirs.close()
        return ours

    def _facts(self) -> dict[str, Any]:
        host = next(iter(self.hosts.values()))
        return {
            "in_force": host.in_force,
            "seed": self.runner.seed,
            "python": platform.python_version(),
            "machine": platform.machine(),
        }

    def close(self) -> None:
        """End every process of the submission and remove its files."""
        if self.judge is not None:
            self.judge.close()
        for host in self.hosts.values():
            host.close()
        for user in self.runner.users:
            processes.sweep(self.runner.server.process.pid, user)
        processes.sweep(self.runner.judges.pid, None)  # a judge that is stuck would outlive its server
        remove(self.workplace)
