"""What Algorithm 1 makes of the recorded calls.

The loss is differentiated with respect to the scores s that it was given. With L = (1/N) sum_i w_i/2 |s_i + T_i|^2 the
second derivative is w_i/N and the first is w_i (s_i + T_i)/N, so weights w and targets T are known exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.support.homework.denoising import DENOISING_TARGETS, DENOISING_WEIGHTS, EVERY_LEVEL, Target, Weight
from tests.support.homework.readings import Reading, worded
from tests.support.observed.denoising import GRID_SIDE, GRID_SPACING, SHIFT, Evaluation, float32
from tests.support.observed.recorded import FLOAT32_EPS, Levels, read_levels
from tests.support.verdicts import Wrong, wrong

ROUNDINGS = 64.0  # a generous count of float32 operations between a score and the gradient


@dataclass(frozen=True)
class Batch:
    """An evaluation whose rows are matched with the training points: everything is in the order of `data` (N, 2)."""

    data: np.ndarray
    perturbed: np.ndarray
    scores: np.ndarray
    levels: Levels
    weights: np.ndarray  # (N, 2): w_i as each of the two coordinates shows it
    pull: np.ndarray  # (N, 2): w_i (s_i + T_i)

    @property
    def displacement(self) -> np.ndarray:
        """x~ - x, (N, 2)."""
        return self.perturbed - self.data

    @property
    def sigma(self) -> np.ndarray:
        """Noise levels as a column, (N, 1)."""
        return self.levels.sigma[:, None]


def matched(evaluation: Evaluation, data: np.ndarray, sigmas: Sequence[float]) -> Batch:
    """The evaluation in the order of the training points; raises `Wrong` when not each was scored once."""
    order = _order(evaluation, data, len(sigmas))
    n = len(data)
    return Batch(
        data,
        evaluation.points[order],
        evaluation.scores[order],
        read_levels(evaluation.levels[order], float32(sigmas)),
        n * (evaluation.product / evaluation.direction)[order],
        n * evaluation.gradient[order],
    )


def _order(evaluation: Evaluation, data: np.ndarray, n_levels: int) -> np.ndarray:
    """For each training point the row that scored it: by place on the grid, or else by order."""
    n, rows = len(data), len(evaluation.points)
    if rows != n:
        each = f", {rows / n:g} times each" if rows > n and rows % n == 0 else ""
        raise wrong(
            f"The score network was asked for {rows} points{each}.",
            f"Each of the {n} training samples needs exactly one score.",
            EVERY_LEVEL if rows == n * n_levels else "",
            "Alg. 1, and the remark in 5.2: it is applied to all training samples",
        )
    cells = np.round(evaluation.points / GRID_SPACING + (GRID_SIDE - 1) / 2)
    found = {tuple(cell): row for row, cell in enumerate(cells.tolist())}
    wanted = [tuple(cell) for cell in np.round(data / GRID_SPACING + (GRID_SIDE - 1) / 2).tolist()]
    if len(found) == n and all(cell in found for cell in wanted):
        return np.array([found[cell] for cell in wanted])
    return np.arange(n)


def derivative_tolerance(evaluation: Evaluation, batch: Batch) -> float:
    """How far, relatively, float32 may take the measured weights and targets from a formula's."""
    tolerance = ROUNDINGS * FLOAT32_EPS
    if evaluation.replayed:  # a difference of two gradients, divided by the shift of the scores
        largest = np.nanmax(np.abs(batch.scores)) + np.nanmax(np.abs(batch.displacement / batch.sigma**2))
        tolerance *= 1 + float(largest) / SHIFT
    return tolerance


def targets(batch: Batch) -> np.ndarray:
    """T of every sample as the gradient shows it, (N, 2)."""
    return batch.pull / batch.weights - batch.scores


def recognise_weight(batch: Batch, tolerance: float) -> Weight | None:
    """The formula whose weights are the measured ones."""
    return next((one for one in DENOISING_WEIGHTS if weight_deviation(batch, one, tolerance) <= 1), None)


