"""What the audit counts and says: names, cells, differences from what is known, and what students see late."""

from __future__ import annotations

import argparse
from datetime import date
from typing import Any

import pytest

from grader.audit import cases, naming, page, run, unseen
from grader.audit.cases import ATTACKS, HALVES, MUTANTS, SAMPLE, STYLES, Case
from grader.audit.headers import NOTHING, Known
from grader.audit.naming import MEASURED, RIGHTLY, WRONGLY, Naming, Told
from grader.audit.page import ABSENT, Cell, Tally
from grader.audit.run import CaseResult
from grader.messages import Outcome
from grader.tests.three_handins import LOSS, NOISE, ROWS
from tests.support.status import Status


def case(kind: str, name: str, *fails: str, **told: Any) -> Case:
    return Case(kind, name, lambda folder: None, dict.fromkeys(fails, Known(Status.FAILED, 0.0)), **told)


def result(of: Case, *complaints: str, **outcomes: Outcome) -> CaseResult:
    return CaseResult(of, complaints, 1.5, 1.5, outcomes, ("a wall",))


def told(kind: str, **counts: int) -> Told:
    ways = {"right": RIGHTLY, "measured": MEASURED, "wrong": WRONGLY}
    return Told(
        kind,
        tuple(
            Naming(case(kind, f"{way}{k}"), ways[way], ("a", "b")[: 1 + (way == "wrong")], float(k), ())
            for way, count in counts.items()
            for k in range(count)
        ),
    )


def test_how_mistakes_are_told_is_one_line():
    assert str(told(MUTANTS, right=5, measured=2, wrong=1)) == (
        "8 mutants: 5 named rightly, 2 measured only, 1 named wrongly (62.5% rightly, at least 95% must be); "
        "1 cost points in several rows, the others in one; a mistake costs 2.20 points"
    )
    assert str(told(SAMPLE, measured=1)).endswith("at least 60% must be); 0 cost points in several rows, "
                                                  "the others in one; a mistake costs 0.00 points")  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "right", "measured", "wrong", "enough"),
    [(MUTANTS, 19, 1, 0, True), (MUTANTS, 18, 1, 0, False), (MUTANTS, 99, 0, 1, False), (SAMPLE, 3, 2, 0, True),
     (SAMPLE, 2, 2, 0, False)],
)  # fmt: skip
def test_enough_are_named_rightly(kind: str, right: int, measured: int, wrong: int, enough: bool):
    one = told(kind, right=right, measured=measured, wrong=wrong)
    assert one.enough is enough
    few = [f"too few are told rightly: {one}"] if not enough else []
    several = [f"wrong{k}: costs points in a, b; its header does not say why" for k in range(wrong)]
    assert naming.complaints([one], whole=True) == several + few
    assert naming.complaints([one], whole=False) == several


def test_the_page_says_how_it_was_done():
    assert page.how(None, []) == "All of it went through the bench."
    said = "Of the mutants, part 2 of 6 went through the bench, the others were graded in process; the rest through "
    assert page.how(2, [ATTACKS]) == f"{said}the bench. `make audit FULL=1` leaves nothing out."
    assert page.how(2, [MUTANTS]) == (
        f"{said}the bench. `make test` grades the attacks. `make audit FULL=1` leaves nothing out."
    )


def test_the_figures_of_the_page_count_what_was_tried():
    passed = Outcome(Status.PASSED, 1.0, "")
    verdicts = [
        result(case(MUTANTS, "a"), loss=passed), result(case(MUTANTS, "b"), "wrong", loss=passed),
        result(case(ATTACKS, "c")), result(case(STYLES, "d"), loss=passed),
        result(case(HALVES, "e"), "wrong", loss=passed),
    ]  # fmt: skip
    assert page.figures(verdicts) == [
        Tally(STYLES, 1, 1, 0), Tally(MUTANTS, 1, 2, 0), Tally(ATTACKS, 0, 0, 1), Tally(HALVES, 0, 1, 0)
    ]  # fmt: skip


def test_a_cell_of_the_matrix_says_what_must_fail_and_what_does():
    failed, partly = Outcome(Status.FAILED, 0.0, "Wrong."), Outcome(Status.FAILED, 0.25, "Wrong.")
    right = Outcome(Status.PASSED, 1.0, "Right.")
    head = "4.1 The loss\n"
    assert page._cell(LOSS, failed, True) == Cell("caught", f"{head}failed, 0% of 2 points\n\nWrong.")
    assert page._cell(LOSS, partly, True) == Cell("partial", f"{head}failed, 25% of 2 points\n\nWrong.")
    assert page._cell(LOSS, failed, False) == Cell("unexpected", f"{head}failed, 0% of 2 points\n\nWrong.")
    assert page._cell(LOSS, right, True) == Cell("unexpected", f"{head}passed, 100% of 2 points\n\nRight.")
    assert page._cell(LOSS, right, False) == Cell("passed", f"{head}passed, 100% of 2 points")
    assert page._cell(ROWS[3], right, False) == Cell("passed", "5 The advice\npassed")


