"""The verb `class`: a whole class, from what was downloaded to a gradebook and a page; goes on where it ended."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

from rich.console import Console

from grader.course import (
    canvas,
    engine,
    fingerprint,
    gradebook,
    leftovers,
    machines,
    outcome,
    page,
    platforms,
    reading,
    touched,
    words,
)
from grader.course.bench import Bench, Task
from grader.course.engine import Outcomes
from grader.course.entries import Course, Entry
from grader.course.files import put
from grader.course.gradebook import Line
from grader.course.journal import Journal
from grader.course.progress import Shown
from grader.errors import CourseError, ProtectionError, SubmissionError, UserError
from grader.project import SUITES
from grader.report import terminal
from grader.rubric import Row, graded, read
from grader.run import memory, protection
from grader.run.clocks import Clocks
from tests.support.homework.assignment import TITLE

FIRST_SLOT = 40
INTERRUPTED = 130
RECORDS, WORKPLACE = "running", "submissions"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to grade, with what, and what to make of it."""
    add_class(parser)
    parser.add_argument("--workers", type=int, help="graded at once (default: as many as processors and memory allow)")
    parser.add_argument("--canvas", type=Path, help="Canvas's own gradebook: one column of a copy is filled")
    parser.add_argument(
        "--column", default="", help="a part of that column's title, where there are several assignments"
    )
    parser.add_argument("--brightspace", metavar="TITLE", help="write what Brightspace imports for this grade item")
    parser.add_argument("--shard", metavar="I/N", help="grade the I-th of N parts only; merge the folders later")
    parser.add_argument("--merge", type=Path, nargs="*", default=[], help="take over what other folders hold")
    parser.add_argument("--scheduler", default="", help="a Dask scheduler: tls://HOST:PORT, or tcp:// on this machine")


def add_class(parser: argparse.ArgumentParser) -> None:
    """Where the class is, and where its results go."""
    parser.add_argument("submissions", type=_named, help="an export or a folder of submissions, as a folder or zip")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the results (default: out)")
    parser.add_argument("--layout", default="", help="moodle, canvas, blackboard, brightspace, plain or an expression")
    parser.add_argument("--roster", type=Path, help="the platform's grades (CSV): rows for those who handed nothing in")


def _named(word: str) -> Path:
    """A path that was given: none at all would be the folder in which this runs."""
    if not word:
        raise argparse.ArgumentTypeError("no class is named: SUBMISSIONS=export.zip")
    return Path(word)


def run(options: argparse.Namespace) -> int:
    """Grade a class; returns 0 when all of it is graded, 1 when the grader has failed on some, 130 when interrupted.

    Raises `CourseError`, `SubmissionError` for what is no class, `ProtectionError` where the host protects too little.
    """
    table = canvas.read(options.canvas, options.column) if options.canvas else None  # before hours of grading
    console = terminal.console(160)
    with results(options, runs_here=not options.scheduler) as journal:
        end_leftovers(options.out)
        course = opened(options, journal)
        if odd := reading.nothing_asked_for(course.entries):
            course.remarks.append(odd)
            console.print(odd, markup=False, highlight=False)
        rows = read(SUITES)
        # Both are read now: somebody may edit the suites before the class is done.
        grader, checks = fingerprint.of_grader(), touched.checks_now(rows)
        for other in options.merge:
            journal.take_over(other)
        tasks = tasks_of(course.entries)
        if options.shard:
            tasks = engine.part(tasks, options.shard)
        words.of_another_grader(console, journal, tasks, grader)
        gradebook.withdraw(options.out)
        stop = threading.Event()
        outcomes = _grade(options, console, journal, tasks, stop)
        lines = lines_of(course.entries, outcomes, journal, tasks, partial(page.write_student, options.out))
        rows = gradebook.relevant(rows, lines)
        complete = outcomes.complete and not options.shard
        remarks = [*course.remarks, *([journal.remark] if journal.remark else [])]
        written = gradebook.write(options.out, lines, rows, complete)
        written.append(page.write(options.out, f"{TITLE}: {options.submissions.name}", lines, rows, remarks, complete))
        written += [options.out / page.ARCHIVE] if complete else []
        journal.set_written(grader, checks)
        written += _for_platforms(options, console, table, lines, rows) if complete else []
    _tell(console, course, lines, rows, outcomes)
    for path in written:
        console.print(f"  {path}", markup=False, highlight=False, soft_wrap=True)
    if stop.is_set() or not outcomes.complete:
        words.how_to_go_on(console)
        return INTERRUPTED if stop.is_set() else 0
    if options.shard:
        console.print(f"Part {options.shard} is graded: MERGE= puts the parts together.", markup=False)
    return 1 if outcomes.reasons or any(line.of_the_grader for line in lines) else 0


