"""However a hand-in was named and packed: what is taken of it, and what its reader is told."""

from __future__ import annotations

import html
import io
from collections.abc import Mapping
from pathlib import Path

import pytest
from rich.console import Console

from grader import rubric
from grader.report import page, terminal
from grader.report.results import Results
from grader.run import intake, names
from grader.tests.handins import NOTEBOOK, tarred, zipped

RIGHT = "right = 1"
OTHER = {"hw5_diffusion.py": ""}
RAR, SEVEN_ZIP = b"Rar!\x1a\x07\x01\x00", b"7z\xbc\xaf\x27\x1c\x00"


def take(files: Mapping[str, str | bytes], tmp_path: Path, **options: bool) -> tuple[intake.Intake, Path]:
    """What is taken of these files."""
    for name, content in files.items():
        path = tmp_path / "handed in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    workplace = tmp_path / "workplace"
    workplace.mkdir()
    return intake.take(tmp_path / "handed in", workplace / "source", workplace, None, **options), workplace / "source"


@pytest.mark.parametrize(
    "name",
    [
        *("hw5_gan (1).py", "hw5_gan-1.py", "HW5_GAN.py", "hw5_gan.py.txt", "hw5_gan.py ", "hw5-gan.py", "hw5gan.py"),
        *("hw5_gan.PY", "hw5_gan.py.py", "hw5 gan.pyw", "hw5_gan(1)(2).py", "hw5_gan.py (1)", "hw5_gan[1].py"),
        *("hw5_gan - Copy.py", "hw5_gan copy 2.py", "Copy of hw5_gan.py", "Kopie von hw5_gan.py", "hw5_gan - 副本.py"),
        *("hw5_gan.txt", "hw5_gan_v2.py", "\u200ehw5_gan.py", "ｈｗ５_gan.py", "hw5_gan_.py"),
        *("exampleada_340934_208490284_hw5_gan.py", "exampleada_LATE_340934_208490284_hw5_gan-2.py"),
        *("HW5_ada1_attempt_2026-04-15-21-00-00_hw5_gan.py", "Ada Example_12345_assignsubmission_file_hw5_gan.py"),
        *("ada1_hw5_gan_final.py", "gan.py", "homework5-gan.py", "cs446_gan.py"),
    ],
)
def test_the_only_file_that_can_be_meant_is_graded_with_a_note(tmp_path: Path, name: str):
    taken, source = take({name: RIGHT, **OTHER}, tmp_path)
    assert (source / "hw5_gan.py").read_text() == RIGHT
    assert taken.problems == {}
    assert [note.partition(" was graded as ")[2].partition(":")[0] for note in taken.notes] == ["hw5_gan.py"]


@pytest.mark.parametrize(
    "name", ["organ.py", "test_hw5_gan.py", "gan.png", "hw5_gan_notes.txt", "._hw5_gan.py", "hw5.py"]
)
def test_another_file_is_not(tmp_path: Path, name: str):
    _, source = take({name: RIGHT, **OTHER}, tmp_path)
    assert not (source / "hw5_gan.py").exists()


def test_a_course_that_wants_the_exact_name_says_so(tmp_path: Path):
    taken, source = take({"hw5_gan (1).py": RIGHT, **OTHER}, tmp_path, exact_names=True)
    assert not (source / "hw5_gan.py").exists()
    assert "there is 'hw5_gan (1).py'" in taken.problems["hw5_gan"]


def test_of_two_names_neither_is_graded_and_both_are_told(tmp_path: Path):
    taken, source = take({"hw5_gan (1).py": "", "hw5_gan (2).py": "", **OTHER}, tmp_path)
    assert not (source / "hw5_gan.py").exists()
    assert "several may be meant: 'hw5_gan (1).py', 'hw5_gan (2).py'" in taken.problems["hw5_gan"]


def test_the_exact_name_is_graded_whatever_lies_beside_it(tmp_path: Path):
    taken, source = take({"a/hw5_gan.py": RIGHT, "HW5_GAN.py": "", "hw5_gan (1).py": "", **OTHER}, tmp_path)
    assert (source / "hw5_gan.py").read_text() == RIGHT
    assert taken.notes == []


@pytest.mark.parametrize(
    ("graded", "others"),
    [
        ("hw5_v2", ["hw5_v1"]),
        ("v10", ["v2", "v9"]),
        ("final", ["old"]),
        ("b", ["a", "backup of b", "zz/deeper"]),
    ],
)
def test_of_several_versions_one_is_graded_by_a_rule_and_named(tmp_path: Path, graded: str, others: list[str]):
    versions = {f"{other}/hw5_gan.py": "" for other in others}
    taken, source = take({f"{graded}/hw5_gan.py": RIGHT, **versions, **OTHER}, tmp_path)
    assert (source / "hw5_gan.py").read_text() == RIGHT
    (note,) = taken.notes
    assert f"'{graded}/hw5_gan.py' was graded, not '" in note
    assert "nearest to the top, then the last by name" in note


PACKED = {"me/hw5_gan.py": RIGHT, **OTHER}


