"""What other systems give and take: Gradescope's grades as a roster, Canvas's gradebook, Brightspace's import."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.course.entries import Entry, Person, fresh_key, text
from grader.course.files import table
from grader.course.gradebook import Line
from grader.errors import CourseError
from grader.rubric import Row

_ASSIGNMENT = re.compile(r".+ \(\d+\)")
LARGEST_TABLE = 64 * 2**20


def _rows(path: Path) -> list[list[str]]:
    """The cells of a CSV; raises `CourseError` for what is none."""
    try:
        content = path.read_bytes()[:LARGEST_TABLE].decode("utf-8-sig", errors="replace").replace("\0", "")
        return list(csv.reader(io.StringIO(content, newline="")))
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from error
    except csv.Error as error:
        raise CourseError(f"{path} is no table: {error}.") from error


def add_roster(entries: list[Entry], path: Path) -> None:
    """Add an entry for everybody in the platform's grades who handed nothing in, and the lateness of those who did.

    Raises `CourseError` for a table without names and ids.
    """
    rows = _rows(path)
    names = {name.strip().casefold(): place for place, name in reversed(list(enumerate(rows[0] if rows else [])))}
    if not ({"sid", "email"} & names.keys()):
        raise CourseError(f"{path} has neither a column SID nor a column Email: give the platform's own grades.")

    def cell(row: list[str], *columns: str) -> str:
        told = [row[names[one]] for one in columns if one in names and names[one] < len(row)]
        return text(" ".join(filter(None, told)))

    known: dict[str, list[Entry]] = {}
    for entry in entries:
        for one in entry.people:
            for key in {one.sid, one.email.casefold()} - {""}:
                known.setdefault(key, []).append(entry)
        known.setdefault(entry.key.removeprefix("submission_"), []).append(entry)
    for row in rows[1:]:
        number, sid, email = cell(row, "submission id"), cell(row, "sid"), cell(row, "email")
        of = known.get(number) or known.get(sid) or known.get(email.casefold()) if number or sid or email else None
        if of:
            of[0].lateness = cell(row, "lateness (h:m:s)") or of[0].lateness
            continue
        person = Person(cell(row, "name") or cell(row, "first name", "last name"), sid, email)
        if person == Person():
            continue
        key = fresh_key(f"missing_{sid or email or person.name}", (one.key for one in entries))
        handed_in = cell(row, "status").casefold() not in ("", "missing")
        reason = "The grades name a submission that is not in the download." if handed_in else "Nothing was handed in."
        entries.append(Entry(key, key, None, (person,), reason=reason))


@dataclass(frozen=True)
class Filled:
    """A filled copy of Canvas's gradebook, and who could not be matched on either side."""

    content: str
    column: str
    not_in_canvas: list[str]
    without_points: list[str]


def fill_canvas(path: Path, lines: Sequence[Line], rows: Sequence[Row], column: str = "") -> Filled:
    """Fill one column of a copy of Canvas's own export and change nothing else.

    `column` is a part of its title; without it the only assignment is meant. Raises `CourseError` when it is not one.
    """
    cells = _rows(path)
    titles = cells[0] if cells else []
    wanted = re.compile(f".*{re.escape(column)}.*", re.IGNORECASE) if column else _ASSIGNMENT
    found = [place for place, name in enumerate(titles) if wanted.fullmatch(name)]
    if len(found) != 1 or "ID" not in titles:
        which = ", ".join(name for name in titles if _ASSIGNMENT.fullmatch(name)) or "none"
        raise CourseError(f"{path}: name one assignment by COLUMN= (there are: {text(which)}).")
    by: dict[str, list[Line]] = {}
    for line in lines:
        for one in line.entry.people:
            for key in {one.sid, one.email.casefold(), one.email.casefold().partition("@")[0]} - {""}:
                by.setdefault(key, []).append(line)
    places = [titles.index(name) for name in ("ID", "SIS User ID", "SIS Login ID") if name in titles]
    used: set[str] = set()
    without = []
    for row in cells[1:]:
        if not row or row[0].strip() in ("Points Possible", "") or len(row) <= found[0]:
            continue
        of = next((by[key] for place in places if (key := row[place].strip().casefold()) in by), [])
        total = of[0].total(rows) if len({line.entry.key for line in of}) == 1 else None
        used.update(line.entry.key for line in of)
        if total is None:
            why = " (several submissions)" if len(of) > 1 else " (not graded)" if of else ""
            without.append(text(row[0]) + why)
        else:
            row[found[0]] = f"{total:g}"
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(cells)
    missing = [
        f"{line.entry.shown} ({line.entry.key})" for line in lines if line.outcome and line.entry.key not in used
    ]
    return Filled(written.getvalue(), titles[found[0]], missing, without)


def brightspace(lines: Sequence[Line], rows: Sequence[Row], title: str) -> str:
    """What Brightspace imports: an id, the points under the title of the grade item, and the mark of the line's end."""
    told = [["OrgDefinedId", f"{text(title)} Points Grade", "End-of-Line Indicator"]]
    for line in lines:
        total = line.total(rows)
        told += [[one.sid, f"{total:g}", "#"] for one in line.entry.people if one.sid and total is not None]
    return table(told)
