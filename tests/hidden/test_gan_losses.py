"""Questions 4.4 and 4.5: both losses are binary cross entropy, in value and in gradient."""

from __future__ import annotations

from tests.support.judging.losses import judge_extreme, judge_loss, judge_one_image
from tests.support.marks import number, tags, visibility, weight
from tests.support.observed.losses import EXTREME, Draw
from tests.support.submission import Submission

SURE = Draw(4, EXTREME)


@number("4.4")
@weight(1.0)
@visibility("after_published")
@tags("gan", "losses")
def test_discriminator_loss_is_binary_cross_entropy(submission: Submission) -> None:
    """The discriminator loss has the value and gradient of binary cross entropy."""
    judge_loss(submission, "4.4")


@number("4.4")
@weight(0.25)
@visibility("after_published")
@tags("gan", "losses")
def test_discriminator_loss_of_one_image(submission: Submission) -> None:
    """The discriminator loss is right for a batch of one image."""
    judge_one_image(submission, "4.4")


@number("4.4")
@weight(0.25)
@visibility("after_published")
@tags("gan", "losses")
def test_discriminator_loss_stays_finite_at_extreme_logits(submission: Submission) -> None:
    """The discriminator loss and its gradient stay finite for logits of +-200."""
    judge_extreme(submission, "4.4", SURE)


@number("4.5")
@weight(1.0)
@visibility("after_published")
@tags("gan", "losses")
def test_generator_loss_is_binary_cross_entropy(submission: Submission) -> None:
    """The generator loss has the value and the gradient of -log D(G(z))."""
    judge_loss(submission, "4.5")


@number("4.5")
@weight(0.25)
@visibility("after_published")
@tags("gan", "losses")
def test_generator_loss_of_one_image(submission: Submission) -> None:
    """The generator loss is right for a batch of one image."""
    judge_one_image(submission, "4.5")


@number("4.5")
@weight(0.25)
@visibility("after_published")
@tags("gan", "losses")
def test_generator_loss_stays_finite_at_extreme_logits(submission: Submission) -> None:
    """The generator loss and its gradient stay finite for logits of +-200."""
    judge_extreme(submission, "4.5", SURE)
