"""5.1, hidden: ScoreNet equals its closed form for any sizes, weights and inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise, product

import numpy as np

from tests.hidden import oracles
from tests.hidden.examples import SEEDS, with_examples
from tests.support.homework.assignment import DIFFUSION
from tests.support.homework.networks import SCORENET_INPUTS, SCORENET_OUTPUTS, ScoreInput, ScoreOutput
from tests.support.judging.interpreter import Misfit, Numbers
from tests.support.judging.scorenet import OWNER, read, run, structure, stub_recognised
from tests.support.judging.structure import telling
from tests.support.marks import number, tags, visibility, weight
from tests.support.observed.networks import Outputs, outputs
from tests.support.submission import Submission
from tests.support.verdicts import Blocked, Finding, Wrong, following, settle, wrong

LOOK_AT = "the docstring of ScoreNet: sigma is appended to x, and the network's output is divided by sigma"
OWNER_ROW = OWNER.replace("_", " ")
N_EXAMPLES = 12


def _shapes(n_layers: int, latent_dim: int) -> list[tuple[int, ...]]:
    """Weights and biases in the order of execution."""
    widths = [3, *[latent_dim] * (n_layers - 1), 2]
    return [shape for a, b in pairwise(widths) for shape in ((b, a), (b,))]


@number("5.1")
@weight(0.5)
@visibility("after_published")
@tags("scorenet")
@with_examples(N_EXAMPLES, seed=SEEDS, n=(1, 300), n_layers=(2, 8), latent_dim=(1, 20), power=(-3, 2))
def test_scorenet_output_equals_the_closed_form(
    submission: Submission, seed: int, n: int, n_layers: int, latent_dim: int, power: int
) -> None:
    """ScoreNet's output is that of its layers on (x, sigma), divided by sigma."""
    rng = np.random.Generator(np.random.PCG64(seed))
    weights = oracles.random_weights(_shapes(n_layers, latent_dim), rng)
    x = rng.normal(0, 1, (n, 2)).astype(np.float32)
    sigma = (2.0**power * rng.uniform(0.5, 1, (n, 1))).astype(np.float32)
    seen = _outputs(submission, weights, x, sigma, (n_layers, latent_dim))
    plain = [_fits(seen, weights, x, sigma, _closed_form)] if seen.fitted else []
    ran = seen.passes[0].weights
    if [one.shape for one in ran] == [one.shape for one in weights] and telling(ran):
        plain.append(_fits(seen, ran, x, sigma, _closed_form))
    readings = next(filter(None, plain), None) or _as_it_is(submission, seen, x, sigma, (n_layers, latent_dim))
    if readings is None:
        raise _measured(seen, weights, x, sigma)
    settle(*(_told(one, seen, x, sigma) for one in readings))


Layers = Callable[[Sequence[np.ndarray], np.ndarray], Numbers]
"""The layers of a ScoreNet with given weights, from the first one's input (N, 3)."""


def _closed_form(weights: Sequence[np.ndarray], given: np.ndarray) -> Numbers:
    """The network that is asked for.

    Softplus does not enlarge a difference, and |softplus(x)| <= |x| + log 2 is carried by the absolute network, whose
    own Softplus adds that log 2; the factor 2 is for the three more roundings of each (exp, log1p, sum).
    """
    value = oracles.layers(weights)(given)
    return Numbers(value, 2 * oracles.float32_error(lambda w, data: oracles.layers(w)(data), weights, given))


def _fits(
    seen: Outputs, weights: Sequence[np.ndarray], x: np.ndarray, sigma: np.ndarray, layers: Layers
) -> tuple[ScoreInput, ScoreOutput] | None:
    """How the layers are used, if some reading of their input and their output reproduces every number."""
    x, sigma = x.astype(np.float64), sigma.astype(np.float64)
    for enters, leaves in product(SCORENET_INPUTS, SCORENET_OUTPUTS):
        entering = enters.of(x, sigma)
        if enters.credit < 1 and not _alike(entering, seen.passes[0].first):
            continue
        if entering.shape[1] != weights[0].shape[1]:
            continue
        made = layers(weights, entering)
        last = seen.passes[0].last
        direct = last.shape == x.shape and _alike(leaves.of(last.astype(np.float64), x, sigma), seen.outputs[0])
        if leaves.credit < 1 and not direct:
            continue
        wanted, zero = leaves.of(made.value, x, sigma), leaves.of(0 * made.value, x, sigma)
        # Each output is linear in what the layers make; the input and the division add a few roundings more.
        error = np.abs(leaves.of(made.error, x, sigma) - zero) * 2 + 8 * oracles.ROUNDING * (np.abs(wanted) + np.abs(x))
        if np.all(np.abs(seen.outputs[0] - wanted) <= error):
            return enters, leaves
    return None


def _by_both_ends(seen: Outputs, x: np.ndarray, sigma: np.ndarray) -> tuple[ScoreInput, ScoreOutput] | None:
    """How layers are used whose own activation is charged: by the first one's input and the last one's output."""
    x, sigma = x.astype(np.float64), sigma.astype(np.float64)
    first, last = seen.passes[0].first, seen.passes[0].last.astype(np.float64)
    for enters, leaves in product(SCORENET_INPUTS, SCORENET_OUTPUTS):
        used = last.shape == x.shape and _alike(leaves.of(last, x, sigma), seen.outputs[0])
        if used and _alike(enters.of(x, sigma), first):
            return enters, leaves
    return None


