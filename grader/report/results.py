"""`results.json`, as Gradescope reads it: valid from the first second on, complete at every moment.

One row for each check of the rubric, whatever happened to it. The file is written whole, checked against
`results.schema.json`, and moved into its place.
"""

from __future__ import annotations

import json
import math
import os
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema_rs  # ten times as fast as jsonschema: the file is checked after every check of the rubric

from grader.messages import Outcome
from grader.rubric import Row, graded, in_order_of_judgement, left_to_people
from tests.support.observations import is_printable
from tests.support.status import Status
from tests.support.verdicts import order_of

SCHEMA = json.loads((Path(__file__).parent / "results.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)
LONGEST_OUTPUT = 20_000
"""Characters of a row's text; Gradescope cuts all texts together at 100,000, in the middle."""
LARGEST_RESULT = 95_000
"""Characters of a whole file with pictures: what is added after they are drawn has room below the platform's limit."""

CONTACT = "The grader itself failed here; this is not your mistake. Please contact the staff, who can regrade you."

_NAMED_ROW = re.compile(r"row '([a-z0-9 ]{1,200})'")
_DOUBTFUL = re.compile(r"[^\n\x20-\x7e]")
UNJUDGEABLE = (
    "What your code's process answered here cannot be judged. If your code only does what the homework asks for, "
    "contact the staff: they can read what happened."
)


@dataclass(frozen=True)
class Known:
    """What an earlier grading has found: outcomes by check, and the facts of that grading."""

    outcomes: dict[str, Outcome]
    facts: dict[str, Any]


@dataclass
class Results:
    """The results of one submission, kept on disk as they grow.

    Only the staff may read `staff` (the grader's own failures, in a row) and `remarks` (settings to correct, pictures
    that cannot be drawn: beside the rows, because any row that students do not see hides their total); `notes` stand
    above the rows, `facts` goes to `extra_data`. With `leaderboard` the measures of advice go to the leaderboard.
    """

    path: Path
    rows: list[Row]
    leaderboard: bool = False
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    staff: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    _tests: dict[str, tuple[tuple[Any, ...], dict[str, Any], str]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.outcomes = {row.name: Outcome() for row in self.rows}
        self.write()

    def take_over(self, known: Known) -> None:
        """Give checks the outcomes that are known of them, and rewrite the file."""
        self.outcomes |= {name: one for name, one in known.outcomes.items() if name in self.outcomes}
        self.facts = dict(known.facts)
        self.write()

    def pending(self) -> list[Row]:
        """The rows without an outcome, in the order in which they are judged."""
        return [row for row in in_order_of_judgement(self.rows) if self.outcomes[row.name].status == Status.PENDING]

    def leave_out_self_checks(self, absent: Iterable[str]) -> None:
        """Take away the rows that are only self-checks of modules that were not handed in, and rewrite the file."""
        self.rows = [row for row in self.rows if not (row.self_check and row.module in absent)]
        self.outcomes = {row.name: self.outcomes[row.name] for row in self.rows}
        self.write()

    def record(self, name: str, outcome: Outcome) -> None:
        """Keep the outcome of one check and rewrite the file."""
        self.outcomes[name] = outcome
        self.write()

    def close(self, status: Status, output: str) -> None:
        """Give every check without an outcome this one, and rewrite the file."""
        for name, outcome in self.outcomes.items():
            if outcome.status == Status.PENDING:
                self.outcomes[name] = Outcome(status, 0.0, output)
        self.seconds = time.monotonic() - self.started
        self.write()

    def earned(self, row: Row) -> float:
        """Points of a row, in [0, its points], to a thousandth."""
        return round(row.points * min(1.0, max(0.0, self.outcomes[row.name].credit)), 3)

    def passes(self, row: Row) -> bool:
        """Whether a check found nothing wrong, and advice, if it is that, all points earned."""
        outcome = self.outcomes[row.name]
        return outcome.status == Status.PASSED or (outcome.status == Status.ADVICE and outcome.credit >= 1)

    def informs(self, row: Row) -> bool:
        """Whether a row neither passes nor fails: it is advice without points, or for people to grade."""
        status = self.outcomes[row.name].status
        return status == Status.BY_HAND or (status == Status.ADVICE and not row.points)

    @property
    def score(self) -> float:
        """Points of the whole submission."""
        return round(sum(self.earned(row) for row in self.rows), 3)

    @property
    def possible(self) -> float:
        """Points that the rubric gives in all."""
        return graded(self.rows)

    def document(self) -> dict[str, Any]:
        """The whole file as data, checked against the schema; raises jsonschema_rs.ValidationError."""
        document: dict[str, Any] = {
            "score": self.score,
            "execution_time": math.ceil(time.monotonic() - self.started),  # finer, it could tell of hidden rows
            "output": self._summary(),
            "output_format": "text",
            "test_output_format": "text",
            "test_name_format": "text",
            "visibility": "visible",
            "stdout_visibility": "hidden",
            "extra_data": self.facts | ({"remarks": [clean(one) for one in self.remarks]} if self.remarks else {}),
            "tests": [self._test(row) for row in self.rows] + self._staff_rows(),
        }
        if self.leaderboard and (entries := self._entries()):
            document["leaderboard"] = entries
        VALIDATOR.validate(document)
        return document

    def text(self) -> str:
        """The whole file as text: laid out for people once all is known, before that as it is made fastest."""
        document = self.document()
        if not self._unfinished():
            return json.dumps(document, indent=1, allow_nan=False) + "\n"
        del document["tests"]
        rows = [self._tests[row.name][2] for row in self.rows] + [json.dumps(one) for one in self._staff_rows()]
        return f'{json.dumps(document, allow_nan=False)[:-1]}, "tests": [{", ".join(rows)}]}}\n'

    def write(self) -> None:
        """Put the file in its place in one step; a reader never sees half of it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        temporary.write_text(self.text(), encoding="utf-8")
        os.replace(temporary, self.path)

    def _unfinished(self) -> bool:
        return any(outcome.status == Status.PENDING for outcome in self.outcomes.values())

    def _test(self, row: Row) -> dict[str, Any]:
        """A row, with its text made anew where its outcome is another than when it was written last: few are."""
        outcome = self.outcomes[row.name]
        of = (row, outcome.status, outcome.credit, outcome.seconds, outcome.text, outcome.html)
        before, test, _ = self._tests.get(row.name, ((), {}, ""))
        if before != of:
            test = self._made(row, outcome)
            self._tests[row.name] = (of, test, json.dumps(test, allow_nan=False))
        return test

    def _made(self, row: Row, outcome: Outcome) -> dict[str, Any]:
        test: dict[str, Any] = {
            "name": clean(row.title),
            "number": row.number,
            "output": outcome.html or clean(self._titled(outcome.text)),
            "tags": list(row.tags),
            "visibility": row.visibility,
            "extra_data": {"check": row.name, "verdict": outcome.status, "seconds": round(outcome.seconds, 3)},
        }
        if outcome.html:
            test["output_format"] = "html"
        if not self.informs(row):
            test["status"] = "passed" if self.passes(row) else "failed"
        if row.points and outcome.status == Status.BY_HAND:
            test["extra_data"]["by_hand"] = row.points
        if row.points and outcome.status != Status.BY_HAND and not row.by_hand:
            test |= {"score": self.earned(row), "max_score": row.points}
        return test

    def _titled(self, text: str) -> str:
        """The text, with the title of each row that it names: this is what a reader of the page finds."""
        if not _NAMED_ROW.search(text):
            return text
        titles = {row.name.replace("_", " "): row.title.rstrip(".") for row in self.rows}
        return _NAMED_ROW.sub(lambda found: f"row '{titles.get(found[1], found[1])}'", text)

    def _entries(self) -> list[dict[str, Any]]:
        """What advice has measured, to four figures: students are compared by it, and more would be noise."""
        measured = {
            name: float(f"{value:.4g}") for row in self.rows for name, value in self.outcomes[row.name].measures.items()
        }
        return [
            {"name": clean(name), "value": value, "order": order_of(name)}
            for name, value in measured.items()
            if math.isfinite(value)
        ]

    def _staff_rows(self) -> list[dict[str, Any]]:
        if not self.staff:
            return []
        text = clean("\n\n".join(self.staff))
        return [{"name": "For the staff: the grader failed", "output": text, "visibility": "hidden"}]

    def _summary(self) -> str:
        later = [row for row in self.rows if row.visibility != "visible" and row.points and not row.by_hand]
        lines = [f"Note: {clean(note)}" for note in self.notes]
        if self._unfinished():
            lines.append("Grading has not finished; what is listed below is what is known so far.")
        if later:
            points = sum(row.points for row in later)
            lines.append(
                f"{len(later)} of the checks, worth {points:g} of {self.possible:g} points, are shown later, "
                "after the grades are published."
            )
        if by_hand := left_to_people(self.rows):
            lines.append(f"People grade {by_hand:g} more points: a derivation's steps and the reasons of an answer.")
        return "\n".join(lines)


def clean(text: str) -> str:
    """Text as the platform wants it: printable, `\\n` line ends, and cut, marked, at `LONGEST_OUTPUT` characters."""
    text = text[: 2 * LONGEST_OUTPUT].replace("\r\n", "\n").replace("\r", "\n")
    text = _DOUBTFUL.sub(lambda found: found[0] if is_printable(found[0]) else "?", text)
    if len(text) > LONGEST_OUTPUT:
        text = text[:LONGEST_OUTPUT] + "\n[cut here: the text was longer]"
    return text
