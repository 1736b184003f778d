"""Mistakes in the mean of the chain's posterior, in both of its forms (2.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.support.homework.chain import ABAR, ACCUMULATED, Accumulated, abar
from tests.support.homework.written import Formula


def _posterior(name: str, sentence: str, of: Callable[..., Any]) -> Formula:
    """A formula of x_t, of x_0 or eps, and of alpha_t, beta_t, abar_t and abar_{t-1}."""
    return Formula(
        name,
        0.0,
        sentence,
        lambda x, z, b, t: of(x, z, 1 - b[t - 1], b[t - 1], abar(b, t), abar(b, t - 1)),
    )


def _with_accumulated(mean: Callable[..., Any], one: Accumulated) -> Formula:
    """The mean with a mistaken abar in all its places; abar_0 stays 1."""

    def of(x: Any, z: Any, b: np.ndarray, t: int) -> Any:
        return mean(x, z, 1 - b[t - 1], b[t - 1], one.of(b, t), one.of(b, t - 1) if t > 1 else 1.0)

    return Formula(ABAR + one.name, 0.0, one.sentence, of)


def _mean(x: Any, z: Any, a: Any, b: Any, now: Any, before: Any, roots: tuple[Any, Any] = (0.5, 0.5)) -> Any:
    return (a ** roots[0] * (1 - before) * x + before ** roots[1] * b * z) / (1 - now)


def _ddim(x: Any, x_0: Any, eps: Any, before: Any) -> Any:
    return np.sqrt(before) * x_0 + np.sqrt(1 - before) * eps


def _at(shift: int) -> Callable[[Any, Any, np.ndarray, int], Any]:
    """The mean of another step, t + shift."""

    def of(x: Any, z: Any, b: np.ndarray, t: int) -> Any:
        s = t + shift
        beta = b[s - 1] if 1 <= s <= len(b) else np.nan
        return _mean(x, z, 1 - beta, beta, abar(b, s), abar(b, s - 1))

    return of


def _wrapped(x: Any, z: Any, b: np.ndarray, t: int) -> Any:
    products = np.cumprod(1 - b)
    return _mean(x, z, 1 - b[t - 1], b[t - 1], products[t - 1], products[t - 2])


_ONE_PLACE = "abar_t stands where abar_{t-1} belongs, in the factor of"

POSTERIOR_MEAN = (
    *(_with_accumulated(_mean, one) for one in ACCUMULATED),
    Formula(
        "around the end",
        0.0,
        "At t = 1 the index t - 2 is -1, which is the last entry: nothing is multiplied before the first step.",
        _wrapped,
    ),
    _posterior(
        "abar_t with x_t", f"{_ONE_PLACE} x_t.", lambda x, z, a, b, n, p: np.sqrt(a) * x + np.sqrt(p) * b * z / (1 - n)
    ),
    _posterior(
        "abar_t with x_0",
        f"{_ONE_PLACE} x_0.",
        lambda x, z, a, b, n, p: (np.sqrt(a) * (1 - p) * x + np.sqrt(n) * b * z) / (1 - n),
    ),
    _posterior(
        "abar_t with both",
        f"{_ONE_PLACE} x_t, and in that of x_0.",
        lambda x, z, a, b, n, p: np.sqrt(a) * x + np.sqrt(n) * b * z / (1 - n),
    ),
    _posterior(
        "abar_{t-1} below",
        "abar_{t-1} stands where abar_t belongs, in the denominator.",
        lambda x, z, a, b, n, p: _mean(x, z, a, b, p, p),
    ),
    _posterior(
        "swapped",
        "The two coefficients are swapped: each multiplies the other point.",
        lambda x, z, a, b, n, p: _mean(z, x, a, b, n, p),
    ),
    _posterior(
        "root of alpha lost",
        "The factor of x_t has lost a square root.",
        lambda x, z, a, b, n, p: _mean(x, z, a, b, n, p, (1, 0.5)),
    ),
    _posterior(
        "root of abar lost",
        "The factor of x_0 has lost a square root.",
        lambda x, z, a, b, n, p: _mean(x, z, a, b, n, p, (0.5, 1)),
    ),
    _posterior(
        "both roots lost",
        "Both factors have lost their square roots.",
        lambda x, z, a, b, n, p: _mean(x, z, a, b, n, p, (1, 1)),
    ),
    _posterior(
        "no alpha",
        "alpha_t is missing in the factor of x_t.",
        lambda x, z, a, b, n, p: _mean(x, z, a, b, n, p, (0, 0.5)),
    ),
    _posterior(
        "no abar",
        "abar_{t-1} is missing in the factor of x_0.",
        lambda x, z, a, b, n, p: _mean(x, z, a, b, n, p, (0.5, 0)),
    ),
    _posterior(
        "root of abar with x_t",
        "The factor of x_t has abar_t where alpha_t belongs.",
        lambda x, z, a, b, n, p: _mean(x, z, n, b, n, p),
    ),
    _posterior(
        "root of beta",
        "The factor of x_0 has the square root of beta_t.",
        lambda x, z, a, b, n, p: (np.sqrt(a) * (1 - p) * x + np.sqrt(p * b) * z) / (1 - n),
    ),
    Formula("one step later", 0.0, "All indices are one too high: betas[0] is beta_1.", _at(1)),
    Formula("one step earlier", 0.0, "All indices are one too low: betas[0] is beta_1.", _at(-1)),
    _posterior(
        "variance multiplied in",
        "The mean is multiplied by the posterior's variance, which is in it already.",
        lambda x, z, a, b, n, p: _mean(x, z, a, b, n, p) * b * (1 - p) / (1 - n),
    ),
    _posterior(
        "not divided by the precision",
        "The sum is not divided by the precision, the factor of x_{t-1}^2.",
        lambda x, z, a, b, n, p: np.sqrt(a) / b * x + np.sqrt(p) / (1 - p) * z,
    ),
    _posterior(
        "not divided",
        "The sum is not divided by 1 - abar_t.",
        lambda x, z, a, b, n, p: _mean(x, z, a, b, n, p) * (1 - n),
    ),
    _posterior(
        "root of the denominator",
        "The denominator has a square root too many.",
        lambda x, z, a, b, n, p: _mean(x, z, a, b, n, p) * np.sqrt(1 - n),
    ),
    _posterior("sign", "The term of x_0 is subtracted.", lambda x, z, a, b, n, p: _mean(x, -z, a, b, n, p)),
    _posterior("x_0", "This is x_0 itself.", lambda x, z, a, b, n, p: z),
    _posterior("x_t", "This is x_t itself.", lambda x, z, a, b, n, p: x),
    _posterior(
        "x_t with the step undone",
        "This is x_t without the last step's shrinking: x_0 is not used.",
        lambda x, z, a, b, n, p: x / np.sqrt(a),
    ),
    _posterior(
        "without x_t",
        "This is the mean of q(x_{t-1} given x_0): x_t is not used.",
        lambda x, z, a, b, n, p: np.sqrt(p) * z,
    ),
    _posterior(
        "DDIM",
        "This is a deterministic (DDIM) step to x_{t-1}, not the mean of the posterior.",
        lambda x, z, a, b, n, p: _ddim(x, z, (x - np.sqrt(n) * z) / np.sqrt(1 - n), p),
    ),
)
"""From x_t, x_0, betas and t."""


def _by_precisions(x: Any, z: Any, a: Any, b: Any, now: Any, before: Any) -> Any:
    """The right mean for t > 1, as Bayes' rule gives it first."""
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.divide(1.0, 1 - np.float64(before))
        return (np.sqrt(a) / b * x + np.sqrt(before) * precision * z) / (a / b + precision)


