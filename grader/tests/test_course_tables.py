"""The tables of a class: points and words where they belong, no formula in a cell, and nobody lost."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import msgspec
import pytest

from grader.course import figures, gradebook, late, outcome, platforms, similar
from grader.course.entries import Attempt, Entry, Person
from grader.course.files import table
from grader.course.gradebook import Line
from grader.course.outcome import Judgement
from grader.course.regrade import changes
from grader.errors import CourseError
from grader.rubric import read
from grader.tests.a_worker import outcome as made

ROWS = read()
CHECK = next(row for row in ROWS if row.points)
MISTAKE = (
    "Yours:          at sigma = 1.31 it is 0.33.\nExpected:       0.65.\nLikely mistake: {}\nLook at:        Alg. 2"
)


def line(key: str, share: float = 1.0, *people: Person, said: str = "", **fields: object) -> Line:
    """A line whose checks all pass, but for one that says something."""
    graded = outcome.read(made(share))
    if said:
        graded = msgspec.structs.replace(graded, checks={**graded.checks, CHECK.name: Judgement("failed", 0.0, said)})
    return Line(Entry(key, key, Path(key), people, **fields), graded)  # type: ignore[arg-type]


def cells(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


ADA, BOB = Person("Ada", "0123", "ada@example.edu"), Person("Bob", "0456", "bob@example.edu")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_text_that_a_spreadsheet_would_run_is_guarded_and_a_number_is_not(start: str):
    row = next(csv.reader(io.StringIO(table([[f"{start}1+1", -1.5, None, "a=b"]]), newline="")))
    assert row == [f"'{start}1+1".replace("\r", " "), "-1.5", "", "a=b"]


@pytest.mark.parametrize(
    ("name", "guarded"),
    [
        ("Ada;=1+1", "Ada;'=1+1"), ("Ada; -1", "Ada; '-1"), ('Ada;"=1', 'Ada;"\'=1'), ("Ada\t@a", "Ada\t'@a"),
        ("\uff1d1+1", "'\uff1d1+1"), ("A-B; C=D", "A-B; C=D"),
    ],
)  # fmt: skip
def test_a_spreadsheet_that_separates_cells_by_other_signs_runs_nothing_either(name: str, guarded: str):
    assert next(csv.reader(io.StringIO(table([[name]])))) == [guarded]


def test_a_row_is_a_submission_and_a_group_has_one_for_each_of_its_members():
    lines = [line("one", 0.5, ADA, BOB), Line(Entry("two", "two", None), None, "Its folder is empty.")]
    one, two = cells(gradebook.by_submission(lines, ROWS))
    assert (one["Name"], one["SID"], one["Total"], one["Possible"]) == ("Ada; Bob", "0123; 0456", "10", "20")
    assert (two["Total"], two["Status"], two["Remarks"]) == ("", "not graded", "Its folder is empty.")
    assert [row["SID"] for row in cells(gradebook.by_person(lines, ROWS))] == ["0123", "0456", ""]
    assert float(one[f"{CHECK.number} {CHECK.name}"]) == CHECK.points / 2
    (unknown,) = cells(gradebook.by_submission([line("three", 0.5, Person("Ada"), Person("Bob", "7"))], ROWS))
    assert (unknown["SID"], unknown["Email"]) == ("; 7", "")
    first = json.loads(next(gradebook.as_lines(lines, ROWS)))
    assert (first["total"], len(first["checks"])) == (10, len(ROWS))


def test_a_total_in_which_the_grader_has_failed_is_nobody_s():
    one = line("one")
    assert one.outcome is not None
    checks = {**one.outcome.checks, CHECK.name: Judgement("grader error", 0.0, "contact the staff")}
    failed = Line(one.entry, msgspec.structs.replace(one.outcome, checks=checks))
    row = cells(gradebook.by_submission([failed], ROWS))[0]
    assert (row["Total"], row["Status"]) == ("", "grader error")


def test_lateness_stands_apart_and_a_policy_is_one_formula(monkeypatch: pytest.MonkeyPatch):
    one = line("one", 1.0, ADA, lateness="26:30:00")
    assert late.hours("26:30:00") == 26.5
    assert "After lateness" not in gradebook.header(ROWS)
    monkeypatch.setattr(late, "POLICY", lambda points, hours: points - hours / 10)
    row = cells(gradebook.by_submission([one], ROWS))[0]
    assert (row["Total"], row["After lateness"], row["Lateness"]) == ("20", "17.35", "26:30:00")


def test_an_unfinished_gradebook_does_not_look_like_a_finished_one(tmp_path: Path):
    gradebook.write(tmp_path, [line("one")], ROWS, complete=True)
    gradebook.write(tmp_path, [line("one")], ROWS, complete=False)
    assert all(path.name.startswith("unfinished-") for path in tmp_path.iterdir())
    gradebook.write(tmp_path, [line("one")], ROWS, complete=True)
    assert {path.name for path in tmp_path.iterdir()} == {gradebook.NAME, gradebook.BY_PERSON, gradebook.LINES}


def test_a_roster_adds_those_who_handed_nothing_in(tmp_path: Path):
    (tmp_path / "grades.csv").write_text(
        "\ufeffFirst Name,Last Name,SID,Email,Status,Submission ID,Lateness (H:M:S)\n"
        "Ada,E,0123,ada@example.edu,Graded,7,01:02:03\nEve,F,0789,eve@example.edu,Missing,,\n"
        "Bob,G,0456,bob@example.edu,Graded,9,\n,,,,,,\n",
        encoding="utf-8",
    )
    entries = [Entry("submission_7", "submission_7", Path("x"), (ADA,))]
    platforms.add_roster(entries, tmp_path / "grades.csv")
    assert entries[0].lateness == "01:02:03"
    assert [(one.people[0].name, one.reason) for one in entries[1:]] == [
        ("Eve F", "Nothing was handed in."),
        ("Bob G", "The grades name a submission that is not in the download."),
    ]
    (tmp_path / "other.csv").write_text("a,b\n")
    with pytest.raises(CourseError, match="neither a column SID nor a column Email"):
        platforms.add_roster(entries, tmp_path / "other.csv")


def test_brightspace_takes_ids_points_and_the_mark_of_the_line_s_end():
    lines = [line("one", 0.5, ADA, Person("nobody")), Line(Entry("two", "two", None, (BOB,)), None, "x")]
    assert platforms.brightspace(lines, ROWS, "HW5") == (
        "OrgDefinedId,HW5 Points Grade,End-of-Line Indicator\n0123,10,#\n", []
    )  # fmt: skip


def test_brightspace_has_no_row_for_an_id_with_several_submissions():
    lines = [line("one", 1.0, ADA), line("two", 0.5, BOB, Person("Ada", "0123")), line("three", 0.0, BOB, BOB)]
    content, several = platforms.brightspace(lines[:2], ROWS, "HW5")
    assert (content.splitlines()[1:], several) == (["0456,10,#"], ["0123"])
    assert platforms.brightspace(lines[2:], ROWS, "HW5")[0].splitlines()[1:] == ["0456,0,#"]


def test_mistakes_are_counted_with_those_who_made_them():
    lines = [line(key, said=MISTAKE.format("the mean over the coordinates.")) for key in "ab"] + [line("c")]
    of = next(one for one in figures.checks(lines, ROWS) if one.row == CHECK)
    assert (of.judged, of.passed, of.statuses) == (3, 1, {"failed": 2})
    assert [(one.said, [who.entry.key for who in one.who]) for one in of.mistakes] == [
        ("the mean over the coordinates.", ["a", "b"])
    ]
    assert figures.clusters(lines, ROWS) == []


def test_nameless_failures_are_put_together_by_their_numbers():
    def nameless(value: float) -> str:
        return f"Yours:          the mean is {value:g}.\nExpected:       0.5."

    values = {"a": 1.5, "b": 1.51, "c": 2.5, "d": 2.49, "e": 2.5, "f": 99.0}
    found = figures.clusters([line(key, said=nameless(value)) for key, value in values.items()], ROWS)
    assert [[who.entry.key for who in one.who] for one in found] == [["c", "d", "e"], ["a", "b"]]


def test_the_distribution_has_full_marks_in_its_last_part():
    counts = [one.count for one in figures.distribution([0, 0.9, 1.0, 19.999, 20.0], 20)]
    assert (counts[0], counts[1], counts[-1], sum(counts)) == (2, 1, 2, 5)


def test_versions_until_full_marks_are_counted():
    def tried(key: str, *points: float) -> Line:
        return line(key, attempts=tuple(Attempt("", one) for one in points))

    lines = [tried("a", 3, 20, 20), tried("b", 20), tried("c", 1, 2)]
    assert figures.attempts(lines, ROWS) == [("1 version", 1), ("2 versions", 1), ("never yet", 1)]
    assert figures.attempts([tried("b", 20)], ROWS) == []


def test_a_regrade_says_who_goes_up_and_down_and_why():
    old = {"a": made(1.0), "b": made(0.5), "c": made(1.0)}
    lines = [line("a", said=MISTAKE.format("a new reading.")), line("b", 0.6), line("c")]
    down, up = changes(lines, old, ROWS)
    assert (down.entry.key, down.difference) == ("a", -CHECK.points)
    assert down.reasons == (f"{CHECK.number} {CHECK.name}: {CHECK.points:g} to 0 (a new reading.)",)
    assert (up.entry.key, up.difference > 0) == ("b", True)


def test_pairs_stand_out_from_the_class_s_own_and_one_person_is_none():
    def submission(key: str, pieces: set[int], sid: str = "") -> tuple[Line, set[int]]:
        return line(key, 1.0, Person(key, sid or key)), pieces

    everybody = [submission(f"s{k}", {*range(5), *range(1000 * k + 100, 1000 * k + 195)}) for k in range(12)]
    copied = set(range(50_000, 50_100))
    own = [*everybody, submission("x", copied), submission("y", {*copied, 1}), submission("z", copied, "y")]
    found = similar.compare(own, {"x": {"rare", "of x"}, "y": {"rare"}})
    assert found.median == pytest.approx(0.05)
    assert [(one.one.entry.key, one.other.entry.key, one.mistakes) for one in found.pairs] == [
        ("x", "y", ("rare",)),
        ("x", "z", ()),
    ]


def test_renamed_and_commented_code_is_alike_and_other_code_is_not(tmp_path: Path):
    texts = {
        "a": "def f(x, y):\n    total = 0\n    for one in range(y):\n        total = total + x * one ** 2\n"
        "    return total\n",
        "b": "# mine\ndef g(u, v):\n    s = 0  # sum\n    for k in range(v):\n        s = s + u * k ** 2\n"
        "    return s\n",
        "c": "class Other:\n    def __init__(self):\n        self.values = [one for one in open('x').read()]\n",
    }
    pieces = {}
    for name, text in texts.items():
        (tmp_path / f"{name}.py").write_text(text)
        pieces[name] = similar._pieces([tmp_path / f"{name}.py"])
    assert len(pieces["a"] & pieces["b"]) / len(pieces["a"]) > 0.8
    assert len(pieces["a"] & pieces["c"]) / len(pieces["a"]) < 0.2
    (tmp_path / "d.py").write_bytes(b"\xff\xfe")
    assert similar._pieces([tmp_path / "d.py", tmp_path / "missing.py"]) == set()


def test_a_file_of_which_nothing_can_be_judged_is_told_in_a_line():
    whole = outcome.read(made(1.0))
    gan, diffusion = (
        [row.name for row in ROWS if row.module == one and row.points] for one in ("hw5_gan", "hw5_diffusion")
    )
    closed = "work.zip is locked.\nHand in another."

    def said(blocked: dict[str, str]) -> list[str]:
        checks = whole.checks | {name: Judgement("blocked", 0.0, words) for name, words in blocked.items()}
        return msgspec.structs.replace(whole, checks=checks).blocked_files(ROWS)

    assert said({}) == []
    assert said(dict.fromkeys(gan[1:], closed)) == []
    assert said(dict.fromkeys(gan, closed)) == ["work.zip is locked."]
    assert said(dict.fromkeys(diffusion, "without what it quotes") | {diffusion[0]: "it is\u202e missing"}) == [
        "it is? missing"
    ]
    assert said(dict.fromkeys(gan + diffusion, closed)) == ["work.zip is locked."]
