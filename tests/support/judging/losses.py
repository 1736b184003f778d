"""The two GAN losses, compared with binary cross entropy in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tests.support.homework import losses as known
from tests.support.homework.assignment import GAN
from tests.support.homework.losses import DISCRIMINATOR_LOSSES, GENERATOR_LOSSES
from tests.support.homework.readings import Reading, Remark, measured
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
from tests.support.verdicts import NotImplementedYet, SubmissionRaised, Verdict, Wrong, following, wrong

LOOK_AT = {
    "4.4": "Question 4.4 with its hint, and Eq. 1",
    "4.5": "Question 4.5 with its hint, and Problem 1.3",
}


BATCH = Draw(7, ORDINARY)
"""An ordinary batch, on which a mistake can be named."""


def judge_loss(submission: Submission, question: str, draw: Draw) -> None:
    """Raise what is wrong with the loss of question 4.4 or 4.5 on this draw."""
    _raise_the_better(submission, lambda flat: _problem(submission, question, draw, flat))


def require_loss(submission: Submission, question: str, draw: Draw) -> None:
    """Raise unless the loss of question 4.4 or 4.5 is one finite number that can be differentiated."""

    def problem(flat: bool) -> Problem:
        seen = _observed(submission, question, draw, flat)
        return _problem_with_the_form(seen, question) if isinstance(seen, LossObservation) else seen

    _raise_the_better(submission, problem)


Problem = Wrong | SubmissionRaised | None
"""What is to be said of a loss, if anything; what earns all points all the same is no problem in the end."""


def _raise_the_better(submission: Submission, problem: Callable[[bool], Problem]) -> None:
    """Decide for logits `(N, 1)` or, where the student's own DNet returns these, `(N,)`: that costs points in 4.1.

    What is wrong with logits that the loss can take says more than that it cannot take the others.
    """
    column = problem(False)
    if column is None or column.credit == 1:
        return
    if not own_logits_are_flat(submission):
        raise column
    submission.note("Your DNet returns logits of shape (N,), not (N, 1): see 4.1. The loss was judged with these too.")
    flat = problem(True)
    if flat is None or flat.credit == 1:
        return
    keeps_column = isinstance(flat, SubmissionRaised) or (isinstance(column, Wrong) and flat.credit <= column.credit)
    raise column if keeps_column else flat


def own_logits_are_flat(submission: Submission) -> bool:
    """Whether the student's own DNet returns `(N,)`."""
    try:
        seen = execution(submission, GAN, "DNet", "4.1", [images(2)])
    except Verdict:
        return False
    return seen.output.ndim == 1


def _problem(submission: Submission, question: str, draw: Draw, flat: bool) -> Problem:
    """The ladder: a loss on a special draw must work there, and be a cross entropy on an ordinary batch as well."""
    if draw.largest_logit > ORDINARY:
        return _problem_at_extreme_logits(submission, question, draw, flat)
    if draw.n == 1:
        return _problem_with_one_image(submission, question, draw, flat)
    return _problem_with_a_batch(submission, question, draw, flat)


def _problem_at_extreme_logits(submission: Submission, question: str, draw: Draw, flat: bool) -> Problem:
    seen = _observed(submission, question, draw, flat)
    if not isinstance(seen, LossObservation):
        return seen
    unstable = _problem_with_the_form(seen, question) or _problem_with_the_gradients(seen, draw, question)
    # Finite is not enough: it is also a cross entropy.
    problems = [one for one in (unstable, _problem_with_a_batch(submission, question, BATCH, flat)) if one]
    return min(problems, key=lambda one: one.credit, default=None)


