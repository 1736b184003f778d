"""5.2, public: the denoising loss is a differentiable scalar, and right for one point that can be checked by hand."""

import numpy as np

from tests.support.homework.assignment import DIFFUSION
from tests.support.homework.denoising import DENOISING_TARGETS, DENOISING_WEIGHTS, NO_GRADIENT, NOT_AVERAGED
from tests.support.judging.denoising import deviating, loss_by, matched, not_called, recognise_loss
from tests.support.marks import number, tags, visibility, weight
from tests.support.observed.denoising import DenoisingLoss, Evaluation, float32
from tests.support.observed.recorded import require_result
from tests.support.submission import Submission
from tests.support.verdicts import Finding, following, settle, wrong

ONE_POINT = np.array([[1.0, -2.0]])
# Three equal levels: the draw of sigma has no influence on the value. 0.6, so that no two of its powers that a
# mistake might use, times 1/4, 1/2 or 1, are equal.
EQUAL_SIGMAS = (0.6, 0.6, 0.6)
LOSS_LINE = "Alg. 1, lines 3 to 5"


@number("5.2")
@weight(0.5)
@visibility("visible")
@tags("denoising")
def test_denoising_loss_is_a_differentiable_scalar(submission: Submission) -> None:
    """The denoising loss is one number, and differentiable with respect to the network's scores."""
    evaluation = submission.observe(
        DenoisingLoss,
        DIFFUSION,
        "denoising_loss",
        data=np.arange(14.0).reshape(7, 2),
        sigmas=[0.9, 0.5, 0.2],
        score="waves",
        calls=1,
        shift=1.0,
    ).evaluations[0]
    if not evaluation.refused:
        require_result(evaluation, "5.2", "compute_denoising_loss")
    _judge_contract(evaluation)
    _judge_form(evaluation)


def _judge_contract(evaluation: Evaluation) -> None:
    """The network must be able to take the calls that the loss makes."""
    if evaluation.refused:
        raise wrong(
            f"A call that ScoreNet cannot take: {evaluation.refused}.",
            "ScoreNet takes x (N, 2) float32 with sigma (N, 1) float32, a 0-dimensional tensor or a Python float.",
            look_at="the docstring of ScoreNet.forward, and the shapes in your compute_denoising_loss",
        )
    if len(evaluation.sizes) == 0:
        raise not_called(evaluation)


def _judge_form(evaluation: Evaluation) -> None:
    """One finite value in a tensor, from which a gradient flows to every score."""
    returned = evaluation.returned
    shape = tuple(returned.shape)
    if returned.kind != "Tensor" and not returned.values.size:
        raise wrong(
            f"compute_denoising_loss returns an object of type {returned.kind}.", "It is a scalar torch tensor."
        )
    if returned.values.size != 1:
        averaged = NOT_AVERAGED if shape in ((7,), (7, 1)) else ""
        look_at = "5.2: the loss averaged over all training samples"
        settle(Finding(f"The loss of 7 samples has the shape {shape}.", "It is one number.", averaged, look_at))
    if not np.isfinite(returned.values).all():
        values = ", ".join(f"{value:g}" for value in returned.values.ravel())
        raise wrong(f"The loss is {values}.", "For finite samples and scores it is finite.")
    if not returned.differentiable or not np.any(evaluation.gradient):
        finding = Finding(
            "No gradient flows from the loss back to the network's scores.",
            "Training needs the derivative of the loss with respect to the network's output.",
            NO_GRADIENT,
            "5.2: the training step",
        )
        settle(finding)


@number("5.2")
@weight(0.5)
@visibility("visible")
@tags("denoising")
def test_denoising_loss_of_one_point_matches_the_hand_computed_case(submission: Submission) -> None:
    """For one training point the loss is the number that Algorithm 1 gives by hand, with s(x, sigma) = -x."""
    evaluation = submission.observe(
        DenoisingLoss,
        DIFFUSION,
        "denoising_loss",
        data=ONE_POINT,
        sigmas=list(EQUAL_SIGMAS),
        score="linear",
        calls=1,
        shift=1.0,
    ).evaluations[0]
    require_result(evaluation, "5.2", "compute_denoising_loss")
    if len(evaluation.sizes) == 0:
        raise not_called(evaluation)
    _judge_by_hand(evaluation)


def _judge_by_hand(evaluation: Evaluation) -> None:
    """Follow Alg. 1 line by line for the x~ that was drawn, and compare."""
    batch = matched(evaluation, ONE_POINT, EQUAL_SIGMAS)
    expected, tolerance = loss_by(batch, DENOISING_WEIGHTS[0], DENOISING_TARGETS[0])
    loss = float(np.mean(evaluation.returned.values)) if evaluation.returned.values.size else float("nan")
    if abs(loss - expected) <= tolerance:
        settle(*(following(table[0], LOSS_LINE) for table in (DENOISING_WEIGHTS, DENOISING_TARGETS)))
        return
    sigma = float32(EQUAL_SIGMAS)[0]
    (x1, x2), (s1, s2) = batch.perturbed[0], batch.scores[0]
    t1, t2 = batch.displacement[0] / sigma**2
    finding = Finding(
        f"For x = (1, -2), sigma = 0.6 and your x~ = ({x1:.4f}, {x2:.4f}) the loss is {loss:.5g}.",
        f"By hand: s = ({s1:.4f}, {s2:.4f}), (x~ - x)/sigma^2 = ({t1:.4f}, {t2:.4f}), their sum has the squared norm "
        f"{(s1 + t1) ** 2 + (s2 + t2) ** 2:.5g}; times lambda/2 = 0.18 that is {expected:.5g}.",
        deviating(recognise_loss(batch, loss)),
        LOSS_LINE,
    )
    settle(finding, margin=abs(loss - expected) / tolerance)
