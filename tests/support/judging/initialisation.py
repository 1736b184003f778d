"""The initial weights of the GAN's networks against kaiming_uniform: exact support, and the laws of the draws."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tests.support import laws
from tests.support.homework.assignment import GAN
from tests.support.homework.handout import DNET_SHAPES, gnet_shapes
from tests.support.homework.initialisation import (
    DNET_BOUND_FACTORS,
    GNET_BOUND_FACTORS,
    NORMAL_MISTAKES,
    OTHER_INITIAL_MISTAKES,
    UNIFORM_MISTAKES,
)
from tests.support.homework.readings import Reading
from tests.support.observed.networks import InitialParameter, initial_parameters
from tests.support.submission import Submission
from tests.support.verdicts import Finding, NotImplementedYet, Wrong

ZDIM = 8
LOOK_AT = "Question 4.3; torch.nn.init.kaiming_uniform_ in PyTorch's documentation"
ABOVE = 1 + 1e-5
"""Room for the float32 rounding of the bound itself, 2^-24, many times over; the next recognised bound is 2% away."""

LARGEST_SAMPLE = 8192
"""Values of one tensor that enter a law: DKW then rejects distances of 0.034 at 1e-8."""


@dataclass(frozen=True)
class Network:
    """What is built to look at a network's initial values: enough instances for the smallest tensor.

    The first convolution of DNet has 18 weights: 64 instances make the 1,152 values that tell a=0.2 from a=0.
    """

    name: str
    shapes: tuple[tuple[int, ...], ...]
    positional: tuple[int, ...]
    count: int
    accepted: Mapping[float, Reading]


DNET = Network("DNet", DNET_SHAPES, (), 64, DNET_BOUND_FACTORS)
GNET = Network("GNet", gnet_shapes(ZDIM), (ZDIM,), 16, GNET_BOUND_FACTORS)


def fresh(submission: Submission, network: Network, seed: int = 0, factor: int = 1) -> list[InitialParameter]:
    """The parameters of many fresh networks; raises `NotImplementedYet` when there are none."""
    seen = initial_parameters(
        submission, GAN, network.name, network.shapes, network.count * factor, network.positional, seed
    )
    if not any(one.values.ndim > 2 for one in seen.parameters):
        raise NotImplementedYet(f"Not implemented yet: 4.3 ({network.name} has no weights to initialise).")
    return seen.parameters


def half_each(check: Callable[[Network], None]) -> None:
    """Judge both networks; each is worth half of the check."""
    problems = []
    for network in (DNET, GNET):
        try:
            check(network)
        except (Wrong, NotImplementedYet) as problem:
            problems.append(problem)
    if not problems:
        return
    findings = [finding for problem in problems if isinstance(problem, Wrong) for finding in problem.findings]
    if len(problems) == 2 and not findings:
        raise problems[0]
    margins = [problem.margin for problem in problems if isinstance(problem, Wrong) and problem.margin is not None]
    undone = [Finding(str(problem)) for problem in problems if isinstance(problem, NotImplementedYet)]
    credit = 0.5 if len(problems) == 1 else 0.0
    raise Wrong(*findings, *undone, credit=credit, margin=max(margins, default=None))


def require_zero_biases(parameters: Sequence[InitialParameter], network: Network) -> None:
    """Raise unless every bias is exactly 0."""
    # The scale of a normalisation layer, which the table does not have, is one-dimensional as well.
    biases = [one for one in parameters if one.values.ndim == 2 and not one.name.endswith("weight")]
    off = [one for one in biases if not np.all(one.values == 0)]
    if off or not biases:
        listing = ", ".join(f"{one.name} (up to {np.abs(one.values).max():.3g})" for one in off)
        text = f"{network.name} {f'starts with biases that are not 0: {listing}' if off else 'has no bias'}."
        raise Wrong(Finding(text, "Every bias should start at exactly 0.", _default_bias(off, len(biases)), LOOK_AT))


def _default_bias(off: Sequence[InitialParameter], n_biases: int) -> str:
    if off and len(off) < n_biases:
        return "The initialisation does not reach these layers."
    return "They still have the framework's own initial values." if off else ""


def require_fresh(parameters: Sequence[InitialParameter], network: Network) -> None:
    """Raise when two networks start with the same weights."""
    for one in parameters:
        if one.values.ndim > 2 and np.array_equal(one.values[0], one.values[1]) and np.ptp(one.values[0]) > 0:
            text = f"Two {network.name}s built one after the other start with identical weights."
            raise Wrong(Finding(text, "Each should draw its own.", "Is a seed set inside the class?", LOOK_AT))


def bound_tests(parameters: Sequence[InitialParameter], network: Network, quote: bool) -> list[laws.Test]:
    """For every weight tensor: the largest value is where kaiming_uniform's is, from either side."""
    return [
        _bound_test(_scaled(one.values), one.values, network, _label(one, quote))
        for one in parameters
        if one.values.ndim > 2
    ]