def _problem_with_one_image(submission: Submission, question: str, draw: Draw, flat: bool) -> Problem:
    seen = _observed(submission, question, draw, flat)
    if not isinstance(seen, LossObservation):
        batch = _observed(submission, question, BATCH, flat)
        if not isinstance(batch, LossObservation):
            return batch
        said = f"{seen} This happens with a batch of one image, not with seven."
        return wrong(said, mistake=known.SQUEEZE, look_at=LOOK_AT[question])
    alone = _problem_with_the_form(seen, question)
    if alone is not None:
        return alone
    alone = _problem_with_the_loss(seen, draw, question)
    # An ordinary batch names the mistake, if it is wrong as well.
    return alone and (_problem_with_a_batch(submission, question, BATCH, flat) or alone)


def _problem_with_a_batch(submission: Submission, question: str, draw: Draw, flat: bool) -> Problem:
    seen = _observed(submission, question, draw, flat)
    if not isinstance(seen, LossObservation):
        return seen
    return _problem_with_the_form(seen, question) or _problem_with_the_loss(seen, draw, question)


def _observed(submission: Submission, question: str, draw: Draw, flat: bool) -> LossObservation | SubmissionRaised:
    """The loss on this draw, or what the student's code raised; raises `NotImplementedYet` for a stub."""
    loss = discriminator_loss if question == "4.4" else generator_loss
    try:
        seen = loss(submission, draw, flat)
    except SubmissionRaised as error:
        return error
    if seen.kind == "none":
        raise NotImplementedYet(f"Not implemented yet: {question} (the loss is None).")
    return seen


def _problem_with_the_form(seen: LossObservation, question: str) -> Wrong | None:
    """Why the loss is not one finite number that can be differentiated, or None."""
    look_at = LOOK_AT[question]
    if seen.kind == "number":
        return wrong("Your loss is a number or an array, no tensor.", mistake=known.NUMBER, look_at=look_at)
    if seen.kind != "tensor":
        return wrong("What your loss returns is no tensor.", "It should be a scalar tensor.", look_at=look_at)
    if seen.value.size != 1:
        text = f"Your loss has the shape {tuple(seen.shape)}."
        return wrong(text, "It should be one number.", known.NOT_REDUCED, look_at)
    if not np.isfinite(seen.value[0]):
        largest = np.abs(seen.logits).max(initial=0)
        ordinary = largest <= ORDINARY
        cause = known.RAW_LOGS if ordinary and np.isnan(seen.value[0]) else "" if ordinary else known.UNSTABLE
        seen_text = f"Your loss is {seen.value[0]} for logits between {-largest:.0f} and {largest:.0f}."
        return wrong(seen_text, "It should be finite.", cause, look_at)
    if not seen.differentiable:
        text = "Your loss is a tensor without a gradient, so that no step can be made with it."
        return wrong(text, mistake=known.CUT, look_at=look_at)
    return None


def _problem_with_the_gradients(seen: LossObservation, draw: Draw, question: str) -> Wrong | None:
    groups = [draw.pixels, draw.fakes] if question == "4.4" else [draw.fakes]
    gradients = np.concatenate([gradients_of(seen, pixels)[0] for pixels in groups])
    if np.all(np.isfinite(gradients)):
        return None
    text = f"With logits of +-{draw.largest_logit:.0f} the gradient of your loss is not finite."
    return wrong(text, "It should be.", known.UNSTABLE, LOOK_AT[question])


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


def _problem_with_the_loss(seen: LossObservation, draw: Draw, question: str) -> Wrong | None:
    """What is wrong with value and gradients; None where they follow a reading that earns all points."""
    judge = _discriminator if question == "4.4" else _generator
    return _problem_with_the_images(seen, draw, question) or judge(seen, draw)


