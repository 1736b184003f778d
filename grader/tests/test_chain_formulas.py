"""The formulas of mistakes in the forward chain and in its posterior give what their names say, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from grader.tests.test_written_formulas import one_each, same
from tests.support.homework import chain, posterior
from tests.support.homework.chain import ABAR, ACCUMULATED

BETAS = np.array([0.5, 0.2, 0.6, 0.75])
"""The factors 1 - beta are 1/2, 4/5, 2/5, 1/4; at t = 3, abar is 4/25 and the one before 2/5."""
ACCUMULATED_AT_3 = {
    "alpha_t": 0.4,
    "one step more": 0.04,
    "one step less": 0.4,
    "one step less, around the end": 0.4,
    "first step missing": 0.32,
    "shifted": 0.08,
    "product of betas": 0.06,
    "sum of betas": -0.3,
    "mean of betas": 1 - 1.3 / 3,
    "whole chain": 0.04,
}
ACCUMULATED_AT_2 = {
    "alpha_t": 0.8,
    "one step more": 0.16,
    "one step less": 0.5,
    "one step less, around the end": 0.5,
    "first step missing": 0.8,
    "shifted": 0.32,
    "product of betas": 0.1,
    "sum of betas": 0.3,
    "mean of betas": 0.65,
    "whole chain": 0.04,
}
AT_1 = {"alpha_t": 0.5, "one step more": 0.4, "one step less": 1, "one step less, around the end": 0.04,
        "first step missing": 1, "shifted": 0.8, "product of betas": 0.5, "sum of betas": 0.5, "mean of betas": 0.5,
        "whole chain": 0.04}  # fmt: skip


@pytest.mark.parametrize(("t", "expected"), [(1, AT_1), (2, ACCUMULATED_AT_2), (3, ACCUMULATED_AT_3)])
def test_the_mistakes_in_what_is_left_after_some_steps(t: int, expected: dict[str, float]):
    assert {one.name: float(one.of(BETAS, t)) for one in ACCUMULATED} == pytest.approx(expected)
    assert [chain.abar(BETAS, k) for k in range(5)] == pytest.approx([1, 0.5, 0.4, 0.16, 0.04])


def test_the_mistakes_in_the_forward_chain():
    with np.errstate(invalid="ignore"):
        of_abar = {f"{ABAR}{name}": np.sqrt(value) * 10 for name, value in ACCUMULATED_AT_3.items()}
    rest = {"no root": 1.6, "no root, alpha_t": 4, "factor of the noise": 10 * 0.84**0.5, "variance for the mean": 8.4}
    expected = of_abar | rest | {"x_0": 10, "zero": 0}
    same(one_each(chain.FORWARD_MEAN, 10.0, BETAS, 3), {name: [value] for name, value in expected.items()})
    expected = {
        "standard deviation": 0.84**0.5, "1 - sqrt(abar)": 0.6, "beta_t": 0.6, "sum": 1.3, "product": 0.06,
        "abar_t": 0.16, "squared": 0.84**2, "one": 1,
        **{f"{ABAR}{name}": 1 - left for name, left in ACCUMULATED_AT_3.items()},
    }  # fmt: skip
    same(one_each(chain.FORWARD_VARIANCE, 10.0, BETAS, 3), {name: [value] for name, value in expected.items()})


def test_the_mistakes_in_the_posterior_mean():
    """At t = 3 for x_t = 10 and x_0 = 100; what is right is (0.6 sqrt(0.4) 10 + 0.6 sqrt(0.4) 100) / 0.84."""
    a, b, n, p = 0.4, 0.6, 0.16, 0.4
    x, z, root = 10.0, 100.0, 0.4**0.5
    right = (0.6 * root * x + 0.6 * root * z) / 0.84
    with np.errstate(invalid="ignore"):
        of_abar = {
            f"{ABAR}{name}": (root * (1 - ACCUMULATED_AT_2[name]) * x + np.sqrt(ACCUMULATED_AT_2[name]) * b * z)
            / (1 - now)
            for name, now in ACCUMULATED_AT_3.items()
        }
    noise = (x - 0.4 * z) / 0.84**0.5
    expected = of_abar | {
        "around the end": right,
        "abar_t with x_t": root * x + root * b * z / 0.84,
        "abar_t with x_0": (root * 0.6 * x + 0.4 * 0.6 * z) / 0.84,
        "abar_t with both": root * x + 0.4 * 0.6 * z / 0.84,
        "abar_{t-1} below": right * 0.84 / 0.6,
        "swapped": right,
        "root of alpha lost": (0.4 * 0.6 * x + 0.6 * root * z) / 0.84,
        "root of abar lost": (root * 0.6 * x + 0.6 * 0.4 * z) / 0.84,
        "both roots lost": 0.4 * 0.6 * (x + z) / 0.84,
        "no alpha": (0.6 * x + 0.6 * root * z) / 0.84,
        "no abar": (root * 0.6 * x + 0.6 * z) / 0.84,
        "root of abar with x_t": (0.4 * 0.6 * x + 0.6 * root * z) / 0.84,
        "root of beta": (root * 0.6 * x + (0.4 * 0.6) ** 0.5 * z) / 0.84,
        "one step later": (0.5 * 0.84 * x + 0.4 * 0.75 * z) / 0.96,
        "one step earlier": (0.8**0.5 * 0.5 * x + 0.5**0.5 * 0.2 * z) / 0.6,
        "variance multiplied in": right * b * (1 - p) / (1 - n),
        "not divided by the precision": root / 0.6 * x + root / 0.6 * z,
        "not divided": right * 0.84,
        "root of the denominator": right * 0.84**0.5,
        "sign": (0.6 * root * x - 0.6 * root * z) / 0.84,
        "x_0": z,
        "x_t": x,
        "x_t with the step undone": x / root,
        "without x_t": root * z,
        "DDIM": root * z + 0.6**0.5 * noise,
    }
    assert a == p
    same(one_each(posterior.POSTERIOR_MEAN, x, z, BETAS, 3), {name: [value] for name, value in expected.items()})


def test_at_other_steps_no_two_factors_agree():
    """At t = 2: alpha is 4/5, abar 2/5 and before it 1/2, which tells apart what agrees at t = 3."""
    found = one_each(posterior.POSTERIOR_MEAN, 10.0, 100.0, BETAS, 2)
    x, z, a, b, n, p = 10.0, 100.0, 0.8, 0.2, 0.4, 0.5
    expected = {
        "swapped": (a**0.5 * (1 - p) * z + p**0.5 * b * x) / (1 - n),
        "root of alpha lost": (a * (1 - p) * x + p**0.5 * b * z) / (1 - n),
        "root of abar with x_t": (n**0.5 * (1 - p) * x + p**0.5 * b * z) / (1 - n),
        "abar_{t-1} below": (a**0.5 * (1 - p) * x + p**0.5 * b * z) / (1 - p),
        "not divided by the precision": a**0.5 / b * x + p**0.5 / (1 - p) * z,
        "x_t with the step undone": x / a**0.5,
        "without x_t": p**0.5 * z,
        "one step earlier": (0.5**0.5 * 0 * x + 1 * 0.5 * z) / 0.5,
        "one step later": (0.4**0.5 * 0.6 * x + 0.4**0.5 * 0.6 * z) / 0.84,
    }
    assert {name: found[name][0] for name in expected} == pytest.approx(expected)
    ends = one_each(posterior.POSTERIOR_MEAN, 10.0, 100.0, BETAS, 4)
    assert math.isnan(ends["one step later"][0])
    around = one_each(posterior.POSTERIOR_MEAN, 10.0, 100.0, BETAS, 1)
    assert around["around the end"][0] == pytest.approx((0.5**0.5 * 0.96 * 10 + 0.04**0.5 * 0.5 * 100) / 0.5)
    assert around[f"{ABAR}one step more"][0] == pytest.approx(50 / 0.6)


def test_the_posterior_of_the_first_step():
    """At t = 1 the mean is x_0 itself, and Bayes' rule as it stands first has infinity / infinity."""
    found = one_each(posterior.POSTERIOR_OF_THE_FIRST_STEP, 10.0, 100.0, BETAS, 1)
    assert math.isnan(found["zero over zero"][0])
    assert list(found)[1:] == [
        one.name for one in posterior.POSTERIOR_MEAN if "one step later" != one.name != "one step earlier"
    ]
    later = posterior.POSTERIOR_OF_THE_FIRST_STEP[0].values(10.0, 100.0, BETAS, 2)
    assert later[0] == pytest.approx((0.8**0.5 * 0.5 * 10 + 0.5**0.5 * 0.2 * 100) / 0.6)


