"""Readings of what Algorithm 1 draws (5.2): x~ = x + sigma z, and the noise level of each sample.

The first entry of each tuple is the handout's own. A reading is recognised by its own law: x~ = centre + scale * z.
`s` are noise levels (R, 1), `x` are training points (R, 2).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.support.homework.readings import Reading


@dataclass(frozen=True)
class Centre(Reading):
    """Algorithm 1, line 3: x~ without its noise."""

    of: Callable[[np.ndarray, np.ndarray], np.ndarray]


PERTURBATION_CENTRES = (
    Centre("x", 1, "", lambda x, s: x),
    Centre("nothing", 0, "The training point itself is missing in x~.", lambda x, s: 0 * x),
    Centre(
        "sqrt(1 - sigma^2) x",
        0,
        "x is multiplied by sqrt(1 - sigma^2), as in the forward process of Problem 2. Here x~ = x + sigma z.",
        lambda x, s: np.sqrt(np.maximum(0, 1 - s**2)) * x,
    ),
    Centre(
        "sqrt(1 - sigma^2) x, also of a negative number",
        0,
        "x is multiplied by sqrt(1 - sigma^2), as in the forward process of Problem 2: no number where sigma > 1. "
        "Here x~ = x + sigma z.",
        lambda x, s: np.where(s <= 1, np.sqrt(np.abs(1 - s**2)), np.nan) * x,
    ),
    Centre("(1 - sigma) x", 0, "x is multiplied by 1 - sigma. Here x~ = x + sigma z.", lambda x, s: (1 - s) * x),
)


@dataclass(frozen=True)
class Scale(Reading):
    """Algorithm 1, line 3: the factor of z at noise level sigma."""

    of: Callable[[np.ndarray, np.ndarray], np.ndarray]


PERTURBATION_SCALES = (
    Scale("sigma", 1, "", lambda s, x: s),
    Scale("sigma^2", 0, "z is scaled by sigma^2, not by sigma.", lambda s, x: s**2),
    Scale("sqrt(sigma)", 0, "z is scaled by sqrt(sigma), not by sigma.", lambda s, x: np.sqrt(s)),
    Scale("unscaled", 0, "z is added without its factor sigma.", lambda s, x: 1 + 0 * s),
    Scale("twice", 0, "z is scaled by 2 sigma.", lambda s, x: 2 * s),
    Scale("half", 0, "z is scaled by sigma/2.", lambda s, x: s / 2),
    Scale("sqrt 2", 0, "z is scaled by sqrt(2) sigma.", lambda s, x: math.sqrt(2) * s),
    Scale("over sqrt 2", 0, "z is scaled by sigma/sqrt(2).", lambda s, x: s / math.sqrt(2)),
    Scale("sigma^3", 0, "z is scaled by sigma^3, not by sigma.", lambda s, x: s**3),
    Scale("1/sigma", 0, "z is divided by sigma.", lambda s, x: 1 / s),
    Scale(
        "times data", 0, "sigma z is multiplied by x, and not only added: the noise grows with x.", lambda s, x: s * x
    ),
)


@dataclass(frozen=True)
class FittedScale(Reading):
    """A factor of z with one number c that is measured: `fit` has it from the mean squares (L,) at the levels (L,)."""

    fit: Callable[[np.ndarray, np.ndarray], float]
    of: Callable[[np.ndarray, float], np.ndarray]


def _pooled(s: np.ndarray, square: np.ndarray, own: np.ndarray) -> float:
    """The root of what is constant in the mean squares: its mean over the levels that it hides."""
    hidden = s <= math.sqrt(square[np.argmin(s)])
    hidden[np.argmin(s)] = True
    return math.sqrt(max(0.0, float(np.mean(own[hidden]))))


FITTED_SCALES = (
    FittedScale(
        "clamped",
        0,
        "The noise is never smaller than about {measured}: small noise levels are clamped.",
        lambda s, square: _pooled(s, square, square),
        lambda s, c: np.maximum(s, c),
    ),
    FittedScale(
        "noise besides",
        0,
        "Other noise with a standard deviation of about {measured} is added to the data besides sigma z.",
        lambda s, square: _pooled(s, square, square - s**2),
        lambda s, c: np.sqrt(s**2 + c**2),
    ),
    FittedScale(
        "multiple",
        0,
        "z is scaled by about {measured} sigma.",
        lambda s, square: math.sqrt(float(np.mean(square / s**2))),
        lambda s, c: c * s,
    ),
    FittedScale(
        "constant",
        0,
        "The noise has a standard deviation of about {measured} at every noise level.",
        lambda s, square: math.sqrt(float(np.mean(square))),
        lambda s, c: c + 0 * s,
    ),
)


@dataclass(frozen=True)
class NoiseLaw(Reading):
    """Algorithm 1, line 2: the distribution function of a value of z; NaN where no value can be."""

    cdf: Callable[[np.ndarray], np.ndarray]


def _normal(z: np.ndarray) -> np.ndarray:
    return np.array([math.erfc(one) / 2 for one in (-z / math.sqrt(2)).ravel().tolist()]).reshape(z.shape)


def _uniform(low: float, high: float) -> Callable[[np.ndarray], np.ndarray]:
    def cdf(z: np.ndarray) -> np.ndarray:
        share = (z - low) / (high - low)
        return np.where((share > -1e-3) & (share < 1 + 1e-3), np.clip(share, 1e-9, 1 - 1e-9), np.nan)

    return cdf


def _laplace(z: np.ndarray) -> np.ndarray:
    tail = np.exp(-np.abs(z)) / 2
    return np.where(z < 0, tail, 1 - tail)


def _within_two(z: np.ndarray) -> np.ndarray:
    low, high = _normal(np.array([-2.0, 2.0]))
    return np.where(np.abs(z) < 2.002, np.clip((_normal(z) - low) / (high - low), 1e-9, 1 - 1e-9), np.nan)


NOISE_LAWS = (
    NoiseLaw("normal", 1, "", _normal),
    NoiseLaw("rand", 0, "z is uniform on [0, 1) (rand), not normal (randn).", _uniform(0, 1)),
    NoiseLaw("uniform", 0, "z is uniform on [-1, 1), not normal (randn).", _uniform(-1, 1)),
    NoiseLaw("centred", 0, "z is uniform on [-1/2, 1/2), not normal (randn).", _uniform(-0.5, 0.5)),
    NoiseLaw(
        "uniform, variance 1",
        0,
        "z is uniform with variance 1, not normal (randn).",
        _uniform(-math.sqrt(3), math.sqrt(3)),
    ),
    NoiseLaw("Laplace", 0, "z has the Laplace law, not the normal law.", _laplace),
    NoiseLaw("within two", 0, "z is a normal variable that is cut off at +-2.", _within_two),
    NoiseLaw(
        "positive",
        0,
        "z is the absolute value of a normal variable: it is never negative.",
        lambda z: np.where(z > -1e-3, np.clip(2 * _normal(np.abs(z)) - 1, 1e-9, 1 - 1e-9), np.nan),
    ),
)


@dataclass(frozen=True)
class Sharing(Reading):
    """Algorithm 1, line 2: along which axes of a call's z, (N, 2), all values are one."""

    axes: tuple[int, ...]


