"""Questions 4.6 and 5.4: what was trained, from the files handed in beside the sources. Advice, which fails nobody."""

from __future__ import annotations

from tests.support.advice import image_grids, trained_model
from tests.support.marks import number, tags, visibility, weight
from tests.support.submission import Submission


@number("4.6")
@weight(0)
@visibility("visible")
@tags("gan", "training", "advice")
def test_the_generated_digits(submission: Submission) -> None:
    """Advice: what the grid test_<epoch>.png of the latest epoch shows."""
    submission.advise(image_grids.advise(submission))


@number("5.4")
@weight(0)
@visibility("visible")
@tags("diffusion", "training", "advice")
def test_the_trained_score_network(submission: Submission) -> None:
    """Advice: whether model.ckpt with your own sampler, and samples.npz, spell CS446."""
    submission.advise(trained_model.advise(submission))
