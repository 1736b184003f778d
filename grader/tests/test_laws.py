"""The p-value bounds lie above the exact tails, accept the true law and reject wrong ones; `judge` follows its rule."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.support import laws
from tests.support.laws import FALSE_FAIL_RATE, RETRY_BELOW, RETRY_FACTOR
from tests.support.verdicts import Finding, Wrong

N = 4096


def _normals(seed: int = 0, n: int = N) -> np.ndarray:
    return np.random.Generator(np.random.PCG64(seed)).standard_normal(n)


@pytest.mark.parametrize("trials", [10, 40, 200])
@pytest.mark.parametrize("probability", [0.0455, 0.2, 0.5])
def test_the_binomial_bound_lies_above_the_exact_tail(trials: int, probability: float) -> None:
    """Twice the smaller exact tail, by summation, never exceeds the bound."""
    mass = [math.comb(trials, k) * probability**k * (1 - probability) ** (trials - k) for k in range(trials + 1)]
    for count in range(trials + 1):
        exact = min(1.0, 2 * min(math.fsum(mass[: count + 1]), math.fsum(mass[count:])))
        assert laws.binomial(count, trials, probability) >= exact * (1 - 1e-9)


@pytest.mark.parametrize("degrees", [2, 10, 64, 500])
def test_the_chi_square_bound_lies_above_the_exact_tail(degrees: int) -> None:
    """For even degrees the upper tail is a Poisson sum: exp(-x/2) sum (x/2)^k / k!."""
    for ratio in (0.3, 0.6, 0.8, 0.95, 1.05, 1.2, 1.5, 3.0):
        half = degrees * ratio / 2
        terms = [math.exp(k * math.log(half) - half - math.lgamma(k + 1)) for k in range(degrees // 2)]
        upper = math.fsum(terms)
        exact = min(1.0, 2 * min(upper, 1 - upper))
        assert laws.chi_square(degrees * ratio, degrees) >= exact - 1e-12  # 1 - upper loses digits near 0


def test_the_correlation_bound_lies_above_the_exact_tail() -> None:
    """For n = 3 the law of r is uniform on [-1, 1]: P(|r| >= t) = 1 - t."""
    for t in (0.0, 0.1, 0.5, 0.9, 0.99):
        first, second = np.array([1.0, 0, 0]), np.array([t, math.sqrt(1 - t * t), 0])
        assert laws.correlation(first, second) >= (1 - t) * (1 - 1e-9)


def test_the_dkw_bound_lies_above_the_exact_tail() -> None:
    """For one value the distance is max(u, 1 - u): P(D >= d) = 2 (1 - d)."""
    for u in (0.5, 0.6, 0.8, 0.95):
        assert laws.dkw(np.array([u]), laws.uniform_cdf) >= 2 * (1 - u) * (1 - 1e-9)


def test_the_normal_and_the_maximum_law_are_exact() -> None:
    """Known values, and the inverse function."""
    assert laws.normal(1.959963984540054) == pytest.approx(0.05)
    assert laws.normal(laws.critical_z()) == pytest.approx(FALSE_FAIL_RATE)
    assert laws.maximum_of_uniforms(0.5, 10) == pytest.approx(0.5**10)


@pytest.mark.parametrize("seed", range(5))
def test_the_true_law_is_accepted(seed: int) -> None:
    """Normal values pass every test."""
    z = _normals(seed)
    beyond = int(np.sum(np.abs(z) > laws.TAIL_BEYOND))
    assert laws.dkw(z, laws.normal_cdf) > RETRY_BELOW
    assert laws.chi_square(float(z @ z), N) > RETRY_BELOW
    assert laws.correlation(z[::2], z[1::2]) > RETRY_BELOW
    assert laws.binomial(beyond, N, laws.TAIL_PROBABILITY) > RETRY_BELOW
    assert laws.normal(float(np.sum(z)) / math.sqrt(N)) > RETRY_BELOW


@pytest.mark.parametrize(
    "wrong", [lambda z: z + 0.2, lambda z: 1.25 * z, lambda z: 0.8 * z], ids=["+", "wide", "narrow"]
)
def test_a_shifted_and_a_scaled_law_are_rejected(wrong) -> None:
    """At the sizes of the suites, one of mean, variance and shape is beyond the rate."""
    z = wrong(_normals())
    ps = [
        laws.dkw(z, laws.normal_cdf),
        laws.chi_square(float(z @ z), N),
        laws.normal(float(np.sum(z)) / math.sqrt(N)),
    ]
    assert min(ps) < FALSE_FAIL_RATE


@pytest.mark.parametrize("p", [laws.normal(float("nan")), laws.chi_square(float("nan"), 5), laws.chi_square(0.0, 5)])
def test_what_is_not_a_number_is_never_accepted(p: float) -> None:
    """NaN and a variance of exactly 0 have p-value 0."""
    assert p == 0.0


class Scripted:
    """An experiment whose p-values are given in advance, for each of its seeds."""

    def __init__(self, **p_of_seed: float) -> None:
        self.p_of_seed = {int(name.removeprefix("seed")): p for name, p in p_of_seed.items()}
        self.asked: list[tuple[int, int]] = []

    def __call__(self, seed: int, factor: int) -> list[laws.Test]:
        self.asked.append((seed, factor))
        return [laws.Test("variance", self.p_of_seed[seed], Finding("seen")), laws.Test("other", 0.5, Finding("no"))]


def test_an_unsuspicious_experiment_is_not_repeated() -> None:
    """p above the retry zone passes at once."""
    experiment = Scripted(seed0=RETRY_BELOW)
    laws.judge(experiment)
    assert experiment.asked == [(0, 1)]


def test_a_failure_is_reported_when_a_fresh_seed_confirms_it() -> None:
    """p below the rate, then below the confirmation level: only the failing finding is reported."""
    experiment = Scripted(seed0=1e-12, seed1=RETRY_BELOW / 2)
    with pytest.raises(Wrong) as failure:
        laws.judge(experiment)
    assert [one.yours for one in failure.value.findings] == ["seen"]
    assert experiment.asked == [(0, 1), (1, 1)]


def test_a_failure_that_is_not_confirmed_needs_the_larger_sample() -> None:
    """Without confirmation, four times the sample decides."""
    experiment = Scripted(seed0=1e-12, seed1=0.3, seed2=0.3)
    laws.judge(experiment)
    assert experiment.asked == [(0, 1), (1, 1), (2, RETRY_FACTOR)]


@pytest.mark.parametrize(("p", "fails"), [(FALSE_FAIL_RATE * 2, False), (FALSE_FAIL_RATE / 2, True)])
def test_the_retry_zone_is_decided_by_the_larger_sample(p: float, fails: bool) -> None:
    """p between the rate and the retry level: the second observation decides at the rate."""
    experiment = Scripted(seed0=1e-6, seed2=p)
    if fails:
        with pytest.raises(Wrong):
            laws.judge(experiment)
    else:
        laws.judge(experiment)
    assert experiment.asked == [(0, 1), (2, RETRY_FACTOR)]
