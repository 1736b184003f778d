"""Exact p-value bounds, and the rule that turns them into verdicts.

Each bound is proven and in closed form, so that the chance to fail right code is known and not estimated. A decision
is made at `FALSE_FAIL_RATE`; a submission meets fewer than 80 of them, hence stays below 1e-6 (union bound, whatever
their dependence). Sources: Chernoff 1952, Hoeffding 1963 and Massart 1990 (Dvoretzky-Kiefer-Wolfowitz, sharp constant).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tests.support.homework.readings import Reading
from tests.support.verdicts import Finding, Wrong, following

FALSE_FAIL_RATE = 1e-8
RETRY_BELOW = 1e-4
RETRY_FACTOR = 4
TAIL_BEYOND = 2.0
TAIL_PROBABILITY = math.erfc(TAIL_BEYOND / math.sqrt(2))


@dataclass(frozen=True)
class Test:
    """One random test: the chance `p` (or a bound on it) that right code deviates as much, and what a failure says.

    A finding whose reading earns all points is no failure.
    """

    name: str
    p: float
    finding: Finding

    @property
    def fails(self) -> bool:
        """Whether one observation rejects what is right."""
        return self.p < FALSE_FAIL_RATE and self.finding.credit < 1


def reading(followed: Reading, look_at: str) -> list[Test]:
    """What a reading that was not rejected costs, as a test: none when it earns all points."""
    return [] if followed.credit == 1 else [Test("reading", 0.0, following(followed, look_at))]


Experiment = Callable[[int, int], Sequence[Test]]
"""Observes anew with a seed and a multiple of the sample size, and returns the tests on that observation."""


Stage = Literal["first", "confirm", "retry"]


@dataclass(frozen=True)
class Observed:
    """The tests on one observation. The first and the retried one can each fail right code; confirming only spares."""

    stage: Stage
    tests: tuple[Test, ...]


_records: list[list[Observed]] = []


@contextmanager
def recording() -> Iterator[list[Observed]]:
    """All that `judge` observes in this block, in order: what a calibration compares with the laws."""
    record: list[Observed] = []
    _records.append(record)
    try:
        yield record
    finally:
        _records.pop()


def _observe(experiment: Experiment, stage: Stage, seed: int, factor: int) -> Sequence[Test]:
    tests = experiment(seed, factor)
    for record in _records:
        record.append(Observed(stage, tuple(tests)))
    return tests


def judge(experiment: Experiment) -> None:
    """Decide by the two-stage rule; raises `Wrong` with the findings that a fresh seed confirms.

    p below `FALSE_FAIL_RATE` fails, once a second observation agrees at `RETRY_BELOW`; p between the two repeats the
    experiment with four times the sample. A two-stage form of Gandy and Scott's sequential rule (arXiv 2001.06465).
    """
    first = _observe(experiment, "first", 0, 1)
    if all(test.p >= RETRY_BELOW or test.finding.credit == 1 for test in first):
        return
    failed = {test.name for test in first if test.fails}
    if failed:
        confirmed = {test.name for test in _observe(experiment, "confirm", 1, 1) if test.p < RETRY_BELOW}
        if failed & confirmed:
            raise _wrong([test for test in first if test.name in failed])
    again = [test for test in _observe(experiment, "retry", 2, RETRY_FACTOR) if test.fails]
    if again:
        raise _wrong(again)


def _wrong(failed: Sequence[Test]) -> Wrong:
    return Wrong(*(test.finding for test in failed), margin=max(margin(test.p) for test in failed))


def margin(p: float) -> float:
    """How far p lies beyond `FALSE_FAIL_RATE`, as a ratio of logarithms: 1 at the rate, 38 where p underflows."""
    return math.log(max(p, sys.float_info.min)) / math.log(FALSE_FAIL_RATE)


def normal(z: float) -> float:
    """Two-sided tail of the standard normal law: exact."""
    return math.erfc(abs(z) / math.sqrt(2)) if math.isfinite(z) else 0.0


def chi_square(total: float, degrees: int) -> float:
    """Chance that a chi-square variable deviates as much, bounded by Chernoff for both tails."""
    ratio = total / degrees
    if not math.isfinite(ratio) or ratio <= 0:
        return 0.0
    return min(1.0, 2 * math.exp(-degrees / 2 * (ratio - 1 - math.log(ratio))))


def binomial(count: int, trials: int, probability: float) -> float:
    """Chance that a binomial count deviates as much, bounded by Chernoff for both tails."""
    share = count / trials
    divergence = 0.0
    if share > 0:
        divergence += share * math.log(share / probability)
    if share < 1:
        divergence += (1 - share) * math.log((1 - share) / (1 - probability))
    return min(1.0, 2 * math.exp(-trials * divergence))


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Chance of an uncentred correlation as large when one of the two is N(0, I): the Beta law, bounded."""
    n = first.size
    norms = float(np.linalg.norm(first) * np.linalg.norm(second))
    r = float(np.dot(first.ravel(), second.ravel())) / norms if norms > 0 else 1.0
    return max(0.0, 1 - r * r) ** ((n - 1) / 2) if math.isfinite(r) else 0.0


def dkw(values: np.ndarray, cdf: Callable[[np.ndarray], np.ndarray]) -> float:
    """Chance of so large a distance between the empirical and the true distribution function: Massart's bound."""
    return min(1.0, 2 * math.exp(-2 * values.size * distance(values, cdf) ** 2))


def distance(values: np.ndarray, cdf: Callable[[np.ndarray], np.ndarray]) -> float:
    """Largest distance between the empirical distribution function of the values and `cdf` (Kolmogorov-Smirnov)."""
    n = values.size
    expected = cdf(np.sort(values, axis=None))
    steps = np.arange(n + 1) / n
    return float(max(np.max(steps[1:] - expected), np.max(expected - steps[:-1])))


def normal_cdf(values: np.ndarray) -> np.ndarray:
    """Distribution function of N(0, 1)."""
    return 0.5 * np.fromiter(map(math.erfc, (-values / math.sqrt(2)).tolist()), np.float64, values.size)


def uniform_cdf(values: np.ndarray) -> np.ndarray:
    """Distribution function of the uniform law on [0, 1]."""
    return np.clip(values, 0, 1)


def maximum_of_uniforms(largest: float, n: int) -> float:
    """Chance that the largest of n uniform variables on [0, 1] is at most `largest`: exact."""
    return min(1.0, max(0.0, largest)) ** n


def critical_z(rate: float = FALSE_FAIL_RATE) -> float:
    """The deviation of a standard normal variable that right code exceeds with this probability."""
    low, high = 0.0, 40.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if normal(middle) > rate else (low, middle)
    return high