SHARINGS = (
    Sharing("none", 1, "", ()),
    Sharing("coordinates", 0, "The 2 coordinates of a sample share one z.", (1,)),
    Sharing("samples", 0, "All samples of a call share one z.", (0,)),
    Sharing("all", 0, "All samples and both coordinates share one z, a single number.", (0, 1)),
)
SEEDED_LOSS = Reading("seeded", 0, "The random generator is seeded again inside compute_denoising_loss.")
NO_NOISE = Reading("no noise", 0, "x~ is x: no noise is added.")


@dataclass(frozen=True)
class LevelLaw(Reading):
    """Algorithm 1, line 1: the probability of each of the levels (L,), drawn independently."""

    of: Callable[[np.ndarray], np.ndarray]


def _power(exponent: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda s: s**exponent / np.sum(s**exponent)


def _rounded(s: np.ndarray) -> np.ndarray:
    weights = np.ones(len(s))
    weights[[0, -1]] = 0.5
    return weights / np.sum(weights)


def _without(*places: int) -> Callable[[np.ndarray], np.ndarray]:
    def of(s: np.ndarray) -> np.ndarray:
        weights = np.ones(len(s))
        weights[list(places)] = 0
        return weights / np.sum(weights)

    return of


LEVEL_LAWS = (
    LevelLaw("uniform", 1, "", lambda s: np.full(len(s), 1 / len(s))),
    LevelLaw("never the first", 0, "The first noise level is never drawn.", _without(0)),
    LevelLaw("never the last", 0, "The last noise level is never drawn.", _without(-1)),
    LevelLaw("never the ends", 0, "The first and the last noise level are never drawn.", _without(0, -1)),
    LevelLaw("sigma as weights", 0, "The probability of a level is proportional to sigma.", _power(1)),
    LevelLaw("sigma^2 as weights", 0, "The probability of a level is proportional to sigma^2.", _power(2)),
    LevelLaw("1/sigma as weights", 0, "The probability of a level is proportional to 1/sigma.", _power(-1)),
    LevelLaw("1/sigma^2 as weights", 0, "The probability of a level is proportional to 1/sigma^2.", _power(-2)),
    LevelLaw(
        "rounded",
        0,
        "The first and the last level are drawn half as often as the others, as when a uniform number is rounded.",
        _rounded,
    ),
)


@dataclass(frozen=True)
class Arrangement(Reading):
    """Algorithm 1, line 1: whether the levels of a call, as places (N,) of L, are arranged in this way."""

    of: Callable[[np.ndarray, int], bool]


ARRANGEMENTS = (
    Arrangement("independent", 1, "", lambda index, n: True),
    Arrangement(
        "one for all", 0, "sigma is drawn once for the whole batch.", lambda index, n: bool(np.all(index == index[0]))
    ),
    Arrangement(
        "in turn",
        0,
        "The levels are taken in turn, not drawn.",
        lambda index, n: bool(
            np.all((np.diff(index) - np.diff(index)[:1]) % n == 0) and abs(np.diff(index)[0]) in (1, n - 1)
        ),
    ),
    Arrangement(
        "sorted",
        0,
        "The levels stand in the order of the list, each for a block of samples.",
        lambda index, n: len(np.unique(index)) > 1 and bool(np.all(np.diff(index) >= 0) or np.all(np.diff(index) <= 0)),
    ),
)


@dataclass(frozen=True)
class ContinuousLevel(Reading):
    """Algorithm 1, line 1: the distribution function of a sigma that is not one of the levels (L,)."""

    cdf: Callable[[np.ndarray, np.ndarray], np.ndarray]


CONTINUOUS_LEVELS = (
    ContinuousLevel(
        "continuous",
        0,
        "sigma is uniform between the smallest and the largest level, not one of the list.",
        lambda sigma, s: np.clip((sigma - s.min()) / (s.max() - s.min()), 0, 1),
    ),
    ContinuousLevel(
        "continuous logarithm",
        0,
        "log(sigma) is uniform between the smallest and the largest level; sigma is not one of the list.",
        lambda sigma, s: np.clip(np.log(np.maximum(sigma, 1e-30) / s.min()) / np.log(s.max() / s.min()), 0, 1),
    ),
)
CLAMPED_LEVELS = Reading("clamped levels", 0, "sigma is never smaller than {measured}: small levels are clamped.")
LEVEL_OF_A_COORDINATE = Reading("level of a coordinate", 0, "sigma is drawn for each coordinate, not for each sample.")
