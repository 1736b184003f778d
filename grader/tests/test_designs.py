"""The designs of Problem 5's experiments: mistakes can be told apart, and the stated effects are detected."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from tests.support import laws
from tests.support.homework.denoising import DENOISING_TARGETS, DENOISING_WEIGHTS
from tests.support.judging.chain import SILENCE
from tests.support.judging.denoising_prediction import HANDOUT, deviation
from tests.support.judging.matching import ROUNDINGS, Batch, matched
from tests.support.laws import FALSE_FAIL_RATE
from tests.support.observed import denoising, langevin
from tests.support.observed.denoising import Evaluation
from tests.support.observed.recorded import FLOAT32_EPS, Returned

LEVELS = np.array(denoising.SIGMAS)
SIGMAS = np.array(langevin.SIGMAS)
ALPHA = langevin.EPS * SIGMAS**2 / SIGMAS[-1] ** 2


def _require_apart(values: dict[str, np.ndarray], tolerance: float) -> None:
    """Any two candidates differ by at least two tolerances, relative to the larger, at one level at least."""
    for (one, a), (other, b) in combinations(values.items(), 2):
        size = np.maximum(np.abs(a), np.abs(b))
        differs = np.max(np.abs(a - b) / np.where(size > 0, size, 1))
        assert differs >= 2 * tolerance, f"{one} and {other} differ by {differs:.3g}"


def test_the_weights_of_the_denoising_loss_differ() -> None:
    """Exact values, told apart within float32."""
    sigma = np.repeat(LEVELS, 400)
    values = {one.name: one.of(sigma, len(sigma)) for one in DENOISING_WEIGHTS}
    _require_apart(values, ROUNDINGS * FLOAT32_EPS)


def test_the_targets_of_the_denoising_loss_differ() -> None:
    """At a typical displacement of one standard deviation, and more than the rounding of x~."""
    values = {one.name: one.of(LEVELS, LEVELS, np.full(5, 40.0)) for one in DENOISING_TARGETS}
    largest = denoising.MAIN.spacing * denoising.GRID_SIDE / 2
    _require_apart(values, ROUNDINGS * FLOAT32_EPS + FLOAT32_EPS * largest / LEVELS.min())


def test_the_weights_of_the_hand_computed_case_differ() -> None:
    """With one sample the mean over samples is no mistake: all others differ."""
    sigma = np.array(denoising.ONE_SIGMA)
    of_a_batch = {"sum over samples", "broadcast", "norm of the batch", "lambda over its sum"}
    values = {one.name: one.of(sigma, 1) for one in DENOISING_WEIGHTS if one.name not in of_a_batch}
    _require_apart(values, ROUNDINGS * FLOAT32_EPS)


@pytest.mark.parametrize("design", [denoising.MAIN, denoising.LADDER], ids=["main", "ladder"])
def test_the_grid_reveals_every_training_point(design: denoising.Design) -> None:
    """Half the spacing is more than 8 standard deviations of the strongest noise."""
    assert design.spacing / max(design.sigmas) > 2 * 8
    assert denoising.GRID_SIDE**2 >= denoising.N_SAMPLES


def _replayed(rounding: float, stretched: float = 0.0) -> Batch:
    """The right loss, differentiated by a replay: each gradient is off by so many float32 roundings, to opposite sides.

    Its second derivatives are `stretched` besides.
    """
    rng = np.random.default_rng(0)
    data, n = denoising.MAIN.training_points(), denoising.N_SAMPLES
    sigma = denoising.float32(denoising.SIGMAS)[rng.integers(0, len(LEVELS), n)]
    displacement, scores = sigma[:, None] * rng.normal(size=(n, 2)), rng.uniform(-3, 3, (n, 2))
    direction = rng.choice([-1.0, 1.0], (n, 2))
    residual = scores + displacement / sigma[:, None] ** 2
    error = rounding * FLOAT32_EPS
    gradient = sigma[:, None] ** 2 / n * residual
    shifted = sigma[:, None] ** 2 / n * (residual + denoising.SHIFT * direction)
    product = (shifted * (1 + error) - gradient * (1 - error)) / denoising.SHIFT
    loss = float(np.sum(sigma[:, None] ** 2 / 2 * residual**2)) / n
    evaluation = Evaluation(
        points=data + displacement,
        levels=sigma,
        scores=scores,
        sizes=np.array([n]),
        repeats=np.array([1]),
        refused="",
        returned=Returned("Tensor", [], np.array(loss), True),
        data_changed=False,
        sigmas_changed=False,
        direction=direction,
        gradient=gradient * (1 - error),
        product=product * (1 + stretched),
        replayed=True,
    )
    return matched(evaluation, data, denoising.SIGMAS, denoising.MAIN.spacing)


def test_a_replay_may_be_off_by_the_rounding_of_both_gradients() -> None:
    """Half of the roundings in each gradient, divided by the shift: weights and targets are still the handout's."""
    assert deviation(_replayed(ROUNDINGS / 2), HANDOUT) <= 1


