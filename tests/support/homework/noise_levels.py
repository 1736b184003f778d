"""Readings of the second argument of the score network, in Algorithms 1 and 2: the noise level itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.support.homework.readings import Reading


@dataclass(frozen=True)
class LevelForm(Reading):
    """What the network is given for each of the noise levels (L,); the sentence is what a message calls it."""

    of: Callable[[np.ndarray], np.ndarray]


LEVEL_FORMS = (
    LevelForm("sigma", 1, "", lambda sigmas: sigmas),
    LevelForm(
        "index from 0", 0, "the index of the noise level, counted from 0,", lambda sigmas: np.arange(len(sigmas)) + 0.0
    ),
    LevelForm(
        "index from 1", 0, "the index of the noise level, counted from 1,", lambda sigmas: np.arange(len(sigmas)) + 1.0
    ),
    LevelForm("sigma^2", 0, "sigma^2", lambda sigmas: sigmas**2),
    LevelForm("1/sigma", 0, "1/sigma", lambda sigmas: 1 / sigmas),
    LevelForm("log(sigma)", 0, "log(sigma)", np.log),
)

HOMEWORK_LEVELS = tuple(float(sigma) for sigma in np.geomspace(0.3, 0.01, 10))
"""The noise levels of 5.4, from the largest to the smallest."""
