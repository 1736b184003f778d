"""A result as a page of its own: the student's, with what Gradescope shows at one moment, and the staff's, with all.

What a student must not see yet is not in the student's file, so that it can be sent to anybody. Nothing on a page may
load or run anything, whatever it holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from grader.errors import SubmissionError
from grader.report.blocks import blocks
from grader.report.templates import environment
from tests.support.homework.assignment import MODULES, QUESTIONS, handout_of, module_of
from tests.support.status import Status

STUDENT, STAFF = READERS = ("student", "instructor")


@dataclass(frozen=True)
class Moment:
    """A time at which a student looks at the result: what to call it on the command line, and on a page."""

    key: str
    name: str
    due: bool
    published: bool

    def shows(self, visibility: str) -> bool:
        """Whether a student sees what has this visibility."""
        return {"visible": True, "after_due_date": self.due, "after_published": self.published}.get(visibility, False)


MOMENTS = (
    Moment("before", "before the due date", due=False, published=False),
    Moment("due", "after the due date", due=True, published=False),
    Moment("published", "after publication", due=True, published=True),
)
SIGNS = {Status.PASSED: "\u2713", Status.NOT_IMPLEMENTED: "\u25cb", Status.ADVICE: "\u2139", Status.BY_HAND: "\u270e"}
"""Beside the word that says how a check stands; all others have a cross."""
PARTLY, MISTAKEN = "partly right", "\u2717"


@dataclass(frozen=True)
class Verdict:
    """How a check or a question stands: a word, a sign, and the kind by which it is coloured."""

    word: str
    sign: str
    kind: str


@dataclass(frozen=True)
class Question:
    """The rows of one question; `number` is empty for rows of no question. `first` is whether to begin here.

    `remarked` is whether a row that passes says something all the same: nobody would look for it there.
    """

    number: str
    tests: list[dict[str, Any]]
    verdict: Verdict
    first: bool
    handout: str
    remarked: bool

    @property
    def points(self) -> str:
        """The points of its rows together."""
        scored = [test for test in self.tests if "score" in test]
        return points(sum(one["score"] for one in scored), sum(one["max_score"] for one in scored)) if scored else ""


@dataclass(frozen=True)
class Section:
    """Questions that belong together; the title is empty when there is only one section."""

    title: str
    questions: list[Question]


@dataclass(frozen=True)
class View:
    """What one reader sees at one moment; `total` is None where the platform shows no total."""

    output: str
    total: float | None
    tests: list[dict[str, Any]]


def offered(visibilities: Iterable[str]) -> list[Moment]:
    """The moments at which students see something else than at the one before."""
    known = set(visibilities)
    kept = [MOMENTS[0]]
    for moment in MOMENTS[1:]:
        if any(moment.shows(one) != kept[-1].shows(one) for one in known):
            kept.append(moment)
    return kept


def chosen(key: str, visibilities: Iterable[str]) -> Moment:
    """The moment of this name; raises `SubmissionError` for one that shows no other rows than an earlier one."""
    there = {moment.key: moment for moment in offered(visibilities)}
    if key not in there:
        name = next(moment.name for moment in MOMENTS if moment.key == key)
        raise SubmissionError(f"Students see nothing new {name}. Choose {' or '.join(there)}.")
    return there[key]


def view(document: dict[str, Any], reader: str, moment: Moment) -> View:
    """What the reader sees of a results.json at this moment; any row that a student cannot see hides the total."""
    shown = reader == STAFF or moment.shows(document["visibility"])
    tests = [test for test in document["tests"] if shown and (reader == STAFF or moment.shows(test["visibility"]))]
    complete = len(tests) == len(document["tests"])
    return View(document.get("output", "") if shown else "", document["score"] if complete else None, tests)


def verdict(test: dict[str, Any]) -> Verdict:
    """How a row stands, in a word and a sign."""
    word = test.get("extra_data", {}).get("verdict") or test.get("status", "")
    if word == Status.FAILED and test.get("score", 0) > 0:
        return Verdict(PARTLY, "\u25d0", "partly")
    if word in (Status.ADVICE, Status.BY_HAND, Status.PASSED):
        return Verdict(word, SIGNS[Status(word)], word.split()[0])
    return Verdict(word, SIGNS.get(word, MISTAKEN), "failed") if word else Verdict("", "", "plain")


def sections(tests: list[dict[str, Any]]) -> list[Section]:
    """The questions of optional files apart from all others: before them if they count, as the handout has it."""
    optional = [test for test in tests if _is_optional(test.get("number", ""))]
    if not optional:
        return [Section("", questions(tests))]
    counted = any("max_score" in test for test in optional)
    found = questions(tests, optional_last=not counted)
    kinds = [(True, _title(optional=True) + ("" if counted else ": a self-check, without points"))]
    kinds.insert(0 if not counted else 1, (False, _title(optional=False)))
    return [Section(title, [one for one in found if _is_optional(one.number) == kind]) for kind, title in kinds]


def _title(optional: bool) -> str:
    """The problems of the optional files, or of the others, as a heading."""
    modules = [module for module in MODULES if module.optional == optional]
    numbers = sorted(problem.number for module in modules for problem in module.problems)
    between = " to " if len(numbers) > 2 else " and "
    return f"Problem{'s' if len(numbers) > 1 else ''} {numbers[0]}{between + numbers[-1] if len(numbers) > 1 else ''}"


def questions(tests: list[dict[str, Any]], optional_last: bool = True) -> list[Question]:
    """The rows by question; the first question that is not right is marked."""
    numbers = list(dict.fromkeys(test.get("number", "") for test in tests))
    numbers.sort(key=lambda one: (not one, optional_last and _is_optional(one), _place(one)))
    found: list[Question] = []
    for number in numbers:
        rows = [test for test in tests if test.get("number", "") == number]
        stands = _together([verdict(test) for test in rows])
        first = stands.kind in ("failed", "partly") and not any(one.first for one in found)
        remarked = any(verdict(one).kind == "passed" and one.get("output") for one in rows)
        if remarked and stands.kind == "passed":
            stands = replace(stands, word=f"{stands.word}, with a remark")
        found.append(Question(number, rows, stands, first, handout_of(number) if number else "", remarked))
    return found


def _together(verdicts: list[Verdict]) -> Verdict:
    """How a question stands: as its rows do when all agree, else partly."""
    judged = [one for one in verdicts if one.kind in ("passed", "failed", "partly")]
    if not judged:
        return verdicts[0] if len({one.word for one in verdicts}) == 1 else Verdict("", "", "plain")
    if len({one.word for one in judged}) == 1:
        return judged[0]
    kinds = {one.kind for one in judged}
    return Verdict(PARTLY, "\u25d0", "partly") if kinds != {"failed"} else Verdict("failed", MISTAKEN, "failed")


def _place(number: str) -> int:
    return QUESTIONS.index(number) if number in QUESTIONS else 0


def _is_optional(number: str) -> bool:
    module = module_of(number)
    return module is not None and module.optional


def points(earned: float, possible: float) -> str:
    """Points as they are read aloud."""
    return f"{earned:g} / {possible:g}"


def when(visibility: str) -> str:
    """From when on students see a row, for the staff; nothing for one that they see now."""
    moments = [moment.name for moment in MOMENTS if moment.shows(visibility)]
    return (
        "" if len(moments) == len(MOMENTS) else f"students see it {moments[0]}" if moments else "students never see it"
    )


def page(document: dict[str, Any], reader: str, title: str, moment: Moment = MOMENTS[0]) -> str:
    """The page of one result for one reader; an output whose format is html comes from an escaping template."""
    seen = view(document, reader, moment)
    visibilities = {test["visibility"] for test in document["tests"]}
    same = [one.name for one in MOMENTS if all(one.shows(each) == moment.shows(each) for each in visibilities)]
    return (
        environment(Path(__file__).parent)
        .get_template("page.html.j2")
        .render(
            title=title,
            staff=reader == STAFF,
            moments=" and ".join(same),
            facts=document.get("extra_data", {}),
            possible=sum(test.get("max_score", 0) for test in document["tests"]),
            view=seen,
            sections=sections(seen.tests),
            blocks=blocks,
            verdict=verdict,
            points=points,
            when=when,
        )
    )


def write(path: Path, document: dict[str, Any], reader: str, title: str, moment: Moment = MOMENTS[0]) -> None:
    """Write the page of one result into a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(document, reader, title, moment), encoding="utf-8")
