"""The verb `preview`: show a result as Gradescope would."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from grader.errors import SubmissionError
from grader.report.page import READERS, write
from grader.run.runner import Runner


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to show, to whom, and where the page goes."""
    parser.add_argument("path", type=Path, help="a submission, which is graded first, or a results.json")
    parser.add_argument("--as", dest="reader", choices=READERS, default="student", help="who looks (default: student)")
    parser.add_argument("--out", type=Path, default=Path("out/preview.html"), help="default: out/preview.html")


def run(options: argparse.Namespace) -> int:
    """Write the page and say where it is; raises `SubmissionError` when there is nothing to show."""
    if not options.path.exists():
        raise SubmissionError(f"{options.path} does not exist.")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write(options.out, _document(options.path), options.reader, options.path.name)
    print(f"As a{'n' if options.reader == 'instructor' else ''} {options.reader} sees it: {options.out}")
    return 0


def _document(path: Path) -> dict[str, Any]:
    if path.suffix == ".json":
        try:
            return dict(json.loads(path.read_text(encoding="utf-8")))
        except ValueError as error:
            raise SubmissionError(f"{path} is not a result: {error}.") from error
    with tempfile.TemporaryDirectory() as out, Runner() as runner:
        return runner.grade(path.resolve(), Path(out)).document()
