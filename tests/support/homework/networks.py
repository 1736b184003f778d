"""Readings of Tables 1 and 2 (4.1, 4.2) and of the ScoreNet (5.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.support.homework.handout import SCORENET_LATENT_DIM, SCORENET_LAYERS
from tests.support.homework.readings import Reading, Remark

AS_THE_TABLE = Reading("the rows of the table, in order", 1, "")
ONE_SETTING = Reading(
    "one setting of one row differs",
    0.5,
    "Everything else follows the table: this costs {costs} of the check.",
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
)
"""Between a linear layer and images, and back."""

AS_ASKED = Reading("eight linear layers with Softplus between", 1, "")
ONE_DIFFERENCE = Reading("one thing differs in the ScoreNet", 0.5, "Nothing else differs: the check earns {earns}.")
"""Something differs from eight linear layers with Softplus between; of several things each costs as much."""


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

REPEATED_LAYERS = Reading(
    "layers that share weights",
    0,
    "{measured} of them share weights (a repeated list of modules?)",
)


@dataclass(frozen=True)
class Sizes(Reading):
    """5.1: how many linear layers there are, and how wide, from n_layers and latent_dim."""

    of: Callable[[int, int], tuple[int, int]]


SCORENET_SIZES = (
    Sizes("n_layers layers of width latent_dim", 1, "", lambda n_layers, latent_dim: (n_layers, latent_dim)),
    Sizes(
        "n_layers is not used",
        0.5,
        "The argument n_layers is not used: there are always eight layers.",
        lambda n_layers, latent_dim: (SCORENET_LAYERS, latent_dim),
    ),
    Sizes(
        "latent_dim is not used",
        0.5,
        "The argument latent_dim is not used: the layers are always 128 wide.",
        lambda n_layers, latent_dim: (n_layers, SCORENET_LATENT_DIM),
    ),
    Sizes(
        "the arguments are not used",
        0.5,
        "The arguments n_layers and latent_dim are not used.",
        lambda n_layers, latent_dim: (SCORENET_LAYERS, SCORENET_LATENT_DIM),
    ),
    Sizes("one layer too many", 0.5, "There is one layer too many.", lambda n_layers, width: (n_layers + 1, width)),
    Sizes(
        "two layers too many",
        0.5,
        "There are two layers too many: n_layers counts the first and the last one too.",
        lambda n_layers, latent_dim: (n_layers + 2, latent_dim),
    ),
    Sizes("one layer is missing", 0.5, "One layer is missing.", lambda n_layers, width: (n_layers - 1, width)),
)


@dataclass(frozen=True)
class ScoreInput(Reading):
    """5.1: what the first linear layer is given, from x (N, 2) and sigma (N, 1)."""

    of: Callable[[np.ndarray, np.ndarray], np.ndarray]


def _joined(*columns: np.ndarray) -> np.ndarray:
    return np.concatenate(columns, axis=1)


SCORENET_INPUTS = (
    ScoreInput("(x, sigma)", 1, "", _joined),
    ScoreInput(
        "sigma first",
        0,
        "The input is (sigma, x); sigma is appended to x: (x, sigma).",
        lambda x, sigma: _joined(sigma, x),
    ),
    ScoreInput(
        "without sigma", 0, "sigma is not among the inputs: 0 stands there.", lambda x, sigma: _joined(x, 0 * sigma)
    ),
    ScoreInput("log sigma", 0, "log(sigma) is appended to x, not sigma.", lambda x, sigma: _joined(x, np.log(sigma))),
    ScoreInput("sigma^2", 0, "sigma^2 is appended to x, not sigma.", lambda x, sigma: _joined(x, sigma**2)),
    ScoreInput("1/sigma", 0, "1/sigma is appended to x, not sigma.", lambda x, sigma: _joined(x, 1 / sigma)),
    ScoreInput(
        "x / sigma", 0, "x is divided by sigma before the first layer.", lambda x, sigma: _joined(x / sigma, sigma)
    ),
    ScoreInput(
        "all inputs over sigma",
        0,
        "The inputs are divided by sigma, not the output.",
        lambda x, sigma: _joined(x, sigma) / sigma,
    ),
)


@dataclass(frozen=True)
class ScoreOutput(Reading):
    """5.1: the score (N, 2), from what the last linear layer makes (N, 2), x (N, 2) and sigma (N, 1)."""

    of: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


SCORENET_OUTPUTS = (
    ScoreOutput("over sigma", 1, "", lambda last, x, sigma: last / sigma),
    ScoreOutput(
        "not divided by sigma", 0, "The network's output is not divided by sigma.", lambda last, x, sigma: last
    ),
    ScoreOutput(
        "multiplied by sigma", 0, "The network's output is multiplied by sigma.", lambda last, x, sigma: last * sigma
    ),
    ScoreOutput(
        "divided by sigma^2",
        0,
        "The network's output is divided by sigma^2.",
        lambda last, x, sigma: last / sigma**2,
    ),
    ScoreOutput(
        "divided by the root of sigma",
        0,
        "The network's output is divided by the square root of sigma.",
        lambda last, x, sigma: last / np.sqrt(sigma),
    ),
    ScoreOutput(
        "minus",
        0,
        "The network's output is divided by -sigma: the sign is wrong.",
        lambda last, x, sigma: -last / sigma,
    ),
    ScoreOutput("x is added", 0, "x is added to the network's output.", lambda last, x, sigma: (last + x) / sigma),
    ScoreOutput(
        "x is added at the end",
        0,
        "x is added after the division by sigma.",
        lambda last, x, sigma: last / sigma + x,
    ),
)
