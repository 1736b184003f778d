"""Unpack a whole class from a zip, confined like the bench: `python -m grader.bench.unpack_class ORDER < ZIP`.

The limits of a hand-in hold for each submission, not for the class. What is odd about a member is printed, one JSON
list `[submission, words]` a line, and costs its submission alone. The exit code is 3 for a file that is no zip.
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import msgspec

from grader.bench import confinement, selection, unpack
from grader.messages import UnpackOrder

MOST_REMARKS = 20
"""Remarks on one submission, and at most 1,000 submissions have any."""
_BESIDE = (".yml", ".zip")


def main(order: UnpackOrder, packed: BinaryIO) -> int:
    """Extract what a hand-in may hold, each submission into its folder; the exit code."""
    try:
        archive = zipfile.ZipFile(packed)
        members = [(entry, PurePosixPath(entry.filename.replace("\\", "/"))) for entry in archive.infolist()]
    except unpack._UNREADABLE:
        return unpack.NOT_A_ZIP
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
            target.parent.mkdir(parents=True, exist_ok=True)
            most = _most(path, order)
            if most and (len(path.parts) <= depth or kept[submission] <= unpack.LARGEST_TOTAL):
                kept[submission] += unpack._extract(archive, entry, target, most)
            elif most:
                remark(submission, f"It is too large: {path.name[:80]!r} was left out.")
            else:
                target.touch()  # nobody looks into it, but that something was handed in is seen
        except unpack._UNREADABLE as error:
            remark(submission, f"{path.name[:80]!r} cannot be unpacked ({type(error).__name__}).")
    return 0


def _harmless(entry: zipfile.ZipInfo, path: PurePosixPath) -> bool:
    """Whether a member is a plain file or a folder that stays below the target."""
    return unpack._harmless(entry, path) or (entry.is_dir() and not path.is_absolute() and ".." not in path.parts)


def _most(path: PurePosixPath, order: UnpackOrder) -> int:
    """Bytes that are taken of a member; 0 for one that no hand-in and no download needs."""
    if path.suffix.lower() in unpack._KEPT:
        return unpack.LARGEST_FILE
    if path.suffix.lower() in _BESIDE:
        return unpack.LARGEST_ARCHIVE
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
