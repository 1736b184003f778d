"""What a learner is told of each mistake, and what it costs: named rightly, measured only, or named wrongly.

Whether a name is right no program can decide: a person has read each name beside the change that was made, once, and
`grader/tests/judged.json` keeps what was found. It holds, for each mutant and for a sample of the automatic ones,

    names   the sentences behind "Likely mistake" that are right, with # for each number
    told    whether what was measured tells the mistake itself ("row 7: padding 1; Table 1 says padding 0")

A name that stands nowhere there counts as wrong, until somebody has read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

from grader.audit import automatic
from grader.audit.cases import MUTANTS, SAMPLE, Case
from grader.audit.run import CaseResult
from grader.project import KNOWN
from grader.rubric import Row
from tests.support.homework.assignment import REQUIRED
from tests.support.status import NO_FAULT

JUDGED = KNOWN / "judged.json"
RIGHTLY, MEASURED, WRONGLY = "named rightly", "measured only", "named wrongly"
LEAST = {MUTANTS: 0.95, SAMPLE: 0.60}
"""The share of each kind that must be named rightly."""
_NAME = re.compile(r"^Likely mistake:\s*(.*?)\s*(?=^(?:Yours|Expected|Look at):|^$|\Z)", re.DOTALL | re.MULTILINE)
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)*(?:e[+-]?\d+)?")


class Judged(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What a person found right in the messages of one case."""

    names: list[str]
    told: bool = False


class Key(msgspec.Struct, forbid_unknown_fields=True):
    """What a person found of the mutants, by their names, and of automatic ones, by their diffs."""

    mutants: dict[str, Judged]
    sample: dict[str, Judged]


@dataclass(frozen=True)
class Naming:
    """One mistake: how it is told, the rows with points that it costs some, and the points."""

    case: Case
    how: str
    rows: tuple[str, ...]
    lost: float
    unread: tuple[str, ...]


@dataclass(frozen=True)
class Told:
    """All mistakes of a kind: how many are told in which way, and what one costs."""

    kind: str
    namings: tuple[Naming, ...]

    def count(self, how: str) -> int:
        """How many are told so."""
        return sum(one.how == how for one in self.namings)

    @property
    def several(self) -> tuple[Naming, ...]:
        """Those that cost points in more than one row."""
        return tuple(one for one in self.namings if len(one.rows) > 1)

    @property
    def mean_loss(self) -> float:
        """Points that one mistake costs, on average over those that cost some."""
        losses = [one.lost for one in self.namings if one.lost > 0]
        return sum(losses) / max(len(losses), 1)

    @property
    def enough(self) -> bool:
        """Whether none is named wrongly, and enough of them are named."""
        return not self.count(WRONGLY) and self.count(RIGHTLY) >= LEAST[self.kind] * len(self.namings)

    def __str__(self) -> str:
        n, ways = len(self.namings), (RIGHTLY, MEASURED, WRONGLY)
        told = ", ".join(f"{self.count(how)} {how}" for how in ways)
        share = f"{self.count(RIGHTLY) / n:.1%} rightly, at least {LEAST[self.kind]:.0%} must be"
        return (
            f"{n} {self.kind}: {told} ({share}); {len(self.several)} cost points in several rows, the others in one; "
            f"a mistake costs {self.mean_loss:.2f} points"
        )


def key() -> Key:
    """What has been read and found."""
    return _read(JUDGED)


@cache
def _read(path: Path) -> Key:
    return msgspec.json.decode(path.read_bytes(), type=Key)


def sample() -> list[Case]:
    """The automatic mutants of the key, as cases of which nothing is known but their diff."""
    wanted = key().sample
    made = (case for module in REQUIRED for case in automatic.mutations(module))
    return [Case(SAMPLE, case.name, case.build) for case in made if case.name in wanted]


def names(output: str) -> Iterator[str]:
    """The names that a message gives, each with # for its numbers."""
    for found in _NAME.finditer(output):
        yield _NUMBER.sub("#", " ".join(found[1].split()))


def naming(result: CaseResult, rows: Sequence[Row]) -> Naming:
    """How a mistake is told, and what it costs."""
    points = {row.name: row.points for row in rows}
    faults = {check: one for check, one in result.outcomes.items() if one.status not in NO_FAULT}
    charged = tuple(check for check, one in faults.items() if points.get(check, 0) * (1 - one.credit) > 0)
    lost = sum(points.get(check, 0) * (1 - one.credit) for check, one in faults.items())
    of_kind = key().mutants if result.case.kind == MUTANTS else key().sample
    judged = of_kind.get(result.case.name, Judged([]))
    given = list(dict.fromkeys(name for one in faults.values() for name in names(one.output)))
    unread = tuple(name for name in given if name not in judged.names)
    how = WRONGLY if unread else RIGHTLY if given or judged.told else MEASURED
    return Naming(result.case, how, charged, lost, unread)


def told(results: Sequence[CaseResult], rows: Sequence[Row]) -> list[Told]:
    """The figures of each kind that was graded; a mistake that no check finds is told in no way."""
    made = []
    for kind in LEAST:
        found = [one for one in results if any(check.status not in NO_FAULT for check in one.outcomes.values())]
        of_kind = tuple(naming(one, rows) for one in found if one.case.kind == kind)
        if of_kind:
            made.append(Told(kind, of_kind))
    return made


def keep(results: Sequence[CaseResult]) -> None:
    """Note the names in these results as right: somebody has read them beside what was changed."""
    known = key()
    for result in results:
        of_kind = known.mutants if result.case.kind == MUTANTS else known.sample
        faults = [one for one in result.outcomes.values() if one.status not in NO_FAULT]
        given = list(dict.fromkeys(name for one in faults for name in names(one.output)))
        if result.case.kind in LEAST and faults:
            of_kind[result.case.name] = Judged(given, of_kind.get(result.case.name, Judged([])).told)
    ordered = Key(*(dict(sorted(one.items())) for one in (known.mutants, known.sample)))
    JUDGED.write_bytes(msgspec.json.format(msgspec.json.encode(ordered), indent=1) + b"\n")
    _read.cache_clear()


def complaints(told: Sequence[Told], whole: bool) -> list[str]:
    """What is not as it must be: a name that is wrong, a mistake that costs more than one row and does not say why."""
    found = []
    for kind in told:
        for one in kind.namings:
            found += [f"{one.case.name}: nobody has found this name right: {name}" for name in one.unread]
        for one in kind.several if kind.kind == MUTANTS else ():
            if not one.case.because:
                found.append(f"{one.case.name}: costs points in {', '.join(one.rows)}; its header does not say why")
        if whole and not kind.enough:
            found.append(f"too few are told rightly: {kind}")
    return found
