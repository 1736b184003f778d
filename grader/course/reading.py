"""A class from whatever the instructor has downloaded: a folder or a zip, of this platform or another."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from itertools import islice
from pathlib import Path, PurePosixPath

import msgspec

from grader.bench import selection
from grader.course import export, layouts
from grader.course.entries import Course, Entry, text
from grader.errors import CourseError
from grader.messages import Unpacked, UnpackOrder
from grader.project import ROOT
from grader.run import exports, intake, names, users
from grader.run.archives import WANTED
from grader.run.intake import Intake
from tests.support.homework.assignment import MODULES, REQUIRED

UNPACK_SECONDS = 1200
MOST_TOLD = 2**20
SLOT = 10
"""Where the user ids of unpacking begin, as a runner's slot."""
_REMARKS = ".remarks.json"


def read(path: Path, workplace: Path, layout: str = "") -> Course:
    """Every submission of a class; what is odd about one is said in its entry.

    What is unpacked or gathered lies in `workplace`, and is found there the next time. Raises `CourseError` for what is
    no class.
    """
    layouts.asked_for(layout)
    if path.is_dir():
        return _folder(path, workplace / "gathered", layout, path)
    if not path.is_file():
        raise CourseError(f"{path} is neither a folder nor a file.")
    if layouts.is_asked_for(path.name):
        raise CourseError(f"{path} is one submission: use SUBMISSION=.")
    target, remarks = unpacked(path, workplace)
    course = _folder(target, workplace / "gathered", layout, path)
    for name, words in dict.fromkeys(remarks):
        of = [entry for entry in course.entries if name and entry.name == name]
        for entry in of:
            entry.remarks.append(text(words))
            if entry.place is None:
                entry.reason = "Nothing of it could be unpacked."
        if not of:
            course.remarks.append(f"{text(name)}: {text(words)}" if name else text(words))
    return course


def nothing_asked_for(entries: Iterable[Entry]) -> str:
    """A remark where no submission can hold a file that is asked for; nothing where one may, or none is there."""
    places = [entry.place for entry in entries if entry.place]
    if not places or any(map(_may_be_asked_for, places)):
        return ""
    return f"No submission has a file called {' or '.join(REQUIRED)}: is this the download?"


def _may_be_asked_for(place: Path) -> bool:
    """Whether a submission holds a file with such a name, or an archive that may."""
    if not place.is_dir():
        inside = [PurePosixPath(name) for name in islice(exports.in_zip(place), intake.MOST_ENTRIES)]
        if not inside:
            return True
    else:
        inside = [one.known_as for one in intake.listing(place, PurePosixPath(), Intake())]
    return any(
        selection.is_archive(path.name) or any(names.fit(path.name, module.name) is not None for module in MODULES)
        for path in inside
    )


def _folder(folder: Path, staging: Path, layout: str, known_as: Path) -> Course:
    found = None if layout else export.find(folder)
    if found is not None:
        return export.read(found)
    return layouts.read(_inner(folder), staging, layout, known_as)


def _inner(folder: Path) -> Path:
    """The one folder in a folder that holds nothing else but more of them, as zips often do; else the folder itself."""
    inside = [one for one in folder.iterdir() if one.name not in export.IGNORED and not one.name.startswith(".")]
    if len(inside) != 1 or inside[0].is_symlink() or not inside[0].is_dir():
        return folder
    deeper = [one for one in inside[0].iterdir() if not one.name.startswith(".")]
    several = sum(one.is_dir() or one.suffix == ".zip" for one in deeper) > 1
    flat = any(re.fullmatch(one, path.name) for one in layouts.LAYOUTS.values() for path in deeper)
    return inside[0] if (several or flat) and not layouts.is_one_submission(inside[0]) else folder


def unpacked(archive: Path, workplace: Path) -> tuple[Path, list[tuple[str, str]]]:
    """The content of a class's zip, and remarks on submissions; unpacked once, by a confined process."""
    with archive.open("rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(2**20):
            digest.update(chunk)
    target = workplace / f"unpacked-{digest.hexdigest()[:16]}"
    if not target.is_dir():
        workplace.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = Path(tempfile.mkdtemp(dir=workplace, prefix="partial-"))
        try:
            said = _unpack(archive, partial / "content")
            (partial / "content" / _REMARKS).write_text(json.dumps(said), encoding="utf-8")
            os.replace(partial / "content", target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return target, [tuple(one) for one in json.loads((target / _REMARKS).read_text(encoding="utf-8"))]


def _unpack(archive: Path, target: Path) -> list[list[str]]:
    """Unpack as another user in a folder that this user reaches, and take everything over; raises `CourseError`."""
    identities = next(users.identities(SLOT))
    user = identities.ids[0]
    reached = Path(tempfile.mkdtemp(prefix="grading-class-"))
    try:
        reached.chmod(0o711)
        own = reached / "content"
        own.mkdir(mode=0o700)
        if user is not None:
            os.chown(own, user, user)
        order = msgspec.json.encode(UnpackOrder(str(own), user, WANTED, archive.name, export.METADATA)).decode()
        with archive.open("rb") as content, tempfile.TemporaryFile() as told:
            process = subprocess.Popen(
                [sys.executable, "-m", "grader.bench.unpack_class", order],
                cwd=ROOT,
                env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
                stdin=content,
                stdout=told,
                stderr=subprocess.DEVNULL,
            )
            try:
                code = process.wait(UNPACK_SECONDS)
            except subprocess.TimeoutExpired:
                code = -1
            finally:
                process.kill()
                process.wait()
            told.seek(0)
            lines = told.read(MOST_TOLD).splitlines()
        if code == Unpacked.NO_ARCHIVE:
            raise CourseError(f"{archive} is no zip that can be opened: it is incomplete, or another kind of file.")
        if code:
            raise CourseError(f"{archive} could not be unpacked (exit code {code}).")
        shutil.copytree(own, target, symlinks=True)
        return [one for line in lines if (one := _remark(line))]
    finally:
        shutil.rmtree(reached, ignore_errors=True)
        identities.release()


def _remark(line: bytes) -> list[str] | None:
    try:
        return list(msgspec.json.decode(line, type=tuple[str, str]))
    except msgspec.DecodeError:
        return None
