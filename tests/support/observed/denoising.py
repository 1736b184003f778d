"""Evaluations of `compute_denoising_loss` over a recorded score function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
import numpy as np

from tests.support.homework.assignment import DIFFUSION
from tests.support.observations import require_shape
from tests.support.observed.recorded import Calls, require_result
from tests.support.submission import Submission

SIGMAS = (2.3, 1.1, 0.53, 0.27, 0.12)
N_SAMPLES = 2048
GRID_SIDE = 46  # the smallest square that holds them
GRID_SPACING = 40.0  # more than 8 standard deviations of the strongest noise to each side: no point is mistaken
N_CALLS = 2
SHIFT = 64.0  # of the scores in a replay: of the size of (x~ - x)/sigma^2, so that neither is lost in rounding


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


def training_points() -> np.ndarray:
    """2048 points of a shuffled square grid, (N, 2): each perturbed point reveals where it comes from."""
    order = np.random.Generator(np.random.PCG64(1)).permutation(GRID_SIDE**2)[:N_SAMPLES]
    centre = (GRID_SIDE - 1) / 2
    return GRID_SPACING * (np.stack([order // GRID_SIDE, order % GRID_SIDE], axis=1) - centre)


def observe_loss(submission: Submission, seed: int = 0, calls: int = N_CALLS) -> DenoisingLoss:
    """The loss of the grid at the five noise levels, `calls` times."""
    loss = submission.observe(
        DenoisingLoss,
        DIFFUSION,
        "denoising_loss",
        seed=seed,
        data=training_points(),
        sigmas=list(SIGMAS),
        score="waves",
        calls=calls,
        shift=SHIFT,
    )
    for evaluation in loss.evaluations:
        require_result(evaluation, "5.2", "compute_denoising_loss")
    return loss
