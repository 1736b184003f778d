"""`results.json` is valid from the first moment, complete at every moment, and clean."""

import json
from pathlib import Path

import jsonschema_rs
import pytest

from grader.messages import Outcome
from grader.report import results
from grader.report.results import Results
from grader.rubric import Row
from tests.support.status import Status


def row(name: str, points: float = 1.0, visibility: str = "visible") -> Row:
    return Row(name, f"Title of {name}", "4.1", points, visibility, "public", ("tag",), "public/test_x.py")


def on_disk(kept: Results) -> dict:
    return json.loads(kept.path.read_text(encoding="utf-8"))


def test_the_file_is_there_and_complete_before_anything_is_judged(tmp_path: Path):
    kept = Results(tmp_path / "out" / "results.json", [row("a"), row("b", 2.5)])
    document = on_disk(kept)
    assert document["score"] == 0
    assert [test["max_score"] for test in document["tests"]] == [1, 2.5]
    assert {test["extra_data"]["verdict"] for test in document["tests"]} == {"not judged yet"}


def test_the_file_is_whole_at_each_moment(tmp_path: Path):
    kept = Results(tmp_path / "results.json", [row("a"), row("b"), row("c")])
    kept.staff.append("a traceback")
    for name in "abc":
        kept.record(name, Outcome("passed", 1.0, 'all "fine"\nhere'))
        assert on_disk(kept) == kept.document()


def test_points_are_the_share_that_was_earned(tmp_path: Path):
    kept = Results(tmp_path / "results.json", [row("a", 0.5), row("b", 2.5)])
    kept.record("a", Outcome("passed", 1.0, ""))
    kept.record("b", Outcome("failed", 0.5, "half"))
    document = on_disk(kept)
    assert document["score"] == 1.75
    assert [(test["status"], test["score"]) for test in document["tests"]] == [("passed", 0.5), ("failed", 1.25)]


@pytest.mark.parametrize(("credit", "points"), [(7.0, 1.0), (-3.0, 0.0)])
def test_no_credit_leaves_the_range_of_a_row(tmp_path: Path, credit: float, points: float):
    kept = Results(tmp_path / "results.json", [row("a")])
    kept.record("a", Outcome("failed", credit, ""))
    assert on_disk(kept)["tests"][0]["score"] == points


def test_an_informational_row_has_no_points(tmp_path: Path):
    kept = Results(tmp_path / "results.json", [row("a", 0)])
    assert on_disk(kept)["tests"][0].keys().isdisjoint({"score", "max_score"})


def test_closing_gives_an_outcome_to_what_has_none_and_leaves_the_rest(tmp_path: Path):
    kept = Results(tmp_path / "results.json", [row("a"), row("b")])
    kept.record("a", Outcome("passed", 1.0, ""))
    kept.close(Status.GRADER_ERROR, results.CONTACT)
    assert [test["extra_data"]["verdict"] for test in on_disk(kept)["tests"]] == ["passed", "grader error"]


def test_the_staff_read_what_failed_in_the_grader_and_students_do_not(tmp_path: Path):
    kept = Results(tmp_path / "results.json", [row("a")])
    kept.staff.append("Traceback: secret")
    kept.write()
    hidden = [test for test in on_disk(kept)["tests"] if test["visibility"] == "hidden"]
    assert len(hidden) == 1
    assert "secret" in hidden[0]["output"]
    assert "secret" not in json.dumps([test for test in on_disk(kept)["tests"] if test not in hidden])


def test_students_are_told_how_many_points_come_later(tmp_path: Path):
    kept = Results(tmp_path / "results.json", [row("a"), row("b", 3, "after_published")])
    kept.record("a", Outcome("passed", 1.0, ""))
    kept.record("b", Outcome("passed", 1.0, ""))
    assert "worth 3 of 4 points, are shown later" in on_disk(kept)["output"]


def test_a_row_that_a_text_names_is_named_by_its_title(tmp_path: Path):
    """A reader of the page finds titles; a name in other words, as of a row that students do not have, stays."""
    kept = Results(tmp_path / "results.json", [row("some_check"), row("b")])
    kept.record("b", Outcome("passed", 1.0, "See the row 'some check', and the row 'the exact value'."))
    assert on_disk(kept)["tests"][1]["output"] == "See the row 'Title of some_check', and the row 'the exact value'."


def test_texts_are_printable_and_cut_with_a_mark(tmp_path: Path):
    kept = Results(tmp_path / "results.json", [row("a")])
    kept.record("a", Outcome("failed", 0.0, "a\0b\x1b[31mc\r\nd\ud800" + "x" * 200_000))
    output = on_disk(kept)["tests"][0]["output"]
    assert output.startswith("a?b?[31mc\nd?xxx")
    assert output.endswith("[cut here: the text was longer]")
    assert len(output) < 100_000


def test_nothing_that_breaks_the_schema_reaches_the_disk(tmp_path: Path):
    kept = Results(tmp_path / "results.json", [row("a")])
    before = kept.path.read_text()
    kept.rows = [row("a", visibility="sometimes")]
    with pytest.raises(jsonschema_rs.ValidationError):
        kept.write()
    assert kept.path.read_text() == before
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


def test_a_row_follows_its_outcome_however_that_is_changed(tmp_path: Path):
    kept = Results(tmp_path / "results.json", [row("a"), row("b")])
    kept.record("a", Outcome("failed", 0.0, "wrong"))
    assert kept.document()["tests"][0]["output"] == "wrong"
    kept.outcomes["a"].html = "<b>wrong</b>"
    kept.outcomes["a"].credit = 0.5
    changed = kept.document()["tests"][0]
    assert (changed["output"], changed["output_format"], changed["score"]) == ("<b>wrong</b>", "html", 0.5)
    kept.record("a", Outcome("passed", 1.0, "right"))
    assert (kept.document()["tests"][0]["output"], kept.document()["tests"][0]["status"]) == ("right", "passed")
