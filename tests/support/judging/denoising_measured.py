"""What was measured of a denoising loss, line by line: the first two parts of a message, without a name."""

from __future__ import annotations

import numpy as np

from tests.support.homework.noise_levels import LEVEL_FORMS
from tests.support.judging.denoising_prediction import handout_loss
from tests.support.judging.levels import passed_finding
from tests.support.judging.matching import Batch
from tests.support.judging.recognition import Line
from tests.support.verdicts import Finding

WEIGHT_LINE = "Alg. 1, lines 4 and 5"
NORM_LINE = "Alg. 1, line 5"
LOSS_LINE = "Alg. 1, lines 3 to 5"
LEVEL = 1e-3
"""Numbers that are equal within this share are told as one."""


def seen_of(line: Line, batch: Batch) -> Finding:
    """What was measured of a line that deviates."""
    match line.name:
        case "sigma" if batch.levels.passed is not LEVEL_FORMS[0]:
            return passed_finding(batch.levels.passed, "Alg. 1, line 5: s(x~, sigma)")
        case "point":
            return Finding(
                "The network's score is evaluated at the training points x.",
                "It is evaluated at the perturbed points x~.",
                look_at="Alg. 1, lines 3 and 5",
            )
        case "arguments":
            which = "training_data" if batch.evaluation.data_changed else "sigmas"
            return Finding(
                f"compute_denoising_loss changes its argument {which} in place.",
                "The same tensors are used in every iteration of the training.",
            )
        case "samples":
            used = len(np.unique(batch.data, axis=0))
            return Finding(
                f"{used} of the {batch.n_samples} training samples enter the loss.",
                "Each of them enters it once.",
                look_at="5.2: it is applied to all training samples",
            )
        case "data":
            return Finding(
                "The target is made of other training points than the given ones: x~ - x is not sigma z.",
                "x~ is x + sigma z, with the training point x.",
                look_at="Alg. 1, line 3",
            )
        case "levels of a sample":
            return Finding(
                f"The score network was asked for {len(batch.data)} points.",
                f"Each of the {batch.n_samples} training samples is scored once, at one noise level.",
                look_at="Alg. 1, line 1",
            )
        case "weight":
            return _weight(batch)
        case "target":
            return _target(batch)
        case "norm":
            return Finding(
                f"The loss is {batch.loss:.6g}. It is not a sum of squares of the errors of the scores.",
                "It has the squared norm, the sum of the squares of both coordinates.",
                look_at=NORM_LINE,
            )
    return _value(batch)


def measured(batch: Batch) -> Finding:
    """What is told of a loss that no reading explains: its first number that is not the handout's."""
    if not batch.differentiable:
        return _value(batch)
    without = int(np.sum(np.all((batch.gradient == 0) & (batch.product == 0), axis=1)))
    if without:
        return Finding(
            f"{without} of the {len(batch.data)} scores have no gradient.",
            "The loss depends on the score of every sample.",
            look_at="5.2: the loss is averaged over all training samples",
        )
    weights = batch.weights
    if not np.any(weights):
        return Finding(
            "The loss does not grow quadratically with the scores: its second derivative is 0.",
            "It is a squared norm.",
            look_at=NORM_LINE,
        )
    if not np.allclose(weights[:, 0], weights[:, 1], rtol=LEVEL):
        return Finding(
            "The two coordinates of a score enter the loss with different second derivatives, for example "
            f"{weights[0, 0]:.4g} and {weights[0, 1]:.4g} (times the number of samples).",
            "In a squared norm both have the second derivative lambda.",
            look_at=NORM_LINE,
        )
    if not np.allclose(weights, batch.sigma**2, rtol=LEVEL):
        return _weight(batch)
    expected = np.nan_to_num(batch.displacement / batch.sigma**2)
    if not np.allclose(batch.targets, expected, rtol=LEVEL, atol=LEVEL * float(np.max(np.abs(expected)))):
        return _target(batch)
    return _value(batch)


def _weight(batch: Batch) -> Finding:
    seen = batch.weights[:, 0] if batch.differentiable else np.full(len(batch.data), np.nan)
    told = _at_each_level(batch, seen / batch.levels.sigma**2)
    if not told:
        return _value(batch)
    return Finding(
        f"The squared norm of a sample is multiplied by lambda/2 times {told}.",
        "It is multiplied by lambda/2, before the mean over the samples.",
        look_at=WEIGHT_LINE,
    )


def _target(batch: Batch) -> Finding:
    said = "What is added to the network's score inside the norm is not (x~ - x)/sigma^2."
    if batch.differentiable and np.any(batch.weights):
        with np.errstate(divide="ignore", invalid="ignore"):
            told = _at_each_level(batch, (batch.targets * batch.sigma**2 / batch.displacement)[:, 0])
        if told:
            said = f"Inside the norm stands (x~ - x)/sigma^2 times {told}."
    return Finding(
        said, "(x~ - x)/sigma^2 is added to the score, so that the sum is 0 at the optimum.", look_at=NORM_LINE
    )


def _at_each_level(batch: Batch, ratio: np.ndarray) -> str:
    """The ratio at each noise level, the largest first; empty where it is not one number for each."""
    told = []
    for sigma in np.unique(batch.levels.sigma)[::-1][:10]:
        own = ratio[batch.levels.sigma == sigma]
        if not own.size:  # a level that is not a number
            return ""
        low, middle, high = np.quantile(own, [0.1, 0.5, 0.9])
        if not high - low <= 0.02 * abs(middle) + LEVEL:
            return ""
        told.append(f"{middle:.4g}" if abs(middle) > LEVEL else "0")
    return told[0] if len(set(told)) == 1 else f"{', '.join(told)} (from the largest noise level to the smallest)"


def _value(batch: Batch) -> Finding:
    expected = handout_loss(batch)
    right = "" if abs(batch.loss - expected) > LEVEL * abs(expected) else " Its gradient is another one."
    return Finding(
        f"The loss is {batch.loss:.6g}, which is {batch.loss / expected:.4g} times the expected value.{right}",
        f"For your x~ and your sigmas it is {expected:.6g}.",
        look_at=WEIGHT_LINE,
    )


def by_hand(batch: Batch) -> Finding:
    """The loss of one point, beside what Algorithm 1 gives line by line for its x~."""
    (x1, x2), (s1, s2), sigma = batch.perturbed[0], batch.scores[0], batch.levels.sigma[0]
    t1, t2 = batch.displacement[0] / sigma**2
    expected = handout_loss(batch)
    return Finding(
        f"For x = (1, -2), sigma = {sigma:.4g} and your x~ = ({x1:.4f}, {x2:.4f}) the loss is {batch.loss:.5g}"
        + ("." if abs(batch.loss - expected) > 1e-4 * abs(expected) else ", but its gradient is another one."),
        f"By hand: s = ({s1:.4f}, {s2:.4f}), (x~ - x)/sigma^2 = ({t1:.4f}, {t2:.4f}). Their sum has the squared norm "
        f"{(s1 + t1) ** 2 + (s2 + t2) ** 2:.5g}. Times lambda/2 = {sigma**2 / 2:.4g} that is {expected:.5g}.",
        look_at=LOSS_LINE,
    )
