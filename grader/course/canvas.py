"""Canvas's own gradebook: one column of a copy is filled, and everything that people should look at is told."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.course.entries import text
from grader.course.gradebook import Line
from grader.errors import CourseError
from grader.rubric import Row, graded

MOST_NAMED = 20
"""Assignments that are named where one has to be chosen."""
_MARK = b"\xef\xbb\xbf"
_ASSIGNMENT = re.compile(r"(?P<name>.+) \(\d+\)")
_POSSIBLE = "Points Possible"
_OF_A_PERSON = ("SIS User ID", "SIS Login ID", "Email")
"""Columns that other systems know as well. Canvas's "ID" is a number of its own, and may be another's student id."""


@dataclass
class Table:
    """A gradebook of Canvas as it was read: its cells, the column that is meant, and how the file is written."""

    cells: list[list[str]]
    place: int
    mark: bytes
    line_end: str
    ended: bool
    """Whether its last line has an end as well."""

    @property
    def column(self) -> str:
        """The title of the column that is meant."""
        return self.cells[0][self.place]

    @property
    def possible(self) -> str:
        """What Canvas has as the points of this assignment."""
        return next((_cell(row, self.place) for row in self.cells if _cell(row, 0) == _POSSIBLE), "")

    def people(self) -> Iterator[list[str]]:
        """The rows of people."""
        for row in self.cells[1:]:
            if _cell(row, 0) not in (_POSSIBLE, "") and len(row) > self.place:
                yield row

    def content(self) -> bytes:
        """The table as a file, written as the one that was read."""
        written = io.StringIO()
        csv.writer(written, lineterminator=self.line_end).writerows(self.cells)
        said = written.getvalue() if self.ended else written.getvalue().removesuffix(self.line_end)
        return self.mark + said.encode("utf-8", errors="surrogateescape")


@dataclass(frozen=True)
class Filled:
    """A filled copy, who could not be matched on either side, and how many scores gave way to others."""

    content: bytes
    column: str
    not_in_canvas: list[str] = field(default_factory=list)
    without_points: list[str] = field(default_factory=list)
    replaced: int = 0
    warning: str = ""
    by_number: bool = False
    """Whether people were matched by Canvas's own number."""


def read(path: Path, column: str = "") -> Table:
    """Canvas's export; `column` is a part of the assignment's title, without it the only assignment is meant.

    Raises `CourseError` for another file, and where not one assignment is meant.
    """
    try:
        raw = path.read_bytes()
        content = raw.removeprefix(_MARK).decode(errors="surrogateescape").replace("\0", "")
        cells = list(csv.reader(io.StringIO(content, newline="")))
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from error
    except csv.Error as error:
        raise CourseError(f"{path} is no table: {error}.") from error
    titles = cells[0] if cells else []
    if "Student" not in titles[:1] or not any(_cell(row, 0) == _POSSIBLE for row in cells):
        raise CourseError(
            f"{path} is no gradebook of Canvas: its first column is Student, and a row says {_POSSIBLE}. "
            "Export it there (Grades > Export), and give the file as it came."
        )
    place = _chosen(path, titles, column)
    line_end = "\r\n" if content.partition("\n")[0].endswith("\r") else "\n"
    return Table(cells, place, _MARK if raw.startswith(_MARK) else b"", line_end, content.endswith("\n"))


def _chosen(path: Path, titles: Sequence[str], column: str) -> int:
    """Where the assignment stands that is meant; raises `CourseError` when it is not one."""
    assignments = {place: found["name"] for place, name in enumerate(titles) if (found := _ASSIGNMENT.fullmatch(name))}
    wanted = column.strip().casefold()
    exact = [k for k, name in assignments.items() if wanted in (name.casefold(), titles[k].casefold())]
    meant = exact or [place for place in assignments if wanted in titles[place].casefold()]
    if len(meant) == 1:
        return meant[0]
    named = [text(titles[place]) for place in assignments]
    more = [f"and {len(named) - MOST_NAMED} more"] if len(named) > MOST_NAMED else []
    there = f"there are: {', '.join([*named[:MOST_NAMED], *more]) or 'none'}"
    if not assignments:
        raise CourseError(f"{path} has no assignment: make it in Canvas, and export the gradebook again.")
    if not meant:
        raise CourseError(f"{path} has no assignment called {text(column)!r} ({there}).")
    raise CourseError(f"{path}: name one assignment by COLUMN= ({there}).")