@contextmanager
def results(options: argparse.Namespace, runs_here: bool) -> Iterator[Journal]:
    """The journal in the folder of the results; a new folder is removed again where nothing could be graded into it."""
    is_new = not options.out.exists()
    prepare(options, runs_here)
    with Journal(options.out) as journal:
        try:
            yield journal
        except UserError:
            if is_new and not journal.entries():
                shutil.rmtree(options.out, ignore_errors=True)
            raise


def prepare(options: argparse.Namespace, runs_here: bool) -> None:
    """Make the folder of the results, for its owner alone; `runs_here` says whether student code will run.

    Raises `SubmissionError`, `CourseError` for a class or a folder that cannot be meant, and `ProtectionError`.
    """
    if not options.submissions.exists():
        raise SubmissionError(f"{options.submissions} does not exist.")
    if options.out.resolve().is_relative_to(options.submissions.resolve()):
        raise CourseError(f"{options.out} lies in the folder of the class: name another OUT.")
    if runs_here and (weakness := protection.refusal()):
        raise ProtectionError(weakness)
    protection.close(options.out)


def opened(options: argparse.Namespace, journal: Journal) -> Course:
    """The class that is meant, with those of the roster.

    Raises `CourseError` where the journal is of another: it has outcomes, and none of anybody in this one.
    """
    if options.submissions.is_dir():
        protection.close(options.submissions)
    course = reading.read(options.submissions, options.out / WORKPLACE, options.layout)
    known = journal.entries()
    if known and known.isdisjoint(one.key for one in course.entries):
        raise CourseError(f"{options.out} holds the results of another class: name another OUT for this one.")
    if options.roster:
        platforms.add_roster(course.entries, options.roster)
    return course


def tasks_of(entries: Sequence[Entry], seed: int = 0) -> list[Task]:
    """What there is to grade."""
    return [Task(one.key, fingerprint.of_submission(one.place), one.place, seed) for one in entries if one.place]


def lines_of(
    entries: Sequence[Entry], outcomes: Outcomes, journal: Journal, tasks: Sequence[Task], each: Callable[[Line], None]
) -> list[Line]:
    """Each entry with what became of it; `each` sees those that are graded, with the whole result file.

    The files are dropped afterwards: those of a large class would fill the memory.
    """
    rows = read()
    grader, of = fingerprint.of_grader(), {task.entry: task for task in tasks}
    lines = []
    for one in entries:
        stored = journal.get(engine.key(of[one.key], grader)) if one.key in outcomes.graded else None
        if stored is None:
            lines.append(Line(one, None, one.reason or outcomes.reasons.get(one.key, "Not graded yet.")))
            continue
        found = outcome.read(stored)
        each(Line(one, found))
        lines.append(Line(one, found.without_document(), " ".join(found.blocked_files(rows))))
    return lines


def end_leftovers(out: Path) -> None:
    """End what an earlier run has left, when it was killed."""
    for records in sorted((out / RECORDS).glob("*")):
        leftovers.end_all(records)


