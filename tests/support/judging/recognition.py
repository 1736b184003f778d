"""One recogniser for all: a reading is recognised only if it reproduces everything that was observed.

line         the smallest thing that the handout says; one check owns it, and pays for it
reading      one way to do a line; the handout's own comes first
hypothesis   a reading for each line of a question
diagnosis    the hypotheses with the fewest deviations that explain all evidence; none, if nothing does
bill         what a check loses by the deviating lines that it owns; what follows from the others costs nothing
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from tests.support.homework.billing import CARRY_FORWARD
from tests.support.homework.readings import Reading
from tests.support.submission import Submission
from tests.support.verdicts import Finding, Wrong


@dataclass(frozen=True)
class Line:
    """One thing that the handout says; `owner` is the row that pays for a deviation.

    It is the name of a check, or other words for a check that students do not receive.
    """

    name: str
    owner: str
    readings: tuple[Reading, ...]

    @property
    def accepted(self) -> tuple[Reading, ...]:
        """The handout's own reading, and those that are as good."""
        return tuple(one for one in self.readings if one.credit >= 1)

    @property
    def deviations(self) -> tuple[Reading, ...]:
        """The readings that cost points."""
        return tuple(one for one in self.readings if one.credit < 1)


Hypothesis = Mapping[str, Reading]
"""A reading for each line, by the line's name."""


@dataclass(frozen=True)
class Diagnosis:
    """What explains the evidence: hypotheses with equally few deviations, the cheapest first; none is unexplained."""

    lines: tuple[Line, ...]
    hypotheses: tuple[Hypothesis, ...]

    @property
    def explained(self) -> bool:
        """Whether some hypothesis reproduces everything observed."""
        return bool(self.hypotheses)

    @property
    def own(self) -> bool:
        """Whether the handout's own readings explain everything."""
        return self.explained and all(self.reading(line) is line.readings[0] for line in self.lines)

    @property
    def deviating(self) -> tuple[Line, ...]:
        """The lines that cost points under the cheapest hypothesis."""
        return tuple(line for line in self.lines if self.explained and self.reading(line).credit < 1)

    def reading(self, line: Line) -> Reading:
        """The reading of a line under the cheapest hypothesis."""
        return self.hypotheses[0][line.name]

    def owned(self, check: str) -> tuple[Line, ...]:
        """The deviating lines for which this check pays."""
        return tuple(line for line in self.deviating if line.owner == check)

    def sentence(self, line: Line) -> str:
        """What is said of a deviating line: its reading's sentence, or all that explain the evidence equally well."""
        sentences = dict.fromkeys(str(one[line.name]) for one in self.hypotheses if one[line.name].credit < 1)
        return next(iter(sentences)) if len(sentences) == 1 else "One of these: " + " Or: ".join(sentences)


def recognise(lines: Sequence[Line], explains: Callable[[Hypothesis], bool], most: int = 2) -> Diagnosis:
    """The hypotheses with at most `most` deviations, and no more than needed, that explain everything."""
    for count in range(most + 1):
        found = [one for one in _hypotheses(lines, count) if explains(one)]
        if found:
            found.sort(key=lambda one: -sum(reading.credit for reading in one.values()))
            return Diagnosis(tuple(lines), tuple(found))
    return Diagnosis(tuple(lines), ())


def _hypotheses(lines: Sequence[Line], count: int) -> Iterator[Hypothesis]:
    """Every choice with exactly this number of lines that deviate."""
    for deviating in combinations(range(len(lines)), count):
        choices = [line.deviations if k in deviating else line.accepted for k, line in enumerate(lines)]
        for readings in product(*choices):
            yield {line.name: reading for line, reading in zip(lines, readings, strict=True)}


def bill(
    submission: Submission,
    diagnosis: Diagnosis,
    check: str,
    finding: Callable[[Line], Finding],
    margin: float | None = None,
) -> None:
    """Charge a check for the deviating lines that it owns; raises `Wrong` with the share of the points that is left.

    `finding` says what was measured on a line, without a name; the name is the reading's sentence. A check that owns
    none of them earns its points, and says under which reading. Of several that it owns the smallest credit counts.
    """
    owned = diagnosis.owned(check)
    if owned:
        findings = [_named(finding(line), diagnosis.sentence(line)) for line in owned]
        raise Wrong(*findings, credit=min(diagnosis.reading(line).credit for line in owned), margin=margin)
    note_carried(submission, diagnosis)


def note_carried(submission: Submission, diagnosis: Diagnosis) -> None:
    """Say under which readings a check is judged."""
    for line in diagnosis.deviating:
        submission.note(carried(line, diagnosis.sentence(line)))


def charge(
    submission: Submission, diagnosis: Diagnosis, check: str, finding: Callable[[Line], Finding], error: Wrong
) -> None:
    """Turn a rejection into the bill of what explains it; raises `error` itself where nothing but chance would."""
    if not diagnosis.explained or diagnosis.own or (not carries_forward() and not diagnosis.owned(check)):
        raise error
    bill(submission, diagnosis, check, finding, error.margin)


def carried(line: Line, sentence: str) -> str:
    """The note of a check that is judged under a reading which another check has charged."""
    # An owner that is no check stands for a hidden one, whose title is not known here.
    named = f"in the row '{line.owner.replace('_', ' ')}'" if "_" in line.owner else f"where {line.owner} is judged"
    return f"This row is right apart from what costs points {named}: {sentence} It costs nothing more."


def _named(finding: Finding, sentence: str) -> Finding:
    return Finding(finding.yours, finding.expected, sentence, finding.look_at)


def carries_forward() -> bool:
    """Whether a mistake is charged once, or in every row that shows it."""
    return CARRY_FORWARD
