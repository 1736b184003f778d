"""The grader's command line: `python -m grader VERB ...`; `--help` lists the verbs, `VERB --help` the arguments of one.

Exit codes: 0 when it is done, 1 when what was tried is not as it should be, 2 for what the caller can mend (in one
line), 130 when interrupted.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from typing import Any, NoReturn

from grader.errors import UserError
from grader.verbs import VERBS

INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with a command in one line, and of a verb what it is for in another."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(formatter_class=partial(argparse.HelpFormatter, max_help_position=16, width=110), **settings)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; returns its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        options = _parser(words).parse_args(words)
        return VERBS[options.verb].run(options)
    except UserError as error:
        problem = str(error)
    except OSError as error:
        if error.filename is None:  # of a file, the caller knows more than we do; anything else is our mistake
            raise
        problem = f"{error.filename}: {error.strerror}"
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    print("; ".join(" ".join(line.split()) for line in problem.splitlines() if line.strip()), file=sys.stderr)
    return 2


def _parser(words: list[str]) -> _Parser:
    """All verbs by name, and the arguments of the one that is asked for."""
    parser = _Parser(prog="python -m grader", description="Grade homework 5, and try, pack and calibrate the grader.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB", title="verbs")
    for name, verb in VERBS.items():
        one = verbs.add_parser(name, help=verb.purpose, description=verb.purpose)
        if name == next(iter(words), None):
            verb.add_arguments(one)
    return parser


if __name__ == "__main__":
    sys.exit(main())
