"""Whether what is given as one submission is a platform's export of a class: by names alone, and nothing is opened."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path

from grader.errors import SubmissionError

METADATA = "submission_metadata.yml"
_ENTRY = b"PK\x01\x02"
_TO_LENGTH, _TO_NAME = 28, 46
"""Where an entry of a zip's directory has the length of its name, and the name."""
_LAST, _TO_SIZE = b"PK\x05\x06", 12
_LOCATORS = 100
"""Bytes that may stand between the directory and the last record, of a zip with 64-bit sizes."""
LARGEST_DIRECTORY = 16 * 2**20
LONGEST_NAME = 300
"""Bytes of a name that is looked at: the files that are sought do not lie deep."""
_IGNORED = ("__MACOSX", "")
_OF_SOMEBODY = re.compile(
    r"(?P<person>.+)_assignsubmission_(?:file|onlinetext).*|.+?_(?P<login>[^_]+)_attempt_\d{4}(?:-\d\d){5}.*"
)
"""Names that other platforms give, in the download of a class, to what one student has handed in."""


def refuse(path: Path) -> None:
    """Raise `SubmissionError` for an export of a class: it is not graded as one submission.

    Only a metadata file beside folders of submissions counts, at the top or in the one folder there, and names that two
    platforms give to what several students have handed in.
    """
    names = set(_in_folder(path) if path.is_dir() else in_zip(path))
    tops = {name.partition("/")[0] for name in names if not name.startswith(".")} - {*_IGNORED}
    for above in ("", *(f"{top}/" for top in tops if len(tops) == 1)):
        there = {name.removeprefix(above).partition("/")[0] for name in names if name.startswith(above)}
        if len({found.groups() for name in there if (found := _OF_SOMEBODY.fullmatch(name))}) > 1:
            raise SubmissionError(f"{path} is a download of a class: use SUBMISSIONS=.")
        beside = re.compile(rf"{re.escape(above)}submission_\d+/.*", re.DOTALL)
        if above + METADATA in names and any(map(beside.fullmatch, names)):
            raise SubmissionError(f"{path} is an export of a class ({METADATA}): use SUBMISSIONS=.")


def _in_folder(folder: Path, above: str = "") -> Iterator[str]:
    try:
        listed = [(one, one.is_dir() and not one.is_symlink()) for one in folder.iterdir()]
    except OSError:
        return
    yield from (f"{above}{one.name}{'/' if is_folder else ''}" for one, is_folder in listed)
    folders = [one for one, is_folder in listed if is_folder and one.name not in _IGNORED]
    if not above and len(folders) == 1:
        yield from _in_folder(folders[0], f"{folders[0].name}/")


def in_zip(path: Path) -> Iterator[str]:
    """The names in a zip's directory, which is its end; none where it cannot be read."""
    try:
        with path.open("rb") as file:
            if file.read(2) != _ENTRY[:2]:
                return
            file.seek(max(0, path.stat().st_size - LARGEST_DIRECTORY))
            directory = file.read(LARGEST_DIRECTORY)
    except OSError:
        return
    end = _directory_begins(directory)  # later that of the last name: whatever lengths claim, no byte counts twice
    while (entry := directory.find(_ENTRY, end)) >= 0 and entry + _TO_NAME <= len(directory):
        (length,) = struct.unpack_from("<H", directory, entry + _TO_LENGTH)
        end = entry + _TO_NAME + length
        if length <= LONGEST_NAME:
            yield directory[entry + _TO_NAME : end].decode(errors="replace").replace("\\", "/")


def _directory_begins(tail: bytes) -> int:
    """Where in the last bytes of a zip its own directory begins: before it may be that of a zip within."""
    last = tail.rfind(_LAST)
    if last < 0 or last + _TO_SIZE + 4 > len(tail):
        return 0
    (size,) = struct.unpack_from("<I", tail, last + _TO_SIZE)
    return max(0, last - int(size) - _LOCATORS)
