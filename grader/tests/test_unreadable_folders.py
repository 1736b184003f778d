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


MORE = "More than 5 files: beyond these only names of the handout's files were looked for."


@pytest.mark.parametrize("more", [False, True])
def test_only_so_many_files_are_looked_at_and_a_note_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: bool
):
    monkeypatch.setattr(intake, "MOST_ENTRIES", 5)
    handed_in = tmp_path / "handed in"
    handed_in.mkdir()
    for name in ["a.py", "b.py", "c.py", "d.py", "e.py", "f.png", *(["g.py"] if more else []), "hw5_gan.py"]:
        (handed_in / name).write_text("")
    taken = intake.take(handed_in, tmp_path / "source", tmp_path, None)
    assert (tmp_path / "source" / "hw5_gan.py").exists()
    assert taken.notes == ([MORE] if more else [])
    assert (tmp_path / "source" / "e.py").exists()
    assert not (tmp_path / "source" / "g.py").exists()


def test_pictures_and_environments_do_not_hide_the_homework(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(intake, "MOST_ENTRIES", 5)
    handed_in = tmp_path / "handed in"
    for folder in ("bin", "lib", "data"):
        (handed_in / folder).mkdir(parents=True)
    for name in ["pyvenv.cfg", "lib/hw5_diffusion.py", *(f"{k}.png" for k in range(9)), "layers.py", "hw5_gan.py"]:
        (handed_in / name).write_text(name)
    taken = intake.take(handed_in, tmp_path / "source", tmp_path, None)
    assert (taken.notes, set(taken.problems)) == ([], {"hw5_diffusion"} & set(taken.problems))
    assert {"hw5_gan.py", "layers.py"} <= {path.name for path in (tmp_path / "source").iterdir()}
    assert not (tmp_path / "source" / "hw5_diffusion.py").exists()
