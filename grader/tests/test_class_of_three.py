"""All that is written of a class of three, in full: `expected/` holds it, for people to read before it changes."""

from __future__ import annotations

import argparse
import io
import re
import stat
import zipfile
from pathlib import Path

import pytest
from rich.console import Console

from grader.course import canvas, command, gradebook, page, platforms
from grader.course.engine import Outcomes
from grader.course.entries import Course, Entry, Person
from grader.course.gradebook import Line
from grader.course.outcome import Graded, Judgement
from grader.errors import CourseError
from grader.tests import three_handins as three
from grader.tests.three_handins import ADA, LOSS, NOISE, ROWS

EXPECTED = Path(__file__).parent / "expected"
BY_PLATFORMS = """Student,ID,SIS User ID,SIS Login ID,Homework 5 (77),Homework 6 (78)
    Points Possible,,,,3.5,9
"Ä, Ada",1,0123,,,
Bob,2,,BOB,,
Eve,3,0789,,1,
Short,4
Nobody,5,,,,
,6,0123,,,
"""


def expected(name: str) -> str:
    return (EXPECTED / name).read_text(encoding="utf-8")


def recorded(width: int = 100) -> Console:
    return Console(file=io.StringIO(), width=width)


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def words(html: str) -> str:
    """What a reader of a page sees and hears: a line for each piece of text, without style and script."""
    body = re.sub(r"<(style|script|head)>.*?</\1>", "", html, flags=re.DOTALL)
    heard = re.sub(r'<[^<>]*aria-label="([^"]*)"[^<>]*>', r"\n[\1]\n", body)
    lines = (" ".join(line.split()) for line in re.sub(r"<[^<>]*>", "\n", heard).splitlines())
    return "\n".join(line for line in lines if line) + "\n"


@pytest.mark.parametrize("name", [gradebook.NAME, gradebook.BY_PERSON, gradebook.LINES])
def test_the_tables_are_these(tmp_path: Path, name: str):
    paths = gradebook.write(tmp_path, three.a_class(), ROWS, complete=True)
    assert [path.name for path in paths] == [gradebook.NAME, gradebook.BY_PERSON, gradebook.LINES]
    assert (tmp_path / name).read_text(encoding="utf-8") == expected(name)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_the_page_says_this():
    text = page.class_page("The title", three.a_class(), ROWS, ["An odd file."], complete=True)
    assert words(text) == expected("report.txt")


def test_the_archive_holds_what_was_written_and_only_of_those_who_are_graded(tmp_path: Path):
    lines = three.a_class()
    gradebook.write(tmp_path, lines, ROWS, complete=True)
    for line in lines[:2]:
        page.write_student(tmp_path, line)
    assert page.write(tmp_path, "The title", lines, ROWS, [], complete=False) == tmp_path / "report.html"
    assert not (tmp_path / "class.zip").exists()
    page.write(tmp_path, "The title", lines, ROWS, [], complete=True)
    with zipfile.ZipFile(tmp_path / "class.zip") as archive:
        assert archive.namelist() == [
            *("report.html", "gradebook.csv", "gradebook-by-person.csv", "outcomes.jsonl"),
            *("students/pair.html", "staff/pair.html", "results/pair.json"),
            *("students/eve.html", "staff/eve.html", "results/eve.json"),
        ]
        assert archive.read("results/eve.json").decode() == three.document("eve")
        assert "Ada Ä and Bob" in archive.read("students/pair.html").decode()
        assert {one.compress_type for one in archive.infolist()} == {zipfile.ZIP_DEFLATED}
    assert stat.S_IMODE((tmp_path / "class.zip").stat().st_mode) == 0o600


def test_the_terminal_says_this():
    course = Course([], "Somebody's export", ["An odd file."])
    console = recorded()
    command._tell(console, course, three.a_class(), ROWS, Outcomes({"pair", "eve"}, repeated=1))
    assert printed(console) == (
        "Somebody's export: 3 submissions, 1 with a total; 1 graded before.\n"
        "mean 2.17 of 3.5 points, 0 with full marks\n"
        "  no total: eve (Eve): The grader itself failed in part: see its result.\n"
        "  no total: gone (gone): Its folder is empty.\n"
        "NOT in force on this host:\n"
        "  Landlock\n"
        "  An odd file.\n"
    )


def test_of_a_class_without_totals_and_holes_nothing_is_said_of_them():
    console = recorded()
    command._tell(console, Course([], "x"), [Line(Entry("a", "a", None), None)], ROWS, Outcomes())
    assert printed(console) == ("x: 1 submissions, 0 with a total; 0 graded before.\n  no total: a (a): not graded\n")


def test_full_marks_are_counted():
    whole = Graded({LOSS.name: Judgement("passed", 1.0, ""), NOISE.name: Judgement("passed", 1.0, "")}, "{}")
    console = recorded()
    lines = [Line(Entry("a", "a", Path("a")), whole), *three.a_class()[:1]]
    command._tell(console, Course([], "x"), lines, ROWS, Outcomes())
    assert "mean 2.83 of 3.5 points, 1 with full marks" in printed(console)


def options(**told: object) -> argparse.Namespace:
    return argparse.Namespace(**{"canvas": None, "column": "", "brightspace": None} | told)


