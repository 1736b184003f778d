"""What Gradescope would show to whom and when."""

from __future__ import annotations

import pytest

from grader.report import page

AFTER = {"visible": 0, "after_due_date": 1, "after_published": 2}
"""From which of the three moments on a student sees a row."""


def document(*visibilities: str) -> dict:
    tests = [
        {"name": f"<{one}> row", "number": "4.1", "score": 1.0, "max_score": 2.0, "status": "failed", "visibility": one}
        for one in visibilities
    ]
    return {"score": float(len(tests)), "output": "at the top", "visibility": "visible", "tests": tests}


@pytest.mark.parametrize("visibility", [*AFTER, "hidden"])
@pytest.mark.parametrize("position", range(3))
def test_a_student_sees_a_row_from_its_moment_on_and_a_hidden_one_never(visibility: str, position: int):
    view = page.view(document(visibility), "student", page.MOMENTS[position])
    assert len(view.tests) == (position >= AFTER.get(visibility, 3))


def test_a_total_is_shown_when_no_row_is_kept_back():
    totals = [page.view(document(*AFTER), "student", moment).total for moment in page.MOMENTS]
    assert totals == [None, None, 3.0]
    assert page.view(document("visible", "hidden"), "student", page.MOMENTS[2]).total is None


def test_an_instructor_sees_everything_and_what_students_do_not():
    view = page.view(document(*AFTER, "hidden"), "instructor", page.MOMENTS[1])
    assert [test["seen_by_students"] for test in view.tests] == [True, True, False, False]
    assert view.total == 4.0


def test_a_result_that_is_not_visible_shows_a_student_nothing():
    view = page.view(document("visible") | {"visibility": "hidden"}, "student", page.MOMENTS[2])
    assert (view.tests, view.output, view.total) == ([], "", None)


def test_the_page_escapes_what_it_shows_and_has_no_row_that_a_student_never_sees():
    shown = page.page(document("visible", "hidden"), "student", "<title>")
    assert "&lt;visible&gt; row" in shown
    assert "<visible>" not in shown
    assert "&lt;hidden&gt;" not in shown
    assert "&lt;hidden&gt;" in page.page(document("visible", "hidden"), "instructor", "x")