def fill(table: Table, lines: Sequence[Line], rows: Sequence[Row]) -> Filled:
    """Fill one column of a copy and change nothing else.

    A row gets points where its columns name one submission: the ids and addresses that other systems know or, where it
    names more of this class, Canvas's own number. Never both: the number of one may be the student id of another.
    """
    names = _Names(lines)
    people = list(table.people())
    by_columns = [names.by_columns([_named(table, row, name) for name in _OF_A_PERSON]) for row in people]
    by_number = [Meant(names.exact.get(_named(table, row, "ID"), frozenset())) for row in people]
    number_counts = sum(map(bool, by_number)) > sum(map(bool, by_columns))
    meant = _each_for_one_row(by_number if number_counts else by_columns)
    found = [({key for key, _ in one.people}, one.why) for one in meant]
    by_key = {line.entry.key: line for line in lines}
    used, without, replaced = {key for of, _ in found for key in of}, [], 0
    for row, (of, why) in zip(people, found, strict=True):
        total = by_key[next(iter(of))].total(rows) if len(of) == 1 and not why else None
        if total is None:
            why = why or ("several submissions" if len(of) > 1 else "not graded" if of else "")
            without.append(text(row[0]) + (f" ({why})" if why else ""))
            continue
        replaced += _differs(row[table.place], total)
        row[table.place] = f"{total:g}"
    missing = [
        f"{line.entry.shown} ({line.entry.key})" for line in lines if line.outcome and line.entry.key not in used
    ]
    possible, warning = graded(list(rows)), ""
    if _differs(table.possible or "none", possible):
        warning = f"Canvas has {text(table.possible) or 'no'} possible points for it, the rubric has {possible:g}."
    return Filled(table.content(), table.column, missing, without, replaced, warning, number_counts)


@dataclass(frozen=True)
class Meant:
    """Whom a row names: people of submissions, by the submission and the place in it; or none, and why.

    `by_login` is whether only the first part of an address says so, which anybody can have elsewhere.
    """

    people: frozenset[tuple[str, int]] = frozenset()
    why: str = ""
    by_login: bool = False

    def __bool__(self) -> bool:
        return bool(self.people or self.why)


def _each_for_one_row(found: Sequence[Meant]) -> list[Meant]:
    """The same without those who are named by several rows: one person's points are not for two.

    Where one of the rows names the person by an id, those that do by a login alone are the wrong ones.
    """
    exact = Counter(person for one in found if not one.by_login for person in one.people)
    logins = Counter(person for one in found if one.by_login for person in one.people)
    return [
        Meant(why="another row names the same person")
        if any(exact[person] + (logins[person] if one.by_login else 0) > 1 for person in one.people)
        else one
        for one in found
    ]


class _Names:
    """Whom an id, an address or a login names: exactly, or by the first part of an address alone."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.exact: dict[str, frozenset[tuple[str, int]]] = {}
        self.logins: dict[str, frozenset[tuple[str, int]]] = {}
        for line in lines:
            for place, one in enumerate(line.entry.people):
                for of, key in (
                    (self.exact, one.sid), (self.exact, one.email), (self.logins, one.email.partition("@")[0])
                ):  # fmt: skip
                    if key:
                        name = key.casefold()
                        of[name] = of.get(name, frozenset()) | {(line.entry.key, place)}

    def by_columns(self, cells: Sequence[str]) -> Meant:
        """Whom these cells name; nobody, and why, where they name different submissions."""
        exact, logins = ([of[one] for one in cells if one in of] for of in (self.exact, self.logins))
        named = exact or logins
        keys = [[{key for key, _ in one} for one in of] for of in ([*exact, *logins], named)]
        if any(not one & other for one in keys[0] for other in keys[1]):
            return Meant(why="its columns name different people")
        return Meant(frozenset().union(*named), by_login=not exact)


def _cell(row: Sequence[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""


def _named(table: Table, row: Sequence[str], title: str) -> str:
    """What the column of this title says in a row, to be compared; nothing where there is none."""
    titles = table.cells[0]
    return _cell(row, titles.index(title)).casefold() if title in titles else ""


def _differs(cell: str, points: float) -> bool:
    """Whether a cell says something, and not these points."""
    try:
        return bool(cell.strip()) and abs(float(cell) - points) > 5e-4
    except ValueError:
        return True
