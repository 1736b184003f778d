"""`results.json`, as Gradescope reads it: valid from the first second on, complete at every moment.

One row for each check of the rubric, whatever happened to it. The file is written whole, checked against
`results.schema.json`, and moved into its place.
"""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema_rs  # ten times as fast as jsonschema: the file is checked after every check of the rubric

from grader.rubric import Row

SCHEMA = json.loads((Path(__file__).parent / "results.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)
LONGEST_OUTPUT = 20_000
"""Characters of a row's output; Gradescope cuts all texts together at 100,000, in the middle."""

PASSED, FAILED, NOT_IMPLEMENTED = "passed", "failed", "not implemented"
BLOCKED, TIMED_OUT, OUT_OF_MEMORY, CRASHED = "blocked", "timed out", "out of memory", "crashed"
GRADER_ERROR, PENDING = "grader error", "not judged yet"
STATUSES = (PASSED, FAILED, NOT_IMPLEMENTED, BLOCKED, TIMED_OUT, OUT_OF_MEMORY, CRASHED, GRADER_ERROR, PENDING)

CONTACT = "The grader itself failed here; this is not your mistake. Please contact the staff, who can regrade you."

_UNPRINTABLE = re.compile(r"[^\n\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd]")


@dataclass
class Outcome:
    """What became of one check: its status, the share of its points earned, the text for the student."""

    status: str = PENDING
    credit: float = 0.0
    output: str = "This check has not been judged yet."
    seconds: float = 0.0


@dataclass
class Results:
    """The results of one submission, kept on disk as they grow.

    Only the staff may read `staff` (the grader's own failures) and `remarks` (settings to correct); `facts` goes to
    `extra_data`.
    """

    path: Path
    rows: list[Row]
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    staff: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.outcomes = {row.name: Outcome() for row in self.rows}
        self.write()

    def record(self, name: str, outcome: Outcome) -> None:
        """Keep the outcome of one check and rewrite the file."""
        self.outcomes[name] = outcome
        self.write()

    def close(self, status: str, output: str) -> None:
        """Give every check without an outcome this one, and rewrite the file."""
        for name, outcome in self.outcomes.items():
            if outcome.status == PENDING:
                self.outcomes[name] = Outcome(status, 0.0, output)
        self.write()

    def earned(self, row: Row) -> float:
        """Points of a row, in [0, its points], to a thousandth."""
        return round(row.points * min(1.0, max(0.0, self.outcomes[row.name].credit)), 3)

    @property
    def score(self) -> float:
        """Points of the whole submission."""
        return round(sum(self.earned(row) for row in self.rows), 3)

    @property
    def possible(self) -> float:
        """Points that the rubric gives in all."""
        return round(sum(row.points for row in self.rows), 3)

    def document(self) -> dict[str, Any]:
        """The whole file as data, checked against the schema; raises jsonschema_rs.ValidationError."""
        document = {
            "score": self.score,
            "execution_time": round(time.monotonic() - self.started, 3),
            "output": self._summary(),
            "output_format": "text",
            "test_output_format": "text",
            "test_name_format": "text",
            "visibility": "visible",
            "stdout_visibility": "hidden",
            "extra_data": self.facts,
            "tests": [self._test(row) for row in self.rows] + self._staff_rows(),
        }
        VALIDATOR.validate(document)
        return document

    def write(self) -> None:
        """Put the file in its place in one step; a reader never sees half of it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        temporary.write_text(json.dumps(self.document(), indent=1, allow_nan=False) + "\n", encoding="utf-8")
        os.replace(temporary, self.path)

    def _test(self, row: Row) -> dict[str, Any]:
        outcome = self.outcomes[row.name]
        test: dict[str, Any] = {
            "name": clean(row.title),
            "number": row.number,
            "status": "passed" if outcome.status == PASSED else "failed",
            "output": clean(outcome.output),
            "tags": list(row.tags),
            "visibility": row.visibility,
            "extra_data": {"check": row.name, "verdict": outcome.status, "seconds": round(outcome.seconds, 3)},
        }
        if row.points:
            test |= {"score": self.earned(row), "max_score": row.points}
        return test

    def _staff_rows(self) -> list[dict[str, Any]]:
        told = (("the grader failed", self.staff), ("check the settings", self.remarks))
        return [
            {"name": f"For the staff: {what}", "output": clean("\n\n".join(texts)), "visibility": "hidden"}
            for what, texts in told
            if texts
        ]

    def _summary(self) -> str:
        later = [row for row in self.rows if row.visibility != "visible" and row.points]
        lines = []
        if any(outcome.status == PENDING for outcome in self.outcomes.values()):
            lines.append("Grading has not finished; what is listed below is what is known so far.")
        if later:
            points = sum(row.points for row in later)
            lines.append(
                f"{len(later)} of the checks, worth {points:g} of {self.possible:g} points, are shown later, "
                "after the grades are published."
            )
        return "\n".join(lines)


def clean(text: str) -> str:
    """Text as the platform wants it: printable, `\\n` line ends, and cut, marked, at `LONGEST_OUTPUT` characters."""
    text = _UNPRINTABLE.sub("?", text.replace("\r\n", "\n").replace("\r", "\n"))
    if len(text) > LONGEST_OUTPUT:
        text = text[:LONGEST_OUTPUT] + "\n[cut here: the text was longer]"
    return text
