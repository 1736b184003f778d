"""The requirements have one source: the lock fits it, each list is exported from it, and drift is noticed offline."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from grader.__main__ import main
from grader.project import ROOT
from grader.release import lock

FILES = (Path("pyproject.toml"), Path("uv.lock"), lock.PINNED, lock.TORCH, lock.STUDENTS)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A checkout of nothing but requirements."""
    for path in FILES:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    return tmp_path


def test_what_is_on_disk_is_what_pyproject_gives():
    assert main(["lock", "--check"]) == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"tqdm>=4.66,<5"', '"tqdm>=4.66,<6"'),
        ('    "msgspec>=0.18,<1",\n', ""),
        ('"rich>=13.7,<16"', '"rich>=13.7,<15"'),
        ('requires-python = ">=3.10"', 'requires-python = ">=3.11"'),
    ],
)
def test_a_requirement_that_was_not_locked_is_drift(copy: Path, before: str, after: str):
    text = (copy / "pyproject.toml").read_text()
    assert text.count(before) == 1
    (copy / "pyproject.toml").write_text(text.replace(before, after))
    with pytest.raises(lock.LockError, match=r"^uv\.lock does not fit pyproject\.toml: run `make lock`\.$"):
        lock.check(copy)


@pytest.mark.parametrize("path", FILES[2:], ids=str)
def test_an_edited_or_missing_list_is_drift(copy: Path, path: Path):
    lock.check(copy)
    with (copy / path).open("a") as file:
        file.write("surprise==1\n")
    with pytest.raises(lock.LockError, match=f"^{path} has drifted: run `make lock`"):
        lock.check(copy)
    (copy / path).unlink()
    with pytest.raises(lock.LockError, match=f"^{path} has drifted: run `make lock`"):
        lock.check(copy)


def test_the_lock_names_the_public_index_alone():
    """Whoever locks behind a mirror would lock the mirror."""
    places = re.findall(r'(?:registry|url) = "([^"]+)"', (ROOT / "uv.lock").read_text(encoding="utf-8"))
    assert {urlsplit(place)[:2] for place in places} == {("https", "pypi.org"), ("https", "files.pythonhosted.org")}
