"""5.2, hidden: the exact value of the denoising loss, and the laws of what Algorithm 1 draws."""

from __future__ import annotations

import numpy as np

from tests.hidden.perturbation_laws import SIGMA_LINE, Z_LINE, independent, level_tests, noise_tests
from tests.support import laws
from tests.support.homework.denoising import (
    ABSOLUTE_VALUE,
    ANOTHER_TARGET,
    DENOISING_TARGETS,
    DENOISING_WEIGHTS,
    IN_PLACE,
    NOT_SQUARED,
    ONE_LEVEL_FOR_ALL,
    SEEDED_LOSS,
    Target,
    Weight,
)
from tests.support.homework.readings import Remark, measured
from tests.support.judging import denoising
from tests.support.judging.denoising import Batch
from tests.support.judging.levels import passed_finding
from tests.support.marks import number, tags, visibility, weight
from tests.support.observed import denoising as observed
from tests.support.observed.denoising import Evaluation
from tests.support.submission import Submission
from tests.support.verdicts import Finding, following, settle, stop, wrong

WEIGHT_LINE = "Alg. 1, lines 4 and 5"


def _observe(submission: Submission, seed: int = 0, factor: int = 1) -> list[Batch]:
    """The evaluations of the loss, matched with the training points."""
    loss = observed.observe_loss(submission, seed, observed.N_CALLS * factor)
    for evaluation in loss.evaluations:
        if len(evaluation.sizes) == 0:
            raise denoising.not_called(evaluation)
    data = observed.training_points()
    return [denoising.matched(evaluation, data, observed.SIGMAS) for evaluation in loss.evaluations]


@number("5.2")
@weight(1.0)
@visibility("after_published")
@tags("denoising")
def test_denoising_loss_has_the_exact_value(submission: Submission) -> None:
    """The loss weighs and sums the errors of the scores exactly as Algorithm 1 does."""
    evaluation = observed.observe_loss(submission).evaluations[0]
    batch = _observe(submission)[0]
    _judge_arguments(evaluation, batch)
    found = [passed_finding(batch.levels.passed, "Alg. 1, line 5: s(x~, sigma)")]
    weight, target = DENOISING_WEIGHTS[0], DENOISING_TARGETS[0]
    if evaluation.returned.differentiable and np.any(evaluation.gradient):
        tolerance = denoising.derivative_tolerance(evaluation, batch)
        _judge_the_norm(batch, tolerance)
        seen_weight = denoising.recognise_weight(batch, tolerance)
        found.append(_about_the_weight(batch, seen_weight))
        stop(found, denoising.weight_deviation(batch, weight, tolerance))
        seen_target = denoising.recognise_target(batch, tolerance)
        found.append(_about_the_target(batch, seen_target, tolerance))
        stop(found, denoising.target_deviation(batch, target, tolerance))
        weight, target = seen_weight or weight, seen_target or target
    stop(found)
    loss = float(np.mean(evaluation.returned.values)) if evaluation.returned.values.size else float("nan")
    expected, tolerance = denoising.loss_by(batch, weight, target)
    if np.isfinite(batch.perturbed).all() and not abs(loss - expected) <= tolerance:
        finding = Finding(
            f"The loss is {loss:.6g}, which is {loss / expected:.4g} times the expected value.",
            f"For your x~ and your sigmas it is {expected:.6g} (within {tolerance:.1g}, the error of float32).",
            denoising.deviating(denoising.recognise_loss(batch, loss)),
            WEIGHT_LINE,
        )
        settle(*found, finding, margin=abs(loss - expected) / tolerance)
    settle(*found)


def _judge_arguments(evaluation: Evaluation, batch: Batch) -> None:
    """The score is asked for at x~, and the arguments are left as they were."""
    if evaluation.data_changed or evaluation.sigmas_changed:
        which = "training_data" if evaluation.data_changed else "sigmas"
        raise wrong(
            f"compute_denoising_loss changes its argument {which} in place.",
            "The same tensors are used in every iteration of the training.",
            IN_PLACE,
        )
    if np.array_equal(batch.perturbed, batch.data):
        raise wrong(
            "The network's score is evaluated at the training points x.",
            "It is evaluated at the perturbed points x~.",
            look_at="Alg. 1, lines 3 and 5",
        )


def _judge_the_norm(batch: Batch, tolerance: float) -> None:
    """The loss is a sum of squares: only then are weights and targets defined."""
    if not np.any(batch.weights):
        raise wrong(
            "The loss does not grow quadratically with the scores (its second derivative is 0).",
            "It is a squared norm.",
            ABSOLUTE_VALUE,
            "Alg. 1, line 5",
        )
    if np.any(np.abs(batch.weights[:, 0] - batch.weights[:, 1]) > tolerance * np.abs(batch.weights).max(axis=1)):
        raise wrong(
            "The loss is not a sum of squares of the scores' errors.",
            "It is the squared Euclidean norm, so that each coordinate enters by its square alone.",
            NOT_SQUARED,
            "Alg. 1, line 5",
        )


