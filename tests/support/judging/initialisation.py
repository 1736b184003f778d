"""The initial weights of the GAN's networks against kaiming_uniform: exact support, and the laws of the draws."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tests.support import laws
from tests.support.homework.assignment import GAN
from tests.support.homework.handout import DNET_SHAPES, gnet_shapes
from tests.support.homework.initialisation import (
    BIASES_LEFT,
    DNET_BOUNDS,
    FRAMEWORK_BIAS,
    FRAMEWORK_DEFAULT,
    GNET_BOUNDS,
    NETWORKS,
    NORMAL_MISTAKES,
    PATTERN_MISTAKES,
    SEEDED,
    SOME_BIASES_LEFT,
    UNIFORM_MISTAKES,
    Bound,
    Deviation,
)
from tests.support.homework.readings import Part, Reading
from tests.support.judging.recognition import Line, carried, carries_forward
from tests.support.judging.structure import latents
from tests.support.observed.losses import images
from tests.support.observed.networks import InitialParameter, initial_parameters
from tests.support.submission import Submission
from tests.support.verdicts import Finding, NotImplementedYet, Wrong, following, settle

ZDIM = 8
LOOK_AT = "Question 4.3; torch.nn.init.kaiming_uniform_ in PyTorch's documentation"
BOUND_ROW = "weights_reach_the_kaiming_bound"
FEWEST_WEIGHTS = 4
"""Two units with so many weights are never equal by chance: each weight has 24 bits."""
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


DNET = Specimens(NETWORKS[0], DNET_SHAPES, (), 64, (*DNET_BOUNDS, *UNIFORM_MISTAKES))
GNET = Specimens(NETWORKS[1], gnet_shapes(ZDIM), (ZDIM,), 16, (*GNET_BOUNDS, *UNIFORM_MISTAKES))


def fresh(submission: Submission, network: Specimens, seed: int = 0, factor: int = 1) -> list[InitialParameter]:
    """The parameters of many fresh networks; raises `NotImplementedYet` when there are none."""
    seen = initial_parameters(
        submission,
        GAN,
        network.name,
        network.shapes,
        [network.given],
        network.count * factor,
        network.positional,
        seed,
    )
    if not any(one.values.ndim > 2 for one in seen.parameters):
        raise NotImplementedYet(f"Not implemented yet: 4.3 ({network.name} has no weights to initialise).")
    return seen.parameters


def judge_each(check: Callable[[Specimens], None]) -> None:
    """Judge both networks; each earns its share of the check."""
    problems, credit = [], 0.0
    for network in (DNET, GNET):
        try:
            check(network)
            credit += network.part.share
        except (Wrong, NotImplementedYet) as problem:
            problems.append(problem)
            credit += network.part.share * problem.credit
    if not problems:
        return
    findings = [finding for problem in problems if isinstance(problem, Wrong) for finding in problem.findings]
    if len(problems) == 2 and not findings:
        raise problems[0]
    margins = [problem.margin for problem in problems if isinstance(problem, Wrong) and problem.margin is not None]
    findings = _merged(findings)
    undone = [Finding(str(problem)) for problem in problems if isinstance(problem, NotImplementedYet)]
    raise Wrong(*findings, *undone, credit=credit, margin=max(margins, default=None))


def _merged(findings: Sequence[Finding]) -> list[Finding]:
    """The findings, those of several layers with one mistake as one."""
    groups: dict[str, list[Finding]] = {}
    for one in findings:
        groups.setdefault(f"{one.yours.partition(',')[0]} {one.mistake}", []).append(one)
    return [
        Finding(
            "\n".join(dict.fromkeys(one.yours for one in group)),
            "\n".join(dict.fromkeys(one.expected for one in group)),
            group[0].mistake,
            group[0].look_at,
        )
        for group in groups.values()
    ]


def require_zero_biases(parameters: Sequence[InitialParameter], network: Specimens) -> None:
    """Raise unless every bias is exactly 0."""
    layers = [(one, after) for one, after in pairwise(parameters) if one.values.ndim > 2]
    # The scale of a normalisation layer, which the table does not have, is one-dimensional as well.
    biases = [one for one in parameters if one.values.ndim == 2 and not one.name.endswith("weight")]
    off = [one for one in biases if not np.all(one.values == 0)]
    if not biases:
        settle(Finding(f"{network.name} has no bias.", "Every bias should start at exactly 0.", "", LOOK_AT))
    if off:
        left = all(any(bias is one and _left(weight.values, bias.values) for weight, bias in layers) for one in off)
        mistake = (BIASES_LEFT if len(off) == len(biases) else SOME_BIASES_LEFT) if left else ""
        text = f"{network.name} starts with biases that are not 0: {'; '.join(map(_described, off))}."
        settle(Finding(text, "Every bias should start at exactly 0.", mistake, LOOK_AT))


def _described(bias: InitialParameter) -> str:
    values = bias.values
    if np.ptp(values) == 0:
        return f"{bias.name} is {values.flat[0]:.4g} everywhere"
    return f"{bias.name} from {values.min():.3g} to {values.max():.3g} with mean {values.mean():.2g}"


def _left(weight: np.ndarray, bias: np.ndarray) -> bool:
    """Whether a bias has the framework's own law: all that it shows, the bound and the shape."""
    bound = FRAMEWORK_BIAS.of(*_fans(weight))
    low, high = _reach(bias / bound)
    shape = laws.dkw((bias.astype(np.float64).ravel() / bound + 1) / 2, laws.uniform_cdf)
    return low <= ABOVE and high >= 1 and shape > laws.RETRY_BELOW


