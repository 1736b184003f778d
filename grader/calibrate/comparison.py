"""The observed p-values against their null law: at or above uniform, and the bound on false failures that follows."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np

from grader.calibrate.decisions import SUBMISSIONS, Chunk
from tests.support.laws import FALSE_FAIL_RATE, RETRY_BELOW

GOAL = 1e-6
"""The rate of false failures that a whole submission must stay below."""
LEVEL = 1e-6
"""The chance that a calibration of right laws reports any violation."""
DECILES = tuple(k / 10 for k in range(1, 11))
COMPARED = (RETRY_BELOW, *DECILES[:-1])


class Statistic(msgspec.Struct):
    """The p-values of a test: how many, the shares at or below 0.1, ..., 1, below the retry level, and the smallest."""

    n: int
    deciles: list[float]
    retried: float
    smallest: float


class Calibration(msgspec.Struct):
    """The result: `decisions` is the mean number of random decisions of a submission, `bound` its rate of failures."""

    seeds: int
    decisions: float
    bound: float
    failures: int
    retries: int
    pooled: Statistic
    tests: dict[str, Statistic]
    violations: list[str]


def gathered(chunks: Iterable[Chunk]) -> dict[str, np.ndarray]:
    """The p-values of the first observations of each test, sorted."""
    lists: dict[str, list[float]] = {}
    for chunk in chunks:
        for name, values in chunk.p.items():
            lists.setdefault(name, []).extend(values)
    return {name: np.sort(np.array(values)) for name, values in lists.items()}


def compare(chunks: list[Chunk]) -> Calibration:
    """Hold every test against the uniform law, alone and pooled; count decisions and failures."""
    seeds = [seed for chunk in chunks for seed in chunk.seeds]
    p = gathered(chunks)
    every = np.sort(np.concatenate([*p.values(), np.empty(0)]))
    decisions = _decisions(chunks)
    failures = [failure for chunk in chunks for failure in chunk.failures]
    comparisons = len(COMPARED) * (len(p) + 1)
    violations = [text for name, values in p.items() for text in _excesses(name, values, len(values), comparisons)]
    # The tests of one submission depend on each other: their shares are one bounded variable for each seed.
    violations += _excesses("all tests pooled", every, len(seeds), comparisons)
    violations += failures
    bound = decisions * FALSE_FAIL_RATE
    if not 0 < bound < GOAL:
        violations.append(f"the false-failure rate of a submission is bounded by {bound:.2g}, not below {GOAL:g}")
    return Calibration(
        seeds=len(seeds),
        decisions=decisions,
        bound=bound,
        failures=len(failures),
        retries=sum(len(values) for chunk in chunks for values in chunk.retried.values()),
        pooled=_statistic(every),
        tests={name: _statistic(values) for name, values in p.items()},
        violations=violations,
    )


def _decisions(chunks: list[Chunk]) -> float:
    """The mean number of decisions of a submission, for the one that meets most.

    Each decision that is made fails right work with a chance of at most `FALSE_FAIL_RATE`, since a repeated
    observation has random numbers of its own: the chance that any does is at most the mean number times the rate.
    """
    counts: dict[int, list[int]] = {}
    for chunk in chunks:
        for seed, count in zip(chunk.seeds, chunk.decisions, strict=True):
            counts.setdefault(seed % len(SUBMISSIONS), []).append(count)
    return max((sum(one) / len(one) for one in counts.values()), default=0.0)


def _statistic(p: np.ndarray) -> Statistic:
    if not p.size:
        return Statistic(0, [], 0.0, 1.0)
    return Statistic(
        n=p.size,
        deciles=[_share(p, q) for q in DECILES],
        retried=_share(p, RETRY_BELOW),
        smallest=float(p[0]),
    )


def _share(p: np.ndarray, q: float) -> float:
    return float(np.searchsorted(p, q, side="right") / p.size)


def _excesses(name: str, p: np.ndarray, n: int, comparisons: int) -> list[str]:
    """Where P(p <= q) > q, beyond the chance of `LEVEL` for all comparisons together."""
    if not p.size:
        return [f"{name}: nothing was observed"]
    shares = {q: _share(p, q) for q in COMPARED}
    return [
        f"{name}: {share:.4%} of {p.size} p-values are at most {q:g}"
        for q, share in shares.items()
        if chance_of_share(share, n, q) < LEVEL / comparisons
    ]


def chance_of_share(share: float, n: int, q: float) -> float:
    """Bound on the chance that a mean of n variables in [0, 1], each of mean at most q, is so large.

    Chernoff 1952 for counts, Hoeffding 1963 (theorem 1) for any bounded variables.
    """
    if share <= q:
        return 1.0
    divergence = share * math.log(share / q)
    if share < 1:
        divergence += (1 - share) * math.log((1 - share) / (1 - q))
    return math.exp(-n * divergence)


def as_json(calibration: Calibration) -> bytes:
    """The result as an indented JSON document."""
    document: Any = msgspec.json.encode(calibration)
    return msgspec.json.format(document, indent=1)
