"""5.1, public: what ScoreNet executes, the parameters that it owns, and the forms of sigma that it takes."""

import numpy as np

from tests.support.homework.handout import SCORENET_LATENT_DIM, scorenet_parameter_count
from tests.support.homework.networks import AS_ASKED, REPEATED_LAYERS
from tests.support.homework.readings import Reading, measured
from tests.support.judging import scorenet
from tests.support.marks import number, tags, visibility, weight
from tests.support.observed.recorded import FLOAT32_EPS
from tests.support.submission import Submission
from tests.support.verdicts import Finding, SubmissionRaised, Wrong, following, settle, wrong

EXPECTED = "n_layers (8) linear layers of width latent_dim (128), Softplus between each two, none after the last."
OTHERS = ((3, 5), (2, 7))
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight")


@number("5.1")
@weight(1.0)
@visibility("visible")
@tags("scorenet", "networks")
def test_scorenet_executes_eight_linear_layers(submission: Submission) -> None:
    """ScoreNet runs n_layers linear layers of width latent_dim, Softplus between them."""
    found = scorenet.structure(submission)
    if not found.lines:
        settle(*(following(one, scorenet.LOOK_AT) for one in (AS_ASKED, found.sizes) if one is not None))
        return
    steps = ", ".join(step.operation for step in found.seen.steps)
    listing = "\n".join([*found.lines.values(), f"ScoreNet() executes: {steps}.", *found.costs])
    finding = Finding(listing, EXPECTED, found.mistake, scorenet.LOOK_AT)
    raise Wrong(finding, credit=found.credit)


@number("5.1")
@weight(0.5)
@visibility("visible")
@tags("scorenet", "networks")
def test_scorenet_has_distinct_parameters(submission: Submission) -> None:
    """Every linear layer of ScoreNet has weights of its own: 99,842 parameters."""
    for n_layers, latent_dim in (scorenet.DEFAULT, *OTHERS):
        total = scorenet.distinct_parameters(submission, n_layers, latent_dim)
        expected = scorenet_parameter_count(n_layers, latent_dim)
        if total != expected:
            _judge_as_it_is(submission, (n_layers, latent_dim), total, expected)
    frozen = scorenet.not_trained(submission)
    if frozen:
        raise wrong(frozen, "The optimizer moves every parameter.", look_at=scorenet.LOOK_AT)


def _judge_as_it_is(submission: Submission, size: tuple[int, int], total: int, expected: int) -> None:
    """Raise unless the number follows from what another row has charged."""
    name = f"ScoreNet(n_layers={size[0]}, latent_dim={size[1]})"
    own = scorenet.structure(submission)
    layers = scorenet.layers_of(own.seen)
    distinct, sharing = scorenet.shared_layers(layers)
    mistake: Reading | str = ""
    if sharing and len(layers) < len(NUMBERS):
        run, different, shared = (NUMBERS[count] for count in (len(layers), distinct, sharing))
        mistake = measured(
            REPEATED_LAYERS, f"{run.capitalize()} linear layers run, but only {different} are distinct: {shared}"
        )
    if own.carried:
        needed = scorenet.needed_parameters(submission, *size)
        if total == needed:
            own.note(submission)
            return
        raise wrong(
            f"{name} has {total:,} distinct parameters.",
            f"The linear layers that it runs need {needed:,}.",
            mistake,
            scorenet.LOOK_AT,
        )
    raise wrong(
        f"{name} has {total:,} distinct parameters.", f"There should be {expected:,}.", mistake, scorenet.LOOK_AT
    )


@number("5.1")
@weight(0.5)
@visibility("visible")
@tags("scorenet")
def test_scorenet_accepts_every_form_of_sigma(submission: Submission) -> None:
    """ScoreNet takes sigma as a float, a 0-dimensional tensor or a column (N, 1)."""
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
            expected = "One sigma for all points gives the same answer in every form."
            raise wrong(seen, expected, look_at=look_at, margin=difference / tolerance)
    if np.max(np.abs(_output(submission, "a Python float", 2 * sigma) - column)) <= tolerance:
        text = f"The answer is the same for sigma = {sigma} and sigma = {2 * sigma}."
        raise wrong(text, "The score depends on sigma.", look_at="Question 5.1: x and sigma are inputs")


def _output(submission: Submission, form: str, sigma: object) -> np.ndarray:
    """What ScoreNet returns for sigma in this form, (5, 2)."""
    try:
        seen = scorenet.run(submission, *scorenet.DEFAULT, sigma)
    except SubmissionRaised as error:
        raise wrong(f"With sigma as {form}: {error}", look_at="the docstring of ScoreNet.forward") from None
    if seen.output.shape != scorenet.POINTS.shape:
        shape, expected = seen.output.shape, scorenet.POINTS.shape
        raise wrong(f"With sigma as {form} the answer has the shape {shape}.", f"It should have the shape {expected}.")
    return seen.output.astype(np.float64)
