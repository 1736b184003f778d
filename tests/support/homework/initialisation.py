"""Readings of 4.3: the laws of the initial weights, and of the biases.

A formula is compared with what was measured. `fan_in` and `fan_out` are those of one weight tensor.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.support.homework.readings import Part, Reading

NETWORKS = (Part("DNet", 0.5), Part("GNet", 0.5))


@dataclass(frozen=True)
class Bound(Reading):
    """Weights that are uniform on [-bound, bound], from fan_in and fan_out."""

    of: Callable[[int, int], float]


def _kaiming(gain: float, fan: int) -> float:
    return gain * math.sqrt(3 / fan)


_AS_IT_IS = Bound("kaiming_uniform as it is by default", 1, "", lambda fan_in, fan_out: _kaiming(math.sqrt(2), fan_in))
DNET_BOUNDS = (_AS_IT_IS,)
GNET_BOUNDS = (
    _AS_IT_IS,
    Bound(
        "the gain of LeakyReLU(0.2)",
        1,
        "",
        lambda fan_in, fan_out: _kaiming(math.sqrt(2 / (1 + 0.2**2)), fan_in),
    ),
)
"""What each network may start with, the handout's own first; `UNIFORM_MISTAKES` come after these."""

FRAMEWORK_DEFAULT = Bound(
    "a=sqrt(5)",
    0,
    "These are the values that the framework starts with, the bound for a=sqrt(5): either the initialisation does not "
    "reach the layer, or it is given this a.",
    lambda fan_in, fan_out: _kaiming(math.sqrt(1 / 3), fan_in),
)
"""Nothing of 4.3 is done where the layers stay as they are made: this law is no other way to do it."""

UNIFORM_MISTAKES = (
    FRAMEWORK_DEFAULT,
    Bound(
        "xavier_uniform",
        0,
        "This is the bound of xavier_uniform, sqrt(6 / (fan_in + fan_out)).",
        lambda fan_in, fan_out: math.sqrt(6 / (fan_in + fan_out)),
    ),
    Bound(
        "fan_out",
        0,
        "This is the bound for fan_out; kaiming_uniform takes fan_in by default.",
        lambda fan_in, fan_out: _kaiming(math.sqrt(2), fan_out),
    ),
    Bound(
        "tanh",
        0,
        "This is the bound for the gain of tanh, 5/3.",
        lambda fan_in, fan_out: _kaiming(5 / 3, fan_in),
    ),
    Bound(
        "linear",
        0,
        "This is the bound for the gain of a linear layer, 1 (as with nonlinearity='linear' or 'sigmoid').",
        lambda fan_in, fan_out: _kaiming(1, fan_in),
    ),
    Bound(
        "selu",
        0,
        "This is the bound for the gain of SELU, 3/4.",
        lambda fan_in, fan_out: _kaiming(3 / 4, fan_in),
    ),
    Bound(
        "a=0.2",
        0,
        "This is the bound for a=0.2; the layers of this network are followed by ReLU, not by LeakyReLU(0.2).",
        lambda fan_in, fan_out: _kaiming(math.sqrt(2 / (1 + 0.2**2)), fan_in),
    ),
)

ANOTHER_BOUND = Bound(
    "another bound",
    0,
    "The weights are uniform, but their range is {measured} times that of kaiming_uniform.",
    lambda fan_in, fan_out: _kaiming(math.sqrt(2), fan_in),
)
"""A law whose bound is not known before it is measured; the same multiple for all weights of a network."""

FRAMEWORK_BIAS = Bound("the framework's bias", 0, "", lambda fan_in, fan_out: 1 / math.sqrt(fan_in))
"""The law of the biases of a layer that stays as it is made."""


@dataclass(frozen=True)
class Deviation(Reading):
    """Normal weights: their standard deviation, from fan_in, fan_out and the measured one."""

    of: Callable[[int, int, float], float]


NORMAL_MISTAKES = (
    Deviation(
        "kaiming_normal",
        0,
        "The values look like kaiming_normal's; the handout asks for kaiming_uniform.",
        lambda fan_in, fan_out, seen: math.sqrt(2 / fan_in),
    ),
    Deviation(
        "xavier_normal",
        0,
        "The values look like xavier_normal's; the handout asks for kaiming_uniform.",
        lambda fan_in, fan_out, seen: math.sqrt(2 / (fan_in + fan_out)),
    ),
    Deviation(
        "N(0, 0.02)",
        0,
        "The values look normal with standard deviation 0.02 (as in DCGAN).",
        lambda fan_in, fan_out, seen: 0.02,
    ),
    Deviation(
        "another normal",
        0,
        "The values look normally distributed; the handout asks for kaiming_uniform.",
        lambda fan_in, fan_out, seen: seen,
    ),
)


@dataclass(frozen=True)
class Pattern(Reading):
    """Weights that show at once what they are; `of` decides from those of several networks, (count, out, in, ...)."""

    of: Callable[[np.ndarray], bool]


def _orthogonal(weights: np.ndarray) -> bool:
    first = weights[0].reshape(weights.shape[1], -1).astype(np.float64)
    if 1 in first.shape:  # a single row has the same length in every network
        lengths = np.linalg.norm(weights.reshape(len(weights), -1).astype(np.float64), axis=1)
        return bool(np.ptp(lengths) < 1e-3 * lengths[0])
    if first.shape[0] > first.shape[1]:
        first = first.T
    products = first @ first.T
    size = float(np.mean(np.diag(products)))
    return bool(np.abs(products - size * np.eye(len(products))).max() < 1e-3 * size)


def _copies(weights: np.ndarray) -> bool:
    """Whether all units of a layer are the same in every network."""
    return weights.shape[1] > 1 and bool(np.all(weights == weights[:, :1])) and bool(np.ptp(weights) > 0)


PATTERN_MISTAKES = (
    Pattern(
        "zeros",
        0,
        "All weights are 0: no unit can then learn anything different from its neighbours.",
        lambda weights: not weights.any(),
    ),
    Pattern(
        "copies",
        0,
        "All units of the layer start with the same weights: they then learn the same.",
        _copies,
    ),
    Pattern("constant", 0, "All weights of the layer are the same number.", lambda weights: bool(np.ptp(weights) == 0)),
    Pattern(
        "positive",
        0,
        "No weight is negative: half of kaiming_uniform's values are.",
        lambda weights: bool(weights.min() >= 0),
    ),
    Pattern("orthogonal", 0, "The rows are orthogonal to each other, as after orthogonal initialisation.", _orthogonal),
)
"""Looked for before the laws, in this order."""

BIASES_LEFT = Reading("all biases left as they were", 0, "They still have the framework's own initial values.")
SOME_BIASES_LEFT = Reading(
    "some biases left as they were", 0, "These still have the framework's own values: nothing sets them to 0."
)
SEEDED = Reading("a seed in the class", 0, "Is a seed set inside the class?")
