"""Suites whose checks give advice, made for a test: what is advised is Python text with `np` and `advice` at hand."""

from __future__ import annotations

import json
import time
from pathlib import Path

import jsonschema_rs
import numpy as np

from grader import rubric
from grader.messages import Outcome
from grader.project import REFERENCE
from grader.report.results import SCHEMA, Results
from grader.rubric import Row
from grader.run.clocks import Clocks
from grader.run.runner import Runner
from grader.tests.places import worker_slot
from tests.support.homework.figures import DIGITS, PATHS, SCORE_FIELD, STEPS
from tests.support.status import Picture

HEAD = """
import numpy as np
from tests.support.status import Picture
from tests.support.verdicts import Advice
from tests.support.marks import number, visibility, weight
from tests.support.verdicts import wrong
"""
CHECK = """
@number("5.4")
@weight({weight})
@visibility("visible")
def test_{name}(submission):
    "A check of a suite made for a test."
    {body}
"""


def suites(folder: Path, weight: float, **bodies: str) -> Path:
    """A suite of one public check for each keyword, all of this weight."""
    for audience in rubric.AUDIENCES:
        (folder / audience).mkdir(parents=True)
    (folder / "conftest.py").write_text("from tests.conftest import pytest_configure, submission, submitted_files\n")
    checks = [CHECK.format(weight=weight, name=name, body=body) for name, body in bodies.items()]
    (folder / "public" / "test_made.py").write_text(HEAD + "".join(checks))
    return folder


def graded(tmp_path: Path, weight: float, leaderboard: bool = False, **bodies: str) -> tuple[Results, dict]:
    """The results of the reference under such a suite, and what is on disk."""
    made = suites(tmp_path / "suites", weight, **bodies)
    with Runner(made, Clocks(), slot=150 + worker_slot(), leaderboard=leaderboard) as runner:
        results = runner.grade(REFERENCE, tmp_path / "out")
    return results, on_disk(results)


def on_disk(results: Results) -> dict:
    """The result file, of which everything holds that the platform asks for."""
    text = results.path.read_text(encoding="utf-8")
    assert len(text) < 100_000
    document = json.loads(text, parse_constant=lambda name: ValueError(f"{name} in results.json"))
    jsonschema_rs.validate(SCHEMA, document)
    return document


def advised(tmp_path: Path, *pictures: Picture, text: str = "Well trained.", points: float = 0.0) -> Results:
    """The results of a submission whose only check has given advice with these pictures."""
    row = Row("trained", "What was trained", "5.4", points, "visible", "public", (), "public/test_x.py")
    results = Results(tmp_path / "out" / "results.json", [row])
    results.record("trained", Outcome("advice", 1.0, text, pictures=pictures))
    return results


def pictures(fill: float | None = None, samples: int = 1000) -> list[Picture]:
    """One picture of each kind, of ordinary values or filled with one value."""
    rng = np.random.default_rng(0)

    def numbers(*shape: int) -> np.ndarray:
        values = rng.normal(size=shape) * [1.0, 0.3] if fill is None else np.full(shape, fill)
        return values.astype(np.float64)

    steps = np.array([0, 200, 400, 600, 800, 999])
    walk = np.cumsum(numbers(2, samples, 2) * 0.05, axis=1)
    digits = rng.integers(0, 256, (64, 28, 28)).astype(np.uint8)
    return [
        Picture(
            SCORE_FIELD, {"points": numbers(samples, 2), "score": numbers(samples, 2)}, "arrows that point inwards"
        ),
        Picture(STEPS, {"states": numbers(6, samples, 2), "steps": steps}, "noise that becomes letters"),
        Picture(PATHS, {"paths": walk, "samples": numbers(samples, 2)}, "two paths over the final samples"),
        Picture(DIGITS, {"digits": digits}, "sixty-four grey squares"),
    ]


def soon() -> float:
    """A deadline that a drawing keeps."""
    return time.monotonic() + 300
