"""A class is read from every download that is known, and whatever is odd about a submission is a remark on its row."""

from __future__ import annotations

import contextlib
import io
import json
import os
import stat
import zipfile
from pathlib import Path

import pytest

from grader.bench import unpack_class
from grader.course import export, reading
from grader.course.entries import Course, Entry, Person
from grader.errors import CourseError
from grader.messages import UnpackOrder
from grader.run.archives import WANTED

ADA = """submission_1:
  :submitters:
  - :name: Ada Example
    :sid: '012345678'
    :email: ada@example.edu
  :created_at: 2026-04-16 04:59:58.861687000 Z
  :score: 17.5
  :status: processed
  :results: {score: 17.5, tests: [{name: a, output: "x"}, !ruby/object:Foo {}]}
  :history:
  - :id: 9
    :created_at: 2026-04-15 21:00:00 Z
    :score: 3.0
    :results: {score: 3}
"""


def made(folder: Path, metadata: str | bytes, *names: str) -> Path:
    """An export with a source in each of these folders."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).mkdir()
        (folder / name / "hw5_gan.py").write_text("x = 1\n")
    raw = metadata.encode() if isinstance(metadata, str) else metadata
    (folder / export.METADATA).write_bytes(b"---\n" + raw)
    return folder


def read(folder: Path, metadata: str | bytes, *names: str) -> dict[str, Entry]:
    course = reading.read(made(folder / "class", metadata, *names), folder / "work")
    return {entry.key: entry for entry in course.entries}


def submission(number: int, **fields: str) -> str:
    told = "".join(f"    :{name}: {value}\n" for name, value in fields.items())
    return f"submission_{number}:\n  :submitters:\n  -\n{told}  :created_at: 2026-04-16 01:02:03 Z\n"


def test_an_entry_has_its_people_its_time_and_its_attempts(tmp_path: Path):
    entry = read(tmp_path, ADA, "submission_1")["submission_1"]
    assert entry.people == (Person("Ada Example", "012345678", "ada@example.edu"),)
    assert entry.submitted == "2026-04-16 04:59:58.861687000 Z"
    assert [(one.at[:10], one.points) for one in entry.attempts] == [("2026-04-15", 3.0), ("2026-04-16", 17.5)]
    assert (entry.reason, entry.remarks) == ("", [])
    assert entry.place is not None
    assert entry.place.name == "submission_1"


@pytest.mark.parametrize(
    ("field", "written", "text"),
    [
        ("sid", "0123456", "0123456"),
        ("sid", "12:30", "12:30"),
        ("sid", "1_000", "1_000"),
        ("sid", "", ""),
        ("sid", "~", ""),
        ("name", "No", "No"),
        ("name", "'null'", "null"),
        ("name", "!binary |-\n      QsOpYQ==", "Béa"),
        ("name", "!ruby/string 'Ada'", "Ada"),
        ("name", '"<script>alert(1)</script>"', "<script>alert(1)</script>"),
        ("name", '"Ada\\u202Egnp.exe"', "Ada?gnp.exe"),
        ("name", '"a\\e[31mb"', "a?[31mb"),
        ("name", "Ada\x7fB", "Ada?B"),
    ],
)
def test_every_scalar_is_text(tmp_path: Path, field: str, written: str, text: str):
    entry = read(tmp_path, submission(1, email="a@b", **{field: written}), "submission_1")["submission_1"]
    assert getattr(entry.people[0], field) == text


def test_keys_without_colon_and_aliases_are_read(tmp_path: Path):
    metadata = (
        "submission_1:\n  submitters: &people\n  - {name: Ada, sid: 1}\n  created_at: now\n"
        "  history:\n  - {id: 3, score: 2, submitters: *people}\n"
        "submission_2:\n  :created_at: &when today\n  :submitters: [{':name': Bob, ':email': *when}]\n"
    )
    entries = read(tmp_path, metadata, "submission_1", "submission_2")
    assert entries["submission_1"].people == (Person("Ada", "1"),)
    assert entries["submission_2"].people == (Person("Bob", "", "today"),)


def test_latin_1_bytes_cost_a_letter(tmp_path: Path):
    entries = read(tmp_path, b"submission_1:\n  :submitters: [{':name': B\xe9a, ':sid': 7}]\n", "submission_1")
    assert entries["submission_1"].people[0].sid == "7"


@pytest.mark.parametrize(
    "damage",
    [
        "submission_2:\n  :submitters: [\n",
        "submission_2:\n  :a: " + "[" * 3000 + "]" * 3000 + "\n",
        'submission_2:\n  :submitters: "open\n',
        "submission_2:\n  :submitters: {a: b: c}\n",
    ],
)
def test_a_stretch_that_is_no_yaml_costs_only_its_own_people(tmp_path: Path, damage: str):
    entries = read(
        tmp_path, submission(1, sid="1") + damage + submission(3, sid="3"), *(f"submission_{k}" for k in (1, 2, 3))
    )
    assert [entries[f"submission_{k}"].people[0].sid for k in (1, 3)] == ["1", "3"]
    damaged = entries["submission_2"]
    assert damaged.place is not None
    if not damaged.people:
        assert "submission_2" in damaged.remarks[0]


def test_deep_nesting_and_a_bomb_of_aliases_end(tmp_path: Path):
    deep = "submission_1:\n  :other:\n" + "".join(f"{' ' * (k + 2)}- \n" for k in range(1, 900))
    levels = "".join(f"  l{k}: &l{k} [{', '.join([f'*l{k - 1}'] * 9)}]\n" for k in range(1, 60))
    bomb = f"submission_2:\n  l0: &l0 [a]\n{levels}  :submitters: *l59\n"
    entries = read(tmp_path, deep + bomb + submission(3, sid="3"), *(f"submission_{k}" for k in (1, 2, 3)))
    assert entries["submission_3"].people[0].sid == "3"


def test_each_oddity_is_a_row_with_a_reason(tmp_path: Path):
    metadata = (
        submission(1, name="One", sid="11")
        + "submission_2:\n  :submitters: []\n  :created_at: x\n"
        + submission(3, name="Nameless")
        + submission(4, name="Gone", sid="44")
        + submission(5, name="Empty", sid="55")
        + submission(6, name="Linked", sid="66")
        + submission(7, name="One again", sid="11")
        + submission(1, name="Twice", sid="99")
        + "generated_at: today\nhw5.pdf:\n  - page\n"
    )
    folder = made(tmp_path / "class", metadata, *(f"submission_{k}" for k in (1, 2, 3, 7, 8)))
    (folder / "submission_5").mkdir()
    (folder / "submission_6").symlink_to("submission_1")
    (folder / "__MACOSX").mkdir()
    (folder / ".DS_Store").write_text("")
    course = reading.read(folder, tmp_path / "work")
    entries = {entry.key: entry for entry in course.entries}
    assert list(entries) == [f"submission_{k}" for k in range(1, 9)]
    assert {k: bool(one.place) for k, one in entries.items()} == {
        f"submission_{k}": k in (1, 2, 3, 7, 8) for k in range(1, 9)
    }
    assert entries["submission_1"].people[0].name == "One"
    assert entries["submission_1"].remarks == [
        "submission_1 stands twice in submission_metadata.yml: the first was read.",
        "Student id 11 has submission_7 as well: people decide which one counts.",
    ]
    assert entries["submission_2"].remarks == ["submission_metadata.yml names nobody who has handed it in."]
    assert entries["submission_3"].remarks == ["No student id and no address: Nameless."]
    assert entries["submission_4"].reason == "Its folder is not in the download."
    assert entries["submission_5"].reason == "Its folder is empty."
    assert entries["submission_6"].reason == "It is a link to another place: not followed."
    assert "nobody is known" in entries["submission_8"].remarks[0]
    assert [remark.split()[1] for remark in course.remarks] == ["generated_at", "hw5.pdf"]


def test_a_metadata_file_that_a_student_wrote_is_not_read(tmp_path: Path):
    for name in ("ada", "bob"):
        (tmp_path / "class" / name).mkdir(parents=True)
        made(tmp_path / "class" / name / "inner", submission(1, name="Forged", sid="1"), "submission_1")
    course = reading.read(tmp_path / "class", tmp_path / "work")
    assert [(entry.key, entry.people) for entry in course.entries] == [
        ("ada", (Person("ada"),)),
        ("bob", (Person("bob"),)),
    ]


def test_an_export_lies_at_the_top_or_in_the_one_folder_there(tmp_path: Path):
    made(tmp_path / "class" / "assignment_7_export", ADA, "submission_1")
    assert reading.read(tmp_path / "class", tmp_path / "work").layout == "Gradescope's export"
    other = made(tmp_path / "other", "a_file.pdf:\n  a: b\n", "ada", "bob")
    assert reading.read(other, tmp_path / "work").layout == "folder of submissions"


@pytest.mark.parametrize(
    ("names", "layout", "people"),
    [
        (
            [
                "Ada Example_12345_assignsubmission_file/",
                "Participant_12346_assignsubmission_file_/",
                "Group_7_assignsubmission_file/",
            ],
            "moodle",
            [("Ada Example", "12345"), ("Group", "7"), ("Participant", "12346")],
        ),
        (["Ada Example_12345_assignsubmission_file_hw5_gan.py"], "moodle", [("Ada Example", "12345")]),
        (
            [
                "adaexample_340934_208490284_hw5_gan.py",
                "adaexample_340934_208490285_hw5_diffusion-1.py",
                "bob_LATE_340935_1_hw5_gan.py",
            ],
            "canvas",
            [("adaexample", "340934"), ("bob", "340935")],
        ),
        (
            ["HW5_ada1_attempt_2026-04-15-21-00-00_hw5_gan.py", "HW5_ada1_attempt_2026-04-15-21-00-00.txt"],
            "blackboard",
            [("ada1", "ada1")],
        ),
        (
            [
                "10001-20002 - Ada Example - Apr 15, 2026 900 PM/",
                "10001-20003 - Bob - 15 Apr, 2026 0900 AM/",
                "index.html",
            ],
            "brightspace",
            [("Ada Example", "10001-20002"), ("Bob", "10001-20003")],
        ),
        (["hw5-ada/", "hw5-bob/"], "folder of submissions", [("hw5-ada", ""), ("hw5-bob", "")]),
    ],
)
def test_the_downloads_of_other_platforms(tmp_path: Path, names: list[str], layout: str, people: list[tuple[str, str]]):
    for name in names:
        path = tmp_path / "class" / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        (path / "hw5_gan.py" if name.endswith("/") else path).write_text("x = 1\n")
    course = reading.read(tmp_path / "class", tmp_path / "work")
    assert course.layout == layout
    assert [(entry.people[0].name, entry.people[0].sid) for entry in course.entries] == people
    first = course.entries[0].place
    assert first is not None
    assert (first / "hw5_gan.py").is_file()
    if layout == "canvas":
        assert sorted(path.name for path in first.iterdir()) == ["hw5_diffusion.py", "hw5_gan.py"]
        assert course.entries[1].lateness == "late"


def test_names_of_ones_own_platform_are_an_expression(tmp_path: Path):
    (tmp_path / "class" / "week5@ada@7").mkdir(parents=True)
    course = reading.read(tmp_path / "class", tmp_path / "work", r"\w+@(?P<person>\w+)@(?P<id>\d+)")
    assert course.entries[0].people == (Person("ada", "7"),)
    with pytest.raises(CourseError, match="Nor is it an expression"):
        reading.read(tmp_path / "class", tmp_path / "work", "(")


@pytest.mark.parametrize("name", ["<script>", "a b", "-rf", ".hidden x", "a" * 250, "Ünï", "a\u202eb", "x\ny"])
def test_a_key_is_safe_in_a_path_and_in_an_address(tmp_path: Path, name: str):
    for one in (f"x{name}", "other"):
        (tmp_path / "class" / one).mkdir(parents=True)
        (tmp_path / "class" / one / "a.py").touch()
    keys = [entry.key for entry in reading.read(tmp_path / "class", tmp_path / "work").entries]
    assert len(set(keys)) == 2
    assert all(key.replace("_", "").replace("-", "").replace(".", "").isalnum() and len(key) <= 90 for key in keys)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 but no more", b"plain text"])
def test_what_is_no_zip_is_one_error(tmp_path: Path, content: bytes):
    (tmp_path / "export.zip").write_bytes(content)
    with pytest.raises(CourseError, match="is no zip that can be opened"):
        reading.read(tmp_path / "export.zip", tmp_path / "work")
    with pytest.raises(CourseError, match="neither a folder nor a file"):
        reading.read(tmp_path / "nothing", tmp_path / "work")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CourseError, match="holds no submission"):
        reading.read(tmp_path / "empty", tmp_path / "work")


def packed(path: Path, members: dict[str, str | bytes | int]) -> Path:
    """A zip; a number is a mode, and the member a link with that mode."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name)
            if isinstance(content, int):
                entry.external_attr = content << 16
                archive.writestr(entry, "../submission_1/hw5_gan.py")
            else:
                archive.writestr(entry, content)
    return path


