"""The chain of states that the recorded calls of a run reveal, and a fit of each of its noise levels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from tests.support import laws
from tests.support.observed.langevin import AMPLITUDE, Design, Run, observe_run
from tests.support.observed.recorded import FLOAT32_EPS, Levels, read_levels
from tests.support.submission import Submission
from tests.support.verdicts import Blocked

GAP = 100.0  # ratio of mean squares; of two right ones, 500 values each, it exceeds 4 with chance 1e-30 (Chernoff)
SILENCE = 1e-3  # noise below this share of the step is rounding; the right share is at least 1/200


@dataclass(frozen=True)
class Fit:
    """The links at one noise level: x_t = phi x_{t-1} + step s + residual; `alpha` is the handout's step size."""

    sigma: float
    alpha: float
    phi: float
    step: float
    scores: np.ndarray  # (links, n, 2)
    residual: np.ndarray  # (links, n, 2)

    @property
    def mean_square(self) -> float:
        """Mean square of the residual, which is 2 alpha for the right noise."""
        return float(np.mean(self.residual**2))

    @property
    def step_p(self) -> float:
        """Chance of a step size so far from alpha: N(0, 1), with the larger of the right and the observed noise."""
        square = float(np.sum(self.scores**2))
        spread = max(2 * self.alpha, self.mean_square) / square if square > 0 else 0.0
        return laws.normal((self.step - self.alpha) / spread**0.5) if spread > 0 else 0.0


@dataclass(frozen=True)
class Chain:
    """All states of a run, step by step: `states` (S, n, 2) are those at which the score was asked for.

    `final` (n, 2) is what was returned, or None when that has another shape.
    """

    design: Design
    states: np.ndarray
    scores: np.ndarray
    levels: Levels  # of each step, (S,)
    final: np.ndarray | None

    @cached_property
    def fits(self) -> list[Fit]:
        """One fit for each noise level, from links inside the level; from all its links where it has no other."""
        links = range(len(self.states) - 1)
        fits = []
        for sigma in dict.fromkeys(self.levels.sigma.tolist()):
            own = [t for t in links if self.levels.sigma[t] == sigma]
            inside = [t for t in own if self.levels.sigma[t + 1] == sigma] or own
            if inside:
                fits.append(self._fit(sigma, inside))
        if self.final is not None and fits and self.final_gap <= GAP:
            last = self.levels.sigma[-1]
            inside = [t for t in links if self.levels.sigma[t] == last == self.levels.sigma[t + 1]]
            known = [one for one in fits if one.sigma != last]
            return [*known, self._fit(last, [*inside, len(self.states) - 1])]
        return fits

    def _fit(self, sigma: float, links: Sequence[int]) -> Fit:
        """Least squares; phi is 1 unless another value leaves less than a tenth of the squares."""
        after = np.stack([self._after(t) for t in links])
        before, scores = self.states[list(links)], self.scores[list(links)]
        phi, step = 1.0, _slope(after - before, scores)
        squares = float(np.sum((after - before - step * scores) ** 2))
        if squares > 1e-6 * float(np.sum(before**2)):  # less is rounding
            design = np.stack([before.ravel(), scores.ravel()], axis=1)
            free = np.linalg.lstsq(design, after.ravel(), rcond=None)[0]
            if float(np.sum((after.ravel() - design @ free) ** 2)) < squares / 10:
                phi, step = float(free[0]), float(free[1])
        alpha = float(self.design.step_sizes(np.array(sigma)))
        return Fit(sigma, alpha, phi, step, scores, after - phi * before - step * scores)

    def _after(self, t: int) -> np.ndarray:
        if t + 1 < len(self.states):
            return self.states[t + 1]
        if self.final is None:
            raise IndexError(t)
        return self.final

    @cached_property
    def final_gap(self) -> float:
        """Mean square of the last link's residual, relative to the noise of its level."""
        return self.gap(len(self.states) - 1, self._inner)

    def gap(self, link: int, fits: Sequence[Fit]) -> float:
        """Mean square of a link's residual, relative to the noise of its level (at least the rounding)."""
        fit = next((one for one in fits if one.sigma == self.levels.sigma[link]), None)
        if fit is None:
            return 0.0
        residual = self._after(link) - fit.phi * self.states[link] - fit.step * self.scores[link]
        floor = (SILENCE * fit.alpha * AMPLITUDE) ** 2
        return float(np.mean(residual**2)) / max(fit.mean_square, floor)

    @cached_property
    def _inner(self) -> list[Fit]:
        """The fit of the last level without the returned state."""
        last = self.levels.sigma[-1]
        links = [t for t in range(len(self.states) - 1) if self.levels.sigma[t] == last == self.levels.sigma[t + 1]]
        return [self._fit(last, links)] if links else []

    @property
    def boundaries(self) -> list[int]:
        """The steps after which the noise level changes."""
        return [t for t in range(len(self.states) - 1) if self.levels.sigma[t] != self.levels.sigma[t + 1]]


