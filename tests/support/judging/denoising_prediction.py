"""What a hypothesis predicts of the denoising loss: value, gradient and second derivatives, with the errors of float32.

The loss is differentiated with respect to the scores s that it was given. By the readings it is
L = (1/N) sum_i w_i |s_i + T_i|^2, or has another norm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from tests.support.homework.denoising import (
    ARGUMENTS,
    DATA,
    DENOISING_NORMS,
    DENOISING_TARGETS,
    DENOISING_WEIGHTS,
    DRAWS,
    LEVELS_OF_A_SAMPLE,
    OUTERS,
    Arguments,
    LevelsOfASample,
    Norm,
    Outer,
    Target,
    Weight,
)
from tests.support.judging.matching import ROUNDINGS, Batch
from tests.support.judging.recognition import Hypothesis
from tests.support.observed.denoising import SHIFT
from tests.support.observed.recorded import FLOAT32_EPS


@dataclass(frozen=True)
class _Predicted:
    """What a hypothesis predicts of some rows (R, 2), before what becomes of the average; and the errors of float32."""

    norm: Norm
    factor: np.ndarray
    error: np.ndarray
    value: np.ndarray
    gradient: np.ndarray
    rounding: np.ndarray
    size: np.ndarray


def _predict(batch: Batch, hypothesis: Hypothesis, chosen: np.ndarray) -> _Predicted:
    weight, target, norm = (hypothesis[name] for name in ("weight", "target", "norm"))
    assert isinstance(weight, Weight)
    assert isinstance(target, Target)
    assert isinstance(norm, Norm)
    divisor = cast(LevelsOfASample, hypothesis["levels of a sample"]).divisor(batch.n_samples, batch.n_levels)
    divisor = min(divisor, len(batch.data))
    s, x, scores = batch.sigma[chosen], batch.data[chosen], batch.scores[chosen]
    d, moved = batch.displacement[chosen], np.abs(batch.perturbed[chosen])
    if hypothesis["z"] is not DRAWS[0] or hypothesis["data"] is not DATA[0]:
        d = batch.targets[chosen] * s**2
    if cast(Arguments, hypothesis["arguments"]).lost:
        d, moved = 0 * d, 0 * moved
    factor = weight.of(batch.sigma, divisor)[chosen] / divisor
    if batch.own_sigma is not None and batch.isotropic:
        factor = np.mean(factor, axis=1, keepdims=True)
    added = target.of(d, s, x)
    value, gradient = norm.of(scores + added)
    return _Predicted(
        norm,
        factor,
        scores + added,
        value,
        gradient,
        np.abs(target.of(FLOAT32_EPS * moved, s, 0 * x)),
        np.abs(scores) + np.abs(added),
    )


def predicted_value(batch: Batch, hypothesis: Hypothesis) -> tuple[float, float]:
    """The average that a hypothesis predicts, and how far float32 may be from it."""
    one = _predict(batch, hypothesis, np.arange(len(batch.data)))
    total = float(np.sum(one.factor[:, 0] * one.value))
    if one.factor.shape[1] == 2:  # each coordinate with its own sigma
        total = float(np.sum(one.factor * one.error**2))
    error = np.abs(one.gradient) * (one.rounding + 8 * FLOAT32_EPS * one.size)
    return total, float(np.sum(np.abs(one.factor) * error)) + ROUNDINGS * FLOAT32_EPS * abs(total)


def deviation(batch: Batch, hypothesis: Hypothesis, rows: np.ndarray | None = None) -> float:
    """The largest distance of a number from the predicted one, in units of its computed error; NaN is infinite.

    Of some rows alone only the derivatives are compared, and nothing where they depend on the average of all.
    """
    outer = cast(Outer, hypothesis["outer"])
    first, second, ratios = 1.0, 0.0, [0.0]
    if rows is None or outer.of(2.0)[1] != 1:
        total, allowed = predicted_value(batch, hypothesis)
        if outer is not OUTERS[0] and not (np.isfinite(total) and total > 0):
            return np.inf
        value, first, second = outer.of(np.float64(total))  # which overflows to infinity and raises nothing
        if rows is None and not outer.shifted:
            error = abs(first) * allowed + ROUNDINGS * FLOAT32_EPS * abs(value)
            ratios.append(_largest_ratio(np.array([batch.loss]), np.array([value]), np.array([error])))
    if batch.differentiable:
        chosen = np.arange(len(batch.data)) if rows is None or second else rows
        ratios += _derivative_ratios(batch, _predict(batch, hypothesis, chosen), chosen, first, second)
    return max(ratios)


def _derivative_ratios(batch: Batch, one: _Predicted, chosen: np.ndarray, first: float, second: float) -> list[float]:
    """How far the derivatives are from the predicted ones; `first` and `second` are the outer function's."""
    error = one.rounding + ROUNDINGS * FLOAT32_EPS * one.size
    changes = [np.abs(one.norm.of(one.error + sign * error)[1] - one.gradient) for sign in (1, -1)]
    factor, gradient = first * one.factor, first * one.factor * one.gradient
    allowed = np.abs(factor) * np.maximum(*changes) + ROUNDINGS * FLOAT32_EPS * np.abs(gradient)
    ratios = [_largest_ratio(batch.gradient[chosen], gradient, allowed)]
    if one.norm.quadratic:
        v = batch.direction[chosen]
        product = factor * one.norm.of(v)[1]
        tolerance = derivative_tolerance(batch) * np.abs(factor) * np.max(np.abs(one.norm.of(np.ones((1, 2)))[1]))
        tolerance = tolerance + 0 * product
        if second:
            along = second * float(np.sum(one.factor * one.gradient * v))
            product = product + along * one.factor * one.gradient
            tolerance += np.abs(along * one.factor) * np.maximum(*changes) + ROUNDINGS * FLOAT32_EPS * np.abs(product)
        ratios.append(_largest_ratio(batch.product[chosen], product, tolerance))
    return ratios


def derivative_tolerance(batch: Batch) -> float:
    """How far, relatively, float32 may take the measured second derivatives from a formula's."""
    tolerance = ROUNDINGS * FLOAT32_EPS
    if batch.evaluation.replayed:  # a difference of two gradients, divided by the shift of the scores
        largest = np.nanmax(np.abs(batch.scores)) + np.nanmax(np.abs(batch.displacement / batch.sigma**2))
        tolerance *= 1 + float(largest) / SHIFT
    return tolerance


def _largest_ratio(seen: np.ndarray, expected: np.ndarray, allowed: np.ndarray) -> float:
    """The largest difference in units of what is allowed; a NaN that is not expected is infinite."""
    equal = (seen == expected) | (np.isnan(seen) & np.isnan(expected))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(equal, 0.0, np.abs(seen - expected) / np.abs(allowed))
    return float(np.max(np.nan_to_num(ratios, nan=np.inf, posinf=np.inf))) if ratios.size else np.inf


HANDOUT: Hypothesis = {
    "weight": DENOISING_WEIGHTS[0],
    "target": DENOISING_TARGETS[0],
    "norm": DENOISING_NORMS[0],
    "arguments": ARGUMENTS[0],
    "z": DRAWS[0],
    "data": DATA[0],
    "outer": OUTERS[0],
    "levels of a sample": LEVELS_OF_A_SAMPLE[0],
}
"""The handout's readings of the lines that a formula depends on."""


def handout_loss(batch: Batch) -> float:
    """The loss of the batch by Algorithm 1."""
    residual = batch.scores + batch.displacement / batch.sigma**2
    return float(np.sum(batch.sigma**2 / 2 * residual**2) / len(batch.data))
