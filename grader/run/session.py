"""The grading of one submission: what the judge asks for is relayed to the bench, within the total clock."""

from __future__ import annotations

import os
import platform
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from grader import messages, wire
from grader.messages import Asked, Begin, End, Judged, JudgeOrder, Outcome
from grader.report import pictures
from grader.report.results import CONTACT, UNJUDGEABLE, Results
from grader.rubric import stage
from grader.run import intake, processes, removal
from grader.run.clocks import Clocks, StudentFailure
from grader.run.host import Host
from grader.run.server import Server
from grader.run.users import Identities
from grader.wire import BadFrame, Ended, Late
from tests.support.status import Status

JUDGE_THINKS = 60.0
"""Seconds of the judge between two events; its own clock for a check strikes long before (`grader.judge.server`)."""
MOST_JUDGES = 4
"""Judges that one submission may wear out."""
CLOSING = 20.0
"""Seconds in which everything of a submission has to be ended: with `Clocks.total` below the platform's ten minutes."""

KEPT_FOR_ANOTHER = 0.25
"""Share of the total clock that one module leaves to each other that is present."""

Progress = Callable[[str, Results], None]
"""Hears of each check that begins, with the results so far."""


def no_progress(check: str, results: Results) -> None:
    """Show nothing."""


@dataclass(frozen=True)
class Equipment:
    """What every session of a runner works with: both servers, the clocks, a folder, and ever new user ids."""

    server: Server
    judge_control: socket.socket
    judges: int
    clocks: Clocks
    seed: int
    users: Iterator[Identities]
    folder: Path


