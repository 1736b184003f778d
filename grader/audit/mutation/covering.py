"""Which tests run which lines: measured once for each test file, and kept until it, or a file that it runs, changes."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from queue import Queue
from typing import Any

from grader.audit.mutation import trial
from grader.audit.mutation.changes import GROUPS, Change, trusted
from grader.audit.mutation.safe import MEMORY, WRITABLE
from grader.project import ROOT

KNOWN = "grader/audit/mutation/known.py"
"""The mutants, styles and halves of the audit, as tests that run in process."""
SLOW = (
    *("test_attacks", "test_hostile_archives", "test_hostile_artifacts", "test_training", "test_homework_helper"),
    *("test_guides", "test_readme", "test_bad_input", "test_contributing"),
)
"""Test files that are not asked: each takes minutes, most of it in processes whose lines are not seen from here."""
SLOW_TESTS = ("grader/tests/test_audit.py::test_a_sabotaged_suite_fails_the_audit",)
"""Tests that are not asked, of files that are."""
THROUGH_THE_RUNNER = (
    "grader/tests/test_runner.py::test_a_check_that_fails_in_the_grader_costs_nothing_silently",
    "grader/tests/test_runner.py::test_a_judge_that_dies_over_one_check_costs_only_that",
    "grader/tests/test_runner.py::test_the_untouched_template_earns_nothing_and_every_row_says_why",
)
"""Who is asked about lines that no test runs in its own process."""
MOMENT = 0.1
"""Seconds within which a test is asked before all slower ones, whatever its file."""
LONGEST = 1800.0
"""Seconds for one test file."""
ENOUGH = 25.0
"""Seconds of tests that a change is tried with first, the quickest of those that run its lines."""
PATIENCE = 75.0
"""Seconds of the other tests that run its lines, which a change is tried with when it has survived the first."""


@dataclass(frozen=True)
class Covering:
    """What each test takes, in seconds, the lines that it runs, by file, and the files that its own file imports."""

    seconds: dict[str, float]
    lines: dict[str, dict[str, frozenset[int]]]
    imported: dict[str, frozenset[str]]

    def tests_of(self, change: Change) -> list[list[str]]:
        """The tests that a change is tried with, in rounds, each for what has survived the one before.

        They are those of its lines, else of its file, else those that grade as a whole, the quickest first. About what
        runs when its module is imported, every file that imports it is asked: all that takes a moment, then in turn.
        """
        of_file = [name for name, files in self.lines.items() if change.path in files]
        near = [name for name in of_file if not self.lines[name][change.path].isdisjoint(change.lines)]
        if not change.when_called:  # who imports a module first is chance
            near = [name for name in self.lines if change.path in self.imported[_file_of(name)]]
        near = sorted(near or of_file, key=lambda name: self.seconds[name])
        if not near:
            return [list(THROUGH_THE_RUNNER)]
        if not change.when_called:
            near = self._in_turn(near)
        first = max(1, self._within(near, ENOUGH))
        second = first + self._within(near[first:], PATIENCE)
        return [one for one in (near[:first], near[first:second]) if one]

    def _in_turn(self, tests: list[str]) -> list[str]:
        """All that take a moment; then the first slower test of each file, the second of each, and so on."""
        turns: Counter[str] = Counter()
        placed = []
        for name in tests:
            turns[_file_of(name)] += self.seconds[name] > MOMENT
            placed.append((turns[_file_of(name)], name))
        return [name for _, name in sorted(placed, key=lambda one: one[0])]

    def _within(self, tests: list[str], seconds: float) -> int:
        """How many of these tests, from the first on, fit into so many seconds."""
        sums = accumulate(self.seconds[name] for name in tests)
        return sum(total <= seconds for total in sums)


def _file_of(test: str) -> str:
    return test.partition("::")[0]


_NOTHING = {"tests": {}, "files": [], "failed": [""]}


def test_files() -> list[str]:
    """The test files that are asked."""
    found = sorted((ROOT / "grader" / "tests").glob("test_*.py"))
    return [KNOWN, *(path.relative_to(ROOT).as_posix() for path in found if path.stem not in SLOW)]


def measured(workers: int) -> Covering:
    """Which tests run which lines, from what is kept, or measured anew."""
    WRITABLE.mkdir(parents=True, exist_ok=True)
    files = [path for group in GROUPS for path in trusted(group)]
    trees: Queue[Path] = Queue()
    for i in range(workers):
        trees.put(trial.copy_of_the_tree(f"cover{i}"))

    def one(test_file: str) -> dict[str, Any]:
        kept = WRITABLE / f"{Path(test_file).stem}.json"
        told = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
        if not told or told["of"] != _digests([test_file, *told["of"]]):
            tree, answer = trees.get(), MEMORY / f"{Path(test_file).stem}.json"
            trial.run(trial.cover, tree, LONGEST, [test_file], SLOW_TESTS, files, answer)
            trees.put(tree)
            told = json.loads(answer.read_text(encoding="utf-8")) if answer.exists() else dict(_NOTHING)
            told["of"] = _digests([test_file, *told["files"]])
            kept.write_text(json.dumps(told), encoding="utf-8")
        return told

    seconds: dict[str, float] = {}
    lines: dict[str, dict[str, frozenset[int]]] = {}
    imported: dict[str, frozenset[str]] = {}
    asked = test_files()
    with ThreadPoolExecutor(workers) as pool:
        for test_file, told in zip(asked, pool.map(one, asked), strict=True):
            for name in told["failed"]:
                print(f"is not asked, for it does not pass here: {name or test_file}")
            imported[test_file] = frozenset(told["files"])
            for name, test in told["tests"].items():
                seconds[name] = test["seconds"]
                lines[name] = {path: frozenset(numbers) for path, numbers in test["lines"].items()}
    return Covering(seconds, lines, imported)


def _digests(paths: Iterable[str]) -> dict[str, str]:
    """What each of these files is now; nothing for one that is no more."""
    present = [path for path in paths if (ROOT / path).exists()]
    return {path: hashlib.sha256((ROOT / path).read_bytes()).hexdigest()[:16] for path in present}