def weight_deviation(batch: Batch, weight: Weight, tolerance: float) -> float:
    """The largest distance of a measured weight from the formula's, in units of the tolerance; NaN is infinite."""
    expected = 2 * weight.of(batch.sigma, len(batch.data)) + 0 * batch.weights
    return _largest_ratio(batch.weights - expected, tolerance * expected)


def recognise_target(batch: Batch, tolerance: float) -> Target | None:
    """The formula whose targets are the measured ones; z in place of (x~ - x)/sigma differs by the rounding of x~."""
    return next((one for one in DENOISING_TARGETS if target_deviation(batch, one, tolerance) <= 1), None)


def target_deviation(batch: Batch, target: Target, tolerance: float) -> float:
    """The largest distance of a measured target, where one is known, from the formula's, in units of the tolerance."""
    measured = targets(batch)
    expected = target.of(batch.displacement, batch.sigma)
    rounding = target.of(FLOAT32_EPS * np.abs(batch.perturbed), batch.sigma)
    allowed = np.abs(rounding) + tolerance * (np.abs(batch.scores) + np.abs(expected))
    known = np.all(np.isfinite(measured), axis=1)
    return _largest_ratio((measured - expected)[known], allowed[known])


def _largest_ratio(differences: np.ndarray, allowed: np.ndarray) -> float:
    """The largest difference in units of what is allowed; infinite where none is known."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(differences == 0, 0.0, np.abs(differences) / np.abs(allowed))
    return float(np.max(np.nan_to_num(ratios, nan=np.inf, posinf=np.inf))) if ratios.size else np.inf


def loss_by(batch: Batch, weight: Weight, target: Target) -> tuple[float, float]:
    """The loss of the batch by these formulas, and how far float32 may be from it."""
    factor = weight.of(batch.sigma, len(batch.data)) / len(batch.data)
    residual = batch.scores + target.of(batch.displacement, batch.sigma)
    rounding = np.abs(target.of(FLOAT32_EPS * np.abs(batch.perturbed), batch.sigma))
    size = np.abs(batch.scores) + np.abs(target.of(batch.displacement, batch.sigma))
    error = 2 * np.abs(residual) * (rounding + 8 * FLOAT32_EPS * size)
    total = float(np.sum(factor * residual**2))
    return total, float(np.sum(np.abs(factor) * error)) + ROUNDINGS * FLOAT32_EPS * abs(total)


def recognise_loss(batch: Batch, loss: float) -> tuple[Weight, Target] | None:
    """The formulas, at most one of them not the handout's, that give this number."""
    right_weight, right_target = DENOISING_WEIGHTS[0], DENOISING_TARGETS[0]
    pairs = [(one, right_target) for one in DENOISING_WEIGHTS] + [(right_weight, one) for one in DENOISING_TARGETS]
    for weight, target in pairs:
        expected, tolerance = loss_by(batch, weight, target)
        if abs(loss - expected) <= tolerance:
            return weight, target
    return None


def recognised(reading: Reading) -> Reading:
    """The reading of a formula, as a sentence."""
    return worded(reading, f"Recognised: {reading.sentence}.") if reading.sentence else reading


def deviating(known: tuple[Weight, Target] | None) -> Reading | str:
    """Of the formulas that give a loss the one that is not the handout's, or the handout's; nothing without any."""
    if known is None:
        return ""
    weight, target = known
    return recognised(weight if weight is not DENOISING_WEIGHTS[0] else target)


def not_called(evaluation: Evaluation) -> Wrong:
    """The verdict on a loss that does not ask for a single score."""
    returned = " and returns a number" if evaluation.returned.values.size else ""
    return wrong(
        f"compute_denoising_loss never calls the score network{returned}.",
        "Its value is the error of the network's score at perturbed samples.",
        look_at="Alg. 1, line 5",
    )
