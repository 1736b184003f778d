"""A process's own copy of a student's sources: it may write there, and their text is made readable to Python.

Done in the process in which the student's code runs, never elsewhere. Line numbers stay as they are.
"""

from __future__ import annotations

import ast
import codecs
import io
import re
import shutil
import tokenize
import warnings
from collections.abc import Iterator
from pathlib import Path

from tests.support.observations import ENCODING, IS_A_NOTEBOOK, NOTEBOOK_LINES

MOST_MIRRORED = 500
"""Files and folders of the copy that a check finds in its own folder."""
MOST_LINES = 200
"""Lines that only a notebook understands, of one file."""

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""What an editor puts at the start of a file; the longer ones first, which begin with the shorter."""
_DECLARATION = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*[-\w.]+.*$", re.MULTILINE)
_MAGIC = re.compile(r"^(\s*)(?:[%!?]|[\w, ]+=\s*[%!]).*$|^(\s*)[\w.]+\?{1,2}\s*$")
_OTHER_LANGUAGE = re.compile(
    r"^\s*%%(?:bash|sh|script|html|HTML|javascript|js|latex|markdown|svg|perl|ruby|cmd|system)\b"
)
_CELL = re.compile(r"^# ?(?:In ?\[|%%|<codecell>|\+)")


def copy(sources: Path, target: Path) -> list[str]:
    """Copy a student's files into a new folder; returns the remarks on their text."""
    remarks: list[str] = []
    target.mkdir(exist_ok=True)
    for path in sorted(sources.rglob("*")):
        place = target / path.relative_to(sources)
        if path.is_dir():
            place.mkdir(exist_ok=True)
        elif path.suffix == ".py":
            content, told = readable(path.read_bytes())
            place.write_bytes(content)
            remarks += told
        else:
            shutil.copyfile(path, place)
    return list(dict.fromkeys(remarks))


def mirror(source: Path, folder: Path) -> None:
    """Make the folders of a copy in another one, with links to its files: what an import made is there in a check."""
    for number, path in enumerate(_below(source)):
        if number == MOST_MIRRORED:
            return
        place = folder / path.relative_to(source)
        if path.is_dir() and not path.is_symlink():
            place.mkdir(exist_ok=True)
        else:
            place.symlink_to(path)


def _below(folder: Path) -> Iterator[Path]:
    """What is in a folder and below it, each folder before what is in it."""
    for path in sorted(folder.iterdir()):
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _below(path)


def readable(content: bytes) -> tuple[bytes, list[str]]:
    """A source as Python reads it, and the remarks on what was changed: its encoding, lines of a notebook."""
    content, remarks = _as_utf8(content)
    if content.lstrip()[:1] == b"{" and b'"cells"' in content and b'"nbformat"' in content:
        return f"raise ImportError({IS_A_NOTEBOOK!r})\n".encode(), remarks
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:  # it declares another encoding
        return content, remarks
    if any(map(_MAGIC.match, text.splitlines())):
        without = _without_magics(text)
        if without is not None:
            return without.encode(), [*remarks, NOTEBOOK_LINES]
    return content, remarks


def _as_utf8(content: bytes) -> tuple[bytes, list[str]]:
    """The bytes in UTF-8, unless Python can tell what they are."""
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), None) or _guessed(content)
    if encoding is None:
        return content, []
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return content, []
    first = "\n".join(text.splitlines()[:2])
    declared = _DECLARATION.search(first)
    if declared:
        text = text.replace(declared[0], "#", 1)
    return text.encode("utf-8", "replace"), [ENCODING]


def _guessed(content: bytes) -> str | None:
    """The encoding of a source that Python would refuse; None when it would not, or when nothing can be said."""
    if b"\0" in content:
        halves = content[0::2].count(0), content[1::2].count(0)
        most = len(content) // 2 * 0.4
        return "utf-16-be" if halves[0] > most > halves[1] else "utf-16-le" if halves[1] > most > halves[0] else None
    try:
        declared, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        content.decode(declared)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        # Whatever it is, the program itself is in ASCII, which nearly all encodings share: only words may be garbled.
        return "latin-1"
    return None


def _parses(text: str) -> int:
    """0 when a text is Python; else the line that is not, -1 when that cannot be told."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except SyntaxError as error:
            return error.lineno or -1
        except (ValueError, RecursionError, MemoryError):
            return -1
    return 0


def _without_magics(text: str) -> str | None:
    """The text with `pass` for each line that only a notebook understands; None when that does not make it Python."""
    changed = False
    for _ in range(MOST_LINES):
        wrong = _parses(text)
        if wrong == 0:
            return text if changed else None
        lines = text.split("\n")
        if not 0 < wrong <= len(lines):
            return None
        # A line that goes on after a mark of IPython's may be reported where it ends.
        place = next((n for n in range(wrong - 1, max(-1, wrong - 4), -1) if _MAGIC.match(lines[n])), None)
        if place is None:
            return None
        _blank(lines, place)
        text, changed = "\n".join(lines), True
    return None


def _blank(lines: list[str], place: int) -> None:
    """Take a magic away, with the lines that it goes on in: a cell of another language, or after a backslash."""
    magic = lines[place]
    end = place + 1
    if _OTHER_LANGUAGE.match(magic):
        while end < len(lines) and lines[end].strip() and not _CELL.match(lines[end]):
            end += 1
    else:
        while end < len(lines) and lines[end - 1].rstrip().endswith("\\"):
            end += 1
    indent = magic[: len(magic) - len(magic.lstrip())]
    lines[place:end] = [f"{indent}pass", *[""] * (end - place - 1)]
