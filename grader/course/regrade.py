"""The verb `regrade`: after a change of the grader, who goes up and who goes down, and why; written only when told to.

Only what has no outcome yet under this grader is graded, and of that only the checks that the change can touch. The
new outcomes are kept in the journal, so that writing them takes no second grading; the gradebook stays as it is until
`--yes`.
"""

from __future__ import annotations

import argparse
import threading
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from rich.console import Console

from grader.course import command, engine, figures, fingerprint, gradebook, outcome, page, touched
from grader.course.entries import Entry
from grader.course.gradebook import Line
from grader.course.journal import Check
from grader.errors import CourseError
from grader.project import SUITES
from grader.report import terminal
from grader.rubric import Row, read
from tests.support.homework.assignment import TITLE
from tests.support.observations import printable

LONGEST_REASON = 160


@dataclass(frozen=True)
class Change:
    """How one submission's points change, and each check by which they do."""

    entry: Entry
    before: float | None
    after: float | None
    reasons: tuple[str, ...]

    @property
    def difference(self) -> float:
        """Points more than before."""
        return round((self.after or 0.0) - (self.before or 0.0), 3)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which class, and whether to write."""
    command.add_class(parser)
    parser.add_argument("--workers", type=int, help="graded at once (default: as many as processors and memory allow)")
    parser.add_argument("--yes", action="store_true", help="write the new gradebook and pages")


def run(options: argparse.Namespace) -> int:
    """Show what changes; returns 0 when everything could be graded.

    Raises `CourseError` when nothing was graded before.
    """
    console = terminal.console(160)
    with command.results(options, runs_here=True) as journal:
        command.end_leftovers(options.out)
        course = command.opened(options, journal)
        rows, grader = read(SUITES), fingerprint.of_grader()
        checks = touched.checks_now(rows)
        tasks = command.tasks_of(course.entries)
        shown = journal.written()
        former = journal.checks_of(shown)
        old = {task.entry: journal.get(engine.key(task, shown)) for task in tasks} if shown else {}
        if not any(old.values()):
            raise CourseError(f"{options.out} has no gradebook of this class yet: `make grade` makes it.")
        if shown != grader:
            untouched = same(former, checks)
            _tell_what_is_touched(console, rows, untouched)
            tasks = [
                replace(task, known=outcome.kept(before, untouched)) if (before := old[task.entry]) else task
                for task in tasks
            ]
        stop = threading.Event()
        outcomes = command.grade_here(options, console, journal, tasks, stop)

        def each(line: Line) -> None:
            if options.yes:
                page.write_student(options.out, line)

        lines = command.lines_of(course.entries, outcomes, journal, tasks, each)
        found = changes(lines, {name: one for name, one in old.items() if one}, rows, as_they_were(rows, former))
        rows = gradebook.relevant(rows, lines)
        tell(console, found, len(tasks))
        if stop.is_set():
            return command.INTERRUPTED
        if options.yes:
            gradebook.write(options.out, lines, rows, outcomes.complete)
            title = f"{TITLE}: {options.submissions.name}"
            page.write(options.out, title, lines, rows, course.remarks, outcomes.complete)
            journal.set_written(grader, checks)
            console.print(f"Written to {options.out}.", markup=False)
        else:
            console.print("Nothing is written. To write it: the same command with YES=1.", markup=False)
    return 1 if outcomes.reasons else 0


def same(before: Iterable[Check], now: Iterable[Check]) -> set[str]:
    """The checks whose outcomes depend on the same as before."""
    depended = {one.name: one.depends_on for one in before}
    return {one.name for one in now if depended.get(one.name) == one.depends_on}


def as_they_were(rows: Sequence[Row], former: Sequence[Check]) -> list[Row]:
    """The rows with the points that they had, and those that are no longer there."""
    if not former:
        return list(rows)
    now = {row.name: row for row in rows}
    gone = Row("", "", "", 0.0, "hidden", "hidden", (), "")
    return [replace(now.get(one.name, gone), name=one.name, number=one.number, points=one.points) for one in former]


def _tell_what_is_touched(console: Console, rows: Sequence[Row], untouched: Collection[str]) -> None:
    """Which checks the change can touch: those alone are judged again."""
    again = [f"{row.number} {row.name}" for row in rows if row.name not in untouched]
    which = "" if len(again) in (0, len(rows)) else f": {', '.join(again)}"
    console.print(
        f"The change can touch {len(again)} of {len(rows)} checks{which}.",
        markup=False, highlight=False, soft_wrap=True,
    )  # fmt: skip


def changes(
    lines: Sequence[Line], old: dict[str, bytes], rows: Sequence[Row], former: Sequence[Row] | None = None
) -> list[Change]:
    """Every submission whose points are others than before, those that lose most first.

    `former` are the rows as they were, where they have changed.
    """
    former = rows if former is None else former
    was, now = ({row.name: row for row in some} for some in (former, rows))
    found = []
    for line in lines:
        if line.entry.key not in old:
            continue
        before = Line(line.entry, outcome.read(old[line.entry.key]))
        reasons = []
        for row in (was | now).values():
            points = [one.points(of[row.name]) if row.name in of else None for one, of in ((before, was), (line, now))]
            if points[0] != points[1]:
                reasons.append(_reason(row, points, before, line))
        if before.total(former) != line.total(rows) or reasons:
            found.append(Change(line.entry, before.total(former), line.total(rows), tuple(reasons)))
    return sorted(found, key=lambda one: (one.difference, one.entry.key))


def _reason(row: Row, points: Sequence[float | None], before: Line, after: Line) -> str:
    """What a check says now, or if it says nothing, what it said before; `points` are those before and now."""
    told = [f"{one:g}" if one is not None else "none" for one in points]
    said = [_said(line, row) for line in (after, before)]
    why = said[0] or (f"no longer: {said[1]}" if said[1] else "")
    return printable(f"{row.number} {row.name}: {told[0]} to {told[1]}{f' ({why})' if why else ''}", LONGEST_REASON)


def _said(line: Line, row: Row) -> str:
    """The named mistake of a check, or else its status; nothing when it passed."""
    judgement = line.outcome.checks.get(row.name) if line.outcome else None
    if judgement is None or judgement.status == "passed":
        return ""
    return "; ".join(figures.mistakes(judgement.text)) or judgement.status


def tell(console: Console, found: Sequence[Change], tried: int) -> None:
    """Who goes up, who down, by how much and by what; and how often each reason is given."""
    up, down = (sum(one.difference * sign > 0 for one in found) for sign in (1, -1))
    console.print(f"{up} go up, {down} go down, {tried - up - down} keep their points.", markup=False, highlight=False)
    for one in found:
        totals = " to ".join("none" if points is None else f"{points:g}" for points in (one.before, one.after))
        line = f"{one.difference:+g}  {one.entry.key} ({one.entry.shown}): {totals}"
        console.print(line, markup=False, highlight=False)
        for reason in one.reasons:
            console.print(f"      {reason}", markup=False, highlight=False)
    why = Counter(reason.partition(":")[0] for one in found for reason in one.reasons)
    for check, count in why.most_common():
        console.print(f"{count} by {check}", markup=False, highlight=False)
