"""What every probe with a recorded score function reports, and how its noise levels are read."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np

from tests.support.homework.noise_levels import LEVEL_FORMS, LevelForm
from tests.support.observations import Shape, require_shape
from tests.support.verdicts import Blocked, NotImplementedYet

FLOAT32_EPS = 2.0**-23
"""Distance from 1 to the next float32; one rounding is off by at most half of it, relatively."""
MOST_CALLS = 100_000
"""More calls with arguments of their own than any right code makes: 16 for each sample of each step of a chain."""
MOST_REPEATS = 10**6
"""More calls in all than any right code makes; the rows of repeated calls are laid out one by one."""


class Returned(msgspec.Struct, forbid_unknown_fields=True):
    """What a function returned: type name (`Tensor` for any tensor), shape, values, and whether it has a gradient."""

    kind: str
    shape: Shape
    values: np.ndarray
    differentiable: bool

    def __post_init__(self) -> None:
        """Refuse what no probe reports; of a list there is the length and no values."""
        if self.values.shape != (0,) or len(self.shape) > 1:
            require_shape(self.values, self.shape)


class Calls(msgspec.Struct, forbid_unknown_fields=True):
    """The recorded calls of the score function, one row for each point; `sizes` and `repeats` have an entry a call.

    `refused` describes the first call that a ScoreNet could not take, or is empty.
    """

    points: np.ndarray  # (R, 2)
    levels: np.ndarray  # (R,)
    scores: np.ndarray  # (R, 2)
    sizes: np.ndarray  # (C,)
    repeats: np.ndarray  # (C,)
    refused: str
    returned: Returned

    def __post_init__(self) -> None:
        """Refuse what no probe reports."""
        require_shape(self.points, (None, 2))
        require_shape(self.levels, (len(self.points),))
        require_shape(self.scores, self.points.shape)
        require_shape(self.sizes, (None,), "i")
        require_shape(self.repeats, self.sizes.shape, "i")
        if len(self.sizes) > MOST_CALLS:
            raise ValueError(f"{len(self.sizes)} calls")
        if np.any(self.sizes < 0) or np.any(self.sizes > len(self.points)) or self.sizes.sum() != len(self.points):
            raise ValueError("the sizes of the calls are not those of the rows")
        # Each is looked at first: their sum might overflow.
        if np.any(self.repeats < 1) or np.any(self.repeats > MOST_REPEATS) or self.repeats.sum() > MOST_REPEATS:
            raise ValueError("an impossible number of repeated calls")


@dataclass(frozen=True)
class Levels:
    """The noise level of each row: its value, its place in the list (-1: not in it), and the form that was passed."""

    sigma: np.ndarray
    index: np.ndarray
    passed: LevelForm = LEVEL_FORMS[0]


def read_levels(recorded: np.ndarray, sigmas: np.ndarray) -> Levels:
    """Recognise the values that the score function was called with: sigma, or something computed from it."""
    for form in LEVEL_FORMS:
        places = _places(recorded, form.of(sigmas))
        if np.all(places >= 0):
            return Levels(sigmas[places], places, form)
    return Levels(_in_float32(recorded), _places(recorded, sigmas))


def _in_float32(recorded: np.ndarray) -> np.ndarray:
    """The levels, of which those that a network of float32 cannot tell from infinity or 0 are just that."""
    with np.errstate(over="ignore", under="ignore"):
        rounded = recorded.astype(np.float32)
    return np.where(np.isinf(rounded) | (rounded == 0), rounded, recorded).astype(np.float64)


def _places(recorded: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Index of the nearest of the values, or -1 when it is farther away than a few float32 roundings."""
    if recorded.size == 0:
        return np.zeros(0, dtype=np.int64)
    distances = np.abs(recorded[:, None] - values[None, :])
    nearest = np.argmin(np.where(np.isnan(distances), np.inf, distances), axis=1)
    near = np.abs(recorded - values[nearest]) <= 16 * FLOAT32_EPS * np.abs(values[nearest])
    return np.where(near, nearest, -1)


def require_result(calls: Calls, question: str, name: str) -> None:
    """Raise the verdict for a function that did nothing, or that could not finish over our score function."""
    if calls.returned.kind == "NoneType" and calls.refused:
        raise Blocked(f"{name} calls the score network in a way that it cannot take: see the first row of {question}.")
    if calls.returned.kind == "NoneType" and len(calls.sizes) == 0:
        raise NotImplementedYet(f"Not implemented yet: {question}. {name} returns None.")
