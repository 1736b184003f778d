"""5.1, public: what ScoreNet executes, the parameters that it owns, and the forms of sigma that it takes."""

import numpy as np

from tests.support.homework.handout import SCORENET_LATENT_DIM, SCORENET_LAYERS, scorenet_parameter_count
from tests.support.homework.networks import (
    ARGUMENTS_UNUSED,
    AS_ASKED,
    ONE_DIFFERENCE,
    REPEATED_LAYERS,
    WRONG_DEPTHS,
)
from tests.support.homework.readings import Reading, measured
from tests.support.judging import scorenet
from tests.support.marks import number, tags, visibility, weight
from tests.support.observed.recorded import FLOAT32_EPS
from tests.support.submission import Submission
from tests.support.verdicts import Finding, SubmissionRaised, following, settle, wrong

DEFAULT = (SCORENET_LAYERS, SCORENET_LATENT_DIM)
OTHERS = ((3, 5), (2, 7))
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight")


@number("5.1")
@weight(1.0)
@visibility("visible")
@tags("scorenet", "networks")
def test_scorenet_executes_eight_linear_layers(submission: Submission) -> None:
    """ScoreNet runs n_layers linear layers (8) of width latent_dim, with Softplus between and none after the last."""
    seen = scorenet.run(submission, *DEFAULT)
    if seen.returned != "tensor":
        raise wrong("ScoreNet does not return a tensor.", look_at=scorenet.LOOK_AT)
    found = scorenet.differences(seen, *DEFAULT)
    if not found:
        other = scorenet.differences(scorenet.run(submission, *OTHERS[0]), *OTHERS[0])
        if other:
            said = " ".join(other.values())
            found["arguments"] = f"ScoreNet(n_layers=3, latent_dim=5) is not built as asked: {said}"
    if not found:
        settle(following(AS_ASKED, scorenet.LOOK_AT))
        return
    # A network with a layer too many or too few is a slip; one with a layer or two is another network.
    one = len(found) == 1 and abs(len(scorenet.layers_of(seen)) - SCORENET_LAYERS) <= 1
    steps = ", ".join(step.operation for step in seen.steps)
    listing, executed = "\n".join(found.values()), f"ScoreNet() executes: {steps}."
    settle(Finding(listing, executed, ONE_DIFFERENCE if one else "", scorenet.LOOK_AT))


@number("5.1")
@weight(0.5)
@visibility("visible")
@tags("scorenet", "networks")
def test_scorenet_has_distinct_parameters(submission: Submission) -> None:
    """Every linear layer of ScoreNet has weights of its own: 99,842 parameters, and right for other sizes."""
    for n_layers, latent_dim in (DEFAULT, *OTHERS):
        total = scorenet.distinct_parameters(submission, n_layers, latent_dim)
        expected = scorenet_parameter_count(n_layers, latent_dim)
        if total != expected:
            seen = f"ScoreNet(n_layers={n_layers}, latent_dim={latent_dim}) has {total:,} distinct parameters."
            raise wrong(seen, f"It has {expected:,}.", _sharing(submission, total), scorenet.LOOK_AT)


def _sharing(submission: Submission, total: int) -> Reading | str:
    """The recognised cause of a wrong number of parameters, seen on the network of the default size."""
    layers = scorenet.layers_of(scorenet.run(submission, *DEFAULT))
    distinct, sharing = scorenet.shared_layers(layers)
    if sharing and len(layers) < len(NUMBERS):
        run, own, shared = (NUMBERS[count] for count in (len(layers), distinct, sharing))
        return measured(REPEATED_LAYERS, f"{run} linear layers run, but only {own} are distinct: {shared}")
    for depth in WRONG_DEPTHS:
        if total == scorenet_parameter_count(depth.of(SCORENET_LAYERS), SCORENET_LATENT_DIM):
            return depth
    return ARGUMENTS_UNUSED if total == scorenet_parameter_count(*DEFAULT) else ""


@number("5.1")
@weight(0.5)
@visibility("visible")
@tags("scorenet")
def test_scorenet_accepts_every_form_of_sigma(submission: Submission) -> None:
    """ScoreNet gives the same answer for sigma as a float, as a 0-dimensional tensor and as a column (N, 1)."""
    n, sigma = len(scorenet.POINTS), scorenet.SIGMA
    forms = {
        f"a tensor of shape ({n}, 1)": np.full((n, 1), sigma, dtype=np.float32),
        "a 0-dimensional tensor": np.array(sigma, dtype=np.float32),
        "a Python float": sigma,
    }
    column, *others = (_output(submission, form, given) for form, given in forms.items())
    # The sums of one product may run in another order: 128 terms, each off by one rounding.
    tolerance = SCORENET_LATENT_DIM * FLOAT32_EPS * (1 + float(np.max(np.abs(column))))
    for form, output in zip(list(forms)[1:], others, strict=True):
        difference = float(np.max(np.abs(output - column)))
        if not difference <= tolerance:
            seen = f"With sigma = {sigma} as {form} the answer differs from that for a column of the same sigma."
            look_at = "the docstring of ScoreNet.forward"
            raise wrong(seen, "They agree.", look_at=look_at, margin=difference / tolerance)
    if np.max(np.abs(_output(submission, "a Python float", 2 * sigma) - column)) <= tolerance:
        raise wrong("The answer does not depend on sigma.", "It does.", look_at="Question 5.1: x and sigma are inputs")


def _output(submission: Submission, form: str, sigma: object) -> np.ndarray:
    """What ScoreNet returns for sigma in this form, (5, 2)."""
    try:
        seen = scorenet.run(submission, *DEFAULT, sigma)
    except SubmissionRaised as error:
        raise wrong(f"With sigma as {form}: {error}", look_at="the docstring of ScoreNet.forward") from None
    if seen.output.shape != scorenet.POINTS.shape:
        shape, expected = seen.output.shape, scorenet.POINTS.shape
        raise wrong(f"With sigma as {form} the answer has the shape {shape}.", f"It has the shape {expected}.")
    return seen.output.astype(np.float64)
