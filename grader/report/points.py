"""The verb `rubric`: the checks and their points, as a table."""

from __future__ import annotations

import argparse

from grader import rubric
from grader.project import SUITES
from grader.report import terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has none."""


def run(options: argparse.Namespace) -> int:
    """Print the table; raises `RubricError`."""
    terminal.show_rubric(terminal.console(160), rubric.read(SUITES))
    return 0
