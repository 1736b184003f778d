"""What was observed of a loss on one batch, and how far a hypothesis is from predicting all of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.support.homework import losses as known
from tests.support.homework.losses import DiscriminatorLoss, GeneratorLoss, LossSize, ReturnedGradient
from tests.support.homework.readings import Reading, measured, worded
from tests.support.judging.least_squares import least_squares
from tests.support.observed.losses import GRID, Draw, LossObservation

AFFINE = 1e-4
"""How far float32 images and latents are from `a x + b` at most, for a and b up to 255."""
NEAR = 0.25 / GRID
"""Grey values of two images of a draw differ by at least four times this."""


@dataclass(frozen=True)
class Evidence:
    """The loss of a batch: for each kind of image, real ones first, its logits and what came back, `(kinds, n)` each.

    `gradients` are n times the gradients, over all passes; None where the result cannot be differentiated. `scored` is
    how often the discriminator saw each image, `strangers` how many it saw that were neither given nor generated.
    `replaced` is the row of the kind in whose place a whole batch of strangers was scored: logits and gradients are
    then theirs, and `given` are their grey values.
    """

    draw: Draw
    seen: LossObservation
    logits: np.ndarray
    gradients: np.ndarray | None
    scored: np.ndarray
    strangers: int
    replaced: int | None = None
    given: np.ndarray | None = None


def evidence(seen: LossObservation, draw: Draw, question: str) -> Evidence:
    """What an observation says of each image of the draw."""
    fakes = _generated(seen, draw)
    groups = np.stack([draw.pixels, fakes] if question == "4.4" else [fakes])
    distances = np.abs(seen.pixels[:, None] - groups.ravel())  # (passes, images)
    image, distance = distances.argmin(axis=1), distances.min(axis=1)
    mine = distance < NEAR
    others = None if mine.all() else _strangers(seen.pixels, groups)
    if others is not None:
        mine[others[1]] = False
    total, scored = np.zeros(groups.size), np.zeros(groups.size)
    np.add.at(total, image[mine], seen.gradients[mine])
    np.add.at(scored, image[mine], 1)
    logits, gradients = draw.logits(groups), total.reshape(groups.shape)
    if others is not None:
        kind, batch = others
        logits[kind], gradients[kind] = seen.logits[batch], seen.gradients[batch]
    comes_back = seen.kind == "tensor" and seen.differentiable and seen.value.size == 1
    return Evidence(
        draw=draw,
        seen=seen,
        logits=logits,
        gradients=draw.n * gradients if comes_back else None,
        scored=scored.reshape(groups.shape),
        strangers=int(np.count_nonzero(~mine)),
        replaced=None if others is None else others[0],
        given=None if others is None else seen.pixels[others[1]],
    )


def _strangers(pixels: np.ndarray, groups: np.ndarray) -> tuple[int, slice] | None:
    """The one kind of images that was not scored, and the one batch of strangers that was scored in its place."""
    kinds, n = groups.shape
    if len(pixels) != kinds * n:
        return None
    batches = [slice(start, start + n) for start in range(0, len(pixels), n)]
    near = [[np.abs(pixels[one][:, None] - group).min(axis=1) < NEAR for group in groups] for one in batches]
    strange = [one for one, of_kinds in zip(batches, near, strict=True) if not any(mine.all() for mine in of_kinds)]
    missing = [kind for kind in range(kinds) if not any(of_kinds[kind].all() for of_kinds in near)]
    return (missing[0], strange[0]) if len(strange) == len(missing) == 1 else None


def _generated(seen: LossObservation, draw: Draw) -> np.ndarray:
    """Grey values of the generated images, as the generator made them where it was not given the rows of z."""
    if given_rows_of_z(seen, draw):
        return draw.fakes
    latents = latents_of(seen)
    return (latents[:, 0] + 1) / 2 if len(latents) == draw.n else draw.fakes


def latents_of(seen: LossObservation) -> np.ndarray:
    """All latents that the generator was given, `(k, zdim)`; none if one call was of another form."""
    widths = {one.shape[1] if one.ndim == 2 else 0 for one in seen.latents}
    return np.concatenate(seen.latents) if len(widths) == 1 and widths != {0} else np.empty((0, 1))


def given_rows_of_z(seen: LossObservation, draw: Draw) -> bool:
    """Whether the generator was given nothing but rows of z."""
    given = {tuple(row) for row in draw.z.astype(np.float64).tolist()}
    return all(tuple(row) in given for latents in seen.latents if latents.ndim == 2 for row in latents.tolist())


def tolerance(draw: Draw) -> float:
    """How far right float32 code may be, for losses and for gradients of a sum over the batch.

    A probability p near 1 is rounded by 2^-24, which log(1 - p) enlarges by 1 / (1 - p) = 1 + exp(largest logit);
    32 units leave room for the few operations of each term and for the pairwise sum over at most 256 of them.
    """
    return float(32 * np.finfo(np.float32).eps * (1 + np.exp(draw.largest_logit)))


@dataclass(frozen=True)
class Prediction:
    """What a hypothesis says of one batch: n values, whose mean is the loss, and gradients `(kinds, n)`.

    `scale` is by what the tolerance is multiplied: a loss that is made small has small errors.
    """

    values: np.ndarray
    gradients: np.ndarray
    scale: float = 1.0


def predicted(formula: Reading, size: Reading, gradient: Reading, logits: np.ndarray) -> Prediction:
    """Values and gradients for logits `(kinds, n)` under three readings."""
    assert isinstance(formula, DiscriminatorLoss | GeneratorLoss)
    assert isinstance(size, LossSize)
    assert isinstance(gradient, ReturnedGradient)
    values, slopes = formula.of(*logits)
    factor, kept = size.of(logits.shape[1]), np.array(gradient.kept)[-len(logits) :, None]
    with np.errstate(invalid="ignore"):
        gradients = factor * kept * slopes.reshape(logits.shape)
        return Prediction(factor * values, gradients, min(1.0, 2 * factor))  # 1 for the sum and for the average


def deviation(found: Evidence, wanted: Prediction, only_gradients: bool = False) -> float:
    """The largest difference of values and gradients, in tolerances; infinite where one alone is not a number.

    What is larger than 1 is rounded in proportion.
    """
    if only_gradients:
        if found.gradients is None or not np.all(np.isfinite(found.seen.value)):
            return np.inf
        differences = [_differences(found.gradients, wanted.gradients) / _at_least_one(wanted.gradients)]
        return float(differences[0].max() / (wanted.scale * tolerance(found.draw)))
    own, values = found.seen.value, wanted.values
    if own.size == 1:
        values = np.array([wanted.values.mean()])
    if own.shape != values.shape:
        return np.inf
    typical = max(1.0, float(np.nan_to_num(np.abs(wanted.values).mean(), posinf=1.0)))
    differences = [_differences(own, values) / typical]
    of_values = float(differences[0].max() / (wanted.scale * tolerance(found.draw)))
    if found.gradients is not None and of_values <= 1:
        differences.append((_differences(found.gradients, wanted.gradients) / _at_least_one(wanted.gradients)).ravel())
    return float(np.concatenate(differences).max() / (wanted.scale * tolerance(found.draw)))


def _differences(own: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Absolute differences; 0 where both are the same without being finite, infinite where one alone is not."""
    with np.errstate(invalid="ignore"):
        difference = np.nan_to_num(np.abs(own - wanted), nan=np.inf, posinf=np.inf)
    return np.where((own == wanted) | (np.isnan(own) & np.isnan(wanted)), 0.0, difference)


