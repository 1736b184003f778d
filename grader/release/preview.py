"""Show a result as Gradescope would: `python -m grader.release.preview PATH --as student --out preview.html`.

PATH is a submission, which is graded first, or a results.json.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from grader.report.page import READERS, write
from grader.run.runner import Runner


def main(arguments: list[str] | None = None) -> int:
    """Write the page and say where it is."""
    parser = argparse.ArgumentParser(
        prog="python -m grader.release.preview", description="Show a result as Gradescope would."
    )
    parser.add_argument("path", type=Path, help="a submission, or a results.json")
    parser.add_argument("--as", dest="reader", choices=READERS, default="student", help="who looks (default: student)")
    parser.add_argument("--out", type=Path, default=Path("out/preview.html"), help="default: out/preview.html")
    options = parser.parse_args(arguments)
    if not options.path.exists():
        parser.error(f"{options.path} does not exist")
    write(options.out, _document(options.path), options.reader, options.path.name)
    print(f"As a{'n' if options.reader == 'instructor' else ''} {options.reader} sees it: {options.out}")
    return 0


def _document(path: Path) -> dict[str, Any]:
    if path.suffix == ".json":
        return dict(json.loads(path.read_text(encoding="utf-8")))
    with tempfile.TemporaryDirectory() as out, Runner() as runner:
        return runner.grade(path.resolve(), Path(out)).document()


if __name__ == "__main__":
    sys.exit(main())
