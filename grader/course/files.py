"""Files of a class's results: whole or not there, and for nobody but their owner."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

Cell = str | float | int | None
_STARTS_A_FORMULA = re.compile(r"(^|[;\t][\s\"]*)(?=[=+\-@\t\r\uff1d\uff0b\uff0d\uff20])")
"""Where a spreadsheet would take what follows for a formula: at a cell's start, and after what it separates cells by
where a comma stands in numbers. The last four are the same signs as East Asian keyboards write them."""


def put(path: Path, content: str | bytes) -> None:
    """Write a file in one step, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    os.replace(temporary, path)


def table(rows: Iterable[Sequence[Cell]]) -> str:
    """Rows as CSV; a text that a spreadsheet would take for a formula gets an apostrophe before it."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows([[_cell(cell) for cell in row] for row in rows])
    return written.getvalue()


def _cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        guarded = _STARTS_A_FORMULA.sub(r"\1'", cell)
        return guarded.replace("\r", " ")  # the csv module does not quote it, and readers end the row there
    return f"{cell:.10g}"
