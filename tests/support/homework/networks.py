"""Readings of Tables 1 and 2 (4.1, 4.2) and of the ScoreNet (5.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.support.homework.readings import Reading, Remark

AS_THE_TABLE = Reading("the rows of the table, in order", 1, "")
ONE_SETTING = Reading(
    "one setting of one row differs",
    0.5,
    "Everything else follows the table, so this one setting costs {costs} of the check.",
)
ANOTHER_ORDER = Reading(
    "rows in another order", 0, "All layers of the table run, but not in its order; the handout asks for it exactly."
)
NOT_REGISTERED = Reading(
    "layers that are not registered", 0, "Layers in a plain Python list, or made anew in forward, are not registered."
)

SHARED_TENSOR = Reading(
    "two layers share a tensor", 0, "Two layers share one tensor; every row of the table has weights of its own."
)
ANOTHER_DEFINITION_ORDER = Reading(
    "defined in another order", 0, "Define the layers in __init__ in the order of the table."
)
ZDIM_UNUSED = Reading("zdim is not used", 0, "The argument zdim is not used: the first layer always takes 64 numbers.")
NOT_THERE = Remark("not there", "Not there: {measured}.")
NOT_IN_THE_TABLE = Remark("not in the table", "Not in the table: {measured}.")

FLAT_LOGITS = Reading(
    "logits of shape (N,)",
    0.5,
    "The values are right; the shape is not: a squeeze or a view has removed the last dimension, of length 1.",
)


@dataclass(frozen=True)
class Layout(Reading):
    """How the numbers of an image stand in a flat vector: its axes (0 channel, 1 row, 2 column), the slowest first."""

    axes: tuple[int, int, int]


LAYOUTS = (
    Layout("channels, rows, columns", 1, "", (0, 1, 2)),
    Layout(
        "rows, columns, channels",
        0,
        "The channels come last where images are flattened, or where flat values become images: torch has them first.",
        (1, 2, 0),
    ),
    Layout("channels, columns, rows", 0, "Rows and columns of the images are swapped.", (0, 2, 1)),
    Layout(
        "rows, channels, columns",
        0,
        "Flat values are read in the order (rows, channels, columns): torch has (channels, rows, columns).",
        (1, 0, 2),
    ),
    Layout(
        "columns, channels, rows",
        0,
        "Flat values are read in the order (columns, channels, rows): torch has (channels, rows, columns).",
        (2, 0, 1),
    ),
    Layout(
        "columns, rows, channels",
        0,
        "Flat values are read in the order (columns, rows, channels): torch has (channels, rows, columns).",
        (2, 1, 0),
    ),
)
"""Between a linear layer and images, and back."""

AS_ASKED = Reading("eight linear layers with Softplus between", 1, "")
ONE_DIFFERENCE = Reading("one thing differs in the ScoreNet", 0.5, "Only one thing differs: it earns {earns}.")
"""Exactly one thing differs from eight linear layers with Softplus between."""


@dataclass(frozen=True)
class Activation(Remark):
    """5.1: what an activation function makes of numbers; which one stands in its place is no credit of its own."""

    of: Callable[[np.ndarray], np.ndarray]


NO_ACTIVATION = Activation("no activation", "", lambda x: x)
ACTIVATIONS = (
    Activation("Softplus", "", lambda x: np.logaddexp(0, x)),
    NO_ACTIVATION,
    Activation("ReLU", "", lambda x: np.maximum(x, 0)),
    Activation("LeakyReLU(0.01)", "", lambda x: np.where(x > 0, x, 0.01 * x)),
    Activation("LeakyReLU(0.2)", "", lambda x: np.where(x > 0, x, 0.2 * x)),
    Activation("Sigmoid", "", lambda x: 1 / (1 + np.exp(-x))),
    Activation("Tanh", "", np.tanh),
    Activation("ELU", "", lambda x: np.where(x > 0, x, np.expm1(x))),
    Activation("SiLU", "", lambda x: x / (1 + np.exp(-x))),
    Activation("Softsign", "", lambda x: x / (1 + np.abs(x))),
    Activation("LogSigmoid", "", lambda x: -np.logaddexp(0, -x)),
    Activation("Softplus, twice", "", lambda x: np.logaddexp(0, np.logaddexp(0, x))),
    Activation("Softplus(beta=2)", "", lambda x: np.logaddexp(0, 2 * x) / 2),
)
"""Recognised by their values, the handout's first; a message counts them by name."""

SOMETHING_ELSE = Activation("something else", "", lambda x: np.full_like(x, np.nan))
"""What fits no activation of the list."""

REPEATED_LAYERS = Reading(
    "layers that share weights",
    0,
    "{measured} of them share weights (a repeated list of modules?)",
)
ARGUMENTS_UNUSED = Reading("the arguments are not used", 0, "The arguments are not used for the layers.")


@dataclass(frozen=True)
class Depth(Reading):
    """5.1: a number of layers in place of n_layers."""

    of: Callable[[int], int]


WRONG_DEPTHS = (
    Depth("one layer too many", 0, "That is one layer too many.", lambda n_layers: n_layers + 1),
    Depth("one layer is missing", 0, "One layer is missing.", lambda n_layers: n_layers - 1),
)


Layers = Callable[[np.ndarray], np.ndarray]
"""The layers of a ScoreNet: inputs (N, 3) to outputs (N, 2)."""


@dataclass(frozen=True)
class Forward(Reading):
    """5.1: the score (N, 2), from the network's layers, x (N, 2) and sigma (N, 1)."""

    of: Callable[[Layers, np.ndarray, np.ndarray], np.ndarray]


def _joined(*columns: np.ndarray) -> np.ndarray:
    return np.concatenate(columns, axis=1)


SCORENET_FORWARDS = (
    Forward("layers of (x, sigma), over sigma", 1, "", lambda net, x, sigma: net(_joined(x, sigma)) / sigma),
    Forward(
        "not divided by sigma",
        0,
        "The network's output is not divided by sigma.",
        lambda net, x, sigma: net(_joined(x, sigma)),
    ),
    Forward(
        "multiplied by sigma",
        0,
        "The network's output is multiplied by sigma.",
        lambda net, x, sigma: net(_joined(x, sigma)) * sigma,
    ),
    Forward(
        "divided by sigma^2",
        0,
        "The network's output is divided by sigma^2.",
        lambda net, x, sigma: net(_joined(x, sigma)) / sigma**2,
    ),
    Forward(
        "sigma first",
        0,
        "The input is (sigma, x); sigma is appended to x: (x, sigma).",
        lambda net, x, sigma: net(_joined(sigma, x)) / sigma,
    ),
    Forward(
        "without sigma",
        0,
        "sigma is not among the inputs.",
        lambda net, x, sigma: net(_joined(x, 0 * sigma)) / sigma,
    ),
)
