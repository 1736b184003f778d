"""Questions 4.4 and 4.5, smoke checks: each loss is one finite number that can be differentiated."""

from __future__ import annotations

from tests.support.judging.losses import require_loss
from tests.support.marks import number, tags, visibility, weight
from tests.support.submission import Submission


@number("4.4")
@weight(0)
@visibility("visible")
@tags("gan", "losses")
def test_discriminator_loss_is_a_finite_scalar(submission: Submission) -> None:
    """The discriminator loss is a finite number with a gradient (value: later)."""
    require_loss(submission, "4.4")


@number("4.5")
@weight(0)
@visibility("visible")
@tags("gan", "losses")
def test_generator_loss_is_a_finite_scalar(submission: Submission) -> None:
    """The generator loss is one finite number with a gradient (value: later)."""
    require_loss(submission, "4.5")
