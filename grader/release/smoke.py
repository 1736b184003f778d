"""The verb `smoke`: in a freshly built image, grade the untouched template, which must earn nothing."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from grader.project import TEMPLATE
from grader.report import terminal
from grader.run import memory
from grader.run.runner import Runner


class SmokeError(Exception):
    """The freshly built image does not grade as it should; the message is for whoever builds it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has none."""


def run(options: argparse.Namespace) -> int:
    """Say what was seen; 1 for a broken image, with all that is known of it."""
    console = terminal.console(160)
    with tempfile.TemporaryDirectory() as folder:
        try:
            console.print(smoke(TEMPLATE, Path(folder)), highlight=False)
        except SmokeError as error:
            console.print(str(error), markup=False, highlight=False)
            return 1
    return 0


def smoke(sample: Path, folder: Path) -> str:
    """Grade the untouched template and return what was seen, in one line; raises `SmokeError` unless it earns nothing.

    Every check that is worth points must have found its stub, so that bench, judge and all suites have worked.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with memory.Peak() as peak, Runner() as runner:
        results = runner.grade(sample, folder)
    unexpected = [
        f"{row.name}: {results.outcomes[row.name].status}"
        for row in results.rows
        if row.points and not row.by_hand and results.outcomes[row.name].status != "not implemented"
    ]
    if results.staff or results.score or unexpected:
        raise SmokeError("\n".join(["The sample was not graded as it should be.", *unexpected, *results.staff]))
    return (
        f"{len(results.rows)} checks work on the untouched template; {peak.largest / memory.MIB:.0f} MB at most; "
        f"in force: {', '.join(results.facts['in_force'])}. "
        f"NOT in force: {'; '.join(results.facts['not_in_force']) or 'nothing is missing'}."
    )
