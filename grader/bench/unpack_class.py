"""Unpack a whole class from a zip, confined like the bench: `python -m grader.bench.unpack_class ORDER < ZIP`.

The limits of a hand-in hold for each submission, not for the class. What is odd about a member is printed, one JSON
list `[submission, words]` a line, and costs its submission alone. The exit code is one of `Unpacked`.
"""

from __future__ import annotations

import json
import shutil
import stat
import sys
import zipfile
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import msgspec

from grader.bench import confinement, selection, unpack
from grader.messages import Unpacked, UnpackOrder

LARGEST_ARCHIVE = 200 * 2**20
"""Bytes of an archive that is a student's hand-in."""
MOST_ENTRIES = 10_000
"""Files of one submission."""
LARGEST_TABLE = 2**30
"""Bytes of the file that says whose the submissions are: 1,000 with their earlier results are 110 MB."""
LOCKED = 1
"""The flag of a member with a password."""
MOST_REMARKS = 20
"""Remarks on one submission, and at most 1,000 submissions have any."""


def main(order: UnpackOrder, packed: BinaryIO) -> int:
    """Extract what a hand-in may hold, each submission into its folder; the exit code."""
    try:
        archive = zipfile.ZipFile(packed)
        members = [(entry, PurePosixPath(entry.filename.replace("\\", "/"))) for entry in archive.infolist()]
    except unpack.UNREADABLE:
        return Unpacked.NO_ARCHIVE
    members = [(entry, path) for entry, path in members if path.parts and path.parts[0] != "__MACOSX"]
    depth = _depth(members, order.table)
    told: Counter[str] = Counter()
    files: Counter[str] = Counter()
    kept: Counter[str] = Counter()

    def remark(submission: str, words: str) -> None:
        told[submission] += 1
        if told[submission] <= MOST_REMARKS and len(told) <= 1000:
            print(json.dumps([submission[:200], words[:300]]), flush=True)

    for entry, path in members:
        submission = path.parts[depth - 1] if len(path.parts) >= depth else ""
        if harm := _harm(entry, path):
            remark("" if path.parts[0] in ("/", "..") else submission, f"{path.name[:80]!r} {harm}: left out.")
            continue
        target = Path(order.folder) / path
        try:
            if entry.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            if order.table and path.name == order.table and len(path.parts) == depth:
                _copy(archive, entry, target)
                continue
            files[submission] += 1
            if files[submission] > MOST_ENTRIES:
                remark(submission, f"It has more than {MOST_ENTRIES} files: only the first were looked at.")
                told[submission] = MOST_REMARKS
                continue
            most = _most(path, order)
            if len(path.parts) > depth and kept[submission] > unpack.LARGEST_TOTAL and most:
                remark(submission, f"It is too large: {path.name[:80]!r} was left out.")
                continue
            member = unpack.Entry(path, partial(unpack.read_of_zip, archive, entry))
            kept[submission] += unpack.write(member, Path(order.folder), most)
            if not target.is_file():
                remark(submission, f"{path.name[:80]!r} has a name that another has, or none can have: left out.")
        except unpack.UNREADABLE as error:
            remark(submission, f"{path.name[:80]!r} {_why(entry, error)}: left out.")
    return 0


def _depth(members: Sequence[tuple[zipfile.ZipInfo, PurePosixPath]], table: str) -> int:
    """Parts of a submission's path: 1, or 2 where all of them lie in one folder, whatever strays beside that."""
    inside = [(entry, path) for entry, path in members if path.name[:1] != "." and not _harm(entry, path)]
    tops = {path.parts[0] for entry, path in inside if (len(path.parts) > 1 or entry.is_dir()) and path.name}
    tops = {top for top in tops if top[:1] != "."}
    alone = all(len(path.parts) > 1 or entry.is_dir() for entry, path in inside)
    listed = {path for _, path in inside}
    beside = bool(table) and PurePosixPath(*tops, table) in listed
    return 2 if len(tops) == 1 and (alone or beside) else 1


def _harm(entry: zipfile.ZipInfo, path: PurePosixPath) -> str:
    """What a member is when it is no plain file and no folder that stays below the target; else nothing."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "is a link to another place"
    if not entry.is_dir() and kind not in (0, stat.S_IFREG):
        return "is neither a file nor a folder"
    return "" if unpack.stays_below(path) else "has a place outside of the download, or too deep in it"


def _why(entry: zipfile.ZipInfo, error: Exception) -> str:
    """Why a member cannot be read."""
    if entry.flag_bits & LOCKED:
        return "is locked with a password"
    if isinstance(error, NotImplementedError):
        return "is packed in a way that is not known here"
    return "cannot be written" if isinstance(error, OSError) else "is damaged"


def _copy(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    """Write a whole member, which may be large, piece by piece."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as packed, target.open("wb") as file:
        shutil.copyfileobj(packed, file)


def _most(path: PurePosixPath, order: UnpackOrder) -> int:
    """Bytes that are taken of a member; 0 for one of which only the name is told."""
    if selection.is_archive(path.name):
        return LARGEST_ARCHIVE
    if selection.is_source(path.name):
        return unpack.LARGEST_FILE
    largest = selection.largest(path.name, order.wanted)
    return largest and largest + 1


if __name__ == "__main__":
    order = msgspec.json.decode(sys.argv[1], type=UnpackOrder)
    folder = Path(order.folder)
    around = confinement.isolate(confinement.without_network(), folder)
    as_other = order.user is not None and confinement.reachable(around)
    limits = confinement.Limits(cpu=600, file_size=LARGEST_TABLE)
    confinement.confine(order.user if as_other else None, [], [folder], limits, around)
    sys.exit(main(order, sys.stdin.buffer))
