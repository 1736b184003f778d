"""Evaluations of `compute_denoising_loss` over a recorded score function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
import numpy as np

from tests.support.homework.assignment import DIFFUSION
from tests.support.homework.noise_levels import HOMEWORK_LEVELS
from tests.support.observations import require_shape
from tests.support.observed.recorded import Calls, require_result
from tests.support.submission import Submission

SIGMAS = (2.3, 1.1, 0.53, 0.27, 0.12)
N_SAMPLES = 2048
GRID_SIDE = 46  # the smallest square that holds them
N_CALLS = 2
SHIFT = 64.0  # of the scores in a replay: of the size of (x~ - x)/sigma^2, so that neither is lost in rounding


@dataclass(frozen=True)
class Design:
    """Noise levels, and the spacing of the grid of training points: more than 16 times the strongest noise.

    So no point is mistaken for another: half the spacing is 8 standard deviations.
    """

    sigmas: tuple[float, ...]
    spacing: float
    calls: int

    def training_points(self) -> np.ndarray:
        """2048 points of a shuffled square grid, (N, 2): each perturbed point reveals where it comes from."""
        order = np.random.Generator(np.random.PCG64(1)).permutation(GRID_SIDE**2)[:N_SAMPLES]
        centre = (GRID_SIDE - 1) / 2
        return self.spacing * (np.stack([order // GRID_SIDE, order % GRID_SIDE], axis=1) - centre)


ONE_POINT = np.array([[1.0, -2.0]])
# One level: the draw of sigma has no influence on the value, and a sum over levels is no mistake here. 0.6, so that no
# two of its powers that a mistake might use, times 1/4, 1/2 or 1, are equal.
ONE_SIGMA = (0.6,)
MAIN = Design(SIGMAS, 40.0, N_CALLS)
LADDER = Design(HOMEWORK_LEVELS, 5.25, 1)
"""The homework's own levels: what is changed at the smallest of them only shows here."""


class Evaluation(Calls, forbid_unknown_fields=True):
    """One evaluation of the loss: gradient g (R, 2), and Hessian times `direction` (R, 2) of +-1.

    `replayed` is whether that product comes from a second evaluation with shifted scores.
    """

    data_changed: bool
    sigmas_changed: bool
    direction: np.ndarray
    gradient: np.ndarray
    product: np.ndarray
    replayed: bool

    def __post_init__(self) -> None:
        """Refuse what no probe reports."""
        super().__post_init__()
        for array in (self.direction, self.gradient, self.product):
            require_shape(array, self.points.shape)


class DenoisingLoss(msgspec.Struct, forbid_unknown_fields=True):
    """Several evaluations of the loss on the same data."""

    evaluations: Annotated[list[Evaluation], msgspec.Meta(min_length=1)]


def float32(values: Sequence[float]) -> np.ndarray:
    """The values as the student's code sees them, rounded to float32."""
    return np.asarray(values, dtype=np.float32).astype(np.float64)


def observe_loss(submission: Submission, design: Design, seed: int = 0, factor: int = 1) -> DenoisingLoss:
    """The loss of the design's points at its noise levels, `factor` times as often as it says."""
    loss = submission.observe(
        DenoisingLoss,
        DIFFUSION,
        "denoising_loss",
        seed=seed,
        data=design.training_points(),
        sigmas=list(design.sigmas),
        score="waves",
        calls=design.calls * factor,
        shift=SHIFT,
    )
    for evaluation in loss.evaluations:
        require_result(evaluation, "5.2", "compute_denoising_loss")
    return loss


def observe_one_point(submission: Submission, sigmas: tuple[float, ...] = ONE_SIGMA) -> Evaluation:
    """The loss of one point, at equal noise levels, with s(x, sigma) = -x."""
    evaluation = submission.observe(
        DenoisingLoss,
        DIFFUSION,
        "denoising_loss",
        data=ONE_POINT,
        sigmas=list(sigmas),
        score="linear",
        calls=1,
        shift=1.0,
    ).evaluations[0]
    require_result(evaluation, "5.2", "compute_denoising_loss")
    return evaluation
