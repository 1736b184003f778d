"""What the audit says of the messages: a name that nobody has found right is wrong, and rows are counted."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from grader import rubric
from grader.audit import naming
from grader.audit.cases import MUTANTS, SAMPLE, Case, mutants
from grader.audit.naming import MEASURED, RIGHTLY, WRONGLY, Judged, Key, Naming, Told
from grader.audit.run import CaseResult
from grader.messages import Outcome
from tests.support.status import Status

ROWS = rubric.read()
ONE, OTHER = [row.name for row in ROWS if row.points == 1][:2]
MESSAGE = "Yours:          0.12.\nLikely mistake: The label is 0.90,\n  not 1.\nLook at:        4.5"
NAME = "The label is #, not #."


def result(
    *outputs: str, name: str = "some", kind: str = MUTANTS, because: str = "", credit: float = 0.0
) -> CaseResult:
    """A mutant whose checks say so."""
    outcomes = {
        check: Outcome(Status.FAILED, credit, output) for check, output in zip((ONE, OTHER), outputs, strict=False)
    }
    return CaseResult(Case(kind, name, lambda folder: None, because=because), (), 19.0, 19.0, outcomes, ())


@pytest.fixture
def judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key of its own, in which one name of one mutant is right."""
    path = tmp_path / "judged.json"
    path.write_bytes(msgspec.json.encode(Key({"some": Judged([NAME])}, {"told": Judged([], told=True)})))
    monkeypatch.setattr(naming, "JUDGED", path)
    return path


def test_a_name_is_read_with_its_lines_joined_and_without_its_numbers() -> None:
    assert list(naming.names(MESSAGE)) == [NAME]
    assert list(naming.names(f"{MESSAGE}\n\n{MESSAGE.replace('label', 'sign')}")) == [NAME, "The sign is #, not #."]
    assert list(naming.names("Yours:          0.12.\nLook at:        4.5")) == []


@pytest.mark.parametrize(
    ("one", "how"),
    [
        (result(MESSAGE), RIGHTLY),
        (result(MESSAGE.replace("0.90", "0.80")), RIGHTLY),
        (result(MESSAGE, MESSAGE.replace("label", "sign")), WRONGLY),
        (result(MESSAGE, name="never read"), WRONGLY),
        (result("Yours:          0.12."), MEASURED),
        (result("Yours:          0.12.", name="told", kind=SAMPLE), RIGHTLY),
    ],
)
def test_a_mistake_is_named_rightly_only_if_each_name_has_been_found_right(
    judged: Path, one: CaseResult, how: str
) -> None:
    assert naming.naming(one, ROWS).how == how


def test_rows_and_points_are_those_that_the_mistake_costs(judged: Path) -> None:
    found = naming.naming(result(MESSAGE, MESSAGE, credit=0.25), ROWS)
    assert (found.rows, found.lost) == ((ONE, OTHER), 1.5)


def test_several_rows_need_a_reason_and_an_unread_name_is_told(judged: Path) -> None:
    told = naming.told([result(MESSAGE, MESSAGE), result(MESSAGE, MESSAGE, because="there are two mistakes")], ROWS)
    assert [line.partition(";")[2] for line in naming.complaints(told, whole=False)] == [" its header does not say why"]
    told = naming.told([result(MESSAGE, name="never read")], ROWS)
    assert naming.complaints(told, whole=False) == [f"never read: nobody has found this name right: {NAME}"]


@pytest.mark.parametrize(("kind", "measured", "enough"), [(MUTANTS, 1, True), (MUTANTS, 2, False), (SAMPLE, 8, True)])
def test_enough_must_be_named(kind: str, measured: int, enough: bool) -> None:
    case = Case(kind, "some", lambda folder: None)
    every = [Naming(case, MEASURED if k < measured else RIGHTLY, (ONE,), 1.0, ()) for k in range(20)]
    assert Told(kind, tuple(every)).enough is enough
    assert bool(naming.complaints([Told(kind, tuple(every))], whole=True)) is not enough


def test_what_has_been_read_is_kept(judged: Path) -> None:
    naming.keep([result(MESSAGE, name="never read")])
    assert naming.naming(result(MESSAGE, name="never read"), ROWS).how == RIGHTLY
    assert naming.naming(result(MESSAGE), ROWS).how == RIGHTLY


def test_every_listed_mutant_has_been_read() -> None:
    """Those that stand in the key are those that there are."""
    assert set(naming.key().mutants) == {case.name for case in mutants()}
    assert len(naming.key().sample) == 100
