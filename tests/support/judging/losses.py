"""The two GAN losses, compared with binary cross entropy in float64."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.support.homework.assignment import GAN
from tests.support.homework.losses import DISCRIMINATOR_SCALES, LOSS_MISTAKES, SATURATING
from tests.support.judging.loss_mistakes import recognise_discriminator, recognise_generator
from tests.support.observed.losses import (
    GRID,
    ORDINARY,
    Draw,
    LossObservation,
    discriminator_loss,
    generator_loss,
    images,
)
from tests.support.observed.networks import execution
from tests.support.submission import Submission
from tests.support.verdicts import NotImplementedYet, SubmissionRaised, Verdict, Wrong, wrong

LOOK_AT = {
    "4.4": "Question 4.4 with its hint, and Eq. 1",
    "4.5": "Question 4.5 with its hint, and Problem 1.3",
}


def judge_loss(submission: Submission, question: str, draw: Draw) -> None:
    """Raise what is wrong with the loss of question 4.4 or 4.5 on this draw."""
    _for_either_shape(submission, lambda flat: _judge_once(submission, question, draw, flat))


def require_loss(submission: Submission, question: str, draw: Draw) -> None:
    """Raise unless the loss of question 4.4 or 4.5 is one finite number that can be differentiated."""
    loss = discriminator_loss if question == "4.4" else generator_loss
    _for_either_shape(submission, lambda flat: require_a_scalar(loss(submission, draw, flat), question))


def _for_either_shape(submission: Submission, judge: Callable[[bool], None]) -> None:
    """Judge for logits `(N, 1)` or, where the student's own DNet returns these, `(N,)`: that costs points in 4.1."""
    try:
        judge(False)
    except (Wrong, SubmissionRaised) as first:
        if not own_logits_are_flat(submission):
            raise
        submission.note(
            "Your DNet returns logits of shape (N,), not (N, 1): see 4.1. The loss was judged with these too."
        )
        try:
            judge(True)
        except Wrong as second:
            # What is wrong with logits that the loss can take says more than that it cannot take the others.
            raise first if second.credit <= first.credit and isinstance(first, Wrong) else second from None
        except SubmissionRaised:
            raise first from None


def own_logits_are_flat(submission: Submission) -> bool:
    """Whether the student's own DNet returns `(N,)`."""
    try:
        seen = execution(submission, GAN, "DNet", "4.1", [images(2)])
    except Verdict:
        return False
    return seen.output.ndim == 1


def _judge_once(submission: Submission, question: str, draw: Draw, flat: bool) -> None:
    loss = discriminator_loss if question == "4.4" else generator_loss
    try:
        seen = loss(submission, draw, flat)
    except SubmissionRaised as error:
        if draw.n > 1:
            raise
        loss(submission, Draw(7, ORDINARY), flat)  # raises again when it is not the single image
        said = f"{error} This happens with a batch of one image, not with seven."
        raise wrong(said, mistake=LOSS_MISTAKES["squeeze"], look_at=LOOK_AT[question]) from None
    require_a_scalar(seen, question)
    if draw.largest_logit > ORDINARY:
        _require_finite_gradients(seen, draw, question)
        _judge_once(submission, question, Draw(7, ORDINARY), flat)  # finite is not enough: it is also a cross entropy
        return
    judge = _judge_discriminator if question == "4.4" else _judge_generator
    try:
        judge(seen, draw)
    except Wrong:
        if draw.n == 1:
            _judge_once(submission, question, Draw(7, ORDINARY), flat)  # names the mistake, if it is wrong as well
        raise


def require_a_scalar(seen: LossObservation, question: str) -> None:
    """Raise unless the loss is one finite number that can be differentiated."""
    look_at = LOOK_AT[question]
    if seen.kind == "none":
        raise NotImplementedYet(f"Not implemented yet: {question} (the loss is None).")
    if seen.kind == "number":
        raise wrong("Your loss is a number or an array, no tensor.", mistake=LOSS_MISTAKES["number"], look_at=look_at)
    if seen.kind != "tensor":
        raise wrong("What your loss returns is no tensor.", "It should be a scalar tensor.", look_at=look_at)
    if seen.value.size != 1:
        text = f"Your loss has the shape {tuple(seen.shape)}."
        raise wrong(text, "It should be one number.", LOSS_MISTAKES["not_reduced"], look_at)
    if not np.isfinite(seen.value[0]):
        largest = np.abs(seen.logits).max(initial=0)
        ordinary = largest <= ORDINARY
        cause = "raw_logs" if ordinary and np.isnan(seen.value[0]) else "" if ordinary else "unstable"
        seen_text = f"Your loss is {seen.value[0]} for logits between {-largest:.0f} and {largest:.0f}."
        raise wrong(seen_text, "It should be finite.", LOSS_MISTAKES.get(cause, ""), look_at)
    if not seen.differentiable:
        text = "Your loss is a tensor without a gradient, so that no step can be made with it."
        raise wrong(text, mistake=LOSS_MISTAKES["cut"], look_at=look_at)


