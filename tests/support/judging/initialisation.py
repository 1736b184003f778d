"""The initial weights of the GAN's networks against kaiming_uniform: exact support, and the laws of the draws."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
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
    PATTERN_MISTAKES,
    SEEDED,
    SOME_BIASES_LEFT,
    UNIFORM_MISTAKES,
    Bound,
    Deviation,
)
from tests.support.homework.readings import Reading
from tests.support.judging.initial_laws import (
    ABOVE,
    LARGEST_SAMPLE,
    Specimens,
    bound_p,
    common_law,
    fans,
    fits,
    reach,
    recognised,
    scaled,
    share_of_bound,
)
from tests.support.judging.recognition import Line, carried, carries_forward
from tests.support.observed.networks import InitialParameter, initial_parameters
from tests.support.submission import Submission
from tests.support.verdicts import Finding, NotImplementedYet, Wrong, following, settle

ZDIM = 8
LOOK_AT = "Question 4.3; torch.nn.init.kaiming_uniform_ in PyTorch's documentation"
BOUND_ROW = "weights_reach_the_kaiming_bound"
FEWEST_WEIGHTS = 4
"""Two units with so many weights are never equal by chance: each weight has 24 bits."""
FEWEST_VALUES = 18
"""Values of the smallest tensor of one network: fewer fit every law, and are judged by the handout's."""
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
    bound = FRAMEWORK_BIAS.of(*fans(weight))
    low, high = reach(bias / bound)
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
    common = common_law([one.values for one in weights], network)
    return [_bound_test(one.values, network, common, _label(one, quote)) for one in weights]


def law_tests(
    parameters: Sequence[InitialParameter], network: Specimens, note: Callable[[str], None]
) -> list[laws.Test]:
    """For every weight tensor: the bound, the uniform shape, and the independence of signs and of units.

    A bound or a deviation that is recognised is charged with the bound, in another row: what is left here is judged
    under that law, and `note` is told.
    """
    tensors = [(one, _drawn_anew(one.values, note)) for one in parameters if one.values.ndim > 2]
    common = common_law([values for _, values in tensors], network)
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
    if not carries_forward() or weights.size < FEWEST_VALUES or bound_p(weights, network) >= laws.FALSE_FAIL_RATE:
        return None
    found = recognised(weights, network, common)
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


def _bound_test(weights: np.ndarray, network: Specimens, common: Reading | None, label: str) -> laws.Test:
    p = bound_p(weights, network)
    if p >= laws.FALSE_FAIL_RATE:
        return laws.Test(f"bound {label}", p, Finding(""))
    found = recognised(weights, network, common)
    if isinstance(found, Bound) and found.credit > 0:
        return laws.Test(f"bound {label}", p, following(found, LOOK_AT))
    bound = math.sqrt(6 / fans(weights)[0])
    finding = Finding(
        f"{network.name}, weights {label}: {_range(weights)}.",
        f"Weights {label}: from -{bound:.4f} to {bound:.4f}. kaiming_uniform's bound is sqrt(6 / fan_in).",
        found or "",
        LOOK_AT,
    )
    return laws.Test(f"bound {label}", p, finding)


def _range(weights: np.ndarray) -> str:
    return f"{weights.size} values from {weights.min():.4f} to {weights.max():.4f} with mean {weights.mean():.4f}"


def _shape_and_signs(
    weights: np.ndarray, network: Specimens, common: Reading | None, label: str, law: Bound | Deviation | None
) -> list[laws.Test]:
    values = scaled(weights)
    known = [one for one in network.bounds if one.credit > 0 and fits(share_of_bound(one, weights), values)]
    per_instance = -(-LARGEST_SAMPLE // len(values))
    own = law if isinstance(law, Bound) else (*known, network.bounds[0])[0]
    sample = (values.reshape(len(values), -1)[:, :per_instance] / share_of_bound(own, weights)).ravel()
    signs = np.sign(sample[: sample.size // 2 * 2]).reshape(-1, 2)
    equal = int(np.sum(signs[:, 0] == signs[:, 1]))
    places = (sample + 1) / 2
    if isinstance(law, Deviation):
        deviation = law.of(*fans(weights), float(weights.std()))
        places = laws.normal_cdf(weights.reshape(len(values), -1)[:, :per_instance].ravel() / deviation)
    gap = laws.distance(places, laws.uniform_cdf)
    uniform, independent = laws.dkw(places, laws.uniform_cdf), laws.binomial(equal, len(signs), 0.5)
    found = recognised(weights, network, common) if min(uniform, independent) < laws.FALSE_FAIL_RATE else None
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
