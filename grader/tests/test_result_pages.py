"""A result on the page and in the line of a class: whole texts for rows of every fate, and the edges of each rule."""

from __future__ import annotations

from typing import Any

import pytest

from grader.report import page, results, terminal
from grader.report.blocks import Block, blocks
from grader.report.page import MISTAKEN, MOMENTS, PARTLY, STAFF, STUDENT, Section, Verdict
from grader.tests.test_class_of_three import expected, words


def row(
    number: str, verdict: str, score: float | None = None, visibility: str = "visible", **more: Any
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": f"{verdict or 'plain'} at {number or 'none'}", "output": "", "visibility": visibility,
        "extra_data": {"check": "x", "verdict": verdict},
    }  # fmt: skip
    if number:
        told["number"] = number
    return told | ({} if score is None else {"score": score, "max_score": 1.0}) | more


def document() -> dict[str, Any]:
    """Rows of every fate, in two problems and the optional one."""
    finding = (
        "Yours:          1  2\n                3  4\nExpected:       5\nLikely mistake: The sign.\nLook at:        x"
    )
    tests = [
        row("5.1", "failed", 0.0, "after_published", output="Later."),
        row("4.1", "passed", 1.0),
        row("4.1", "advice", output="<p>Think</p>", output_format="html"),
        row("4.2", "failed", 0.25, output=finding),
        row("4.3", "not implemented", 0.0, output="Not implemented yet."),
        row("4.4", "timed out", 0.0, "after_due_date"),
        row("1.1", "graded by hand"),
        row("", "", output="For all: <script>"),
        row("4.5", "grader error", 0.0, "hidden", output="A secret."),
    ]
    facts = {"seed": 3, "peak_memory_mb": 700, "in_force": ["a wall"], "not_in_force": ["Landlock"]}
    return {"score": 2.25, "output": "Note: odd.", "visibility": "visible", "tests": tests, "extra_data": facts}


PAGES = {
    "student_before.txt": (STUDENT, MOMENTS[0]),
    "student_published.txt": (STUDENT, MOMENTS[2]),
    "staff.txt": (STAFF, MOMENTS[0]),
}


@pytest.mark.parametrize("name", PAGES)
def test_the_page_says_this(name: str):
    reader, moment = PAGES[name]
    assert words(page.page(document(), reader, "ada.zip", moment)) == expected(name)


@pytest.mark.parametrize(
    ("test", "verdict"),
    [
        (row("4.1", "failed", 0.0), Verdict("failed", MISTAKEN, "failed")),
        (row("4.1", "failed", 0.01), Verdict(PARTLY, "\u25d0", "partly")),
        (row("4.1", "passed", 1.0), Verdict("passed", "\u2713", "passed")),
        (row("4.1", "advice", 0.3), Verdict("advice", "\u2139", "advice")),
        (row("4.1", "graded by hand"), Verdict("graded by hand", "\u270e", "graded")),
        (row("4.1", "not implemented", 0.0), Verdict("not implemented", "\u25cb", "failed")),
        (row("4.1", "timed out", 0.0), Verdict("timed out", MISTAKEN, "failed")),
        ({"status": "failed"}, Verdict("failed", MISTAKEN, "failed")),
        ({}, Verdict("", "", "plain")),
    ],
)
def test_a_row_has_a_word_a_sign_and_a_kind(test: dict[str, Any], verdict: Verdict):
    assert page.verdict(test) == verdict


@pytest.mark.parametrize(
    ("verdicts", "together"),
    [
        (["passed", "passed"], Verdict("passed", "\u2713", "passed")),
        (["timed out", "failed"], Verdict("failed", MISTAKEN, "failed")),
        (["timed out", "timed out", "advice"], Verdict("timed out", MISTAKEN, "failed")),
        (["passed", "timed out"], Verdict(PARTLY, "\u25d0", "partly")),
        (["advice", "graded by hand"], Verdict("", "", "plain")),
        (["advice", "advice"], Verdict("advice", "\u2139", "advice")),
    ],
)
def test_a_question_stands_as_its_rows_do_together(verdicts: list[str], together: Verdict):
    assert page._together([page.verdict(row("4.1", one, 0.0)) for one in verdicts]) == together
    half = page.verdict(row("4.1", "failed", 0.5))
    assert page._together([half, page.verdict(row("4.1", "failed", 0.0))]) == Verdict(PARTLY, "\u25d0", "partly")


def numbers(sections: list[Section]) -> list[tuple[str, list[str]]]:
    return [(one.title, [question.number for question in one.questions]) for one in sections]