def _slope(values: np.ndarray, regressor: np.ndarray) -> float:
    square = float(np.sum(regressor**2))
    return float(np.sum(values * regressor)) / square if square > 0 else 0.0


def observe_chain(submission: Submission, design: Design | None = None, seed: int = 0) -> Chain:
    """The chain of one run; raises `Blocked` when the calls do not form one."""
    design = design or Design()
    chain = rebuild(observe_run(submission, design, seed), design)
    if chain is None:
        raise Blocked(
            "The calls of the score network do not form one chain for each sample, so that this cannot be judged: see "
            "the row of 5.3 on the order of the noise levels."
        )
    return chain


def rebuild(run: Run, design: Design) -> Chain | None:
    """The chain behind the calls, whether all samples move together, in chunks or one at a time; None if there is none.

    Of several orders that fit the sizes of the calls, the one is kept whose steps the scores explain best.
    """
    chains = [_chain(run, rows, design) for rows in _row_orders(run, design)]
    return min((one for one in chains if one is not None), key=_unexplained, default=None)


def _unexplained(chain: Chain) -> float:
    return sum(float(np.sum(fit.residual**2)) / fit.alpha for fit in chain.fits)


def _chain(run: Run, rows: np.ndarray, design: Design) -> Chain | None:
    recorded = run.levels[rows]  # (S, n)
    if np.any(recorded != recorded[:, :1]):
        return None
    final = run.returned.values
    usable = final.shape == (design.n, 2) and np.isfinite(final).all()
    levels = read_levels(recorded[:, 0], design.noise_levels)
    return Chain(design, run.points[rows], run.scores[rows], levels, final if usable else None)


def _row_orders(run: Run, design: Design) -> Iterator[np.ndarray]:
    """Tables (S, n) of the rows of each step: step after step, chunk after chunk, or so within each level."""
    calls = list(np.split(np.arange(len(run.points)), np.cumsum(run.sizes)[:-1])) if len(run.sizes) else []
    wanted = design.n * design.iterations * len(design.sigmas)
    if len(run.points) != wanted and int(np.sum(run.sizes * run.repeats)) == wanted:
        # The state did not move between calls that were then recorded as one.
        calls = [call for call, times in zip(calls, run.repeats, strict=True) for _ in range(times)]
    if len(run.points) % design.n:
        # A look at the network beside the chain (a shape tried out, a device asked for) is nobody's mistake.
        common = Counter(map(len, calls)).most_common(1)[0][0] if calls else 0
        calls = [call for call in calls if len(call) == common]
    n_rows = sum(map(len, calls))
    if not n_rows or n_rows % design.n:
        return
    steps = n_rows // design.n
    if len(calls) % steps:
        return
    chunks = len(calls) // steps
    first = [float(run.levels[call[0]]) for call in calls]
    starts = [0, *(c for c in range(1, len(calls)) if first[c] != first[c - 1]), len(calls)]
    orders = [[calls[t * chunks : (t + 1) * chunks] for t in range(steps)]]
    if chunks > 1:
        orders.append([calls[t::steps] for t in range(steps)])
        spans = [calls[a:b] for a, b in pairwise(starts)]
        if all(len(span) % chunks == 0 for span in spans):
            lengths = [len(span) // chunks for span in spans]
            orders.append([span[t::k] for span, k in zip(spans, lengths, strict=True) for t in range(k)])
    for order in orders:
        tables = [np.concatenate(step) for step in order]
        if all(len(table) == design.n for table in tables):
            yield np.stack(tables)


def same(one: np.ndarray, other: np.ndarray) -> bool:
    """Equality up to the rounding to float32."""
    return one.shape == other.shape and bool(np.all(np.abs(one - other) <= 4 * FLOAT32_EPS * np.abs(other)))