def test_a_replay_may_not_be_off_by_more() -> None:
    """Weights that are off by half as much again as rounding explains are another reading's."""
    largest = 3 + 5 / LEVELS.min()  # of the scores, and of (x~ - x)/sigma^2 at 5 standard deviations
    stretched = 2.5 * ROUNDINGS * FLOAT32_EPS * (1 + largest / denoising.SHIFT)
    assert deviation(_replayed(0, stretched), HANDOUT) > 1


def _smallest(degrees: int, tests: int = 1) -> tuple[float, float]:
    """The variance ratios that are rejected although the observed value lies 4.75 standard errors to the right side."""
    ratios = np.linspace(0.3, 3, 2701)
    accepted = [ratio for ratio in ratios if tests * laws.chi_square(ratio * degrees, degrees) >= FALSE_FAIL_RATE]
    slack = 4.75 * math.sqrt(2 / degrees)
    return min(accepted) / (1 + slack), max(accepted) / (1 - slack)


def test_the_variance_of_the_perturbation_noise_is_resolved() -> None:
    """At each level, with a miss below 1e-6: a variance of at most 0.67 or at least 1.5."""
    low, high = _smallest(2 * denoising.N_SAMPLES * denoising.N_CALLS // len(LEVELS), len(LEVELS) + 10)
    assert low >= 0.65
    assert high <= 1.5


def test_the_variance_of_the_langevin_noise_is_resolved() -> None:
    """At each level of two runs: a standard deviation of at most 0.90 or at least 1.11."""
    links = langevin.ITERATIONS - 1
    low, high = _smallest(2 * 2 * langevin.N_SAMPLES * links)
    assert math.sqrt(low) >= 0.90 - 0.01
    assert math.sqrt(high) <= 1.11 + 0.01


@pytest.mark.parametrize("alpha", ALPHA)
def test_the_step_size_is_resolved(alpha: float) -> None:
    """Step sizes off by 1% are rejected with a miss below 1e-6: critical deviation plus 5 standard errors."""
    values = 2 * langevin.N_SAMPLES * (langevin.ITERATIONS - 1)
    standard_error = math.sqrt(2 * alpha / (values * langevin.AMPLITUDE**2))
    assert (laws.critical_z() + 5) * standard_error < 0.01 * alpha


def test_the_frequencies_of_the_noise_levels_are_resolved() -> None:
    """A level at half its frequency, or at twice it, is rejected with a miss below 1e-6."""
    n, uniform = denoising.N_SAMPLES * denoising.N_CALLS, 1 / len(LEVELS)
    for frequency, side in ((uniform / 2, 1), (uniform * 2, -1)):
        likely = n * frequency + side * 5 * math.sqrt(n * frequency * (1 - frequency))
        assert (len(LEVELS) + 10) * laws.binomial(round(likely), n, uniform) < FALSE_FAIL_RATE


def test_the_noise_is_not_mistaken_for_rounding() -> None:
    """The right noise of a step is well above the share of the drift that counts as silence."""
    share = np.sqrt(2 * ALPHA) / (ALPHA * langevin.AMPLITUDE)
    assert np.all(share > 5 * SILENCE)