def _require_finite_gradients(seen: LossObservation, draw: Draw, question: str) -> None:
    groups = [draw.pixels, draw.fakes] if question == "4.4" else [draw.fakes]
    gradients = np.concatenate([gradients_of(seen, pixels)[0] for pixels in groups])
    if not np.all(np.isfinite(gradients)):
        text = f"With logits of +-{draw.largest_logit:.0f} the gradient of your loss is not finite."
        raise wrong(text, "It should be.", LOSS_MISTAKES["unstable"], LOOK_AT[question])


def gradients_of(seen: LossObservation, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each of these images: the gradient of its logit (over all passes), and how often it was scored."""
    mine = [np.abs(seen.pixels - pixel) < 0.25 / GRID for pixel in pixels]
    return np.array([seen.gradients[rows].sum() for rows in mine]), np.array([rows.sum() for rows in mine])


def tolerance(draw: Draw) -> float:
    """How far right float32 code may be, for losses and for gradients of a sum over the batch.

    A probability p near 1 is rounded by 2^-24, which log(1 - p) enlarges by 1 / (1 - p) = 1 + exp(largest logit);
    32 units leave room for the few operations of each term and for the pairwise sum over at most 256 of them.
    """
    return float(32 * np.finfo(np.float32).eps * (1 + np.exp(draw.largest_logit)))


def _judge_discriminator(seen: LossObservation, draw: Draw) -> None:
    real, times_real = gradients_of(seen, draw.pixels)
    fake, times_fake = gradients_of(seen, draw.fakes)
    _require_the_images(seen, draw, "4.4", bool(times_real.any() or times_fake.any()))
    logit_real, logit_fake = draw.logits(draw.pixels), draw.logits(draw.fakes)
    value = float(np.logaddexp(0, -logit_real).mean() + np.logaddexp(0, logit_fake).mean())
    real, fake = draw.n * real, draw.n * fake
    wanted = np.concatenate([_sigmoid(logit_real) - 1, _sigmoid(logit_fake)])
    gradients = np.concatenate([real, fake])
    deviation = min(
        max(_deviation(scale * wanted, gradients, draw), _deviation(scale * value, seen.value[0], draw))
        for scale in DISCRIMINATOR_SCALES
    )
    if deviation <= 1:
        return
    mistake = recognise_discriminator(draw.n, logit_real, real, logit_fake, fake)
    raise wrong(
        f"For {draw.n} real and {draw.n} generated images with known logits your loss is {seen.value[0]:.4f}.",
        f"It should be {value:.4f} (the sum of the two means) or {value / 2:.4f} (their average), within "
        f"{tolerance(draw):.0e}, with the gradient of a binary cross entropy.",
        mistake or _about_the_value(seen, value),
        LOOK_AT["4.4"],
        margin=deviation,
    )


def _judge_generator(seen: LossObservation, draw: Draw) -> None:
    fake, times = gradients_of(seen, draw.fakes)
    _require_the_images(seen, draw, "4.5", bool(times.any()))
    logits = draw.logits(draw.fakes)
    value = float(np.logaddexp(0, -logits).mean())
    fake = draw.n * fake
    expected = f"It should be {value:.4f}, the mean of -log D(G(z)), within {tolerance(draw):.0e}, with its gradient."
    text = f"For {draw.n} generated images with known logits your loss is {seen.value[0]:.4f}."
    if np.isnan(seen.theta_gradient):
        raise wrong(text, expected, LOSS_MISTAKES["detached"], LOOK_AT["4.5"])
    off = max(_deviation(_sigmoid(logits) - 1, fake, draw), _deviation(value, seen.value[0], draw))
    if off <= 1:
        return
    saturated = -float(np.logaddexp(0, logits).mean())
    if max(_deviation(-_sigmoid(logits), fake, draw), _deviation(saturated, seen.value[0], draw)) <= 1:
        raise wrong(text, expected, SATURATING.message, LOOK_AT["4.5"], SATURATING.credit, off)
    mistake = recognise_generator(draw.n, logits, fake)
    raise wrong(text, expected, mistake or _about_the_value(seen, value), LOOK_AT["4.5"], margin=off)


def _require_the_images(seen: LossObservation, draw: Draw, question: str, any_scored: bool) -> None:
    given = {tuple(row) for row in draw.z.astype(np.float64).tolist()}
    drawn = [tuple(row) for latents in seen.latents if latents.ndim == 2 for row in latents.tolist()]
    if any(row not in given for row in drawn):
        text = "Your generator was given latents that are not rows of z."
        raise wrong(text, mistake=LOSS_MISTAKES["own_z"], look_at=LOOK_AT[question])
    if not any_scored:
        text = "The discriminator scored none of the images, neither given ones nor any that the generator made from z."
        raise wrong(text, look_at=LOOK_AT[question])


def _about_the_value(seen: LossObservation, value: float) -> str:
    return f"Your loss is {seen.value[0] / value:.3f} times the expected value." if abs(value) > 0 else ""


def _deviation(expected: np.ndarray | float, got: np.ndarray | float, draw: Draw) -> float:
    """The largest difference, in tolerances; infinite where it is not a number."""
    return float(np.nan_to_num(np.max(np.abs(np.asarray(expected) - got)) / tolerance(draw), nan=np.inf))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(-np.logaddexp(0, -x)))