@pytest.mark.parametrize(
    "files",
    [
        {"hw5.zip": zipped(PACKED)},
        {"hw5.tar.gz": tarred(PACKED)},
        {"hw5.tgz": tarred(PACKED)},
        {"hw5.tar": tarred(PACKED, "w:")},
        {"hw5.tar.bz2": tarred(PACKED, "w:bz2")},
        {"hw5.tar.xz": tarred(PACKED, "w:xz")},
        {"hw5.zip": zipped({"inner.tar.gz": tarred(PACKED), "report.pdf": ""})},
        {"report.pdf": "", "a/code.zip": zipped(PACKED)},
        {"gan.zip": zipped({"hw5_gan.py": RIGHT}), **OTHER},
        {"Hausübung.zip": zipped({f"Übung 5\\{name}": RIGHT for name in ("hw5_gan.py", "desktop.ini", "Thumbs.db")}
                                 | {"__MACOSX\\Übung 5\\._hw5_gan.py": ""}), **OTHER},
    ],
)  # fmt: skip
def test_an_archive_among_the_files_is_opened_with_a_note(tmp_path: Path, files: dict[str, bytes]):
    taken, source = take(files, tmp_path)
    assert (source / "hw5_gan.py").read_text() == RIGHT
    assert taken.problems == {}
    assert any("was unpacked" in note for note in taken.notes)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (
            {"hw5.rar": RAR},
            "'hw5.rar' is a RAR archive, which is not unpacked. Hand in hw5_gan.py and hw5_diffusion.py",
        ),
        ({"hw5.7z": SEVEN_ZIP}, "'hw5.7z' is a 7-Zip archive"),
        ({"hw5.zip": RAR}, "'hw5.zip' is a RAR archive"),
        ({"hw5.zip": zipped({"hw5.rar": RAR})}, "'hw5.rar' is a RAR archive"),
        ({"hw5.zip": b"PK\x03\x04 and then nothing"}, "'hw5.zip' is not a zip archive that can be opened"),
        ({"hw5_gan.ipynb": NOTEBOOK}, "there is 'hw5_gan.ipynb'. A notebook is not graded. Export it"),
        ({"Homework.ipynb": NOTEBOOK}, "there is 'Homework.ipynb'. A notebook is not graded"),
        ({"hw5.zip": zipped({"Homework.ipynb": NOTEBOOK})}, "A notebook is not graded"),
        ({"hw5_gan.docx": b""}, "there is 'hw5_gan.docx'. Submit it as a Python file"),
    ],
)
def test_what_cannot_be_graded_is_named_with_what_to_do(tmp_path: Path, files: dict[str, bytes], says: str):
    taken, _ = take(files, tmp_path)
    assert says in taken.problems["hw5_gan"]


def test_packages_and_settings_travel_with_their_module_and_nothing_else_does(tmp_path: Path):
    files = {
        *("models/__init__.py", "models/layers.py", "models/deep/more.py", "plain/one.py", "config.yaml"),
        *("tests/__init__.py", "grader/wire.py", "json/__init__.py", "not a package/x.py", "models/weights.bin"),
        *("env/pyvenv.cfg", "env/lib/site.py", ".git/hook.py", "models/__pycache__/layers.py", "old/hw5_gan.py"),
    }
    _, source = take({**dict.fromkeys(files, ""), "hw5_gan.py": RIGHT}, tmp_path)
    copied = {str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()} - {*intake.HELPERS}
    assert copied == {
        *("hw5_gan.py", "models/__init__.py", "models/layers.py", "models/deep/more.py", "plain/one.py", "config.yaml"),
    }


def test_names_of_a_platform_are_taken_from_what_lies_beside_too(tmp_path: Path):
    files = dict.fromkeys(
        ("ada_1_20_hw5_gan-1.py", "ada_1_21_layers-2.py", "ada_1_22_model.ckpt", "ada_1_23_x.bin"), ""
    )
    _, source = take({**files, "ada_1_24_hw5_diffusion.py": ""}, tmp_path)
    copied = {path.name for path in source.iterdir()} - {*intake.HELPERS}
    assert copied == {"hw5_gan.py", "hw5_diffusion.py", "layers.py", "model.ckpt"}


@pytest.mark.parametrize(("content", "told"), [("def show_grid(): pass", True), ("", True), (None, False)])
def test_a_changed_helper_is_told(tmp_path: Path, content: str | None, told: bool):
    helper = intake.HELPER.read_bytes().replace(b"\n", b"\r\n") if content is None else content
    taken, source = take({"hw5_gan.py": "", "hw5_utils.py": helper, **OTHER}, tmp_path)
    assert ["hw5_utils.py was handed in with changes" in note for note in taken.notes] == [True] * told
    assert (source / "hw5_utils.py").read_bytes() == intake.HELPER.read_bytes()


def test_a_single_file_is_a_hand_in(tmp_path: Path):
    (tmp_path / "hw5_gan.py").write_text(RIGHT)
    (tmp_path / "workplace").mkdir()
    intake.take(tmp_path / "hw5_gan.py", tmp_path / "workplace" / "source", tmp_path / "workplace", None)
    assert (tmp_path / "workplace" / "source" / "hw5_gan.py").read_text() == RIGHT


def test_more_copies_than_are_taken_are_told(tmp_path: Path):
    files = {f"own{number}.py": "" for number in range(intake.MOST_COPIES + 1)}
    taken, source = take({**files, "hw5_gan.py": "", **OTHER}, tmp_path)
    assert len(list(source.glob("own*.py"))) == intake.MOST_COPIES
    assert any(f"More than {intake.MOST_COPIES} files of your own" in note for note in taken.notes)


def test_an_optional_file_is_not_guessed_by_its_last_word():
    assert names.fit("my_written_answers.py", "hw5_written") == names.LAST_WORD


def test_a_note_stands_where_people_read(tmp_path: Path):
    results = Results(tmp_path / "results.json", rubric.read())
    results.notes = ["'hw5_v2/hw5_gan.py' was graded."]
    console = Console(record=True, file=io.StringIO(), width=160)
    terminal.show(console, "ada", results)
    told = "Note: 'hw5_v2/hw5_gan.py' was graded."
    assert told in console.export_text()
    assert results.document()["output"].startswith(told)
    assert told in html.unescape(page.page(results.document(), "student", "ada"))
