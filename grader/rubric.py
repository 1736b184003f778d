"""The rubric, read from the suites without running them: one row for each check, in the order of the handout.

A check is a test function whose decorators are literals; `make rubric` prints the table that they make.
`WRITTEN_COUNTS` is a course's choice: whether Problems 1 to 3 are graded, or only for self-checks.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from grader.errors import UserError
from grader.project import SUITES
from tests.support.homework.assignment import module_of

WRITTEN_COUNTS = False
"""Whether the file that is optional counts: on, its questions have the handout's points, and those that people grade
have rows; off, its rows have no points, and are there only when the file was handed in."""
HIDDEN_SHOWN = ""
"""When students see the rows of hidden checks: `after_due_date`, `after_published` or `hidden`; empty, each says it."""
AUDIENCES = ("public", "hidden")
VISIBILITIES = ("visible", "after_due_date", "after_published", "hidden")
"""From what students see now to what they never see."""


class RubricError(UserError):
    """A check is declared wrongly: a missing or unknown mark, or a name used twice."""


@dataclass(frozen=True)
class Row:
    """One check: `name` is its test function without `test_`."""

    name: str
    title: str
    number: str
    points: float
    visibility: str
    audience: str
    tags: tuple[str, ...]
    file: str
    module: str = ""
    self_check: bool = False

    @property
    def by_hand(self) -> bool:
        """Whether people grade it: its points are never the grader's."""
        return BY_HAND in self.tags


BY_HAND = "by hand"
"""The tag of a row that people grade."""


def read(suites: Path = SUITES, written_counts: bool | None = None) -> list[Row]:
    """Every check of both audiences, sorted by question, public first; raises `RubricError`.

    `written_counts` takes the place of `WRITTEN_COUNTS`.
    """
    rows: list[Row] = []
    for audience in AUDIENCES:
        for path in sorted((suites / audience).glob("test_*.py")):
            try:
                tree = ast.parse(path.read_text(encoding="utf-8"), path.name)
            except SyntaxError as error:
                raise RubricError(f"{path.name}, line {error.lineno}: {error.msg}") from error
            for node in tree.body:
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    rows.append(_row(node, audience, path))
    if HIDDEN_SHOWN:
        rows = [replace(row, visibility=HIDDEN_SHOWN) if row.audience == "hidden" else row for row in rows]
    _verify(rows)
    if not (WRITTEN_COUNTS if written_counts is None else written_counts):
        rows = [_self_check(row) for row in rows if not (row.by_hand and _is_optional(row))]
    return sorted(rows, key=lambda row: (row.number, AUDIENCES.index(row.audience)))


def graded(rows: list[Row]) -> float:
    """Points that the grader gives in all."""
    return round(sum(row.points for row in rows if not row.by_hand), 3)


def left_to_people(rows: list[Row]) -> float:
    """Points that people give in rows of the rubric."""
    return round(sum(row.points for row in rows if row.by_hand), 3)


def _is_optional(row: Row) -> bool:
    found = module_of(row.number)
    return found is not None and found.optional


def _self_check(row: Row) -> Row:
    """The row without points, when its file is optional."""
    return replace(row, points=0.0, self_check=True) if _is_optional(row) else row


def stage(row: Row) -> int:
    """When students see a row, from 0 for now: what is seen later is judged later."""
    return VISIBILITIES.index(row.visibility)


def in_order_of_judgement(rows: list[Row]) -> list[Row]:
    """The rows in the order in which they are judged, so that no row can speak of one that is seen later."""
    return sorted(rows, key=stage)


def _row(node: ast.FunctionDef, audience: str, path: Path) -> Row:
    marks: dict[str, list[Any]] = {}
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name):
            name = decorator.func.id
            if name in ("number", "weight", "visibility", "tags"):
                marks[name] = _literals(decorator, f"{path.name}: {node.name}")
    missing = [name for name in ("number", "weight", "visibility") if name not in marks]
    if missing:
        raise RubricError(f"{path.name}: {node.name} has no {', '.join('@' + name for name in missing)}")
    if not isinstance(marks["weight"][0], int | float):
        raise RubricError(f"{path.name}: {node.name}: {marks['weight'][0]!r} is no number of points")
    return Row(
        name=node.name.removeprefix("test_"),
        title=(ast.get_docstring(node) or node.name).splitlines()[0],
        number=str(marks["number"][0]),
        points=float(marks["weight"][0]),
        visibility=marks["visibility"][0],
        audience=audience,
        tags=tuple(marks.get("tags", ())),
        file=f"{audience}/{path.name}",
        module=found.name if (found := module_of(str(marks["number"][0]))) else "",
    )


def _literals(decorator: ast.Call, where: str) -> list[Any]:
    """What a mark says, which is read and not run."""
    try:
        said = [ast.literal_eval(argument) for argument in decorator.args]
    except ValueError:
        said = []
    if not said:
        raise RubricError(f"{where}: @{ast.unparse(decorator)} does not name its value literally")
    return said


def _verify(rows: list[Row]) -> None:
    names = [row.name for row in rows]
    for row in rows:
        if names.count(row.name) > 1:
            raise RubricError(f"two checks are called {row.name}")
        if row.visibility not in VISIBILITIES:
            raise RubricError(f"{row.name}: {row.visibility!r} is not one of {', '.join(VISIBILITIES)}")
        if row.audience == "hidden" and row.visibility == "visible":
            raise RubricError(f"{row.name}: a hidden check must not be visible to students")
        if row.points < 0:
            raise RubricError(f"{row.name}: a check cannot be worth {row.points:g} points")
