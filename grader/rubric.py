"""The rubric, read from the suites without running them: one row for each check, in the order of the handout.

A check is a test function whose decorators are literals; `make rubric` prints the table that they make.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.project import SUITES

AUDIENCES = ("public", "hidden")
VISIBILITIES = ("visible", "after_due_date", "after_published", "hidden")
"""From what students see now to what they never see."""


class RubricError(Exception):
    """A check is declared wrongly: a missing or unknown mark, a name used twice, a prerequisite that does not exist."""


@dataclass(frozen=True)
class Row:
    """One check: `name` is its test function without `test_`, `requires` names the checks that must pass before it."""

    name: str
    title: str
    number: str
    points: float
    visibility: str
    audience: str
    tags: tuple[str, ...]
    requires: tuple[str, ...]
    file: str


def read(suites: Path = SUITES) -> list[Row]:
    """Every check of both audiences, sorted by question, public first; raises `RubricError`."""
    rows: list[Row] = []
    for audience in AUDIENCES:
        for path in sorted((suites / audience).glob("test_*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"), path.name)
            for node in tree.body:
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    rows.append(_row(node, audience, path))
    _verify(rows)
    return sorted(rows, key=lambda row: (row.number, AUDIENCES.index(row.audience)))


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
            if name in ("number", "weight", "visibility", "tags", "requires"):
                marks[name] = [ast.literal_eval(argument) for argument in decorator.args]
    missing = [name for name in ("number", "weight", "visibility") if name not in marks]
    if missing:
        raise RubricError(f"{path.name}: {node.name} has no {', '.join('@' + name for name in missing)}")
    return Row(
        name=node.name.removeprefix("test_"),
        title=(ast.get_docstring(node) or node.name).splitlines()[0],
        number=str(marks["number"][0]),
        points=float(marks["weight"][0]),
        visibility=marks["visibility"][0],
        audience=audience,
        tags=tuple(marks.get("tags", ())),
        requires=tuple(marks.get("requires", ())),
        file=f"{audience}/{path.name}",
    )


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
        for prerequisite in row.requires:
            if prerequisite not in names:
                raise RubricError(f"{row.name} requires {prerequisite}, which is not a check")
            if stage(rows[names.index(prerequisite)]) > stage(row):
                raise RubricError(f"{row.name} requires {prerequisite}, which students see later")
