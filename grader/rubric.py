"""The rubric, read from the suites without running them: one row for each check, in the order of the handout.

A check is a test function whose decorators are literals; `make rubric` prints the table that they make.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.errors import UserError
from grader.project import SUITES

AUDIENCES = ("public", "hidden")
VISIBILITIES = ("visible", "after_due_date", "after_published", "hidden")


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


def read(suites: Path = SUITES) -> list[Row]:
    """Every check of both audiences, sorted by question, public first; raises `RubricError`."""
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
    _verify(rows)
    return sorted(rows, key=lambda row: (row.number, AUDIENCES.index(row.audience)))


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
