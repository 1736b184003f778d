"""A class of three hand-ins and four rows, small enough to say in full what is to be written of it."""

from __future__ import annotations

import json
from pathlib import Path

from grader.course.entries import Attempt, Entry, Person
from grader.course.gradebook import Line
from grader.course.outcome import Graded, Judgement
from grader.rubric import BY_HAND, Row


def row(name: str, number: str, points: float, *tags: str, title: str = "") -> Row:
    return Row(name, title or f"The {name}", number, points, "visible", "public", tags, "public/test_made.py")


LOSS = row("loss", "4.1", 2.0)
NOISE = row("noise", "4.2", 1.5)
ESSAY = row("essay", "4.3", 3.0, BY_HAND)
ADVICE = row("advice", "5", 0.0)
ROWS = [LOSS, NOISE, ESSAY, ADVICE]

ADA = Person("Ada Ä", "0123", "ada@example.edu")
BOB = Person("Bob", "", "Bob@example.edu")
EVE = Person("Eve", "0789")
WRONG_SIGN = "Yours:          1.25\nExpected:       -1.25\nLikely mistake: The sign is wrong.\nLook at:        Eq. 3"
NAMELESS = "Yours:          the mean is 1,234.5.\nExpected:       0."


def document(said: str) -> str:
    """A result file: the least that a student's page needs."""
    test = {"name": "The loss", "number": "4.1", "score": 1.0, "max_score": 2.0, "status": "failed", "output": said,
            "visibility": "visible", "extra_data": {"check": "loss"}}  # fmt: skip
    return json.dumps({"score": 1.0, "tests": [test], "output": "", "visibility": "visible"})


def a_class() -> list[Line]:
    """A pair with one mistake, one person on whom the grader failed in part, and one who handed in nothing."""
    pair = Entry(
        "pair", "submission_1", Path("pair"), (ADA, BOB), "2026-04-15", "26:30:00", remarks=["Odd."],
        attempts=(Attempt("1", 1.0), Attempt("2", 3.5)),
    )  # fmt: skip
    checks = {
        LOSS.name: Judgement("failed", 0.333, WRONG_SIGN),
        NOISE.name: Judgement("passed", 1.0, "Right."),
        ESSAY.name: Judgement("graded by hand", 0.0, ""),
        ADVICE.name: Judgement("advice", 1.0, "Think of it."),
    }
    first = Graded(checks, document("pair"), ["a wall", "a clock"], ["Landlock"], ["A file was left out."], [], 1.5)
    checks = {LOSS.name: Judgement("grader error", 0.0, "Ask."), NOISE.name: Judgement("failed", 0.5, NAMELESS)}
    second = Graded(checks, document("eve"), ["a wall"], [], [], ["Traceback"], 2.0)
    gone = Entry("gone", "gone", None, (), reason="Its folder is empty.")
    return [Line(pair, first), Line(Entry("eve", "eve", Path("eve"), (EVE,)), second), Line(gone, None, gone.reason)]