def _at_least_one(values: np.ndarray) -> np.ndarray:
    return np.maximum(1, np.nan_to_num(np.abs(values), nan=1.0, posinf=1.0))


def theta_deviation(found: Evidence) -> float:
    """How far the gradient at the stand-in generator is from what its images' logits pass on, in tolerances."""
    assert found.gradients is not None
    largest, fake = found.draw.largest_logit, found.gradients[-1]
    grey = (found.logits[-1] / largest + 1) / 2
    wanted = np.sum(fake * 2 * largest * grey) / found.draw.n  # d logit / d theta = 2 * largest * grey
    allowed = 2 * largest * tolerance(found.draw) * max(1.0, float(np.abs(fake).mean()))
    return float(_differences(found.seen.theta_gradient, wanted) / allowed)


def result(found: Evidence) -> Reading | None:
    """What the method returned; None for a tensor of another size than one number, or one for each image."""
    seen = found.seen
    if seen.kind == "number":
        return known.NUMBER if seen.value.size == 1 else None
    if seen.kind != "tensor":
        return None
    if seen.value.size != 1:
        return known.NOT_REDUCED if seen.value.size == found.draw.n else None
    if not seen.differentiable:
        return known.CUT
    return known.BACKWARD_INSIDE if seen.backpropagated else known.TENSOR


def path(found: Evidence, question: str) -> Reading:
    """How the gradient goes on to the generator; of images that were changed nobody knows how much of it comes back."""
    if question == "4.4" or found.gradients is None or not np.all(np.isfinite(found.gradients)):
        return known.REACHES
    if np.isnan(found.seen.theta_gradient):
        return known.DETACHED
    return known.REACHES if found.replaced is not None or theta_deviation(found) <= 1 else known.ELSEWHERE


def images(found: Evidence) -> Reading:
    """Which images the discriminator was given; a whole batch of others has a name, a single one has none."""
    if found.replaced is None or found.given is None:
        return known.ALL_IMAGES
    kind = "real" if found.replaced == 0 and len(found.logits) == 2 else "generated"
    was = found.draw.pixels if kind == "real" else _generated(found.seen, found.draw)
    changed = affine(was, found.given, "x") if len(was) > 2 else None
    told = known.OTHER_IMAGES if changed is None else measured(known.CHANGED_IMAGES, f"it gets {changed} in place of x")
    return worded(told, told.sentence.replace("{kind}", kind))


def affine(was: np.ndarray, given: np.ndarray, name: str) -> str | None:
    """How `given` follows from `was`, as `a * name + b`; None for another change."""
    found = least_squares(np.column_stack([was.ravel(), np.ones(was.size)]), given.ravel())
    if found is None:
        return None
    factor, constant = found[0]
    if not np.abs(factor * was + constant - given).max() <= AFFINE or abs(factor) < AFFINE:
        return None
    shift = "" if abs(constant) < AFFINE else f" {'-' if constant < 0 else '+'} {abs(constant):.3g}"
    return f"{factor:.3g} {name}{shift}"