def law_tests(parameters: Sequence[InitialParameter], network: Network) -> list[laws.Test]:
    """For every weight tensor: the bound, the uniform shape, and the independence of signs."""
    tests = []
    for one in parameters:
        if one.values.ndim > 2:
            label = _label(one, quote=False)
            values = _scaled(one.values)
            tests.append(_bound_test(values, one.values, network, label))
            tests += _shape_and_signs(values, one.values, network, label)
    return tests


def _label(one: InitialParameter, quote: bool) -> str:
    shape = tuple(one.values.shape[1:])
    return f"{one.name} {shape}" if quote else f"of shape {shape}"


def _scaled(values: np.ndarray) -> np.ndarray:
    """Weights `(count, out, in, ...)` over kaiming_uniform's bound sqrt(6 / fan_in)."""
    return values.astype(np.float64) / math.sqrt(6 / math.prod(values.shape[2:]))


def _reach(values: np.ndarray) -> tuple[float, float]:
    """Between which bounds the true one lies, but for a chance of 1e-8: the largest value m, and m * 1e8^(1/n)."""
    largest = float(np.abs(values).max())
    return largest, largest * laws.FALSE_FAIL_RATE ** (-1 / values.size)


def _fits(factor: float, values: np.ndarray) -> bool:
    low, high = _reach(values)
    return low / ABOVE <= factor <= high


def _bound_test(values: np.ndarray, weights: np.ndarray, network: Network, label: str) -> laws.Test:
    """The law of the largest of n uniform values, for the accepted bound that fits best; beyond all bounds p is 0."""
    low, high = _reach(values)
    within = [factor for factor in network.accepted if low <= factor * ABOVE]  # none for NaN and infinity
    p = max((laws.maximum_of_uniforms(low / factor, values.size) for factor in within), default=0.0)
    if p >= laws.FALSE_FAIL_RATE:
        return laws.Test(f"bound {label}", p, Finding(""))
    bound = math.sqrt(6 / math.prod(weights.shape[2:]))
    finding = Finding(
        f"{network.name}, weights {label}: the largest of {values.size} values is {low * bound:.4f}.",
        f"kaiming_uniform reaches up to {bound:.4f} = sqrt(6 / fan_in), and the largest of so many would be above "
        f"{bound * low / high if high else bound:.4f} (one right network in 10^8 would differ).",
        _name(values, weights),
        LOOK_AT,
    )
    return laws.Test(f"bound {label}", p, finding)


