"""Readings of Algorithm 2 (5.3): the order of the steps, and their sizes.

A formula is compared with what was measured; the first entry of each tuple is the handout's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.support.homework.readings import Reading, Remark


@dataclass(frozen=True)
class Steps:
    """The steps of a chain: the noise level of each, sigma (S,), and the arguments of the sampler."""

    sigma: np.ndarray
    sigmas: np.ndarray  # (L,)
    iterations: int
    eps: float

    @property
    def first(self) -> float:
        """sigma_1, the first of the list."""
        return float(self.sigmas[0])

    @property
    def last(self) -> float:
        """sigma_L, the last of the list."""
        return float(self.sigmas[-1])

    @property
    def alpha(self) -> np.ndarray:
        """Algorithm 2, line 3: the step size of each step, (S,)."""
        return self.eps * self.sigma**2 / self.last**2

    @property
    def starts(self) -> np.ndarray:
        """Whether a step is the first of a visit to a noise level, (S,)."""
        return np.concatenate([[True], self.sigma[1:] != self.sigma[:-1]])

    @property
    def ends(self) -> np.ndarray:
        """Whether a step is the last of a visit to a noise level, (S,)."""
        return np.concatenate([self.sigma[1:] != self.sigma[:-1], [True]])

    def of_levels(self, values: np.ndarray) -> np.ndarray:
        """A value of each level of the list (L,), at the level of each step, (S,)."""
        return values[np.argmin(np.abs(self.sigma[:, None] - self.sigmas), axis=1)]


@dataclass(frozen=True)
class StepSize(Reading):
    """Algorithm 2, lines 3 and 6: the factor of the score in each step, (S,), or (S, 2) for the two coordinates."""

    of: Callable[[Steps], np.ndarray]


LANGEVIN_STEP_SIZES = (
    StepSize("eps*sigma^2/sigma_L^2", 1, "", lambda w: w.alpha),
    StepSize(
        "alpha/2",
        0,
        "The score is multiplied by alpha/2. Song and Ermon write a step as alpha/2 with the noise sqrt(alpha); the "
        "handout writes it as alpha with the noise sqrt(2 alpha).",
        lambda w: w.alpha / 2,
    ),
    StepSize("2 alpha", 0, "The score is multiplied by 2 alpha, twice the step size.", lambda w: 2 * w.alpha),
    StepSize("minus", 0, "The score is subtracted: Alg. 2, line 6 adds alpha times the score.", lambda w: -w.alpha),
    StepSize(
        "no square", 0, "The step size is eps*sigma/sigma_L: the square is missing.", lambda w: w.eps * w.sigma / w.last
    ),
    StepSize(
        "no sigma_L",
        0,
        "The step size is eps*sigma^2: the division by sigma_L^2 is missing.",
        lambda w: w.eps * w.sigma**2,
    ),
    StepSize(
        "over sigma_L",
        0,
        "The step size is eps*sigma^2/sigma_L: sigma_L is not squared.",
        lambda w: w.eps * w.sigma**2 / w.last,
    ),
    StepSize(
        "constant",
        0,
        "The step size is eps at every level: the factor sigma^2/sigma_L^2 is missing.",
        lambda w: w.eps + 0 * w.sigma,
    ),
    StepSize("eps*sigma", 0, "The step size is eps*sigma.", lambda w: w.eps * w.sigma),
    StepSize(
        "inverted",
        0,
        "The step size is eps*sigma_L^2/sigma^2: the quotient is upside down.",
        lambda w: w.eps * w.last**2 / w.sigma**2,
    ),
    StepSize(
        "first sigma",
        0,
        "The step size is eps*sigma^2/sigma_1^2: it is divided by the first noise level, not by the last (smallest).",
        lambda w: w.eps * w.sigma**2 / w.first**2,
    ),
    StepSize("eps missing", 0, "The step size is sigma^2/sigma_L^2: eps is missing.", lambda w: w.sigma**2 / w.last**2),
    StepSize(
        "eps hard-coded",
        0,
        "The step size is 0.00002*sigma^2/sigma_L^2: the argument eps is not used.",
        lambda w: 2e-5 * w.sigma**2 / w.last**2,
    ),
    StepSize("square root", 0, "The score is multiplied by sqrt(alpha).", lambda w: np.sqrt(w.alpha)),
    StepSize(
        "sqrt(2 alpha)",
        0,
        "The score is multiplied by sqrt(2 alpha), the factor of the noise.",
        lambda w: np.sqrt(2 * w.alpha),
    ),
    StepSize("squared", 0, "The score is multiplied by alpha^2.", lambda w: w.alpha**2),
    StepSize(
        "missing",
        0,
        "The score has no influence on the next state: the term alpha * s(x, sigma) is missing.",
        lambda w: 0 * w.sigma,
    ),
    StepSize(
        "computed once",
        0,
        "The step size of the first noise level, eps*sigma_1^2/sigma_L^2, is used at every level.",
        lambda w: w.eps * w.first**2 / w.last**2 + 0 * w.sigma,
    ),
    StepSize(
        "of the next level",
        0,
        "At each noise level the step size is that of the next level in the list.",
        lambda w: w.of_levels(w.eps * np.append(w.sigmas[1:], w.last) ** 2 / w.last**2),
    ),
    StepSize(
        "of the level before",
        0,
        "At each noise level the step size is that of the level before it.",
        lambda w: w.of_levels(w.eps * np.append(w.first, w.sigmas[:-1]) ** 2 / w.last**2),
    ),
    StepSize(
        "of the level before, around the start",
        0,
        "At each noise level the step size is that of the level before it, and at the first one that of the last "
        "(index -1).",
        lambda w: w.of_levels(w.eps * np.append(w.last, w.sigmas[:-1]) ** 2 / w.last**2),
    ),
    StepSize(
        "of the opposite level",
        0,
        "The step sizes run in ascending order: the first noise level has the step size of the last.",
        lambda w: w.of_levels(w.eps * w.sigmas[::-1] ** 2 / w.last**2),
    ),
    StepSize(
        "product",
        0,
        "The step size is multiplied by sigma^2/sigma_L^2 once more at each level: the variable of the level before is "
        "used again.",
        lambda w: w.of_levels(w.eps * np.cumprod(w.sigmas**2 / w.last**2)),
    ),
    StepSize(
        "sum",
        0,
        "The step sizes of all levels until this one are added up.",
        lambda w: w.of_levels(w.eps * np.cumsum(w.sigmas**2 / w.last**2)),
    ),
    StepSize(
        "times sigma",
        0,
        "The score is multiplied by alpha*sigma: sigma is one factor too many.",
        lambda w: w.alpha * w.sigma,
    ),
    StepSize(
        "over sigma",
        0,
        "The score is multiplied by alpha/sigma: the network divides by sigma already.",
        lambda w: w.alpha / w.sigma,
    ),
    StepSize(
        "times sigma^2",
        0,
        "The score is multiplied by alpha*sigma^2: sigma^2 is one factor too many.",
        lambda w: w.alpha * w.sigma**2,
    ),
    StepSize(
        "over T", 0, "The step size is divided by T, the number of steps at a level.", lambda w: w.alpha / w.iterations
    ),
    StepSize(
        "fourth power",
        0,
        "The step size is eps*sigma^4/sigma_L^4: the quotient is squared twice.",
        lambda w: w.eps * (w.sigma / w.last) ** 4,
    ),
    StepSize(
        "only the first coordinate",
        0,
        "The score has no influence on the second coordinate.",
        lambda w: w.alpha[:, None] * [1, 0],
    ),
    StepSize(
        "only the second coordinate",
        0,
        "The score has no influence on the first coordinate.",
        lambda w: w.alpha[:, None] * [0, 1],
    ),
    StepSize(
        "not in the last step of a level",
        0,
        "The score is missing in the last step of each noise level.",
        lambda w: w.alpha * ~w.ends,
    ),
    StepSize(
        "not in the first step of a level",
        0,
        "The score is missing in the first step of each noise level.",
        lambda w: w.alpha * ~w.starts,
    ),
)


def _kept_answer(w: Steps) -> np.ndarray:
    """T steps in one, where a level is visited once; no formula elsewhere."""
    return np.where(w.starts & w.ends, w.iterations * w.alpha, np.nan)


KEPT_ANSWER = StepSize(
    "T alpha, asked once",
    0,
    "The network is asked once at each noise level, and all T steps of the level use this answer: the call of the "
    "network belongs into the inner loop.",
    _kept_answer,
)


@dataclass(frozen=True)
class Order(Reading):
    """Algorithm 2, lines 2 and 4: the index of the noise level of each step, from L and T.

    `stored` is whether the trajectory has L*T states all the same.
    """

    of: Callable[[int, int], np.ndarray]
    stored: bool = False


LEVEL_ORDERS = (
    Order("T steps at each level, descending", 1, "", lambda levels, each: np.repeat(np.arange(levels), each)),
    Order(
        "loops swapped",
        0,
        "The two loops are swapped: the T steps of a level come before the next level.",
        lambda levels, each: np.tile(np.arange(levels), each),
    ),
    Order(
        "ascending",
        0,
        "The levels are in ascending order of sigma; noise is reduced from sigma_1, the largest, to sigma_L.",
        lambda levels, each: np.repeat(np.arange(levels)[::-1], each),
    ),
    Order(
        "T shared by the levels",
        0,
        "The T steps are divided among the noise levels: each has T/L of them. Alg. 2 makes T steps at every level.",
        lambda levels, each: np.repeat(np.arange(levels), each // levels),
    ),
    Order(
        "asked once a level",
        0,
        "The network is asked once at each noise level, and all T steps of the level use this answer: the call of the "
        "network belongs into the inner loop.",
        lambda levels, each: np.arange(levels),
        stored=True,
    ),
    Order(
        "T-1 updates",
        0,
        "Each noise level has T-1 updates, not T.",
        lambda levels, each: np.repeat(np.arange(levels), each - 1),
    ),
    Order(
        "T+1 updates",
        0,
        "Each noise level has T+1 updates, not T.",
        lambda levels, each: np.repeat(np.arange(levels), each + 1),
    ),
)
LEVELS_NOT_IN_THE_LIST = Remark("levels not in the list", "Some of these noise levels are not in the list of sigmas.")
ONE_LEVEL_TOLD = Reading(
    "one level told",
    0,
    "The network is given sigma = {measured} at every step. The step sizes are those of all noise levels: give the "
    "network the sigma of the level, too.",
)
LEVELS_NEVER_VISITED = Reading("levels never visited", 0, "These noise levels are never visited: {measured}.")
ANOTHER_COUNT = Reading(
    "another number of steps",
    0,
    "The number of updates at each noise level is {measured}: the argument iterations is not used.",
)
