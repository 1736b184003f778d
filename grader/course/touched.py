"""What a change of the grader can touch: a name for all that the outcome of each check depends on.

An outcome depends on the parties that observe and judge, which all checks share, and on the check's own text with the
modules that it imports. Comments, points and titles are not among them: they change no outcome.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
from pathlib import Path

from grader import imports
from grader.course import fingerprint
from grader.course.journal import Check
from grader.project import ROOT, TEMPLATE
from grader.rubric import Row, read

PARTIES = ("grader.bench", "grader.judge", "grader.run", "grader.messages", "grader.wire")
SHARED = ("tests.conftest", "tests.support.submission", "tests.support.probes")
"""What stands around every check, or runs beside the student's code."""
NOT_IN_THE_JUDGE = "tests.local"
ONLY_SHOWN = ("weight", "tags", "visibility")
"""Marks of a check that say what it is worth and who sees it."""


def checks_now(rows: Iterable[Row]) -> list[Check]:
    """These rows of the rubric, each with a name for what its outcome depends on now."""
    names = names_of_checks()
    return [Check(row.name, row.number, row.points, names[row.name]) for row in rows]


def names_of_checks(root: Path = ROOT) -> dict[str, str]:
    """For each check of the rubric a name, the same as long as no change can touch its outcome."""
    project = imports.read(root)
    texts = {name: ast.dump(tree) for name, tree in project.trees.items() if _counts(name)}
    around = project.closure(*SHARED, without=("tests.conftest", NOT_IN_THE_JUDGE))
    data = [*(root / "tests").rglob("*.npz"), *(root / TEMPLATE.name).rglob("*.py")]
    shared = [
        *fingerprint.libraries(),
        *(hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(data)),
        *_told(texts, around | {name for name in texts if not imports.below(name, "tests")}),
    ]
    names = {}
    for row in read(root / "tests", written_counts=True):
        suite = f"tests.{row.file.removesuffix('.py').replace('/', '.')}"
        rest = project.closure(suite) - {suite}
        parts = [*shared, *_told(texts, rest), _own(project.trees[suite], f"test_{row.name}")]
        names[row.name] = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return names


def _counts(module: str) -> bool:
    return any(imports.below(module, one) for one in ("tests", *PARTIES))


def _told(texts: dict[str, str], modules: Iterable[str]) -> list[str]:
    """What each of these modules of the project says."""
    return [f"{name}\0{texts[name]}" for name in sorted(modules) if name in texts]


def _own(suite: ast.Module, name: str) -> str:
    """What a suite's file says of one check: its function, and everything that is no check."""
    parts = []
    for node in suite.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            if node.name != name:
                continue
            marks = [one for one in node.decorator_list if _mark(one) not in ONLY_SHOWN]
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            parts += [ast.dump(one) for one in (node.args, *marks, *body)]
        else:
            parts.append(ast.dump(node))
    return "\0".join(parts)


def _mark(decorator: ast.expr) -> str:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return called.id if isinstance(called, ast.Name) else ""