def _alike(values: np.ndarray, seen: np.ndarray) -> bool:
    """Whether float32 made these numbers in a few operations."""
    return values.shape == seen.shape and bool(
        np.all(np.abs(values - seen) <= 16 * oracles.ROUNDING * (1 + np.abs(values)))
    )


def _as_it_is(
    submission: Submission, seen: Outputs, x: np.ndarray, sigma: np.ndarray, size: tuple[int, int]
) -> tuple[ScoreInput, ScoreOutput] | None:
    """How the layers are used in a network that another row has charged, judged as it is."""
    own = structure(submission)
    ran = seen.passes[0].weights
    if not own.carried:
        if not seen.fitted and own.lines:
            raise Blocked(f"Not judged: {own.said}\nThis costs points in the row '{OWNER_ROW}'.")
        return None
    built = read(run(submission, *size))
    if own.sizes is None or not built.has(*own.sizes.of(*size)) or not set(built.differences()) <= set(own.lines):
        return None
    if any(one.of is None for one in built.stretches):
        readings = _by_both_ends(seen, x, sigma)
    else:
        try:
            readings = _fits(seen, ran, x, sigma, built.score) if telling(ran) else None
        except Misfit:
            readings = None
    if readings is not None:
        own.note(submission)
    return readings


def _told(reading: ScoreInput | ScoreOutput, seen: Outputs, x: np.ndarray, sigma: np.ndarray) -> Finding:
    if reading.credit == 1:
        return following(reading, LOOK_AT)
    yours, expected = _entering(seen, x, sigma) if isinstance(reading, ScoreInput) else _leaving(seen, sigma)
    return Finding(yours, expected, reading, LOOK_AT)


def _entering(seen: Outputs, x: np.ndarray, sigma: np.ndarray) -> tuple[str, str]:
    """What the first layer is given for the first point, and what it should be."""
    first = seen.passes[0].first
    given = _row(first[0]) if first.ndim == 2 and len(first) else f"the shape {first.shape}"
    point = f"x = {_row(x[0])} and sigma = {float(sigma[0, 0]):.4g}"
    return (
        f"For {point} the first linear layer is given {given}.",
        f"{_row([*x[0], sigma[0, 0]])}, which is (x, sigma).",
    )


def _leaving(seen: Outputs, sigma: np.ndarray) -> tuple[str, str]:
    """What becomes of the last layer's first number, and what it should be."""
    last, got, level = seen.passes[0].last, seen.outputs[0], float(sigma[0, 0])
    if last.shape != got.shape:
        return f"The score begins with {got.flat[0]:.5f}.", "The score is the network's output divided by sigma."
    return (
        f"At sigma = {level:.4g} the last linear layer makes {last.flat[0]:.5f}; the score is {got.flat[0]:.5f}.",
        f"{last.flat[0] / level:.5f}: the network's output divided by sigma.",
    )


def _row(numbers: Sequence[float]) -> str:
    return f"({', '.join(f'{float(one):.4g}' for one in numbers)})"


def _measured(seen: Outputs, weights: Sequence[np.ndarray], x: np.ndarray, sigma: np.ndarray) -> Wrong:
    """What differs, without a name: the input of the first layer, the use of the last one's output, or the values."""
    findings = []
    first, last = seen.passes[0].first, seen.passes[0].last
    wanted = SCORENET_INPUTS[0].of(x, sigma)
    if first.shape != wanted.shape or np.any(np.abs(first - wanted) > 8 * oracles.ROUNDING * (1 + np.abs(wanted))):
        findings.append(Finding(*_entering(seen, x, sigma), "", LOOK_AT))
    score = SCORENET_OUTPUTS[0].of(last, x, sigma) if last.shape == x.shape else np.full_like(x, np.nan)
    if not np.all(np.abs(score - seen.outputs[0]) <= 8 * oracles.ROUNDING * np.abs(score)):
        findings.append(Finding(*_leaving(seen, sigma), "", LOOK_AT))
    if findings or not seen.fitted:
        listing = ", ".join(str(one.shape) for one in seen.passes[0].weights)
        return Wrong(*findings or [Finding(f"The layers run weights of the shapes {listing}.", "", "", LOOK_AT)])
    made = _closed_form(weights, wanted)
    value = made.value / sigma
    return wrong(
        f"With given weights, x and sigma a value of the score is {seen.outputs[0].flat[0]:.5f}.",
        f"The closed form gives {value.flat[0]:.5f}, within {(made.error / sigma).flat[0]:.0e} (float32 rounding).",
        look_at=LOOK_AT,
    )


def _outputs(
    submission: Submission, weights: oracles.Weights, x: np.ndarray, sigma: np.ndarray, size: tuple[int, int]
) -> Outputs:
    """What `ScoreNet(*size)` with these weights returns, (N, 2)."""
    named = {"n_layers": size[0], "latent_dim": size[1]}
    with stub_recognised(submission):
        seen = outputs(submission, DIFFUSION, "ScoreNet", "5.1", weights, [[x, sigma]], named=named)
    if seen.outputs[0].shape != x.shape:
        text = f"For {len(x)} points ScoreNet returns the shape {seen.outputs[0].shape}."
        raise wrong(text, f"It should be {x.shape}.", look_at=LOOK_AT)
    return seen