class Session:
    """The grading of one submission: its files, its bench hosts, its judge, its total clock.

    What students see now is judged first. For what they see later new hosts import the files again, under other user
    ids: nothing of a later check can be told in an earlier row.
    """

    def __init__(self, equipment: Equipment, results: Results, progress: Progress) -> None:
        self.equipment = equipment
        self.results = results
        self.progress = progress
        self.deadline = time.monotonic() + equipment.clocks.total
        self.workplace = Path(tempfile.mkdtemp(dir=equipment.folder))
        self.workplace.chmod(0o711)
        self.hosts: dict[str, Host] = {}
        self.former: list[Host] = []
        self.identities: list[Identities] = []
        self.problems: dict[str, str] = {}
        self.present: list[str] = []
        self.judge: socket.socket | None = None
        self.rows = {row.name: row for row in results.rows}
        self.spent = dict.fromkeys(intake.MODULES, 0.0)
        self.stage = 0
        self.check = ""
        self.looked = False

    def run(self, submission: Path) -> None:
        """Take the files in, start their hosts, and answer the judge until it is done."""
        source = self.workplace / "source"
        self.identities.append(next(self.equipment.users))
        taken = intake.take(submission, source, self.workplace, self.identities[0].ids[0])
        self.problems = taken.problems
        self.results.notes = taken.notes
        self.present = [module for module in intake.MODULES if (source / f"{module}.py").is_file()]
        self.results.leave_out_self_checks([module for module in intake.MODULES if module not in self.present])
        pending = self.results.pending()
        if not pending:  # all of it is known
            return
        self.stage = stage(pending[0])
        self.judge = self._new_judge()
        self.equipment.server.await_ready(time.monotonic() + self.equipment.clocks.start)
        self._start_hosts()
        self.results.facts = {**self._facts(), "notes": taken.notes}
        with suppress(TimeoutError):
            for _ in range(MOST_JUDGES):
                try:
                    self._listen()
                except (Late, Ended, BadFrame) as error:
                    self._replace_judge(error)
                else:
                    return
            raise RuntimeError("one judge after another was lost")

    def _start_hosts(self) -> None:
        for module, user in zip(intake.MODULES, self.identities[-1].ids, strict=True):
            if module not in (self.present or intake.MODULES[:1]):  # one at least tells what protections are in force
                continue
            scratch = self.workplace / f"{module}-{self.stage}"
            host = Host(self.equipment.server, module, self.workplace / "source", scratch, user, self.equipment.clocks)
            host.start()
            if (former := self.hosts.get(module)) is not None and former.failed_to_import:
                host.fail(former.failure or StudentFailure("crashed", ""))  # once is enough to wait for it
            self.hosts[module] = host

    def _renew_hosts(self, stage_: int) -> None:
        """End everything in which the student's files have run, and begin anew."""
        self._end_hosts(time.monotonic() + CLOSING)
        # Whether and how they are drawn must not depend on what comes now.
        pictures.illustrate(self.results, self.deadline)
        self.former += self.hosts.values()
        self.stage = stage_
        self.identities.append(next(self.equipment.users))
        self._start_hosts()

    def _listen(self) -> None:
        """Follow the judge through the checks; raises TimeoutError when the total clock strikes."""
        assert self.judge is not None
        while True:
            limit = min(self.deadline, time.monotonic() + JUDGE_THINKS)
            try:
                event = wire.receive(self.judge, limit, self.equipment.server.watch)
            except Late:
                if time.monotonic() < self.deadline:
                    raise
                self.results.close(Status.TIMED_OUT, "The time for the whole submission was used up before this check.")
                raise TimeoutError from None
            if not self._answer(self.judge, event):
                return

    def _answer(self, judge: socket.socket, frame: bytes) -> bool:
        """Do what the judge's event asks for; False when it was the last."""
        match messages.decode_to_relay(frame):
            case Asked(module=module, operation=operation):
                self.looked = True
                answer = self._observe(frame, module, operation)
                try:
                    judge.sendall(answer)
                except OSError:
                    raise Ended from None
            case Begin(check=check):
                self.check = check
                if check in self.rows and stage(self.rows[check]) > self.stage:
                    self._renew_hosts(stage(self.rows[check]))
                self.progress(check, self.results)
            case Judged(check=check, outcome=outcome, staff=staff):
                if staff:
                    self.results.staff.append(f"{check}:\n{staff}")
                self.results.record(check, outcome)
                self._clear()
            case End():
                return False
        return True

    def _replace_judge(self, error: Exception) -> None:
        """After a judge that was lost over one check, let another judge the rest."""
        assert self.judge is not None
        self.judge.close()
        processes.sweep(self.equipment.judges)
        if self.results.outcomes.get(self.check, Outcome()).status == Status.PENDING:
            if self.check not in self.rows:
                raise error
            self.results.staff.append(f"{self.check}: the judge was lost ({type(error).__name__})")
            # What the student's processes sent, now or before, is the likely cause, if they sent anything.
            blamed = (Status.CRASHED, UNJUDGEABLE) if self.looked else (Status.GRADER_ERROR, CONTACT)
            self.results.record(self.check, Outcome(blamed[0], 0.0, blamed[1]))
        self._clear()
        self.judge = self._new_judge()

    def _observe(self, frame: bytes, module: str, operation: str) -> bytes:
        """The bench's answer, untouched, or the runner's word for why there is none."""
        try:
            if module in self.problems:
                raise StudentFailure("blocked", self.problems[module])
            if module not in self.present:
                raise StudentFailure("missing", "")
            share = 1 - KEPT_FOR_ANOTHER * (len(self.present) - 1)
            if self.spent[module] > share * self.equipment.clocks.total:
                raise StudentFailure("timed_out", f"{module}.py had used up its time before this check.")
            return b"B" + self._timed(module, frame, operation)
        except StudentFailure as failure:
            self._clear(module)  # what ran too long must not disturb what comes next
            return b"R" + wire.encode({"failure": {"kind": failure.kind, "message": failure.message}})

    def _timed(self, module: str, frame: bytes, operation: str) -> bytes:
        """An answer of the bench, for which its module pays with its share of the total clock."""
        began = time.monotonic()
        try:
            return self.hosts[module].request(frame, operation, self.deadline)
        finally:
            self.spent[module] += time.monotonic() - began

    def _clear(self, failed: str = "") -> None:
        """End what the check that is over, or the module that failed, left running, and remove what it wrote.

        A process that is as it was before the check serves the next one.
        """
        used = {module: host for module, host in self.hosts.items() if host.in_use or module == failed}
        over = [host for module, host in used.items() if module == failed or not host.settle()]
        for host in over:
            host.end_check()
        if used:
            self.equipment.server.sweep()
        for host in over:
            host.discard_files()

    def _new_judge(self) -> socket.socket:
        """A judge for all checks without an outcome."""
        pending = [row.name for row in self.results.pending()]
        ours, theirs = socket.socketpair()
        order = msgspec.json.encode(JudgeOrder(self.equipment.seed, pending))
        socket.send_fds(self.equipment.judge_control, [order], [theirs.fileno()])
        theirs.close()
        return ours

    def _facts(self) -> dict[str, Any]:
        host = next(iter(self.hosts.values()))
        return {
            "in_force": host.in_force,
            "not_in_force": host.missing,
            "seed": self.equipment.seed,
            "python": platform.python_version(),
            "machine": platform.machine(),
        }

    def printed(self) -> dict[str, str]:
        """The end of what each module's processes printed."""
        texts: dict[str, list[str]] = {}
        for host in [*self.former, *self.hosts.values()]:
            texts.setdefault(host.module, []).append(host.output.text())
        return {module: "\n".join(filter(None, said)) for module, said in texts.items()}

    def _end_hosts(self, deadline: float) -> None:
        """End every process of the hosts, and let their user ids go."""
        for host in self.hosts.values():
            host.close()
        pair = self.identities[-1]
        users = [user for user in pair.ids if user is not None]
        patience = max(1.0, deadline - time.monotonic())
        processes.sweep(self.equipment.server.process.pid, users, patience=patience)
        pair.release()
        for host in self.hosts.values():
            removal.remove(host.scratch)
            if not host.own_room and host.user is not None:
                _remove_elsewhere(host.user)

    def close(self) -> None:
        """End every process of the submission and remove its files."""
        deadline = time.monotonic() + CLOSING
        if self.judge is not None:
            self.judge.close()
        try:
            if self.identities:
                self._end_hosts(deadline)
        finally:
            # A judge that is stuck would outlive its server.
            processes.sweep(self.equipment.judges, patience=max(1.0, deadline - time.monotonic()))
            if not removal.remove(self.workplace, max(removal.SECONDS, deadline - time.monotonic())):
                self.results.remarks.append(f"Files of this submission are left in {self.workplace}: remove them.")


def _remove_elsewhere(user: int) -> None:
    """Remove what a user id has left where anybody may write: the next one could read it."""
    for folder in ("/tmp", "/var/tmp", "/dev/shm"):
        with suppress(OSError):
            for entry in os.scandir(folder):
                if entry.stat(follow_symlinks=False).st_uid == user:
                    removal.remove(Path(entry.path))
