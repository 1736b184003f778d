"""Readings of the two losses (4.4, 4.5).

A formula gives the value of a loss and n times its gradient with respect to each logit, from the logits of n images.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.support.homework.readings import Reading, Remark


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)) without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0, -x)))


@dataclass(frozen=True)
class DiscriminatorLoss(Reading):
    """Value and gradients (2, n), real images first, from the logits of real and of generated images, (n,) each."""

    of: Callable[[np.ndarray, np.ndarray], tuple[float, np.ndarray]]


def _cross_entropy(real: np.ndarray, fake: np.ndarray) -> tuple[float, np.ndarray]:
    value = float(np.logaddexp(0, -real).mean() + np.logaddexp(0, fake).mean())
    return value, np.stack([sigmoid(real) - 1, sigmoid(fake)])


def _halved(real: np.ndarray, fake: np.ndarray) -> tuple[float, np.ndarray]:
    value, gradients = _cross_entropy(real, fake)
    return value / 2, gradients / 2


DISCRIMINATOR_LOSSES = (
    DiscriminatorLoss("sum of the means over the real and the generated images", 1, "", _cross_entropy),
    DiscriminatorLoss("average of the two means", 1, "", _halved),
)
"""The discriminator loss may be the sum of its two terms or their average, with or without detaching the images."""


@dataclass(frozen=True)
class GeneratorLoss(Reading):
    """Value and gradients (n,), from the logits of the generated images."""

    of: Callable[[np.ndarray], tuple[float, np.ndarray]]


GENERATOR_LOSSES = (
    GeneratorLoss(
        "mean of -log D(G(z))",
        1,
        "",
        lambda fake: (float(np.logaddexp(0, -fake).mean()), sigmoid(fake) - 1),
    ),
    GeneratorLoss(
        "saturating generator loss",
        0.5,
        "This is log(1 - D(G(z))), which follows Eq. 1 literally. Its gradient vanishes when the discriminator is sure "
        "that the images are generated (Problem 1.3); what is asked for is the non-saturating -log D(G(z)). "
        "It earns {earns}.",
        lambda fake: (-float(np.logaddexp(0, fake).mean()), -sigmoid(fake)),
    ),
)

SWAPPED = Reading("swapped", 0, "The labels are swapped: real images are pulled to 0 and generated ones to 1.")
GENERATOR_SWAPPED = Reading(
    "generator_swapped", 0, "The label is that of a fake: this trains the generator to be recognised."
)
SMOOTHED = Reading("smoothed", 0, "The labels are smoothed; the handout's are 1 (real) and 0 (fake).{measured}")
ONLY_REAL = Reading("only_real", 0, "Only the real images count: the term of the generated ones is missing.")
ONLY_FAKE = Reading("only_fake", 0, "Only the generated images count: the term of the real ones is missing.")
SUMMED = Reading("sum", 0, "The loss is summed over the batch; an expectation is a mean.")
UNEQUAL = Reading("unequal", 0, "The two terms do not have the same weight.{measured}")
BROADCAST = Reading(
    "broadcast",
    0,
    "The two terms do not have the same weight.{measured} "
    "One term is as many times too large as the batch has images: (N, 1) with (N,) broadcasts to (N, N).",
)
NEGATIVE = Reading("negative", 0, "The sign is wrong: minimising this loss maximises the error.")
DOUBLE_SIGMOID = Reading("double_sigmoid", 0, "The sigmoid is applied twice: BCEWithLogitsLoss contains one already.")
RAW_LOGS = Reading(
    "raw_logs", 0, "The logarithm is taken of raw logits, which may be negative: D is the sigmoid of what DNet returns."
)
LEAST_SQUARES = Reading("least_squares", 0, "This is a squared error (as in LSGAN), not a cross entropy.")
WASSERSTEIN = Reading(
    "wasserstein",
    0,
    "The gradient is the same for every image (as in a Wasserstein GAN): there is no cross entropy.",
)
HINGE = Reading("hinge", 0, "This is a hinge loss, not a cross entropy.")
DETACHED = Reading(
    "detached", 0, "No gradient reaches the generator: its images were detached, or made without gradients."
)
OWN_Z = Reading("own_z", 0, "The latents were drawn anew instead of taken from the argument z.")
NUMBER = Reading("number", 0, "A Python number or an array cannot be differentiated: return the tensor itself.")
CUT = Reading("cut", 0, "The result is cut off from the networks (detach, .data, torch.tensor(...) or no_grad).")
NOT_REDUCED = Reading("not_reduced", 0, "The loss is not reduced to one number: take the mean.")
SQUEEZE = Reading("squeeze", 0, "squeeze() without a dimension also removes the batch dimension when it is 1.")
UNSTABLE = Reading(
    "unstable", 0, "sigmoid rounds to exactly 0 or 1 at such logits, and the logarithm of 0 is infinite."
)

ANOTHER_FACTOR = Remark("another factor", "Its gradient is {measured} times what it should be.")
ANOTHER_VALUE = Remark("another value", "Your loss is {measured} times the expected value.")
