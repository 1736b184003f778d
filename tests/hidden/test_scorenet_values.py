"""5.1, hidden: ScoreNet equals its closed form for any sizes, weights and inputs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from tests.hidden import oracles
from tests.hidden.examples import SEEDS, with_examples
from tests.support.judging.scorenet import stub_recognised
from tests.support.marks import number, tags, visibility, weight
from tests.support.observed.networks import outputs
from tests.support.submission import DIFFUSION, Submission
from tests.support.verdicts import Blocked, wrong

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
    wanted = oracles.scorenet(weights, x, sigma)
    # Softplus does not enlarge a difference, and |softplus(x)| <= |x| + log 2 is carried by the absolute network, whose
    # own Softplus adds that log 2; the factor 2 is for the three more roundings of each (exp, log1p, sum).
    error = 2 * oracles.float32_error(lambda w, data: oracles.scorenet(w, data, sigma), weights, x)
    if not np.all(np.abs(got - wanted) <= error):
        k = int(np.argmax(np.abs(got - wanted) - error))
        raise wrong(
            f"With given weights, x and sigma a value of the score is {got.flat[k]:.5f}.",
            f"The closed form gives {wanted.flat[k]:.5f}, within {error.flat[k]:.0e} (float32 rounding).",
            _mistake(weights, x, sigma, got, error),
            "the docstring of ScoreNet: sigma is appended to x, and the network's output is divided by sigma",
            margin=float(np.max(np.abs(got - wanted) / error)),
        )


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


def _mistake(weights: oracles.Weights, x: np.ndarray, sigma: np.ndarray, got: np.ndarray, error: np.ndarray) -> str:
    """The recognised forward that gives these values."""
    right = oracles.scorenet(weights, x, sigma)
    swapped = [weights[0][:, [1, 2, 0]], *weights[1:]]
    no_sigma = [np.concatenate([weights[0][:, :2], 0 * weights[0][:, 2:]], axis=1), *weights[1:]]
    forms = {
        "The network's output is not divided by sigma.": (right * sigma, sigma),
        "The network's output is multiplied by sigma.": (right * sigma**2, sigma**2),
        "The network's output is divided by sigma^2.": (right / sigma, 1 / sigma),
        "The input is (sigma, x); sigma is appended to x: (x, sigma).": (oracles.scorenet(swapped, x, sigma), 1.0),
        "sigma is not among the inputs.": (oracles.scorenet(no_sigma, x, sigma), 1.0),
    }
    fits = (name for name, (values, scale) in forms.items() if np.all(np.abs(got - values) <= 2 * error * scale))
    return next(fits, "")