POSTERIOR_OF_THE_FIRST_STEP = (
    _posterior(
        "zero over zero",
        "At t = 1 the variance 1 - abar_0 is 0, and infinity / infinity is no number: shorten the fraction before you "
        "put it into code.",
        _by_precisions,
    ),
    *(one for one in POSTERIOR_MEAN if not one.name.startswith("one step ")),
)
"""At t = 1, for a mean that is right later: its indices are right."""


def _from_noise(x: Any, e: Any, a: Any, b: Any, now: Any, before: Any) -> Any:
    return (x - b / np.sqrt(1 - now) * e) / np.sqrt(a)


def _start(x: Any, e: Any, now: Any) -> Any:
    return (x - np.sqrt(1 - now) * e) / np.sqrt(now)


POSTERIOR_MEAN_FROM_NOISE = (
    _posterior(
        "sqrt(beta)",
        "The factor of eps is sqrt(beta_t), as if abar_t were alpha_t.",
        lambda x, e, a, b, n, p: (x - np.sqrt(b) * e) / np.sqrt(a),
    ),
    *(_with_accumulated(_from_noise, one) for one in ACCUMULATED),
    _posterior(
        "plus", "The noise is added: it is taken out of x_t.", lambda x, e, a, b, n, p: _from_noise(x, -e, a, b, n, p)
    ),
    _posterior(
        "abar_t in front",
        "abar_t stands in front where alpha_t belongs.",
        lambda x, e, a, b, n, p: _from_noise(x, e, n, b, n, p),
    ),
    _posterior(
        "no root in front",
        "The factor in front has lost its square root.",
        lambda x, e, a, b, n, p: _from_noise(x, e, a, b, n, p) / np.sqrt(a),
    ),
    _posterior(
        "nothing in front",
        "The factor in front is missing: the last step's shrinking is not undone.",
        lambda x, e, a, b, n, p: _from_noise(x, e, a, b, n, p) * np.sqrt(a),
    ),
    _posterior(
        "front multiplied",
        "The factor in front multiplies where it should divide.",
        lambda x, e, a, b, n, p: _from_noise(x, e, a, b, n, p) * a,
    ),
    _posterior(
        "no root below",
        "The denominator below the noise has lost its square root.",
        lambda x, e, a, b, n, p: (x - b / (1 - n) * e) / np.sqrt(a),
    ),
    _posterior(
        "nothing below",
        "The denominator below the noise is missing.",
        lambda x, e, a, b, n, p: (x - b * e) / np.sqrt(a),
    ),
    _posterior(
        "abar_{t-1} below",
        "abar_{t-1} stands where abar_t belongs.",
        lambda x, e, a, b, n, p: _from_noise(x, e, a, b, p, p),
    ),
    _posterior(
        "alpha for beta",
        "alpha_t stands where beta_t belongs.",
        lambda x, e, a, b, n, p: _from_noise(x, e, a, a, n, p) + 0 * b,
    ),
    _posterior("x_0", "This is the estimate of x_0, not of x_{t-1}.", lambda x, e, a, b, n, p: _start(x, e, n)),
    _posterior(
        "all the noise",
        "All the noise of the chain is taken out at once.",
        lambda x, e, a, b, n, p: (x - np.sqrt(1 - n) * e) / np.sqrt(a),
    ),
    _posterior(
        "DDIM",
        "This is a deterministic (DDIM) step to x_{t-1}, not the mean of the posterior.",
        lambda x, e, a, b, n, p: _ddim(x, _start(x, e, n), e, p),
    ),
    _posterior("x_t", "This is x_t itself.", lambda x, e, a, b, n, p: x),
    _posterior("x_t with the step undone", "eps is not used.", lambda x, e, a, b, n, p: x / np.sqrt(a)),
)
"""From x_t, eps, betas and t."""
