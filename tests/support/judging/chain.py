"""The chain of states that the recorded calls of a run reveal, and a fit of each of its noise levels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from tests.support import laws
from tests.support.homework.langevin import Steps
from tests.support.judging.least_squares import least_squares
from tests.support.observations import printable
from tests.support.observed.langevin import AMPLITUDE, EPS, Design, Run, observe_run
from tests.support.observed.recorded import FLOAT32_EPS, Levels, read_levels
from tests.support.submission import Submission
from tests.support.verdicts import Blocked

GAP = 100.0  # ratio of mean squares; of two right ones, 500 values each, it exceeds 4 with chance 1e-30 (Chernoff)
PHI = 0.01  # the factor of the state before a step is exactly 1 in right work: only far larger noise frees it
TINY = float(np.finfo(np.float64).tiny)  # what a claimed noise level makes of a step may be smaller than any number
SILENCE = 1e-3  # noise below this share of the step is rounding; the right share is at least 1/200


@dataclass(frozen=True)
class LevelFit:
    """The links at one noise level: x_t = phi x_{t-1} + step s + residual; `alpha` is the handout's step size."""

    sigma: float
    alpha: float
    phi: float
    step: float
    scores: np.ndarray  # (links, n, 2)
    residual: np.ndarray  # (links, n, 2)
    links: tuple[int, ...] = ()  # the steps that they are

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
    base: np.ndarray | None = None  # (S, n, 2): what each step adds to, if not to its state; NaN where that is unknown

    @cached_property
    def steps(self) -> Steps:
        """The steps as the readings of the homework see them."""
        return Steps(self.levels.sigma, self.design.noise_levels, self.design.iterations, EPS)

    @cached_property
    def origins(self) -> np.ndarray:
        """What each step adds to, (S, n, 2)."""
        return self.states if self.base is None else self.base

    @cached_property
    def fits(self) -> list[LevelFit]:
        """One fit for each noise level, from all its links but those at which the chain is broken."""
        fits = []
        for inner in self._inner:
            links = [*inner.links, *(t for t in self._outer(inner) if self._joins(t))]
            fits.append(self._fit(inner.sigma, sorted(links)))
        return fits

    @cached_property
    def _inner(self) -> list[LevelFit]:
        """The fit of each level from the links inside it; from those to another level where it has no others."""
        fits = []
        for sigma in dict.fromkeys(self.levels.sigma.tolist()):
            own = [t for t in self._known(sigma) if t + 1 < len(self.states)]
            inside = [t for t in own if self.levels.sigma[t + 1] == sigma] or own
            if inside:
                fits.append(self._fit(sigma, inside))
        return fits

    def _joins(self, link: int) -> bool:
        """Whether a link goes on from the state before it: at the end with its level's step size, else with any."""
        if link + 1 < len(self.states):
            return not self.breaks(link)
        return self.final_gap <= GAP

    def breaks(self, link: int) -> bool:
        """Whether the state after a step has nothing to do with that before it, whatever the size of this step."""
        return not min(self.gap(link, self._inner), self.gap(link, self._inner, free=True)) <= GAP

    def _outer(self, inner: LevelFit) -> list[int]:
        """The links of a level that are not inside it."""
        return [t for t in self._known(inner.sigma) if t not in inner.links]

    def _known(self, sigma: float) -> list[int]:
        """The links of a level whose two ends are known."""
        count = len(self.states) - (self.final is None)
        own = [t for t in range(count) if self.levels.sigma[t] == sigma]
        return [t for t in own if np.isfinite(self.origins[t]).all() and np.isfinite(self.after(t)).all()]

    def _fit(self, sigma: float, links: Sequence[int]) -> LevelFit:
        """Least squares; phi is 1 unless another value leaves less than a tenth of the squares."""
        after = np.stack([self.after(t) for t in links])
        before, scores = self.origins[list(links)], self.scores[list(links)]
        phi, step = 1.0, _slope(after - before, scores)
        squares = float(np.sum((after - before - step * scores) ** 2))
        if squares > 1e-6 * float(np.sum(before**2)):  # less is rounding
            design = np.stack([before.ravel(), scores.ravel()], axis=1)
            found = least_squares(design, after.ravel())
            if found and float(np.sum((after.ravel() - design @ found[0]) ** 2)) < squares / 10:
                phi, step = map(float, found[0])
        alpha = float(self.design.step_sizes(np.array(sigma)))
        return LevelFit(sigma, alpha, phi, step, scores, after - phi * before - step * scores, tuple(links))

    def after(self, t: int) -> np.ndarray:
        """The state after step t, (n, 2); raises IndexError when nobody knows it."""
        if t + 1 < len(self.states):
            return self.states[t + 1]
        if self.final is None:
            raise IndexError(t)
        return self.final

    @cached_property
    def final_gap(self) -> float:
        """Mean square of the last link's residual, relative to the noise of its level."""
        return self.gap(len(self.states) - 1, self._inner)

    def gap(self, link: int, fits: Sequence[LevelFit], free: bool = False) -> float:
        """Mean square of a link's residual, relative to the noise of its level (at least the rounding).

        `free` leaves the link a step size of its own.
        """
        fit = next((one for one in fits if one.sigma == self.levels.sigma[link]), None)
        if fit is None:
            return 0.0
        moved = self.after(link) - fit.phi * self.origins[link]
        residual = moved - (_slope(moved, self.scores[link]) if free else fit.step) * self.scores[link]
        floor = (SILENCE * fit.alpha * AMPLITUDE) ** 2
        return float(np.mean(residual**2) / max(fit.mean_square, floor, TINY))

    @cached_property
    def doubtful(self) -> bool:
        """Whether the handout's own motion is rejected: by its step sizes, or by more noise than a right chain has."""
        broken = any(self.breaks(link) for link in self.boundaries)
        return broken or any(
            fit.step_p < laws.FALSE_FAIL_RATE or abs(fit.phi - 1) > PHI or not fit.mean_square <= GAP * 2 * fit.alpha
            for fit in self.fits
        )

    @property
    def finite(self) -> bool:
        """Whether all states are numbers."""
        return bool(np.isfinite(self.states).all())

    @property
    def frozen(self) -> bool:
        """Whether all steps start from the same state."""
        return len(self.states) > 1 and bool(np.all(self.states == self.states[0]))

    @property
    def boundaries(self) -> list[int]:
        """The steps after which the noise level changes."""
        return [t for t in range(len(self.states) - 1) if self.levels.sigma[t] != self.levels.sigma[t + 1]]


