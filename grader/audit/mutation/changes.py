"""Random changes to the trusted code: each a small one to one file, by the operators of `grader.audit.automatic`.

Words are left alone: docstrings, annotations, and strings with a space in them.
"""

from __future__ import annotations

import ast
import difflib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from grader.audit.automatic import OPERATORS
from grader.project import ROOT

GROUPS = {
    "grader": ["grader/**/*.py"],
    "tests/support": ["tests/support/**/*.py"],
    "checks": ["tests/public/*.py", "tests/hidden/*.py", "tests/conftest.py"],
}
"""The trusted code, in the groups that are counted apart. To none belongs what the next list names: what decides no
verdict, and this package, which cannot count itself."""
OTHERS = ("grader/tests/", "grader/bench/", "grader/reproduce/", "grader/audit/mutation/", "tests/support/probes/")


@dataclass(frozen=True)
class Change:
    """One change: `after` is the file's new text, `lines` those that the changed node stands on, `name` its diff.

    `when_called` is whether it stands in a function: else it runs once, when its module is imported.
    """

    group: str
    path: str
    lines: range
    after: str
    name: str
    when_called: bool = True


def trusted(group: str) -> list[str]:
    """The files of a group, relative to the project."""
    found = {path.relative_to(ROOT).as_posix() for pattern in GROUPS[group] for path in ROOT.glob(pattern)}
    return sorted(path for path in found if not path.startswith(OTHERS) and (ROOT / path).stat().st_size)


def sample(group: str, n: int, seed: int, only: str = "") -> list[Change]:
    """A random sample of `n` changes to the files of a group whose path holds `only`, each another program."""
    spots = [(path, i) for path in trusted(group) if only in path for i in range(len(_changes_of(path)))]
    random.Random(f"{group} {seed}").shuffle(spots)
    found: list[Change] = []
    seen: set[tuple[str, str]] = set()
    for path, i in spots:
        if len(found) == n:
            break
        change = _made(group, path, i)
        if change and (path, change.after) not in seen:
            seen.add((path, change.after))
            found.append(change)
    return found


def _made(group: str, path: str, i: int) -> Change | None:
    """The i-th change of a file; None when it is no program, or the same one."""
    module, changes = _module(path), _changes_of(path)
    node, place, changed = changes[i]
    after = cst.ensure_type(module.deep_replace(node, changed), cst.Module).code
    try:
        if ast.dump(ast.parse(after)) == ast.dump(ast.parse(module.code)):
            return None
    except SyntaxError:
        return None
    lines = range(place.start.line, place.end.line + 1)
    scopes = _scopes(module.code, lines.start)
    when_called = any(isinstance(scope, ast.FunctionDef) for scope in scopes)
    name = f"@@ {path} {'.'.join(scope.name for scope in scopes)}".rstrip()
    return Change(group, path, lines, after, "\n".join([name, *_diff(module.code, after)]), when_called)


def _scopes(text: str, line: int) -> list[ast.ClassDef | ast.FunctionDef]:
    """The classes and functions that a line stands in, the outermost first."""
    found = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    return sorted(found, key=lambda node: node.lineno)


def _diff(before: str, after: str) -> list[str]:
    """The lines that differ: what `equivalent.md` lists, below the place."""
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
    return [f"{one[0]} {one[1:].strip()}" for one in lines if not one.startswith("@@")]


@cache
def _module(path: str) -> cst.Module:
    return _wrapper(path).module


@cache
def _wrapper(path: str) -> MetadataWrapper:
    return MetadataWrapper(cst.parse_module((ROOT / path).read_text(encoding="utf-8")))


@cache
def _changes_of(path: str) -> list[tuple[cst.CSTNode, CodeRange, cst.CSTNode]]:
    """Every change of a file, as the node, where it stands, and what takes its place."""
    wrapper = _wrapper(path)
    positions = wrapper.resolve(PositionProvider)
    collector = _Nodes()
    wrapper.module.visit(collector)
    return [(node, positions[node], changed) for node in collector.found for changed in _changed(node)]


def _changed(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    if isinstance(node, cst.SimpleString) and " " in node.value:
        return
    for kind, operator in OPERATORS:
        if isinstance(node, kind):
            yield from operator(node)


class _Nodes(cst.CSTVisitor):
    """Every node that does something when the program runs."""

    def __init__(self) -> None:
        self.found: list[cst.CSTNode] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Remember the node, unless neither it nor what it holds does anything."""
        if isinstance(node, (cst.Annotation, cst.Import, cst.ImportFrom)) or _is_words(node):
            return False
        self.found.append(node)
        return True


def _is_words(node: cst.CSTNode) -> bool:
    """Whether a statement is only a text: a docstring, or one below a constant."""
    if isinstance(node, cst.SimpleStatementLine) and all(
        isinstance(one, (cst.Import, cst.ImportFrom)) for one in node.body
    ):
        return True
    return (
        isinstance(node, cst.SimpleStatementLine)
        and isinstance(node.body[0], cst.Expr)
        and isinstance(node.body[0].value, (cst.SimpleString, cst.ConcatenatedString))
    )
