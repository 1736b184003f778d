"""Question 4.6: a short training of the whole."""

from __future__ import annotations

from tests.support.homework.training import MOVES, WRITES
from tests.support.judging.training import judged_epoch
from tests.support.marks import number, tags, visibility, weight
from tests.support.observed import training
from tests.support.submission import Submission
from tests.support.verdicts import Wrong


@number("4.6")
@weight(1.0)
@visibility("visible")
@tags("gan", "training")
def test_one_epoch_of_training_moves_both_networks(submission: Submission) -> None:
    """One epoch moves both networks (half) and writes the grid of images (half)."""
    epoch = judged_epoch(submission)
    of_the_data = training.problem_with_the_data(epoch)
    if of_the_data:
        raise Wrong(of_the_data)
    of_networks = training.problem_with_the_movement(epoch) or training.problem_with_the_steps(epoch)
    parts = ((MOVES, of_networks), (WRITES, training.problem_with_the_grid(epoch)))
    findings = [finding for _, finding in parts if finding]
    if findings:
        raise Wrong(*findings, credit=sum(part.share for part, finding in parts if not finding))