def require_fresh(parameters: Sequence[InitialParameter], network: Specimens) -> None:
    """Raise when two networks start with the same weights."""
    for one in parameters:
        if one.values.ndim > 2 and np.array_equal(one.values[0], one.values[1]) and np.ptp(one.values[0]) > 0:
            text = f"Two {network.name}s built one after the other start with identical weights."
            raise Wrong(Finding(text, "Each should draw its own.", SEEDED, LOOK_AT))


def bound_tests(parameters: Sequence[InitialParameter], network: Specimens, quote: bool) -> list[laws.Test]:
    """For every weight tensor: the largest value is where kaiming_uniform's is, from either side."""
    weights = [one for one in parameters if one.values.ndim > 2]
    common = _common([one.values for one in weights], network)
    return [_bound_test(one.values, network, common, _label(one, quote)) for one in weights]


def law_tests(
    parameters: Sequence[InitialParameter], network: Specimens, note: Callable[[str], None]
) -> list[laws.Test]:
    """For every weight tensor: the bound, the uniform shape, and the independence of signs and of units.

    A bound or a deviation that is recognised is charged with the bound, in another row: what is left here is judged
    under that law, and `note` is told.
    """
    tensors = [(one, _drawn_anew(one.values, note)) for one in parameters if one.values.ndim > 2]
    common = _common([values for _, values in tensors], network)
    tests = []
    for one, values in tensors:
        label = _label(one, quote=False)
        law = _charged_law(values, network, common)
        if law is None:
            tests.append(_bound_test(values, network, common, label))
            if tests[-1].fails:
                continue
        else:
            note(_carried(str(law)))
        tests += _shape_and_signs(values, network, common, label, law)
    return [*tests, _unit_test([values for _, values in tensors], network)]


def _carried(sentence: str) -> str:
    return carried(Line("the law of the weights", BOUND_ROW, ()), sentence)


def _drawn_anew(values: np.ndarray, note: Callable[[str], None]) -> np.ndarray:
    """The weights of all networks, or of one where another row has charged that they are always the same."""
    if not carries_forward() or not np.array_equal(values[0], values[1]) or np.ptp(values[0]) == 0:
        return values
    note(_carried(str(SEEDED)))
    return values[:1]


