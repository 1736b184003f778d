"""Canvas's gradebook: each gets the points that are theirs or none, and the file stays as it was but for one column."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from grader.course import canvas
from grader.course.canvas import Filled
from grader.course.entries import Person
from grader.course.gradebook import Line
from grader.errors import CourseError
from grader.tests.test_course_tables import ADA, BOB, ROWS, line

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Homework 5 (1234567),Homework 6 (1),Final Grade\n"
    "    Points Possible,,,,,20.00,10.00,\n"
    '"Example, Ada",98765,0123,ada1,CS446 A,,,A\n"=Example, Bob",98766,9,bob,CS446 A,3,,B\n'
    '"Example, Eve",98767,8,eve,CS446 A,4,,C\n'
)
HEADER = "Student,ID,SIS User ID,SIS Login ID,Homework 5 (77)\nPoints Possible,,,,20\n"


def filled(tmp_path: Path, content: str | bytes, lines: Sequence[Line], column: str = "") -> Filled:
    path = tmp_path / "canvas.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return canvas.fill(canvas.read(path, column), lines, ROWS)


def test_one_column_of_canvas_s_file_is_filled_and_nothing_else(tmp_path: Path):
    lines = [line("one", 0.5, ADA), line("two", 1.0, BOB), line("three", 0.0, Person("Zoe", "777"))]
    found = filled(tmp_path, CANVAS, lines, "homework 5")
    expected = CANVAS.replace("CS446 A,,,A", "CS446 A,10,,A").replace("CS446 A,3,,B", "CS446 A,20,,B")
    assert found.content.decode() == expected
    assert (found.column, found.not_in_canvas) == ("Homework 5 (1234567)", ["Zoe (three)"])
    assert (found.without_points, found.replaced, found.warning) == (["Example, Eve"], 1, "")
    again = filled(tmp_path, found.content, lines, "homework 5")
    assert (again.content, again.replaced) == (found.content, 0)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [b"", b"\n"])
def test_a_file_is_written_as_it_was(tmp_path: Path, mark: bytes, line_end: bytes, last: bytes):
    given = mark + (CANVAS.encode() + b'"two\nlines \xff",,,,,,,').replace(b"A\n", b"A" + line_end)
    given = given.replace(b"Grade\n", b"Grade" + line_end).replace(b",\n", b"," + line_end)
    given = given.replace(b"B\n", b"B" + line_end).replace(b"C\n", b"C" + line_end) + (line_end if last else b"")
    assert filled(tmp_path, given, [], "Homework 5").content == given


@pytest.mark.parametrize(
    ("row", "points", "told"),
    [
        ("Ada,0456,0123,,", "10", []),  # Canvas's own number is another's student id
        ("Ada,1,0123,ADA,", "10", []),
        ("Ada,1,ada@example.edu,ada1,", "10", []),
        ("Ada,1,,Ada@Example.edu,", "10", []),
        ("Ada,1,77,ada,", "10", []),
        ("Ada,0123,,,", "10", []),
        ("Ada,0123,77,ada1,", "10", []),
        ("Ada,0123,0456,,", "20", []),
        ("Ada,1,0123,bob,", "", ["Ada (its columns name different people)"]),
        ("Ada,1,0123,0456,", "", ["Ada (its columns name different people)"]),
        ("Ada,0123,0123,bob@example.edu,", "", ["Ada (its columns name different people)"]),
        ("Ada,1,77,ada1,", "", ["Ada"]),
    ],
)
def test_whose_a_row_is(tmp_path: Path, row: str, points: str, told: list[str]):
    found = filled(tmp_path, f"{HEADER}{row}\n", [line("one", 0.5, ADA), line("two", 1.0, BOB)])
    assert found.content.decode() == f"{HEADER}{row}{points}\n"
    assert found.without_points == told


@pytest.mark.parametrize("bob", ["Bob,3,0456,bob,", "Ada,3,0123,ada,"])
def test_canvas_s_own_number_takes_nobody_s_points(tmp_path: Path, bob: str):
    """The one who handed nothing in has a number that is Bob's student id, whether Bob is in the file or not."""
    rows = f"Zoe,0456,77,zoe,\n{bob}\n"
    found = filled(tmp_path, HEADER + rows, [line("two", 1.0, BOB), line("one", 1.0, ADA)])
    assert found.content.decode() == HEADER + rows.replace(bob, f"{bob}20")
    assert (found.without_points, found.by_number) == (["Zoe"], False)


