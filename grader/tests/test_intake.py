"""What is taken of a submission: the two files, wherever they lie, the student's own modules beside them, no more."""

import os
import zipfile
from pathlib import Path

import pytest

from grader.bench import selection
from grader.run import archives, intake
from tests.support.advice import image_grids, trained_model


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    folder = tmp_path / "handed_in"
    folder.mkdir()
    return folder


def take(submission: Path, tmp_path: Path) -> tuple[intake.Intake, Path]:
    workplace = tmp_path / "workplace"
    workplace.mkdir()
    return intake.take(submission, workplace / "source", workplace, None), workplace / "source"


def test_both_names_of_the_helper_are_the_courses(handed_in: Path, tmp_path: Path):
    (handed_in / "hw5_utils.py").write_text("print('mine')")
    (handed_in / "hw5_gan.py").write_text("")
    _, source = take(handed_in, tmp_path)
    assert (
        (source / "hw5_utils.py").read_bytes() == (source / "hw3_utils.py").read_bytes() == intake.HELPER.read_bytes()
    )


def test_files_are_found_in_nested_folders_and_the_shallowest_wins(handed_in: Path, tmp_path: Path):
    for depth, folder in enumerate([handed_in / "a", handed_in / "a" / "b", handed_in / "__MACOSX"]):
        folder.mkdir()
        (folder / "hw5_gan.py").write_text(f"depth = {depth}")
    _, source = take(handed_in, tmp_path)
    assert (source / "hw5_gan.py").read_text() == "depth = 0"


def test_own_modules_come_along_and_dangerous_names_do_not(handed_in: Path, tmp_path: Path):
    for name in ("hw5_gan.py", "layers.py", "conftest.py", "sitecustomize.py", "random.py", "not-a-module.py", "x.so"):
        (handed_in / name).write_text("")
    _, source = take(handed_in, tmp_path)
    assert {path.name for path in source.iterdir()} == {"hw5_gan.py", "layers.py", "hw5_utils.py", "hw3_utils.py"}


def test_links_and_pipes_are_not_followed(handed_in: Path, tmp_path: Path):
    (handed_in / "hw5_gan.py").symlink_to("/etc/hostname")
    os.mkfifo(handed_in / "hw5_diffusion.py")
    _, source = take(handed_in, tmp_path)
    assert not (source / "hw5_gan.py").exists()
    assert not (source / "hw5_diffusion.py").exists()


def test_a_huge_file_is_refused_with_its_size(handed_in: Path, tmp_path: Path):
    (handed_in / "hw5_gan.py").write_bytes(b"#" * (3 * 2**20))
    taken, source = take(handed_in, tmp_path)
    assert "hw5_gan.py has 3 MB" in taken.problems["hw5_gan"]
    assert not (source / "hw5_gan.py").exists()


def test_what_was_trained_comes_along_from_the_shallowest_place(handed_in: Path, tmp_path: Path):
    (handed_in / "hw5_gan.py").write_text("")
    for depth, folder in enumerate([handed_in / "a", handed_in / "a" / "b", handed_in / "__MACOSX"]):
        folder.mkdir()
        for name in ("model.ckpt", "samples.npz", "test_90.png", "test_x.png", "gan-training.ckpt", "other.png"):
            (folder / name).write_text(f"depth {depth}")
    taken, source = take(handed_in, tmp_path)
    assert taken.notes == []
    copied = {path.name: path.read_text() for path in source.iterdir() if path.suffix != ".py"}
    assert copied == dict.fromkeys(["model.ckpt", "samples.npz", "test_90.png"], "depth 0")


def test_only_the_grids_of_the_latest_epochs_come_along(handed_in: Path, tmp_path: Path):
    for epoch in range(0, 200, 10):
        (handed_in / f"test_{epoch}.png").write_text("")
    _, source = take(handed_in, tmp_path)
    assert {path.name for path in source.glob("*.png")} == {f"test_{epoch}.png" for epoch in range(80, 200, 10)}


def test_trained_files_that_are_links_or_too_large_are_left_out_with_a_note(handed_in: Path, tmp_path: Path):
    (handed_in / "samples.npz").symlink_to("/etc/hostname")
    (handed_in / "model.ckpt").write_bytes(bytes(9 * 2**20))
    (handed_in / "test_1.png").write_bytes(bytes(2**20 + 1))
    taken, source = take(handed_in, tmp_path)
    assert {path.suffix for path in source.iterdir()} == {".py"}
    assert taken.notes == [
        "model.ckpt has 9 MB; it may have 8 MB. It was left out.",
        "test_1.png has more than 1 MB; it may have 1 MB. It was left out.",
    ]


def test_a_zip_gives_the_same_trained_files(handed_in: Path, tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("me/model.ckpt", bytes(100 * 2**20))
        archive.writestr("me/test_90.png", "a picture")
        archive.writestr("me/old/test_90.png", "an older picture")
        archive.writestr("me/notes.txt", "")
    taken, source = take(tmp_path / "all.zip", tmp_path)
    assert {path.name for path in source.iterdir() if path.suffix != ".py"} == {"test_90.png"}
    assert (source / "test_90.png").read_text() == "a picture"
    assert taken.notes == ["model.ckpt has more than 8 MB; it may have 8 MB. It was left out."]


def test_the_limits_are_those_that_a_student_reads():
    for name, text in (
        ("model.ckpt", trained_model.ADD),
        ("samples.npz", trained_model.ADD),
        ("test_0.png", image_grids.ADD),
    ):
        assert f"{selection.largest(name, archives.WANTED) // 2**20} MB" in text


def test_a_zip_gives_the_same_files_as_its_folder(handed_in: Path, tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("me/hw5_gan.py", "inside = 1")
        archive.writestr("__MACOSX/me/._hw5_gan.py", "resource fork")
        archive.writestr("me\\hw5_diffusion.py", "from_windows = 1")
        archive.writestr("../escaped.py", "")
        archive.writestr("/absolute.py", "")
        link = zipfile.ZipInfo("me/link.py")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    taken, source = take(tmp_path / "all.zip", tmp_path)
    assert taken.problems == {}
    assert (source / "hw5_gan.py").read_text() == "inside = 1"
    assert (source / "hw5_diffusion.py").read_text() == "from_windows = 1"
    assert {path.name for path in source.iterdir()} == {
        "hw5_gan.py",
        "hw5_diffusion.py",
        "hw5_utils.py",
        "hw3_utils.py",
    }
    outside = [path for path in tmp_path.rglob("*.py") if not {"unpacked", "source"}.intersection(path.parts)]
    assert outside == []


@pytest.mark.parametrize("content", [b"", b"no archive at all", b"PK\x03\x04 and then nothing"])
def test_what_is_no_archive_is_said_to_be_none(tmp_path: Path, content: bytes):
    (tmp_path / "broken.zip").write_bytes(content)
    taken, _ = take(tmp_path / "broken.zip", tmp_path)
    assert set(taken.problems) == set(intake.MODULES)
    assert "not a zip archive" in taken.problems["hw5_gan"]