def _discriminator(seen: LossObservation, draw: Draw) -> Wrong | None:
    real, fake = (draw.n * gradients_of(seen, pixels)[0] for pixels in (draw.pixels, draw.fakes))
    logit_real, logit_fake = draw.logits(draw.pixels), draw.logits(draw.fakes)
    gradients = np.stack([real, fake])
    values = [one.of(logit_real, logit_fake) for one in DISCRIMINATOR_LOSSES]
    deviations = [_deviation(value, wanted, seen, gradients, draw) for value, wanted in values]
    value = values[0][0]
    text = f"For {draw.n} real and {draw.n} generated images with known logits your loss is {seen.value[0]:.4f}."
    expected = (
        f"It should be {value:.4f} (the sum of the two means) or {value / 2:.4f} (their average), within "
        f"{tolerance(draw):.0e}, with the gradient of a binary cross entropy."
    )
    found = _followed(DISCRIMINATOR_LOSSES, deviations)
    if found is None:
        mistake = recognise_discriminator(draw.n, logit_real, real, logit_fake, fake)
        return wrong(text, expected, mistake or _about_the_value(seen, value), LOOK_AT["4.4"], min(deviations))
    return _problem_with_a_reading(found, text, expected, "4.4", deviations[0])


def _generator(seen: LossObservation, draw: Draw) -> Wrong | None:
    logits = draw.logits(draw.fakes)
    fake = draw.n * gradients_of(seen, draw.fakes)[0]
    values = [one.of(logits) for one in GENERATOR_LOSSES]
    deviations = [_deviation(value, wanted, seen, fake, draw) for value, wanted in values]
    value = values[0][0]
    expected = f"It should be {value:.4f}, the mean of -log D(G(z)), within {tolerance(draw):.0e}, with its gradient."
    text = f"For {draw.n} generated images with known logits your loss is {seen.value[0]:.4f}."
    if np.isnan(seen.theta_gradient):
        return wrong(text, expected, known.DETACHED, LOOK_AT["4.5"])
    found = _followed(GENERATOR_LOSSES, deviations)
    if found is None:
        mistake = recognise_generator(draw.n, logits, fake) or _about_the_value(seen, value)
        return wrong(text, expected, mistake, LOOK_AT["4.5"], deviations[0])
    return _problem_with_a_reading(found, text, expected, "4.5", deviations[0])


def _followed(table: Sequence[Reading], deviations: Sequence[float]) -> Reading | None:
    """The first reading whose value and gradients are the observed ones."""
    return next((one for one, deviation in zip(table, deviations, strict=True) if deviation <= 1), None)


def _problem_with_a_reading(found: Reading, text: str, expected: str, question: str, margin: float) -> Wrong | None:
    if found.credit == 1:
        return None
    if margin <= 1:
        return Wrong(following(found, LOOK_AT[question]))
    return wrong(text, expected, found, LOOK_AT[question], margin)


def _problem_with_the_images(seen: LossObservation, draw: Draw, question: str) -> Wrong | None:
    given = {tuple(row) for row in draw.z.astype(np.float64).tolist()}
    drawn = [tuple(row) for latents in seen.latents if latents.ndim == 2 for row in latents.tolist()]
    if any(row not in given for row in drawn):
        text = "Your generator was given latents that are not rows of z."
        return wrong(text, mistake=known.OWN_Z, look_at=LOOK_AT[question])
    groups = [draw.pixels, draw.fakes] if question == "4.4" else [draw.fakes]
    if not any(gradients_of(seen, pixels)[1].any() for pixels in groups):
        text = "The discriminator scored none of the images, neither given ones nor any that the generator made from z."
        return wrong(text, look_at=LOOK_AT[question])
    return None


def _about_the_value(seen: LossObservation, value: float) -> Remark | str:
    return measured(known.ANOTHER_VALUE, f"{seen.value[0] / value:.3f}") if abs(value) > 0 else ""


def _deviation(value: float, wanted: np.ndarray, seen: LossObservation, gradients: np.ndarray, draw: Draw) -> float:
    """The largest difference of value and gradients, in tolerances; infinite where it is not a number."""
    differences = np.append(np.abs(wanted - gradients), np.abs(value - seen.value[0]))
    return float(np.nan_to_num(np.max(differences) / tolerance(draw), nan=np.inf))
