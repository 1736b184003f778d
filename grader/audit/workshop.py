"""Where submissions of our own are graded without a bench, by the processes of `grader.audit.in_process`."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType

import msgspec

from grader import messages, rubric, wire
from grader.audit import in_process
from grader.audit.in_process import CaseOrder
from grader.messages import Begin, End, Forked, Judged, Outcome
from grader.project import ROOT, SUITES
from grader.report.results import CONTACT, Results
from grader.run import intake
from grader.run.server import environment
from tests.support.status import Status

STARTING = 120.0
"""Seconds in which a case tells its process id: torch and the suites are imported before."""
PATIENCE = 60.0
"""Seconds between two words of a case, after which its process is ended."""
LONGEST_LOG = 3000


class Workshop:
    """Grades submissions one after another, each in a forked process; torch is imported once for all of them."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self.patience = patience

    def __enter__(self) -> Workshop:
        self.folder = tempfile.TemporaryDirectory(prefix="in-process-")
        self.log = Path(self.folder.name, "log")
        self.control, theirs = socket.socketpair()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", in_process.__name__, str(theirs.fileno())],
                # The whole environment of a bench, so that a case answers as it would there.
                cwd=ROOT, env=environment(Path(self.folder.name)), pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        theirs.close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.control.close()  # server and shops end with it
        self.process.wait()
        self.folder.cleanup()

    def grade(self, submission: Path, out: Path, suites: Path = SUITES) -> Results:
        """Grade one folder; like `Runner.grade`, however its process ends."""
        results = Results(out / "results.json", rubric.read(suites))
        with tempfile.TemporaryDirectory(prefix="case-", dir=self.folder.name) as name:
            source, scratch = Path(name, "source"), Path(name, "scratch")
            scratch.mkdir()
            intake.take(submission, source, Path(name), None)
            results.leave_out_self_checks([one for one in intake.MODULES if not (source / f"{one}.py").is_file()])
            connection, theirs = socket.socketpair()
            checks = [row.name for row in results.rows]
            answers = self._answers(suites.resolve())
            order = CaseOrder(str(source), str(scratch), str(suites.resolve()), answers, checks)
            socket.send_fds(self.control, [msgspec.json.encode(order)], [theirs.fileno()])
            theirs.close()
            with connection:
                self._attend(connection, results)
        return results

    def _attend(self, connection: socket.socket, results: Results) -> None:
        """Follow a case to its end, and end what it leaves behind."""
        try:
            case = messages.decode(wire.receive(connection, time.monotonic() + STARTING), Forked).pid
        except (wire.Ended, wire.Late):
            results.staff.append(f"a case did not start\n{self.log.read_text(errors='replace')[-LONGEST_LOG:]}")
            results.close(Status.GRADER_ERROR, CONTACT)
            return
        try:
            self._follow(connection, results)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(case, signal.SIGKILL)

    def _answers(self, suites: Path) -> str:
        """The folder of the answers that the probes of these suites gave."""
        folder = Path(self.folder.name, "answers", hashlib.sha256(bytes(suites)).hexdigest())
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)

    def _follow(self, connection: socket.socket, results: Results) -> None:
        """Keep what the case tells; a check that never ends, or ends the process, has that outcome."""
        current = ""
        status, said = Status.BLOCKED, "Not judged: the process of this case had ended before."
        try:
            while True:
                match messages.decode_event(wire.receive(connection, time.monotonic() + self.patience)):
                    case Begin(check=check):
                        current = check
                    case Judged(check=check, outcome=outcome, staff=staff):
                        results.outcomes[check] = outcome
                        if staff:
                            results.staff.append(f"{check}:\n{staff}")
                    case End():
                        status, said = Status.GRADER_ERROR, "This check was not run."
                        break
        except wire.Late:
            results.outcomes[current] = Outcome(
                Status.TIMED_OUT, 0.0, f"Your code did not finish within {self.patience:g} s."
            )
        except wire.Ended:
            results.outcomes[current] = Outcome(Status.CRASHED, 0.0, "Your code ended its own process.")
        results.close(status, said)