def test_mutants_stand_by_the_question_of_their_first_check():
    failed = Outcome(Status.FAILED, 0.0, "Wrong.")
    verdicts = [
        result(case(MUTANTS, "gan_z_last", "noise"), noise=failed),
        result(case(MUTANTS, "gan_b", "noise", "loss"), loss=failed),
        result(case(MUTANTS, "gan_a", "noise"), noise=failed), result(case(MUTANTS, "gan_none")),
    ]  # fmt: skip
    groups = page.matrix(verdicts, ROWS)
    assert [(number, [(line.first, line.name) for line in lines]) for number, lines in groups] == [
        ("4.1", [(0, "b"), (0, "none")]), ("4.2", [(1, "a"), (1, "z last")])
    ]  # fmt: skip
    first = groups[0][1][0]
    assert first.summary == "gan_b: 1.5 points remain"
    assert [cell.look for cell in first.cells] == ["caught", "unexpected", "passed", "passed"]
    assert first.cells[1].message.endswith(f"\n\n{ABSENT.output}")


class Graded:
    """The results of a submission, as far as a comparison looks at them."""

    def __init__(self, *outcomes: Outcome, staff: list[str] | None = None) -> None:
        self.rows = [LOSS, NOISE]
        self.outcomes = dict(zip(("loss", "noise"), outcomes, strict=True))
        self.score = round(sum(row.points * self.outcomes[row.name].credit for row in self.rows), 3)
        self.staff, self.facts = staff or [], {"in_force": ["a wall"]}


RIGHT, WRONG = Outcome(Status.PASSED, 1.0, ""), Outcome(Status.FAILED, 0.0, "It says so.")
HALF = Outcome(Status.FAILED, 0.5, "It says so.")


@pytest.mark.parametrize(
    ("known", "outcomes", "complaints"),
    [
        ({"loss": Known(Status.FAILED, 0.0)}, (WRONG, RIGHT), []),
        ({"loss": Known(Status.FAILED, 0.5)}, (HALF, RIGHT), []),
        ({"loss": Known(Status.FAILED, 0.5)}, (WRONG, RIGHT), ["loss keeps 0 of its points, not 0.5"]),
        ({"loss": Known(Status.TIMED_OUT, 0.0)}, (WRONG, RIGHT), ["loss is failed, not timed out"]),
        ({"loss": Known(Status.FAILED, 0.0)}, (RIGHT, RIGHT), ["loss does not fail", "no message says 'says so'"]),
        ({"loss": Known(Status.FAILED, 0.0)}, (WRONG, WRONG), ["noise fails as well (failed)"]),
        ({"loss": NOTHING}, (HALF, RIGHT), ["loss earns 50% of its points"]),
        ({"loss": NOTHING}, (WRONG, RIGHT), []),
        ({"loss": Known(Status.NOT_IMPLEMENTED, 0.0)},
         (Outcome(Status.ADVICE, 1.0, ""), WRONG), ["noise fails as well (failed)"]),
        ({"loss": Known(Status.FAILED, 0.0)}, (Outcome(Status.ADVICE, 1.0, ""), WRONG),
         ["loss does not fail", "noise fails as well (failed)"]),
    ],
)  # fmt: skip
def test_each_difference_from_what_is_known_is_told(
    known: dict[str, Known], outcomes: tuple[Outcome, Outcome], complaints: list[str]
):
    of = Case(MUTANTS, "a", lambda folder: None, known, says="says so")
    compared = run.compare(of, Graded(*outcomes))  # type: ignore[arg-type]
    assert list(compared.complaints) == complaints
    assert compared.in_force == ("a wall",)
    sample = run.compare(Case(SAMPLE, "a", of.build, known), Graded(*outcomes, staff=["x" * 3000]))  # type: ignore[arg-type]
    assert list(sample.complaints) == ["the grader itself failed: " + "x" * 2000]


def test_a_part_has_its_day():
    assert [run.part_of_day(date(2026, 1, day)) for day in range(1, 8)] == [
        (date(2026, 1, day).toordinal() % 6) + 1 for day in range(1, 8)
    ]
    assert {run.part_of(case(MUTANTS, f"m{k}")) for k in range(200)} == set(range(1, 7))
    assert run.part_of(case(MUTANTS, "123456789")) == 0xCBF43926 % 6 + 1


def test_the_list_of_what_students_see_late_is_this(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    rows = [LOSS, *(one.__class__(**vars(one) | {"visibility": "after_published"}) for one in ROWS[1:])]
    monkeypatch.setattr(unseen.rubric, "read", lambda: rows)
    known = [
        case(MUTANTS, "seen_now", "loss", "noise"), case(MUTANTS, "gan_late", "advice", says="Late."),
        case(MUTANTS, "gan_first", "noise", "advice"), case(MUTANTS, "no_row", "gone"),
    ]  # fmt: skip
    monkeypatch.setattr(cases, "all_cases", lambda kinds: known if kinds == (MUTANTS,) else [])
    assert unseen.run(argparse.Namespace()) == 0
    assert capsys.readouterr().out == (
        "4.2\n  gan first\n5\n  gan late: Late.\n"
        "2 of 4 known mistakes are told only by checks that students see later.\n"
    )