def require_finite(chain: Chain) -> None:
    """Raise `Blocked` when states are infinite or NaN."""
    if not chain.finite:
        raise Blocked(
            "Not judged: the states become infinite or NaN. See the row 'langevin returns samples and trajectories'."
        )


def _slope(values: np.ndarray, regressor: np.ndarray) -> float:
    square = float(np.sum(regressor**2))
    return float(np.sum(values * regressor)) / square if square > 0 else 0.0


def observe_chain(submission: Submission, design: Design | None = None, seed: int = 0) -> Chain:
    """The chain of one run; raises `Blocked` when the calls do not form one."""
    design = design or Design()
    run = observe_run(submission, design, seed)
    require_calls(submission, run)
    chain = rebuild(run, design)
    if chain is None:
        raise Blocked(
            "The calls of the score network do not form one chain for each sample, so that this cannot be judged: see "
            "the row of 5.3 on the order of the noise levels."
        )
    return by_place(chain)


def by_place(chain: Chain) -> Chain:
    """The chain with the noise levels of the handout's order, where these explain its steps and those told do not.

    A network that is always told one level is asked at all of them: that costs points with the order of the visits.
    """
    design, index = chain.design, chain.levels.index
    count, each = len(design.sigmas), design.iterations
    if count < 2 or len(index) != count * each or np.any(index != index[0]) or not chain.finite:
        return chain
    place = np.repeat(np.arange(count), each)
    levels = replace(chain.levels, sigma=design.noise_levels[place], index=place)
    other = replace(chain, levels=levels)
    return other if chain.doubtful and not other.doubtful else chain


def require_calls(submission: Submission, run: Run) -> None:
    """Raise `Blocked` when the score network could take none of the sampler's calls."""
    if run.refused and len(run.sizes) == 0:
        said = f": {printable(run.refused)}" if submission.quote else ""
        raise Blocked(
            f"Not judged: the sampler makes a call that ScoreNet cannot take{said}. See the row 'langevin returns "
            "samples and trajectories'; once the call is right, this can be judged."
        )


def rebuild(run: Run, design: Design) -> Chain | None:
    """The chain behind the calls, whether all samples move together, in chunks or one at a time; None if there is none.

    Of several orders that fit the sizes of the calls, the one is kept whose steps the scores explain best.
    """
    calls = _laid_out(run, design)
    chain = _best(run, _without_looks(calls, design.n), design)
    beyond = _beyond_a_first_look(calls, design)
    rest = _best(run, beyond, design) if beyond else None
    if rest is not None and (chain is None or chain.gap(0, rest.fits) > GAP):
        return rest  # no step led on from the first call
    return chain


