"""What a ScoreNet executes, compared with Question 5.1: linear layers with Softplus between each two."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np

from tests.support.homework.assignment import DIFFUSION
from tests.support.homework.networks import ACTIVATIONS, NO_ACTIVATION, SOMETHING_ELSE, Activation
from tests.support.observed.networks import Execution, Operation, execution, parameter_table
from tests.support.observed.recorded import FLOAT32_EPS
from tests.support.submission import Submission
from tests.support.verdicts import SubmissionRaised

POINTS = np.array([[0.8, -0.3], [-1.7, 0.4], [0.1, 1.2], [2.2, -0.9], [-0.6, -2.1]], dtype=np.float32)
SIGMA = 0.37
QUESTION = "5.1"
LOOK_AT = "Question 5.1: 8 linear layers with Softplus as the activation function, and the docstring of ScoreNet"


def run(submission: Submission, n_layers: int, latent_dim: int, sigma: Any = None) -> Execution:
    """One forward pass of `ScoreNet(n_layers, latent_dim)` on five points."""
    column = np.full((len(POINTS), 1), SIGMA, dtype=np.float32) if sigma is None else sigma
    named = {"n_layers": n_layers, "latent_dim": latent_dim}
    with stub_recognised(submission):
        return execution(submission, DIFFUSION, "ScoreNet", QUESTION, [POINTS, column], named=named)


@contextmanager
def stub_recognised(submission: Submission) -> Iterator[None]:
    """Turn an exception of a ScoreNet without any layers into `NotImplementedYet`: `self.net` is still missing."""
    try:
        yield
    except SubmissionRaised:
        parameter_table(submission, DIFFUSION, "ScoreNet", QUESTION)
        raise


def layers_of(seen: Execution) -> list[Operation]:
    """The executed linear layers."""
    return [step for step in seen.steps if step.operation == "linear"]


def differences(seen: Execution, n_layers: int, latent_dim: int) -> dict[str, str]:
    """What differs from Question 5.1, a sentence for each kind of difference."""
    layers = layers_of(seen)
    found: dict[str, str] = {}
    if len(layers) != n_layers:
        found["number"] = f"{len(layers)} linear layers run; with n_layers = {n_layers} there are {n_layers}."
    if not layers:
        return found
    strange = sorted({step.operation for step in seen.steps} & {"dropout", "batch_norm", "layer_norm", "group_norm"})
    if strange:
        found["extra"] = f"Extra operations run: {', '.join(strange)}."
    widths = [layers[0].in_channels, *(step.out_channels for step in layers)]
    if (widths[0], widths[-1]) != (3, 2):
        found["ends"] = f"The network maps {widths[0]} values to {widths[-1]}; it maps 3 (x with sigma appended) to 2."
    if any(width != latent_dim for width in widths[1:-1]):
        found["widths"] = f"The widths between the layers are {widths[1:-1]}; each is latent_dim = {latent_dim}."
    if not all(step.bias for step in layers):
        found["bias"] = f"{sum(not step.bias for step in layers)} linear layers have no bias."
    between = [_activation(a.output, b.input) for a, b in pairwise(layers)]
    wrong_ones = [one.name for one in between if one is not ACTIVATIONS[0]]
    if wrong_ones:
        listing = ", ".join(f"{count} x {name}" for name, count in Counter(wrong_ones).items())
        found["activation"] = f"Between the linear layers there is {listing}, where Softplus belongs."
    last = _after_last(layers[-1].output, seen.output)
    if last:
        found["last"] = f"After the last linear layer there is {last}; nothing follows it but the division by sigma."
    return found


def _activation(before: np.ndarray, after: np.ndarray) -> Activation:
    """The activation that makes one array of the other, by its values."""
    if before.shape != after.shape:
        return SOMETHING_ELSE
    size = FLOAT32_EPS * 16 * (1 + np.abs(before))  # a few float32 operations on values of this size
    for activation in ACTIVATIONS:
        if np.all(np.abs(activation.of(before.astype(np.float64)) - after) <= size):
            return activation
    return SOMETHING_ELSE


def _after_last(last: np.ndarray, output: np.ndarray) -> str:
    """An activation between the last layer and the output; forward itself, with its division, is judged by values."""
    if last.shape != output.shape:
        return ""
    for scaled in (output * SIGMA, output):
        found = _activation(last, scaled)
        if found is not SOMETHING_ELSE:
            return "" if found is NO_ACTIVATION else found.name
    return ""


def shared_layers(layers: Sequence[Operation]) -> tuple[int, int]:
    """How many of the executed layers have weights of their own or shared ones: (distinct, sharing)."""
    uses = Counter(tuple(step.parameters) for step in layers)
    return len(uses), sum(count for count in uses.values() if count > 1)


def distinct_parameters(submission: Submission, n_layers: int, latent_dim: int) -> int:
    """Scalars in distinct parameters of `ScoreNet(n_layers, latent_dim)`."""
    named = {"n_layers": n_layers, "latent_dim": latent_dim}
    table = parameter_table(submission, DIFFUSION, "ScoreNet", QUESTION, named=named)
    return sum({one.identity: int(np.prod(one.shape)) for one in table.parameters}.values())
