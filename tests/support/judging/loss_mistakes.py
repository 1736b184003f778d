"""Names for wrong GAN losses, from the gradients that reached each logit.

For binary cross entropy with target y and factor c the gradient of a mean over n images is c (sigmoid(l) - y) / n. Each
other loss leaves a curve of its own, so two numbers fitted to n times the gradients say which loss it was.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.support.homework import losses as known
from tests.support.homework.readings import Reading, Remark, measured

FIT = 1e-3
"""Float32 gradients of right code fit within 1e-4 of their largest; the families below differ by more than 1e-2."""

FEWEST = 5
"""Images that two fitted numbers need, so that a fit says anything."""


@dataclass(frozen=True)
class Curve:
    """The family of loss that explains the gradients of one group of images, with its factor and its target."""

    family: str
    factor: float
    target: float


def fitted(logits: np.ndarray, gradients: np.ndarray) -> Curve | None:
    """The first family that explains `gradients` `(n,)` (times n) at `logits` `(n,)`."""
    largest = np.abs(gradients).max(initial=0)
    if largest == 0:
        return Curve("nothing", 0.0, 0.0)
    if len(logits) < FEWEST or not np.all(np.isfinite(gradients)):
        return None
    if np.ptp(gradients) <= FIT * largest:
        return Curve("constant", float(gradients.mean()), 0.0)
    p = 1 / (1 + np.exp(-logits))
    slope = p * (1 - p)
    families = {
        "cross entropy": (p, np.ones_like(p)),
        "double sigmoid": (slope / (1 + np.exp(-p)), slope),
        "squares of logits": (logits, np.ones_like(p)),
        "squares of probabilities": (p * slope, slope),
    }
    for family, (moving, fixed) in families.items():
        design = np.column_stack([moving, -fixed])
        (factor, offset), *_ = np.linalg.lstsq(design, gradients, rcond=None)
        if np.abs(design @ [factor, offset] - gradients).max() <= FIT * largest and factor != 0:
            return Curve(family, float(factor), float(offset / factor))
    if len(np.unique(np.round(gradients / largest, 6))) == 2 and np.abs(gradients).min() < FIT * largest:
        return Curve("hinge", float(largest), 0.0)
    return None


def recognise_discriminator(
    n: int, logit_real: np.ndarray, real: np.ndarray, logit_fake: np.ndarray, fake: np.ndarray
) -> Reading | Remark | None:
    """What a wrong discriminator loss is, or None."""
    on_real, on_fake = fitted(logit_real, real), fitted(logit_fake, fake)
    if on_real is None or on_fake is None:
        return None
    if on_real.family == "nothing":
        return known.ONLY_FAKE
    if on_fake.family == "nothing":
        return known.ONLY_REAL
    if on_real.family != "cross entropy" or on_fake.family != "cross entropy":
        return _other_family(on_real if on_real.family != "cross entropy" else on_fake)
    targets, factors = (on_real.target, on_fake.target), (on_real.factor, on_fake.factor)
    if _near(targets, (0, 1)) and min(factors) > 0:
        return known.SWAPPED
    if not _near(targets, (1, 0)):
        labels = [round(target, 2) + 0.0 for target in targets]  # + 0.0, so that none reads -0.00
        return measured(known.SMOOTHED, f" Yours are {labels[0]:.2f} (real) and {labels[1]:.2f} (fake).")
    if max(factors) < 0:
        return known.NEGATIVE
    if not _near((factors[0] / factors[1],), (1,)):
        broadcast = any(_near((ratio / n,), (1,)) for ratio in (factors[0] / factors[1], factors[1] / factors[0]))
        said = f" Real images count {factors[0]:.3g}, generated ones {factors[1]:.3g}."
        return measured(known.BROADCAST if broadcast else known.UNEQUAL, said)
    return _factor(factors[0], n)


def recognise_generator(n: int, logits: np.ndarray, gradients: np.ndarray) -> Reading | Remark | None:
    """What a wrong generator loss is, or None."""
    found = fitted(logits, gradients)
    if found is None or found.family == "nothing":
        return None
    if found.family != "cross entropy":
        return _other_family(found)
    if _near((found.target,), (0,)):
        return known.GENERATOR_SWAPPED if found.factor > 0 else known.SUMMED
    if not _near((found.target,), (1,)):
        return measured(known.SMOOTHED, f" Yours is {found.target:.2f}.")
    return known.NEGATIVE if found.factor < 0 else _factor(found.factor, n)


def _other_family(found: Curve) -> Reading:
    readings = {"double sigmoid": known.DOUBLE_SIGMOID, "constant": known.WASSERSTEIN, "hinge": known.HINGE}
    return readings.get(found.family, known.LEAST_SQUARES)


def _factor(factor: float, n: int) -> Reading | Remark | None:
    if any(_near((factor / total,), (1,)) for total in (n, n / 2, 2 * n)):
        return known.SUMMED
    return measured(known.ANOTHER_FACTOR, f"{factor:.3g}") if not _near((factor,), (1,)) else None


def _near(values: tuple[float, ...], wanted: tuple[float, ...]) -> bool:
    return all(abs(value - goal) < 0.01 for value, goal in zip(values, wanted, strict=True))
