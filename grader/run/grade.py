"""The verb `grade`: one submission, or every submission in a folder, into a result and a page for each."""

from __future__ import annotations

import argparse
import os
import secrets
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress

from grader import rubric
from grader.errors import ProtectionError, SubmissionError
from grader.project import EXAMPLES
from grader.report import page, terminal
from grader.report.page import MOMENTS, Moment
from grader.report.results import Results
from grader.run import exports, protection
from grader.run.runner import Runner
from tests.support.observations import printable
from tests.support.status import Status

LONGEST_NAME = 80
"""Characters of a submission's name on the terminal, and in the folder of its results."""
STUDENT_PAGE, STAFF_PAGE = "page.html", "staff.html"
"""Beside each result: what may be sent to its student, and what must not."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to grade, and where the results go."""
    parser.add_argument("submission", type=Path, nargs="?", default=EXAMPLES, help="default: the sample class")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the results (default: out)")
    parser.add_argument("--class", dest="whole_class", action="store_true", help="grade each entry of the folder")
    parser.add_argument("--verbose", action="store_true", help="of a class, every check of every submission")
    parser.add_argument(
        "--moment",
        choices=[moment.key for moment in MOMENTS],
        default=MOMENTS[0].key,
        help="what the student's page shows: as before the due date, after it, or after publication",
    )
    parser.add_argument("--leaderboard", action="store_true", help="put what was measured on the leaderboard")
    parser.add_argument(
        "--vary-seed",
        type=int,
        nargs="?",
        default=0,
        const=secrets.randbelow(2**20),
        metavar="N",
        help="for the staff: other random numbers everywhere; a right submission passes with any",
    )


def run(options: argparse.Namespace) -> int:
    """Grade; returns 0 when every submission has a result.

    Raises `SubmissionError` when there is nothing to grade, or the export of a class, and `ProtectionError` where the
    host protects too little.
    """
    path: Path = options.submission.resolve()
    if not path.exists():
        raise SubmissionError(f"{options.submission} does not exist.")
    whole_class = options.whole_class or path == EXAMPLES
    if not whole_class:
        exports.refuse(options.submission)
    submissions = _entries(options.submission) if whole_class else {_shown(path): path}
    if weakness := protection.refusal():
        raise ProtectionError(weakness)
    protection.close(options.out)
    if whole_class:
        protection.close(options.submission)
    moment = page.chosen(options.moment, [row.visibility for row in rubric.read()])
    console = terminal.console(160)
    with Runner(seed=options.vary_seed, leaderboard=options.leaderboard) as runner:
        if not whole_class:
            ((name, one),) = submissions.items()
            results = _grade(runner, terminal.progress_line(console), name, one, options.out, moment)
            terminal.show(console, name, results)
            graded = {name: results}
        else:
            graded = _grade_class(runner, console, submissions, options.out, moment, options.verbose)
            for line in _passed_over(options.submission):
                console.print(line, markup=False, highlight=False, soft_wrap=True)
    terminal.show_protection(console, graded.values())
    folder = f"{options.out}/{'<name>/' if whole_class else ''}"
    pages = f"for the student, as {moment.name}: {folder}{STUDENT_PAGE}; for the staff: {folder}{STAFF_PAGE}"
    console.print(f"Results: {folder}results.json; {pages}", markup=False, highlight=False, soft_wrap=True)
    return 0 if len(graded) == len(submissions) else 1


def _grade_class(
    runner: Runner, console: Console, submissions: dict[str, Path], out: Path, moment: Moment, verbose: bool
) -> dict[str, Results]:
    """Grade one after another, a line for each; whatever one submission has led to, the others are graded."""
    graded: dict[str, Results] = {}
    with terminal.class_progress(console) as line:
        task = line.add_task("starting", total=len(submissions))
        for name, one in submissions.items():
            line.update(task, description=escape(name))
            try:
                graded[name] = _grade(runner, nullcontext(), name, one, out / name, moment)
            except Exception as error:
                said = f"not graded ({type(error).__name__}: {printable(str(error), 300)})"
                console.print(f"{name:<28}  {said}", markup=False, highlight=False, soft_wrap=True)
            else:
                console.print(terminal.line_of(name, graded[name]), markup=False, highlight=False, soft_wrap=True)
                if verbose:
                    terminal.show(console, name, graded[name])
            line.advance(task)
    if verbose:
        terminal.show_class(console, graded)
    return graded


def _entries(folder: Path) -> dict[str, Path]:
    """The submissions in a folder by name: each folder or zip in it; raises `SubmissionError` when there is none."""
    if not folder.is_dir():
        raise SubmissionError(f"{folder} is not a folder of submissions. For one submission, leave --class out.")
    entries: dict[str, Path] = {}
    found = [one for one in sorted(folder.iterdir()) if not one.is_symlink()]
    found = [one for one in found if one.is_dir() or one.suffix.lower() == ".zip"]
    for entry in sorted(found, key=lambda one: _shown(one) != one.name):  # whoever has a name as it is keeps it
        name, number = _shown(entry), 1
        while name in entries:  # names that differ only in what cannot be shown
            number += 1
            name = f"{_shown(entry)} ({number})"
        entries[name] = entry
    if not entries:
        raise SubmissionError(f"{folder} holds no submission: no folder and no zip.")
    return dict(sorted(entries.items(), key=lambda one: one[1]))


def _passed_over(folder: Path) -> list[str]:
    """What lies in a folder of submissions and is not graded, a line for each, so that nobody is left out unseen."""
    told = []
    for entry in sorted(folder.iterdir()):
        if entry.is_symlink():
            told.append(f"{_shown(entry)}: a link to another place, not followed")
        elif not (entry.is_dir() or entry.suffix.lower() == ".zip" or entry.name.startswith(".")):
            told.append(f"{_shown(entry)}: no folder and no zip, not graded")
    return told


def _shown(path: Path) -> str:
    """A submission's name as it can be shown and written: bytes that are no text, or rule a terminal, become "?".

    What would be no name of a folder below another, such as "..", which blanks around it hide, begins with a "?".
    """
    shown = printable(os.fsencode(path.name).decode(errors="replace").replace("\ufffd", "?"), LONGEST_NAME)
    return f"?{shown}" if shown in ("", ".", "..") else shown


def _grade(
    runner: Runner, shown: AbstractContextManager[Progress | None], name: str, path: Path, out: Path, moment: Moment
) -> Results:
    """Grade one submission into a folder, and write both its pages; a progress line, if any, names the check."""
    with shown as line:
        task = line.add_task(f"{escape(name)}: starting", total=len(runner.rows)) if line else None

        def progress(check: str, results: Results) -> None:
            judged = sum(outcome.status != Status.PENDING for outcome in results.outcomes.values())
            if line and task is not None:
                line.update(task, description=f"{escape(name)}: {check.replace('_', ' ')}", completed=judged)

        results = runner.grade(path, out, progress)
    document = results.document()
    page.write(out / STUDENT_PAGE, document, page.STUDENT, name, moment)
    page.write(out / STAFF_PAGE, document, page.STAFF, name)
    for outcome in results.outcomes.values():
        outcome.html = ""  # it is on disk now, and a class would keep all of them
    return results
