"""The training of 4.6, without what a loss costs in 4.4 or 4.5."""

from __future__ import annotations

from tests.support.judging.losses import stops_training
from tests.support.judging.recognition import carries_forward
from tests.support.observed.training import Epoch, one_epoch, problem_with_the_data, problem_with_the_movement
from tests.support.submission import Submission
from tests.support.verdicts import SubmissionRaised

LOSSES = {"4.4": "_get_loss_d", "4.5": "_get_loss_g"}
"""The methods whose value and gradient the questions judge."""

STAND_IN = "Here the training ran with another loss in its place. It costs nothing more."


def judged_epoch(submission: Submission) -> Epoch:
    """One epoch; where it fails and a loss is charged for that, one with another loss in its place."""
    failure: SubmissionRaised | None = None
    epoch: Epoch | None = None
    try:
        epoch = one_epoch(submission)
        if problem_with_the_data(epoch) is None and problem_with_the_movement(epoch) is None:
            return epoch
    except SubmissionRaised as error:
        failure = error
    stopped = tuple(name for question, name in LOSSES.items() if stops_training(submission, question))
    if carries_forward() and stopped:
        epoch = one_epoch(submission, stopped)
        for name in stopped:
            submission.note(f"{name} raises or gives no gradient, which costs points in its own question. " + STAND_IN)
    elif failure is not None:
        raise failure
    assert epoch is not None
    return epoch
