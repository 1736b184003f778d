"""Archives that students hand in: opened by `grader.bench.unpack` in a confined process, or named with what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from grader.messages import Unpacked, UnpackOrder, Wanted
from grader.project import ROOT
from tests.support.homework import assignment

WANTED = tuple(Wanted(one.pattern, one.largest, one.latest) for one in assignment.ARTIFACTS)
UNPACK_SECONDS = 60

_REASONS: dict[int, str] = {
    Unpacked.NO_ARCHIVE: "{} is not a zip archive that can be opened: it is damaged, or of another kind.",
    Unpacked.ENCRYPTED: "{} is locked with a password, and cannot be opened.",
    Unpacked.TOO_LARGE: "The archive is too large, or holds too many files. Hand in only your .py files.",
    Unpacked.RAR: "{} is a RAR archive, which is not unpacked.",
    Unpacked.SEVEN_ZIP: "{} is a 7-Zip archive, which is not unpacked.",
    Unpacked.ANOTHER_KIND: "{} is an archive of a kind that is not unpacked.",
}


class UnreadableArchive(Exception):
    """The archive cannot be opened, or holds what no hand-in holds; the message is for the student."""


def unpack(archive: Path, target: Path, user: int | None, shown: str = "The file handed in") -> Path:
    """Extract an archive, which a student knows as `shown`, in a confined process; raises `UnreadableArchive`."""
    target.mkdir(mode=0o700)
    if user is not None:
        os.chown(target, user, user)
    order = UnpackOrder(str(target), user, WANTED, os.fsencode(archive.name).decode("ascii", "replace"))
    try:
        descriptor = os.open(archive, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        raise UnreadableArchive(f"{shown} cannot be read.") from None
    with os.fdopen(descriptor, "rb") as content:
        process = subprocess.Popen(
            [sys.executable, "-m", "grader.bench.unpack", msgspec.json.encode(order).decode()],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=content,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            process.communicate(timeout=UNPACK_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise UnreadableArchive("The archive takes too long to unpack.") from None
    if process.returncode != Unpacked.DONE:
        reason = _REASONS.get(process.returncode, "The archive cannot be unpacked.").format(shown)
        raise UnreadableArchive(f"{reason} Hand in {' and '.join(assignment.REQUIRED)}, as they are or in a zip.")
    return target
