"""A folder of a submission that cannot be looked into hides what is in it, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grader.run import intake


def test_a_folder_that_cannot_be_read_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for folder in ("closed", "later"):
        (tmp_path / "handed in" / folder).mkdir(parents=True)
        (tmp_path / "handed in" / folder / "hw5_gan.py").write_text(folder)
    (tmp_path / "handed in" / "later" / "hw5_diffusion.py").write_text("later")
    look = os.scandir

    def closed(folder: Path) -> object:
        if Path(folder).name == "closed":  # its mode would not stop the superuser
            raise PermissionError(13, "Permission denied", str(folder))
        return look(folder)

    monkeypatch.setattr(intake.os, "scandir", closed)
    taken = intake.take(tmp_path / "handed in", tmp_path / "source", tmp_path, None)
    monkeypatch.undo()
    assert (taken.problems, taken.notes) == ({}, [])
    assert (tmp_path / "source" / "hw5_gan.py").read_text() == "later"
    assert (tmp_path / "source" / "hw5_diffusion.py").read_text() == "later"


@pytest.mark.parametrize(("depth", "found"), [(intake.DEEPEST - 1, True), (intake.DEEPEST, False)])
def test_files_are_looked_for_to_a_fixed_depth(tmp_path: Path, depth: int, found: bool):
    folder = tmp_path.joinpath("handed in", *["deeper"] * depth)
    folder.mkdir(parents=True)
    (folder / "hw5_gan.py").write_text("here")
    intake.take(tmp_path / "handed in", tmp_path / "source", tmp_path, None)
    assert (tmp_path / "source" / "hw5_gan.py").exists() is found


@pytest.mark.parametrize("more", [False, True])
def test_only_so_many_files_are_looked_at_and_a_note_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: bool
):
    monkeypatch.setattr(intake, "MOST_ENTRIES", 5)
    handed_in = tmp_path / "handed in"
    handed_in.mkdir()
    for name in [*"abcd", "hw5_gan.py", *(["later.py"] if more else [])]:
        (handed_in / name).write_text("")
    taken = intake.take(handed_in, tmp_path / "source", tmp_path, None)
    assert (tmp_path / "source" / "hw5_gan.py").exists()
    assert taken.notes == (["More than 5 files: only the first were looked at."] if more else [])
    assert not (tmp_path / "source" / "later.py").exists()
