"""Folders of other platforms: whose each submission is, what is gathered for it, and what is no submission."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from grader.course import layouts, reading
from grader.course.entries import text
from grader.errors import CourseError


def course(folder: Path, staging: Path, names: list[str], layout: str = "") -> list[tuple[str, ...]]:
    for name in names:
        path = folder / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        (path / "hw5_gan.py" if name.endswith("/") else path).write_text(name)
    found = layouts.read(folder, staging, layout)
    return [(one.key, one.people[0].name, one.people[0].sid, one.submitted, one.lateness) for one in found.entries]


@pytest.mark.parametrize(
    ("layout", "names", "found"),
    [
        (
            "canvas",
            ["ada_LATE_1_10_a.py", "ada_1_11_b.py", "ada_LATE_1_12_c.py"],
            [("ada_1", "ada", "1", "", ""), ("ada_1-2", "ada", "1", "", "late")],
        ),
        (
            "moodle",
            [
                "A B_1_assignsubmission_file_x.py",
                "A B_2_assignsubmission_file_y.py",
                "C_3_assignsubmission_onlinetext/",
            ],
            [
                ("C_3_assignsubmission_onlinetext", "C", "3", "", ""),
                ("A_B_1", "A B", "1", "", ""),
                ("A_B_2", "A B", "2", "", ""),
            ],
        ),
        (
            "blackboard",
            ["HW_u1_attempt_2026-01-02-03-04-05_a.py", "HW_u1_attempt_2026-01-02-03-04-06_a.py"],
            [("u1", "u1", "u1", "2026-01-02-03-04-05", ""), ("u1-2", "u1", "u1", "2026-01-02-03-04-06", "")],
        ),
        (
            "blackboard",
            ["HW_5_ada_attempt_2026-01-02-03-04-05_a.py", "HW_5_x_ada_attempt_2026-01-02-03-04-05_a.py"],
            [
                ("ada", "ada", "ada", "2026-01-02-03-04-05", ""),
                ("x_ada", "x_ada", "x_ada", "2026-01-02-03-04-05", ""),
            ],
        ),
        (
            r"(?P<title>[^_]+)_(?P<person>.+)",
            ["HW_u_1/", "EX_2/"],
            [("EX_2", "2", "", "", ""), ("HW_u_1", "u_1", "", "", "")],
        ),
        (
            "brightspace",
            ["7-8 - Ada - Jan 2, 2026 104 PM/", "Bob - Jan 2, 2026 1104 AM/", "odd/"],
            [
                ("7-8_-_Ada_-_Jan_2_2026_104_PM", "Ada", "7-8", "Jan 2, 2026 104 PM", ""),
                ("Bob_-_Jan_2_2026_1104_AM", "Bob", "", "Jan 2, 2026 1104 AM", ""),
                ("odd", "odd", "", "", ""),
            ],
        ),
        (r"(?P<id>\d+)", ["1/", "2/"], [("1", "1", "1", "", ""), ("2", "2", "2", "", "")]),
        (
            "plain",
            ["A_1_assignsubmission_file/", "b.zip", "c.ZIP"],
            [
                ("A_1_assignsubmission_file", "A_1_assignsubmission_file", "", "", ""),
                ("b", "b", "", "", ""),
                ("c.ZIP", "c.ZIP", "", "", ""),
            ],
        ),
    ],
)
def test_whose_a_submission_is_and_when_it_came(
    tmp_path: Path, layout: str, names: list[str], found: list[tuple[str, ...]]
):
    assert course(tmp_path / "class", tmp_path / "work", names, layout) == found


def test_a_layout_is_that_of_more_than_half_of_the_names(tmp_path: Path):
    names = ["A_1_assignsubmission_file", "B_2_assignsubmission_file", "x", "y"]
    assert layouts._chosen("", names)[0] == "folder of submissions"
    assert layouts._chosen("", names[:3])[0] == "moodle"
    assert layouts._chosen("plain", names[:2]) == ("folder of submissions", None)
    assert layouts._chosen("canvas", [])[0] == "canvas"
    assert layouts._chosen("(?P<person>x)", [])[0] == "names as given"


@pytest.mark.parametrize(
    ("layout", "said"),
    [
        ("gradescope", r"an expression needs the group person, as in \(\?P<person>\.\+\), or the group id\.$"),
        ("(?P<time>.+)", "needs the group person"),
        ("(", r"Nor is it an expression: .*\.$"),
    ],
)
def test_a_word_that_is_no_layout_is_no_expression_either(tmp_path: Path, layout: str, said: str):
    with pytest.raises(CourseError, match=said) as refused:
        reading.read(tmp_path, tmp_path / "work", layout)
    there = "moodle, blackboard, brightspace, canvas and plain, and Gradescope's export needs none"
    assert str(refused.value).startswith(f"LAYOUT={layout} is none: there are {there}")


def test_a_layout_that_fits_no_name_is_refused(tmp_path: Path):
    (tmp_path / "ada").mkdir()
    for layout in ("moodle", r"(?P<person>\d+)"):
        with pytest.raises(CourseError, match=r"fits no name in .*, such as ada\.$"):
            layouts.read(tmp_path, tmp_path / "work", layout)


def handed_in(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("beside", "one"),
    [
        ([], True),
        (["figures/a.png", "__pycache__/x.pyc"], True),
        (["backup/hw5_gan.py"], True),
        (["all.zip"], True),
        (["ada/hw5_gan.py", "bob/hw5_diffusion.py"], False),
        (["ada.zip", "bob.zip"], False),
    ],
)
def test_one_submission_is_no_class(tmp_path: Path, beside: list[str], one: bool):
    """A solution that lies beside the submissions makes no class one submission."""
    folder = handed_in(tmp_path / "given", "hw5_gan.py", *beside)
    if one:
        with pytest.raises(CourseError, match=r"class\.zip is one submission: use SUBMISSION=\.$"):
            layouts.read(folder, tmp_path / "work", known_as=Path("class.zip"))
    else:
        assert len(layouts.read(folder, tmp_path / "work").entries) == 2


@pytest.mark.parametrize(
    ("names", "odd"),
    [
        (["ada/notes.txt", "bob/main.py"], True),
        (["ada/notes.txt", "bob/hw5_gan (1).py"], False),
        (["ada/deep/hw5_diffusion.py", "bob/a.txt"], False),
        (["ada/all.zip", "bob/a.txt"], False),
        (["ada/work.ipynb"], True),
        (["ada.zip"], False),
    ],
)
def test_a_download_without_any_file_of_the_homework_is_told(tmp_path: Path, names: list[str], odd: bool):
    found = layouts.read(handed_in(tmp_path, *names), tmp_path / "work")
    said = "No submission has a file called hw5_gan.py or hw5_diffusion.py: is this the download?"
    assert reading.nothing_asked_for(found.entries) == (said if odd else "")


def test_of_a_zip_the_names_are_looked_at(tmp_path: Path):
    for content, odd in (("x.txt", True), ("a/hw5_gan.py", False)):
        with zipfile.ZipFile(tmp_path / "ada.zip", "w") as archive:
            archive.writestr(content, "x")
        entries = layouts.read(tmp_path, tmp_path / "work").entries
        assert bool(reading.nothing_asked_for(entries)) is odd
    assert reading.nothing_asked_for([]) == ""


def test_one_file_is_no_class(tmp_path: Path):
    (tmp_path / "hw5_gan (1).py").touch()
    for given in (tmp_path / "hw5_gan (1).py", tmp_path):
        with pytest.raises(CourseError, match=r"is one submission: use SUBMISSION=\.$"):
            reading.read(given, tmp_path / "work")


def test_one_submission_in_a_folder_is_a_class_of_one(tmp_path: Path):
    handed_in(tmp_path / "given" / "ada", "hw5_gan.py", "figures/a.png", "data/b.png")
    (entry,) = reading.read(tmp_path / "given", tmp_path / "work").entries
    assert entry.place == tmp_path / "given" / "ada"


def test_where_nothing_is_a_submission_what_was_given_is_named(tmp_path: Path):
    with pytest.raises(CourseError, match=r"^class\.zip holds no submission: no folder and no zip\.$"):
        layouts.read(handed_in(tmp_path, "a.txt"), tmp_path / "work", known_as=Path("class.zip"))


def test_what_is_no_submission_and_what_is_named_otherwise_is_told(tmp_path: Path):
    (tmp_path / "A_1_assignsubmission_file").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "notes\x07.txt").touch()
    (tmp_path / "linked").symlink_to("other")
    found = layouts.read(tmp_path, tmp_path / "work", "moodle")
    assert [(one.name, one.remarks, one.reason) for one in found.entries] == [
        ("A_1_assignsubmission_file", [], "Its folder is empty."),
        ("linked", ["Its name is not one that moodle gives."], "It is a link to another place: not followed."),
        ("other", ["Its name is not one that moodle gives."], "Its folder is empty."),
    ]
    assert found.remarks == ["notes?.txt is no submission and was passed over."]
    plain = layouts.read(tmp_path, tmp_path / "work", "plain")
    assert [one.remarks for one in plain.entries] == [[], [], []]


def test_files_that_lie_flat_are_gathered_under_their_own_names(tmp_path: Path):
    folder = tmp_path / "class"
    folder.mkdir()
    for name, content in {
        "a-1.py": "again",
        "a.py": "first",
        "b-12.tar.gz": "x",
        "c-123.py": "y",
        "-2.py": "z",
    }.items():
        (folder / f"ada_1_{len(name)}_{name}").write_text(content)
    (folder / "ada_1_9_linked.py").symlink_to("/etc/passwd")
    (folder / "ada_1_9_deep").mkdir()
    os.mkfifo(folder / "ada_1_9_pipe")
    (folder / "bob_2_1_all.zip").write_bytes(b"PK")
    (folder / "eve_3_1_linked.py").symlink_to("/etc/passwd")
    for _ in range(2):
        found = layouts.read(folder, tmp_path / "work")
        ada, bob, eve = found.entries
        assert ada.place == tmp_path / "work" / "ada_1"
        assert {path.name: path.read_text() for path in ada.place.iterdir()} == {
            "a.py": "first", "b-12.tar.gz": "x", "c-123.py": "y", ".py": "z"
        }  # fmt: skip
        assert sorted(ada.remarks) == [
            "a.py was handed in more than once: the first by name was taken.",
            "deep cannot be read (Is a directory).",
            "linked.py cannot be read (Too many levels of symbolic links).",
            "pipe is not a regular file.",
        ]
        assert (bob.place, bob.name) == (folder / "bob_2_1_all.zip", "bob_2_1_all.zip")
        assert (eve.place, eve.reason) == (None, "Its folder is empty.")


@pytest.mark.parametrize(
    ("names", "inner"),
    [
        (["top/a/", "top/b/"], True),
        (["top/a/"], False),
        (["top/a/", "other/"], False),
        (["top/a.zip", "top/b.zip"], True),
        (["top/a.py", "top/b.py"], False),
        (["top/A_1_assignsubmission_file_x.py"], True),
        (["top/a/", "top/.b/"], False),
        (["top/a/", "top/b/", ".hidden/", "__MACOSX/"], True),
        (["top/a/", "top/b/", "note.txt"], False),
        (["top.txt"], False),
    ],
)
def test_the_one_folder_at_the_top_is_the_class_where_it_holds_several(tmp_path: Path, names: list[str], inner: bool):
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).mkdir() if name.endswith("/") else (tmp_path / name).touch()
    assert reading._inner(tmp_path) == (tmp_path / "top" if inner else tmp_path)


@pytest.mark.parametrize(
    ("line", "remark"),
    [(b'["a","b"]', ["a", "b"]), (b"", None), (b"{", None), (b'["a"]', None), (b'["a",1]', None), (b"\xff", None)],
)
def test_what_unpacking_says_of_a_submission_is_a_name_and_words(line: bytes, remark: list[str] | None):
    assert reading._remark(line) == remark


def test_remarks_on_a_zip_go_to_their_submission_or_to_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "class.zip").touch()
    (tmp_path / "content" / "a").mkdir(parents=True)
    (tmp_path / "content" / "b").mkdir()
    remarks = [("a", "Odd\n."), ("c", "Gone."), ("", "All.")]
    monkeypatch.setattr(reading, "unpacked", lambda archive, workplace: (tmp_path / "content", remarks))
    found = reading.read(tmp_path / "class.zip", tmp_path / "work")
    assert [one.remarks for one in found.entries] == [[text("Odd\n.")], []]
    assert found.remarks == ["c: Gone.", "All."]
