"""The rubric is read without running the suites, agrees with pytest, and gives the points that the handout gives."""

import subprocess
import sys
from pathlib import Path

import pytest

from grader import rubric
from grader.project import ROOT

MARKS = '@number("4.1")\n@weight(1)\n@visibility("visible")\n'


def suites(folder: Path, public: str, hidden: str = "") -> Path:
    for audience, text in (("public", public), ("hidden", hidden)):
        (folder / audience).mkdir()
        (folder / audience / "test_it.py").write_text(text)
    return folder


def test_each_question_is_worth_what_the_handout_says():
    points: dict[str, float] = {}
    for row in rubric.read(written_counts=False):
        if row.self_check:
            continue
        points[row.number] = points.get(row.number, 0) + row.points
    assert points == {
        "4.1": 2,
        "4.2": 2,
        "4.3": 2,
        "4.4": 1.5,
        "4.5": 1.5,
        "4.6": 1,
        "5.1": 2.5,
        "5.2": 3.5,
        "5.3": 4,
        "5.4": 0,
    }
    assert sum(points.values()) == 20


def test_the_rubric_lists_exactly_the_checks_that_pytest_runs():
    listing = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "tests"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    collected = {line.rpartition("::test_")[2] for line in listing.splitlines() if "::test_" in line}
    # Advice on what was trained runs where something was.
    assert collected == {row.name for row in rubric.read(written_counts=True) if "advice" not in row.tags}


def test_a_name_is_read_at_a_glance():
    assert [row.title for row in rubric.read() if len(row.title) > 80] == []


def test_one_setting_says_when_students_see_hidden_checks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rubric, "HIDDEN_SHOWN", "after_due_date")
    assert {(row.audience, row.visibility) for row in rubric.read()} == {
        ("public", "visible"),
        ("hidden", "after_due_date"),
    }
    monkeypatch.setattr(rubric, "HIDDEN_SHOWN", "visible")
    with pytest.raises(rubric.RubricError, match="must not be visible to students"):
        rubric.read()


def test_every_check_has_a_title_that_reads_as_a_sentence():
    for row in rubric.read():
        assert " " in row.title, row.name
        assert len(row.title) < 160, row.name


@pytest.mark.parametrize(
    ("public", "hidden", "complaint"),
    [
        ("def test_a(s): pass", "", "has no @number, @weight, @visibility"),
        (MARKS.replace("visible", "vissible") + "def test_a(s): pass", "", "not one of visible"),
        (MARKS + "def test_a(s): pass", MARKS + "def test_b(s): pass", "must not be visible"),
        (MARKS + "def test_a(s): pass\n" + MARKS + "def test_a(s): pass", "", "two checks are called a"),
        (MARKS.replace("(1)", "(-1)") + "def test_a(s): pass", "", "cannot be worth -1"),
    ],
)
def test_a_wrongly_declared_check_is_an_error(tmp_path: Path, public: str, hidden: str, complaint: str):
    with pytest.raises(rubric.RubricError, match=complaint):
        rubric.read(suites(tmp_path, public, hidden))
