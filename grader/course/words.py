"""What the terminal says before a class is graded, of an earlier run, and after it, of the next."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from functools import partial

from rich.console import Console

from grader.course import engine
from grader.course.bench import Task
from grader.course.journal import Journal


def of_another_grader(console: Console, journal: Journal, tasks: Sequence[Task], grader: str) -> None:
    """Say how many are graded anew because the grader is another than the one of the gradebook."""
    shown = journal.written()
    if shown in ("", grader):
        return
    before = [task for task in tasks if journal.has(engine.key(task, shown))]
    anew = sum(not journal.has(engine.key(task, grader)) for task in before)
    if anew:
        how_many = "all are" if anew == len(before) else f"{anew} {'are' if anew > 1 else 'is'}"
        console.print(
            f"The grader has changed since: {how_many} graded anew; `make regrade` shows first who moves.",
            markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip


def how_to_go_on(console: Console) -> None:
    """The whole command: whoever gave it through make, or has closed the terminal since, can copy it."""
    again = shlex.join([sys.executable, "-m", "grader", *sys.argv[1:]])
    say = partial(console.print, markup=False, highlight=False, soft_wrap=True)
    say("Not finished. To go on where this ended, give the same command again. It ran:")
    say(again)
