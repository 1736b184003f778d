"""Names for what a grade depends on: the files of a submission, and the part of the grader that decides."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import stat
from functools import cache
from pathlib import Path, PurePosixPath

from grader.project import ROOT, SUITES, TEMPLATE
from grader.run import intake
from grader.run.intake import DEEPEST, MOST_ENTRIES

DECIDES = ("bench", "judge", "run", "rubric.py", "messages.py", "wire.py")
"""What of `grader/` decides a verdict. The rest shows it, and a change there touches no grade."""
LARGEST_READ = 2**30
"""Bytes of a file that are read: no hand-in has more."""
_PACKAGES = ("torch", "torchvision", "numpy", "hypothesis", "pytest", "opencv-python-headless", "matplotlib", "pillow")


def of_submission(place: Path) -> str:
    """The names, kinds, sizes and contents of all files that a grading could look at; links are not followed."""
    digest = hashlib.sha256()
    if not place.is_dir():
        _add(digest, place, "")
        return digest.hexdigest()
    entries, level = 0, [place]
    for _ in range(DEEPEST):
        deeper: list[Path] = []
        for folder in level:
            try:
                listed = sorted(os.scandir(folder), key=lambda one: one.name)
            except OSError:
                continue
            for one in listed:
                entries += 1
                if entries > MOST_ENTRIES:
                    return _with_what_is_taken_in(digest, place)
                if one.is_dir(follow_symlinks=False):
                    deeper.append(Path(one.path))
                _add(digest, Path(one.path), os.path.relpath(one.path, place))
        level = deeper
    return digest.hexdigest()


def _with_what_is_taken_in(digest: hashlib._Hash, place: Path) -> str:
    """The hash with what a grading finds in a folder of too many files: it passes over a library's, and goes on."""
    for file in intake.listing(place, PurePosixPath(), intake.Intake()):
        _add(digest, file.path, str(file.known_as))
    return digest.hexdigest()


def _add(digest: hashlib._Hash, path: Path, name: str) -> None:
    try:
        status = os.lstat(path)
        digest.update(
            repr(
                (os.fsencode(name), stat.S_IFMT(status.st_mode), stat.S_ISREG(status.st_mode) and status.st_size)
            ).encode()
        )
        if stat.S_ISREG(status.st_mode):
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as file:
                left = LARGEST_READ
                while left > 0 and (chunk := file.read(min(left, 2**20))):
                    digest.update(chunk)
                    left -= len(chunk)
    except OSError as error:
        digest.update(f"unreadable {error.errno}".encode())


@cache
def of_grader() -> str:
    """The suites and the deciding part of the grader, the students' helper, and the libraries that compute."""
    digest = hashlib.sha256()
    parts = [SUITES, TEMPLATE, *(ROOT / "grader" / one for one in DECIDES)]
    files = {path for part in parts for path in (part.rglob("*") if part.is_dir() else [part])}
    for path in sorted(files):
        if path.suffix in (".py", ".npz") and path.is_file():
            digest.update(f"{path.relative_to(ROOT)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    digest.update("\n".join(libraries()).encode())
    return digest.hexdigest()


def libraries() -> list[str]:
    """The versions of Python and of the libraries that compute."""
    found = [platform.python_version()]
    for name in _PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