def _best(run: Run, calls: Sequence[np.ndarray], design: Design) -> Chain | None:
    chains = [_chain(run, rows, design) for rows in _row_orders(run, calls, design.n)]
    return min((one for one in chains if one is not None), key=_unexplained, default=None)


def _unexplained(chain: Chain) -> float:
    return sum(float(np.sum(fit.residual**2)) / max(fit.alpha, TINY) for fit in chain.fits)


def _chain(run: Run, rows: np.ndarray, design: Design) -> Chain | None:
    recorded = run.levels[rows]  # (S, n)
    if np.any(recorded != recorded[:, :1]):
        return None
    final = run.returned.values
    usable = final.shape == (design.n, 2) and np.isfinite(final).all()
    levels = read_levels(recorded[:, 0], design.noise_levels)
    return Chain(design, run.points[rows], run.scores[rows], levels, final if usable else None)


def _laid_out(run: Run, design: Design) -> list[np.ndarray]:
    """The rows of each call; calls that were recorded as one, since the state did not move between them, as several."""
    calls = np.split(np.arange(len(run.points)), np.cumsum(run.sizes)[:-1]) if len(run.sizes) else []
    wanted = design.n * design.iterations * len(design.sigmas)
    if len(run.points) != wanted and int(np.sum(run.sizes * run.repeats)) == wanted:
        calls = [call for call, times in zip(calls, run.repeats, strict=True) for _ in range(times)]
    return [call for call in calls if len(call)]


def _without_looks(calls: list[np.ndarray], n: int) -> list[np.ndarray]:
    """The calls of a chain: a look at the network beside it (a shape tried out, a device asked for) is no mistake."""
    sizes = [len(call) for call in calls]
    if not sum(sizes) % n:
        return calls
    common = max(set(sizes), key=sizes.count)
    return [call for call in calls if len(call) == common]


def _beyond_a_first_look(calls: list[np.ndarray], design: Design) -> list[np.ndarray]:
    """The calls after the first ones, if those ask for as many points as there are too many: at most all samples."""
    wanted = design.n * design.iterations * len(design.sigmas)
    before = np.cumsum([len(call) for call in calls]).tolist()
    excess = before[-1] - wanted if before else 0
    return calls[before.index(excess) + 1 :] if excess in before and excess <= design.n else []


def _row_orders(run: Run, calls: Sequence[np.ndarray], n: int) -> Iterator[np.ndarray]:
    """Tables (S, n) of the rows of each step, for every interleaving in which calls of these sizes form chains."""
    steps, odd = divmod(sum(map(len, calls)), n)
    if not steps or odd or len(calls) % steps:
        return
    for interleaving in (_step_by_step, _chunk_by_chunk, _level_by_level):
        for order in interleaving(run, calls, steps):
            tables = [np.concatenate(step) for step in order]
            if all(len(table) == n for table in tables):
                yield np.stack(tables)


def _step_by_step(run: Run, calls: Sequence[np.ndarray], steps: int) -> Iterator[list[Sequence[np.ndarray]]]:
    """All samples make a step, in one call or in chunks, before any makes the next."""
    chunks = len(calls) // steps
    yield [calls[t * chunks : (t + 1) * chunks] for t in range(steps)]


def _chunk_by_chunk(run: Run, calls: Sequence[np.ndarray], steps: int) -> Iterator[list[Sequence[np.ndarray]]]:
    """Each chunk makes all its steps before the next chunk begins."""
    if len(calls) > steps:
        yield [calls[t::steps] for t in range(steps)]


def _level_by_level(run: Run, calls: Sequence[np.ndarray], steps: int) -> Iterator[list[Sequence[np.ndarray]]]:
    """At each noise level, one chunk after another makes the level's steps."""
    chunks = len(calls) // steps
    sigma = [float(run.levels[call[0]]) for call in calls]
    starts = [0, *(c for c in range(1, len(calls)) if sigma[c] != sigma[c - 1]), len(calls)]
    levels = [calls[a:b] for a, b in pairwise(starts)]
    if chunks > 1 and all(len(level) % chunks == 0 for level in levels):
        each = [len(level) // chunks for level in levels]
        yield [level[t::k] for level, k in zip(levels, each, strict=True) for t in range(k)]


def same(one: np.ndarray, other: np.ndarray) -> bool:
    """Equality up to the rounding to float32."""
    return one.shape == other.shape and bool(np.all(np.abs(one - other) <= 4 * FLOAT32_EPS * np.abs(other)))
