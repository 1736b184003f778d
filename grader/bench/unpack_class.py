"""Unpack a whole class from a zip, confined like the bench: `python -m grader.bench.unpack_class ORDER < ZIP`.

The limits of a hand-in hold for each submission, not for the class. What is odd about a member is printed, one JSON
list `[submission, words]` a line, and costs its submission alone. The exit code is one of `Unpacked`.
"""

from __future__ import annotations

import json
import stat
import sys
import zipfile
from collections import Counter
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import msgspec

from grader.bench import confinement, selection, unpack
from grader.messages import Unpacked, UnpackOrder

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
    tops = {path.parts[0] for _, path in members}
    nested = len(tops) == 1 and all(len(path.parts) > 1 or entry.is_dir() for entry, path in members)
    depth = 2 if nested else 1
    told: Counter[str] = Counter()
    files: Counter[str] = Counter()
    kept: Counter[str] = Counter()

    def remark(submission: str, words: str) -> None:
        told[submission] += 1
        if told[submission] <= MOST_REMARKS and len(told) <= 1000:
            print(json.dumps([submission[:200], words[:300]]), flush=True)

    for entry, path in members:
        submission = path.parts[depth - 1] if len(path.parts) >= depth else ""
        if not _harmless(entry, path):
            remark(
                submission, f"{path.name[:80]!r} is a link, a device, or has a place outside the download: left out."
            )
            continue
        target = Path(order.folder) / path
        try:
            if entry.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            files[submission] += 1
            if files[submission] > unpack.MOST_ENTRIES:
                remark(submission, f"It has more than {unpack.MOST_ENTRIES} files: only the first were looked at.")
                told[submission] = MOST_REMARKS
                continue
            most = _most(path, order)
            if len(path.parts) > depth and kept[submission] > unpack.LARGEST_TOTAL and most:
                remark(submission, f"It is too large: {path.name[:80]!r} was left out.")
                continue
            member = unpack.Entry(path, partial(unpack.read_of_zip, archive, entry))
            kept[submission] += unpack.write(member, Path(order.folder), most)
        except unpack.UNREADABLE as error:
            remark(submission, f"{path.name[:80]!r} cannot be unpacked ({type(error).__name__}).")
    return 0


def _harmless(entry: zipfile.ZipInfo, path: PurePosixPath) -> bool:
    """Whether a member is a plain file or a folder that stays below the target."""
    plain = entry.is_dir() or stat.S_IFMT(entry.external_attr >> 16) in (0, stat.S_IFREG)
    return plain and unpack.stays_below(path)


def _most(path: PurePosixPath, order: UnpackOrder) -> int:
    """Bytes that are taken of a member; 0 for one of which only the name is told."""
    if selection.is_archive(path.name):
        return unpack.LARGEST_ARCHIVE
    if selection.is_source(path.name):
        return unpack.LARGEST_FILE
    largest = selection.largest(path.name, order.wanted)
    return largest and largest + 1


if __name__ == "__main__":
    order = msgspec.json.decode(sys.argv[1], type=UnpackOrder)
    folder = Path(order.folder)
    around = confinement.isolate(confinement.without_network(), folder)
    as_other = order.user is not None and confinement.reachable(around)
    limits = confinement.Limits(cpu=600, file_size=unpack.LARGEST_ARCHIVE)
    confinement.confine(order.user if as_other else None, [], [folder], limits, around)
    sys.exit(main(order, sys.stdin.buffer))