def _about_the_weight(batch: Batch, found: Weight | None) -> Finding:
    """The finding on the factors in front of the squared norms."""
    if found is DENOISING_WEIGHTS[0]:
        return following(found, WEIGHT_LINE)
    seen, sigma = np.abs(batch.weights[:, 0]), batch.levels.sigma
    ratios = [float(np.median(seen[sigma == one] / one**2)) for one in np.unique(sigma)[::-1]]
    each = ", ".join(f"{ratio:.3g}" for ratio in ratios)
    return Finding(
        f"The squared norm of a sample enters the loss with {each} times lambda/2 (largest sigma first).",
        "It enters with 1 times lambda/2 at every noise level, before the mean over the samples.",
        denoising.recognised(found) if found else "",
        WEIGHT_LINE,
    )


def _about_the_target(batch: Batch, found: Target | None, tolerance: float) -> Finding:
    """The finding on what stands beside the score inside the norm."""
    if found is DENOISING_TARGETS[0]:
        return following(found, "Alg. 1, line 5")
    return Finding(
        "What is added to the network's score inside the norm is not (x~ - x)/sigma^2.",
        "At the optimum the score is -(x~ - x)/sigma^2, so that the sum is 0.",
        denoising.recognised(found) if found else _power_of_sigma(batch, tolerance),
        "Alg. 1, line 5",
    )


def _power_of_sigma(batch: Batch, tolerance: float) -> Remark | str:
    """The power of sigma that a target without a name is about."""
    ratio = denoising.targets(batch) / batch.displacement
    size, sigma = np.nanmedian(np.abs(ratio), axis=1), batch.levels.sigma
    rounding = np.nanmedian(np.abs(batch.scores / batch.displacement), axis=1) * tolerance
    known = np.isfinite(size) & (size > rounding)
    if not known.any() or len(np.unique(sigma[known])) == 1:
        return ""
    power, log_factor = np.polyfit(np.log(sigma[known]), np.log(size[known]), 1)
    return measured(ANOTHER_TARGET, f"{np.exp(log_factor):.3g} * (x~ - x) * sigma^{power:.2f}")


@number("5.2")
@weight(0.75)
@visibility("after_published")
@tags("denoising", "laws")
def test_noise_levels_are_drawn_uniformly_for_each_sample(submission: Submission) -> None:
    """Every sample has a noise level of its own, drawn uniformly from the list."""

    def experiment(seed: int, factor: int) -> list[laws.Test]:
        batches = _observe(submission, seed, factor)
        for batch in batches:
            _judge_levels(batch)
        return level_tests(batches)

    laws.judge(experiment)


def _judge_levels(batch: Batch) -> None:
    """What needs no statistics: only levels of the list, and not one for all."""
    strangers = batch.levels.sigma[batch.levels.index < 0]
    if len(strangers):
        raise wrong(
            f"{len(strangers)} of {len(batch.data)} noise levels are not in the list, e.g. {strangers[0]:.4g}.",
            f"sigma is one of {', '.join(f'{sigma:g}' for sigma in observed.SIGMAS)}.",
            look_at=SIGMA_LINE,
        )
    if len(np.unique(batch.levels.index)) == 1:
        raise wrong(
            f"All {len(batch.data)} samples of one call have the same noise level.",
            "Each sample has its own.",
            ONE_LEVEL_FOR_ALL,
            "5.2: Alg. 1 is for one sample, and is applied to each; line 1",
        )


@number("5.2")
@weight(0.75)
@visibility("after_published")
@tags("denoising", "laws")
def test_perturbation_noise_is_standard_normal(submission: Submission) -> None:
    """x~ is x plus sigma times a standard normal z that is new for every coordinate, sample and call."""

    def experiment(seed: int, factor: int) -> list[laws.Test]:
        batches = _observe(submission, seed, factor)
        _judge_freshness(batches)
        return noise_tests(batches)

    laws.judge(experiment)


def _judge_freshness(batches: list[Batch]) -> None:
    """What needs no statistics: there is noise, and not the same in two calls."""
    first = batches[0]
    if np.array_equal(first.perturbed, first.data):
        raise wrong("The score is evaluated at the training points themselves: no noise is added.", look_at=Z_LINE)
    if len(independent(batches)) < len(batches):
        raise wrong(
            "Two calls of compute_denoising_loss draw exactly the same noise.",
            "Every training step draws anew.",
            SEEDED_LOSS,
            Z_LINE,
        )
