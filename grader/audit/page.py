"""The audit as one page: its figures, the matrix of mutants and checks, the calibration, the attacks, the styles."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from grader.audit import cases as known
from grader.audit import naming
from grader.audit.run import PARTS, CaseResult
from grader.messages import Outcome
from grader.project import ROOT
from grader.report.templates import environment
from grader.rubric import Row
from tests.support.status import NO_FAULT, Status

CALIBRATION = ROOT / "out" / "calibration"
CLAIMS = {
    known.STYLES: "right submissions, each written differently, earn full marks",
    known.MUTANTS: "submissions with one mistake fail the checks that they should, those alone, and are told why",
    known.SAMPLE: "mistakes made by rule, of which a person has read the messages, are graded",
    known.ATTACKS: "hostile submissions earn what their honest part is worth and nothing else",
    known.HALVES: "half-finished submissions earn the points of what is finished",
}


@dataclass(frozen=True)
class Tally:
    """How many cases of a kind are as they must be, of those that were tried."""

    kind: str
    right: int
    tried: int
    untried: int


@dataclass(frozen=True)
class Cell:
    """What one check says of one mutant: `look` is how the cell is drawn, `message` what a pointer over it shows."""

    look: str
    message: str


@dataclass(frozen=True)
class MatrixLine:
    """One mutant: `first` is the first check, in the rubric's order, that must fail."""

    first: int
    name: str
    summary: str
    cells: list[Cell]


def how(part: int | None, kinds: Sequence[str]) -> str:
    """Where the cases were graded: which part of the mutants through the bench, and what the tests grade."""
    if part is None:
        return "All of it went through the bench."
    said = f"Of the mutants, part {part} of {PARTS} went through the bench, the others were graded in process"
    attacks = "" if known.ATTACKS in kinds else " `make test` grades the attacks."
    return f"{said}; the rest through the bench.{attacks} `make audit FULL=1` leaves nothing out."


def write(path: Path, verdicts: list[CaseResult], rows: list[Row], seconds: float, how: str) -> None:
    """Write the page of these verdicts under a rubric, graded in `seconds`, and `how` it was done."""
    ordered = sorted(verdicts, key=lambda verdict: verdict.case.name)
    text = (
        environment(Path(__file__).parent)
        .get_template("audit.html.j2")
        .render(
            figures=figures(verdicts),
            claims=CLAIMS,
            wrong=[verdict for verdict in ordered if verdict.complaints],
            rows=rows,
            questions=[(number, len(list(of))) for number, of in groupby(rows, key=lambda row: row.number)],
            groups=matrix([verdict for verdict in ordered if verdict.case.kind == known.MUTANTS], rows),
            told=naming.told(ordered, rows),
            ways=(naming.RIGHTLY, naming.MEASURED, naming.WRONGLY),
            calibration=calibration(CALIBRATION),
            attacks=[verdict for verdict in ordered if verdict.case.kind == known.ATTACKS],
            styles=[verdict for verdict in ordered if verdict.case.kind == known.STYLES],
            halves=[verdict for verdict in ordered if verdict.case.kind == known.HALVES],
            in_force=sorted({defence for verdict in verdicts for defence in verdict.in_force}),
            seconds=seconds,
            how=how,
        )
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def figures(verdicts: list[CaseResult]) -> list[Tally]:
    """One figure for each kind that was graded."""
    made = []
    for kind in CLAIMS:
        of_kind = [verdict for verdict in verdicts if verdict.case.kind == kind]
        tried = [verdict for verdict in of_kind if verdict.outcomes]
        right = sum(not verdict.complaints for verdict in tried)
        if of_kind:
            made.append(Tally(kind, right, len(tried), len(of_kind) - len(tried)))
    return made


def matrix(mutants: list[CaseResult], rows: list[Row]) -> list[tuple[str, list[MatrixLine]]]:
    """The mutants by the question of the first check that each must fail, in the rubric's order."""
    lines = sorted((_line(verdict, rows) for verdict in mutants), key=lambda line: (line.first, line.name))
    return [(number, list(of)) for number, of in groupby(lines, key=lambda line: rows[line.first].number)]


def _line(verdict: CaseResult, rows: list[Row]) -> MatrixLine:
    fails = verdict.case.fails
    first = min((index for index, row in enumerate(rows) if row.name in fails), default=0)
    name = verdict.case.name.partition("_")[2].replace("_", " ")
    summary = f"{verdict.case.name}: {verdict.score:g} points remain"
    return MatrixLine(
        first, name, summary, [_cell(row, verdict.outcomes.get(row.name, ABSENT), row.name in fails) for row in rows]
    )


ABSENT = Outcome(Status.PASSED, 1.0, "The file that this check is of was not handed in.")


def _cell(row: Row, outcome: Outcome, must_fail: bool) -> Cell:
    if (outcome.status not in NO_FAULT) != must_fail:
        look = "unexpected"
    elif not must_fail:
        look = Status.PASSED
    else:
        look = "partial" if outcome.credit > 0 else "caught"
    share = f", {outcome.credit:.0%} of {row.points:g} points" if row.points else ""
    message = f"{row.number} {row.title}\n{outcome.status}{share}"
    return Cell(look, f"{message}\n\n{outcome.output}" if must_fail or look == "unexpected" else message)


def calibration(folder: Path) -> dict[str, Any] | None:
    """What the calibration has measured and its plots as an address, or None when it has not been run."""
    measured, plots = folder / "calibration.json", folder / "calibration.svg"
    if not (measured.exists() and plots.exists()):
        return None
    picture = base64.b64encode(plots.read_bytes()).decode()
    return {**json.loads(measured.read_text(encoding="utf-8")), "plots": f"data:image/svg+xml;base64,{picture}"}
