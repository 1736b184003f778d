"""Questions 4.1 and 4.2 on values: both networks equal their closed forms, for any weights and inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tests.hidden import oracles
from tests.hidden.examples import SEEDS, with_examples
from tests.support.homework.assignment import GAN
from tests.support.homework.handout import DNET_SHAPES, gnet_shapes
from tests.support.homework.networks import FLAT_LOGITS, LAYOUTS, ZDIM_UNUSED, Layout
from tests.support.judging import interpreter
from tests.support.judging.interpreter import Misfit, Numbers, Unknown
from tests.support.judging.recognition import Line, carried, carries_forward
from tests.support.judging.structure import DNET, GNET, Network, Structure, structure, telling, zdim_unused
from tests.support.marks import number, tags, visibility, weight
from tests.support.observed.networks import Outputs, outputs
from tests.support.submission import Submission
from tests.support.verdicts import Blocked, Finding, Verdict, Wrong, following, settle, wrong

BATCHES = (2, 20)
IMAGES = (8, 70)
N_EXAMPLES = 5
"""One example is enough to tell two networks apart: each compares every output under random weights."""


Oracle = Callable[[oracles.Weights, np.ndarray], Numbers]
"""A closed form with its error, from weights and a batch."""


def judge_values(
    submission: Submission,
    network: Network,
    oracle: Oracle,
    weights: oracles.Weights,
    batches: Sequence[np.ndarray],
    zdim: int | None = None,
) -> list[np.ndarray]:
    """What the network returns for each batch; raises `Wrong` unless that is the closed form of the weights that ran.

    A network whose executed operations are charged elsewhere is judged by what those operations make of its weights.
    """
    positional = [] if zdim is None else [zdim]
    seen = outputs(submission, GAN, network.name, network.question, weights, [[one] for one in batches], positional)
    problem = next(
        filter(None, (_against_table(seen, k, network, oracle, weights, batches) for k in _range(seen))), None
    )
    if problem is not None:
        _under_own_operations(submission, network, seen, batches, problem)
    settle(following(LAYOUTS[0], network.look_at))
    return seen.outputs


def _range(seen: Outputs) -> range:
    return range(len(seen.outputs))


def _against_table(
    seen: Outputs,
    k: int,
    network: Network,
    oracle: Oracle,
    weights: oracles.Weights,
    batches: Sequence[np.ndarray],
) -> Wrong | Blocked | None:
    """What is wrong with the output of one batch, by the table's closed form."""
    ran = seen.passes[k].weights
    shapes = [one.shape for one in weights]
    candidates = [weights] if seen.fitted else []
    if [one.shape for one in ran] == shapes and telling(ran):
        candidates.append(ran)
    problem = None
    for one in candidates:
        found = _difference(seen.outputs[k], oracle(one, batches[k]), network)
        if found is None:
            return None
        problem = problem or found
    if problem is None:
        return Blocked(
            f"Not judged: {network.name} does not run the weights of {network.title}. Its layers have\n"
            f"  {_listed(ran)}\nand {network.title} has\n  {_listed(weights)}"
        )
    return problem


def _listed(weights: Sequence[np.ndarray]) -> str:
    return ", ".join(str(one.shape) for one in weights) or "none"


def _difference(got: np.ndarray, wanted: Numbers, network: Network) -> Wrong | None:
    """How an output differs from what it should be, as (N,) or not."""
    what = "a logit" if network is DNET else "a pixel"
    if got.size != wanted.value.size or (got.shape != wanted.value.shape and network is not DNET):
        return wrong(
            f"{network.name} returns the shape {got.shape} for {len(wanted.value)} inputs.",
            f"It should be {wanted.value.shape}.",
            look_at=network.look_at,
        )
    distance = np.abs(got.astype(np.float64).reshape(wanted.value.shape) - wanted.value)
    if np.all(distance <= wanted.error):
        return None
    k = int(np.argmax(np.nan_to_num(distance - wanted.error, nan=np.inf)))
    return wrong(
        f"With given weights and inputs {what} is {got.flat[k]:.5f}.",
        f"{network.title} gives {wanted.value.flat[k]:.5f}, within {wanted.error.flat[k]:.0e} (float32 rounding).",
        look_at=f"{network.title} and the Remarks below it",
        margin=float(np.max(distance / wanted.error)),
    )


