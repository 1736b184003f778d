"""Grade the cases of the audit, several at a time, and compare each result with what is known."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from grader.audit.cases import Case
from grader.messages import Outcome
from grader.project import SUITES, TEMPLATE
from grader.report.results import Results
from grader.run.clocks import Clocks
from grader.run.runner import Runner
from tests.support.verdicts import NO_FAULT

CLOCKS = Clocks(importing=5, request=6, total=240)
"""Shorter than in grading: an endless loop of an attack costs seconds."""
FIRST_SLOT = 20
MOST_OF_A_TRACEBACK = 2000

_runner: Runner | None = None


@dataclass(frozen=True)
class CaseResult:
    """What became of a case: `complaints` is empty when it is as it must be.

    `outcomes` holds each check's, by its name; `in_force` the protections under which the case was graded. An attack
    that needs another one is not tried, and `outcomes` is empty.
    """

    case: Case
    complaints: tuple[str, ...]
    score: float
    outcomes: dict[str, Outcome]
    in_force: tuple[str, ...]


def grade_all(cases: list[Case], workers: int, suites: Path = SUITES) -> Iterator[CaseResult]:
    """Grade every case, `workers` at a time; verdicts come as they are ready."""
    context = multiprocessing.get_context("spawn")
    slots = context.Queue()
    for slot in range(workers):
        slots.put(FIRST_SLOT + slot)
    with ProcessPoolExecutor(workers, context, _start, (slots, suites)) as pool:
        for done in as_completed([pool.submit(_grade, case) for case in cases]):
            yield done.result()


def _start(slots: multiprocessing.Queue[int], suites: Path) -> None:
    """Begin a worker: a runner of its own, ended with the process."""
    global _runner
    _runner = Runner(suites, CLOCKS, slot=slots.get()).__enter__()
    multiprocessing.util.Finalize(_runner, _runner.__exit__, (None, None, None), exitpriority=10)


def _grade(case: Case) -> CaseResult:
    assert _runner is not None
    if case.needs and not any(one.startswith(case.needs) for one in _defences()):
        return CaseResult(case, (), 0.0, {}, _defences())
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        submission, out = Path(folder, "submission"), Path(folder, "out")
        os.mkdir(submission)
        case.build(submission)
        return compare(case, _runner.grade(submission, out))


@cache
def _defences() -> tuple[str, ...]:
    """What is in force on this host, as the grading of a harmless submission tells."""
    assert _runner is not None
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        return tuple(_runner.grade(TEMPLATE, Path(folder)).facts["in_force"])


def compare(case: Case, results: Results) -> CaseResult:
    """Hold a result against what is known of its case."""
    complaints = []
    if results.score != case.score:
        complaints.append(f"{results.score:g} points remain, not {case.score:g}")
    failed = {name for name, outcome in results.outcomes.items() if outcome.status not in NO_FAULT}
    if case.fails is not None:
        complaints += [f"{name} does not fail" for name in sorted(case.fails - failed)]
        complaints += [
            f"{name} fails as well ({results.outcomes[name].status})" for name in sorted(failed - case.fails)
        ]
    if case.says and not any(case.says in results.outcomes[name].output for name in failed):
        complaints.append(f"no message says {case.says!r}")
    if results.staff:
        complaints.insert(0, "the grader itself failed: " + results.staff[0][:MOST_OF_A_TRACEBACK])
    in_force = tuple(results.facts.get("in_force", ()))
    return CaseResult(case, tuple(complaints), results.score, dict(results.outcomes), in_force)
