"""The pages of a result: what is on the student's at each moment, what on the staff's, and how it is divided."""

from __future__ import annotations

import pytest

from grader.__main__ import main
from grader.errors import SubmissionError
from grader.report import page
from grader.report.blocks import Block, blocks

AFTER = {"visible": 0, "after_due_date": 1, "after_published": 2}
"""From which of the three moments on a student sees a row."""


def document(*visibilities: str) -> dict:
    tests = [
        {"name": f"<{one}> row", "number": "4.1", "score": 1.0, "max_score": 2.0, "status": "failed", "visibility": one}
        for one in visibilities
    ]
    return {"score": float(len(tests)), "output": "at the top", "visibility": "visible", "tests": tests}


def row(number: str, verdict: str, earned: float | None = None, **others: str) -> dict:
    scored = {} if earned is None else {"score": earned, "max_score": 1.0}
    return {
        "name": "n",
        "number": number,
        "visibility": "visible",
        "extra_data": {"verdict": verdict},
        **scored,
        **others,
    }


@pytest.mark.parametrize("visibility", [*AFTER, "hidden"])
@pytest.mark.parametrize("position", range(3))
def test_a_student_sees_a_row_from_its_moment_on_and_a_hidden_one_never(visibility: str, position: int):
    view = page.view(document(visibility), page.STUDENT, page.MOMENTS[position])
    assert len(view.tests) == (position >= AFTER.get(visibility, 3))


def test_a_total_is_shown_when_no_row_is_kept_back():
    totals = [page.view(document(*AFTER), page.STUDENT, moment).total for moment in page.MOMENTS]
    assert totals == [None, None, 3.0]
    assert page.view(document("visible", "hidden"), page.STUDENT, page.MOMENTS[2]).total is None
    assert page.view(document(*AFTER, "hidden"), page.STAFF, page.MOMENTS[0]).total == 4.0


def test_a_result_that_is_not_visible_shows_a_student_nothing():
    view = page.view(document("visible") | {"visibility": "hidden"}, page.STUDENT, page.MOMENTS[2])
    assert (view.tests, view.output, view.total) == ([], "", None)


@pytest.mark.parametrize("position", range(3))
def test_the_student_s_page_holds_nothing_that_is_seen_later(position: int):
    """Whoever mails the file gives away no more than the platform does."""
    shown = page.page(document(*AFTER, "hidden"), page.STUDENT, "x", page.MOMENTS[position])
    for visibility, after in (*AFTER.items(), ("hidden", 3)):
        assert (f"&lt;{visibility}&gt; row" in shown) == (position >= after)


def test_the_staff_s_page_holds_everything_and_says_who_sees_it():
    shown = page.page(document(*AFTER, "hidden"), page.STAFF, "x")
    for visibility, said in zip(
        (*AFTER, "hidden"),
        ("", "students see it after the due date", "students see it after publication", "students never see it"),
        strict=True,
    ):
        assert f"&lt;{visibility}&gt; row" in shown
        assert said in shown
    assert "Students must not see this page." in shown


def test_the_page_escapes_what_it_shows():
    shown = page.page(document("visible"), page.STUDENT, "<title>")
    assert "&lt;visible&gt; row" in shown
    assert "<visible>" not in shown


@pytest.mark.parametrize(
    ("visibilities", "keys"),
    [
        (["visible"], ["before"]),
        (["visible", "after_published"], ["before", "published"]),
        (["visible", "after_due_date"], ["before", "due"]),
        ([*AFTER, "hidden"], ["before", "due", "published"]),
    ],
)
def test_only_moments_that_differ_are_offered(visibilities: list[str], keys: list[str]):
    assert [moment.key for moment in page.offered(visibilities)] == keys
    for moment in page.MOMENTS:
        if moment.key in keys:
            assert page.chosen(moment.key, visibilities) == moment
        else:
            with pytest.raises(SubmissionError, match=f"nothing new {moment.name}. Choose {' or '.join(keys)}."):
                page.chosen(moment.key, visibilities)


def test_a_moment_at_which_nothing_is_new_is_one_line(capsys: pytest.CaptureFixture[str]):
    assert main(["grade", "examples/full_marks", "--moment", "due"]) == 2
    assert capsys.readouterr().err == "Students see nothing new after the due date. Choose before or published.\n"


@pytest.mark.parametrize(
    ("tests", "word", "points"),
    [
        ([row("4.1", "passed", 1.0), row("4.1", "passed", 1.0)], "passed", "2 / 2"),
        ([row("4.1", "passed", 1.0), row("4.1", "failed", 0.0)], "partly right", "1 / 2"),
        ([row("4.1", "failed", 0.5)], "partly right", "0.5 / 1"),
        ([row("4.1", "failed", 0.0), row("4.1", "timed out", 0.0)], "failed", "0 / 2"),
        ([row("4.1", "not implemented", 0.0)] * 2, "not implemented", "0 / 2"),
        ([row("4.1", "advice"), row("4.1", "passed", 1.0)], "passed", "1 / 1"),
        ([row("5.4", "advice"), row("5.4", "graded by hand")], "", ""),
        ([row("4.6", "advice")], "advice", ""),
    ],
)
def test_a_question_stands_as_its_rows_do(tests: list[dict], word: str, points: str):
    (question,) = page.questions(tests)
    assert (question.verdict.word, question.points) == (word, points)
    assert bool(question.verdict.sign) == bool(word), "no verdict is told by colour alone"


def test_the_first_question_that_is_not_right_is_open_and_optional_ones_come_last():
    tests = [row("1.1", "failed", 0.0), row("4.1", "passed", 1.0), row("4.2", "failed", 0.0), row("5.1", "failed", 0.0)]
    found = page.questions(tests)
    assert [one.number for one in found] == ["4.1", "4.2", "5.1", "1.1"]
    assert [one.first for one in found] == [False, True, False, False]
    shown = page.page(document() | {"tests": tests}, page.STUDENT, "x")
    assert shown.count("<details>") == 3
    assert shown.count("<details open>") == 1
    assert "Question 4.2 in the handout</a>" in shown


FINDING = """\
Yours:          the first line,
and the second.
Expected:
 row  Table 1      executed
   1  conv2d(3)    the same
   2  relu         -
Likely mistake: none  is known.
Look at:        Table 1

Another paragraph: it goes on."""


def test_a_text_is_divided_into_its_parts_and_tables():
    assert blocks(FINDING) == [
        Block("Yours", "the first line,\nand the second.", False),
        Block("Expected", " row  Table 1      executed\n   1  conv2d(3)    the same\n   2  relu         -", True),
        Block("Likely mistake", "none  is known.", False),
        Block("Look at", "Table 1", False),
        Block("", "Another paragraph: it goes on.", False),
    ]


@pytest.mark.parametrize("text", ["", "one line", "a\n\n\nb", "Yours:", "Mine: 1  2\nx  y"])
def test_no_word_of_a_text_is_lost(text: str):
    words = " ".join(f"{one.label}{':' if one.label else ''} {one.text}" for one in blocks(text)).split()
    assert words == text.split()
