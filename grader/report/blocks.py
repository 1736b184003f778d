"""The text of a row in blocks: its labelled parts, lines that may be wrapped, and tables, which must not be."""

from __future__ import annotations

import re
from dataclasses import dataclass

LABELS = ("Yours", "Expected", "Likely mistake", "Look at")
"""The parts of a finding, as `tests.support.verdicts` writes them."""
_LABELLED = re.compile(rf"({'|'.join(LABELS)}):[ ]*(.*)")
_TABULAR = re.compile(r"\S {2,}\S")


@dataclass(frozen=True)
class Block:
    """Some lines of a text that belong together, under the label of their part if they begin it."""

    label: str
    text: str
    table: bool


def blocks(text: str) -> list[Block]:
    """The blocks of a text, in their order; nothing of it is lost but labels' colons and spaces."""
    found: list[Block] = []
    for paragraph in re.split(r"\n{2,}", text.strip("\n")):
        for label, lines in _parts(paragraph.split("\n")):
            found += _divided(label, lines)
    return found


def _parts(lines: list[str]) -> list[tuple[str, list[str]]]:
    """The lines of a paragraph by part; a part begins where a line has a label."""
    parts: list[tuple[str, list[str]]] = [("", [])]
    for line in lines:
        if labelled := _LABELLED.fullmatch(line):
            parts.append((labelled[1], [labelled[2]] if labelled[2] else []))
        else:
            parts[-1][1].append(line)
    return [part for part in parts if part[0] or part[1]]


def _divided(label: str, lines: list[str]) -> list[Block]:
    """One block for each run of lines that form a table, or form none: two lines with columns make a table."""
    columns = [False, *(bool(_TABULAR.search(line)) for line in lines), False]
    runs: list[tuple[bool, list[str]]] = []
    for before, here, after, line in zip(columns, columns[1:], columns[2:], lines, strict=False):
        table = here and (before or after)
        if runs and runs[-1][0] == table:
            runs[-1][1].append(line)
        else:
            runs.append((table, [line]))
    texts = [Block("", "\n".join(run), table) for table, run in runs] or [Block("", "", False)]
    return [Block(label, texts[0].text, texts[0].table), *texts[1:]]
