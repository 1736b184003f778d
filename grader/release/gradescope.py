"""The verb `gradescope`: one submission, in a container of its own, from and to the platform's folders."""

from __future__ import annotations

import argparse
import dataclasses
import importlib.metadata
import json
from pathlib import Path
from typing import Any

from grader import rubric
from grader.report import terminal
from grader.report.results import CONTACT, Results
from grader.run import memory, protection
from grader.run.clocks import Clocks
from grader.run.runner import Runner
from tests.support.status import Status

DEADLINE = 540.0
"""Seconds for a whole submission: the platform's own deadline is 600, and with it every result is lost."""
LEAST_FOR_GRADING = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The platform's folder and the two settings of a run."""
    parser.add_argument("--folder", type=Path, default=Path("/autograder"), help="the platform's folder")
    parser.add_argument("--deadline", type=float, default=DEADLINE, help="seconds for a submission")
    parser.add_argument("--by-hand", type=float, default=0.0, help="points of the assignment that people grade")
    parser.add_argument("--leaderboard", action="store_true", help="put what was measured on the leaderboard")


def run(options: argparse.Namespace) -> int:
    """Grade what was submitted and show it in the staff's log; returns 0 whenever results were produced."""
    results = grade(options.folder, options.deadline, options.by_hand, options.leaderboard)
    console = terminal.console(160)
    terminal.show(console, "submission", results)
    terminal.show_remarks(console, results)
    terminal.show_protection(console, [results])
    return 0


def grade(folder: Path, deadline: float = DEADLINE, by_hand: float = 0.0, leaderboard: bool = False) -> Results:
    """Grade `folder/submission` into `folder/results`; `deadline` in seconds, `by_hand` in points.

    With `leaderboard` the measures of advice go to the leaderboard. `folder/submission_metadata.json` is read where it
    exists.
    """
    out = folder / "results"
    room = memory.room()
    if refused := protection.refusal() or room.advice:
        results = Results(out / "results.json", rubric.read())
        results.staff.append(refused)
        results.close(Status.GRADER_ERROR, CONTACT)
        return results
    clocks = dataclasses.replace(Clocks(), total=max(deadline, LEAST_FOR_GRADING), memory=room.for_students)
    with memory.Peak() as peak, Runner(clocks=clocks, leaderboard=leaderboard) as runner:
        results = runner.grade(folder / "submission", out)
    results.facts |= _cost(peak, room)
    results.remarks += about_the_assignment(
        folder / "submission_metadata.json", results.possible + rubric.left_to_people(results.rows) + by_hand
    )
    results.write()
    return results


def _cost(peak: memory.Peak, room: memory.Room) -> dict[str, Any]:
    return {
        "peak_memory_mb": round(peak.largest / memory.MIB),
        "container_memory_mb": round(room.container / memory.MIB),
        "student_memory_mb": round(room.for_students / memory.MIB),
        "torch": importlib.metadata.version("torch"),
    }


def about_the_assignment(metadata: Path, points: float) -> list[str]:
    """What the staff should correct in the assignment's settings; nothing when it fits or cannot be known."""
    try:
        total = float(json.loads(metadata.read_text(encoding="utf-8"))["assignment"]["total_points"])
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError) as error:
        return [f"submission_metadata.json cannot be read: {type(error).__name__}: {error}"]
    if abs(total - points) < 1e-6:
        return []
    return [
        f"The assignment is worth {total:g} points, and the rubric with what is graded by hand {points:g}. Correct the "
        "autograder points of the assignment, or --by-hand in run_autograder."
    ]