def _shape_and_signs(values: np.ndarray, weights: np.ndarray, network: Network, label: str) -> list[laws.Test]:
    factor = next((one for one in network.accepted if _fits(one, values)), 1.0)
    per_instance = -(-LARGEST_SAMPLE // len(values))
    sample = (values.reshape(len(values), -1)[:, :per_instance] / factor).ravel()
    signs = np.sign(sample[: sample.size // 2 * 2]).reshape(-1, 2)
    equal = int(np.sum(signs[:, 0] == signs[:, 1]))
    gap = laws.distance((sample + 1) / 2, laws.uniform_cdf)
    uniform, independent = laws.dkw((sample + 1) / 2, laws.uniform_cdf), laws.binomial(equal, len(signs), 0.5)
    mistake = _name(values, weights) if min(uniform, independent) < laws.FALSE_FAIL_RATE else ""
    shape = Finding(
        f"{network.name}, weights {label}: their distribution is {gap:.3f} away from the uniform one.",
        f"{sample.size} uniform values stay within {_dkw_limit(sample.size):.3f} (but one in 10^8 times).",
        mistake,
        LOOK_AT,
    )
    pairs = Finding(
        f"{network.name}, weights {label}: {equal} of {len(signs)} pairs of neighbours have the same sign.",
        "Independent weights agree in about half of them.",
        mistake,
        LOOK_AT,
    )
    return [
        laws.Test(f"shape {label}", uniform, shape),
        laws.Test(f"signs {label}", independent, pairs),
    ]


def _dkw_limit(n: int) -> float:
    return math.sqrt(math.log(2 / laws.FALSE_FAIL_RATE) / (2 * n))


def _name(values: np.ndarray, weights: np.ndarray) -> str:
    """The recognised mistake that fits these weights, or nothing."""
    fan_in = math.prod(weights.shape[2:])
    fan_out = weights.shape[1] * math.prod(weights.shape[3:])
    if np.ptp(weights) == 0:
        return OTHER_INITIAL_MISTAKES["zeros" if not weights.any() else "constant"].message
    if weights.min() >= 0:
        return OTHER_INITIAL_MISTAKES["positive"].message
    if _orthogonal(weights):
        return OTHER_INITIAL_MISTAKES["orthogonal"].message
    gain = 1 / math.sqrt(2)
    factors = {
        "a=sqrt(5)": 1 / math.sqrt(6),
        "xavier_uniform": math.sqrt(fan_in / (fan_in + fan_out)),
        "fan_out": math.sqrt(fan_in / fan_out),
        "tanh": 5 / 3 * gain,
        "linear": gain,
        "selu": 0.75 * gain,
        "a=0.2": 1 / math.sqrt(1 + 0.2**2),
        "a=1": gain,
    }
    for mistake in UNIFORM_MISTAKES:
        factor = factors[mistake.name]
        if _fits(factor, values) and laws.dkw((values.ravel() / factor + 1) / 2, laws.uniform_cdf) > laws.RETRY_BELOW:
            return mistake.message
    return _name_normal(weights, fan_in, fan_out)


def _name_normal(weights: np.ndarray, fan_in: int, fan_out: int) -> str:
    deviation = float(weights.std())
    if laws.dkw(weights.ravel()[:LARGEST_SAMPLE] / deviation, laws.normal_cdf) < laws.RETRY_BELOW:
        return ""
    deviations = {
        "kaiming_normal": math.sqrt(2 / fan_in),
        "xavier_normal": math.sqrt(2 / (fan_in + fan_out)),
        "N(0, 0.02)": 0.02,
    }
    for mistake in NORMAL_MISTAKES:
        # The deviation of n normal values has the relative standard error 1 / sqrt(2 n); 5.7 of them are 1e-8.
        expected = deviations.get(mistake.name, deviation)
        if abs(deviation / expected - 1) < laws.critical_z() / math.sqrt(2 * weights.size):
            return mistake.message
    return ""


def _orthogonal(weights: np.ndarray) -> bool:
    first = weights[0].reshape(weights.shape[1], -1).astype(np.float64)
    if 1 in first.shape:
        return False
    if first.shape[0] > first.shape[1]:
        first = first.T
    products = first @ first.T
    size = float(np.mean(np.diag(products)))
    return bool(np.abs(products - size * np.eye(len(products))).max() < 1e-3 * size)
