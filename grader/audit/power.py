"""The verb `power`: by how much each mutant is caught, in the checks that must catch it.

The margin of a check is the deviation over its tolerance, or log p over the log of the rate at which a law rejects
(the largest of its tests): 1 is barely caught. Mutants are our own, hence run in worker processes without a bench.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from grader.audit.cases import Case, mutants
from grader.calibrate.decisions import functions
from grader.project import REFERENCE
from grader.report import terminal
from tests.support.homework.assignment import HELPERS
from tests.support.probes import vocabulary
from tests.support.submission import Submission
from tests.support.transports import InProcess
from tests.support.verdicts import Verdict, Wrong

GOAL = 2.0
SHOWN = 10


@dataclass(frozen=True)
class Power:
    """How a mutant is caught: the smallest margin over the seeds of each check where numbers decide (0: not caught)."""

    mutant: str
    margins: dict[str, float]

    @property
    def weakest(self) -> tuple[float, str]:
        """The smallest margin, and its check."""
        return min((margin, check) for check, margin in self.margins.items())


def measure(case: Case, seeds: Sequence[int]) -> Power:
    """Run the checks that a mutant must fail, under each seed; those that need no number to fail it are left out."""
    margins: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="power-") as name:
        folder = Path(name)
        case.build(folder)
        shutil.copy(REFERENCE / f"{HELPERS[0]}.py", folder)
        transport = InProcess(folder, vocabulary.perform)
        for seed in seeds:
            submission = Submission(transport, seed, quote=False)
            for check, function in functions(case.fails).items():
                margin = _margin(function, submission)
                if margin is not None:
                    margins[check] = min(margin, margins.get(check, margin))
    return Power(case.name, margins)


def _margin(function: Callable[..., None], submission: Submission) -> float | None:
    """The margin by which a check fails, 0 when it passes; None when it fails without comparing numbers."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):  # training prints
            function(submission=submission)
    except Wrong as wrong:
        return wrong.margin
    except Verdict:
        return None
    return 0.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which mutants, under how many seeds, and how many at a time."""
    parser.add_argument("--seeds", type=int, default=5, help="default: 5; the smallest margin counts")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the mutants whose name holds this text")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)


def run(options: argparse.Namespace) -> int:
    """Print the weakest mutants; 1 when one is not caught, or its margin is below the goal."""
    console = terminal.console(140)
    cases = [case for case in mutants() if options.only in case.name]
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    powers = []
    with (
        ProcessPoolExecutor(options.workers, multiprocessing.get_context("spawn")) as pool,
        terminal.progress_line(console) as line,
    ):
        task = line.add_task("power", total=len(cases))
        for done in as_completed([pool.submit(measure, case, range(options.seeds)) for case in cases]):
            powers.append(done.result())
            line.update(task, advance=1, description=powers[-1].mutant[:50])
    measured = sorted((one for one in powers if one.margins), key=lambda one: one.weakest)
    table = Table(title=f"The weakest of {len(measured)} mutants caught by numbers", title_justify="left")
    for heading in ("margin", "mutant", "check"):
        table.add_column(heading, justify="right" if heading == "margin" else "left")
    for one in measured[:SHOWN]:
        margin, check = one.weakest
        table.add_row(f"{margin:.3g}", one.mutant, check)
    console.print(table)
    weak = [one for one in measured if one.weakest[0] < GOAL]
    said = f"{len(powers) - len(measured)} mutants are caught by exact checks alone; {len(weak)} margins below {GOAL:g}"
    console.print(f"{said}, {options.seeds} seeds each", highlight=False)
    return int(bool(weak) or not powers)
