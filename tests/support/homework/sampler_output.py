"""Readings of what Algorithm 2 returns (5.3), with and without the trajectory.

A formula makes what is returned of the chain: `before` (S, n, 2) are the states before each of the S steps, `after`
(S, n, 2) those after it. NaN stands where nobody knows: after the last step, and after a step from which the chain does
not go on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.support.homework.readings import Reading, Remark

TENSOR = Reading("a torch tensor", 1, "")
ARRAY = Reading("an array or another object with numbers", 0.5, "Only the type differs: it earns {earns}.")
LIST = Reading("a list, or an object without numbers", 0, "")
NO_RETURN = Reading("nothing is returned", 0, "One way through the function ends without a return.")


@dataclass(frozen=True)
class Samples(Reading):
    """With return_traj=False: the returned samples (n, 2) that are not the last states, from `before`."""

    of: Callable[[np.ndarray], np.ndarray]


LAST_STATES = Reading("the states after the last update", 1, "")
OTHER_SAMPLES = (
    Samples("x_0", 0, "The returned samples are x_0.", lambda before: before[0]),
    Samples(
        "before the last update",
        0,
        "The returned samples are the states before the last update.",
        lambda before: before[-1],
    ),
)
DENOISED = Reading(
    "denoised",
    0,
    "After the last step the samples make one more, without noise: {measured}. Alg. 2 returns x~_T, unchanged.",
)
WHOLE_TRAJECTORY = Reading("the whole trajectory", 0, "The whole trajectory is returned, as with return_traj=True.")


@dataclass(frozen=True)
class Trajectory(Reading):
    """With return_traj=True: what is returned, from `before`, `after` and `ends` (S,), the last steps of the levels."""

    of: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def _by_sample(states: np.ndarray) -> np.ndarray:
    return states.swapaxes(0, 1)


def _unknown(states: np.ndarray) -> np.ndarray:
    return np.full_like(states[:1], np.nan)


def _with_both_ends(before: np.ndarray) -> np.ndarray:
    return np.concatenate([before, _unknown(before)])


_BACKWARDS = "The states are in reverse order."
_MIXED = "The numbers are right, but a view or reshape has mixed samples and steps: swap the axes instead."
_SWAPPED = "Steps and samples are swapped: the first axis counts the samples."
_SWAPPED_BOTH_ENDS = "Steps and samples are swapped, and both x_0 and the last state are stored."
_LAST_SWAPPED = "The last two axes are swapped."
_CONCATENATED = "The states are concatenated; they need an axis of their own."

TRAJECTORIES = (
    Trajectory("starts at x_1", 1, "", lambda before, after, ends: _by_sample(after)),
    Trajectory("starts at x_0", 1, "", lambda before, after, ends: _by_sample(before)),
    Trajectory(
        "both ends",
        0.5,
        "Both ends are stored: L*T entries start at x_0 or at x_1.",
        lambda before, after, ends: _by_sample(_with_both_ends(before)),
    ),
    Trajectory(
        "one entry a level",
        0,
        "Only the last state of each noise level is stored, not that of each step.",
        lambda before, after, ends: _by_sample(after[ends]),
    ),
    Trajectory("backwards to x_1", 0, _BACKWARDS, lambda before, after, ends: _by_sample(after[::-1])),
    Trajectory("backwards to x_0", 0, _BACKWARDS, lambda before, after, ends: _by_sample(before[::-1])),
    Trajectory(
        "backwards, both ends",
        0,
        "Both ends are stored, in reverse order.",
        lambda before, after, ends: _by_sample(_with_both_ends(before)[::-1]),
    ),
    Trajectory(
        "before x_0",
        0,
        "It starts before x_0: the last two states are missing.",
        lambda before, after, ends: _by_sample(np.concatenate([_unknown(before), before[:-1]])),
    ),
    Trajectory("mixed, from x_1", 0, _MIXED, lambda before, after, ends: after.reshape(after.shape[1], -1, 2)),
    Trajectory("mixed, from x_0", 0, _MIXED, lambda before, after, ends: before.reshape(before.shape[1], -1, 2)),
    Trajectory("axes swapped, from x_1", 0, _SWAPPED, lambda before, after, ends: after),
    Trajectory("axes swapped, from x_0", 0, _SWAPPED, lambda before, after, ends: before),
    Trajectory("axes swapped, both ends", 0, _SWAPPED_BOTH_ENDS, lambda before, after, ends: _with_both_ends(before)),
    Trajectory("last axes swapped, from x_1", 0, _LAST_SWAPPED, lambda before, after, ends: after.transpose(1, 2, 0)),
    Trajectory("last axes swapped, from x_0", 0, _LAST_SWAPPED, lambda before, after, ends: before.transpose(1, 2, 0)),
    Trajectory("concatenated, from x_1", 0, _CONCATENATED, lambda before, after, ends: after.reshape(-1, 2)),
    Trajectory("concatenated, from x_0", 0, _CONCATENATED, lambda before, after, ends: before.reshape(-1, 2)),
    Trajectory(
        "side by side, from x_1",
        0,
        _CONCATENATED,
        lambda before, after, ends: _by_sample(after).reshape(after.shape[1], -1),
    ),
    Trajectory(
        "side by side, from x_0",
        0,
        _CONCATENATED,
        lambda before, after, ends: _by_sample(before).reshape(before.shape[1], -1),
    ),
)
SAME_STATE = Reading(
    "one state again and again",
    0,
    "One tensor is changed in place and stored again and again, without a copy.",
)


@dataclass(frozen=True)
class Shape(Remark):
    """With return_traj=True: what a shape tells when the values do not, from n and S; a shape alone has no credit."""

    of: Callable[[int, int], tuple[int, ...]]


TRAJECTORY_SHAPES = (
    Shape("axes swapped", _SWAPPED, lambda n, steps: (steps, n, 2)),
    Shape("axes swapped, both ends", _SWAPPED_BOTH_ENDS, lambda n, steps: (steps + 1, n, 2)),
    Shape("last axes swapped", _LAST_SWAPPED, lambda n, steps: (n, 2, steps)),
    Shape("one entry too many", "It has one entry too many.", lambda n, steps: (n, steps + 1, 2)),
    Shape("one entry missing", "It has one entry too few.", lambda n, steps: (n, steps - 1, 2)),
    Shape("concatenated", _CONCATENATED, lambda n, steps: (n * steps, 2)),
    Shape("side by side", _CONCATENATED, lambda n, steps: (n, 2 * steps)),
    Shape("one state", "It is one state of every sample, not the trajectory.", lambda n, steps: (n, 2)),
    Shape("one sample", "It is the trajectory of one sample.", lambda n, steps: (steps, 2)),
)
