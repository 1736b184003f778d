"""The bounds of the laws in numbers worked out by hand: a bound that is too wide accepts what is wrong."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from tests.support import laws


def test_the_rates_are_those_that_the_union_bound_was_made_with():
    rates = (laws.FALSE_FAIL_RATE, laws.RETRY_BELOW, laws.RETRY_FACTOR)
    assert rates == (1e-8, 1e-4, 4)
    assert math.isclose(laws.TAIL_PROBABILITY, 0.0455002639, rel_tol=1e-8)


@pytest.mark.parametrize(
    ("bound", "value"),
    [
        # 2 exp(-10/2 (2 - 1 - log 2)) and its mirror
        (lambda: laws.chi_square(20.0, 10), 2 * math.exp(-5) * 2**5),
        (lambda: laws.chi_square(5.0, 10), 2 * math.exp(2.5) * 2**-5),
        (lambda: laws.chi_square(10.0, 10), 1.0),
        (lambda: laws.chi_square(0.0, 10), 0.0),
        # 2 exp(-100 KL(0.9 | 0.5))
        (lambda: laws.binomial(90, 100, 0.5), 2 * math.exp(-90 * math.log(1.8) - 10 * math.log(0.2))),
        (lambda: laws.binomial(0, 10, 0.75), 2 * 0.25**10),
        (lambda: laws.binomial(10, 10, 0.25), 2 * 0.25**10),
        (lambda: laws.binomial(5, 10, 0.5), 1.0),
        # (1 - r^2)^((n - 1) / 2)
        (lambda: laws.correlation(np.array([1.0, 1, 0]), np.array([1.0, 0, 0])), 0.5),
        (lambda: laws.correlation(np.array([1.0, 0]), np.array([0.0, 2])), 1.0),
        (lambda: laws.correlation(np.array([1.0, 0]), np.array([2.0, 0])), 0.0),
        (lambda: laws.correlation(np.zeros(3), np.ones(3)), 0.0),
        (lambda: laws.normal(0.0), 1.0),
        (lambda: laws.normal(-1.0), 0.31731050786),
        (lambda: laws.normal(math.inf), 0.0),
        # all of 8 values at 1/2: the distance is 1/2, hence 2 exp(-2 * 8 / 4)
        (lambda: laws.dkw(np.full(8, 0.5), laws.uniform_cdf), 2 * math.exp(-4)),
        (lambda: laws.dkw(np.array([0.5]), laws.uniform_cdf), 1.0),
        (lambda: laws.maximum_of_uniforms(0.5, 3), 0.125),
        (lambda: laws.maximum_of_uniforms(-0.5, 3), 0.0),
        (lambda: laws.maximum_of_uniforms(1.5, 3), 1.0),
        (lambda: laws.margin(1e-16), 2.0),
        (lambda: laws.margin(1e-8), 1.0),
        (lambda: laws.margin(0.0), math.log(2.0**-1022) / math.log(1e-8)),
        (lambda: laws.critical_z(), 5.7307288),
        (lambda: laws.critical_z(0.31731050786), 1.0),
    ],
)
def test_a_bound_has_the_value_of_its_formula(bound: Callable[[], float], value: float):
    assert bound() == pytest.approx(value, rel=1e-7, abs=1e-12)


@pytest.mark.parametrize(
    ("values", "distance"),
    [([0.5], 0.5), ([0.1, 0.2], 0.8), ([0.8, 0.9], 0.8), ([0.75, 0.25], 0.25), ([[0.25, 0.5], [0.75, 1.0]], 0.25)],
)
def test_the_distance_of_distributions_is_the_largest_on_either_side(values: list, distance: float):
    assert laws.distance(np.array(values), laws.uniform_cdf) == pytest.approx(distance)


def test_distribution_functions_are_those_of_their_laws():
    assert laws.normal_cdf(np.array([-1.0, 0.0, 1.0])) == pytest.approx([0.15865525, 0.5, 0.84134475])
    assert laws.uniform_cdf(np.array([-1.0, 0.25, 2.0])).tolist() == [0.0, 0.25, 1.0]


def test_everything_that_is_observed_is_recorded_in_its_order_with_its_stage():
    asked: list[tuple[int, int]] = []

    def experiment(seed: int, factor: int) -> list[laws.Test]:
        asked.append((seed, factor))
        return [laws.Test("one", 1e-9 if seed == 0 else 0.5, laws.Finding("seen"))]

    with laws.recording() as outer, laws.recording() as inner:
        laws.judge(experiment)
    laws.judge(experiment)
    assert [one.stage for one in inner] == ["first", "confirm", "retry"]
    assert outer == inner
    assert asked[:3] == [(0, 1), (1, 1), (2, 4)]


def test_a_failure_has_the_findings_that_were_confirmed_and_the_largest_margin():
    def experiment(seed: int, factor: int) -> list[laws.Test]:
        return [
            laws.Test("far", 1e-24, laws.Finding("far off")),
            laws.Test("near", 1e-16, laws.Finding("near")),
            laws.Test("spared", 1e-5, laws.Finding("not shown")),
        ]

    with pytest.raises(laws.Wrong) as failed:
        laws.judge(experiment)
    assert [one.yours for one in failed.value.findings] == ["far off", "near"]
    assert failed.value.margin == pytest.approx(3.0)
