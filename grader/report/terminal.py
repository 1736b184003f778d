"""What the grader shows on the terminal: a progress line while it works, and a table of the results."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from grader import rubric
from grader.report.results import Results
from tests.support.homework.assignment import PROBLEMS
from tests.support.observations import printable
from tests.support.status import NO_FAULT, Status

LONGEST_REASON = 70
"""Characters of why points were lost, in the line of a submission."""
_RAISED = re.compile(r"([A-Z]\w+) \((\w+\.py), line (\d+)\)")
_MISTAKE = re.compile(r"^Likely mistake: +(.+)", re.MULTILINE)
_STYLES = {Status.PASSED: "green", Status.FAILED: "red", Status.ADVICE: "cyan"}


def console(width: int) -> Console:
    """The terminal as wide as it is, and so many columns where the output goes to a file.

    What its encoding has no sign for, as a name may be, becomes "?": printing it must not end a class.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    return Console(width=None if sys.stdout.isatty() else width, emoji=False)


def progress_line(console: Console) -> Progress:
    """A progress line that disappears when it is done."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


def class_progress(console: Console) -> Progress:
    """A line for a whole class: the number of the submission, and the time that is left; it disappears at the end."""
    return Progress(
        SpinnerColumn(),
        MofNCompleteColumn(),
        BarColumn(bar_width=24),
        TextColumn("about"),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("left; {task.description}"),
        console=console,
        transient=True,
    )


def one_line(name: str, score: float, possible: float, reason: str, notes: Sequence[str], seconds: float) -> str:
    """One submission of a class: its points, its time, why it lost the first of its points, and what was noted."""
    noted = f"  [{len(notes)} note{'s' if len(notes) > 1 else ''}]" if notes else ""
    points = f"{score:g} / {possible:g}"
    return f"{name:<28}  {points:>12}  {seconds:>4.0f} s  {reason or 'all checks pass'}{noted}"


def first_reason(found: Iterable[tuple[str, str, str]]) -> str:
    """The first of `(question, status, text)` that is no pass, in few words, and how many there are besides."""
    failed = [one for one in found if one[1] not in NO_FAULT]
    if not failed:
        return ""
    question, status, text = failed[0]
    besides = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    return f"{question} {status}: {_gist(text)}{besides}"


def _gist(text: str) -> str:
    """What a text says, in a line: the exception and its place, the recognised mistake, or the first words."""
    if raised := _RAISED.search(text):
        return f"{raised[1]}, {raised[2]}, line {raised[3]}"
    mistake = _MISTAKE.search(text)
    words = printable(mistake[1] if mistake else text.removeprefix("Yours:"), LONGEST_REASON)
    return words or "no text"


def line_of(name: str, results: Results) -> str:
    """The line of a submission that has been graded here."""
    found = [
        (row.number, str(results.outcomes[row.name].status), results.outcomes[row.name].text)
        for row in results.rows
        if not results.informs(row)
    ]
    return one_line(name, results.score, results.possible, first_reason(found), results.notes, results.seconds)


def show(console: Console, name: str, results: Results) -> None:
    """One submission: a row for each check, and below it what each check that did not pass says."""
    table = Table(title=f"{escape(name)}: {results.score:g} of {results.possible:g} points", title_justify="left")
    for heading, justify in (("no.", "left"), ("check", "left"), ("points", "right"), ("verdict", "left")):
        table.add_column(heading, justify="right" if justify == "right" else "left")
    for row in results.rows:
        status = results.outcomes[row.name].status
        points = "by hand" if row.by_hand else f"{results.earned(row):g} / {row.points:g}" if row.points else "-"
        style = _STYLES.get(status, "yellow")
        table.add_row(row.number, escape(row.title), points, f"[{style}]{status}[/]")
    console.print(table)
    for note in results.notes:
        console.print(f"Note: {note}", markup=False, highlight=False)
    texts: dict[str, list[str]] = {}
    for row in results.rows:
        outcome = results.outcomes[row.name]
        if outcome.output and outcome.status != Status.PENDING:
            texts.setdefault(outcome.text, []).append(f"{row.number} {row.title}")
    for text, titles in texts.items():
        console.print()
        for title in titles:
            console.print(f"[bold]{escape(title)}[/]")
        console.print(text, markup=False, highlight=False)


def show_protection(console: Console, graded: Iterable[Results]) -> None:
    """What does not protect the grading on this host, if anything."""
    if missing := list(dict.fromkeys(one for results in graded for one in results.facts.get("not_in_force", []))):
        console.print("[bold red]NOT in force on this host:[/]")
        for one in missing:
            console.print(f"  {one}", markup=False, highlight=False)


def show_remarks(console: Console, results: Results) -> None:
    """What the staff should know of a grading, though no points depend on it."""
    for remark in results.remarks:
        console.print(f"For the staff: {remark}", markup=False, highlight=False)


def show_class(console: Console, graded: dict[str, Results]) -> None:
    """One line for each submission of a class."""
    table = Table(title="The class", title_justify="left")
    problems = [f"{problem.number} {problem.title}" for problem in PROBLEMS]
    for heading in ("submission", "points", *problems, "checks passed", "seconds"):
        table.add_column(heading, justify="left" if heading == "submission" else "right")
    for name, results in graded.items():
        earned = [
            sum(results.earned(row) for row in results.rows if row.number.startswith(f"{problem.number}."))
            for problem in PROBLEMS
        ]
        judged = [row for row in results.rows if not results.informs(row)]
        table.add_row(
            escape(name),
            f"{results.score:g} / {results.possible:g}",
            *(f"{points:g}" for points in earned),
            f"{sum(map(results.passes, judged))} of {len(judged)}",
            f"{results.seconds:.0f}",
        )
    console.print(table)


def show_rubric(console: Console, rows: list[rubric.Row]) -> None:
    """The rubric as a table."""
    by_hand = rubric.left_to_people(rows)
    people = f", and {by_hand:g} by hand" if by_hand else ""
    table = Table(title=f"{len(rows)} checks, {rubric.graded(rows):g} points{people}", title_justify="left")
    for heading in ("no.", "check", "points", "visibility", "file"):
        table.add_column(heading, justify="right" if heading == "points" else "left")
    for row in rows:
        table.add_row(
            row.number,
            escape(row.title),
            f"{row.points:g}{' by hand' if row.by_hand else ''}",
            row.visibility,
            row.file,
        )
    console.print(table)
