"""The verb `audit`: prove that the grader is right, on everything whose verdict is known.

Each day another sixth of the mutants goes through the bench, and the tests grade the attacks; `--full` leaves nothing
out: for every night, and before a release.
"""

from __future__ import annotations

import argparse
import os
import time
from datetime import date
from pathlib import Path

from rich.markup import escape

from grader import rubric
from grader.audit import cases as known
from grader.audit import naming, page
from grader.audit.run import PARTS, CaseResult, grade_all, part_of_day
from grader.project import SUITES
from grader.report import terminal

CLAIMS = {
    known.STYLES: "styles at full marks",
    known.MUTANTS: "mutants caught by exactly the named checks with the named message",
    known.HALVES: "half-finished submissions with exactly their points, from the untouched template to the reference",
    known.SAMPLE: "automatic mutants graded",
    known.ATTACKS: "attacks defeated",
}
EVERY_DAY = (known.STYLES, known.MUTANTS, known.SAMPLE, known.HALVES)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which cases, how many at a time, and where the page goes."""
    parser.add_argument("--kinds", nargs="+", choices=list(CLAIMS), help="default: all but attacks")
    parser.add_argument("--full", action="store_true", help="everything, and all of it through the bench")
    parser.add_argument(
        "--part",
        type=int,
        choices=range(1, PARTS + 1),
        default=part_of_day(date.today()),
        help="the part of the mutants that goes through the bench (default: today's)",
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="only the cases whose name holds this text")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the audit's page")
    parser.add_argument(
        "--right", action="store_true", help="the names in these messages have been read, and are right"
    )
    parser.add_argument("--suites", type=Path, default=SUITES, help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Grade all cases and print a figure for each kind; 1 when a single one is not as it must be."""
    console = terminal.console(140)
    kinds = options.kinds or (list(CLAIMS) if options.full else EVERY_DAY)
    listed = known.all_cases([kind for kind in kinds if kind != known.SAMPLE], options.suites)
    every = [*listed, *(naming.sample() if known.SAMPLE in kinds else ())]
    cases = [case for case in every if options.only in case.name]
    part = None if options.full else options.part
    began = time.monotonic()
    verdicts: list[CaseResult] = []
    with terminal.progress_line(console) as line:
        task = line.add_task("audit", total=len(cases))
        for verdict in grade_all(cases, options.workers, options.suites, part):
            verdicts.append(verdict)
            line.update(task, advance=1, description=verdict.case.name[:50])
            if verdict.complaints:
                line.console.print(
                    f"{verdict.case.kind}: {escape(verdict.case.name)}: {escape('; '.join(verdict.complaints))}"
                )
    seconds = time.monotonic() - began
    for figure in page.figures(verdicts):
        untried = f" ({figure.untried} not tried: this host lacks what they need)" if figure.untried else ""
        console.print(f"{figure.right}/{figure.tried} {CLAIMS[figure.kind]}{untried}", highlight=False)
    rows = rubric.read(options.suites)
    if options.right:
        naming.keep(verdicts)
    told = naming.told(verdicts, rows)
    wrong = naming.complaints(told, whole=not options.only)
    for text in (*told, *wrong):
        console.print(str(text), markup=False, highlight=False)
    how = page.how(part, kinds)
    console.print(f"{len(verdicts)} submissions in {seconds:.0f} s. {how}", highlight=False)
    if options.page:
        page.write(options.page, verdicts, rows, seconds, how)
        console.print(f"Page: {options.page}", highlight=False)
    return int(any(verdict.complaints for verdict in verdicts) or bool(wrong) or not verdicts)
