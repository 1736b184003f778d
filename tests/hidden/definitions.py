"""What Problems 1 and 2 define, computed from the definitions alone, in numpy float64.

No formula here is one that a question asks for. Each function says how far its result may be from the exact one; eps is
the unit of rounding of float64.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

HALVINGS = 60
"""Bisections of [0, 1]: what is left of it, 2^-60, is below eps."""
STEP = 1e-100
"""Imaginary step of a complex derivative: nothing is subtracted, so it may be as small as one likes."""


def maximiser(p_r: np.ndarray, p_g: np.ndarray) -> np.ndarray:
    """The d in [0, 1] at which p_r log d + p_g log(1 - d) is largest, elementwise; nan where both densities are 0.

    The derivative falls, and its sign is bisected. Both of its terms are rounded, relative to themselves, by at most
    2 eps, which moves the root by at most 4 eps d (1 - d); with the last interval that is at most 2 eps in all.
    """
    low, high = np.zeros(p_r.shape), np.ones(p_r.shape)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            rises = p_r / middle > p_g / (1 - middle)
        low, high = np.where(rises, middle, low), np.where(rises, high, middle)
    return np.where((p_r == 0) & (p_g == 0), np.nan, (low + high) / 2)


def divergence(p: np.ndarray, q: np.ndarray) -> float:
    """The Jensen-Shannon divergence: the mean of the two KL divergences from the mixture, in nats.

    A term x log(x / m) with x <= 2 m is off by at most 4 eps x |log(x / m)| + 2 eps x, so that the sum is off by at
    most (K + 8) eps, K the number of entries.
    """
    mixture = (p + q) / 2
    total = 0.0
    for one in (p, q):
        total += sum(x * np.log(x / m) for x, m in zip(one, mixture, strict=True) if x > 0) / 2
    return float(total)


def game_value(p: np.ndarray, q: np.ndarray) -> float:
    """The largest value that a discriminator can give to Eq. 1, for distributions on finitely many points.

    At a maximum an error in d counts only by its square; the sum is off by at most (K + 8) eps times the largest
    |p log d|, which is at most 1, as in `divergence`.
    """
    d = maximiser(p, q)
    total = 0.0
    for p_r, p_g, at in zip(p, q, d, strict=True):
        total += p_r * np.log(at) if p_r > 0 else 0.0
        total += p_g * np.log(1 - at) if p_g > 0 else 0.0
    return float(total)


def _softplus(x: np.ndarray) -> np.ndarray:
    """log(1 + exp(x)) for complex x, without overflow and without cancellation."""
    positive = x.real > 0
    return np.where(positive, x, 0) + np.log1p(np.exp(np.where(positive, -x, x)))


def loss_derivatives(logit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The derivatives of log(1 - D) and of -log D with respect to D's logit; off by at most 4 eps.

    log(1 - D) is -softplus(logit), and -log D is softplus(-logit), from D = 1 / (1 + exp(-logit)).
    """
    shifted = np.asarray(logit, dtype=np.float64) + 1j * STEP
    return -_softplus(shifted).imag / STEP, _softplus(-shifted).imag / STEP


@dataclass(frozen=True)
class Chain:
    """The joint law of x_0, ..., x_T for one coordinate: x_0 is given, all the rest is Gaussian.

    `gain` (T + 1,) times x_0 is the mean, `covariance` is `(T + 1, T + 1)`, with zeros for x_0.
    """

    gain: np.ndarray
    covariance: np.ndarray

    def conditional_mean(self, known: int, wanted: int, x_known: np.ndarray, x_0: np.ndarray) -> np.ndarray:
        """The mean of x_wanted, given x_0 and x_known: a Gaussian's regression on what is known."""
        slope = self.covariance[wanted, known] / self.covariance[known, known]
        return np.asarray(self.gain[wanted] * x_0 + slope * (x_known - self.gain[known] * x_0))


def chain(betas: np.ndarray) -> Chain:
    """The joint law of the forward process, step by step from x_t = sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) z_t.

    Every state is written as a combination of x_0 and of z_1, ..., z_T. All products and sums are of positive numbers,
    at most 2 T of them one after the other: every entry is off by at most 4 T eps relative to itself.
    """
    steps = len(betas)
    combination = np.zeros((steps + 1, steps + 1))  # row: state; column: x_0, z_1, ..., z_T
    combination[0, 0] = 1
    for t, beta in enumerate(betas, start=1):
        combination[t] = np.sqrt(1 - beta) * combination[t - 1]
        combination[t, t] = np.sqrt(beta)
    noise = combination[:, 1:]
    return Chain(combination[:, 0], noise @ noise.T)


@dataclass(frozen=True)
class Mixture:
    """A mixture of Gaussians in d dimensions: `means` (k, d), one standard deviation each, equal weights."""

    means: np.ndarray
    deviations: np.ndarray

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """log p(x) up to a constant, for real or complex x `(n, d)`."""
        squares = ((x[:, None, :] - self.means) ** 2).sum(axis=2)
        terms = -squares / (2 * self.deviations**2) - self.means.shape[1] * np.log(self.deviations)
        largest = terms.real.max(axis=1, keepdims=True)
        return np.asarray(largest[:, 0] + np.log(np.exp(terms - largest).sum(axis=1)))

    def conditional_score(self, x: np.ndarray, x_known: np.ndarray, mask: np.ndarray, weight: float) -> np.ndarray:
        """The gradient at x of log p(x) - (weight / 2) |(x - x_known) * mask|^2, coordinate by coordinate.

        Without weight it is the score itself. Each is off by a few eps of the sizes of its terms.
        """
        gradient = np.zeros(x.shape)
        for k in range(x.shape[1]):
            shifted = x.astype(np.complex128)
            shifted[:, k] += 1j * STEP
            penalty = weight / 2 * (((shifted - x_known) * mask) ** 2).sum(axis=1)
            gradient[:, k] = (self.log_density(shifted) - penalty).imag / STEP
        return gradient
