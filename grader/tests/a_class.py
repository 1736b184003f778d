"""Grades a class with `a_worker`: `python -m grader.tests.a_class SUBMISSIONS OUT`, to be killed at any moment."""

from __future__ import annotations

import sys
from pathlib import Path
from unittest import mock

from grader.__main__ import main
from grader.course import command
from grader.course.bench import Bench

COMMAND = ("-m", "grader.tests.a_worker")


def placed(records: Path, slot: int) -> Bench:
    """A bench whose worker is the cheap one."""
    records.mkdir(parents=True, exist_ok=True)
    return Bench(records, slot, COMMAND)


def grade(*words: str, verb: str = "class") -> int:
    """The verb `class`, or another of a class, with cheap workers."""
    with mock.patch.object(command, "Bench", placed), mock.patch.dict("os.environ", {"ALLOW_WEAK": "1"}):
        return main([verb, *words])


if __name__ == "__main__":
    sys.exit(grade(sys.argv[1], "--out", sys.argv[2], "--workers", "2"))
