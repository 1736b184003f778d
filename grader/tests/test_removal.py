"""What a student has left is removed, and what its links lead to stays as it is."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from grader.run import removal


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A folder of whoever grades, closed by modes that a removal must not touch."""
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "file").touch(0o400)
    folder.chmod(0o500)
    return folder


def modes(folder: Path) -> list[int]:
    return [stat.S_IMODE(os.stat(path).st_mode) for path in (folder, *sorted(folder.iterdir()))]


def test_a_tree_is_removed_without_following_its_links(tmp_path: Path, kept: Path):
    (tmp_path / "tree" / "deep").mkdir(parents=True)
    (tmp_path / "tree" / "deep" / "link").symlink_to(kept)
    assert removal.remove(tmp_path / "tree")
    assert removal.remove(tmp_path / "tree")
    assert (list(tmp_path.iterdir()), modes(kept)) == ([kept], [0o500, 0o400])


@pytest.mark.parametrize("user", [0, 1000])
def test_a_link_in_the_place_of_a_tree_is_removed_and_leads_nowhere(
    tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch, user: int
):
    monkeypatch.setattr(removal.os, "geteuid", lambda: user)
    (tmp_path / "tree").symlink_to(kept)
    assert removal.remove(tmp_path / "tree")
    assert (list(tmp_path.iterdir()), modes(kept)) == ([kept], [0o500, 0o400])


def test_folders_closed_to_their_owner_are_opened_and_no_others(
    tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
):
    inner = tmp_path / "tree" / "closed" / "inner"
    inner.mkdir(parents=True)
    (inner / "link").symlink_to(kept)
    (inner / "file").touch(0o400)
    for folder in (inner, inner.parent, inner.parent.parent):
        folder.chmod(0)
    looks = iter([False, True])  # as if the first try had been stopped by a closed folder: it stops nobody who is root
    monkeypatch.setattr(removal, "_delete", lambda folder, until: next(looks))
    monkeypatch.setattr(removal.os, "geteuid", lambda: 1000)
    assert not removal.remove(tmp_path / "tree")
    assert [modes(folder)[0] for folder in (inner, inner.parent, inner.parent.parent)] == [0o700] * 3
    assert (stat.S_IMODE((inner / "file").stat().st_mode), modes(kept)) == (0o400, [0o500, 0o400])


def test_what_is_not_removed_in_its_time_stays_and_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "tree" / "one" / "two").mkdir(parents=True)
    (tmp_path / "tree" / "one").chmod(0)
    monkeypatch.setattr(removal, "_delete", lambda folder, until: False)
    monkeypatch.setattr(removal.os, "geteuid", lambda: 1000)
    assert not removal.remove(tmp_path / "tree", seconds=0)
    assert stat.S_IMODE((tmp_path / "tree" / "one").stat().st_mode) == 0
