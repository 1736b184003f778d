"""Grade the cases of the audit, several at a time, and compare each result with what is known.

Mutants are our own, so most are graded in process; a sixth of them goes through the bench, another one each day. All
that needs the bench's clocks and walls goes through it always.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import tempfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TypeVar

from grader.audit.cases import MUTANTS, SAMPLE, Case
from grader.audit.headers import NOTHING, SOUND, Known
from grader.audit.workshop import Workshop
from grader.messages import Outcome
from grader.project import SUITES, TEMPLATE
from grader.report.results import Results
from grader.rubric import Row
from grader.run.clocks import Clocks
from grader.run.runner import Runner
from tests.support.status import NO_FAULT, Status

CLOCKS = Clocks(importing=5, request=6, total=240)
"""Shorter than in grading: an endless loop of an attack costs seconds."""
FIRST_SLOT = 20
MOST_OF_A_TRACEBACK = 2000
PARTS = 6
"""Parts of the mutants that take turns in going through the bench."""
ENDED_BY_THE_RUNNER = (Status.TIMED_OUT, Status.OUT_OF_MEMORY, Status.CRASHED)

Resource = TypeVar("Resource", Runner, Workshop)

_slot = FIRST_SLOT
_suites = SUITES


@dataclass(frozen=True)
class CaseResult:
    """What became of a case: `complaints` is empty when it is as it must be.

    `due` are the points that the rubric gives for what is known of it. `outcomes` holds each check's, by its name;
    `in_force` the protections under which the case was graded, none where it was graded in process. An attack that
    needs another protection is not tried, and `outcomes` is empty.
    """

    case: Case
    complaints: tuple[str, ...]
    score: float
    due: float
    outcomes: dict[str, Outcome]
    in_force: tuple[str, ...]


def part_of(case: Case) -> int:
    """In which part a case is, from 1 to `PARTS`: by its name, whatever other cases there are."""
    return zlib.crc32(case.name.encode()) % PARTS + 1


def part_of_day(day: date) -> int:
    """The part that goes through the bench on a day: each has its turn within `PARTS` days."""
    return day.toordinal() % PARTS + 1


def needs_bench(case: Case, part: int | None) -> bool:
    """Whether a case goes through the bench when it is the turn of this part (None: of all)."""
    ended = any(known.status in ENDED_BY_THE_RUNNER for known in case.known.values())
    if case.kind == SAMPLE:
        return part is None
    return case.kind != MUTANTS or ended or part is None or part_of(case) == part


def grade_all(cases: list[Case], workers: int, suites: Path = SUITES, part: int | None = None) -> Iterator[CaseResult]:
    """Grade every case, `workers` at a time; verdicts come as they are ready.

    `part` is the part of the mutants that goes through the bench; all go through it when it is None.
    """
    context = multiprocessing.get_context("spawn")
    slots = context.Queue()
    for slot in range(workers):
        slots.put(FIRST_SLOT + slot)
    with ProcessPoolExecutor(workers, context, _start, (slots, suites)) as pool:
        for done in as_completed([pool.submit(_grade, case, needs_bench(case, part)) for case in cases]):
            yield done.result()


def _start(slots: multiprocessing.Queue[int], suites: Path) -> None:
    """Begin a worker, which makes a runner or a workshop of its own when it first needs one."""
    global _slot, _suites
    _slot, _suites = slots.get(), suites


@cache
def _runner() -> Runner:
    return _kept(Runner(_suites, CLOCKS, slot=_slot))


@cache
def _workshop() -> Workshop:
    return _kept(Workshop())


def _kept(resource: Resource) -> Resource:
    """Open something that ends with this process."""
    opened = resource.__enter__()
    multiprocessing.util.Finalize(opened, opened.__exit__, (None, None, None), exitpriority=10)
    return opened


def _grade(case: Case, through_bench: bool) -> CaseResult:
    if case.needs and not any(one.startswith(case.needs) for one in _defences()):
        return CaseResult(case, (), 0.0, 0.0, {}, _defences())
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        submission, out = Path(folder, "submission"), Path(folder, "out")
        os.mkdir(submission)
        case.build(submission)
        if through_bench:
            return compare(case, _runner().grade(submission, out))
        return compare(case, _workshop().grade(submission, out, _suites))


@cache
def _defences() -> tuple[str, ...]:
    """What is in force on this host, as the grading of a harmless submission tells."""
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        return tuple(_runner().grade(TEMPLATE, Path(folder)).facts["in_force"])


def compare(case: Case, results: Results) -> CaseResult:
    """Hold a result against what is known of its case."""
    complaints = []
    for row in results.rows if case.kind != SAMPLE else ():  # nothing is known of these but what was changed
        complaints += _differences(row, case.of(row.name), results.outcomes[row.name])
    due = _due(case, results)
    if case.kind != SAMPLE and not complaints and results.score != due:
        complaints.append(f"{results.score:g} points remain, not {due:g}")
    faults = [outcome.output for outcome in results.outcomes.values() if outcome.status not in NO_FAULT]
    if case.says and not any(case.says in output for output in faults):
        complaints.append(f"no message says {case.says!r}")
    if results.staff:
        complaints.insert(0, "the grader itself failed: " + results.staff[0][:MOST_OF_A_TRACEBACK])
    in_force = tuple(results.facts.get("in_force", ()))
    return CaseResult(case, tuple(complaints), results.score, due, dict(results.outcomes), in_force)


def _differences(row: Row, known: Known, outcome: Outcome) -> list[str]:
    """How the outcome of one check differs from what is known of it."""
    sound = outcome.status in NO_FAULT
    if known == SOUND:
        return [] if sound else [f"{row.name} fails as well ({outcome.status})"]
    if known == NOTHING:
        return [f"{row.name} earns {outcome.credit:.0%} of its points"] if row.points * outcome.credit else []
    if sound:  # advice is given on files, whether or not the question is solved
        advice = outcome.status == Status.ADVICE and known.status == Status.NOT_IMPLEMENTED
        return [] if advice else [f"{row.name} does not fail"]
    differences = []
    if outcome.status != known.status:
        differences.append(f"{row.name} is {outcome.status}, not {known.status}")
    if not math.isclose(outcome.credit, known.share, abs_tol=1e-9):
        differences.append(f"{row.name} keeps {outcome.credit:.4g} of its points, not {known.share:.4g}")
    return differences


def _due(case: Case, results: Results) -> float:
    """The points of what is known, where advice is worth what it was found to be worth."""
    total = 0.0
    for row in results.rows:
        outcome = results.outcomes[row.name]
        share = outcome.credit if outcome.status == Status.ADVICE else case.of(row.name).share
        total += round(row.points * share, 3)
    return round(total, 3)
