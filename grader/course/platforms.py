"""What other systems give and take: Gradescope's grades as a roster, Brightspace's import."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from grader.course.entries import Entry, Person, fresh_key, text
from grader.course.files import table
from grader.course.gradebook import Line
from grader.errors import CourseError
from grader.rubric import Row

_OF_THE_COURSE = " - max points"
"""How the titles of columns end that the table of one assignment does not have."""
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
    if "status" not in names and any(name.endswith(_OF_THE_COURSE) for name in names):
        raise CourseError(
            f"{path} is the gradebook of the whole course: give the assignment's own (Review Grades > Download Grades)."
        )

    def cell(row: list[str], *columns: str) -> str:
        told = [row[names[one]] for one in columns if one in names and names[one] < len(row)]
        return text(" ".join(filter(None, told)))

    known: dict[tuple[str, str], list[Entry]] = {}  # by kind: one's number may be another's id
    for entry in entries:
        for one in entry.people:
            for kind, key in (("sid", one.sid), ("email", one.email.casefold())):
                known.setdefault((kind, key), []).append(entry)
        known.setdefault(("number", entry.key.removeprefix("submission_")), []).append(entry)
    for row in rows[1:]:
        number, sid, email = cell(row, "submission id"), cell(row, "sid"), cell(row, "email")
        told = [("number", number), ("sid", sid), ("email", email.casefold())]
        of = next((known[one] for one in told if one[1] and one in known), None)
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


def brightspace(lines: Sequence[Line], rows: Sequence[Row], title: str) -> tuple[str, list[str]]:
    """What Brightspace imports: an id, the points under the title of the grade item, and the mark of the line's end.

    Of an id with several submissions it would take the last: such ids are left out, and are what is returned beside.
    """
    told = [["OrgDefinedId", f"{text(title)} Points Grade", "End-of-Line Indicator"]]
    of: dict[str, set[str]] = {}
    for line in lines:
        for one in line.entry.people:
            of.setdefault(one.sid.casefold(), set()).add(line.entry.key)
    for line in lines:
        total = line.total(rows)
        ids = dict.fromkeys(one.sid for one in line.entry.people if one.sid and len(of[one.sid.casefold()]) == 1)
        told += [[sid, f"{total:g}", "#"] for sid in ids if total is not None]
    return table(told), sorted(sid for sid, keys in of.items() if sid and len(keys) > 1)
