"""A worker that grades by what a submission says, in no time: `python -m grader.tests.a_worker FD SLOT FOLDER`.

`points.txt` is a share of all points, or what the process does instead: `die` ends it, `wait SECONDS` takes its time
and earns everything. Checks that are known keep their outcomes. Each grading that ends adds a line to `graded.txt`
beside the records.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from grader.bench import kernel
from grader.course.outcome import Graded, Judgement, Order
from grader.course.outcome import read as read_outcome
from grader.rubric import read


def outcome(share: float, said: str = "", known: bytes = b"") -> bytes:
    """The outcome of a submission that earns this share of every check that is not known."""
    rows = read()
    status = "passed" if share == 1 else "failed"
    checks = {row.name: Judgement(status, share, said) for row in rows}
    if known:
        checks |= read_outcome(known).checks
    points = round(sum(row.points * share for row in rows), 3)
    tests = [
        {"name": row.title, "number": row.number, "score": row.points * share, "max_score": row.points,
         "status": status, "output": said, "visibility": row.visibility, "extra_data": {"check": row.name}}
        for row in rows
    ]  # fmt: skip
    document = {"score": points, "tests": tests, "output": "", "visibility": "visible"}
    return msgspec.json.encode(Graded(checks, json.dumps(document), ["a wall"]))


def main(descriptor: int, records: Path) -> None:
    connection = Connection(descriptor)
    while True:
        try:
            order = msgspec.json.decode(connection.recv_bytes(), type=Order)
        except EOFError:
            return
        word, _, seconds = (Path(order.place) / "points.txt").read_text(encoding="utf-8").partition(" ")
        if word == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(float(seconds or 0))
        with (records / "graded.txt").open("a", encoding="utf-8") as file:
            file.write(Path(order.place).name + "\n")
        connection.send_bytes(outcome(1.0 if word == "wait" else float(word), known=order.known))


if __name__ == "__main__":
    kernel.end_with_parent()
    main(int(sys.argv[1]), Path(sys.argv[3]))
