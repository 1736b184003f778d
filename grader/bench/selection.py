"""Which files are taken of a hand-in, by their names, and how large each may be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from grader.messages import Wanted

_SOURCE = re.compile(r"\.(?:pyw?|ipynb|txt|json|ya?ml|toml|ini|cfg)\b[\s\w().~-]{0,20}$", re.IGNORECASE)
"""Sources, under whatever name a browser or an editor gave them, and what they may read beside them."""
_PROGRAM = re.compile(r"\.(?:pyw?|ipynb)\b", re.IGNORECASE)
_ARCHIVE = re.compile(r"\.(?:zip|tar|tgz|tbz2?|txz|gz|bz2|xz|rar|7z|zst|z|cab|iso|dmg|lzh|arj)$", re.IGNORECASE)

_PASSED_OVER = ("__MACOSX", "__pycache__", "venv", "site-packages", "node_modules", "$RECYCLE.BIN", "wandb")
ENVIRONMENT = "pyvenv.cfg"
"""What lies in the folder of a virtual environment, whatever that is called, and even where the homework lies too."""
OF_ENVIRONMENT = ("bin", "lib", "lib64", "include", "share", "etc", "Scripts", "Lib", "Include")
"""The folders of an environment."""


def largest(name: str, wanted: Iterable[Wanted]) -> int:
    """Bytes that a file of this name may have; 0 for a name that is not taken."""
    return max((one.largest for one in wanted if re.fullmatch(one.pattern, name)), default=0)


def selected(names: Iterable[str], wanted: Iterable[Wanted]) -> list[str]:
    """Of these names, those that are taken: where many match one pattern, those with the largest numbers."""
    return [name for one in wanted for name in _latest(sorted(set(names)), one)]


def is_source(name: str) -> bool:
    """Whether a file of this name may be a source, or what one reads."""
    return _SOURCE.search(name) is not None


def may_be_wanted(name: str, wanted: Iterable[Wanted]) -> bool:
    """Whether a file that is taken may have this name once a browser or a platform has changed it."""
    parts = [one.pattern.rpartition(r"\.") for one in wanted]
    return any(name.endswith(f".{end}") and re.search(stem, name) for stem, _, end in parts)


def is_program(name: str) -> bool:
    """Whether a file of this name may be a program or a notebook."""
    return _PROGRAM.search(name) is not None


def is_passed_over(folder: str) -> bool:
    """Whether a folder of this name holds nothing that a student wrote."""
    return folder in _PASSED_OVER or folder.startswith(".")


def is_archive(name: str) -> bool:
    """Whether a file of this name is an archive."""
    return _ARCHIVE.search(name) is not None


def _latest(names: Sequence[str], one: Wanted) -> list[str]:
    found = [match for name in names if (match := re.fullmatch(one.pattern, name))]
    return [match[0] for match in sorted(found, key=lambda match: int("".join(match.groups()) or 0))[-one.latest :]]
