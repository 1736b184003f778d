"""The verb `automatic`: grade mistakes that nobody listed, made by rule from the reference's solutions.

Each mutation is one small change within a solution region, by mutmut's operators or by those below. One that keeps all
points survives: it must be listed in grader/tests/mutants/equivalent.md, with the proof that it is no mistake.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import os
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import OPERATORS_TYPE, mutation_operators

from grader.audit.cases import SAMPLE, Case
from grader.audit.run import CaseResult, grade_all
from grader.project import KNOWN, REFERENCE
from grader.release.template import BEGIN, END
from grader.report import terminal
from grader.rubric import read
from tests.support.homework.assignment import FILES, REQUIRED
from tests.support.status import NO_FAULT, Status

EQUIVALENT = KNOWN / "mutants" / "equivalent.md"


def _operand(node: cst.BinaryOperation) -> Iterable[cst.CSTNode]:
    """`a + b` becomes `a` and `b`."""
    yield from (node.left, node.right)


def _uncalled(node: cst.Call) -> Iterable[cst.CSTNode]:
    """`f(a)` becomes `a`, and `a.f()` becomes `a`."""
    if node.args and not node.args[0].star:
        yield node.args[0].value
    if isinstance(node.func, cst.Attribute):
        yield node.func.value


def _swapped(node: cst.Call) -> Iterable[cst.CSTNode]:
    """`f(a, b)` becomes `f(b, a)`."""
    for i in range(len(node.args) - 1):
        one, other = node.args[i], node.args[i + 1]
        if one.keyword is other.keyword is None:
            pair = [one.with_changes(value=other.value), other.with_changes(value=one.value)]
            yield node.with_changes(args=[*node.args[:i], *pair, *node.args[i + 2 :]])


def _smaller(node: cst.BaseNumber) -> Iterable[cst.CSTNode]:
    """A number becomes one less, a fraction nothing and its half."""
    if isinstance(node, cst.Integer) and node.evaluated_value > 0:
        yield cst.Integer(str(node.evaluated_value - 1))
    if isinstance(node, cst.Float):
        yield from (cst.Float("0.0"), cst.Float(repr(node.evaluated_value / 2)))


def _removed(node: cst.SimpleStatementLine) -> Iterable[cst.CSTNode]:
    """A statement that returns nothing becomes `pass`."""
    if not isinstance(node.body[0], cst.Return):
        yield node.with_changes(body=[cst.Pass()])


def _decided(node: cst.If) -> Iterable[cst.CSTNode]:
    """A condition becomes True and False."""
    yield from (node.with_changes(test=cst.Name(name)) for name in ("True", "False"))


OPERATORS: OPERATORS_TYPE = [
    *mutation_operators,
    (cst.BinaryOperation, _operand),
    (cst.Call, _uncalled),
    (cst.Call, _swapped),
    (cst.BaseNumber, _smaller),
    (cst.SimpleStatementLine, _removed),
    (cst.If, _decided),
]


@dataclass(frozen=True)
class _Mutated:
    """Writes the reference with one of its modules replaced."""

    module: str
    text: str

    def __call__(self, folder: Path) -> None:
        for module in dict.fromkeys([*REQUIRED, self.module]):
            text = self.text if module == self.module else (REFERENCE / module).read_text(encoding="utf-8")
            (folder / module).write_text(text, encoding="utf-8")


def mutations(module: str) -> Iterator[Case]:
    """Every mutation of a module's solutions that is another program, each once; its name is its diff."""
    source = (REFERENCE / module).read_text(encoding="utf-8")
    wrapper = MetadataWrapper(cst.parse_module(source))
    positions = wrapper.resolve(PositionProvider)
    inside = _solution_lines(source)
    programs = {ast.dump(ast.parse(source))}
    parts = _parts(wrapper.module)
    for node, place in positions.items():
        if place.start.line in inside and place.end.line in inside:
            index, part = next((i, one) for i, one in enumerate(parts) if one.first <= place.start.line <= one.last)
            before, after = ("".join(one.text for one in some) for some in (parts[:index], parts[index + 1 :]))
            for mutated in _mutated(node):
                changed = part.statement.deep_replace(node, mutated)
                assert isinstance(changed, cst.CSTNode)
                text = before + wrapper.module.code_for_node(changed) + after
                program = _program(text)
                if program and program not in programs:
                    programs.add(program)
                    yield Case(SAMPLE, _diff(module, source, text), _Mutated(module, text))


