"""Readings of the states of Algorithm 2 (5.3): where the chain starts (line 1), and where each step does (line 6).

The first entry of each tuple is the handout's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.support.homework.langevin import Steps
from tests.support.homework.readings import Reading

NORMAL, UNIFORM, CLIPPED_NORMAL = "normal", "uniform", "clipped"


@dataclass(frozen=True)
class Start(Reading):
    """Line 1: mean and standard deviation of x_0, from sigma_1 and sigma_L, and the family of its law."""

    of: Callable[[float, float], tuple[float, float]]
    family: str = NORMAL


LANGEVIN_STARTS = (
    Start("normal", 1, "", lambda first, last: (0.0, 1.0)),
    Start("zeros", 0, "x_0 is 0 for every sample.", lambda first, last: (0.0, 0.0)),
    Start("ones", 0, "x_0 is 1 for every sample.", lambda first, last: (1.0, 0.0)),
    Start(
        "rand",
        0,
        "x_0 is uniform on [0, 1), not normal: rand in place of randn.",
        lambda first, last: (0.5, math.sqrt(1 / 12)),
        UNIFORM,
    ),
    Start("uniform", 0, "x_0 is uniform on [-1, 1), not normal.", lambda first, last: (0.0, math.sqrt(1 / 3)), UNIFORM),
    Start("sigma_1", 0, "x_0 is multiplied by sigma_1: Alg. 2, line 1 has N(0, I).", lambda first, last: (0.0, first)),
    Start("sigma_L", 0, "x_0 is multiplied by sigma_L: Alg. 2, line 1 has N(0, I).", lambda first, last: (0.0, last)),
    Start("variance sigma_1", 0, "x_0 has the variance sigma_1, not 1.", lambda first, last: (0.0, math.sqrt(first))),
    Start("variance sigma_L", 0, "x_0 has the variance sigma_L, not 1.", lambda first, last: (0.0, math.sqrt(last))),
)


@dataclass(frozen=True)
class AnotherStart(Reading):
    """Line 1: a law of a family whose mean and standard deviation are not known before they are measured."""

    family: str


OTHER_STARTS = (
    AnotherStart("another normal", 0, "x_0 is normal with {measured}.", NORMAL),
    AnotherStart("another uniform", 0, "x_0 is uniform on {measured}, not normal.", UNIFORM),
    AnotherStart(
        "clipped", 0, "x_0 is standard normal, but clipped to {measured}: Alg. 2 clips nothing.", CLIPPED_NORMAL
    ),
)


@dataclass(frozen=True)
class StartShare(Reading):
    """Line 1: along which axes of (samples, coordinates) x_0 has one value."""

    axes: tuple[int, ...]


START_SHARES = (
    StartShare("each its own", 1, "", ()),
    StartShare("samples", 0, "All samples start at the same x_0.", (0,)),
    StartShare("coordinates", 0, "The two coordinates of x_0 are the same number.", (1,)),
    StartShare("all", 0, "All samples and both coordinates of x_0 share one random number.", (0, 1)),
)

ANEW, SCALED, BACK, STAY = "anew", "scaled", "x_0", "stay"


@dataclass(frozen=True)
class State(Reading):
    """Line 6: what each step adds to, (S, n, 2), from the states before it (S, n, 2), the steps and a measured number.

    NaN stands where the chain is broken; `goes_on` says with which states it goes on there: new ones, new ones
    times sigma, x_0, or those before the step.
    """

    of: Callable[[np.ndarray, Steps, float], np.ndarray]
    goes_on: str = ""
    measured: str = ""


def _broken(before: np.ndarray, steps: Steps, factor: float) -> np.ndarray:
    """Broken where the noise level changes."""
    last = np.arange(len(before)) == len(before) - 1
    return np.where((steps.ends & ~last)[:, None, None], np.nan, before)


def _moved(before: np.ndarray) -> np.ndarray:
    return before - np.concatenate([before[:1], before[:-1]])


STATES = (
    State("carried over", 1, "", lambda x, w, factor: x),
    State("not carried over", 0, "The state before the step is not carried over.", lambda x, w, factor: 0 * x),
    State(
        "restarts at x_0", 0, "Each noise level starts again from x_0, not from the last state.", _broken, goes_on=BACK
    ),
    State(
        "restarts anew",
        0,
        "Each noise level starts again from new N(0, I) samples: the start lies before the loop over the levels.",
        _broken,
        goes_on=ANEW,
    ),
    State(
        "restarts anew, scaled",
        0,
        "Each noise level starts again from new samples, multiplied by sigma.",
        _broken,
        goes_on=SCALED,
    ),
    State(
        "last update lost",
        0,
        "The last update of each noise level is lost: the next level goes on from the state before it.",
        _broken,
        goes_on=STAY,
    ),
    State("from x_0", 0, "Every step starts from x_0.", lambda x, w, factor: 0 * x + x[0]),
    State(
        "from two before",
        0,
        "A step starts from the state before the last one.",
        lambda x, w, factor: np.concatenate([x[:1], x[:-1]]),
    ),
    State(
        "momentum",
        0,
        "A part of the step before is added again (momentum): Alg. 2 has none.",
        lambda x, w, factor: x + factor * _moved(x),
        measured="move",
    ),
    State(
        "multiplied",
        0,
        "The state is multiplied by a number before the step is added: Alg. 2, line 6 adds to the state itself.",
        lambda x, w, factor: factor * x,
        measured="state",
    ),
    State("times 1 - alpha", 0, "The state is multiplied by 1 - alpha.", lambda x, w, factor: ((1 - w.alpha) * x.T).T),
    State("over sigma", 0, "The state is divided by sigma before the step.", lambda x, w, factor: (x.T / w.sigma).T),
)
CLIPPED = Reading("clipped", 0, "The states are clipped to an interval: Alg. 2 clips nothing.")
FROZEN = Reading("frozen", 0, "The states never change: every step asks the network at x_0.")