def test_each_platform_gets_its_table_when_it_is_asked_for(tmp_path: Path):
    (tmp_path / "grades.csv").write_text(BY_PLATFORMS, encoding="utf-8")
    console = recorded(200)
    asked = options(canvas=tmp_path / "grades.csv", column="homework 5", brightspace="HW5", out=tmp_path / "out")
    table = canvas.read(asked.canvas, asked.column)
    written = command._for_platforms(asked, console, table, three.a_class(), ROWS)
    assert written == [tmp_path / "out" / "canvas.csv", tmp_path / "out" / "brightspace.csv"]
    filled = BY_PLATFORMS.replace("1,0123,,,", "1,0123,,2.166,").replace("BOB,,", "BOB,2.166,")
    assert written[0].read_text(encoding="utf-8") == filled
    assert written[1].read_text(encoding="utf-8") == (
        "OrgDefinedId,HW5 Points Grade,End-of-Line Indicator\n0123,2.166,#\n"
    )
    assert printed(console) == (
        "Canvas: the column 'Homework 5 (77)' is filled in a copy; nothing else is changed.\n"
        "  in Canvas's file, left as they were: Eve (not graded), Nobody\n"
    )
    assert command._for_platforms(options(out=tmp_path), console, None, three.a_class(), ROWS) == []
    only = options(out=tmp_path, brightspace="x")
    assert [path.name for path in command._for_platforms(only, console, None, three.a_class(), ROWS)] == [
        "brightspace.csv"
    ]


def test_what_people_should_look_at_before_they_import_is_told(tmp_path: Path):
    grades = "Student,ID,Homework 5 (77)\nPoints Possible,,10\nNobody,5,\nAda,0123,EX\n"
    (tmp_path / "grades.csv").write_text(grades, encoding="utf-8")
    console = recorded(40)
    asked = options(canvas=tmp_path / "grades.csv", out=tmp_path)
    command._for_platforms(asked, console, canvas.read(asked.canvas), three.a_class(), ROWS)
    said = printed(console)
    assert "  Canvas has 10 possible points for it, the rubric has 3.5. Correct it before you import.\n" in said
    assert "  scores that stood there and are replaced by others: 1\n" in said
    assert "  graded, but not in Canvas's file: Eve (eve)\n" in said


def test_a_table_that_cannot_be_read_is_one_error(tmp_path: Path):
    for read in (canvas.read, lambda path: platforms.add_roster([], path)):
        with pytest.raises(CourseError, match=r"nothing\.csv cannot be read: No such file or directory"):
            read(tmp_path / "nothing.csv")
        (tmp_path / "huge.csv").write_text("x" * 200_000)
        with pytest.raises(CourseError, match="is no table: field larger"):
            read(tmp_path / "huge.csv")
    (tmp_path / "odd.csv").write_bytes(b'\xff\0Student,ID,"Homework 5 (77)"\n')
    with pytest.raises(CourseError, match="neither a column SID nor a column Email: give the platform's own grades"):
        platforms.add_roster([], tmp_path / "odd.csv")


def test_the_gradebook_of_the_whole_course_is_no_roster(tmp_path: Path):
    table = (
        "First Name,SID,Email,Homework 4,Homework 4 - Max Points,Homework 5,Homework 5 - Max Points\nAda,0123,,1,2,,\n"
    )
    (tmp_path / "grades.csv").write_text(table, encoding="utf-8")
    with pytest.raises(CourseError, match=r"is the gradebook of the whole course: give the assignment's own \(Review"):
        platforms.add_roster([], tmp_path / "grades.csv")


ROSTER = """Name , sid,EMAIL,Status,Submission ID,Lateness (H:M:S),Name
Ada by number,,,Graded,7,0:00:01,other
by sid,0456,,Graded,,,other
by address,,EVE@example.edu,Graded,,0:00:03,other
Not there,99,,,,,other
Only an address,,zoe@example.edu,Missing,,,other
Twice,99,,Graded,1,,other
Only a name,,,Missing,,,other
Whose id is a number,7,,Missing,,9:00:00,other
"""


def test_the_roster_finds_people_by_number_id_or_address(tmp_path: Path):
    (tmp_path / "grades.csv").write_text(ROSTER, encoding="utf-8")
    of = {
        "submission_7": ADA, "submission_8": Person("Bob", "0456"), "submission_9": Person("Eve", "", "eve@Example.edu")
    }  # fmt: skip
    entries = [Entry(key, key, Path(key), (person,), lateness="before") for key, person in of.items()]
    platforms.add_roster(entries, tmp_path / "grades.csv")
    assert [one.lateness for one in entries[:3]] == ["0:00:01", "before", "0:00:03"]
    missing, other = "Nothing was handed in.", "The grades name a submission that is not in the download."
    assert [(one.key, one.place, one.people, one.reason) for one in entries[3:]] == [
        ("missing_99", None, (Person("Not there", "99"),), missing),
        ("missing_zoe_example.edu", None, (Person("Only an address", "", "zoe@example.edu"),), missing),
        ("missing_99-2", None, (Person("Twice", "99"),), other),
        ("missing_Only_a_name", None, (Person("Only a name"),), missing),
        ("missing_7", None, (Person("Whose id is a number", "7"),), missing),
    ]