OUTSIDE = "'escaped.py' has a place outside of the download, or too deep in it: left out."


def test_a_zip_is_unpacked_and_what_is_odd_in_it_costs_its_own_submission(tmp_path: Path):
    top = "assignment_7_export"
    archive = packed(
        tmp_path / "export.zip",
        {
            f"{top}/{export.METADATA}": "".join(submission(k, sid=str(k)) for k in (1, 2, 3, 4)),
            f"{top}/submission_1/hw5_gan.py": "x = 1\n",
            f"{top}/submission_1/.DS_Store": "",
            f"{top}/submission_4/report.pdf": "%PDF",
            f"__MACOSX/{top}/._x": "",
            f"{top}/submission_2/hw5_gan.py": stat.S_IFLNK | 0o777,
            f"{top}/submission_2/../../../escaped.py": "x",
            f"{top}/submission_2/../../escaped.py": "x",
            "../escaped.py": "x",
            f"{top}/submission_2/notes.py": "y = 1\n",
            f"{top}/submission_3/" + "n" * 300 + ".py": "",
        },
    )
    course = reading.read(archive, tmp_path / "work")
    entries = {entry.key: entry for entry in course.entries}
    first, second, third = (entries[f"submission_{k}"] for k in (1, 2, 3))
    assert first.remarks == []
    assert course.remarks == [OUTSIDE]
    assert first.place is not None
    assert (first.place / "hw5_gan.py").read_text() == "x = 1\n"
    assert second.place is not None
    assert [path.name for path in second.place.iterdir()] == ["notes.py"]
    assert second.remarks == [
        "'hw5_gan.py' is a link to another place: left out.",
        OUTSIDE,
    ]
    assert third.reason == "Nothing of it could be unpacked."
    fourth = entries["submission_4"].place
    assert fourth is not None
    assert (fourth / "report.pdf").read_bytes() == b""
    assert not list(tmp_path.rglob("escaped.py"))
    assert os.stat(first.place / "hw5_gan.py").st_uid == os.geteuid()
    again = reading.read(archive, tmp_path / "work")
    assert again == course


