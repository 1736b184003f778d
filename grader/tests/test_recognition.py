"""The recogniser: the fewest deviations that explain everything, a bill for each once, and no name for the rest."""

from __future__ import annotations

import pytest

from tests.support.homework.readings import Reading
from tests.support.judging import recognition
from tests.support.judging.recognition import Diagnosis, Hypothesis, Line, bill, carries_forward, recognise
from tests.support.submission import Submission
from tests.support.verdicts import Finding, Wrong

FACTOR = Line(
    "factor", "values_are_right", (Reading("one", 1, ""), Reading("also one", 1, ""), Reading("two", 0.5, "Twice."))
)
SIGN = Line(
    "sign", "sign_is_right", (Reading("plus", 1, ""), Reading("minus", 0, "Minus."), Reading("other", 0.25, "Other."))
)


def diagnosis(*explaining: tuple[str, str]) -> Diagnosis:
    """What is recognised when exactly these pairs of readings reproduce the evidence."""

    def explains(hypothesis: Hypothesis) -> bool:
        return (hypothesis["factor"].name, hypothesis["sign"].name) in explaining

    return recognise((FACTOR, SIGN), explains)


def charge(found: Diagnosis, check: str, notes: list[str]) -> float:
    """What a check earns under a diagnosis; its notes are added to the list."""
    submission = Submission(transport=None)  # type: ignore[arg-type]  # nothing is observed
    try:
        bill(submission, found, check, lambda line: Finding(f"The {line.name} is measured."))
    except Wrong as error:
        return error.credit
    finally:
        notes += submission.notes
    return 1.0


@pytest.mark.parametrize(
    ("explaining", "deviating"),
    [
        ([("one", "plus")], []),
        ([("also one", "plus")], []),
        ([("two", "plus")], ["factor"]),
        ([("two", "minus")], ["factor", "sign"]),
        ([("two", "minus"), ("one", "other")], ["sign"]),
    ],
)
def test_the_fewest_deviations_that_explain_everything_are_recognised(
    explaining: list[tuple[str, str]], deviating: list[str]
) -> None:
    """An accepted reading is no deviation, and one mistake explains more than two."""
    assert [line.name for line in diagnosis(*explaining).deviating] == deviating


def test_what_no_hypothesis_explains_has_no_name() -> None:
    """Nothing is charged by name, so that the rows are judged by their own numbers."""
    found = diagnosis()
    assert not found.explained
    assert found.deviating == ()


def test_of_hypotheses_of_one_size_the_cheapest_is_charged_and_all_are_told() -> None:
    """Two readings of one line that cannot be told apart: the student pays for the cheaper one."""
    found = diagnosis(("one", "minus"), ("one", "other"))
    assert found.reading(SIGN).name == "other"
    assert found.sentence(SIGN) == "One of these: Other. Or: Minus."


def test_a_mistake_is_charged_once_and_the_other_rows_say_under_what_they_were_judged() -> None:
    """The owner of a line pays; the others earn their points, with a note that names the row and the reading."""
    found, notes = diagnosis(("two", "plus")), []
    assert charge(found, "values_are_right", notes) == 0.5
    assert notes == []
    assert charge(found, "sign_is_right", notes) == 1.0
    assert "values are right" in notes[0]
    assert "Twice." in notes[0]


def test_two_mistakes_are_charged_each_in_its_own_row() -> None:
    """No row that is carried forward hides a second mistake."""
    found = diagnosis(("two", "minus"))
    assert [charge(found, check, []) for check in ("values_are_right", "sign_is_right", "another")] == [0.5, 0.0, 1.0]


def test_of_two_lines_of_one_check_the_smallest_credit_counts() -> None:
    """Credits are not multiplied: two mistakes that earn half each earn half."""
    both = Line("shape", "values_are_right", (Reading("flat", 1, ""), Reading("deep", 0.5, "Deep.")))
    found = recognise((FACTOR, both), lambda one: (one["factor"].name, one["shape"].name) == ("two", "deep"))
    assert charge(found, "values_are_right", []) == 0.5


@pytest.mark.parametrize(("switch", "earned"), [(True, 1.0), (False, 0.0)])
def test_without_carrying_forward_every_row_that_shows_a_mistake_pays(
    monkeypatch: pytest.MonkeyPatch, switch: bool, earned: float
) -> None:
    """The switch is read when a row is judged; the owner pays the same either way."""
    monkeypatch.setattr(recognition, "CARRY_FORWARD", switch)
    assert carries_forward() is switch
    found, seen, submission = diagnosis(("two", "plus")), Wrong(Finding("This row shows it.")), Submission(None)  # type: ignore[arg-type]
    credits = {}
    for check in ("values_are_right", "sign_is_right"):
        try:
            recognition.charge(submission, found, check, lambda line: Finding("Measured."), seen)
            credits[check] = 1.0
        except Wrong as error:
            credits[check] = error.credit
    assert credits == {"values_are_right": 0.5, "sign_is_right": earned}
