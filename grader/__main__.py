"""The grader's command line: `python -m grader grade SUBMISSION --out FOLDER`, `python -m grader rubric`.

`gradescope` and `smoke` are for the container: what `run_autograder` and the end of `setup.sh` call.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from grader import rubric
from grader.project import EXAMPLES, TEMPLATE
from grader.release import gradescope
from grader.report import terminal
from grader.report.results import Results
from grader.run import protection
from grader.run.runner import Runner
from tests.support.observations import printable

LONGEST_NAME = 120
"""Characters of a submission's name on the terminal, and in the folder of its results."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns 0 whenever results were produced, 1 for a broken image, 2 for a wrong command."""
    options = _parser().parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 160)
    if options.command == "rubric":
        terminal.show_rubric(console, rubric.read())
        return 0
    if options.command == "gradescope":
        results = gradescope.grade(options.folder, options.deadline, options.by_hand, options.leaderboard)
        terminal.show(console, "submission", results)
        terminal.show_protection(console, [results])
        return 0
    if options.command == "smoke":
        return _smoke(console)
    if weakness := protection.refusal():
        console.print(weakness, markup=False, highlight=False)
        return 2
    whole_class = options.whole_class or options.submission == EXAMPLES
    submissions = _entries(options.submission) if whole_class else {_shown(options.submission): options.submission}
    protection.close(options.out)
    if whole_class:
        protection.close(options.submission)
    graded: dict[str, Results] = {}
    with Runner(seed=options.vary_seed, leaderboard=options.leaderboard) as runner:
        for name, path in submissions.items():
            try:
                graded[name] = _grade(runner, console, name, path, options.out / name if whole_class else options.out)
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m grader", description="Grade homework 5: GAN and diffusion.")
    commands = parser.add_subparsers(dest="command", required=True)
    grade = commands.add_parser("grade", help="grade one folder or zip, or a folder of submissions")
    grade.add_argument("submission", type=_existing, nargs="?", default=EXAMPLES, help="default: the sample class")
    grade.add_argument("--out", type=Path, default=Path("out"), help="folder for the results (default: out)")
    grade.add_argument("--class", dest="whole_class", action="store_true", help="grade each entry of the folder")
    grade.add_argument(
        "--vary-seed",
        type=int,
        nargs="?",
        default=0,
        const=secrets.randbelow(2**20),
        metavar="N",
        help="for the staff: other random numbers everywhere; a right submission passes with any",
    )
    commands.add_parser("rubric", help="print the checks, their points and who sees them")
    platform = commands.add_parser("gradescope", help="in Gradescope's container: grade what was submitted")
    platform.add_argument("--folder", type=Path, default=Path("/autograder"), help="the platform's folder")
    platform.add_argument("--deadline", type=float, default=gradescope.DEADLINE, help="seconds for a submission")
    platform.add_argument("--by-hand", type=float, default=0.0, help="points of the assignment that people grade")
    for command in (grade, platform):
        command.add_argument("--leaderboard", action="store_true", help="put what was measured on the leaderboard")
    commands.add_parser("smoke", help="in a new image: grade the untouched template, which must earn nothing")
    return parser


def _smoke(console: Console) -> int:
    with tempfile.TemporaryDirectory() as folder:
        try:
            console.print(gradescope.smoke(TEMPLATE, Path(folder)), highlight=False)
        except gradescope.SmokeError as error:
            console.print(str(error), markup=False, highlight=False)
            return 1
    return 0


def _existing(text: str) -> Path:
    path = Path(text)
    if not path.exists():
        raise argparse.ArgumentTypeError(f"{text} does not exist")
    return path.resolve()


def _entries(folder: Path) -> dict[str, Path]:
    """The submissions in a folder by name: each folder or zip in it."""
    if not folder.is_dir():
        return {_shown(folder): folder}
    entries: dict[str, Path] = {}
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() or entry.suffix == ".zip":
            name, number = _shown(entry), 1
            while name in entries:  # names that differ only in what cannot be shown
                number += 1
                name = f"{_shown(entry)} ({number})"
            entries[name] = entry
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


if __name__ == "__main__":
    sys.exit(main())
