"""The verb `grade`: one submission, or every submission in a folder, into a result and a page for each."""

from __future__ import annotations

import argparse
import os
import secrets
from pathlib import Path

from rich.console import Console

from grader.errors import ProtectionError, SubmissionError
from grader.project import EXAMPLES
from grader.report import terminal
from grader.report.results import Results
from grader.run import protection
from grader.run.runner import Runner
from tests.support.observations import printable

LONGEST_NAME = 120
"""Characters of a submission's name on the terminal, and in the folder of its results."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to grade, and where the results go."""
    parser.add_argument("submission", type=Path, nargs="?", default=EXAMPLES, help="default: the sample class")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the results (default: out)")
    parser.add_argument("--class", dest="whole_class", action="store_true", help="grade each entry of the folder")
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

    Raises `SubmissionError` when there is nothing to grade, `ProtectionError` where the host protects too little.
    """
    path: Path = options.submission.resolve()
    if not path.exists():
        raise SubmissionError(f"{options.submission} does not exist.")
    whole_class = options.whole_class or path == EXAMPLES
    submissions = _entries(options.submission) if whole_class else {_shown(path): path}
    if weakness := protection.refusal():
        raise ProtectionError(weakness)
    protection.close(options.out)
    if whole_class:
        protection.close(options.submission)
    console = terminal.console(160)
    graded: dict[str, Results] = {}
    with Runner(seed=options.vary_seed, leaderboard=options.leaderboard) as runner:
        for name, one in submissions.items():
            try:
                graded[name] = _grade(runner, console, name, one, options.out / name if whole_class else options.out)
            except Exception as error:  # whatever one submission has led to, the others are graded
                if not whole_class:
                    raise
                said = f"{name}: not graded ({type(error).__name__}: {printable(str(error), 300)})"
                console.print(said, markup=False, highlight=False)
    terminal.show_protection(console, graded.values())
    if whole_class:
        terminal.show_class(console, graded)
    folder = f"{options.out}/{'<name>/' if whole_class else ''}"
    console.print(f"Results: {folder}results.json, and as a student sees them: {folder}page.html", highlight=False)
    return 0 if len(graded) == len(submissions) else 1


def _entries(folder: Path) -> dict[str, Path]:
    """The submissions in a folder by name: each folder or zip in it; raises `SubmissionError` when there is none."""
    if not folder.is_dir():
        raise SubmissionError(f"{folder} is not a folder of submissions. For one submission, leave --class out.")
    entries: dict[str, Path] = {}
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() or entry.suffix == ".zip":
            name, number = _shown(entry), 1
            while name in entries:  # names that differ only in what cannot be shown
                number += 1
                name = f"{_shown(entry)} ({number})"
            entries[name] = entry
    if not entries:
        raise SubmissionError(f"{folder} holds no submission: no folder and no zip.")
    return entries


def _shown(path: Path) -> str:
    """A submission's name as it can be shown and written: bytes that are no text, or rule a terminal, become "?"."""
    return printable(os.fsencode(path.name).decode(errors="replace").replace("\ufffd", "?"), LONGEST_NAME)


def _grade(runner: Runner, console: Console, name: str, path: Path, out: Path) -> Results:
    from grader.report import page  # not at the top: it costs nothing here, where the bench is still starting

    with terminal.progress_line(console) as line:
        task = line.add_task(f"{name}: starting", total=len(runner.rows))

        def progress(check: str, results: Results) -> None:
            judged = sum(outcome.status != "not judged yet" for outcome in results.outcomes.values())
            line.update(task, description=f"{name}: {check.replace('_', ' ')}", completed=judged)

        results = runner.grade(path, out, progress)
    page.write(out / "page.html", results.document(), "student", name)
    for outcome in results.outcomes.values():
        outcome.html = ""  # it is on disk now, and a class would keep all of them
    terminal.show(console, name, results)
    return results
