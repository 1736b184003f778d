"""Grade one submission as is usual: a process for each, gradescope-utils, everything within it.

`python -m benchmarks.the_usual_way FOLDER RESULT`. The same checks make the same measurements and decide in the same
way, as tests of a `unittest.TestCase` that gradescope-utils' own runner runs beside the student's code. What it does
without is what the grader is for: confinement, a process for each check, results whatever happens.
"""

from __future__ import annotations

import importlib
import sys
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gradescope_utils.autograder_utils.json_test_runner import JSONTestRunner

from grader.rubric import read
from tests.support.probes import vocabulary
from tests.support.submission import Submission
from tests.support.transports import InProcess


def tests_of(folder: Path) -> type[unittest.TestCase]:
    """A test for each check of the rubric, on the files in a folder."""
    importlib.import_module("tests.conftest")  # how many examples the checks draw
    submission = Submission(InProcess(folder, vocabulary.perform))
    methods: dict[str, Any] = {}
    for row in read():
        suite = importlib.import_module(f"tests.{row.file.removesuffix('.py').replace('/', '.')}")
        if (folder / f"{row.module}.py").is_file():
            methods[f"test_{row.name}"] = _test(getattr(suite, f"test_{row.name}"), submission)
    return type("Homework", (unittest.TestCase,), methods)


def _test(check: Callable[..., object], submission: Submission) -> Callable[[unittest.TestCase], None]:
    def test(self: unittest.TestCase) -> None:
        check(submission=submission)

    test.__doc__ = check.__doc__
    test.__dict__.update({name: value for name, value in vars(check).items() if name.startswith("__")})
    test.__dict__.pop("__wrapped__", None)
    return test


if __name__ == "__main__":
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(tests_of(Path(sys.argv[1]).resolve()))
    with Path(sys.argv[2]).open("w", encoding="utf-8") as result:
        JSONTestRunner(visibility="visible", stream=result).run(suite)
