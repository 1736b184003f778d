"""Unpack a student's archive from standard input, confined like the bench: `python -m grader.bench.unpack ORDER`.

The exit code is the answer, an `Unpacked`. ORDER is an `UnpackOrder` as JSON. Zip, tar and what these are
compressed with are opened by the standard library; other kinds are only told apart.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import stat
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO

import msgspec

from grader.bench import confinement, selection
from grader.messages import Unpacked, UnpackOrder, Wanted

LARGEST_FILE = 60 * 2**20
LARGEST_TOTAL = 120 * 2**20
LARGEST_STREAM = 2**30
"""Bytes of a compressed tar when it is not compressed: most of a hand-in's may be data, which is passed over."""
MOST_FILES = 2_000
MOST_FOLDERS = 500
"""Files that are made of one archive, and folders for them: a slow disk must be rid of them in seconds."""
MOST_LISTED = 100_000
"""Entries of an archive: with a virtual environment, a repository or pictures in it there are tens of thousands."""
DEEPEST = 16
"""Parts of a path; what lies deeper is no hand-in, and a folder made for each part would never end."""
LARGEST_MEMORY = 512 * 2**20
"""Bytes of data in memory: one file of the archive, and its directory, which may name millions."""
UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, tarfile.TarError),
    *(NotImplementedError, RuntimeError, OSError, ValueError, LookupError, ArithmeticError),
)
_WAYS_OUT = ("/", "//", "..")
_COMPRESSED: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": lambda packed: gzip.GzipFile(fileobj=packed),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}
_OTHERS = {
    b"Rar!\x1a\x07": Unpacked.RAR,
    b"7z\xbc\xaf\x27\x1c": Unpacked.SEVEN_ZIP,
    b"\x28\xb5\x2f\xfd": Unpacked.ANOTHER_KIND,
    b"MSCF": Unpacked.ANOTHER_KIND,
    b"\x1f\x9d": Unpacked.ANOTHER_KIND,
    b"\x04\x22\x4d\x18": Unpacked.ANOTHER_KIND,
}
"""What begins a file of a kind that is not opened: RAR, 7-Zip, then Zstandard, Cabinet, compress, LZ4."""

_TO_MARK_OF_TAR, _MARK_OF_TAR = 257, b"ustar"


class TooLargeError(Exception):
    """More is in an archive than any homework has."""


@dataclass(frozen=True)
class Entry:
    """A file in an archive: its path, and how to read so many bytes of it."""

    path: PurePosixPath
    read: Callable[[int], bytes]


class _Bounded(io.RawIOBase):
    """A stream that ends with `TooLargeError` where more is read than `LARGEST_STREAM`, or too much at once."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """At most so many bytes."""
        if not 0 <= size <= LARGEST_FILE or self._stream.tell() + size > LARGEST_STREAM:
            raise TooLargeError
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, by reading on where that is necessary."""
        if whence != io.SEEK_SET or offset > LARGEST_STREAM:
            raise TooLargeError
        return self._stream.seek(offset)

    def tell(self) -> int:
        """The place."""
        return self._stream.tell()

    def seekable(self) -> bool:
        """It is."""
        return True


def unpack(packed: BinaryIO, target: Path, wanted: Sequence[Wanted], name: str = "") -> Unpacked:
    """Extract the sources and what is wanted beside them from an archive of this name into a folder; what came of it.

    Of any other file an empty one is left, so that its name can be told.
    """
    try:
        begin = packed.read(_TO_MARK_OF_TAR + len(_MARK_OF_TAR))
        for mark, code in _OTHERS.items():
            if begin.startswith(mark):
                return code
        if zipfile.is_zipfile(packed):
            return _unzip(packed, target, wanted)
        for mark, reader in _COMPRESSED.items():
            if begin.startswith(mark):
                return _expand(reader, packed, target, wanted, name)
        if begin.endswith(_MARK_OF_TAR):
            packed.seek(0)
            return _untar(packed, target, wanted)
    except TooLargeError:
        return Unpacked.TOO_LARGE
    except UNREADABLE:
        return Unpacked.NO_ARCHIVE
    return Unpacked.NO_ARCHIVE


def _unzip(packed: BinaryIO, target: Path, wanted: Sequence[Wanted]) -> Unpacked:
    archive = zipfile.ZipFile(packed)
    listed = archive.infolist()
    if len(listed) > MOST_LISTED:
        raise TooLargeError
    entries = []
    for entry in listed:
        path = _inside(entry.filename)
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind in (0, stat.S_IFREG) and not entry.filename.endswith(("/", "\\")) and stays_below(path):
            if entry.flag_bits & 1 and selection.is_source(path.name):
                return Unpacked.ENCRYPTED
            entries.append(Entry(path, lambda size, entry=entry: read_of_zip(archive, entry, size)))  # type: ignore[misc]
    _extract(_chosen(entries), target, wanted)
    return Unpacked.DONE


def _inside(name: str) -> PurePosixPath:
    """The path of an entry below the folder in which it is unpacked, without what would lead out of there."""
    return PurePosixPath(*(part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in _WAYS_OUT))


