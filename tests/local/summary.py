"""What a run ends with: what is not written, what was noticed, the points, and what to do next."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.homework.assignment import ARTIFACTS, MODULES, REQUIRED, module_of

SUITES = Path(__file__).resolve().parent.parent
LATER = SUITES / "later.json"
"""How many checks students see only later, and their points; it comes with the students' package."""


class Kind:
    """What a check can be that has neither passed nor failed, or has failed like one before."""

    UNWRITTEN = "not implemented"
    BY_HAND = "by hand"
    ADVICE = "advice"
    AGAIN = "again"


SHOWN = {
    Kind.UNWRITTEN: (Kind.UNWRITTEN, "-", "NOT IMPLEMENTED"),
    Kind.BY_HAND: ("", "h", "GRADED BY HAND"),
    Kind.ADVICE: ("advice", "a", "ADVICE"),
    Kind.AGAIN: ("failed for the same reason", "f", "FAILED AS ABOVE"),
}
"""For pytest: the category in which each is counted, its letter and its word."""


@dataclass(frozen=True)
class Unwritten:
    """A stub: its question, its place, and what it asks for."""

    number: str
    place: str
    task: str


@dataclass
class Summary:
    """What was seen in a run; `whole` is whether every public check was chosen, `waiting` how many have not run."""

    folder: Path
    whole: bool = False
    waiting: int = 0
    unwritten: dict[Unwritten, str] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    points: dict[str, list[float]] = field(default_factory=dict)
    following: str = ""

    def collected(self, items: list[pytest.Item]) -> None:
        """Note whether the checks are all that students have."""
        self.whole = {item.path for item in items} == set((SUITES / "public").glob("test_*.py"))

    @property
    def unwritten_required(self) -> bool:
        """Whether a question of a file that must be handed in is not written."""
        return any(not _is_optional(number) for number in self.unwritten.values())

    def count(self, number: str, points: float, share: float) -> None:
        """Add a check's points to those of its question, earned and possible."""
        if points:
            earned, possible = self.points.get(number, [0.0, 0.0])
            self.points[number] = [earned + points * share, possible + points]

    def say_of(self, number: str, text: str) -> None:
        """Keep what is worth reading of a check that has not failed."""
        if (line := f"Question {number}. {text}") not in self.remarks:
            self.remarks.append(line)

    def add_unwritten(self, stub: Unwritten, number: str) -> None:
        """Keep a stub that a check of this question found."""
        self.unwritten.setdefault(stub, number)
        if not self.following and not _is_optional(number):
            at = f" ({stub.place})" if stub.place else ""
            self.following = f"Next: question {stub.number}{at}: {stub.task}"

    def add_failure(self, number: str, check: str, status: str, text: str) -> bool:
        """Keep a failure; returns whether its text has not been told before."""
        if not self.following:
            self.following = f"Next: question {number}, {check}\n{status}; what it says stands above."
        return self.told.setdefault(text, check) == check

    def sections(self) -> list[tuple[str, str]]:
        """The titles and texts that a run ends with."""
        complete = self.whole and not self.waiting
        found = [
            ("not written yet", "\n".join(self._stubs())),
            ("noticed, without points", "\n\n".join(self.remarks)),
            ("points of the public checks", self._points() if complete else ""),
            ("what to do next", self.following or (self._finished() if complete else "")),
        ]
        return [(title, text) for title, text in found if text]

    def _stubs(self) -> list[str]:
        """A line for each stub; of files that are optional, one for all."""
        required = [stub for stub, number in self.unwritten.items() if not _is_optional(number)]
        lines = [f"{stub.number}  {f'{stub.place}: ' if stub.place else ''}{stub.task}" for stub in required]
        optional = dict.fromkeys(stub.number for stub, number in self.unwritten.items() if _is_optional(number))
        return [*lines, *([f"optional: {', '.join(optional)}"] if optional else [])]

    def _points(self) -> str:
        each = [f"{number}  {earned:g} of {possible:g}" for number, (earned, possible) in sorted(self.points.items())]
        earned, possible = (sum(one[place] for one in self.points.values()) for place in (0, 1))
        return "\n".join([*each, f"all  {earned:g} of {possible:g}{self._later()}"])

    def _later(self) -> str:
        if not LATER.is_file():
            return ""
        later = json.loads(LATER.read_text(encoding="utf-8"))
        return f"; {later['checks']} more checks, worth {later['points']:g} points, are shown after grading"

    def _finished(self) -> str:
        scripts = " and ".join(f"python {module.name}.py" for module in MODULES if not module.optional)
        return (
            f"All public checks pass. Next: train, with {scripts}.\n"
            f"Then hand in {', '.join(REQUIRED)} and what was trained: {', '.join(one.name for one in ARTIFACTS)}."
        )


def _is_optional(number: str) -> bool:
    module = module_of(number)
    return module is not None and module.optional
