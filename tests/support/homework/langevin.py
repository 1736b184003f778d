"""Readings of Algorithm 2 (5.3): step sizes, noise, starts, and the forms of what is returned.

A formula is compared with what was measured; the first entry of each tuple is the handout's own. `s` are the noise
levels of the steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.support.homework.readings import Reading, Remark


@dataclass(frozen=True)
class StepSize(Reading):
    """Algorithm 2, line 3: the factor of the score, from sigma, sigma_1, sigma_L and eps."""

    of: Callable[[np.ndarray, float, float, float], np.ndarray]


LANGEVIN_STEP_SIZES = (
    StepSize("eps*sigma^2/sigma_L^2", 1, "", lambda s, first, last, eps: eps * s**2 / last**2),
    StepSize(
        "alpha/2",
        0,
        "the step size is half of eps*sigma^2/sigma_L^2 (Song and Ermon's paper; the handout steps by alpha)",
        lambda s, first, last, eps: eps * s**2 / last**2 / 2,
    ),
    StepSize(
        "2 alpha",
        0,
        "the step size is twice eps*sigma^2/sigma_L^2",
        lambda s, first, last, eps: 2 * eps * s**2 / last**2,
    ),
    StepSize(
        "minus",
        0,
        "the score is subtracted: Alg. 2 line 6 adds alpha times the score",
        lambda s, first, last, eps: -eps * s**2 / last**2,
    ),
    StepSize(
        "no square", 0, "step size is eps*sigma/sigma_L (square missing)", lambda s, first, last, eps: eps * s / last
    ),
    StepSize(
        "no sigma_L",
        0,
        "step size is eps*sigma^2: the division by sigma_L^2 is missing",
        lambda s, first, last, eps: eps * s**2,
    ),
    StepSize(
        "over sigma_L",
        0,
        "step size is eps*sigma^2/sigma_L: sigma_L is not squared",
        lambda s, first, last, eps: eps * s**2 / last,
    ),
    StepSize(
        "constant",
        0,
        "step size is eps at every level: the factor sigma^2/sigma_L^2 is missing",
        lambda s, first, last, eps: eps + 0 * s,
    ),
    StepSize("eps*sigma", 0, "step size is eps*sigma", lambda s, first, last, eps: eps * s),
    StepSize(
        "inverted",
        0,
        "step size is eps*sigma_L^2/sigma^2: the quotient is upside down",
        lambda s, first, last, eps: eps * last**2 / s**2,
    ),
    StepSize(
        "first sigma",
        0,
        "step size is eps*sigma^2/sigma_1^2: divided by the first noise level, not by the last (smallest)",
        lambda s, first, last, eps: eps * s**2 / first**2,
    ),
    StepSize(
        "eps missing", 0, "step size is sigma^2/sigma_L^2: eps is missing", lambda s, first, last, eps: s**2 / last**2
    ),
    StepSize(
        "eps hard-coded",
        0,
        "step size is 0.00002*sigma^2/sigma_L^2: the argument eps is not used",
        lambda s, first, last, eps: 2e-5 * s**2 / last**2,
    ),
    StepSize("square root", 0, "step size is sqrt(alpha)", lambda s, first, last, eps: np.sqrt(eps) * s / last),
    StepSize(
        "sqrt(2 alpha)",
        0,
        "the score is multiplied by sqrt(2 alpha), the factor of the noise",
        lambda s, first, last, eps: np.sqrt(2 * eps) * s / last,
    ),
    StepSize("squared", 0, "step size is alpha^2", lambda s, first, last, eps: (eps * s**2 / last**2) ** 2),
    StepSize(
        "missing",
        0,
        "the score has no influence on the next state: the term alpha * s(x, sigma) is missing",
        lambda s, first, last, eps: 0 * s,
    ),
)


@dataclass(frozen=True)
class NoiseScale(Reading):
    """Algorithm 2, line 6: the variance of the noise of a step, from its step size alpha, sigma and eps."""

    of: Callable[[np.ndarray, np.ndarray, float], np.ndarray]


LANGEVIN_NOISE_VARIANCES = (
    NoiseScale("2 alpha", 1, "", lambda a, s, eps: 2 * a),
    NoiseScale("alpha", 0, "noise variance is alpha, not 2 alpha: sqrt(2 alpha) in Alg. 2 line 6", lambda a, s, eps: a),
    NoiseScale("4 alpha^2", 0, "the noise is 2*alpha*z: the square root is missing", lambda a, s, eps: 4 * a**2),
    NoiseScale("alpha^2", 0, "the noise is alpha*z, not sqrt(2 alpha)*z", lambda a, s, eps: a**2),
    NoiseScale(
        "2 alpha^2", 0, "the noise is sqrt(2)*alpha*z: alpha belongs under the square root", lambda a, s, eps: 2 * a**2
    ),
    NoiseScale(
        "4 alpha", 0, "the noise is 2*sqrt(alpha)*z: the 2 belongs under the square root", lambda a, s, eps: 4 * a
    ),
    NoiseScale(
        "2 eps",
        0,
        "the noise is sqrt(2 eps)*z at every level: eps in place of alpha",
        lambda a, s, eps: 2 * eps + 0 * a,
    ),
    NoiseScale("sigma", 0, "the noise is sigma*z, not sqrt(2 alpha)*z", lambda a, s, eps: s**2),
    NoiseScale(
        "2 alpha sigma^2",
        0,
        "the noise is sqrt(2 alpha)*sigma*z: sigma is one factor too many",
        lambda a, s, eps: 2 * a * s**2,
    ),
    NoiseScale("one", 0, "the noise is z without its factor sqrt(2 alpha)", lambda a, s, eps: 1 + 0 * a),
    NoiseScale(
        "uniform",
        0,
        "z looks uniform on [0, 1) (rand) or on [-1, 1), not normal (randn)",
        lambda a, s, eps: 2 * a / 3,
    ),
)


@dataclass(frozen=True)
class Start(Reading):
    """Algorithm 2, line 1: mean and standard deviation of x_0, from sigma_1 and sigma_L."""

    of: Callable[[float, float], tuple[float, float]]


LANGEVIN_STARTS = (
    Start("normal", 1, "", lambda first, last: (0.0, 1.0)),
    Start("zeros", 0, "x_0 is 0", lambda first, last: (0.0, 0.0)),
    Start("ones", 0, "x_0 is 1", lambda first, last: (1.0, 0.0)),
    Start(
        "rand",
        0,
        "x_0 looks uniform on [0, 1) (rand), not normal (randn)",
        lambda first, last: (0.5, math.sqrt(1 / 12)),
    ),
    Start("uniform", 0, "x_0 looks uniform on [-1, 1), not normal", lambda first, last: (0.0, math.sqrt(1 / 3))),
    Start(
        "sigma_1", 0, "x_0 is scaled by sigma_1: Alg. 2 line 1 starts from N(0, I)", lambda first, last: (0.0, first)
    ),
    Start("sigma_L", 0, "x_0 is scaled by sigma_L: Alg. 2 line 1 starts from N(0, I)", lambda first, last: (0.0, last)),
)

ANOTHER_STEP_SIZE = Remark("another step size", "It is about {measured}.")
ANOTHER_VARIANCE = Remark("another variance", "The variance is about {measured}.")
SILENT = Reading("no noise", 0, "")
SHARED_Z = Reading("shared z", 0, "They share one z.")
SHARED_START = Reading("shared start", 0, "They share one value.")


@dataclass(frozen=True)
class Order(Reading):
    """Algorithm 2, lines 2 and 4: the index of the noise level of each step, from L and T."""

    of: Callable[[int, int], np.ndarray]


LEVEL_ORDERS = (
    Order("T steps at each level, descending", 1, "", lambda levels, each: np.repeat(np.arange(levels), each)),
    Order(
        "loops swapped",
        0,
        "The two loops are swapped: all T steps of a level come before the next level.",
        lambda levels, each: np.tile(np.arange(levels), each),
    ),
    Order(
        "ascending",
        0,
        "The levels are in ascending order of sigma; noise is reduced from sigma_1, the largest, to sigma_L.",
        lambda levels, each: np.repeat(np.arange(levels)[::-1], each),
    ),
    Order(
        "T-1 updates",
        0,
        "T-1 updates per noise level",
        lambda levels, each: np.repeat(np.arange(levels), each - 1),
    ),
    Order(
        "T+1 updates",
        0,
        "T+1 updates per noise level",
        lambda levels, each: np.repeat(np.arange(levels), each + 1),
    ),
)
LEVELS_NOT_IN_THE_LIST = Remark("levels not in the list", "Not all of these are in the list of sigmas.")
LEVELS_NEVER_VISITED = Reading("levels never visited", 0, "The noise levels {measured} are never visited.")
ANOTHER_COUNT = Reading(
    "another number of steps",
    0,
    "{measured} updates per noise level: the argument iterations is not used?",
)

NOT_CARRIED_OVER = Reading("state not carried over", 0, "The state before the step is not carried over.")
RESTARTS_AT_X_0 = Reading("restarts from x_0", 0, "It restarts from x_0.")
RESTARTS_ANEW = Reading(
    "restarts anew",
    0,
    "It seems to restart from a new N(0, I): the start lies before the loop over the levels.",
)