def unpacked(tmp_path: Path, content: bytes) -> tuple[Path, list[tuple[str, str]]]:
    """A class's zip, unpacked in this process: the folder, and what is said of whom."""
    order = UnpackOrder(str(tmp_path / "content"), None, WANTED, "class.zip", export.METADATA)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        assert unpack_class.main(order, io.BytesIO(content)) == 0
    lines = [json.loads(line) for line in said.getvalue().splitlines()]
    return tmp_path / "content", [(name, words) for name, words in lines]


def damaged(path: Path, *, locked: str = "", spoilt: str = "", kind: tuple[str, int] = ("", 0)) -> bytes:
    """A zip of which one member claims a password, another has a changed byte, a third is packed in some other way."""
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            directory = content.rindex(b"PK\x01\x02", 0, content.rindex(entry.filename.encode()))
            here = entry.header_offset
            if entry.filename == locked:
                content[here + 6] |= 1
                content[directory + 8] |= 1
            if entry.filename == spoilt:
                content[here + 30 + len(entry.filename)] ^= 0xFF
            if entry.filename == kind[0]:
                content[here + 8] = content[directory + 10] = kind[1]
    return bytes(content)


def test_a_member_that_cannot_be_read_is_named_with_its_reason(tmp_path: Path):
    names = [f"export/submission_{k}/hw5_gan.py" for k in range(5)]
    archive = packed(
        tmp_path / "class.zip",
        {
            **dict.fromkeys(names, "x = 1\n" * 50),
            "export/submission_3": "a file where a folder should be",
            f"export/{export.METADATA}": "submission_0:\n",
        },
    )
    content = damaged(archive, locked=names[0], spoilt=names[1], kind=(names[2], 97))
    folder, said = unpacked(tmp_path, content)
    assert said == [
        ("submission_0", "'hw5_gan.py' is locked with a password: left out."),
        ("submission_1", "'hw5_gan.py' is damaged: left out."),
        ("submission_2", "'hw5_gan.py' is packed in a way that is not known here: left out."),
        ("submission_3", "'submission_3' has a name that another has, or none can have: left out."),
    ]
    assert [path.parent.name for path in folder.rglob("hw5_gan.py")] == ["submission_3", "submission_4"]


