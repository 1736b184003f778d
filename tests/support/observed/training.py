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
LEAST_INFLUENCE = 1e-6
"""Relative change of a loss when its digits are black: some roundings of float32; of right ones it is above 1e-4."""
SLOPES = (0.5, 2.0)
"""What a network does along its gradient, in units of what that says: 1, but for the bends of ReLU and MaxPool."""

LOOK_AT = "Question 4.6, and the method GAN.train"
LOWERS = "Each step of Adam lowers the loss of its batch."


class Epoch(msgspec.Struct, forbid_unknown_fields=True):
    """How far each parameter moved, which files appeared, and test_0.png's pixels `(height, width, 3)`.

    `disc_steps` and `gen_steps` `(k, 3)`: after each evaluation of a network's loss, the largest change of a parameter,
    the share of the parameters that go against the gradient, and how many tensors are left out. `recognised` `(k,)`: of
    the images that each discriminator loss was given, the share that are of the data, each counted once; `distinct`:
    the number of all of them. `slopes` `(2,)`: how steeply each network changes along its gradient, in units of what
    that says. `influence` `(2,)`: how much the discriminator's loss changes without its digits, as the training calls
    it, and as a fresh GAN's method. NaN is what could not be measured.
    """

    disc_moved: np.ndarray
    gen_moved: np.ndarray
    disc_steps: np.ndarray
    gen_steps: np.ndarray
    recognised: np.ndarray
    distinct: int
    slopes: np.ndarray
    influence: np.ndarray
    files: list[str]
    grid: np.ndarray

    def __post_init__(self) -> None:
        """Refuse what no probe reports."""
        for steps in (self.disc_steps, self.gen_steps):
            require_shape(steps, (None, 3))
        require_shape(self.recognised, (len(self.disc_steps),))
        require_shape(self.slopes, (2,))
        require_shape(self.influence, (2,))
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


def problem_with_the_data(epoch: Epoch) -> Finding | None:
    """Both losses are evaluated, and the discriminator makes each step on digits: more than fit into one batch."""
    seen = ""
    steps = epoch.recognised[epoch.disc_steps[:, 0] > 0]
    if not (len(epoch.gen_steps) and np.any(epoch.recognised >= MOSTLY)):
        seen = "GAN.train does not evaluate both losses (_get_loss_d on the digits, _get_loss_g)."
    elif not np.all(steps >= MOSTLY):
        seen = "The discriminator makes steps for which _get_loss_d is not given the digits."
    elif epoch.distinct <= BATCH_SIZE:
        seen = f"In one epoch _get_loss_d is given {epoch.distinct} different digits of {N_DIGITS}."
    elif epoch.influence[0] < LEAST_INFLUENCE <= epoch.influence[1]:
        seen = "As GAN.train calls _get_loss_d, the loss does not depend on the digits."
    return Finding(seen, "Every batch of digits is used for both losses.", "", LOOK_AT) if seen else None


def problem_with_the_steps(epoch: Epoch) -> Finding | None:
    """For every batch both networks make a step of Adam's size, against the gradient of their own loss."""
    watched = (("discriminator", epoch.disc_steps), ("generator", epoch.gen_steps))
    for (name, steps), slope in zip(watched, epoch.slopes.tolist(), strict=True):
        sizes, against, left = steps.T
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
            return Finding(seen, LOWERS, "", LOOK_AT)
        if not (SLOPES[0] <= slope <= SLOPES[1] or np.isnan(slope)):
            seen = f"What the {name} computes does not change as its gradient says."
            return Finding(seen, LOWERS, "", LOOK_AT)
        if left[moved][0] > 0:
            count = f"{left[moved][0]:g} of the {name}'s parameter tensors"
            seen = f"The first step does not change {count}, though the loss depends on them."
            return Finding(seen, "The optimizer has all parameters of its network.", "", LOOK_AT)
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
