"""A process that owns one runner and grades what it is asked for: `python -m grader.course.worker FD SLOT FOLDER`.

It is trusted, and ends with whoever started it. Before student code runs under a user id, the id is on disk, so that a
later run can end what this one has left.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from grader.bench import kernel
from grader.course import leftovers
from grader.course.outcome import Order, of_results, read
from grader.run.runner import Runner
from grader.run.users import Identities


def main(descriptor: int, slot: int, folder: Path) -> None:
    """Serve until the other side closes the connection."""
    connection = Connection(descriptor)
    with leftovers.told(folder / str(slot), slot) as record:

        def noted(identities: Iterator[Identities]) -> Iterator[Identities]:
            for one in identities:
                leftovers.note_users(record, one.ids)
                yield one

        runner: Runner | None = None
        try:
            while True:
                try:
                    order = msgspec.json.decode(connection.recv_bytes(), type=Order)
                except EOFError:
                    return
                if runner is None or runner.seed != order.seed:
                    if runner is not None:
                        runner.__exit__(None, None, None)
                    runner = Runner(seed=order.seed, slot=slot).__enter__()
                    leftovers.note_folder(record, runner.folder)
                    runner.identities = noted(runner.identities)
                connection.send_bytes(_graded(runner, order))
        finally:
            if runner is not None:
                runner.__exit__(None, None, None)


def _graded(runner: Runner, order: Order) -> bytes:
    known = read(order.known).known() if order.known else None
    out = Path(tempfile.mkdtemp(prefix="out-", dir=runner.folder))
    out.chmod(0o700)
    try:
        return of_results(runner.grade(Path(order.place), out, known=known))
    finally:
        shutil.rmtree(out, ignore_errors=True)


if __name__ == "__main__":
    kernel.end_with_parent()
    os.umask(0o022)  # what is copied for a bench has to be read under its user id
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
