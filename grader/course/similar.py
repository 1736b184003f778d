"""The verb `similar`: which submissions share more code than the class's own pairs do; for the staff alone.

Small functions all look alike. What is everybody's is taken away first: the template, the reference, every right
submission that is known. What is shown is the surplus over the class's distribution of pairs, and beside it the rare
mistakes that both have made. It is a reason to look, and proves nothing.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from copydetect import CodeFingerprint

from grader.course import command, figures, fingerprint
from grader.course.engine import Outcomes, key
from grader.course.files import Cell, put, table
from grader.course.gradebook import Line
from grader.course.reading import SLOT
from grader.project import KNOWN, REFERENCE, SUITES, TEMPLATE
from grader.report import terminal
from grader.rubric import Row, read
from grader.run import intake, users
from tests.support.homework.assignment import FILES

NAME = "similar.csv"
LENGTH, WINDOW = 25, 1
"""Characters of a piece of code that is compared, with every name as one character; every piece counts."""
FAR = 6.0
"""Surplus from which a pair is shown, in median absolute deviations of the class's pairs, and at least `LEAST`."""
LEAST = 0.15
MOST_PAIRS = 50
LEAST_OWN = 100
"""Pieces of its own that a submission must have: a line or two are no evidence."""
RARE = 0.03
"""Part of the class that may have made a mistake for it to count as rare; two may always."""


@dataclass(frozen=True)
class Compared:
    """What comparing gave: how many submissions, the median share of their pairs, and the pairs that stand out.

    `limit` is the share from which a pair does; above 1, none can.
    """

    submissions: int
    median: float = 0.0
    limit: float = 0.0
    pairs: tuple[Pair, ...] = ()


@dataclass(frozen=True)
class Pair:
    """Two submissions: the share of the smaller one's own code that is in the other, and by how much it stands out."""

    one: Line
    other: Line
    share: float
    surplus: float
    mistakes: tuple[str, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which class."""
    command.add_class(parser)


def run(options: argparse.Namespace) -> int:
    """Write and print the pairs that stand out; returns 0."""
    console, rows = terminal.console(160), read(SUITES)
    with command.results(options, runs_here=False) as journal:
        course = command.opened(options, journal)
        grader, tasks = fingerprint.of_grader(), command.tasks_of(course.entries)
        known = Outcomes({task.entry for task in tasks if journal.has(key(task, grader))})
        lines = command.lines_of(course.entries, known, journal, tasks, lambda line: None)
    boilerplate = _pieces([*TEMPLATE.rglob("*.py"), *REFERENCE.rglob("*.py"), *(KNOWN / "styles").rglob("*.py")])
    own = [(line, _of(line) - boilerplate) for line in lines if line.entry.place is not None]
    compared = compare(own, rare_mistakes(lines, rows))
    median, found = compared.median, compared.pairs
    heading = ["one", "other", "shared", "class median", "surplus", "rare mistakes of both"]
    told: list[list[Cell]] = [list(heading)]
    for pair in found:
        keys = pair.one.entry.key, pair.other.entry.key
        told.append([*keys, *(round(one, 3) for one in (pair.share, median, pair.surplus)), " | ".join(pair.mistakes)])
    put(options.out / NAME, table(told))
    say = partial(console.print, markup=False, highlight=False)
    say(in_a_line(compared, len(own)))
    for pair in found:
        who = " and ".join(f"{line.entry.shown} ({line.entry.key})" for line in (pair.one, pair.other))
        say(f"{pair.share:.0%} shared, {pair.surplus:.0%} more than the class: {who}")
        for mistake in pair.mistakes:
            say(f"      both: {mistake}")
    say(f"{len(found)} pairs stand out: {options.out / NAME}. Look at them; a number proves nothing.")
    return 0


def in_a_line(compared: Compared, submissions: int) -> str:
    """What was compared, and what that can tell."""
    few = f"{submissions} submissions; {compared.submissions or 'none'} with enough code of their own to be compared"
    if not compared.limit:
        return f"{few}: there is no pair."
    said = f"{few}; two of them share {compared.median:.0%} of it at the median."
    return said if compared.limit <= 1 else f"{said} The class is so much alike that no pair can stand out."


def compare(own: Sequence[tuple[Line, set[int]]], rare: dict[str, set[str]]) -> Compared:
    """The median share of the class's pairs, and the pairs that stand out from it, the most striking first.

    One person's several submissions are no pair.
    """
    shares: list[tuple[float, Line, Line]] = []
    enough = [pair for pair in own if len(pair[1]) >= LEAST_OWN]
    for (one, first), (other, second) in itertools.combinations(enough, 2):
        people = [{person.key for person in line.entry.people} - {""} for line in (one, other)]
        if not people[0] & people[1]:
            shares.append((len(first & second) / min(len(first), len(second)), one, other))
    if not shares:
        return Compared(len(enough))
    values = np.array([share for share, _, _ in shares])
    median = float(np.median(values))
    limit = max(LEAST, FAR * float(np.median(np.abs(values - median))))
    found = []
    for share, one, other in shares:
        if share - median >= limit:
            both = rare.get(one.entry.key, set()) & rare.get(other.entry.key, set())
            found.append(Pair(one, other, share, share - median, tuple(sorted(both))))
    most = sorted(found, key=lambda pair: (-pair.surplus, pair.one.entry.key))[:MOST_PAIRS]
    return Compared(len(enough), median, median + limit, tuple(most))


def rare_mistakes(lines: Sequence[Line], rows: Sequence[Row]) -> dict[str, set[str]]:
    """What few of the class have made: named mistakes, and failures without a name that agree in their numbers."""
    most = max(2.0, RARE * len(lines))
    of_checks = figures.checks(lines, rows)
    named = [(f"{one.row.number} {mistake.said}", mistake.who) for one in of_checks for mistake in one.mistakes]
    nameless = [(f"{one.row.number} {one.pattern[:100]}", one.who) for one in figures.clusters(lines, rows)]
    found: dict[str, set[str]] = {}
    for said, who in [*named, *nameless]:
        if len(who) <= most:
            for line in who:
                found.setdefault(line.entry.key, set()).add(said)
    return found


def _of(line: Line) -> set[int]:
    """The pieces of a submission's graded files, as the grader itself takes them in."""
    assert line.entry.place is not None
    workplace = Path(tempfile.mkdtemp(prefix="grading-similar-"))
    workplace.chmod(0o711)  # an archive is unpacked under another user id
    identities = next(users.identities(SLOT))
    try:
        source = workplace / "source"
        intake.take(line.entry.place, source, workplace, identities.ids[0])
        return _pieces(path for path in source.iterdir() if path.name in FILES)
    finally:
        identities.release()
        shutil.rmtree(workplace, ignore_errors=True)


def _pieces(paths: Iterable[Path]) -> set[int]:
    """Hashes of all pieces of these files; a file that is no code has none."""
    found: set[int] = set()
    for path in paths:
        try:
            code = CodeFingerprint(str(path), LENGTH, WINDOW, encoding="utf-8")
        except (UnicodeDecodeError, ValueError, OSError, RecursionError):
            continue
        found.update(int(one) for one in code.hashes)
    return found