def _under_own_operations(
    submission: Submission, network: Network, seen: Outputs, batches: Sequence[np.ndarray], problem: Verdict
) -> None:
    """Judge by the executed operations, where they deviate in a line or two; raises the problem otherwise."""
    own = structure(submission, network)
    if own.deviations and not own.carried:
        raise problem
    for layout in LAYOUTS:
        differences = [_own_difference(own, seen, k, batches, layout) for k in _range(seen)]
        if not any(differences):
            if layout.credit < 1:
                settle(_named(problem, layout))
            own.note(submission)
            return
        if layout is LAYOUTS[0] and own.deviations:
            problem = next(filter(None, differences))
    raise problem


def _own_difference(
    own: Structure, seen: Outputs, k: int, batches: Sequence[np.ndarray], layout: Layout
) -> Wrong | Blocked | None:
    ran = seen.passes[k].weights
    try:
        if not telling(ran):
            raise Misfit
        wanted = interpreter.outputs(own.compared.executed, ran, batches[k], layout)
    except Unknown as unknown:
        if layout is LAYOUTS[0]:
            raise own.blocked(unknown) from None
        return own.blocked(unknown)
    except Misfit:
        return Blocked(
            f"Not judged: the weights that {own.network.name} runs do not fit the operations that it executes:\n"
            f"  {_listed(ran)}"
        )
    found = _difference(seen.outputs[k], wanted, own.network)
    if found is None or not own.deviations:
        return found
    beside = "; ".join(own.deviations)
    expected = f"With its own operations ({beside}) it should be {wanted.value.flat[0]:.5f} for the first number."
    return Wrong(Finding(found.findings[0].yours, expected, "", own.network.look_at), margin=found.margin)


def _named(problem: Verdict, layout: Layout) -> Finding:
    measured = problem.findings[0] if isinstance(problem, Wrong) else Finding(str(problem))
    return Finding(measured.yours, measured.expected, layout, measured.look_at)


@number("4.1")
@weight(0.5)
@visibility("after_published")
@tags("gan", "networks")
@with_examples(N_EXAMPLES, seed=SEEDS, n=IMAGES)
def test_dnet_logits_equal_the_closed_form(submission: Submission, seed: int, n: int) -> None:
    """DNet's logits (N, 1) have the values of Table 1's closed form, for any N."""
    rng = np.random.Generator(np.random.PCG64(seed))
    weights = oracles.random_weights(DNET_SHAPES, rng)
    # Of both signs and many: for pixels in [0, 1] most units are on for every image or for none.
    batches = [rng.uniform(-3, 3, (size, 1, 28, 28)).astype(np.float32) for size in (n, 1)]
    logits = judge_values(submission, DNET, _dnet, weights, batches)
    flat = [one.shape for one in logits if one.ndim != 2 or one.shape[1] != 1]
    if flat:
        text = f"DNet returns the shape {flat[0]} for {n} images."
        settle(Finding(text, f"It should be ({n}, 1).", FLAT_LOGITS, "Table 1, row 9"))


def _dnet(weights: oracles.Weights, images: np.ndarray) -> Numbers:
    return Numbers(oracles.dnet(weights, images), oracles.float32_error(oracles.dnet, weights, images))


@number("4.2")
@weight(0.5)
@visibility("after_published")
@tags("gan", "networks")
@with_examples(N_EXAMPLES, seed=SEEDS, n=BATCHES, zdim=(1, 70))
def test_gnet_images_equal_the_closed_form(submission: Submission, seed: int, n: int, zdim: int) -> None:
    """GNet's images have the values of Table 2's closed form, for any zdim and N."""
    rng = np.random.Generator(np.random.PCG64(seed))
    taken = zdim_unused(submission, zdim) if carries_forward() else None
    if taken is not None:
        submission.note(carried(Line("zdim", "gnet_parameters_follow_table_2", ()), str(ZDIM_UNUSED)))
        zdim = taken
    weights = oracles.random_weights(gnet_shapes(zdim), rng)
    batches = [rng.uniform(-1, 1, (size, zdim)).astype(np.float32) for size in (n, 1)]
    judge_values(submission, GNET, _gnet, weights, batches, zdim)


def _gnet(weights: oracles.Weights, z: np.ndarray) -> Numbers:
    # The sigmoid's slope is at most 1/4; it adds 4 roundings of its own.
    error = oracles.float32_error(oracles.gnet_before_sigmoid, weights, z) / 4 + 4 * oracles.ROUNDING
    return Numbers(oracles.sigmoid(oracles.gnet_before_sigmoid(weights, z)), error)