@dataclass(frozen=True)
class _Part:
    """A statement at the top of a module, with its text and its lines from `first` to `last`."""

    statement: cst.BaseStatement
    text: str
    first: int
    last: int


def _parts(module: cst.Module) -> list[_Part]:
    """The statements of a module, in which a mutation is made ten times as fast as in the whole."""
    parts = []
    line = 1
    for statement in module.body:
        text = module.code_for_node(statement)
        end = line + text.count("\n")
        parts.append(_Part(statement, text, line, end - 1))
        line = end
    return parts


def _mutated(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    for kind, operator in OPERATORS:
        if isinstance(node, kind):
            yield from operator(node)


def _solution_lines(source: str) -> set[int]:
    """Numbers of the lines within solution regions, from 1."""
    inside: set[int] = set()
    open_region = False
    for number, line in enumerate(source.splitlines(), start=1):
        open_region = bool(BEGIN.fullmatch(line)) or (open_region and not END.fullmatch(line))
        if open_region:
            inside.add(number)
    return inside


def _program(text: str) -> str:
    """What the text says as a program, or nothing when it is none."""
    try:
        return ast.dump(ast.parse(text))
    except SyntaxError:
        return ""


def _diff(module: str, before: str, after: str) -> str:
    """The lines that differ, below the module and the function or class in which they are."""
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
    first = int(re.findall(r"\d+", lines[0])[0])
    scopes = [
        node
        for node in ast.walk(ast.parse(before))
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.lineno <= first <= (node.end_lineno or 0)
    ]
    place = ".".join(node.name for node in sorted(scopes, key=lambda node: node.lineno))
    changes = [f"{line[0]} {line[1:].strip()}" for line in lines if not line.startswith("@@")]
    return "\n".join([f"@@ {module} {place}", *changes])


def listed(text: str) -> set[str]:
    """The diffs of a Markdown text: its fenced blocks."""
    return set(re.findall(r"^```diff\n(.*?)\n```$", text, re.DOTALL | re.MULTILINE))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which mutations, and how many at a time."""
    parser.add_argument("--only", default="", metavar="TEXT", help="only the mutations whose diff holds this text")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)


def run(options: argparse.Namespace) -> int:
    """Grade every mutation; 1 when one survives that is not listed, one listed does not, or the grader itself fails."""
    console = terminal.console(140)
    cases = [case for module in FILES for case in mutations(module) if options.only in case.name]
    equivalent = {name for name in listed(EQUIVALENT.read_text(encoding="utf-8")) if options.only in name}
    began = time.monotonic()
    verdicts: list[CaseResult] = []
    with terminal.progress_line(console) as line:
        task = line.add_task("mutations", total=len(cases))
        for verdict in grade_all(cases, options.workers):
            verdicts.append(verdict)
            line.update(task, advance=1)
    points = sum(row.points for row in read())
    survivors = {verdict.case.name for verdict in verdicts if verdict.score == points and not _found(verdict)}
    broken = {verdict.case.name for verdict in verdicts if _grader_failed(verdict)}
    for problem, names in (
        ("survives and is not listed", survivors - equivalent),
        ("is listed and does not survive", equivalent - survivors),
        ("makes the grader fail", broken),
    ):
        for name in sorted(names):
            console.print(f"{problem}:\n{name}\n", markup=False, highlight=False)
    console.print(
        f"{len(verdicts) - len(survivors)}/{len(verdicts)} automatic mutants caught, "
        f"{len(survivors & equivalent)} proven equivalent, in {time.monotonic() - began:.0f} s",
        highlight=False,
    )
    return int(survivors != equivalent or bool(broken) or not verdicts)


def _found(verdict: CaseResult) -> bool:
    """Whether any check found a fault, whatever it is worth."""
    return any(outcome.status not in NO_FAULT for outcome in verdict.outcomes.values())


def _grader_failed(verdict: CaseResult) -> bool:
    return any(outcome.status == Status.GRADER_ERROR for outcome in verdict.outcomes.values())
