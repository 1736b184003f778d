"""The cases of the audit: mutants, styles, half-finished work and attacks, with the result that each must have.

mutants/<name>.mutant   one mistake in the reference; its first line names the checks that fail and what remains
styles/<name>/*.py      a right submission, written differently; what it lacks comes from the reference
attacks/<name>.py       hostile code appended to the template (or the reference)
half-finished work      made here: the template with nothing or one question solved, the reference without one
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import UserError
from grader.project import KNOWN, REFERENCE, TEMPLATE
from grader.release.template import END, MARK, cut

MODULES = ("hw5_gan.py", "hw5_diffusion.py")
MUTANTS, STYLES, HALVES, ATTACKS = "mutants", "styles", "half-finished", "attacks"

_HEADER = re.compile(r"# fails: (?P<fails>.+?) \| says: (?P<says>.+) \| score: (?P<score>[\d.]+)\s*")
_HUNK = re.compile(r"^<{7}\n(?P<old>.*?)\n={7}\n(?P<new>.*?)\n?>{7}$", re.DOTALL | re.MULTILINE)
_ATTACK = re.compile(r"# attack: \d+ \| score: (?P<score>[\d.]+) \| (?P<fields>(?:\w+: [^|]+ \| )*)(?P<aim>.+)")


class CaseError(UserError):
    """A case is written wrongly: no header, or an edit that does not fit the reference."""


@dataclass(frozen=True)
class Case:
    """A submission with a known result.

    `build` writes its files into a folder. `fails` names every check that must not pass (None: not stated), `says` is
    a text that must stand in the message of one of them, `score` what must remain. An attack has an `aim`, and
    `needs` what must be in force where it is tried.
    """

    kind: str
    name: str
    score: float
    build: Callable[[Path], None] = field(compare=False)
    fails: frozenset[str] | None = None
    says: str = ""
    aim: str = ""
    needs: str = ""


def all_cases(kinds: tuple[str, ...] = (MUTANTS, STYLES, HALVES, ATTACKS)) -> list[Case]:
    """Every case of the kinds named, in the order of their names."""
    sources = {MUTANTS: mutants, STYLES: styles, HALVES: halves, ATTACKS: attacks}
    return [case for kind in kinds for case in sources[kind]()]


def mutants() -> Iterator[Case]:
    """The reference with one mistake each; raises `CaseError`."""
    for path in sorted((KNOWN / "mutants").glob("*.mutant")):
        header, _, edits = path.read_text(encoding="utf-8").partition("\n")
        found = _HEADER.fullmatch(header)
        if found is None:
            raise CaseError(f"{path.name}: the first line is not '# fails: ... | says: ... | score: ...'")
        yield Case(
            kind=MUTANTS,
            name=path.stem,
            score=float(found["score"]),
            build=_Edited(path.name, edits),
            fails=frozenset(name.strip() for name in found["fails"].split(",")),
            says=found["says"],
        )


@dataclass(frozen=True)
class _Edited:
    """Writes the reference with the hunks of a mutant applied."""

    name: str
    edits: str

    def __call__(self, folder: Path) -> None:
        module, _, hunks = self.edits.partition("\n")
        if module not in MODULES:
            raise CaseError(f"{self.name}: the second line must name one of {', '.join(MODULES)}")
        _reference(folder)
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
            yield Case(STYLES, path.name, 20.0, _Styled(path), frozenset())


@dataclass(frozen=True)
class _Styled:
    """Writes a style; a module that it does not have comes from the reference."""

    source: Path

    def __call__(self, folder: Path) -> None:
        _reference(folder)
        shutil.copytree(self.source, folder, dirs_exist_ok=True)


def halves() -> Iterator[Case]:
    """The template with one question solved, and the reference with one question taken away; and both as they are."""
    yield Case(HALVES, "nothing solved", 0.0, _Half("", solved=True), says="Not implemented yet")
    yield Case(HALVES, "everything solved", 20.0, _Half("", solved=False), frozenset())
    for question, points in ALONE.items():
        yield Case(HALVES, f"only {question} solved", points, _Half(question, solved=True))
    for question, points in WITHOUT.items():
        yield Case(HALVES, f"{question} not solved", points, _Half(question, solved=False))


ALONE = {"4.1": 2.0, "4.2": 2.0, "4.3": 2.0, "4.4": 1.5, "4.5": 1.5, "5.1": 2.5, "5.2": 3.5, "5.3": 4.0}
"""Points of a template with one question solved; 4.6 needs all of Problem 4."""
WITHOUT = {"4.1": 17.0, "4.2": 17.0, "4.3": 17.0, "4.4": 17.5, "4.5": 17.5, "5.1": 17.5, "5.2": 16.5, "5.3": 16.0}
"""Points of the reference without one question: 4.6 goes with any of Problem 4."""


@dataclass(frozen=True)
class _Half:
    """Writes the reference with the stubs of one question, or the template with the solution of one."""

    question: str
    solved: bool

    def __call__(self, folder: Path) -> None:
        _reference(folder)
        for module in MODULES:
            text = (REFERENCE / module).read_text(encoding="utf-8")
            (folder / module).write_text(self._cut(text, module), encoding="utf-8")

    def _cut(self, text: str, module: str) -> str:
        """Cut the regions of this question, or of all others: the marks of the rest are taken out first."""
        kept: list[str] = []
        inside: str | None = None
        for line in text.splitlines(keepends=True):
            begins = re.match(r"\s*# BEGIN SOLUTION (\d\.\d)", line)
            inside = begins[1] if begins else inside
            if (begins or END.match(line)) and (inside == self.question) == self.solved:
                continue  # the region stays as it is: without its marks nothing is cut
            kept.append(line)
        remaining = "".join(kept)
        return cut(remaining, module) if MARK.search(remaining) else remaining


def attacks() -> Iterator[Case]:
    """Hostile submissions; what they must not do besides is asserted by the tests of the attacks."""
    for path in sorted((KNOWN / "attacks").glob("*.py")):
        found = _ATTACK.match(path.read_text(encoding="utf-8"))
        if found is None:
            raise CaseError(f"{path.name}: the first line is not '# attack: NN | score: S | ...'")
        fields = dict(field.split(": ") for field in found["fields"].split(" | ") if field)
        build = _Hostile(path, REFERENCE if fields.get("base") == "reference" else TEMPLATE, fields.get("in", ""))
        yield Case(ATTACKS, path.stem, float(found["score"]), build, aim=found["aim"], needs=fields.get("needs", ""))


@dataclass(frozen=True)
class _Hostile:
    """Writes a template (or the reference) with an attack appended to one of its modules, or to both."""

    path: Path
    base: Path
    module: str

    def __call__(self, folder: Path) -> None:
        for module in MODULES:
            text = (self.base / module).read_text(encoding="utf-8")
            if self.module in ("", module.removesuffix(".py")):
                text += "\n\n" + self.path.read_text(encoding="utf-8")
            (folder / module).write_text(text, encoding="utf-8")


def _reference(folder: Path) -> None:
    for module in MODULES:
        shutil.copy(REFERENCE / module, folder / module)


__all__ = ["ATTACKS", "HALVES", "MUTANTS", "STYLES", "Case", "CaseError", "all_cases"]
