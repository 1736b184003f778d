"""Readings of the noise of Algorithm 2 (5.3, lines 5 and 6): its variance, its place, its law, and who shares it.

The first entry of each tuple is the handout's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.support.homework.langevin import Steps
from tests.support.homework.readings import Reading


@dataclass(frozen=True)
class NoiseScale(Reading):
    """Line 6: the variance of the noise of each step, (S,), from the step sizes alpha (S,) or (S, 2) and the steps."""

    of: Callable[[np.ndarray, Steps], np.ndarray]


def _like(alpha: np.ndarray, values: np.ndarray | float) -> np.ndarray:
    """The same value for every coordinate for which there is a step size."""
    return (np.zeros_like(alpha.T) + values).T


LANGEVIN_NOISE_VARIANCES = (
    NoiseScale("2 alpha", 1, "", lambda a, w: 2 * a),
    NoiseScale("no noise", 0, "No step adds noise: the term sqrt(2 alpha) z is missing.", lambda a, w: 0 * a),
    NoiseScale("alpha", 0, "The noise is sqrt(alpha)*z: Alg. 2, line 6 has sqrt(2 alpha).", lambda a, w: a),
    NoiseScale("4 alpha^2", 0, "The noise is 2*alpha*z: the square root is missing.", lambda a, w: 4 * a**2),
    NoiseScale("alpha^2", 0, "The noise is alpha*z: Alg. 2, line 6 has sqrt(2 alpha).", lambda a, w: a**2),
    NoiseScale(
        "2 alpha^2", 0, "The noise is sqrt(2)*alpha*z: alpha belongs under the square root.", lambda a, w: 2 * a**2
    ),
    NoiseScale("4 alpha", 0, "The noise is 2*sqrt(alpha)*z: the 2 belongs under the square root.", lambda a, w: 4 * a),
    NoiseScale("alpha/2", 0, "The noise is sqrt(alpha/2)*z: Alg. 2, line 6 has sqrt(2 alpha).", lambda a, w: a / 2),
    NoiseScale(
        "2 eps",
        0,
        "The noise is sqrt(2 eps)*z at every level: eps stands in place of alpha.",
        lambda a, w: _like(a, 2 * w.eps),
    ),
    NoiseScale(
        "first alpha",
        0,
        "The noise of every level has the alpha of the first level.",
        lambda a, w: _like(a, 2 * w.eps * w.first**2 / w.last**2),
    ),
    NoiseScale(
        "sigma", 0, "The noise is sigma*z: Alg. 2, line 6 has sqrt(2 alpha).", lambda a, w: _like(a, w.sigma**2)
    ),
    NoiseScale(
        "2 alpha sigma^2",
        0,
        "The noise is sqrt(2 alpha)*sigma*z: sigma is one factor too many.",
        lambda a, w: 2 * (a.T * w.sigma**2).T,
    ),
    NoiseScale(
        "2 alpha / sigma^2",
        0,
        "The noise is sqrt(2 alpha)*z/sigma: it is divided by sigma.",
        lambda a, w: 2 * (a.T / w.sigma**2).T,
    ),
    NoiseScale(
        "of the next step",
        0,
        "Each step adds its noise before the network is asked: Alg. 2, line 6 asks at x~_(t-1), and adds both then.",
        lambda a, w: 2 * np.concatenate([a[1:], 0 * a[:1]]),
    ),
    NoiseScale("2", 0, "The noise is sqrt(2)*z: alpha is missing.", lambda a, w: _like(a, 2.0)),
    NoiseScale("one", 0, "The noise is z without its factor sqrt(2 alpha).", lambda a, w: _like(a, 1.0)),
)

NOISE_BEFORE = next(one for one in LANGEVIN_NOISE_VARIANCES if one.name == "of the next step")
"""Under it the first state at which the network is asked has the noise of the first step already."""


@dataclass(frozen=True)
class NoisePlace(Reading):
    """Line 6: which steps and coordinates have noise, (S, 2)."""

    of: Callable[[Steps], np.ndarray]


def _steps(chosen: np.ndarray) -> np.ndarray:
    return np.repeat(chosen[:, None], 2, axis=1)


def _coordinates(steps: Steps, first: bool, second: bool) -> np.ndarray:
    return np.tile([first, second], (len(steps.sigma), 1))


def _last_of_all(steps: Steps) -> np.ndarray:
    return np.arange(len(steps.sigma)) == len(steps.sigma) - 1


NOISE_PLACES = (
    NoisePlace("everywhere", 1, "", lambda w: _coordinates(w, True, True)),
    NoisePlace("first coordinate", 0, "Only the first coordinate has noise.", lambda w: _coordinates(w, True, False)),
    NoisePlace("second coordinate", 0, "Only the second coordinate has noise.", lambda w: _coordinates(w, False, True)),
    NoisePlace("not at the end", 0, "The last step of all has no noise.", lambda w: _steps(~_last_of_all(w))),
    NoisePlace(
        "not before the level changes",
        0,
        "The last step before the noise level changes has no noise.",
        lambda w: _steps(~w.ends | _last_of_all(w)),
    ),
    NoisePlace(
        "not at the end of a level", 0, "The last step of each noise level has no noise.", lambda w: _steps(~w.ends)
    ),
    NoisePlace(
        "not at the start of a level",
        0,
        "The first step of each noise level has no noise.",
        lambda w: _steps(~w.starts),
    ),
    NoisePlace(
        "not in the first step",
        0,
        "The first step of all has no noise.",
        lambda w: _steps(np.arange(len(w.sigma)) > 0),
    ),
    NoisePlace(
        "only at the end of a level", 0, "Only the last step of each noise level has noise.", lambda w: _steps(w.ends)
    ),
    NoisePlace(
        "only at the start of a level",
        0,
        "Only the first step of each noise level has noise.",
        lambda w: _steps(w.starts),
    ),
    NoisePlace(
        "not at the last level",
        0,
        "The steps at the last noise level have no noise.",
        lambda w: _steps(w.sigma != w.last),
    ),
)


@dataclass(frozen=True)
class NoiseLaw(Reading):
    """Line 5: the law of z, by its mean, its mean square and its distribution function."""

    mean: float
    square: float
    cdf: Callable[[np.ndarray], np.ndarray]


def _phi(z: np.ndarray) -> np.ndarray:
    return 0.5 * np.array([math.erfc(one) for one in (-z / math.sqrt(2)).ravel().tolist()]).reshape(z.shape)


def _between(low: float, high: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda z: np.clip((z - low) / (high - low), 0, 1)


NOISE_LAWS = (
    NoiseLaw("normal", 1, "", 0.0, 1.0, _phi),
    NoiseLaw("rand", 0, "z is uniform on [0, 1), not normal: rand in place of randn.", 0.5, 1 / 3, _between(0, 1)),
    NoiseLaw("uniform", 0, "z is uniform on [-1, 1), not normal.", 0.0, 1 / 3, _between(-1, 1)),
    NoiseLaw("half", 0, "z is uniform on [-0.5, 0.5), not normal.", 0.0, 1 / 12, _between(-0.5, 0.5)),
    NoiseLaw(
        "uniform of variance 1",
        0,
        "z is uniform with mean 0 and variance 1, not normal.",
        0.0,
        1.0,
        _between(-math.sqrt(3), math.sqrt(3)),
    ),
    NoiseLaw(
        "signs", 0, "z is +1 or -1, not normal.", 0.0, 1.0, lambda z: np.where(z < -1, 0.0, np.where(z < 1, 0.5, 1.0))
    ),
    NoiseLaw(
        "positive",
        0,
        "z has no negative values: it is the absolute value of a normal z.",
        math.sqrt(2 / math.pi),
        1.0,
        lambda z: np.clip(2 * _phi(z) - 1, 0, 1),
    ),
    NoiseLaw("shifted", 0, "z has the mean 1, not 0.", 1.0, 2.0, lambda z: _phi(z - 1)),
)


@dataclass(frozen=True)
class NoiseShare(Reading):
    """Line 5: along which axes of (steps, samples, coordinates) one z is used again; `whole` across the levels too."""

    axes: tuple[int, ...]
    whole: bool = False


NOISE_SHARES = (
    NoiseShare("each its own", 1, "", ()),
    NoiseShare("coordinates", 0, "The two coordinates share one z.", (2,)),
    NoiseShare("samples", 0, "All samples share one z.", (1,)),
    NoiseShare("samples and coordinates", 0, "All samples and both coordinates share one z.", (1, 2)),
    NoiseShare("steps", 0, "All steps of a noise level use the same z: it is drawn once a level.", (0,)),
    NoiseShare("whole", 0, "All steps use the same z: it is drawn once.", (0,), whole=True),
    NoiseShare("steps and samples", 0, "All steps of a level and all samples share one z.", (0, 1)),
    NoiseShare("whole and samples", 0, "All steps and all samples share one z.", (0, 1), whole=True),
    NoiseShare("whole and coordinates", 0, "All steps and both coordinates share one z.", (0, 2), whole=True),
)