def _chosen(entries: list[Entry]) -> list[Entry]:
    """What a student may have written, in its order: of too many the programs first, then what lies least deep."""
    environments = {entry.path.parent for entry in entries if entry.path.name == selection.ENVIRONMENT}
    own = [entry for entry in entries if not _is_of_others(entry.path, environments)]
    ranked = sorted(own, key=lambda one: (not selection.is_program(one.path.name), len(one.path.parts)))
    folders: set[PurePosixPath] = set()
    chosen: set[int] = set()
    for entry in ranked[:MOST_FILES]:
        needed = folders.union(entry.path.parents)
        if len(needed) <= MOST_FOLDERS:
            folders = needed
            chosen.add(id(entry))
    return [entry for entry in own if id(entry) in chosen]


def _is_of_others(path: PurePosixPath, environments: Container[PurePosixPath]) -> bool:
    """Whether a file lies in a folder that is passed over, or in one of a virtual environment."""
    above = path.parts[:-1]
    return any(
        selection.is_passed_over(folder)
        or (folder in selection.OF_ENVIRONMENT and PurePosixPath(*above[:depth]) in environments)
        for depth, folder in enumerate(above)
    )


def read_of_zip(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, size: int) -> bytes:
    with archive.open(entry) as packed:
        return packed.read(size)


def _expand(
    reader: Callable[[BinaryIO], Any], packed: BinaryIO, target: Path, wanted: Sequence[Wanted], name: str
) -> Unpacked:
    """Open a compressed tar, or a single compressed file."""
    packed.seek(0)
    begin = reader(packed).read(_TO_MARK_OF_TAR + len(_MARK_OF_TAR))
    packed.seek(0)
    if begin[_TO_MARK_OF_TAR:] == _MARK_OF_TAR:
        return _untar(reader(packed), target, wanted)
    inner = PurePosixPath(name.rpartition(".")[0]).name
    if not (selection.is_source(inner) or selection.largest(inner, wanted)):
        return Unpacked.NO_ARCHIVE
    _extract([Entry(PurePosixPath(inner), reader(packed).read)], target, wanted)
    return Unpacked.DONE


def _untar(stream: IO[bytes], target: Path, wanted: Sequence[Wanted]) -> Unpacked:
    with tarfile.TarFile(fileobj=_Bounded(stream), mode="r") as archive:
        _extract(_chosen(list(_members(archive))), target, wanted)
    return Unpacked.DONE


def _members(archive: tarfile.TarFile) -> Iterator[Entry]:
    for number, member in enumerate(archive):
        if number >= MOST_LISTED:
            raise TooLargeError
        path = _inside(member.name)
        if member.isreg() and stays_below(path):
            yield Entry(path, lambda size, member=member: _read_of_tar(archive, member, size))  # type: ignore[misc]


def _read_of_tar(archive: tarfile.TarFile, member: tarfile.TarInfo, size: int) -> bytes:
    packed = archive.extractfile(member)
    return packed.read(min(size, member.size)) if packed is not None else b""


def _extract(entries: Sequence[Entry], target: Path, wanted: Sequence[Wanted]) -> None:
    """Write the sources; then archives, and what is wanted, the shallowest first, as far as there is room for them."""
    kept = 0
    for entry in entries:
        if selection.is_source(entry.path.name):
            kept += write(entry, target, LARGEST_FILE)
            if kept > LARGEST_TOTAL:
                raise TooLargeError
    beside = selection.selected([entry.path.name for entry in entries], wanted)
    for entry in sorted(entries, key=lambda one: len(one.path.parts)):
        name = entry.path.name
        if selection.is_source(name):
            continue
        most = LARGEST_FILE - 1 if selection.is_archive(name) else selection.largest(name, wanted)
        if (name not in beside and not selection.is_archive(name)) or kept + most >= LARGEST_TOTAL:
            most = -1
        # A damaged one, or one too many, is not worth the sources; one byte too many shows that it is too large.
        with contextlib.suppress(*UNREADABLE):
            kept += write(entry, target, most + 1)


def write(entry: Entry, target: Path, most: int) -> int:
    """Write at most `most` bytes of an entry; returns how many. A name that cannot be had is left out."""
    content = entry.read(most) if most else b""
    path = target / entry.path
    with contextlib.suppress(OSError, ValueError):
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.write_bytes(content)
    return 0


def stays_below(path: PurePosixPath) -> bool:
    """Whether a path leads neither up nor out, nor too deep."""
    below = bool(path.name) and not path.is_absolute() and ".." not in path.parts
    return below and len(path.parts) <= DEEPEST


if __name__ == "__main__":
    order = msgspec.json.decode(sys.argv[1], type=UnpackOrder)
    folder = Path(order.folder)
    around = confinement.isolate(confinement.without_network(), folder)
    as_other = order.user is not None and confinement.reachable(around)
    confinement.confine(
        order.user if as_other else None, [], [folder], confinement.Limits(cpu=30, data=LARGEST_MEMORY), around
    )
    try:
        sys.exit(unpack(sys.stdin.buffer, folder, order.wanted, order.name))
    except MemoryError:
        sys.exit(Unpacked.TOO_LARGE)
