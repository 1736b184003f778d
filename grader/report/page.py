"""The page that shows a result as Gradescope would.

What a student sees changes with the due date and with the publication of the grades, so the page has each of these
moments.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.report.templates import environment
from tests.support.homework.assignment import MODULES, module_of

READERS = ("student", "instructor")


@dataclass(frozen=True)
class Moment:
    """A time at which somebody looks at the result."""

    name: str
    due: bool
    published: bool

    def shows(self, visibility: str) -> bool:
        """Whether a student sees what has this visibility."""
        return {"visible": True, "after_due_date": self.due, "after_published": self.published}.get(visibility, False)


MOMENTS = (
    Moment("before the due date", due=False, published=False),
    Moment("after the due date", due=True, published=False),
    Moment("after publication", due=True, published=True),
)


@dataclass(frozen=True)
class Section:
    """Rows that belong together; the title is empty when there is only one section."""

    title: str
    tests: list[dict[str, Any]]


@dataclass(frozen=True)
class View:
    """What one reader sees at one moment; `total` is None where the platform shows no total."""

    moment: str
    output: str
    total: float | None
    tests: list[dict[str, Any]]

    @property
    def sections(self) -> list[Section]:
        """The rows of optional files, then all others, in their order."""
        optional = [test for test in self.tests if _is_optional(test)]
        if not optional:
            return [Section("", self.tests)]
        counted = any("max_score" in test for test in optional)
        others = [test for test in self.tests if test not in optional]
        return [
            Section(_title(optional=True) + ("" if counted else ": a self-check, without points"), optional),
            Section(_title(optional=False), others),
        ]


def _is_optional(test: dict[str, Any]) -> bool:
    module = module_of(test.get("number", ""))
    return module is not None and module.optional


def _title(optional: bool) -> str:
    """The problems of the optional files, or of the others, as a heading."""
    modules = [module for module in MODULES if module.optional == optional]
    numbers = sorted(problem.number for module in modules for problem in module.problems)
    between = " to " if len(numbers) > 2 else " and "
    return f"Problem{'s' if len(numbers) > 1 else ''} {numbers[0]}{between + numbers[-1] if len(numbers) > 1 else ''}"


def view(document: dict[str, Any], reader: str, moment: Moment) -> View:
    """What the reader sees of a results.json at this moment; any row that a student cannot see hides the total."""
    tests = [
        {**test, "seen_by_students": moment.shows(test["visibility"])}
        for test in document["tests"]
        if reader == "instructor" or (moment.shows(document["visibility"]) and moment.shows(test["visibility"]))
    ]
    complete = all(test["seen_by_students"] for test in tests) and len(tests) == len(document["tests"])
    shows_output = reader == "instructor" or moment.shows(document["visibility"])
    return View(
        moment=moment.name,
        output=document.get("output", "") if shows_output else "",
        total=document["score"] if reader == "instructor" or complete else None,
        tests=tests,
    )


def page(document: dict[str, Any], reader: str, title: str) -> str:
    """The page of one result for one reader, at every moment.

    An output whose format is html is shown as such: the grader makes it from an escaping template. Nothing on the page
    may load or run anything, whatever it holds.
    """
    return (
        environment(Path(__file__).parent)
        .get_template("page.html.j2")
        .render(
            title=title,
            reader=reader,
            missing=document.get("extra_data", {}).get("not_in_force", []),
            possible=sum(test.get("max_score", 0) for test in document["tests"]),
            views=[view(document, reader, moment) for moment in MOMENTS],
        )
    )


def write(path: Path, document: dict[str, Any], reader: str, title: str) -> None:
    """Write the page of one result into a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(document, reader, title), encoding="utf-8")
