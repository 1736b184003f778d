"""5.1, hidden: ScoreNet equals its closed form for any sizes, weights and inputs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from tests.hidden import oracles
from tests.hidden.examples import SEEDS, with_examples
from tests.support.homework.assignment import DIFFUSION
from tests.support.homework.networks import SCORENET_FORWARDS, Forward
from tests.support.judging.scorenet import stub_recognised
from tests.support.marks import number, tags, visibility, weight
from tests.support.observed.networks import outputs
from tests.support.submission import Submission
from tests.support.verdicts import Blocked, Finding, following, settle, wrong

LOOK_AT = "the docstring of ScoreNet: sigma is appended to x, and the network's output is divided by sigma"
N_EXAMPLES = 12


def _shapes(n_layers: int, latent_dim: int) -> list[tuple[int, ...]]:
    """Weights and biases in the order of execution."""
    widths = [3, *[latent_dim] * (n_layers - 1), 2]
    return [shape for a, b in pairwise(widths) for shape in ((b, a), (b,))]


@number("5.1")
@weight(0.5)
@visibility("after_published")
@tags("scorenet")
@with_examples(N_EXAMPLES, seed=SEEDS, n=(1, 4), n_layers=(2, 8), latent_dim=(1, 20), power=(-3, 2))
def test_scorenet_output_equals_the_closed_form(
    submission: Submission, seed: int, n: int, n_layers: int, latent_dim: int, power: int
) -> None:
    """With given weights ScoreNet's output is that of its layers on (x, sigma), divided by sigma."""
    rng = np.random.Generator(np.random.PCG64(seed))
    weights = oracles.random_weights(_shapes(n_layers, latent_dim), rng)
    x = rng.normal(0, 1, (n, 2)).astype(np.float32)
    sigma = (2.0**power * rng.uniform(0.5, 1, (n, 1))).astype(np.float32)
    got = _output(submission, weights, x, sigma, (n_layers, latent_dim))
    x, sigma = x.astype(np.float64), sigma.astype(np.float64)
    errors = [_rounding(form, weights, x, sigma) for form in SCORENET_FORWARDS]
    values = [form.of(oracles.layers(weights), x, sigma) for form in SCORENET_FORWARDS]
    wanted, error = values[0], errors[0]
    if np.all(np.abs(got - wanted) <= error):
        settle(following(SCORENET_FORWARDS[0], LOOK_AT))
        return
    k = int(np.argmax(np.abs(got - wanted) - error))
    alike = (
        form
        for form, value, room in zip(SCORENET_FORWARDS[1:], values[1:], errors[1:], strict=True)
        if np.all(np.abs(got - value) <= 2 * room)
    )
    finding = Finding(
        f"With given weights, x and sigma a value of the score is {got.flat[k]:.5f}.",
        f"The closed form gives {wanted.flat[k]:.5f}, within {error.flat[k]:.0e} (float32 rounding).",
        max(alike, key=lambda form: form.credit, default=""),  # of several that cannot be told apart the best
        LOOK_AT,
    )
    settle(finding, margin=float(np.max(np.abs(got - wanted) / error)))


def _rounding(form: Forward, weights: oracles.Weights, x: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """How far float32 may be from a closed form.

    Softplus does not enlarge a difference, and |softplus(x)| <= |x| + log 2 is carried by the absolute network, whose
    own Softplus adds that log 2; the factor 2 is for the three more roundings of each (exp, log1p, sum).
    """
    return 2 * oracles.float32_error(lambda w, data: form.of(oracles.layers(w), data, sigma), weights, x)


def _output(
    submission: Submission, weights: oracles.Weights, x: np.ndarray, sigma: np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    """What `ScoreNet(*size)` with these weights returns, (N, 2)."""
    named = {"n_layers": size[0], "latent_dim": size[1]}
    with stub_recognised(submission):
        seen = outputs(submission, DIFFUSION, "ScoreNet", "5.1", weights, [[x, sigma]], named=named)
    if not seen.fitted:
        raise Blocked("The weights do not fit into the layers that ScoreNet executes: see the rows of 5.1.")
    if seen.outputs[0].shape != x.shape:
        raise wrong(f"For {len(x)} points ScoreNet returns the shape {seen.outputs[0].shape}.", f"It is {x.shape}.")
    return seen.outputs[0]
