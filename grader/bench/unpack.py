"""Unpack a student's zip from standard input, confined like the bench: `python -m grader.bench.unpack ORDER`.

The exit code is the answer: 0 done, 3 not a zip, 5 too large. ORDER is an `UnpackOrder` as JSON.
"""

from __future__ import annotations

import contextlib
import io
import lzma
import stat
import sys
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import msgspec

from grader.bench import confinement, selection
from grader.messages import UnpackOrder, Wanted

NOT_A_ZIP, TOO_LARGE = 3, 5
LARGEST_ARCHIVE = 200 * 2**20
LARGEST_FILE = 60 * 2**20
LARGEST_TOTAL = 120 * 2**20
MOST_ENTRIES = 10_000
DEEPEST = 8
"""Parts of a path; what lies deeper is no hand-in, and a folder made for each part would never end."""
LARGEST_MEMORY = 512 * 2**20
"""Bytes of data in memory: the archive, one file of it, and its directory, which may name millions."""
_KEPT = (".py", ".ipynb")
_UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError),
    *(NotImplementedError, RuntimeError, OSError, ValueError),
)


def unpack(content: bytes, target: Path, wanted: Sequence[Wanted]) -> int:
    """Extract the sources and what is wanted beside them from a zip into a folder; the exit code."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        if len(archive.infolist()) > MOST_ENTRIES:
            return TOO_LARGE
        entries = [(entry, PurePosixPath(entry.filename.replace("\\", "/"))) for entry in archive.infolist()]
        entries = [(entry, path) for entry, path in entries if _harmless(entry, path)]
        kept = 0
        for entry, path in entries:
            if path.suffix in _KEPT:
                kept += _extract(archive, entry, target / path, LARGEST_FILE)
                if kept > LARGEST_TOTAL:
                    return TOO_LARGE
    except _UNREADABLE:
        return NOT_A_ZIP
    beside = selection.selected([path.name for _, path in entries], wanted)
    for entry, path in sorted(entries, key=lambda one: len(one[1].parts)):
        largest = selection.largest(path.name, wanted)
        if path.name in beside and kept + largest < LARGEST_TOTAL:
            # A damaged one, or one too many, is not worth the sources; one byte too many shows that it is too large.
            with contextlib.suppress(*_UNREADABLE):
                kept += _extract(archive, entry, target / path, largest + 1)
    return 0


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, most: int) -> int:
    """Write at most `most` bytes of an entry to a path; returns how many."""
    with archive.open(entry) as packed:
        extracted = packed.read(most)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.write_bytes(extracted)


def _harmless(entry: zipfile.ZipInfo, path: PurePosixPath) -> bool:
    """Whether an entry is a plain file that stays below the target: no link, no device, no way up or out."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    below = not path.is_absolute() and ".." not in path.parts and len(path.parts) <= DEEPEST
    return below and kind in (0, stat.S_IFREG)


if __name__ == "__main__":
    order = msgspec.json.decode(sys.argv[1], type=UnpackOrder)
    folder = Path(order.folder)
    around = confinement.isolate(confinement.without_network(), folder)
    as_other = order.user is not None and confinement.reachable(around)
    confinement.confine(
        order.user if as_other else None, [], [folder], confinement.Limits(cpu=30, data=LARGEST_MEMORY), around
    )
    received = sys.stdin.buffer.read(LARGEST_ARCHIVE + 1)
    try:
        sys.exit(TOO_LARGE if len(received) > LARGEST_ARCHIVE else unpack(received, folder, order.wanted))
    except MemoryError:
        sys.exit(TOO_LARGE)
