"""Mistakes in the mean and the variance of the forward chain (2.3), and in the abar_t that both are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.support.homework.readings import Reading
from tests.support.homework.written import Formula


def _product(betas: np.ndarray, first: int, last: int) -> Any:
    """The product of 1 - beta_i for i = first, ..., last, where beta_1 is betas[0]; 1 when there is none."""
    return np.prod(1 - betas[max(first - 1, 0) : max(last, 0)])


@dataclass(frozen=True)
class Accumulated(Reading):
    """A mistaken abar_t, from betas and t; what follows from it is not charged again."""

    of: Callable[[np.ndarray, int], Any]


ACCUMULATED = (
    Accumulated(
        "alpha_t", 0, "alpha_t stands where abar_t belongs: only the last step counts.", lambda b, t: 1 - b[t - 1]
    ),
    Accumulated(
        "one step more", 0, "abar_t has one factor too many: betas[0] is beta_1.", lambda b, t: _product(b, 1, t + 1)
    ),
    Accumulated(
        "one step less", 0, "abar_t has one factor too few: betas[0] is beta_1.", lambda b, t: _product(b, 1, t - 1)
    ),
    Accumulated(
        "one step less, around the end",
        0,
        "abar_t has one factor too few, and at t = 1 the index is -1, which is the last entry.",
        lambda b, t: np.cumprod(1 - b)[t - 2],
    ),
    Accumulated("first step missing", 0, "The factor of beta_1, betas[0], is missing.", lambda b, t: _product(b, 2, t)),
    Accumulated("shifted", 0, "All indices are one too high: betas[0] is beta_1.", lambda b, t: _product(b, 2, t + 1)),
    Accumulated("product of betas", 0, "This multiplies the betas, not 1 - beta.", lambda b, t: np.prod(b[:t])),
    Accumulated(
        "sum of betas",
        0,
        "The betas are summed: variances of the steps are scaled down by later ones.",
        lambda b, t: 1 - np.sum(b[:t]),
    ),
    Accumulated("mean of betas", 0, "The betas are averaged.", lambda b, t: 1 - np.mean(b[:t])),
    Accumulated("whole chain", 0, "The product runs over the whole chain: it ends at t.", lambda b, t: np.prod(1 - b)),
)

ABAR = "abar: "
"""Before the name of a formula that follows from a mistaken abar_t, wherever it is used."""


def abar(betas: np.ndarray, t: int) -> Any:
    """The factor that is left of the variance of x_0 after t steps."""
    return _product(betas, 1, t)


def _marginal(name: str, sentence: str, of: Callable[[Any, np.ndarray, int, Any], Any]) -> Formula:
    return Formula(name, 0.0, sentence, lambda x, b, t: of(x, b, t, abar(b, t)))


FORWARD_MEAN = (
    *(
        Formula(ABAR + one.name, 0.0, one.sentence, lambda x, b, t, one=one: np.sqrt(one.of(b, t)) * x)
        for one in ACCUMULATED
    ),
    _marginal("no root", "The mean's factor has lost its square root.", lambda x, b, t, a: a * x),
    _marginal(
        "no root, alpha_t",
        "The mean's factor has no square root, and is that of the last step alone.",
        lambda x, b, t, a: (1 - b[t - 1]) * x,
    ),
    _marginal(
        "factor of the noise",
        "This is the factor of the noise, not that of x_0.",
        lambda x, b, t, a: np.sqrt(1 - a) * x,
    ),
    _marginal("variance for the mean", "x_0 is multiplied by the variance.", lambda x, b, t, a: (1 - a) * x),
    _marginal("x_0", "This is x_0 itself: each step also shrinks it.", lambda x, b, t, a: x),
    _marginal("zero", "The mean is 0 only in the limit of many steps.", lambda x, b, t, a: 0 * x),
)

FORWARD_VARIANCE = (
    _marginal(
        "standard deviation",
        "This is the standard deviation: the variance is its square.",
        lambda x, b, t, a: np.sqrt(1 - a),
    ),
    _marginal(
        "1 - sqrt(abar)",
        "1 - sqrt(abar_t) is no variance: it is the factors' squares that add up.",
        lambda x, b, t, a: 1 - np.sqrt(a),
    ),
    _marginal("beta_t", "This is beta_t: only the noise of the last step counts.", lambda x, b, t, a: b[t - 1]),
    _marginal(
        "sum",
        "This is the sum of the betas: later steps also shrink the noise of earlier ones.",
        lambda x, b, t, a: np.sum(b[:t]),
    ),
    _marginal("product", "This is the product of the betas.", lambda x, b, t, a: np.prod(b[:t])),
    _marginal(
        "abar_t",
        "This is abar_t: it is left of x_0, and the variance is what noise has filled up.",
        lambda x, b, t, a: a,
    ),
    _marginal("squared", "This is the square of the variance.", lambda x, b, t, a: (1 - a) ** 2),
    _marginal("one", "The variance is 1 only in the limit of many steps.", lambda x, b, t, a: 1.0),
    *(Formula(ABAR + one.name, 0.0, one.sentence, lambda x, b, t, one=one: 1 - one.of(b, t)) for one in ACCUMULATED),
)
