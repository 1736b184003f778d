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

N_BATCHES = N_DIGITS // BATCH_SIZE
SMALLEST_STEP, LARGEST_STEP = 2e-6, 2e-2
"""Largest change of a parameter in a step of Adam: about the learning rate, here from a hundredth of the template's to
a hundred times it."""
AGAINST_AT_FIRST, AGAINST_LATER = 0.9, 0.5
"""Share of the parameters that go against the gradient: in Adam's first step all do, later ones have momentum."""
MOSTLY = 0.5
"""Share of the images of a batch that must be of the data."""

LOOK_AT = "Question 4.6, and the method GAN.train"


class Epoch(msgspec.Struct, forbid_unknown_fields=True):
    """How far each parameter moved, which files appeared, and test_0.png's pixels `(height, width, 3)`.

    `disc_steps` and `gen_steps` `(k, 2)`: after each evaluation of a network's loss, the largest change of a parameter,
    and the share of the parameters that go against the gradient. `recognised` `(k,)`: of the images that each
    discriminator loss was given, the share that are of the data, each counted once.
    """

    disc_moved: np.ndarray
    gen_moved: np.ndarray
    disc_steps: np.ndarray
    gen_steps: np.ndarray
    recognised: np.ndarray
    files: list[str]
    grid: np.ndarray

    def __post_init__(self) -> None:
        """Refuse what no probe reports."""
        for steps in (self.disc_steps, self.gen_steps):
            require_shape(steps, (None, 2))
        require_shape(self.recognised, (len(self.disc_steps),))
        if self.grid.size:
            require_shape(self.grid, (None, None, 3), "u")


def one_epoch(submission: Submission, stand_ins: tuple[str, ...] = ()) -> Epoch:
    """One epoch of the student's own training on bright squares, no two in one place; `stand_ins` replace losses."""
    rng = np.random.Generator(np.random.PCG64(0))
    digits = np.zeros((N_DIGITS, 28, 28), dtype=np.uint8)
    for digit, place in zip(digits, rng.choice(14 * 14, N_DIGITS, replace=False), strict=True):
        top, left = 2 + place // 14, 2 + place % 14
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


def trains_on_the_data(epoch: Epoch) -> bool:
    """Whether both losses were evaluated, and the discriminator's on images of the data."""
    return len(epoch.gen_steps) > 0 and bool(np.any(epoch.recognised >= MOSTLY))


def problem_with_the_steps(epoch: Epoch) -> Finding | None:
    """For every batch both networks make a step of Adam's size, against the gradient of their own loss."""
    for name, steps in (("discriminator", epoch.disc_steps), ("generator", epoch.gen_steps)):
        sizes, against = steps[:, 0], steps[:, 1]
        moved = sizes > 0
        if np.count_nonzero(moved) < N_BATCHES:
            made = np.count_nonzero(moved)
            seen = f"The {name} makes {made} step{'' if made == 1 else 's'} in an epoch of {N_BATCHES} batches."
            return Finding(seen, "Each batch gives each network a step.", "", LOOK_AT)
        fitting = (sizes >= SMALLEST_STEP) & (sizes <= LARGEST_STEP)
        if not np.all(fitting[moved]):
            largest = float(sizes[moved][~fitting[moved]][0])
            seen = f"A step changes the {name}'s parameters by up to {largest:.2g}."
            return Finding(seen, "A step of Adam changes a parameter by about the learning rate.", "", LOOK_AT)
        if not (against[moved][0] >= AGAINST_AT_FIRST and np.all(against[moved] >= AGAINST_LATER)):
            seen = f"The {name} does not move against the gradient of its loss."
            return Finding(seen, "Each step of Adam lowers the loss of its batch.", "", LOOK_AT)
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
