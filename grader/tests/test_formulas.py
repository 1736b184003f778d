"""The formulas of known readings give what their sentences say: numbers worked out by hand from the words."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.support.homework import langevin, langevin_noise
from tests.support.homework.denoising import DENOISING_TARGETS, DENOISING_WEIGHTS
from tests.support.homework.initialisation import DNET_BOUNDS, GNET_BOUNDS, NORMAL_MISTAKES, UNIFORM_MISTAKES
from tests.support.homework.noise_levels import LEVEL_FORMS
from tests.support.homework.sampler_output import TRAJECTORY_SHAPES

FAN_IN, FAN_OUT = 6, 12
BOUNDS = {
    "kaiming_uniform as it is by default": 1.0,
    "the gain of LeakyReLU(0.2)": math.sqrt(1 / 1.04),
    "a=sqrt(5)": math.sqrt(1 / 6),
    "xavier_uniform": math.sqrt(1 / 3),
    "fan_out": math.sqrt(1 / 2),
    "tanh": 5 / 3 * math.sqrt(1 / 2),
    "linear": math.sqrt(1 / 2),
    "selu": 3 / 4 * math.sqrt(1 / 2),
    "a=0.2": math.sqrt(1 / 1.04),
}
"""gain * sqrt(3 / fan_in), for fan_in 6."""


@pytest.mark.parametrize("bound", [*DNET_BOUNDS, *GNET_BOUNDS, *UNIFORM_MISTAKES], ids=lambda bound: bound.name)
def test_a_bound_is_that_of_its_gain_and_fan(bound):
    assert bound.of(FAN_IN, FAN_OUT) == pytest.approx(BOUNDS[bound.name])


def test_a_deviation_is_that_of_its_law():
    found = {one.name: one.of(FAN_IN, FAN_OUT, 0.7) for one in NORMAL_MISTAKES}
    assert found == pytest.approx(
        {"kaiming_normal": math.sqrt(1 / 3), "xavier_normal": 1 / 3, "N(0, 0.02)": 0.02, "another normal": 0.7}
    )


def test_a_shape_is_what_its_name_says():
    """For 5 samples and 7 steps."""
    assert {one.name: one.of(5, 7) for one in TRAJECTORY_SHAPES} == {
        "axes swapped": (7, 5, 2),
        "axes swapped, both ends": (8, 5, 2),
        "last axes swapped": (5, 2, 7),
        "one entry too many": (5, 8, 2),
        "one entry missing": (5, 6, 2),
        "concatenated": (35, 2),
        "side by side": (5, 14),
        "one state": (5, 2),
        "one sample": (7, 2),
    }


WEIGHTS = {
    "lambda/2": [8, 2],
    "mean over coordinates": [4, 1],
    "no half": [16, 4],
    "sum over samples": [16, 4],
    "lambda missing": [0.5, 0.5],
    "lambda missing, no half": [1, 1],
    "lambda is sigma": [2, 1],
    "lambda is sigma^3": [32, 4],
    "lambda is sigma^4": [128, 8],
    "lambda is 1/sigma": [0.125, 0.25],
    "lambda is 1/sigma^2": [0.03125, 0.125],
    "lambda over its sum": [0.8, 0.2],
    "broadcast": [5, 5],
    "norm of the batch": [10, 10],
}
"""For two samples, at sigma 4 and 2: lambda is 16 and 4, and 10 on average. A weight counts once 1/N is taken out."""


@pytest.mark.parametrize("weight", DENOISING_WEIGHTS, ids=lambda weight: weight.name)
def test_a_weight_is_what_its_sentence_says(weight):
    assert weight.of(np.array([4.0, 2.0]), 2).tolist() == pytest.approx(WEIGHTS[weight.name])


TARGETS = {
    "(x~ - x)/sigma^2": 3,
    "sign": -3,
    "over sigma": 6,
    "over sigma, sign": -6,
    "undivided": 12,
    "undivided, sign": -12,
    "over sigma^3": 1.5,
    "over sigma^3, sign": -1.5,
    "over sigma^4": 0.75,
    "times sigma": 24,
    "times sigma^2": 48,
    "over 2 sigma^2": 1.5,
    "perturbed": 8,
    "clean": 5,
    "missing": 0,
}
"""For x = 20, moved by 12, at sigma 2."""


@pytest.mark.parametrize("target", DENOISING_TARGETS, ids=lambda target: target.name)
def test_a_target_is_what_its_sentence_says(target):
    assert target.of(np.array([[12.0]]), np.array([[2.0]]), np.array([[20.0]])).item() == TARGETS[target.name]


def test_a_form_of_a_level_is_what_its_name_says():
    found = {one.name: one.of(np.array([4.0, 0.5])).tolist() for one in LEVEL_FORMS}
    assert found == {
        "sigma": [4, 0.5],
        "index from 0": [0, 1],
        "index from 1": [1, 2],
        "sigma^2": [16, 0.25],
        "1/sigma": [0.25, 2],
        "log(sigma)": pytest.approx([1.3862943611, -0.6931471806]),
    }


STEPS = langevin.Steps(sigma=np.array([4.0, 4, 2, 2]), sigmas=np.array([4.0, 2]), iterations=2, eps=0.5)
"""Two levels of two steps: alpha = eps sigma^2 / sigma_L^2 is 2 at the first level and 0.5 at the second."""
ALPHA = np.array([2.0, 2, 0.5, 0.5])
SIZES = {
    "eps*sigma^2/sigma_L^2": (2, 0.5),
    "alpha/2": (1, 0.25),
    "2 alpha": (4, 1),
    "minus": (-2, -0.5),
    "no square": (1, 0.5),
    "no sigma_L": (8, 2),
    "over sigma_L": (4, 1),
    "constant": (0.5, 0.5),
    "eps*sigma": (2, 1),
    "inverted": (0.125, 0.5),
    "first sigma": (0.5, 0.125),
    "eps missing": (4, 1),
    "eps hard-coded": (8e-5, 2e-5),
    "square root": (2**0.5, 0.5**0.5),
    "sqrt(2 alpha)": (2, 1),
    "squared": (4, 0.25),
    "missing": (0, 0),
    "computed once": (2, 2),
    "of the next level": (0.5, 0.5),
    "of the level before": (2, 2),
    "of the opposite level": (0.5, 2),
    "product": (2, 2),
    "sum": (2, 2.5),
    "times sigma": (8, 1),
    "over sigma": (0.5, 0.25),
    "times sigma^2": (32, 2),
    "over T": (1, 0.25),
    "fourth power": (8, 0.5),
}
"""The size of a step at the first and at the second level."""
VARIANCES = {
    "2 alpha": (4, 1),
    "no noise": (0, 0),
    "alpha": (2, 0.5),
    "4 alpha^2": (16, 1),
    "alpha^2": (4, 0.25),
    "2 alpha^2": (8, 0.5),
    "4 alpha": (8, 2),
    "alpha/2": (1, 0.25),
    "2 eps": (1, 1),
    "first alpha": (4, 4),
    "sigma": (16, 4),
    "2 alpha sigma^2": (64, 4),
    "2 alpha / sigma^2": (0.25, 0.25),
    "2": (2, 2),
    "one": (1, 1),
}


def test_a_step_size_is_what_its_sentence_says():
    found = {one.name: one.of(STEPS) for one in langevin.LANGEVIN_STEP_SIZES}
    assert {name: tuple(found[name].tolist()) for name in SIZES} == {
        name: pytest.approx((first, first, second, second)) for name, (first, second) in SIZES.items()
    }
    others = {name: sizes.tolist() for name, sizes in found.items() if name not in SIZES}
    assert others == {
        "only the first coordinate": [[2, 0], [2, 0], [0.5, 0], [0.5, 0]],
        "only the second coordinate": [[0, 2], [0, 2], [0, 0.5], [0, 0.5]],
        "of the level before, around the start": [0.5, 0.5, 2, 2],
        "not in the last step of a level": [2, 0, 0.5, 0],
        "not in the first step of a level": [0, 2, 0, 0.5],
    }


@pytest.mark.parametrize("scale", langevin_noise.LANGEVIN_NOISE_VARIANCES, ids=lambda scale: scale.name)
def test_a_variance_is_what_its_sentence_says(scale):
    first, second = VARIANCES.get(scale.name, (0, 0))
    steps = [4, 1, 1, 0] if scale is langevin_noise.NOISE_BEFORE else [first, first, second, second]
    assert scale.of(ALPHA, STEPS).tolist() == pytest.approx(steps)
    of_both = scale.of(np.stack([ALPHA, ALPHA], axis=1), STEPS)
    assert of_both.tolist() == [[pytest.approx(one)] * 2 for one in steps]


def test_an_order_is_what_its_sentence_says():
    assert {one.name: one.of(2, 2).tolist() for one in langevin.LEVEL_ORDERS} == {
        "T steps at each level, descending": [0, 0, 1, 1],
        "loops swapped": [0, 1, 0, 1],
        "ascending": [1, 1, 0, 0],
        "T shared by the levels": [0, 1],
        "asked once a level": [0, 1],
        "T-1 updates": [0, 1],
        "T+1 updates": [0, 0, 0, 1, 1, 1],
    }
