"""Where the chains start: Algorithm 2, line 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.support import laws
from tests.support.homework.langevin_states import (
    CLIPPED_NORMAL,
    LANGEVIN_STARTS,
    UNIFORM,
    AnotherStart,
    Start,
    StartShare,
)
from tests.support.homework.readings import Reading, measured
from tests.support.judging.langevin_lines import START, START_SHARE
from tests.support.judging.recognition import Diagnosis, Hypothesis, recognise
from tests.support.observed.recorded import FLOAT32_EPS

FEWEST_AT_AN_END = 4
"""So many draws of a continuous law never share the largest or the smallest value: each is one of 2^24."""


@dataclass(frozen=True)
class Law:
    """A law of x_0: its family, mean and standard deviation, and its ends where it is clipped."""

    family: str
    mean: float
    deviation: float
    clipped: tuple[float, float] = (-np.inf, np.inf)

    @property
    def ends(self) -> tuple[float, float]:
        """Those of a uniform law."""
        half = 3**0.5 * self.deviation
        return self.mean - half, self.mean + half

    def chance(self, x: np.ndarray) -> float:
        """A bound on the chance that independent draws look so far from the law."""
        slack = 4 * FLOAT32_EPS * max(1.0, abs(self.mean))
        if self.deviation <= slack:
            return 1.0 if np.all(np.abs(x - self.mean) <= slack) else 0.0
        piled = max(int(np.sum(x == end)) for end in (np.min(x), np.max(x))) >= FEWEST_AT_AN_END
        if self.family == CLIPPED_NORMAL:
            return self._chance_of_clipped(x) if piled else 0.0
        if piled:
            return 0.0
        if self.family == UNIFORM:
            low, high = self.ends
            if np.any(x < low - slack) or np.any(x > high + slack):
                return 0.0
            return laws.dkw((x - low) / (high - low), laws.uniform_cdf)
        z = (x - self.mean) / self.deviation
        beyond = int(np.sum(np.abs(z) > laws.TAIL_BEYOND))
        chances = [
            laws.normal(float(np.mean(z)) * z.size**0.5),
            laws.chi_square(float(np.sum(z**2)), z.size),
            laws.binomial(beyond, z.size, laws.TAIL_PROBABILITY),
        ]
        return min(chances) if min(chances) < laws.FALSE_FAIL_RATE else min(*chances, laws.dkw(z, laws.normal_cdf))

    def _chance_of_clipped(self, x: np.ndarray) -> float:
        """The shares at both ends, and the law between them."""
        low, high = self.clipped
        below, above = laws.normal_cdf(np.array([low, high])).tolist()
        inside = x[(x > low) & (x < high)]
        if not inside.size:
            return 0.0
        shares = [laws.binomial(int(np.sum(x <= low)), x.size, below)]
        shares.append(laws.binomial(int(np.sum(x >= high)), x.size, 1 - above))
        return min(*shares, laws.dkw((laws.normal_cdf(inside) - below) / (above - below), laws.uniform_cdf))


def fitted(another: AnotherStart, x: np.ndarray) -> Law:
    """The law of a family that fits best."""
    if another.family == CLIPPED_NORMAL:
        return Law(CLIPPED_NORMAL, 0.0, 1.0, (float(np.min(x)), float(np.max(x))))
    if another.family == UNIFORM:
        low, high = float(np.min(x)), float(np.max(x))
        return Law(UNIFORM, (low + high) / 2, (high - low) / 12**0.5)
    return Law(another.family, float(np.mean(x)), float(np.std(x)))


def described(law: Law) -> str:
    """Its parameters in words."""
    if law.family == UNIFORM:
        return "about [{:.2f}, {:.2f})".format(*law.ends)
    if law.family == CLIPPED_NORMAL:
        return "[{:.4g}, {:.4g}]".format(*law.clipped)
    return f"mean {law.mean + 0.0:.2f} and standard deviation {law.deviation:.2f}"


def recognise_start(starts: Sequence[np.ndarray], first: float, last: float) -> Diagnosis:
    """The readings that explain x_0, (n, 2) of each chain, for the noise levels sigma_1 and sigma_L."""

    def law(reading: Reading, x: np.ndarray) -> Law:
        if isinstance(reading, AnotherStart):
            return fitted(reading, x)
        assert isinstance(reading, Start)
        return Law(reading.family, *reading.of(first, last))

    def explains(hypothesis: Hypothesis) -> bool:
        start, share = hypothesis[START.name], hypothesis[START_SHARE.name]
        assert isinstance(share, StartShare)
        parts = [_shared(one, share.axes) for one in starts]
        drawn = [part for part in parts if part is not None]
        if len(drawn) < len(parts):
            return False
        x = np.concatenate([part.ravel() for part in drawn])
        if isinstance(start, AnotherStart) and (
            x.size < 100 or any(law(one, x).chance(x) >= laws.FALSE_FAIL_RATE for one in LANGEVIN_STARTS)
        ):
            return False
        found = law(start, x)
        if found.chance(x) < laws.FALSE_FAIL_RATE:
            return False
        return (found.deviation == 0 and not share.axes) or (found.deviation > 0 and _independent(drawn, found.mean))

    found = recognise((START, START_SHARE), explains)
    every = np.concatenate([one.ravel() for one in starts])
    told = [
        {**one, START.name: measured(start, described(fitted(start, every)))}
        if isinstance(start := one[START.name], AnotherStart)
        else one
        for one in found.hypotheses
    ]
    return Diagnosis(found.lines, tuple(told))


def _shared(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray | None:
    drawn = x
    for axis in axes:
        drawn = np.take(drawn, [0], axis=axis)
    return drawn if np.array_equal(np.broadcast_to(drawn, x.shape), x) else None


def _independent(drawn: Sequence[np.ndarray], mean: float) -> bool:
    """Whether samples, coordinates and runs have an x_0 of their own, but for what the reading lets them share."""
    if len(drawn) > 1 and drawn[0].size <= 2 and all(np.array_equal(one, drawn[0]) for one in drawn[1:]):
        return False
    if drawn[0].shape == (1, 2) and all(one[0, 0] == one[0, 1] for one in drawn):
        return False
    centred = [one - mean for one in drawn]
    pairs = []
    if drawn[0].shape[0] > 1:
        even = [one[: len(one) // 2 * 2] for one in centred]
        pairs.append(tuple(np.concatenate([one[side::2].ravel() for one in even]) for side in (0, 1)))
    if drawn[0].shape[1] > 1 and drawn[0].shape[0] > 1:
        pairs.append(tuple(np.concatenate([one[:, side] for one in centred]) for side in (0, 1)))
    return all(laws.correlation(*pair) >= laws.FALSE_FAIL_RATE for pair in pairs)
