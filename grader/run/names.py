"""Which of the files handed in is meant for which module, by its name.

Browsers, editors, file managers and learning platforms change names: "file (1).py", "FILE.py", "file.py.txt",
"exampleada_340934_208490284_file-1.py".
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

LONGEST_SHOWN = 60
EXACT, SAME, WITHIN, LAST_WORD = range(4)
"""How well a name fits: it is the module's; up to case, blanks and marks of a copy; with more around it; only its last
word."""

_ENDS = re.compile(r"\.(pyw?|txt)$")
_COPY_MARK = re.compile(
    r"(?:\s*\(\d{1,3}\)|\s*\[\d{1,3}\]|[\s_.-]+v?\d{1,3}|[\s_-]*(?:copy|copie|kopie|copia|cópia)(?:[\s_-]*\d{1,3})?"
    r"|[\s_-]*副本|[\s_.~-]+)$"
)
_MOST_MARKS = 8
"""Ends and marks of a copy that are taken off one name."""
_LONG_RUN = re.compile(r"[\s_.~-]{3,}(?=[\s_.~-])")
"""What in a name makes looking for marks slow, up to its last sign, which may belong to an end."""
_COPY_OF = re.compile(r"^(?:copy|copie|kopie|copia|cópia)\s+(?:\(\d+\)\s+)?(?:of|de|von|di)\s+")
_NO_CODE = re.compile(r"(?<![a-z])tests?(?![a-z])")
_OLDER = re.compile(r"(?<![a-z])(?:old|older|backup|bak|archive|previous|draft|tmp|temp|trash|unused)(?![a-z])")
_MARK_BEFORE_END = re.compile(r"(?:-\d{1,3}| ?\(\d{1,3}\))(?=\.\w+$)")


@dataclass(frozen=True)
class Found:
    """A file that was handed in: where it is, and its path as the student knows it, of `depth` folders."""

    path: Path
    known_as: PurePosixPath

    @property
    def name(self) -> str:
        """Its name."""
        return self.path.name

    @property
    def depth(self) -> int:
        """Folders, and archives, above it."""
        return len(self.known_as.parts)


def shown(name: str | PurePosixPath) -> str:
    """A name as it can be shown: in ASCII, in quotes, of bounded length."""
    text = str(name)
    return ascii(text if len(text) <= LONGEST_SHOWN else f"...{text[-LONGEST_SHOWN:]}")


def fit(name: str, module: str) -> int | None:
    """How well a file's name fits a module, the smaller the better; None when it is none of its."""
    if name == f"{module}.py":
        return EXACT
    if name.startswith("."):
        return None
    stem, is_python = _plain(name)
    squeezed, wanted = _squeezed(stem), _squeezed(module)
    if is_python is None:
        return None
    if squeezed == wanted or _squeezed(_COPY_OF.sub("", stem)) == wanted:
        return SAME
    if not is_python or _NO_CODE.search(stem):
        return None
    if wanted in squeezed:
        return WITHIN
    last = module.rpartition("_")[2]
    return LAST_WORD if re.search(rf"(?<![a-z]){last}(?![a-z])", stem) else None


def resembles(name: str, module: str) -> bool:
    """Whether a file of any kind has a name like a module's."""
    return not name.startswith(".") and module.rpartition("_")[2] in _text(name)


def _text(name: str) -> str:
    """A name in small letters, without what cannot be seen."""
    text = unicodedata.normalize("NFKC", os.fsencode(name).decode("utf-8", "replace")).casefold()
    return "".join(one for one in text if unicodedata.category(one) not in ("Cf", "Cc")).strip()


@lru_cache(maxsize=20_000)
def _plain(name: str) -> tuple[str, bool | None]:
    """A name without its ends and marks of a copy; whether it ends as Python does, None if not even as a text."""
    stem, ends = _LONG_RUN.sub("_", _text(name)), set()
    for _ in range(_MOST_MARKS):
        if found := _ENDS.search(stem):
            ends.add(found[1])
        elif (found := _COPY_MARK.search(stem)) is None or not found[0]:
            break
        stem = stem[: found.start()]
    return stem, bool(ends - {"txt"}) if ends else None


def _squeezed(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)


def nearest(found: Sequence[Found]) -> list[Found]:
    """In the order of the rule for several versions: nearest to the top first, of these the last by name.

    Numbers in a name count as numbers, and what is called old comes last.
    """

    def key(one: Found) -> tuple[bool, list[tuple[int, str]]]:
        text = str(one.known_as).casefold()
        parts = re.findall(r"\d+|\D+", text)
        return not _OLDER.search(text), [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]

    return sorted(sorted(found, key=key, reverse=True), key=lambda one: one.depth)


def undecorated(name: str, taken_as: str, module: str) -> str:
    """The name that a file had before a platform changed it, as it changed the module's from `MODULE.py`."""
    place = taken_as.lower().find(module)
    prefix = taken_as[: max(0, place)]
    pattern = "".join(r"\d+" if part.isdigit() else re.escape(part) for part in re.findall(r"\d+|\D+", prefix))
    return _MARK_BEFORE_END.sub("", re.sub(f"^{pattern}", "", name)) if name != taken_as else name
