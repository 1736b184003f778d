"""The runner: takes a submission in, starts judge and bench, owns every clock, and writes the results.

Trusted. It copies a student's bytes and relays them, and neither runs nor interprets any.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType

from grader.project import ROOT, SUITES
from grader.report import pictures
from grader.report.results import CONTACT, Known, Results, clean
from grader.rubric import read
from grader.run import users
from grader.run.clocks import BenchError, Clocks
from grader.run.removal import remove
from grader.run.server import FRUGAL, Server
from grader.run.session import Equipment, Progress, Session, no_progress
from grader.wire import BadFrame, Ended, Late
from tests.support.status import Status


class Runner:
    """Grades submissions one after another, with one bench server and one judge server for all of them.

    Runners with different slots begin at different user ids; `without` are layers of the confinement that a test takes
    away; `used` are the user ids under which the files of the latest submission ran.
    """

    def __init__(
        self,
        suites: Path = SUITES,
        clocks: Clocks | None = None,
        seed: int = 0,
        slot: int = 0,
        leaderboard: bool = False,
        written_counts: bool | None = None,
        without: frozenset[str] = frozenset(),
    ) -> None:
        self.suites = suites
        self.leaderboard = leaderboard
        self.rows = read(suites, written_counts)
        self.clocks = clocks or Clocks()
        self.seed = seed
        self.identities = users.identities(slot)
        self.without = without
        self.used: tuple[int, ...] = ()
        self.folder = Path(tempfile.mkdtemp(prefix="grading-"))
        self.folder.chmod(0o711)

    def __enter__(self) -> Runner:
        self.server = Server(self.folder / "bench.log", self.without)
        ours, theirs = socket.socketpair()
        with (self.folder / "judge.log").open("wb") as log:
            self.judges = subprocess.Popen(
                [sys.executable, "-m", "grader.judge.server", str(theirs.fileno()), str(self.suites)],
                # First on the module path, so that suites elsewhere bring a support package of their own.
                cwd=self.suites.parent, env={**os.environ, **FRUGAL, "PYTHONPATH": str(ROOT)},
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
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
        remove(self.folder)

    def _equipment(self) -> Equipment:
        return Equipment(
            self.server, self.judge_control, self.judges.pid, self.clocks, self.seed, self.identities, self.folder
        )

    def grade(
        self, submission: Path, out: Path, progress: Progress = no_progress, known: Known | None = None
    ) -> Results:
        """Grade one folder, zip or file; leaves `results.json` in `out` and returns the same.

        What is known of the same files already is taken over, and not judged again. Every way in which this can end
        leaves a result: an error of the grader is recorded in it.
        """
        results = Results(out / "results.json", self.rows, self.leaderboard)
        if known is not None:
            results.take_over(known)
        session = Session(self._equipment(), results, progress)
        try:
            session.run(submission)
        except (BenchError, Ended, Late, BadFrame, OSError, RuntimeError, ValueError) as error:
            logs = [(self.folder / name).read_text(errors="replace")[-3000:] for name in ("bench.log", "judge.log")]
            results.staff.append("\n".join([f"{type(error).__name__}: {error}", *logs]))
        try:
            session.close()
        except RuntimeError as error:
            results.staff.append(str(error))
        self.used = tuple(user for own in session.identities for user in own.ids if user is not None)
        if session.hosts or known is None:
            results.facts["printed"] = {module: clean(text) for module, text in session.printed().items()}
        results.close(Status.GRADER_ERROR, CONTACT)
        pictures.illustrate(results, session.deadline)
        return results
