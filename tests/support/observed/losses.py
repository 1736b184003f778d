"""The two GAN losses as observed: a batch whose logits are known, scored by stand-in networks."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np

from tests.support.homework.assignment import GAN
from tests.support.observations import Shape, require_shape
from tests.support.submission import Submission

ORDINARY, EXTREME = 4.0, 200.0
"""Largest absolute logits of the stand-in discriminator: where every formula works, and where only stable ones do."""

GRID = 1024


class LossObservation(msgspec.Struct, forbid_unknown_fields=True):
    """A returned loss, and every image that the stand-in discriminator scored, by its grey value.

    `gradients` are those of the loss with respect to the logits; 0 where none came back. `backpropagated` is whether
    the student's method had called backward itself: then they are what it left.
    """

    kind: str
    value: np.ndarray
    shape: Shape
    differentiable: bool
    backpropagated: bool
    pixels: np.ndarray
    logits: np.ndarray
    gradients: np.ndarray
    latents: list[np.ndarray]
    theta_gradient: np.ndarray

    def __post_init__(self) -> None:
        """Refuse what no probe reports."""
        require_shape(self.value, (None,))
        require_shape(self.pixels, (None,))
        require_shape(self.logits, self.pixels.shape)
        require_shape(self.gradients, self.pixels.shape)
        require_shape(self.theta_gradient, ())


@dataclass(frozen=True)
class Draw:
    """A batch whose logits are known: real images of grey values `pixels` `(n,)`, latents `z` `(n, 5)`.

    Grey values are multiples of 1/1024, even ones for real images and odd ones for generated, so that every scored
    image tells what it is, and logits are exact in float32.
    """

    n: int
    largest_logit: float

    @property
    def _rng(self) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64(self.n))

    def _spread(self) -> tuple[np.ndarray, np.ndarray]:
        rng = self._rng
        if self.n < 5:  # few images: 0.2 and 0.7 are typical, both ends are extreme
            at = [0.2, 1.0, 0.0, 0.7] if self.largest_logit <= ORDINARY else [0.0, 1.0, 0.2, 0.7]
            even = np.round(np.array(at[: self.n]) * GRID / 2) * 2
            return even, np.clip(GRID - 1 - even, 1, GRID - 1)
        even = rng.choice(np.arange(0, GRID + 1, 2), self.n, replace=False)
        return even.astype(np.float64), rng.choice(np.arange(1, GRID, 2), self.n, replace=False).astype(np.float64)

    @property
    def pixels(self) -> np.ndarray:
        """Grey values of the real images."""
        return self._spread()[0] / GRID

    @property
    def fakes(self) -> np.ndarray:
        """Grey values of the generated images."""
        return self._spread()[1] / GRID

    @property
    def z(self) -> np.ndarray:
        """Latents on [-1, 1]; the first coordinate makes the grey value."""
        others = self._rng.uniform(-1, 1, (self.n, 4))
        return np.column_stack([2 * self.fakes - 1, others]).astype(np.float32)

    def logits(self, pixels: np.ndarray) -> np.ndarray:
        """What the stand-in discriminator answers for images of these grey values."""
        return self.largest_logit * (2 * pixels - 1)


def discriminator_loss(submission: Submission, draw: Draw, flat: bool = False, seed: int = 0) -> LossObservation:
    """The student's discriminator loss of this draw; `seed` is that of the random numbers that it may draw."""
    arguments = {"pixels": draw.pixels, "z": draw.z, "logit_scale": np.array(draw.largest_logit), "flat": flat}
    return submission.observe(LossObservation, GAN, "discriminator_loss", seed, **arguments)


def generator_loss(submission: Submission, draw: Draw, flat: bool = False, seed: int = 0) -> LossObservation:
    """The student's generator loss of this draw; `seed` is that of the random numbers that it may draw."""
    arguments = {"z": draw.z, "logit_scale": np.array(draw.largest_logit), "flat": flat}
    return submission.observe(LossObservation, GAN, "generator_loss", seed, **arguments)


def images(n: int) -> np.ndarray:
    """Random images `(n, 1, 28, 28)` with values in [0, 1]."""
    rng = np.random.Generator(np.random.PCG64(n))
    return rng.uniform(0, 1, (n, 1, 28, 28)).astype(np.float32)