def test_optional_questions_stand_apart_where_there_are_some():
    required = [row("5.1", "passed", 1.0), row("4.2", "failed", 0.0), row("4.1", "passed", 1.0), row("", "")]
    assert numbers(page.sections(required)) == [("", ["4.1", "4.2", "5.1", ""])]
    by_hand = [row("2.1", "graded by hand"), row("1.1", "passed")]
    assert numbers(page.sections(required + by_hand)) == [
        ("Problems 4 and 5", ["4.1", "4.2", "5.1", ""]),
        ("Problems 1 to 3: a self-check, without points", ["1.1", "2.1"]),
    ]
    counted = [row("1.1", "failed", 0.0), row("2.1", "passed", 1.0)]
    found = page.sections(required + counted)
    assert numbers(found) == [("Problems 1 to 3", ["1.1", "2.1"]), ("Problems 4 and 5", ["4.1", "4.2", "5.1", ""])]
    assert [(one.number, one.first, one.points) for section in found for one in section.questions] == [
        ("1.1", True, "0 / 1"), ("2.1", False, "1 / 1"),
        ("4.1", False, "1 / 1"), ("4.2", False, "0 / 1"), ("5.1", False, "1 / 1"), ("", False, ""),
    ]  # fmt: skip
    uncounted = page.questions([row("1.1", "failed"), row("4.2", "failed", 0.5)])
    assert [(one.number, one.first) for one in uncounted] == [("4.2", True), ("1.1", False)]


@pytest.mark.parametrize(
    ("visibility", "said"),
    [("visible", ""), ("after_due_date", "students see it after the due date"), ("hidden", "students never see it"),
     ("after_published", "students see it after publication"), ("unknown", "students never see it")],
)  # fmt: skip
def test_the_staff_read_when_students_see_a_row(visibility: str, said: str):
    assert page.when(visibility) == said


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [Block("", "", False)]),
        ("a\nb", [Block("", "a\nb", False)]),
        ("a\n\n\n\nb", [Block("", "a", False), Block("", "b", False)]),
        ("\n\nYours: x\n\n", [Block("Yours", "x", False)]),
        ("Yours:\nExpected:   ", [Block("Yours", "", False), Block("Expected", "", False)]),
        ("a  b\nc  d\ne", [Block("", "a  b\nc  d", True), Block("", "e", False)]),
        ("a  b\nc", [Block("", "a  b\nc", False)]),
        ("x\na  b\nc   d", [Block("", "x", False), Block("", "a  b\nc   d", True)]),
        ("Yours: a  b\nc  d\nplain\ne  f", [Block("Yours", "a  b\nc  d", True), Block("", "plain\ne  f", False)]),
        (" Yours: x\nOther: y", [Block("", " Yours: x\nOther: y", False)]),
    ],
)
def test_a_text_is_divided_where_a_part_or_a_table_begins(text: str, found: list[Block]):
    assert blocks(text) == found


def test_the_line_of_a_submission_is_aligned():
    assert terminal.one_line("ada", 1.5, 20.0, "", [], 9.6) == (
        "ada                               1.5 / 20    10 s  all checks pass"
    )
    assert terminal.one_line("x" * 30, 20, 20, "4.1 failed: no", ["a"], 1234) == (
        "x" * 30 + "       20 / 20  1234 s  4.1 failed: no  [1 note]"
    )
    assert terminal.one_line("ada", 0, 1, "", ["a", "b"], 0).endswith("0 s  all checks pass  [2 notes]")


def test_of_several_reasons_the_first_is_told():
    told = [("4.1", "advice", "a"), ("4.2", "failed", "Yours: b\nc"), ("4.3", "passed", ""), ("4.4", "blocked", "d")]
    assert terminal.first_reason(told) == "4.2 failed: b c (and 1 more)"
    assert terminal.first_reason(told[:3]) == "4.2 failed: b c"
    assert terminal.first_reason([("4.1", "graded by hand", "x")]) == ""
    long = terminal.first_reason([("4.1", "failed", "y" * 200)])
    assert long.startswith("4.1 failed: " + "y" * 60)
    assert len(long) <= len("4.1 failed: ") + terminal.LONGEST_REASON + 3


def test_a_text_is_as_the_platform_wants_it():
    longest = results.LONGEST_OUTPUT
    assert longest == 20_000
    assert results.clean("x" * longest) == "x" * longest
    assert results.clean("x" * (longest + 1)) == "x" * longest + "\n[cut here: the text was longer]"
    assert results.clean("a\r\nb\rc\td\x00é\u202e") == "a\nb\nc?d?é?"
    assert results.clean("\r\n" * longest) == "\n" * longest


def test_what_a_passed_row_says_is_not_folded_away():
    tests = [
        row("4.1", "passed", 1.0, output="It is judged under another reading."),
        row("4.2", "passed", 1.0),
        row("4.3", "failed", 0.0, output="Wrong."),
        row("4.3", "passed", 1.0, output="Something."),
        row("4.4", "passed", 1.0),
        row("4.4", "advice", output="Think."),
    ]
    assert [(one.number, one.remarked, one.verdict.word) for one in page.questions(tests)] == [
        ("4.1", True, "passed, with a remark"), ("4.2", False, "passed"),
        ("4.3", True, PARTLY), ("4.4", False, "passed"),
    ]  # fmt: skip
    text = page.page({"tests": tests, "visibility": "visible", "score": 4.0}, STUDENT, "ada", MOMENTS[0])
    assert text.count("<details open>") == 2
