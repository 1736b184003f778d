"""The verb `preview`: show a result as Gradescope would."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from grader.errors import SubmissionError
from grader.report.page import MOMENTS, READERS, STAFF, chosen, offered, write
from grader.run import exports
from grader.run.runner import Runner


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to show, to whom, and where the page goes."""
    parser.add_argument("path", type=Path, help="a submission, which is graded first, or a results.json")
    parser.add_argument("--as", dest="reader", choices=READERS, default="student", help="who looks (default: student)")
    parser.add_argument(
        "--moment",
        choices=[moment.key for moment in MOMENTS],
        default=MOMENTS[0].key,
        help="when a student looks (default: before the due date)",
    )
    parser.add_argument("--out", type=Path, default=Path("out/preview.html"), help="default: out/preview.html")


def run(options: argparse.Namespace) -> int:
    """Write the page and say where it is; raises `SubmissionError` when there is nothing to show."""
    if not options.path.exists():
        raise SubmissionError(f"{options.path} does not exist.")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    document = _document(options.path)
    visibilities = [test.get("visibility", "") for test in document["tests"]]
    moment = chosen(options.moment, visibilities)
    write(options.out, document, options.reader, options.path.name, moment)
    others = [one for one in offered(visibilities) if one != moment]
    if options.reader == STAFF:
        print(f"As the staff see it: {options.out}")
    else:
        more = "".join(f"; MOMENT={one.key} shows it {one.name}" for one in others)
        print(f"As a student sees it {moment.name}: {options.out}{more}")
    return 0


def _document(path: Path) -> dict[str, Any]:
    if path.suffix == ".json":
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise SubmissionError(f"{path} is not a result: {error}.") from error
        if not (isinstance(document, dict) and "tests" in document):
            raise SubmissionError(f"{path} is not a result: it has no tests.")
        return document
    exports.refuse(path)
    with tempfile.TemporaryDirectory() as out, Runner() as runner:
        return runner.grade(path.resolve(), Path(out)).document()