@pytest.mark.parametrize("stray", ["readme.txt", ".DS_Store", "../outside.py", "/etc/outside.py", ".git/config"])
def test_what_strays_beside_the_folder_of_the_class_changes_nobody_s_limits(
    tmp_path: Path, stray: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(unpack_class, "MOST_ENTRIES", 1)
    one, two = (f"export/submission_{k}/hw5_gan.py" for k in (1, 2))
    archive = packed(tmp_path / "class.zip", {stray: "", one: "x", two: "x", f"export/{export.METADATA}": "---"})
    folder, said = unpacked(tmp_path, archive.read_bytes())
    assert all((folder / name).is_file() for name in (one, two))
    assert not any(name.startswith("submission") for name, _ in said)
    assert not list(tmp_path.rglob("outside.py"))


def test_the_file_that_says_whose_they_are_may_be_larger_than_any_that_is_handed_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(unpack_class.unpack, "LARGEST_FILE", 10)
    forged = f"export/submission_1/{export.METADATA}"
    archive = packed(tmp_path / "class.zip", {f"export/{export.METADATA}": ADA, forged: ADA})
    folder, said = unpacked(tmp_path, archive.read_bytes())
    assert ((folder / "export" / export.METADATA).read_text(), said) == (ADA, [])
    assert (folder / forged).read_text() == ADA[:10]


def test_ten_thousand_files_of_one_student_cost_nobody_else(tmp_path: Path):
    members: dict[str, str | bytes | int] = {f"ada/{k}.txt": "" for k in range(10_050)}
    course: Course = reading.read(packed(tmp_path / "class.zip", members | {"bob/hw5_gan.py": "x"}), tmp_path / "work")
    ada, bob = course.entries
    assert any("10000 files" in remark for remark in ada.remarks)
    assert bob.remarks == []
    assert bob.place is not None