def test_in_canvas_s_own_download_the_numbers_name_people(tmp_path: Path):
    """There, the student id of one may be the number of another."""
    rows = "Ada,0123,5,ada,\nBob,0456,6,bob,\nZoe,7,0123,zoe,\n"
    lines = [line("one", 0.5, Person("adaexample", "0123")), line("two", 1.0, Person("bobexample", "0456"))]
    found = filled(tmp_path, HEADER + rows, lines)
    assert found.content.decode() == HEADER + rows.replace("ada,", "ada,10").replace("bob,", "bob,20")
    assert (found.without_points, found.by_number) == (["Zoe"], True)


def test_two_submissions_of_one_person_are_left_to_people(tmp_path: Path):
    found = filled(tmp_path, CANVAS, [line("one", 1.0, ADA), line("two", 0.0, ADA)], "5 (")
    assert "CS446 A,,,A" in found.content.decode()
    assert "Example, Ada (several submissions)" in found.without_points
    alike = [line("one", 1.0, Person("A", "", "ada@one.edu")), line("two", 1.0, Person("B", "", "ada@two.edu"))]
    assert filled(tmp_path, f"{HEADER}Ada,1,,ada,\n", alike).without_points == ["Ada (several submissions)"]


MALLORY = Person("Mallory", "99", "ada1@elsewhere.example")


@pytest.mark.parametrize(
    ("people", "rows", "points"),
    [
        ([MALLORY], ["Ada,1,0123,ada1,", "Mallory,2,99,mallory9,"], ["", "20"]),  # a login is also another's elsewhere
        ([MALLORY], ["Ada,1,0123,ada1,"], ["20"]),  # nobody else is meant
        ([Person("Mallory", "99", "77")], ["Ada,1,77,,", "Mallory,2,99,,"], ["", ""]),
        ([MALLORY, ADA], ["Ada,1,0123,ada1,", "Mallory,2,99,mallory9,"], ["20", "20"]),
        ([MALLORY], ["Ada,1,,ada1,", "Eve,2,,ada1,"], ["", ""]),
    ],
)
def test_one_person_s_points_are_in_one_row(tmp_path: Path, people: list[Person], rows: list[str], points: list[str]):
    found = filled(tmp_path, HEADER + "\n".join(rows), [line("one", 1.0, *people)])
    assert [row.rpartition(",")[2] for row in found.content.decode().splitlines()[2:]] == points
    assert len(found.without_points) == points.count("")
    assert all(one.endswith("(another row names the same person)") for one in found.without_points)


def test_a_letter_s_case_in_an_id_is_none_of_another_person(tmp_path: Path):
    found = filled(tmp_path, f"{HEADER}Ada,1,a0x,,\n", [line("one", 0.5, Person("Ada", "A0X"))])
    assert found.content.decode() == f"{HEADER}Ada,1,a0x,,10\n"


@pytest.mark.parametrize(("possible", "said"), [("20.00", ""), ("10", "has 10 possible"), ("", "has no possible")])
def test_other_possible_points_are_told(tmp_path: Path, possible: str, said: str):
    header = f"Student,ID,Homework 5 (77)\n,,Manual Posting\n    Points Possible,,{possible}\n"
    warning = filled(tmp_path, header, []).warning
    assert said in warning
    assert bool(warning) == bool(said)


@pytest.mark.parametrize(
    ("table", "column", "said"),
    [
        ("", "", "is no gradebook of Canvas: its first column is Student, and a row says Points Possible"),
        ("Name,SID\nPoints Possible,1\n", "", "is no gradebook of Canvas"),
        ("Student,ID,Homework 5 (77)\nAda,1,\n", "", "is no gradebook of Canvas"),
        ("Student,ID\nPoints Possible,\n", "", "has no assignment: make it in Canvas"),
        (CANVAS, "", r"name one assignment by COLUMN= \(there are: Homework 5 \(1234567\), Homework 6 \(1\)\)"),
        (CANVAS, "homework", r"name one assignment by COLUMN= \(there are: Homework 5"),
        (CANVAS, "Final", r"has no assignment called 'Final' \(there are: Homework 5 \(1234567\), Homework 6 \(1\)\)"),
        (CANVAS, "x", "has no assignment called 'x'"),
    ],
)
def test_a_table_without_one_column_that_is_meant_is_refused(tmp_path: Path, table: str, column: str, said: str):
    with pytest.raises(CourseError, match=said):
        filled(tmp_path, table, [], column)


def test_a_whole_title_is_meant_before_a_part_of_one(tmp_path: Path):
    titles = CANVAS.replace("Homework 6", "Homework 5 again")
    for column in ("Homework 5", "homework 5 (1234567)"):
        assert filled(tmp_path, titles, [], column).column == "Homework 5 (1234567)"
