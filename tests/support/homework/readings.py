"""What is known of one line of the handout: a way to read it, what that earns, and the sentence a student reads.

A table holds the readings of one line, the handout's own first. A new entry is recognised where its table is searched,
and a changed credit changes the points; no other file knows either.

What several of them earn together:

- In one check the smallest credit counts: a check earns what the worst of its recognised readings earns.
- A setting of a layer is half a check; each further one that deviates halves what is left.
- A check with parts (two networks, two results) earns for each part its share, times what the part earns.
- What is wrong and fits no reading earns nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

Told = TypeVar("Told", bound="Remark | Reading")


@dataclass(frozen=True)
class Remark:
    """A name for what was seen. It has no credit: what a student reads beside a mistake, and no way to do the line."""

    name: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True)
class Reading:
    """One way to do a line of the handout: what it earns, in [0, 1], and the sentence of a recognised one.

    In a sentence `{earns}` and `{costs}` stand for the share of the points, `{measured}` for what was measured.
    Raises ValueError for another credit.
    """

    name: str
    credit: float
    sentence: str

    def __post_init__(self) -> None:
        """Refuse a credit that is no share of the points."""
        if not 0 <= self.credit <= 1:
            raise ValueError(f"the credit of {self.name!r} is {self.credit}, not a number from 0 to 1")

    def __str__(self) -> str:
        if self.sentence:
            return self.sentence.replace("{earns}", share(self.credit)).replace("{costs}", share(1 - self.credit))
        return "" if self.credit in (0, 1) else f"Recognised: {self.name}. It earns {share(self.credit)}."


@dataclass(frozen=True)
class Part:
    """A part of a check that is judged by itself, and its share of the points; those of one check sum up to 1."""

    name: str
    share: float


def measured(told: Told, value: object) -> Told:
    """The same reading or remark, with what was measured in its sentence."""
    return replace(told, sentence=told.sentence.replace("{measured}", str(value)))


def worded(told: Told, sentence: str) -> Told:
    """The same reading or remark in other words, as a check puts them into its message."""
    return replace(told, sentence=sentence)


def share(credit: float) -> str:
    """A share of the points in words."""
    known = {0.0: "nothing", 0.5: "half", 1.0: "all points"}
    return known.get(credit, f"{credit:.0%} of the points")
