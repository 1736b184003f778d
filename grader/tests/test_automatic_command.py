"""The command of automatic mutants fails for a survivor that is not listed, and for a listed one that is caught."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.audit import automatic
from grader.audit.cases import Case
from grader.audit.run import Verdict
from grader.messages import Outcome
from grader.rubric import read
from tests.support.verdicts import Status

ALL = sum(row.points for row in read())
Told = Callable[..., tuple[int, str]]


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Told:
    """The command's exit code and text, when mutants of these names keep these points and this list is kept."""

    def run(points: dict[str, float], listed: list[str], only: str = "", broken: str = "") -> tuple[int, str]:
        def verdict(case: Case) -> Verdict:
            status = Status.GRADER_ERROR if case.name == broken else Status.FAILED
            return Verdict(case, (), points[case.name], {"a check": Outcome(status)}, ())

        made = [Case(automatic.AUTOMATIC, name, 0.0, lambda folder: None) for name in points]
        (tmp_path / "equivalent.md").write_text("".join(f"```diff\n{name}\n```\nproof\n" for name in listed))
        monkeypatch.setattr(automatic, "EQUIVALENT", tmp_path / "equivalent.md")
        monkeypatch.setattr(automatic, "mutations", lambda module: made if module == automatic.MODULES[0] else [])
        monkeypatch.setattr(automatic, "grade_all", lambda cases, workers: map(verdict, cases))
        code = automatic.main(["--only", only])
        return code, capsys.readouterr().out

    return run


def test_all_caught_but_the_proven_ones_is_well(told: Told):
    code, said = told({"one": ALL - 1, "two": ALL, "three": 0.0}, ["two"])
    assert code == 0
    assert "2/3 automatic mutants caught, 1 proven equivalent" in said
    assert "survive" not in said


def test_an_unlisted_survivor_fails(told: Told):
    code, said = told({"one": ALL, "two": 0.0}, [])
    assert code == 1
    assert "survives and is not listed:\none\n" in said
    assert "1/2 automatic mutants caught, 0 proven equivalent" in said


@pytest.mark.parametrize("points", [{"one": 0.0}, {"other": 0.0}])
def test_a_listed_one_that_is_caught_or_gone_fails(told: Told, points: dict[str, float]):
    code, said = told(points, ["one"])
    assert code == 1
    assert "is listed and does not survive:\none\n" in said


def test_a_mutant_that_breaks_the_grader_fails(told: Told):
    code, said = told({"one": 0.0, "two": 0.0}, [], broken="two")
    assert code == 1
    assert "makes the grader fail:\ntwo\n" in said


def test_only_a_part_is_graded_and_held_against_its_part_of_the_list(told: Told):
    code, said = told({"one near": ALL, "one far": ALL}, ["one near", "two far"], only="near")
    assert code == 0
    assert "0/1 automatic mutants caught, 1 proven equivalent" in said


def test_grading_none_is_no_success(told: Told):
    assert told({"one": 0.0}, [], only="nothing like it")[0] == 1