def _charged_law(weights: np.ndarray, network: Specimens, common: Reading | None) -> Bound | Deviation | None:
    """The law that the row of the bound charges, if these weights have one."""
    if not carries_forward() or _bound_p(weights, network) >= laws.FALSE_FAIL_RATE:
        return None
    found = _recognised(weights, network, common)
    return found if isinstance(found, Bound | Deviation) and found is not FRAMEWORK_DEFAULT else None


def _unit_test(tensors: Sequence[np.ndarray], network: Specimens) -> laws.Test:
    """No two units of a layer begin alike: neither equal in one network, nor with equal signs more often than not."""
    equal, trials = 0, 0
    looked_at: list[np.ndarray] = []
    copied: list[np.ndarray] = []
    for values in tensors:
        count, units = values.shape[:2]
        flat = values.reshape(count, units, -1)
        if units < 2 or flat.shape[2] < FEWEST_WEIGHTS:
            continue
        signs = np.sign(flat[:, : units // 2 * 2])
        equal += int(np.sum(signs[:, ::2] == signs[:, 1::2]))
        trials += signs[:, ::2].size
        looked_at.append(values)
        if len(np.unique(flat[0], axis=0)) < units:
            copied.append(values)
    p = 0.0 if copied else laws.binomial(equal, trials, 0.5) if trials else 1.0
    if p >= laws.FALSE_FAIL_RATE:
        return laws.Test("units", p, Finding(""))
    if copied:
        shapes = ", ".join(str(one.shape[1:]) for one in copied)
        text = f"{network.name}, weights of shape {shapes}: some units of one network start with the same weights."
    else:
        text = (
            f"{network.name}: {equal} of {trials} weights have the same sign as that of the next unit of their layer."
        )
    fitting = (one for one in PATTERN_MISTAKES if all(one.of(values) for values in copied or looked_at))
    pattern = next(fitting, "")
    return laws.Test(
        "units", p, Finding(text, "The units of a layer start with weights of their own.", pattern, LOOK_AT)
    )


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


def _factor(bound: Bound, weights: np.ndarray) -> float:
    """The bound for weights `(count, out, in, ...)` over kaiming_uniform's."""
    fan_in, fan_out = _fans(weights)
    return bound.of(fan_in, fan_out) / math.sqrt(6 / fan_in)


def _fans(weights: np.ndarray) -> tuple[int, int]:
    receptive = math.prod(weights.shape[3:])
    return weights.shape[2] * receptive, weights.shape[1] * receptive


def _fits(factor: float, values: np.ndarray) -> bool:
    low, high = _reach(values)
    return low / ABOVE <= factor <= high


def _bound_p(weights: np.ndarray, network: Specimens) -> float:
    """The law of the largest of n uniform values, for the accepted bound that fits best; beyond all bounds p is 0."""
    largest = _reach(_scaled(weights))[0]
    accepted = [_factor(one, weights) for one in network.bounds if one.credit == 1]
    within = [factor for factor in accepted if largest <= factor * ABOVE]  # none for NaN and infinity
    return max((laws.maximum_of_uniforms(largest / factor, weights.size) for factor in within), default=0.0)


def _bound_test(weights: np.ndarray, network: Specimens, common: Reading | None, label: str) -> laws.Test:
    p = _bound_p(weights, network)
    if p >= laws.FALSE_FAIL_RATE:
        return laws.Test(f"bound {label}", p, Finding(""))
    found = _recognised(weights, network, common)
    if isinstance(found, Bound) and found.credit > 0:
        return laws.Test(f"bound {label}", p, following(found, LOOK_AT))
    bound = math.sqrt(6 / _fans(weights)[0])
    finding = Finding(
        f"{network.name}, weights {label}: {_range(weights)}.",
        f"kaiming_uniform fills the range from -{bound:.4f} to {bound:.4f}, which is sqrt(6 / fan_in).",
        found or "",
        LOOK_AT,
    )
    return laws.Test(f"bound {label}", p, finding)


def _range(weights: np.ndarray) -> str:
    return f"{weights.size} values from {weights.min():.4f} to {weights.max():.4f} with mean {weights.mean():.4f}"


def _shape_and_signs(
    weights: np.ndarray, network: Specimens, common: Reading | None, label: str, law: Bound | Deviation | None
) -> list[laws.Test]:
    values = _scaled(weights)
    known = [one for one in network.bounds if one.credit > 0 and _fits(_factor(one, weights), values)]
    per_instance = -(-LARGEST_SAMPLE // len(values))
    own = law if isinstance(law, Bound) else (*known, network.bounds[0])[0]
    sample = (values.reshape(len(values), -1)[:, :per_instance] / _factor(own, weights)).ravel()
    signs = np.sign(sample[: sample.size // 2 * 2]).reshape(-1, 2)
    equal = int(np.sum(signs[:, 0] == signs[:, 1]))
    places = (sample + 1) / 2
    if isinstance(law, Deviation):
        deviation = law.of(*_fans(weights), float(weights.std()))
        places = laws.normal_cdf(weights.reshape(len(values), -1)[:, :per_instance].ravel() / deviation)
    gap = laws.distance(places, laws.uniform_cdf)
    uniform, independent = laws.dkw(places, laws.uniform_cdf), laws.binomial(equal, len(signs), 0.5)
    found = _recognised(weights, network, common) if min(uniform, independent) < laws.FALSE_FAIL_RATE else None
    mistake = "" if found is None or found in known else found  # a bound that is earned explains nothing else
    shape = Finding(
        f"{network.name}, weights {label}: their distribution is {gap:.3f} away from the uniform one.",
        f"{sample.size} uniform values stay within {_dkw_limit(sample.size):.3f} of it.",
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


def _common(tensors: Sequence[np.ndarray], network: Specimens) -> Reading | None:
    """The first law of all tensors that deviate: one mistake in the class, where some of them alone fit another."""
    deviating = [weights for weights in tensors if _bound_p(weights, network) < laws.FALSE_FAIL_RATE]
    if not deviating:
        return None
    bounds = (one for one in network.bounds if all(_is_uniform(one, weights) for weights in deviating))
    normals = (one for one in NORMAL_MISTAKES if all(_is_normal(one, weights) for weights in deviating))
    return next(bounds, None) or next(normals, None)


def _is_uniform(bound: Bound, weights: np.ndarray) -> bool:
    """Whether the weights look uniform with this bound; what earns something must not be missed by bad luck."""
    values, factor = _scaled(weights), _factor(bound, weights)
    least = laws.FALSE_FAIL_RATE if bound.credit > 0 else laws.RETRY_BELOW
    return _fits(factor, values) and laws.dkw((values.ravel() / factor + 1) / 2, laws.uniform_cdf) > least


def _is_normal(law: Deviation, weights: np.ndarray) -> bool:
    """Whether the weights look normal with this standard deviation."""
    deviation = float(weights.std())
    if not deviation > 0:
        return False
    # The deviation of n normal values has the relative standard error 1 / sqrt(2 n); 5.7 of them are 1e-8.
    slack = laws.critical_z() / math.sqrt(2 * weights.size)
    if not abs(deviation / law.of(*_fans(weights), deviation) - 1) < slack:
        return False
    least = laws.FALSE_FAIL_RATE if law.credit > 0 else laws.RETRY_BELOW
    return laws.dkw(weights.ravel()[:LARGEST_SAMPLE] / deviation, laws.normal_cdf) >= least


def _recognised(weights: np.ndarray, network: Specimens, common: Reading | None) -> Reading | None:
    """The reading other than an accepted bound that fits these weights, or None."""
    patterns = (one for one in PATTERN_MISTAKES if one.of(weights))
    bounds = (one for one in network.bounds if one.credit < 1 and _is_uniform(one, weights))
    normals = (one for one in NORMAL_MISTAKES if _is_normal(one, weights))
    own = common if common is not None and _bound_p(weights, network) < laws.FALSE_FAIL_RATE else None
    return next(patterns, None) or own or next(bounds, None) or next(normals, None)
