"""Readings of the two losses with free numbers: labels, weights, a factor, a constant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tests.support.homework import losses
from tests.support.homework.loss_terms import FAKE, NOTHING, REAL, both, logit
from tests.support.homework.readings import Reading

NO_WEIGHT = 1e-5
"""A fitted weight below it is rounding: the logits of a batch are near 1, and float32 has seven digits."""


@dataclass(frozen=True)
class Family(Reading):
    """Losses with free numbers: `fixed + c_1 parts_1 + c_2 parts_2 + ...`, in values and gradients alike.

    `parts` gives these as stacks of values and gradients, the fixed one first, from the logits of real and of generated
    images (of generated ones alone for the generator). `told` says the numbers in
    words, for a loss that is multiplied by a factor. `any_size` is whether the loss may have a wrong size besides.
    """

    parts: Callable[..., list[tuple[np.ndarray, np.ndarray]]]
    told: Callable[[np.ndarray, float], str]
    any_size: bool = True

    def member(self, numbers: np.ndarray, kind: type[losses.DiscriminatorLoss] | type[losses.GeneratorLoss]) -> Reading:
        """The member with these numbers."""

        def of(*logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            fixed, *moving = self.parts(*logits)
            weights = zip(numbers, moving, strict=True)
            total = [fixed, *((number * value, number * slope) for number, (value, slope) in weights)]
            return np.sum([one[0] for one in total], axis=0), np.sum([one[1] for one in total], axis=0)

        return kind(self.name, self.credit, self.sentence, of)


def _none(*logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros(len(logits[0])), np.zeros((len(logits), len(logits[0]))).squeeze(0 if len(logits) == 1 else ())


def _right(*logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return losses.DISCRIMINATOR_LOSSES[0].of(*logits) if len(logits) == 2 else losses.GENERATOR_LOSSES[0].of(*logits)


def _constant(*logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, gradients = _none(*logits)
    return values + 1, gradients


_FACTOR = Family(
    "another factor",
    0,
    "Value and gradient are {measured} times what they should be.",
    lambda *logits: [_none(*logits), _right(*logits)],
    lambda numbers, factor: f"{factor * numbers[0]:.3g}",
    any_size=False,
)
_ADDED = Family(
    "constant added",
    0,
    "The gradient is right, but the value has {measured} added.",
    lambda *logits: [_right(*logits), _constant(*logits)],
    lambda numbers, factor: f"{factor * numbers[0]:.4g}",
    any_size=False,
)


def _squares(*factors: float) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """Multiples of the squared logits of each kind of image."""

    def of(*logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values = np.sum([factor * one**2 for factor, one in zip(factors, logits, strict=True)], axis=0)
        slopes = np.stack([2 * factor * one for factor, one in zip(factors, logits, strict=True)])
        return values, slopes.squeeze(0 if len(logits) == 1 else ())

    return of


DISCRIMINATOR_FAMILIES = (
    _FACTOR,
    _ADDED,
    Family(
        "other labels",
        0,
        "The labels are {measured}; the handout's are 1 (real) and 0 (fake).",
        lambda real, fake: [
            both(FAKE, FAKE)(real, fake),
            both(logit(-1), NOTHING)(real, fake),
            both(NOTHING, logit(-1))(real, fake),
        ],
        # + 0.0, so that none reads -0.00
        lambda labels, _: f"{round(labels[0], 2) + 0.0:.2f} (real) and {round(labels[1], 2) + 0.0:.2f} (fake)",
    ),
    Family(
        "unequal",
        0,
        "The two terms do not have the same weight. {measured}",
        lambda real, fake: [
            _none(real, fake),
            both(REAL, NOTHING)(real, fake),
            both(NOTHING, FAKE)(real, fake),
        ],
        lambda weights, factor: (
            f"Real images count {factor * weights[0]:.3g}, generated ones {factor * weights[1]:.3g}."
        ),
    ),
    Family(
        "penalty",
        0,
        "A penalty is added: {measured}. The loss is the binary cross entropy alone.",
        lambda real, fake: [_right(real, fake), _squares(1, 0)(real, fake), _squares(0, 1)(real, fake)],
        lambda weights, factor: " and ".join(
            f"{factor * weight:.3g} times the mean squared logit of the {kind} images"
            for weight, kind in zip(weights, ("real", "generated"), strict=True)
            if abs(weight) > NO_WEIGHT
        ),
        any_size=False,
    ),
)
GENERATOR_FAMILIES = (
    replace(_FACTOR),
    replace(_ADDED),
    Family(
        "another label",
        0,
        "The label is {measured}; it should be 1, since the generator's images shall pass as real.",
        lambda fake: [FAKE(fake), logit(-1)(fake)],
        lambda labels, _: f"{round(labels[0], 2) + 0.0:.2f}",
    ),
    Family(
        "penalty",
        0,
        "A penalty is added: {measured} times the mean squared logit. The loss is the binary cross entropy alone.",
        lambda fake: [_right(fake), _squares(1)(fake)],
        lambda weights, factor: f"{factor * weights[0]:.3g}",
        any_size=False,
    ),
)
