"""Readings of Algorithm 1 (5.2): weights, targets, the perturbation, and how the noise levels are drawn.

A formula is compared with what was measured; the first entry of each tuple is the handout's own. `s` are the noise
levels of the samples, `n` is the number of samples, `d` is x~ - x.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.support.homework.readings import Reading, Remark


@dataclass(frozen=True)
class Weight(Reading):
    """Algorithm 1, lines 4 and 5: the factor of the squared norm in the loss of the whole batch, times N."""

    of: Callable[[np.ndarray, int], np.ndarray]


DENOISING_WEIGHTS = (
    Weight("lambda/2", 1, "", lambda s, n: s**2 / 2),
    Weight(
        "mean over coordinates",
        0.5,
        "your loss is 0.500 times the expected value on every draw: the squared norm is averaged over the 2 "
        "coordinates as well; Alg. 1 line 5 sums them",
        lambda s, n: s**2 / 4,
    ),
    Weight(
        "no half",
        0.5,
        "your loss is 2.000 times the expected value on every draw: the 1/2 of lambda/2 is missing",
        lambda s, n: s**2,
    ),
    Weight(
        "sum over samples",
        0.5,
        "the losses of the samples are summed, not averaged over the training samples",
        lambda s, n: n * s**2 / 2,
    ),
    Weight(
        "lambda missing",
        0,
        "lambda is missing: every noise level has the weight 1, not sigma^2",
        lambda s, n: 0.5 + 0 * s,
    ),
    Weight(
        "lambda missing, no half",
        0,
        "lambda/2 is missing: every noise level has the weight 1, not sigma^2 / 2",
        lambda s, n: 1 + 0 * s,
    ),
    Weight("lambda is sigma", 0, "lambda is sigma; Alg. 1 line 4 says sigma^2", lambda s, n: s / 2),
    Weight("lambda is sigma^4", 0, "lambda is sigma^4; Alg. 1 line 4 says sigma^2", lambda s, n: s**4 / 2),
    Weight("lambda is 1/sigma^2", 0, "lambda is 1/sigma^2; Alg. 1 line 4 says sigma^2", lambda s, n: s**-2.0 / 2),
    Weight(
        "broadcast",
        0,
        "every sample has the same weight, the mean of lambda: a product of shapes (N,) and (N, 1) is an N x N table "
        "of all pairs, so each lambda meets each sample",
        lambda s, n: np.mean(s**2) / 2 + 0 * s,
    ),
    Weight(
        "norm of the batch",
        0,
        "the squared norm runs over the whole batch, times the mean of lambda; Alg. 1 line 5 has a norm and a lambda "
        "for each sample",
        lambda s, n: n * np.mean(s**2) / 2 + 0 * s,
    ),
)


@dataclass(frozen=True)
class Target(Reading):
    """Algorithm 1, line 5: what is added to the score inside the norm, (R, 2)."""

    of: Callable[[np.ndarray, np.ndarray], np.ndarray]


DENOISING_TARGETS = (
    Target("(x~ - x)/sigma^2", 1, "", lambda d, s: d / s**2),
    Target("sign", 0, "the sign of (x~ - x)/sigma^2 is flipped", lambda d, s: -d / s**2),
    Target(
        "over sigma",
        0,
        "x~ - x is divided by sigma (or z is used): Alg. 1 line 5 divides by sigma^2",
        lambda d, s: d / s,
    ),
    Target("over sigma, sign", 0, "x~ - x is subtracted, and divided by sigma, not by sigma^2", lambda d, s: -d / s),
    Target("undivided", 0, "x~ - x is not divided by sigma^2", lambda d, s: d),
    Target(
        "over sigma^3",
        0,
        "z/sigma^2 is used: x~ - x is already sigma * z, and is divided by sigma^2",
        lambda d, s: d / s**3,
    ),
    Target("missing", 0, "the term (x~ - x)/sigma^2 is missing: only the score is inside the norm", lambda d, s: 0 * d),
)


@dataclass(frozen=True)
class Scale(Reading):
    """Algorithm 1, line 3: the standard deviation of x~ - x at noise level sigma."""

    of: Callable[[np.ndarray], np.ndarray]


PERTURBATION_SCALES = (
    Scale("sigma", 1, "", lambda s: s),
    Scale(
        "sigma^2", 0, "x~ - x has the standard deviation sigma^2: z is scaled by sigma^2, not by sigma", lambda s: s**2
    ),
    Scale("sqrt(sigma)", 0, "x~ - x has the standard deviation sqrt(sigma), not sigma", lambda s: np.sqrt(s)),
    Scale("unscaled", 0, "z is added without its factor sigma", lambda s: 1 + 0 * s),
    Scale(
        "uniform",
        0,
        "z looks uniform on [0, 1) (rand) or on [-1, 1), not normal (randn)",
        lambda s: s / math.sqrt(3),
    ),
    Scale("twice", 0, "x~ - x has the standard deviation 2 sigma", lambda s: 2 * s),
    Scale("half", 0, "x~ - x has the standard deviation sigma/2", lambda s: s / 2),
    Scale("sqrt 2", 0, "x~ - x has the standard deviation sqrt(2) sigma", lambda s: math.sqrt(2) * s),
)


NOT_AVERAGED = Reading("not averaged", 0, "The losses of the samples are not averaged.")
NO_GRADIENT = Reading("no gradient", 0, "A detach(), item(), numpy() or no_grad() lies between the score and the loss.")
IN_PLACE = Reading("in place", 0, "An operation such as += on the argument itself (or on a second name for it).")
ABSOLUTE_VALUE = Reading("absolute value", 0, "Is an absolute value used in place of the square?")
NOT_SQUARED = Reading("norm not squared", 0, "The norm is not squared (or a root is taken).")
EVERY_LEVEL = Reading(
    "every level for each sample", 0, "Each sample is scored at every noise level; Alg. 1 line 1 draws one."
)
ANOTHER_TARGET = Remark("another target", "It is about {measured}.")

DATA_MISSING = Reading("data missing", 0, "The training point itself is missing in x~.")
NOISE_TIMES_DATA = Reading(
    "noise times data", 0, "The noise grows with x: sigma z is multiplied by x, in place of added."
)
DATA_SCALED = Reading(
    "data scaled", 0, "Is x scaled down, as in the forward process of Problem 2? Here x~ = x + sigma z."
)
SHARED_NOISE = Reading("shared noise", 0, "They share one z.")
SEEDED_LOSS = Reading("seeded", 0, "The random generator is seeded again inside compute_denoising_loss.")
ANOTHER_SCALE = Remark("another scale", "The standard deviation of x~ - x is about {measured}.")

ONE_LEVEL_FOR_ALL = Reading("one level for all", 0, "sigma is drawn once for the whole batch.")
DEPENDENT_LEVELS = Reading(
    "dependent levels", 0, "The levels are the same, sorted or taken in turn, not drawn for each sample."
)
NEVER_DRAWN = Reading("levels never drawn", 0, "The levels {measured} are never drawn.")
LEVELS_AS_WEIGHTS = Reading(
    "levels as weights",
    0,
    "The probability is proportional to sigma^{measured}: the noise levels were used as weights.",
)
ROUNDED_LEVELS = Reading(
    "rounded levels",
    0,
    "The first and the last level are drawn half as often as the others: a rounded uniform number?",
)
