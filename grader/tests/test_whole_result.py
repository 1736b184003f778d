"""One result, whole: each field of the file, and each line on the terminal, as it is for five rows of five fates."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from grader.messages import Outcome
from grader.report import terminal
from grader.report.results import Results
from grader.rubric import Row
from tests.support.homework.assignment import PROBLEMS
from tests.support.verdicts import Status

SUMMARY = "1 of the checks, worth 2 of 4 points, are shown later, after the grades are published."
PENDING = "Grading has not finished; what is listed below is what is known so far.\n"


def row(name: str, number: str, points: float, visibility: str = "visible", tags: tuple[str, ...] = ()) -> Row:
    title = f"The {name.replace('_', ' ')} is [right]."
    given = {"name": name, "title": title, "number": number, "points": points, "visibility": visibility, "tags": tags}
    given["file"] = "public/test_a.py"
    others = {one.name: "" for one in dataclasses.fields(Row) if one.name not in given}
    return Row(**given, **others)


ROWS = [
    row("first_part", "4.1", 1.0, tags=("gan", "networks")),
    row("second_part", "4.2", 2.0, "after_published"),
    row("advice", "4.6", 0.0),
    row("small_part", "5.1", 0.5),
    row("last_part", "5.3", 0.5),
]


@pytest.fixture
def results(tmp_path: Path) -> Results:
    one = Results(tmp_path / "out" / "results.json", ROWS, leaderboard=True)
    one.record("first_part", Outcome(Status.PASSED, 1.0, "well done", 0.12345))
    one.record("second_part", Outcome(Status.FAILED, 0.33333333, "wrong\r\nhere\x07", 1.0))
    one.record("advice", Outcome(Status.ADVICE, 0.2, "try more", measures={"share": 0.123456, "none": float("inf")}))
    one.record("small_part", Outcome(Status.BLOCKED, 0.0, "wrong\r\nhere\x07"))
    one.facts["seed"] = 3
    return one


def written(results: Results) -> dict:
    return json.loads(results.path.read_text(encoding="utf-8"))


def test_every_field_of_the_file_is_as_the_platform_reads_it(results: Results):
    results.write()
    assert results.path.read_bytes().endswith(b"}\n")
    assert [path.name for path in results.path.parent.iterdir()] == ["results.json"]
    document = written(results)
    assert document.pop("execution_time") >= 0
    assert [(entry["name"], entry["value"]) for entry in document.pop("leaderboard")] == [("share", 0.1235)]
    tests = document.pop("tests")
    assert document == {
        "score": 1.667,
        "output": PENDING + SUMMARY,
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"seed": 3},
    }
    assert tests[0] == {
        "name": "The first part is [right].",
        "number": "4.1",
        "output": "well done",
        "tags": ["gan", "networks"],
        "visibility": "visible",
        "extra_data": {"check": "first_part", "verdict": "passed", "seconds": 0.123},
        "status": "passed",
        "score": 1.0,
        "max_score": 1.0,
    }
    assert tests[1] | {"name": "", "extra_data": {}} == {
        "name": "",
        "number": "4.2",
        "output": "wrong\nhere?",
        "tags": [],
        "visibility": "after_published",
        "extra_data": {},
        "status": "failed",
        "score": 0.667,
        "max_score": 2.0,
    }
    assert {"status", "score", "max_score"} & tests[2].keys() == set()
    assert [test["extra_data"]["verdict"] for test in tests] == [
        "passed",
        "failed",
        "advice",
        "blocked",
        "not judged yet",
    ]


def test_what_is_pending_at_the_end_has_the_last_word_and_nothing_else_changes(results: Results):
    before = written(results)["tests"][:4]
    results.close(Status.TIMED_OUT, "no time")
    document = written(results)
    assert document["output"] == SUMMARY
    assert document["tests"][:4] == before
    assert (document["tests"][4]["output"], document["tests"][4]["extra_data"]["verdict"]) == ("no time", "timed out")


def test_the_staff_s_row_is_hidden_and_only_there_when_the_grader_failed(results: Results):
    assert len(results.document()["tests"]) == len(ROWS)
    results.staff += ["one", "two"]
    assert results.document()["tests"][len(ROWS) :] == [
        {"name": "For the staff: the grader failed", "output": "one\n\ntwo", "visibility": "hidden"},
    ]


def test_a_remark_on_which_no_points_depend_is_no_row(results: Results):
    """A row that students do not see would hide their total."""
    results.remarks += ["three"]
    document = results.document()
    assert len(document["tests"]) == len(ROWS)
    assert document["extra_data"] == {"seed": 3, "remarks": ["three"]}
    assert shown(terminal.show_remarks, results) == ["For the staff: three"]


def test_without_a_leaderboard_and_with_everything_visible_neither_is_spoken_of(tmp_path: Path):
    plain = Results(tmp_path / "results.json", [ROWS[0], row("later_without_points", "5.4", 0.0, "after_published")])
    plain.record("first_part", Outcome(Status.ADVICE, 1.0, "", measures={"share": 0.5}))
    plain.close(Status.PASSED, "")
    assert "leaderboard" not in plain.document()
    assert plain.document()["output"] == ""


@pytest.mark.parametrize(("credit", "points"), [(-1.0, 0.0), (0.5, 1.0), (1.0, 2.0), (7.0, 2.0)])
def test_no_row_earns_less_than_nothing_or_more_than_its_points(results: Results, credit: float, points: float):
    results.record("second_part", Outcome(Status.FAILED, credit, ""))
    assert results.earned(ROWS[1]) == points


def shown(show: object, *arguments: object) -> list[str]:
    console = Console(width=100, record=True, color_system=None, force_terminal=False, file=io.StringIO())
    show(console, *arguments)  # type: ignore[operator]
    return [line.rstrip() for line in console.export_text().splitlines()]


def test_a_submission_on_the_terminal(results: Results):
    lines = shown(terminal.show, "an [odd] name", results)
    assert lines[0] == "an [odd] name: 1.667 of 4 points"
    cells = [[cell.strip() for cell in line.strip("│┃").split("│" if "│" in line else "┃")] for line in lines[2:]]
    assert cells[0] == ["no.", "check", "points", "verdict"]
    assert cells[2:7] == [
        ["4.1", "The first part is [right].", "1 / 1", "passed"],
        ["4.2", "The second part is [right].", "0.667 / 2", "failed"],
        ["4.6", "The advice is [right].", "-", "advice"],
        ["5.1", "The small part is [right].", "0 / 0.5", "blocked"],
        ["5.3", "The last part is [right].", "0 / 0.5", "not judged yet"],
    ]
    points = [line.split("│")[3] for line in lines[4:9]]
    assert {len(one) - len(one.rstrip()) for one in points} == {1}, "numbers stand at the right"
    assert lines[10:] == [
        "",
        "4.1 The first part is [right].",
        "well done",
        "",
        "4.2 The second part is [right].",
        "5.1 The small part is [right].",
        "wrong",
        "here",
        "",
        "4.6 The advice is [right].",
        "try more",
    ]


def test_the_rubric_on_the_terminal():
    lines = shown(terminal.show_rubric, ROWS)
    assert lines[0] == "5 checks, 4 points"
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if line.startswith("│")]
    assert cells[0] == ["4.1", "The first part is [right].", "1", "visible", "public/test_a.py"]
    assert cells[1][2:4] == ["2", "after_published"]
    assert {len(line.split("│")[3]) - len(line.split("│")[3].rstrip()) for line in lines if line.startswith("│")} == {1}


def test_a_finished_result_is_laid_out_for_people(results: Results):
    before = len(results.text().splitlines())
    results.close(Status.TIMED_OUT, "")
    assert (before, results.path.read_bytes().endswith(b"\n}\n")) == (1, True)


def test_a_class_on_the_terminal(results: Results):
    lines = shown(terminal.show_class, {"[one]": results})
    assert lines[0] == "The class"
    (cells,) = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if line.startswith("│")]
    earned = ["1.667" if problem.number == "4" else "0" for problem in PROBLEMS]
    assert cells == ["[one]", "1.667 / 4", *earned, "1 of 4", f"{results.seconds:.0f}"]


def test_a_line_of_a_class_says_points_time_and_the_first_reason(results: Results):
    results.notes = ["something"]
    results.seconds = 12.4
    line = terminal.line_of("[one]", results)
    assert line.split() == [*"[one] 1.667 / 4 12 s 4.2 failed: wrong here? (and 2 more) [1 note]".split()]


@pytest.mark.parametrize(
    ("text", "gist"),
    [
        ("hw5_gan.py cannot be imported: SyntaxError (hw5_gan.py, line 31): x", "SyntaxError, hw5_gan.py, line 31"),
        ("Yours:          3.\nExpected:       4.\nLikely mistake: The sign is wrong.", "The sign is wrong."),
        ("Yours:          3.\nExpected:       4.", "3. Expected: 4."),
        ("Not implemented yet: 4.1 (hw5_gan.py, line 37).", "Not implemented yet: 4.1 (hw5_gan.py, line 37)."),
        ("", "no text"),
    ],
)
def test_a_reason_is_the_gist_of_a_message(text: str, gist: str):
    found = [("4.1", "passed", ""), ("4.2", "failed", text)]
    assert terminal.first_reason(found) == f"4.2 failed: {gist}"
    assert terminal.first_reason(found[:1]) == ""


def test_the_line_of_a_class_counts_submissions_and_says_what_is_left():
    console = Console(width=100, record=True, force_terminal=True, color_system=None, file=io.StringIO())
    with terminal.class_progress(console) as line:
        line.update(line.add_task("somebody", total=7), advance=3)
        line.refresh()
    text = console.export_text()
    assert "3/7" in text
    assert "left; somebody" in text


def test_a_progress_line_is_gone_when_it_is_done():
    console = Console(width=100, record=True, force_terminal=True, color_system=None, file=io.StringIO())
    with terminal.progress_line(console) as line:
        line.update(line.add_task("grading", total=2), advance=1)
        line.refresh()
    text = console.export_text()
    assert "grading" in text
    assert "1/2" in text
    assert line.live.transient
