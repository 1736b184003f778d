"""What one image adds to a GAN loss, and the ways to put the images of both kinds together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Term = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""What one image adds, and its derivative, from its logit."""


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)) without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0, -x)))


def cross_entropy(label: float) -> Term:
    """Binary cross entropy from a logit."""
    return lambda logits: (np.logaddexp(0, logits) - label * logits, sigmoid(logits) - label)


def twice_sigmoid(label: float) -> Term:
    """The cross entropy whose logit is a probability."""

    def term(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        p = sigmoid(logits)
        return np.logaddexp(0, p) - label * p, (sigmoid(p) - label) * p * (1 - p)

    return term


def squared_logit(label: float) -> Term:
    """The squared error of a logit."""
    return lambda logits: ((logits - label) ** 2, 2 * (logits - label))


def squared_probability(label: float) -> Term:
    """The squared error of a probability."""

    def term(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        p = sigmoid(logits)
        return (p - label) ** 2, 2 * (p - label) * p * (1 - p)

    return term


def hinge(sign: float) -> Term:
    """max(0, 1 - sign * logit)."""
    return lambda logits: (np.maximum(1 - sign * logits, 0), -sign * (sign * logits < 1).astype(float))


def logit(factor: float) -> Term:
    """A multiple of the logit."""
    return lambda logits: (factor * logits, np.full_like(logits, factor))


def probability(factor: float, constant: float = 0.0) -> Term:
    """A multiple of the probability, and a constant."""
    return lambda logits: (
        constant + factor * sigmoid(logits),
        factor * sigmoid(logits) * sigmoid(-logits),
    )


def log_of_logit(sign: float, constant: float, factor: float = -1.0) -> Term:
    """`factor * log(constant + sign * logit)`: not a number where that is negative, with a gradient all the same."""

    def term(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        inside = constant + sign * logits
        with np.errstate(invalid="ignore", divide="ignore"):
            return factor * np.log(inside), factor * sign / inside

    return term


def with_epsilon(label: float, epsilon: float) -> Term:
    """`-log(p + epsilon)` for the probability p of the label."""
    sign = 2 * label - 1

    def term(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        p = sigmoid(sign * logits)
        return -np.log(p + epsilon), -sign * p * (1 - p) / (p + epsilon)

    return term


def times(term: Term, factor: float) -> Term:
    """A multiple of a term."""
    return lambda logits: tuple(factor * one for one in term(logits))  # type: ignore[return-value]  # two of them


def times_n(term: Term) -> Term:
    """A term times the number of images."""
    return lambda logits: times(term, len(logits))(logits)


def both(on_real: Term, on_fake: Term) -> Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """A term of the real images and one of the generated ones."""

    def of(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        (value_real, slope_real), (value_fake, slope_fake) = on_real(real), on_fake(fake)
        return value_real + value_fake, np.stack([slope_real, slope_fake])

    return of


def of_one_kind(kind: int) -> Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Both terms from the images of one kind."""

    def of(*logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        (as_real, slope_real), (as_fake, slope_fake) = REAL(logits[kind]), FAKE(logits[kind])
        gradients = np.zeros((2, len(logits[kind])))
        gradients[kind] = slope_real + slope_fake
        return as_real + as_fake, gradients

    return of


def relative(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The cross entropy of the difference of two logits."""
    values, slopes = REAL(real - fake)
    return values, np.stack([slopes, -slopes])


def larger(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The larger of the two means of the cross entropy."""
    (on_real, slope_real), (on_fake, slope_fake) = REAL(real), FAKE(fake)
    if on_real.mean() > on_fake.mean():
        return np.full_like(on_real, on_real.mean()), np.stack([slope_real, 0 * slope_fake])
    return np.full_like(on_fake, on_fake.mean()), np.stack([0 * slope_real, slope_fake])


def product_of_means(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The product of the two means of the cross entropy."""
    (on_real, slope_real), (on_fake, slope_fake) = REAL(real), FAKE(fake)
    one, other = on_real.mean(), on_fake.mean()
    return np.full_like(on_real, one * other), np.stack([slope_real * other, slope_fake * one])


def of_the_worst(term: Term) -> Term:
    """A term of the image with the largest value alone."""

    def worst(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, slopes = term(logits)
        chosen = np.arange(len(logits)) == np.argmax(values)
        return np.full_like(values, values.max()), len(logits) * slopes * chosen

    return worst


def clamped(term: Term, low: float, high: float) -> Term:
    """A term of the logits after `clamp(low, high)`, which passes no gradient on to those outside."""

    def of(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, slopes = term(np.clip(logits, low, high))
        return values, slopes * ((logits >= low) & (logits <= high))

    return of


REAL, FAKE = cross_entropy(1), cross_entropy(0)
NOTHING = logit(0)
