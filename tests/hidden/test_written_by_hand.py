"""What people grade of Problems 1 to 3, hidden until they have: each row says what they look for."""

from __future__ import annotations

from tests.support.marks import number, tags, visibility, weight
from tests.support.submission import Submission


@number("1.2")
@weight(0.5)
@visibility("after_published")
@tags("written", "by hand")
def test_step_from_the_game_to_the_divergence(submission: Submission) -> None:
    """By hand: the derivation puts D* into Eq. 1 and arrives at the divergence."""
    submission.leave_to_people(
        "0.5: D* is put into both terms of Eq. 1, and each denominator is made a mixture by a factor 2, which gives "
        "the two KL divergences and the constant.\n"
        "0.25: the result is there, and one of the two steps is missing.\n"
        "0: the result is only stated."
    )


@number("1.3")
@weight(0.5)
@visibility("after_published")
@tags("written", "by hand")
def test_explanation_of_vanishing_gradients(submission: Submission) -> None:
    """By hand: the explanation says why the generator learns nothing from a perfect discriminator."""
    submission.leave_to_people(
        "0.5: for generated samples D is near 0, where log(1 - D) is flat as a function of D's logit, so that the "
        "generator's gradient is near 0.\n"
        "0.25: the gradient is said to be 0, without a reason.\n"
        "0: another problem of GANs is described."
    )


@number("2.2")
@weight(0.5)
@visibility("after_published")
@tags("written", "by hand")
def test_explanation_of_the_density(submission: Submission) -> None:
    """By hand: the explanation says what stands in the way of the density, or what is estimated instead."""
    submission.leave_to_people(
        "0.5: an integral over all paths has no closed form, or: the ELBO is estimated instead.\n0: neither."
    )


@number("3.2")
@weight(0.5)
@visibility("after_published")
@tags("written", "by hand")
def test_reason_about_mask_out_rates(submission: Submission) -> None:
    """By hand: the reason tells how images and text differ."""
    submission.leave_to_people(
        "0.5: images are more redundant than text, so that MAE must hide more (75 % against 15 %).\n"
        "0.25: the rates differ, without a reason.\n"
        "0: neither."
    )


@number("3.4")
@weight(0.5)
@visibility("after_published")
@tags("written", "by hand")
def test_reason_about_clip(submission: Submission) -> None:
    """By hand: the reason tells how CLIP classifies without finetuning."""
    submission.leave_to_people(
        "0.5: the class names are put into sentences, and the one nearest to the image in the common space is chosen.\n"
        "0.25: it is said that image and text share a space, and not how a class is chosen.\n"
        "0: neither."
    )
