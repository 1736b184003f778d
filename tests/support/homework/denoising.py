"""Readings of the loss of Algorithm 1 (5.2): weight, target, norm, and what it does with its samples and arguments.

A formula predicts the loss and its gradient; the first entry of each tuple is the handout's own. `s` are the noise
levels of the samples (R, 1), `n` is the number of samples, `x` is a training point and `d` is x~ - x, (R, 2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.support.homework.readings import Reading


@dataclass(frozen=True)
class Weight(Reading):
    """Algorithm 1, lines 4 and 5: the factor of the squared norm in the loss of the whole batch, times N."""

    of: Callable[[np.ndarray, int], np.ndarray]


DENOISING_WEIGHTS = (
    Weight("lambda/2", 1, "", lambda s, n: s**2 / 2),
    Weight(
        "mean over coordinates",
        0.5,
        "The squared norm is averaged over the 2 coordinates as well. Alg. 1, line 5 sums them.",
        lambda s, n: s**2 / 4,
    ),
    Weight("no half", 0.5, "The 1/2 of lambda/2 is missing.", lambda s, n: s**2),
    Weight(
        "sum over samples",
        0.5,
        "The losses of the samples are summed. 5.2 asks for their average.",
        lambda s, n: n * s**2 / 2,
    ),
    Weight(
        "lambda missing",
        0,
        "lambda is missing: every noise level has the weight 1/2, not sigma^2 / 2.",
        lambda s, n: 0.5 + 0 * s,
    ),
    Weight(
        "lambda missing, no half",
        0,
        "lambda/2 is missing: every noise level has the weight 1, not sigma^2 / 2.",
        lambda s, n: 1 + 0 * s,
    ),
    Weight("lambda is sigma", 0, "lambda is sigma. Alg. 1, line 4 says sigma^2.", lambda s, n: s / 2),
    Weight("lambda is sigma^3", 0, "lambda is sigma^3. Alg. 1, line 4 says sigma^2.", lambda s, n: s**3 / 2),
    Weight(
        "lambda is sigma^4",
        0,
        "lambda is sigma^4, or lambda is sigma^2 and squared with the norm. Alg. 1, line 4 says sigma^2.",
        lambda s, n: s**4 / 2,
    ),
    Weight("lambda is 1/sigma", 0, "lambda is 1/sigma. Alg. 1, line 4 says sigma^2.", lambda s, n: 1 / s / 2),
    Weight("lambda is 1/sigma^2", 0, "lambda is 1/sigma^2. Alg. 1, line 4 says sigma^2.", lambda s, n: s**-2.0 / 2),
    Weight(
        "lambda over its sum",
        0,
        "lambda is divided by its sum over the batch: the weight of a sample depends on the other samples.",
        lambda s, n: s**2 / np.mean(s**2) / 2,
    ),
    Weight(
        "broadcast",
        0,
        "Every sample has the same weight, the mean of lambda. A product of shapes (N,) and (N, 1) is an N x N table "
        "of all pairs: each lambda meets each sample.",
        lambda s, n: np.mean(s**2) / 2 + 0 * s,
    ),
    Weight(
        "norm of the batch",
        0,
        "The squared norm runs over the whole batch, times the mean of lambda. Alg. 1, line 5 has a norm and a lambda "
        "for each sample.",
        lambda s, n: n * np.mean(s**2) / 2 + 0 * s,
    ),
)


@dataclass(frozen=True)
class Target(Reading):
    """Algorithm 1, line 5: what is added to the score inside the norm, (R, 2), from d, s and x."""

    of: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


DENOISING_TARGETS = (
    Target("(x~ - x)/sigma^2", 1, "", lambda d, s, x: d / s**2),
    Target("sign", 0, "The sign of (x~ - x)/sigma^2 is flipped.", lambda d, s, x: -d / s**2),
    Target(
        "over sigma",
        0,
        "x~ - x is divided by sigma (or z is used). Alg. 1, line 5 divides by sigma^2.",
        lambda d, s, x: d / s,
    ),
    Target(
        "over sigma, sign", 0, "x~ - x is subtracted, and divided by sigma, not by sigma^2.", lambda d, s, x: -d / s
    ),
    Target("undivided", 0, "x~ - x is not divided by sigma^2.", lambda d, s, x: d),
    Target("undivided, sign", 0, "x~ - x is subtracted, and not divided by sigma^2.", lambda d, s, x: -d),
    Target(
        "over sigma^3",
        0,
        "z/sigma^2 is used. x~ - x is already sigma * z, and is divided by sigma^2.",
        lambda d, s, x: d / s**3,
    ),
    Target(
        "over sigma^3, sign", 0, "z/sigma^2 is subtracted. Alg. 1, line 5 adds (x~ - x)/sigma^2.",
        lambda d, s, x: -d / s**3,
    ),
    Target("over sigma^4", 0, "x~ - x is divided by sigma^4, not by sigma^2.", lambda d, s, x: d / s**4),
    Target("times sigma", 0, "x~ - x is multiplied by sigma, not divided by sigma^2.", lambda d, s, x: d * s),
    Target("times sigma^2", 0, "x~ - x is multiplied by sigma^2, not divided by it.", lambda d, s, x: d * s**2),
    Target(
        "over 2 sigma^2", 0, "x~ - x is divided by 2 sigma^2. Alg. 1, line 5 divides by sigma^2.",
        lambda d, s, x: d / (2 * s**2),
    ),
    Target("perturbed", 0, "x~ is divided by sigma^2: the training point x is not subtracted.",
           lambda d, s, x: (x + d) / s**2),
    Target("clean", 0, "x stands in the place of x~ - x.", lambda d, s, x: x / s**2),
    Target("missing", 0, "The term (x~ - x)/sigma^2 is missing: only the score is inside the norm.",
           lambda d, s, x: 0 * d),
)  # fmt: skip


@dataclass(frozen=True)
class Norm(Reading):
    """Algorithm 1, line 5: of the errors (R, 2) the number (R,) that is weighted, and its gradient (R, 2)."""

    of: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
    quadratic: bool = False


def _root(e: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    size = np.sqrt(np.sum(e**2, axis=1))
    return size, e / np.where(size > 0, size, 1)[:, None]


def _huber(e: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    size = np.abs(e)
    return np.sum(np.where(size < 1, e**2 / 2, size - 0.5), axis=1), np.clip(e, -1, 1)


def _largest(e: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    largest = np.abs(e) == np.max(np.abs(e), axis=1, keepdims=True)
    return np.max(e**2, axis=1), 2 * e * largest


def _square_of_sum(e: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    total = np.sum(e, axis=1)
    return total**2, 2 * total[:, None] + 0 * e


def _fourth_power(e: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    square = np.sum(e**2, axis=1)
    return square**2, 4 * square[:, None] * e


def _third_power(e: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    size = np.sqrt(np.sum(e**2, axis=1))
    return size**3, 3 * size[:, None] * e


def _only(axis: int) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """The square of one coordinate."""
    return lambda e: (e[:, axis] ** 2, 2 * e * (np.arange(2) == axis))


DENOISING_NORMS = (
    Norm("squared", 1, "", lambda e: (np.sum(e**2, axis=1), 2 * e), quadratic=True),
    Norm("not squared", 0, "The norm is not squared.", _root),
    Norm(
        "absolute values",
        0,
        "The absolute values of the coordinates are summed. Alg. 1, line 5 has the squared norm.",
        lambda e: (np.sum(np.abs(e), axis=1), np.sign(e)),
    ),
    Norm("Huber", 0, "A Huber loss (smooth L1) stands in the place of the squared norm.", _huber),
    Norm("maximum", 0, "Only the larger of the 2 coordinates is squared. The squared norm has both.", _largest),
    Norm("square of the sum", 0, "The 2 coordinates are summed before the square.", _square_of_sum, quadratic=True),
    Norm("fourth power", 0, "The norm is squared twice.", _fourth_power),
    Norm("third power", 0, "The norm is cubed. Alg. 1, line 5 has its square.", _third_power),
    Norm(
        "first coordinate",
        0,
        "Only the first of the 2 coordinates is squared. The squared norm has both.",
        _only(0),
        quadratic=True,
    ),
    Norm(
        "second coordinate",
        0,
        "Only the second of the 2 coordinates is squared. The squared norm has both.",
        _only(1),
        quadratic=True,
    ),
)


@dataclass(frozen=True)
class Outer(Reading):
    """5.2: what becomes of the average; the function with its first and second derivative.

    `shifted` is whether a constant may be added, the same in every call.
    """

    of: Callable[[float], tuple[float, float, float]]
    shifted: bool = False


OUTERS = (
    Outer("the average", 1, "", lambda v: (v, 1, 0)),
    Outer("constant added", 0, "A constant is added to the loss. Its gradient is right.", lambda v: (v, 1, 0), True),
    Outer(
        "root", 0, "A root is taken of the average.", lambda v: (v**0.5, 0.5 * v**-0.5, -0.25 * v**-1.5)
    ),
    Outer("logarithm", 0, "A logarithm is taken of the average.", lambda v: (np.log(v), 1 / v, -1 / v**2)),
)  # fmt: skip


@dataclass(frozen=True)
class Arguments(Reading):
    """What becomes of the arguments; `lost` is whether x is moved to x~ itself, so that x~ - x is 0 afterwards."""

    changed: bool
    lost: bool = False


ARGUMENTS = (
    Arguments("untouched", 1, "", changed=False),
    Arguments(
        "in place",
        0,
        "An operation in place, such as +=, works on the argument itself or on a second name for it.",
        changed=True,
    ),
    Arguments(
        "moved in place",
        0,
        "An operation in place, such as +=, moves x itself to x~. Then x~ - x is 0.",
        changed=True,
        lost=True,
    ),
)


@dataclass(frozen=True)
class Draws(Reading):
    """Algorithm 1, lines 2, 3 and 5: whether the z of x~ is that of the target."""


DRAWS = (
    Draws("one z", 1, ""),
    Draws("another z", 0, "The target has a z of its own, which is not the z of x~."),
)


@dataclass(frozen=True)
class Data(Reading):
    """Algorithm 1, line 3: whether the x of the loss is the training point itself."""


DATA = (
    Data("as given", 1, ""),
    Data("with noise", 0, "Noise is added to the training points themselves, besides sigma z."),
)


@dataclass(frozen=True)
class Samples(Reading):
    """5.2: which training samples enter the loss."""


SAMPLES = (
    Samples("each once", 1, ""),
    Samples(
        "with replacement",
        0,
        "The samples are drawn from the training data with replacement: some enter several times, others never.",
    ),
    Samples("some of them", 0, "The loss uses a part of training_data only."),
)


@dataclass(frozen=True)
class LevelsOfASample(Reading):
    """Algorithm 1, line 1: the divisor of the sum over all scores, from the number of samples and of levels."""

    divisor: Callable[[int, int], int]


LEVELS_OF_A_SAMPLE = (
    LevelsOfASample("one", 1, "", lambda n, n_levels: n),
    LevelsOfASample(
        "every level, averaged",
        0,
        "Each sample is scored at every noise level, and the levels are averaged. Alg. 1, line 1 draws one.",
        lambda n, n_levels: n * n_levels,
    ),
    LevelsOfASample(
        "every level, summed",
        0,
        "Each sample is scored at every noise level, and the levels are summed. Alg. 1, line 1 draws one.",
        lambda n, n_levels: n,
    ),
)


NOT_AVERAGED = Reading("not averaged", 0, "The losses of the samples are not averaged.")
NO_GRADIENT = Reading("no gradient", 0, "A detach(), item(), numpy() or no_grad() lies between the score and the loss.")
AT_THE_DATA = Reading("at the data", 0, "The network is given x in the place of x~.")
