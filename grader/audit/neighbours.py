"""The verb `neighbours`: a class in which every attack stands between right submissions.

One runner grades them all, as it grades a class. The right ones must have full marks, and after each submission nothing
may be left: no process, no file, no mount, no memory.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown

from grader.audit import cases as known
from grader.audit.cases import Case
from grader.audit.leftovers import leftovers
from grader.audit.run import CLOCKS, compare
from grader.project import REFERENCE
from grader.run import processes
from grader.run.runner import Runner

SLOT = 720
GROWTH = 96 * 2**20
"""Bytes by which a trusted process may grow over a class: 50 MB are the drawing library of the first picture."""


@dataclass
class Measured:
    """What the trusted processes hold: bytes of memory of runner, bench server and judge server, open descriptors."""

    runner: int
    bench: int
    judges: int
    descriptors: int

    @staticmethod
    def of(runner: Runner) -> Measured:
        """What they hold now."""
        pids = (os.getpid(), runner.server.process.pid, runner.judges.pid)
        own, bench, judges = map(processes.own_memory, pids)
        return Measured(own, bench, judges, len(os.listdir("/proc/self/fd")))

    def __str__(self) -> str:
        sizes = " / ".join(f"{one / 2**20:.0f}" for one in (self.runner, self.bench, self.judges))
        return f"{sizes} MB of memory (runner / bench server / judge server), {self.descriptors} descriptors"


@dataclass
class Class:
    """A class as it was graded: seconds of each kind, and what is wrong."""

    right: list[float] = field(default_factory=list)
    attacks: list[float] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    first: Measured | None = None
    last: Measured | None = None

    def report(self) -> str:
        """The class in a few lines of Markdown."""
        lines = [f"- {len(self.right)} right submissions in {sum(self.right):.0f} s, {len(self.attacks)} attacks "
                 f"in {sum(self.attacks):.0f} s, the longest {max(self.attacks, default=0):.0f} s",
                 f"- after the first submission: {self.first}", f"- after the last: {self.last}"]  # fmt: skip
        lines += [f"- NOT as it must be: {one}" for one in self.complaints]
        if not self.complaints:
            lines += ["- every right submission has full marks, every attack what is known of it", "- nothing is left"]
        return "\n".join([*lines, ""])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which attacks, how many submissions, and where the report goes."""
    parser.add_argument("--only", default="", metavar="TEXT", help="only attacks whose name holds it")
    parser.add_argument("--size", type=int, default=0, metavar="N", help="submissions at most (default: all)")
    parser.add_argument("--out", type=Path, default=Path("out/neighbours.md"), help="the report, as Markdown")


def run(options: argparse.Namespace) -> int:
    """Grade the class; 1 when a right submission has lost a point, or anything is left."""
    attacks = [case for case in known.attacks() if options.only in case.name]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    graded = grade(attacks[: options.size // 2] if options.size else attacks, options.out)
    Console(width=None if sys.stdout.isatty() else 160).print(Markdown(graded.report()))
    return int(bool(graded.complaints) or not graded.attacks)


def grade(attacks: list[Case], out: Path) -> Class:
    """Grade the reference, then each attack, and the reference after it; the report so far is rewritten each time."""
    graded = Class()
    with Runner(clocks=CLOCKS, slot=SLOT) as runner:
        _right(runner, graded, "the first")
        graded.first = Measured.of(runner)
        for case in attacks:
            _attack(runner, graded, case)
            _right(runner, graded, f"after {case.name}")
            graded.last = Measured.of(runner)
            out.write_text(graded.report(), encoding="utf-8")
    _compare_sizes(graded)
    out.write_text(graded.report(), encoding="utf-8")
    return graded


def _compare_sizes(graded: Class) -> None:
    if graded.first is None or graded.last is None:
        return
    for name in ("runner", "bench", "judges"):
        if (growth := getattr(graded.last, name) - getattr(graded.first, name)) > GROWTH:
            graded.complaints.append(f"{name} has grown by {growth / 2**20:.0f} MB")
    if graded.last.descriptors > graded.first.descriptors:
        graded.complaints.append(f"{graded.last.descriptors - graded.first.descriptors} descriptors stay open")


def _right(runner: Runner, graded: Class, which: str) -> None:
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        began = time.monotonic()
        results = runner.grade(REFERENCE, Path(folder))
        graded.right.append(time.monotonic() - began)
    if results.score != results.possible or results.staff:
        graded.complaints.append(f"the right submission {which} has {results.score:g} of {results.possible:g} points")
    graded.complaints += [f"the right submission {which} has left {one}" for one in leftovers(runner)]


def _attack(runner: Runner, graded: Class, case: Case) -> None:
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        submission = Path(folder, "submission")
        submission.mkdir()
        case.build(submission)
        began = time.monotonic()
        results = runner.grade(submission, Path(folder, "out"))
        graded.attacks.append(time.monotonic() - began)
    in_force = results.facts.get("in_force", [])
    if not case.needs or any(one.startswith(case.needs) for one in in_force):
        graded.complaints += [f"{case.name}: {one}" for one in compare(case, results).complaints]
        if "LEAK" in str(results.facts.get("printed")):
            graded.complaints.append(f"{case.name}: it read or did what it must not")
    graded.complaints += [f"{case.name} has left {one}" for one in leftovers(runner)]
