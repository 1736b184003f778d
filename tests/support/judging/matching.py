"""Which training point each of the recorded scores belongs to, and with which noise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from tests.support.homework.denoising import LEVELS_OF_A_SAMPLE, SAMPLES, LevelsOfASample, Samples
from tests.support.laws import FALSE_FAIL_RATE
from tests.support.observed.denoising import GRID_SIDE, Evaluation, float32
from tests.support.observed.recorded import FLOAT32_EPS, Levels, read_levels
from tests.support.verdicts import Wrong, wrong

ROUNDINGS = 64.0  # a generous count of float32 operations between a score and the gradient


@dataclass(frozen=True)
class Batch:
    """An evaluation whose R rows are matched with the training points, (R, 2), in the order of the training points.

    `loss`, `gradient` and `product` are those of the average over the samples, where the loss is not averaged.
    """

    evaluation: Evaluation
    n_samples: int
    n_levels: int
    data: np.ndarray
    displacement: np.ndarray
    scores: np.ndarray
    levels: Levels
    direction: np.ndarray
    gradient: np.ndarray
    product: np.ndarray
    loss: float
    samples: tuple[Samples, ...]
    every_level: tuple[LevelsOfASample, ...]
    at_the_data: bool = False
    own_sigma: np.ndarray | None = None

    @property
    def perturbed(self) -> np.ndarray:
        """x~, (R, 2)."""
        return self.data + self.displacement

    @property
    def sigma(self) -> np.ndarray:
        """Noise levels as a column, (R, 1); or (R, 2), where each coordinate has its own."""
        return self.levels.sigma[:, None] if self.own_sigma is None else self.own_sigma

    @property
    def differentiable(self) -> bool:
        """Whether a gradient comes back to some score."""
        return self.evaluation.returned.differentiable and bool(np.any(self.gradient))

    @cached_property
    def isotropic(self) -> bool:
        """Whether both coordinates of a score enter the loss alike."""
        return np.allclose(self.weights[:, 0], self.weights[:, 1], rtol=ROUNDINGS * FLOAT32_EPS)

    @property
    def weights(self) -> np.ndarray:
        """The second derivatives times the number of rows, (R, 2): lambda of each sample where the loss is right."""
        with np.errstate(over="ignore", invalid="ignore"):
            return len(self.data) * self.product / self.direction

    @property
    def targets(self) -> np.ndarray:
        """What is added to the scores as the gradient of a sum of squares shows it, (R, 2); NaN without a weight."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return len(self.data) * self.gradient / self.weights - self.scores


def not_called(evaluation: Evaluation) -> Wrong:
    """The verdict on a loss that does not ask for a single score."""
    returned = " and returns a number" if evaluation.returned.values.size else ""
    return wrong(
        f"compute_denoising_loss never calls the score network{returned}.",
        "Its value is the error of the network's score at perturbed samples.",
        look_at="Alg. 1, line 5",
    )


def matched(evaluation: Evaluation, data: np.ndarray, sigmas: tuple[float, ...], spacing: float) -> Batch:
    """The evaluation in the order of the training points `data` (N, 2); raises `Wrong` where its calls do not fit."""
    if len(evaluation.sizes) == 0:
        raise not_called(evaluation)
    rows = _rows_of_samples(evaluation)
    if len(rows) > len(data) * len(sigmas):
        raise _other_rows(len(rows), len(data))
    origin = _origin(evaluation.points[rows], data, spacing)
    order = np.argsort(origin, kind="stable")
    rows, origin = rows[order], origin[order]
    levels = read_levels(evaluation.levels[rows], float32(sigmas))
    samples, every_level = _pattern(origin, levels, len(data), len(sigmas))
    if not (samples and every_level):
        raise _other_rows(len(rows), len(data))
    values = evaluation.returned.values
    apart = values.size / len(rows) if values.size in (len(rows), 2 * len(rows)) else 1
    batch = Batch(
        evaluation,
        len(data),
        len(sigmas),
        data[origin],
        evaluation.points[rows] - data[origin],
        evaluation.scores[rows],
        levels,
        evaluation.direction[rows],
        apart * evaluation.gradient[rows],
        apart * evaluation.product[rows],
        apart * float(np.mean(values)) if values.size else float("nan"),
        samples,
        every_level,
    )
    return _with_own_sigmas(_seen_through_the_target(batch), float32(sigmas))


