"""What a class's outcomes say together: points, checks, named mistakes, failures without a name, attempts."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from grader.course.gradebook import Line
from grader.rubric import Row, graded
from tests.support.status import NO_FAULT, Status

NEAR = 0.02
"""Two numbers belong together when they differ by less than this part of the larger."""
MOST_CLUSTERS = 40
_NUMBER = re.compile(r"-?\d+(?:,\d{3})*(?:\.\d+)?(?:e[+-]?\d+)?")
_MISTAKE = re.compile(r"^Likely mistake:[ \n]+(?P<said>.+)$", re.MULTILINE)
_YOURS = re.compile(r"^Yours:[ \n]+", re.MULTILINE)
LONGEST_EXAMPLE = 400


@dataclass(frozen=True)
class Bin:
    """Submissions with at least `low` points, and fewer than those of the next bin."""

    low: float
    high: float
    count: int


@dataclass
class Mistake:
    """One named mistake, and who made it."""

    said: str
    who: list[Line] = field(default_factory=list)


@dataclass
class OfCheck:
    """One check over the class: how many were judged and passed, and what was found in the others."""

    row: Row
    judged: int = 0
    passed: int = 0
    mistakes: list[Mistake] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)


@dataclass
class Cluster:
    """Failures of one check without a name that say the same with nearly the same numbers: a mistake to be named?"""

    row: Row
    example: str
    pattern: str
    numbers: tuple[float, ...]
    who: list[Line] = field(default_factory=list)


def totals(lines: Iterable[Line], rows: Sequence[Row]) -> list[float]:
    """The totals of all that have one, in order."""
    return sorted(total for line in lines if (total := line.total(rows)) is not None)


def distribution(points: Sequence[float], possible: float, most: int = 20) -> list[Bin]:
    """How many totals lie in each of at most `most` parts of the scale; full marks are in the last.

    The parts begin at round numbers; the last ends at what is possible, and may be narrower.
    """
    width = _round(possible / most) if possible else 1.0
    counts = [0] * (math.ceil(possible / width - 1e-9) if possible else most)
    for one in points:
        counts[min(len(counts) - 1, max(0, int(one / width + 1e-9)))] += 1
    ends = [round(k * width, 3) for k in range(len(counts))] + [possible or width * most]
    return [Bin(low, high, count) for (low, high), count in zip(pairwise(ends), counts, strict=True)]


def _round(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is not below this number."""
    power: float = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= least * (1 - 1e-9))


def quantile(points: Sequence[float], part: float) -> float:
    """The value below which this part of the ordered points lies."""
    return points[min(len(points) - 1, int(part * len(points)))] if points else 0.0


def checks(lines: Sequence[Line], rows: Sequence[Row]) -> list[OfCheck]:
    """Each check with its named mistakes, the commonest first."""
    found = []
    for row in rows:
        one, named = OfCheck(row), dict[str, Mistake]()
        for line in lines:
            judgement = line.outcome.checks.get(row.name) if line.outcome else None
            if judgement is None or judgement.status in (Status.BY_HAND, Status.GRADER_ERROR):
                continue
            one.judged += 1
            one.passed += judgement.status in NO_FAULT
            if judgement.status not in NO_FAULT:
                one.statuses[judgement.status] = one.statuses.get(judgement.status, 0) + 1
                for said in dict.fromkeys(mistakes(judgement.text)):
                    named.setdefault(said, Mistake(said)).who.append(line)
        one.mistakes = sorted(named.values(), key=lambda mistake: (-len(mistake.who), mistake.said))
        if one.judged:
            found.append(one)
    return found


def mistakes(text: str) -> list[str]:
    """The named mistakes in what a student reads."""
    return [" ".join(found["said"].split()) for found in _MISTAKE.finditer(text)]


def clusters(lines: Sequence[Line], rows: Sequence[Row]) -> list[Cluster]:
    """Failures without a name, put together by check, words and numbers; the largest first, none of one alone."""
    found: dict[tuple[str, str], list[Cluster]] = {}
    for row in rows:
        for line in lines:
            judgement = line.outcome.checks.get(row.name) if line.outcome else None
            if judgement is None or judgement.status != Status.FAILED or mistakes(judgement.text):
                continue
            told = _YOURS.sub("", judgement.text[:LONGEST_EXAMPLE])
            numbers = tuple(float(one.replace(",", "")) for one in _NUMBER.findall(told))
            pattern = " ".join(_NUMBER.sub("#", told).split())
            of = found.setdefault((row.name, pattern), [])
            cluster = next((one for one in of if _near(one.numbers, numbers)), None)
            if cluster is None:
                cluster = Cluster(row, told, pattern, numbers)
                of.append(cluster)
            cluster.who.append(line)
    several = [one for of in found.values() for one in of if len(one.who) > 1]
    return sorted(several, key=lambda one: (-len(one.who), one.row.number, one.pattern, one.numbers))[:MOST_CLUSTERS]


def _near(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return len(one) == len(other) and all(
        abs(a - b) <= NEAR * max(abs(a), abs(b)) for a, b in zip(one, other, strict=True)
    )


def attempts(lines: Sequence[Line], rows: Sequence[Row]) -> list[tuple[str, int]]:
    """How many needed how many versions until full marks, by the platform's own points; empty without a history."""
    possible, counts = graded(list(rows)), dict[int, int]()
    told = [line.entry.attempts for line in lines if len(line.entry.attempts) > 1]
    if not told:
        return []
    for line in lines:
        points = [one.points for one in line.entry.attempts]
        first = next((k + 1 for k, one in enumerate(points) if one is not None and one >= possible), 0)
        if any(one is not None for one in points):
            counts[first] = counts.get(first, 0) + 1
    named = [(f"{count} version{'s' if count > 1 else ''}", counts[count]) for count in sorted(counts) if count]
    return [*named, *([("never yet", counts[0])] if 0 in counts else [])]


def protections(lines: Iterable[Line]) -> tuple[list[str], list[str]]:
    """What was in force for every submission that was graded, and what was open for at least one."""
    outcomes = [line.outcome for line in lines if line.outcome]
    sets = [set(one.in_force) for one in outcomes]
    return sorted(set.intersection(*sets)) if sets else [], sorted({text for one in outcomes for text in one.missing})
