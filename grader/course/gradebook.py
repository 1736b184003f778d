"""The gradebook: a row for each submission, another table with one for each person, and all outcomes as JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.course import late
from grader.course.entries import Entry, Person
from grader.course.files import Cell, put, table
from grader.course.outcome import Graded
from grader.rubric import Row, graded
from tests.support.status import Status

NAME, BY_PERSON, LINES = "gradebook.csv", "gradebook-by-person.csv", "outcomes.jsonl"
UNFINISHED = "unfinished-"
"""How the names of tables begin in which submissions are still missing."""


@dataclass(frozen=True)
class Line:
    """One submission and what became of it; `reason` says why there is no outcome, or none of one of its files."""

    entry: Entry
    outcome: Graded | None
    reason: str = ""

    @property
    def status(self) -> str:
        """One word for how it stands."""
        if self.outcome is None:
            return "not graded"
        return "grader error" if self.of_the_grader else "graded"

    @property
    def of_the_grader(self) -> bool:
        """Whether points are missing because the grader itself has failed."""
        return any(one.status == Status.GRADER_ERROR for one in self.outcome.checks.values()) if self.outcome else False

    def points(self, row: Row) -> float | None:
        """Points of a check; None where there is no outcome of it."""
        found = self.outcome.checks.get(row.name) if self.outcome else None
        return None if found is None or row.by_hand else round(row.points * min(1.0, max(0.0, found.credit)), 3)

    def total(self, rows: Sequence[Row]) -> float | None:
        """Points of the whole; None where nothing was graded, or the grader has failed: such a total is nobody's."""
        if self.outcome is None or self.of_the_grader:
            return None
        return round(sum(self.points(row) or 0.0 for row in rows), 3)

    @property
    def remarks(self) -> list[str]:
        """All that people should know of this row."""
        found = [self.reason, *self.entry.remarks]
        if self.outcome:
            found += [*self.outcome.notes, *self.outcome.broken_imports()]
            found += ["The grader itself failed in part: see its result."] if self.outcome.failed else []
        return [one for one in found if one]


def relevant(rows: Sequence[Row], lines: Sequence[Line]) -> list[Row]:
    """The rows with points, and of the others those that somebody has: self-checks are only of what was handed in.

    Those of a file that nobody has begun say nothing: it was handed in as it was handed out.
    """
    checks = [line.outcome.checks for line in lines if line.outcome]
    had = {name for one in checks for name in one}
    begun = {
        row.module
        for row in rows
        if any(row.name in one and one[row.name].status != Status.NOT_IMPLEMENTED for one in checks)
    }
    return [row for row in rows if row.points or (row.name in had and (not row.self_check or row.module in begun))]


def header(rows: Sequence[Row]) -> list[Cell]:
    """The names of the columns."""
    late_column = ["After lateness"] if late.POLICY else []
    checks = [f"{row.number} {row.name}" for row in rows if not row.by_hand]
    return [
        *("Submission", "Name", "SID", "Email", "Status", "Total", "Possible", *late_column, "Submitted", "Lateness"),
        *(*checks, "Remarks", "Not in force"),
    ]


def cells(line: Line, rows: Sequence[Row], people: Sequence[Person]) -> list[Cell]:
    """One row for these people."""
    total, outcome = line.total(rows), line.outcome
    remaining = [None if total is None else late.remaining(total, line.entry.lateness)] if late.POLICY else []
    checks: list[Cell] = []
    for row in rows:
        if not row.by_hand:
            found = outcome.checks.get(row.name) if outcome else None
            checks.append(line.points(row) if row.points else found.status if found else None)
    return [
        line.entry.key,
        *(_joined([getattr(person, field) for person in people]) for field in ("name", "sid", "email")),
        *(line.status, total, graded(list(rows)), *remaining, line.entry.submitted, line.entry.lateness),
        *(*checks, " ".join(line.remarks), "; ".join(outcome.missing) if outcome else ""),
    ]


def _joined(known: Sequence[str]) -> str:
    """What is known of each of several people, in their order; nothing where it is known of none."""
    return "; ".join(known) if any(known) else ""


def by_submission(lines: Iterable[Line], rows: Sequence[Row]) -> str:
    """The gradebook as CSV."""
    return table([header(rows), *(cells(line, rows, line.entry.people) for line in lines)])


def by_person(lines: Iterable[Line], rows: Sequence[Row]) -> str:
    """The same with a row for each person, so that a group's stands for each of its members."""
    return table(
        [header(rows), *(cells(line, rows, [one]) for line in lines for one in line.entry.people or (Person(),))]
    )


def as_lines(lines: Iterable[Line], rows: Sequence[Row]) -> Iterator[str]:
    """Each submission as one line of JSON: everything that is known of it, with what the student reads."""
    for line in lines:
        entry, outcome = line.entry, line.outcome
        yield (
            json.dumps(
                {
                    "submission": entry.key,
                    "people": [{"name": one.name, "sid": one.sid, "email": one.email} for one in entry.people],
                    "submitted": entry.submitted,
                    "lateness": entry.lateness,
                    "status": line.status,
                    "total": line.total(rows),
                    "possible": graded(list(rows)),
                    "remarks": line.remarks,
                    "checks": [
                        {
                            "number": row.number,
                            "check": row.name,
                            "points": line.points(row),
                            "possible": row.points,
                            "status": outcome.checks[row.name].status,
                            "text": outcome.checks[row.name].text,
                        }
                        for row in rows
                        if outcome and row.name in outcome.checks
                    ],
                    "in_force": outcome.in_force if outcome else [],
                    "not_in_force": outcome.missing if outcome else [],
                },
                ensure_ascii=False,
            )
            + "\n"
        )


def write(out: Path, lines: Sequence[Line], rows: Sequence[Row], complete: bool) -> list[Path]:
    """Write the tables; the names say when submissions are still missing, and only one kind is there."""
    texts = {
        NAME: by_submission(lines, rows),
        BY_PERSON: by_person(lines, rows),
        LINES: "".join(as_lines(lines, rows)),
    }
    written = []
    for name, content in texts.items():
        withdraw(out, name, finished=complete)
        path = out / (name if complete else UNFINISHED + name)
        put(path, content)
        written.append(path)
    return written


def withdraw(out: Path, name: str = "", finished: bool = False) -> None:
    """Remove the finished tables of an earlier run, or with `finished` the unfinished ones."""
    for one in [name] if name else [NAME, BY_PERSON, LINES]:
        (out / (UNFINISHED + one if finished else one)).unlink(missing_ok=True)
