"""The cases of the audit: mutants, styles, half-finished work and attacks, with the result that each must have.

mutants/<name>.mutant   one mistake in the reference; its first line names the checks that find it
styles/<name>/*.py      a right submission, written differently; what it lacks comes from the reference
attacks/<name>.py       hostile code appended to the template (or the reference)
half-finished work      made here: the template with nothing or one question solved, the reference without one

What a case earns follows from the rubric: a case says what each check finds, never points.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader import rubric
from grader.audit.headers import NOTHING, SOUND, Header, HeaderError, Known
from grader.errors import UserError
from grader.project import KNOWN, REFERENCE, TEMPLATE
from grader.release.template import END, MARK, cut
from grader.rubric import Row
from tests.support.homework.assignment import FILES, REQUIRED
from tests.support.status import Status

MUTANTS, STYLES, HALVES, ATTACKS = "mutants", "styles", "half-finished", "attacks"
SAMPLE = "automatic mutants"
"""Mistakes made by rule, of which a person has read the messages."""

_HUNK = re.compile(r"^<{7}\n(?P<old>.*?)\n={7}\n(?P<new>.*?)\n?>{7}$", re.DOTALL | re.MULTILINE)
_BEGINS = re.compile(r"\s*# BEGIN SOLUTION (\d\.\d)")


class CaseError(UserError):
    """A case is written wrongly: headers that say what cannot be, or an edit that does not fit the reference."""


@dataclass(frozen=True)
class Case:
    """A submission with a known result.

    `build` writes its files into a folder. `known` is what is known of the checks that it names, `rest` of all others;
    `says` is a text that must stand in the message of one that finds a fault, and `because` says why it costs points in
    more than one check. An attack has an `aim`, and `needs` what must be in force where it is tried.
    """

    kind: str
    name: str
    build: Callable[[Path], None] = field(compare=False)
    known: Mapping[str, Known] = field(default_factory=dict, compare=False)
    rest: Known = SOUND
    says: str = ""
    because: str = ""
    aim: str = ""
    needs: str = ""

    def of(self, check: str) -> Known:
        """What is known of a check."""
        return self.known.get(check, self.rest)

    @property
    def fails(self) -> frozenset[str]:
        """The checks that are named because they find a fault."""
        return frozenset(name for name, known in self.known.items() if known != SOUND)


def all_cases(kinds: Sequence[str] = (MUTANTS, STYLES, HALVES, ATTACKS), suites: Path | None = None) -> list[Case]:
    """Every case of the kinds named, in the order of their names; raises `CaseError` with all that is wrong in them."""
    rows = rubric.read(suites) if suites else rubric.read()
    sources: dict[str, Callable[[list[Row]], Iterable[Case]]] = {
        MUTANTS: mutants,
        STYLES: lambda _: styles(),
        HALVES: halves,
        ATTACKS: attacks,
    }
    return [case for kind in kinds for case in sources[kind](rows)]


def mutants(rows: Sequence[Row] = ()) -> list[Case]:
    """The reference with one mistake each, under a rubric (the project's own by default); raises `CaseError`."""
    names = _names(rows)
    return _read_all(sorted((KNOWN / "mutants").glob("*.mutant")), lambda path: mutant(path, names))


def mutant(path: Path, checks: Sequence[str]) -> Case:
    """The mutant in a file; raises `HeaderError`."""
    header = Header.read(path, ("fails", "says"), ("because",))
    edits = path.read_text(encoding="utf-8").partition("\n")[2]
    known = header.checks("fails", checks, alone=Known(Status.FAILED, 0.0))
    says, because = header.fields["says"], header.fields.get("because", "")
    return Case(MUTANTS, path.stem, _Edited(path.name, edits), known, says=says, because=because)


def _names(rows: Sequence[Row]) -> list[str]:
    return [row.name for row in rows or rubric.read()]


def _read_all(paths: Sequence[Path], read: Callable[[Path], Case]) -> list[Case]:
    """The cases in files; raises `CaseError` with what is wrong in each header."""
    found: list[Case] = []
    problems: list[str] = []
    for path in paths:
        try:
            found.append(read(path))
        except HeaderError as error:
            problems.append(str(error))
    if problems:
        raise CaseError("\n".join(problems))
    return found


@dataclass(frozen=True)
class _Edited:
    """Writes the reference with the hunks of a mutant applied."""

    name: str
    edits: str

    def __call__(self, folder: Path) -> None:
        module, _, hunks = self.edits.partition("\n")
        if module not in FILES:
            raise CaseError(f"{self.name}: the second line must name one of {', '.join(FILES)}")
        _reference(folder, with_module=module)
        text = (REFERENCE / module).read_text(encoding="utf-8")
        found = list(_HUNK.finditer(hunks))
        if not found:
            raise CaseError(f"{self.name}: no edit")
        for hunk in found:
            if text.count(hunk["old"]) != 1:
                raise CaseError(f"{self.name}: the text to be replaced stands {text.count(hunk['old'])} times there")
            text = text.replace(hunk["old"], hunk["new"])
        (folder / module).write_text(text, encoding="utf-8")


def styles() -> Iterator[Case]:
    """Right submissions, each written in its own way."""
    for path in sorted((KNOWN / "styles").iterdir()):
        if path.is_dir() and list(path.rglob("*.py")):
            yield Case(STYLES, path.name, _Styled(path))


@dataclass(frozen=True)
class _Styled:
    """Writes a style; a module that it does not have comes from the reference."""

    source: Path

    def __call__(self, folder: Path) -> None:
        _reference(folder)
        shutil.copytree(self.source, folder, dirs_exist_ok=True)


def halves(rows: Sequence[Row] = ()) -> Iterator[Case]:
    """The template with one question solved, and the reference with one question taken away; and both as they are."""
    rows = rows or rubric.read()
    everything = [*QUESTIONS, *NEEDS]
    yield Case(
        HALVES, "nothing solved", _Half("", solved=True), _unsolved(rows, everything), says="Not implemented yet"
    )
    yield Case(HALVES, "everything solved", _Half("", solved=False))
    for question in QUESTIONS:
        others = [number for number in everything if number != question]
        yield Case(HALVES, f"only {question} solved", _Half(question, solved=True), _unsolved(rows, others))
    for question in QUESTIONS:
        gone = [question, *(number for number, needed in NEEDS.items() if question in needed)]
        yield Case(HALVES, f"{question} not solved", _Half(question, solved=False), _unsolved(rows, gone))


UNSOLVED = Known(Status.NOT_IMPLEMENTED, 0.0)
QUESTIONS = ("4.1", "4.2", "4.3", "4.4", "4.5", "5.1", "5.2", "5.3")
"""The questions that have stubs of their own."""
NEEDS = {"4.6": ("4.1", "4.2", "4.3", "4.4", "4.5")}
"""Questions that are solved when others are."""


def _unsolved(rows: Sequence[Row], numbers: Sequence[str]) -> dict[str, Known]:
    return {row.name: UNSOLVED for row in rows if row.number in numbers}


@dataclass(frozen=True)
class _Half:
    """Writes the reference with the stubs of one question, or the template with the solution of one."""

    question: str
    solved: bool

    def __call__(self, folder: Path) -> None:
        for module in REQUIRED:
            text = (REFERENCE / module).read_text(encoding="utf-8")
            (folder / module).write_text(self._cut(text, module), encoding="utf-8")

    def _cut(self, text: str, module: str) -> str:
        """Cut the regions of this question, or of all others: a region whose marks are taken out stays as it is."""
        kept: list[str] = []
        open_question = ""
        for line in text.splitlines(keepends=True):
            begins = _BEGINS.match(line)
            open_question = begins[1] if begins else open_question
            if not ((begins or END.match(line)) and self._stays(open_question)):
                kept.append(line)
        remaining = "".join(kept)
        return cut(remaining, module) if MARK.search(remaining) else remaining

    def _stays(self, question: str) -> bool:
        return (question == self.question) == self.solved


def attacks(rows: Sequence[Row] = ()) -> list[Case]:
    """Hostile submissions; what they must not do besides is asserted by the tests of the attacks."""
    names = _names(rows)
    return _read_all(sorted((KNOWN / "attacks").glob("*.py")), lambda path: attack(path, names))


def attack(path: Path, checks: Sequence[str]) -> Case:
    """The attack in a file; raises `HeaderError`."""
    header = Header.read(path, ("attack", "earns", "tries"), ("needs", "in", "base"))
    fields = header.fields
    if not path.name.startswith(f"{fields['attack']}_"):
        raise HeaderError(f"{header.where}: an attack of class {fields['attack']} has a file name that begins so")
    module = header.one_of("in", [name.removesuffix(".py") for name in FILES])
    base = REFERENCE if header.one_of("base", ["reference"]) else TEMPLATE
    whole = {"nothing": NOTHING, "everything": SOUND}.get(fields["earns"])
    known = {} if whole else header.checks("earns", checks, alone=SOUND)
    build = _Hostile(path, base, module)
    aim, needs = fields["tries"], fields.get("needs", "")
    return Case(ATTACKS, path.stem, build, known, whole or NOTHING, aim=aim, needs=needs)


@dataclass(frozen=True)
class _Hostile:
    """Writes a template (or the reference) with an attack appended to one of its modules, or to all required ones."""

    path: Path
    base: Path
    module: str

    def __call__(self, folder: Path) -> None:
        for module in dict.fromkeys([*REQUIRED, *([f"{self.module}.py"] if self.module else [])]):
            text = (self.base / module).read_text(encoding="utf-8")
            if self.module in ("", module.removesuffix(".py")):
                text += "\n\n" + self.path.read_text(encoding="utf-8")
            (folder / module).write_text(text, encoding="utf-8")


def _reference(folder: Path, with_module: str = "") -> None:
    """Write the files that are required, and an optional one if it is named: each is graded when it is there."""
    for module in dict.fromkeys([*REQUIRED, *([with_module] if with_module else [])]):
        shutil.copy(REFERENCE / module, folder / module)
