"""Grading as Gradescope asks for it: one submission, in a container of its own, from and to the platform's folders."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
from pathlib import Path
from typing import Any

from grader import rubric
from grader.report.results import CONTACT, Results
from grader.run import memory, protection
from grader.run.clocks import Clocks
from grader.run.runner import Runner
from tests.support.verdicts import Status

DEADLINE = 540.0
"""Seconds for a whole submission: the platform's own deadline is 600, and with it every result is lost."""
LEAST_FOR_GRADING = 30.0


class SmokeError(Exception):
    """The freshly built image does not grade as it should; the message is for whoever builds it."""


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
    results.remarks += about_the_assignment(folder / "submission_metadata.json", results.possible + by_hand)
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
        "autograder points of the assignment, or --by-hand in run_autograder. While this line is here, students see no "
        "total."
    ]


def smoke(sample: Path, folder: Path) -> str:
    """Grade the untouched template and return what was seen, in one line; raises `SmokeError` unless it earns nothing.

    Every check that is worth points must have found its stub, so that bench, judge and all suites have worked.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with memory.Peak() as peak, Runner() as runner:
        results = runner.grade(sample, folder)
    unexpected = [
        f"{row.name}: {results.outcomes[row.name].status}"
        for row in results.rows
        if row.points and results.outcomes[row.name].status != "not implemented"
    ]
    if results.staff or results.score or unexpected:
        raise SmokeError("\n".join(["The sample was not graded as it should be.", *unexpected, *results.staff]))
    return (
        f"{len(results.rows)} checks work on the untouched template; {peak.largest / memory.MIB:.0f} MB at most; "
        f"in force: {', '.join(results.facts['in_force'])}. "
        f"NOT in force: {'; '.join(results.facts['not_in_force']) or 'nothing is missing'}."
    )
