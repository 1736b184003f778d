"""What became of one submission, as bytes: the same from a process here and from one on another machine."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from grader.errors import CourseError
from grader.messages import Outcome
from grader.report.results import Known, Results
from grader.rubric import Row
from tests.support.homework.assignment import FILES
from tests.support.observations import printable
from tests.support.status import Status

LONGEST_REASON = 240
"""Characters of why a file could not be judged."""
_IMPORT = re.compile(rf"^While (?P<file>{'|'.join(map(re.escape, FILES))}) was imported: (?P<how>.+)$", re.MULTILINE)
"""What a check says beside its verdict when the import of a file did not come to its end."""


class Order(msgspec.Struct):
    """Grade the folder or file at `place` with these random numbers.

    `known` is an earlier outcome of the same files, or empty: its checks are taken from there.
    """

    place: str
    seed: int
    known: bytes = b""


class Judgement(msgspec.Struct, frozen=True):
    """One check: its status, the share of its points, what the student reads."""

    status: str
    credit: float
    text: str


class Graded(msgspec.Struct, frozen=True):
    """One graded submission: each check by its name, what was in force, and the result file as text.

    `failed` are the grader's own failures, for the staff; nothing of it depends on when or how fast it was graded
    but `seconds`.
    """

    checks: dict[str, Judgement]
    document: str
    in_force: list[str] = []
    missing: list[str] = []
    notes: list[str] = []
    failed: list[str] = []
    seconds: float = 0.0

    @property
    def by_the_grader(self) -> bool:
        """Whether the grader itself has failed somewhere: the points are then not the student's."""
        return bool(self.failed) or any(one.status == Status.GRADER_ERROR for one in self.checks.values())

    def blocked_files(self, rows: Iterable[Row]) -> list[str]:
        """Why no check of a file could be judged, a line for each such file: it is missing, or cannot be imported."""
        of: dict[str, list[Judgement]] = {}
        for row in rows:
            if row.points and (one := self.checks.get(row.name)):
                of.setdefault(row.module, []).append(one)
        whole = [found for found in of.values() if all(one.status == Status.BLOCKED for one in found)]
        return list(dict.fromkeys(printable(found[0].text.partition("\n")[0], LONGEST_REASON) for found in whole))

    def broken_imports(self) -> list[str]:
        """How the import of a file ended of which only the part before that was graded, a line for each such file."""
        told: dict[str, str] = {}
        for one in self.checks.values():
            for found in _IMPORT.finditer(one.text):
                told.setdefault(found["file"], printable(found["how"], LONGEST_REASON))
        return [f"{file}: while it was imported: {how}" for file, how in told.items()]

    def without_document(self) -> Graded:
        """The same without the result file, the largest part of it."""
        return msgspec.structs.replace(self, document="")

    def results(self) -> dict[str, Any]:
        """The result file as data."""
        return dict(json.loads(self.document))

    def known(self) -> Known:
        """What of this can be taken over into other results."""
        shown = {test.get("extra_data", {}).get("check"): test for test in self.results()["tests"]}
        outcomes = {}
        for name, one in self.checks.items():
            test = shown.get(name, {})
            html = test["output"] if test.get("output_format") == "html" else ""
            seconds = test.get("extra_data", {}).get("seconds", 0.0)
            outcomes[name] = Outcome(Status(one.status), one.credit, one.text, seconds, html=html)
        return Known(outcomes, self.results().get("extra_data", {}))


def kept(outcome: bytes, checks: Collection[str]) -> bytes:
    """The outcome with these of its checks alone; empty where none can be relied on."""
    graded = read(outcome)
    still = {name: one for name, one in graded.checks.items() if name in checks and one.status != Status.GRADER_ERROR}
    return b"" if graded.failed or not still else msgspec.json.encode(msgspec.structs.replace(graded, checks=still))


def of_results(results: Results) -> bytes:
    """The outcome of a grading."""
    checks = {name: Judgement(str(one.status), one.credit, one.text) for name, one in results.outcomes.items()}
    facts = results.facts
    return msgspec.json.encode(
        Graded(
            checks,
            results.text(),
            [str(one) for one in facts.get("in_force", [])],
            [str(one) for one in facts.get("not_in_force", [])],
            results.notes,
            results.staff,
            round(results.seconds, 3),
        )
    )


def read(outcome: bytes) -> Graded:
    """The outcome in these bytes; raises `CourseError` for any others."""
    try:
        return msgspec.json.decode(outcome, type=Graded)
    except msgspec.DecodeError as error:
        raise CourseError(f"an outcome cannot be read: {error}") from error