def _other_rows(rows: int, n: int) -> Wrong:
    """The verdict on calls that are not one score for each sample."""
    each = f", {rows / n:g} times each" if rows % n == 0 else ""
    return wrong(
        f"The score network was asked for {rows} points{each}.",
        f"Each of the {n} training samples needs exactly one score.",
        look_at="Alg. 1, and the remark in 5.2: it is applied to all training samples",
    )


def _rows_of_samples(evaluation: Evaluation) -> np.ndarray:
    """The rows of all calls but those whose answers have no influence on a loss that others have an influence on."""
    influence = np.any((evaluation.gradient != 0) | (evaluation.product != 0), axis=1)
    rows = np.split(np.arange(len(influence)), np.cumsum(evaluation.sizes)[:-1])
    used = [call for call in rows if np.any(influence[call])]
    return np.concatenate(used or rows)


def _origin(points: np.ndarray, data: np.ndarray, spacing: float) -> np.ndarray:
    """For each point the place in `data` that it belongs to: by its cell of the grid, or else by its own place."""
    n = len(data)
    with np.errstate(invalid="ignore"):
        cells, wanted = (
            np.nan_to_num(np.round(some / spacing + (GRID_SIDE - 1) / 2), nan=-1) for some in (points, data)
        )
    sought, cells = cells[:, 0] + 1j * cells[:, 1], wanted[:, 0] + 1j * wanted[:, 1]
    order = np.argsort(cells, kind="stable")
    last = np.searchsorted(cells, sought, side="right", sorter=order) - 1
    origin = np.where(cells[order[last]] == sought, order[last], -1)
    distinct = len(np.unique(origin))
    known = n > 1 and bool(np.all(origin >= 0))
    if len(points) == n and not (known and (distinct == n or _like_drawn_with_replacement(distinct, n))):
        return np.arange(n)
    return origin if known else np.arange(len(points)) % n


def _like_drawn_with_replacement(distinct: int, n: int) -> bool:
    """Whether n draws with replacement may have so many different values: McDiarmid's bound at the suite's level."""
    expected = n * (1 - (1 - 1 / n) ** n)
    return bool(2 * np.exp(-2 * (distinct - expected) ** 2 / n) >= FALSE_FAIL_RATE)


def _pattern(
    origin: np.ndarray, levels: Levels, n: int, n_levels: int
) -> tuple[tuple[Samples, ...], tuple[LevelsOfASample, ...]]:
    """The readings that choose these samples, and so many levels for each; none where no reading does."""
    each_once, with_replacement, some = SAMPLES
    one, *every = LEVELS_OF_A_SAMPLE
    counts = np.bincount(origin, minlength=n)
    if len(origin) == n:
        return (each_once if np.all(counts == 1) else with_replacement,), (one,)
    if len(origin) < n and np.max(counts) == 1:
        return (some,), (one,)
    pairs = np.unique(np.stack([origin, levels.index]), axis=1).shape[1]
    if len(origin) == n * n_levels == pairs and np.all(levels.index >= 0):
        return (each_once,), tuple(every)
    return (), ()


def _seen_through_the_target(batch: Batch) -> Batch:
    """The same batch, or, where the network is asked at x and the loss knows some x~, the batch with that x~."""
    if np.any(batch.displacement) or not batch.differentiable:
        return batch
    targets = np.nan_to_num(batch.targets)
    if np.all(np.abs(targets) <= ROUNDINGS * FLOAT32_EPS * np.abs(batch.scores)):
        return batch
    return replace(batch, displacement=targets * batch.sigma**2, at_the_data=True)


def _with_own_sigmas(batch: Batch, sigmas: np.ndarray) -> Batch:
    """The same batch, or, where target and weight of every coordinate have a sigma of the list, with these sigmas."""
    if len(sigmas) == 1 or not batch.differentiable or batch.at_the_data:
        return batch
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = batch.displacement / batch.targets
        distances = np.abs(squares[..., None] / sigmas**2 - 1)
    if not np.isfinite(squares).all():
        return batch
    own = sigmas[np.argmin(distances, axis=-1)]
    resolved = np.abs(batch.displacement) > 1e4 * FLOAT32_EPS * np.abs(batch.perturbed)
    if np.any((np.min(distances, axis=-1) > 0.05) & resolved) or np.all(own[:, 0] == own[:, 1]):
        return batch
    if np.mean(own[:, 0] == own[:, 1]) > 0.9:  # no more than the few that rounding hides
        return batch
    return replace(batch, own_sigma=own)
