"""5.2, public: the denoising loss is a differentiable scalar, and right for one point that can be checked by hand."""

import numpy as np

from tests.support.homework.assignment import DIFFUSION
from tests.support.homework.denoising import NO_GRADIENT, NOT_AVERAGED
from tests.support.judging.denoising import charged, diagnose, note_the_others, one_point
from tests.support.judging.denoising_measured import by_hand
from tests.support.judging.denoising_prediction import HANDOUT, deviation
from tests.support.judging.matching import Batch, not_called
from tests.support.marks import number, tags, visibility, weight
from tests.support.observed.denoising import DenoisingLoss, Evaluation
from tests.support.observed.recorded import require_result
from tests.support.submission import Submission
from tests.support.verdicts import Finding, Wrong, settle, wrong

BY_HAND = "denoising_loss_of_one_point_matches_the_hand_computed_case"


@number("5.2")
@weight(0.5)
@visibility("visible")
@tags("denoising")
def test_denoising_loss_is_a_differentiable_scalar(submission: Submission) -> None:
    """The denoising loss is one number, with a gradient for the network's scores."""
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
            "No gradient comes back from the loss to the network's scores.",
            "Training needs the derivative of the loss with respect to the network's output.",
            NO_GRADIENT,
            "5.2: the training step",
        )
        settle(finding)
    if not np.isfinite(evaluation.gradient).all():
        raise wrong(
            "The gradient of the loss with respect to the scores is not finite.",
            "For finite samples and scores it is finite.",
            look_at="5.2: the training step",
        )


@number("5.2")
@weight(0.5)
@visibility("visible")
@tags("denoising")
def test_denoising_loss_of_one_point_matches_the_hand_computed_case(submission: Submission) -> None:
    """For one point the loss is what Algorithm 1 gives by hand, with s(x, sigma) = -x."""
    _judge_by_hand(submission, one_point(submission))


def _judge_by_hand(submission: Submission, batch: Batch) -> None:
    """Follow Alg. 1 line by line for the x~ that was drawn, under the readings that another row charges."""
    if not np.isfinite(batch.perturbed).all():
        raise Wrong(by_hand(batch))
    diagnosis = diagnose([batch])
    if not diagnosis.explained:
        raise Wrong(by_hand(batch), margin=deviation(batch, HANDOUT))
    if charged(diagnosis, BY_HAND, ("weight", "target", "norm")):
        raise Wrong(by_hand(batch), credit=min(diagnosis.reading(line).credit for line in diagnosis.deviating))
    note_the_others(submission, diagnosis, BY_HAND)