def test_the_mistakes_in_the_posterior_mean_from_the_noise():
    """At t = 2 for x_t = 10 and eps = 3."""
    x, e, a, b, n, p = 10.0, 3.0, 0.8, 0.2, 0.4, 0.5
    step = b / 0.6**0.5 * e
    with np.errstate(invalid="ignore", divide="ignore"):
        of_abar = {
            f"{ABAR}{name}": (x - b / np.sqrt(np.float64(1 - now)) * e) / a**0.5
            for name, now in ACCUMULATED_AT_2.items()
        }
    start = (x - 0.6**0.5 * e) / n**0.5
    expected = {"sqrt(beta)": (x - b**0.5 * e) / a**0.5} | of_abar | {
        "plus": (x + step) / a**0.5,
        "abar_t in front": (x - step) / n**0.5,
        "no root in front": (x - step) / a,
        "nothing in front": x - step,
        "front multiplied": (x - step) * a**0.5,
        "no root below": (x - b / 0.6 * e) / a**0.5,
        "nothing below": (x - b * e) / a**0.5,
        "abar_{t-1} below": (x - b / 0.5**0.5 * e) / a**0.5,
        "alpha for beta": (x - a / 0.6**0.5 * e) / a**0.5,
        "x_0": start,
        "all the noise": (x - 0.6**0.5 * e) / a**0.5,
        "DDIM": p**0.5 * start + (1 - p) ** 0.5 * e,
        "x_t": x,
        "x_t with the step undone": x / a**0.5,
    }  # fmt: skip
    found = one_each(posterior.POSTERIOR_MEAN_FROM_NOISE, x, e, BETAS, 2)
    same(found, {name: [value] for name, value in expected.items()})
