"""Which law initial weights have: the accepted bounds, and the recognised mistakes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tests.support import laws
from tests.support.homework.initialisation import ANOTHER_BOUND, NORMAL_MISTAKES, PATTERN_MISTAKES, Bound, Deviation
from tests.support.homework.readings import Part, Reading, measured
from tests.support.judging.structure import latents
from tests.support.observed.losses import images

ABOVE = 1 + 1e-5
"""Room for the float32 rounding of the bound itself, 2^-24, many times over; the next recognised bound is 2% away."""

LARGEST_SAMPLE = 8192
"""Values of one tensor that enter a law: DKW then rejects distances of 0.034 at 1e-8."""


@dataclass(frozen=True)
class Specimens:
    """What is built to look at a network's initial values: enough instances for the smallest tensor.

    The first convolution of DNet has 18 weights: 64 instances make the 1,152 values that tell a=0.2 from a=0.
    """

    part: Part
    shapes: tuple[tuple[int, ...], ...]
    positional: tuple[int, ...]
    count: int
    bounds: tuple[Bound, ...]

    @property
    def given(self) -> np.ndarray:
        """One input of the network: what a pass on it executes is what is judged."""
        return latents(1, *self.positional) if self.positional else images(1)

    @property
    def name(self) -> str:
        """The network's name."""
        return self.part.name


def scaled(values: np.ndarray) -> np.ndarray:
    """Weights `(count, out, in, ...)` over kaiming_uniform's bound sqrt(6 / fan_in)."""
    return values.astype(np.float64) / math.sqrt(6 / math.prod(values.shape[2:]))


def reach(values: np.ndarray) -> tuple[float, float]:
    """Between which bounds the true one lies, but for a chance of 1e-8: the largest value m, and m * 1e8^(1/n)."""
    largest = float(np.abs(values).max())
    return largest, largest * laws.FALSE_FAIL_RATE ** (-1 / values.size)


def share_of_bound(bound: Bound, weights: np.ndarray) -> float:
    """The bound for weights `(count, out, in, ...)` over kaiming_uniform's."""
    fan_in, fan_out = fans(weights)
    return bound.of(fan_in, fan_out) / math.sqrt(6 / fan_in)


def fans(weights: np.ndarray) -> tuple[int, int]:
    receptive = math.prod(weights.shape[3:])
    return weights.shape[2] * receptive, weights.shape[1] * receptive


def fits(factor: float, values: np.ndarray) -> bool:
    low, high = reach(values)
    return low / ABOVE <= factor <= high


def bound_p(weights: np.ndarray, network: Specimens) -> float:
    """The law of the largest of n uniform values, for the accepted bound that fits best; beyond all bounds p is 0."""
    largest = reach(scaled(weights))[0]
    accepted = [share_of_bound(one, weights) for one in network.bounds if one.credit == 1]
    within = [factor for factor in accepted if largest <= factor * ABOVE]  # none for NaN and infinity
    return max((laws.maximum_of_uniforms(largest / factor, weights.size) for factor in within), default=0.0)


def common_law(tensors: Sequence[np.ndarray], network: Specimens) -> Reading | None:
    """The first law of all tensors that deviate: one mistake in the class, where some of them alone fit another."""
    deviating = [weights for weights in tensors if bound_p(weights, network) < laws.FALSE_FAIL_RATE]
    if not deviating:
        return None
    bounds = (one for one in network.bounds if all(is_uniform(one, weights) for weights in deviating))
    normals = (one for one in NORMAL_MISTAKES if all(is_normal(one, weights) for weights in deviating))
    return next(bounds, None) or next(normals, None) or _another_bound(deviating)


def _another_bound(tensors: Sequence[np.ndarray]) -> Bound | None:
    """The uniform law of all tensors with the smallest multiple of kaiming_uniform's bound that holds all values."""
    factor = max(reach(scaled(weights))[0] for weights in tensors)
    if not 0 < factor < np.inf:
        return None
    of = ANOTHER_BOUND.of
    found = replace(measured(ANOTHER_BOUND, f"{factor:.3g}"), of=lambda fan_in, fan_out: factor * of(fan_in, fan_out))
    return found if all(is_uniform(found, weights) for weights in tensors) else None


def is_uniform(bound: Bound, weights: np.ndarray) -> bool:
    """Whether the weights look uniform with this bound; what earns something must not be missed by bad luck."""
    values, factor = scaled(weights), share_of_bound(bound, weights)
    least = laws.FALSE_FAIL_RATE if bound.credit > 0 else laws.RETRY_BELOW
    return fits(factor, values) and laws.dkw((values.ravel() / factor + 1) / 2, laws.uniform_cdf) > least


def is_normal(law: Deviation, weights: np.ndarray) -> bool:
    """Whether the weights look normal with this standard deviation."""
    deviation = float(weights.std())
    if not deviation > 0:
        return False
    # The deviation of n normal values has the relative standard error 1 / sqrt(2 n); 5.7 of them are 1e-8.
    slack = laws.critical_z() / math.sqrt(2 * weights.size)
    if not abs(deviation / law.of(*fans(weights), deviation) - 1) < slack:
        return False
    least = laws.FALSE_FAIL_RATE if law.credit > 0 else laws.RETRY_BELOW
    return laws.dkw(weights.ravel()[:LARGEST_SAMPLE] / deviation, laws.normal_cdf) >= least


def recognised(weights: np.ndarray, network: Specimens, common: Reading | None) -> Reading | None:
    """The reading other than an accepted bound that fits these weights, or None."""
    patterns = (one for one in PATTERN_MISTAKES if one.of(weights))
    bounds = (one for one in network.bounds if one.credit < 1 and is_uniform(one, weights))
    normals = (one for one in NORMAL_MISTAKES if is_normal(one, weights))
    own = common if common is not None and bound_p(weights, network) < laws.FALSE_FAIL_RATE else None
    return next(patterns, None) or own or next(bounds, None) or next(normals, None)
