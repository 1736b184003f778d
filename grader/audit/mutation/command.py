"""The verb `mutate`: change the trusted code at random and see whether a test notices.

Each change is a small one to one file, tried on a copy of the project, in namespaces, by the tests that run its lines.
One that survives is a gap in the tests, or must be listed in grader/tests/mutation/equivalent.md, with the proof that
nothing can notice it. What survives the tests is shown to `make lint` too: its types refuse some changes. The slow
tests (attacks, training) are not asked: what survives here they may still notice.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

from grader.audit.automatic import listed
from grader.audit.mutation import changes, covering, safe, trial
from grader.audit.mutation.changes import Change
from grader.project import KNOWN, ROOT
from grader.report import terminal

EQUIVALENT = KNOWN / "mutation" / "equivalent.md"
FLOORS = {"grader": 0.85, "tests/support": 0.85, "checks": 0.5}
"""The share of changes that has to be noticed, proven equivalents left out. Most changes of the checks are of words."""
SLACK = 30.0
"""Seconds that a trial has beyond three times what its tests took: a change may make an endless loop."""


@dataclass(frozen=True)
class Tried:
    """A change, and the first test that failed with it (or `nobody`)."""

    change: Change
    noticed_by: str
    asked: int

    @property
    def noticed(self) -> bool:
        """Whether anything failed."""
        return self.noticed_by != trial.SURVIVED


def tried(sample: list[Change], known: covering.Covering, workers: int) -> Iterator[Tried]:
    """Try every change, several at a time, each on a copy of the tree that is as before afterwards."""
    trees: Queue[Path] = Queue()
    for i in range(workers):
        trees.put(trial.copy_of_the_tree(f"changed{i}"))

    def one(change: Change) -> Tried:
        tree, rounds = trees.get(), known.tests_of(change)
        (tree / change.path).write_text(change.after, encoding="utf-8")
        said = trial.SURVIVED
        for tests in rounds:
            seconds = SLACK + 3 * sum(known.seconds.get(name, 60.0) for name in tests)
            said = _answer(tree, tests, seconds)
            if said == trial.TIMED_OUT:  # of an endless loop, or of a machine that had other things to do
                said = _answer(tree, tests, 2 * seconds)
            if said != trial.SURVIVED:
                break
        if said == trial.SURVIVED and trial.lint(tree, change.path):
            said = trial.LINT
        (tree / change.path).write_text((ROOT / change.path).read_text(encoding="utf-8"), encoding="utf-8")
        trees.put(tree)
        return Tried(change, said, sum(map(len, rounds)))

    with ThreadPoolExecutor(workers) as pool:
        for done in as_completed([pool.submit(one, change) for change in sample]):
            yield done.result()


def _answer(tree: Path, tests: list[str], seconds: float) -> str:
    """Who notices, of these tests on a changed tree."""
    answer = safe.MEMORY / f"{tree.name}.txt"
    answer.unlink(missing_ok=True)
    if not trial.run(trial.notice, tree, seconds, tests, answer):
        return trial.TIMED_OUT
    return answer.read_text(encoding="utf-8") if answer.exists() else "a crash"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which changes, and how many at a time."""
    parser.add_argument("--sample", type=int, default=40, help="changes of each group (default: 40)")
    parser.add_argument("--seed", type=int, default=0, help="which sample (default: 0)")
    parser.add_argument("--group", action="append", choices=list(FLOORS), help="only this group")
    parser.add_argument("--only", default="", metavar="TEXT", help="only files whose path holds this text")
    parser.add_argument("--all", action="store_true", help="show the noticed changes too")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)


def run(options: argparse.Namespace) -> int:
    """Try a sample of each group; 1 when a group is below its floor."""
    if not safe.contained():
        safe.contain()
    console = terminal.console(140)
    trial.start()
    began = time.monotonic()
    groups = options.group or list(FLOORS)
    known = covering.measured(options.workers)
    console.print(f"{len(known.seconds)} tests, measured in {time.monotonic() - began:.0f} s", highlight=False)
    equivalent = listed(EQUIVALENT.read_text(encoding="utf-8"))
    sample = [one for group in groups for one in changes.sample(group, options.sample, options.seed, options.only)]
    sample = [change for change in sample if change.name not in equivalent]
    results: list[Tried] = []
    with terminal.progress_line(console) as line:
        task = line.add_task("changes", total=len(sample))
        for result in tried(sample, known, options.workers):
            results.append(result)
            line.update(task, advance=1, description=result.change.path)
            if options.all or not result.noticed:
                said = f"noticed by {result.noticed_by}" if result.noticed else f"survives {result.asked} tests"
                console.print(f"{said}:\n{result.change.name}\n", markup=False, highlight=False)
    below = False
    for group in groups:
        of_group = [result for result in results if result.change.group == group]
        noticed = sum(result.noticed for result in of_group)
        share = noticed / len(of_group) if of_group else 1.0
        below |= share < FLOORS[group]
        by_lint = sum(result.noticed_by == trial.LINT for result in of_group)
        console.print(
            f"{group}: {noticed}/{len(of_group)} noticed ({share:.0%}; floor {FLOORS[group]:.0%}), "
            f"{by_lint} of them by lint alone",
            highlight=False,
        )
    console.print(f"seed {options.seed}, in {time.monotonic() - began:.0f} s", highlight=False)
    return int(below)
