"""One epoch of `GAN.train` as observed: what moved, and the grid of images that it wrote."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from tests.support.homework.assignment import GAN, HELPERS
from tests.support.observations import require_shape
from tests.support.observed.losses import ORDINARY, Draw, discriminator_loss, generator_loss
from tests.support.submission import Submission
from tests.support.verdicts import Finding, NotImplementedYet, SubmissionRaised

N_DIGITS, BATCH_SIZE = 132, 64
"""Two batches, and four digits left over; a batch fills the grid, for those who draw the latents of the last one."""
GRID_SIDE = 8 * 30 + 2
"""Pixels of save_image's grid of 8 x 8 images of 28 x 28, with 2 pixels between and around them."""

LOOK_AT = "Question 4.6, and the method GAN.train"


class Epoch(msgspec.Struct, forbid_unknown_fields=True):
    """How far each parameter moved, which files appeared, and test_0.png's pixels `(height, width, 3)`."""

    disc_moved: np.ndarray
    gen_moved: np.ndarray
    files: list[str]
    grid: np.ndarray

    def __post_init__(self) -> None:
        """Refuse what no probe reports."""
        if self.grid.size:
            require_shape(self.grid, (None, None, 3), "u")


def one_epoch(submission: Submission, stand_ins: tuple[str, ...] = ()) -> Epoch:
    """One epoch of the student's own training on a few bright squares; `stand_ins` are losses that are replaced."""
    rng = np.random.Generator(np.random.PCG64(0))
    digits = np.zeros((N_DIGITS, 28, 28), dtype=np.uint8)
    for digit, (top, left) in zip(digits, rng.integers(4, 14, (N_DIGITS, 2)), strict=True):
        digit[top : top + 10, left : left + 10] = 255
    arguments: dict[str, Any] = {
        "digits": digits,
        "batch_size": BATCH_SIZE,
        "helpers": list(HELPERS),
        "stand_ins": list(stand_ins),
    }
    try:
        return submission.observe(Epoch, GAN, "one_epoch", **arguments)
    except SubmissionRaised:
        for loss in (discriminator_loss, generator_loss):
            if loss(submission, Draw(7, ORDINARY)).kind == "none":
                raise NotImplementedYet("Not implemented yet: 4.6 needs both losses (4.4 and 4.5).") from None
        raise


def problem_with_the_movement(epoch: Epoch) -> Finding | None:
    """Both networks move, to finite values."""
    for name, moved in (("discriminator", epoch.disc_moved), ("generator", epoch.gen_moved)):
        if not np.all(np.isfinite(moved)):
            return Finding(f"After one epoch the {name} has parameters that are not finite.", "", "", LOOK_AT)
        if not np.any(moved > 0):
            return Finding(f"One epoch of training does not move the {name}.", "Both networks train.", "", LOOK_AT)
    return None


def problem_with_the_grid(epoch: Epoch) -> Finding | None:
    """`test_0.png` is a grid of 8 x 8 images that are not all of one colour."""
    expected = f"train should write test_0.png, {GRID_SIDE} x {GRID_SIDE} pixels: 8 x 8 generated images."
    if epoch.grid.size == 0:
        return Finding("One epoch of training leaves no readable test_0.png.", expected, "", LOOK_AT)
    if epoch.grid.shape[:2] != (GRID_SIDE, GRID_SIDE):
        height, width = epoch.grid.shape[:2]
        return Finding(f"test_0.png has {height} x {width} pixels.", expected, "", LOOK_AT)
    inside = epoch.grid[2:30, 2:30]
    if np.ptp(epoch.grid) == 0 or np.ptp(inside) == 0:
        return Finding("The images in test_0.png are blank.", expected, "", LOOK_AT)
    return None