def as_many_as_fit() -> int:
    """Submissions that can be graded at once: each may need all the memory that it is granted."""
    each = max(memory.OF_GRADING.values()) + Clocks.memory
    return max(1, min(len(os.sched_getaffinity(0)), memory.size_of_container() // each))


def grade_here(
    options: argparse.Namespace, console: Console, journal: Journal, tasks: Sequence[Task], stop: threading.Event
) -> Outcomes:
    """Grade on this machine, with progress, until it is done or somebody stops it."""
    grader = fingerprint.of_grader()
    known = sum(journal.has(engine.key(task, grader)) for task in tasks)
    records = options.out / RECORDS
    workers = options.workers or as_many_as_fit()

    def place(number: int) -> Bench:
        return Bench(records, FIRST_SLOT + number)

    with Shown(console, len(tasks), known) as shown, stopped_by_signals(stop, console):
        return engine.grade(tasks, journal, grader, place, workers, stop, shown)


def _grade(
    options: argparse.Namespace, console: Console, journal: Journal, tasks: Sequence[Task], stop: threading.Event
) -> Outcomes:
    """Grade on this machine, or on those of a scheduler."""
    if not options.scheduler:
        return grade_here(options, console, journal, tasks, stop)
    grader = fingerprint.of_grader()
    known = sum(journal.has(engine.key(task, grader)) for task in tasks)
    with (
        machines.through(options.scheduler) as (grade_one, places),
        Shown(console, len(tasks), known) as shown,
        stopped_by_signals(stop, console),
    ):
        return engine.grade(tasks, journal, grader, lambda _: nullcontext(grade_one), places, stop, shown)


@contextmanager
def stopped_by_signals(stop: threading.Event, console: Console) -> Iterator[None]:
    """Let the first interruption finish what runs; the second ends at once, and the journal has what is done."""

    def heard(number: int, frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        console.print("Stopping: what is being graded is finished first.", markup=False)

    before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _for_platforms(
    options: argparse.Namespace, console: Console, table: canvas.Table | None, lines: list[Line], rows: list[Row]
) -> list[Path]:
    """The tables that other systems take."""
    written = []
    if table is not None:
        filled = canvas.fill(table, lines, rows)
        written.append(options.out / "canvas.csv")
        put(written[-1], filled.content)
        say = partial(console.print, markup=False, highlight=False, soft_wrap=True)
        say(f"Canvas: the column {filled.column!r} is filled in a copy; nothing else is changed.")
        if filled.by_number:
            say("  people are matched by Canvas's own number, the column ID: it names more of them than the others do")
        if filled.warning:
            say(f"  {filled.warning} Correct it before you import.")
        if filled.replaced:
            say(f"  scores that stood there and are replaced by others: {filled.replaced}")
        if filled.not_in_canvas:
            say(f"  graded, but not in Canvas's file: {', '.join(filled.not_in_canvas)}")
        if filled.without_points:
            say(f"  in Canvas's file, left as they were: {', '.join(filled.without_points)}")
    if options.brightspace:
        written.append(options.out / "brightspace.csv")
        content, several = platforms.brightspace(lines, rows, options.brightspace)
        put(written[-1], content)
        if several:
            console.print(
                f"Brightspace: left out, because they have several submissions: {', '.join(several)}",
                markup=False, highlight=False, soft_wrap=True,
            )  # fmt: skip
    return written


def _tell(console: Console, course: Course, lines: list[Line], rows: list[Row], outcomes: Outcomes) -> None:
    """The class in a few lines."""
    points = [total for line in lines if (total := line.total(rows)) is not None]
    say = partial(console.print, markup=False, highlight=False)
    say(f"{course.layout}: {len(lines)} submissions, {len(points)} with a total; {outcomes.repeated} graded before.")
    if points:
        mean, most = sum(points) / len(points), graded(rows)
        say(f"mean {mean:.2f} of {most:g} points, {sum(one >= most for one in points)} with full marks")
    for line in lines:
        if line.outcome is None or line.of_the_grader:
            say(f"  no total: {line.entry.key} ({line.entry.shown}): {' '.join(line.remarks) or line.status}")
    missing = sorted({text for line in lines if line.outcome for text in line.outcome.missing})
    if missing:
        console.print("[bold red]NOT in force on this host:[/]")
        for one in missing:
            say(f"  {one}")
    for remark in course.remarks:
        say(f"  {remark}")
