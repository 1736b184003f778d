"""From where the steps of a chain start, and how far the score moves them: Algorithm 2, lines 3 and 6 without noise.

The scores are our own random signs, drawn independently of everything a student draws. Hence a residual (what is left
of a step under a hypothesis) has a product with them that is small with a known chance, whatever the noise (Hoeffding).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from tests.support import laws
from tests.support.homework.langevin import Steps, StepSize
from tests.support.homework.langevin_states import ANEW, BACK, CLIPPED, FROZEN, SCALED, STATES, State
from tests.support.judging.chain import GAP, Chain, same
from tests.support.judging.langevin_lines import STATE, STEP
from tests.support.judging.recognition import Diagnosis, Hypothesis, recognise
from tests.support.observed.recorded import FLOAT32_EPS

ROUNDINGS = 8
"""Roundings to float32 in one step: its sums and products, each of half a unit, and the returned state's."""
TRIVIAL = 0.01
"""A measured factor that is nearer to 0 or 1 is another reading's."""


@dataclass(frozen=True)
class Moves:
    """What a chain does under one reading of its states: slopes and squares of each step and coordinate, (S, 2)."""

    left: np.ndarray  # (S, n, 2): the state after the step, less what the step adds to
    known: np.ndarray  # (S,): whether both are known
    slope: np.ndarray
    squares: np.ndarray  # around the slope


@dataclass(frozen=True)
class Evidence:
    """The links of a chain: states before (S, n, 2) and after it, and scores."""

    before: np.ndarray
    after: np.ndarray
    scores: np.ndarray
    steps: Steps
    chain: Chain

    @cached_property
    def rounding(self) -> np.ndarray:
        """How far float32 may put a state off, for each step and coordinate, (S, 2)."""
        largest = [np.max(np.abs(one), axis=1) for one in (self.before, self.after, self.after - self.before)]
        return ROUNDINGS * FLOAT32_EPS * np.max(largest, axis=0)

    @cached_property
    def energy(self) -> np.ndarray:
        """Squares of the scores, (S, 2)."""
        return np.maximum(np.sum(self.scores**2, axis=1), np.finfo(float).tiny)

    @cached_property
    def moved(self) -> np.ndarray:
        """The move before each step, (S, n, 2); none before the first."""
        return self.before - np.concatenate([self.before[:1], self.before[:-1]])

    def base(self, state: State) -> np.ndarray:
        """What each step adds to under a reading, (S, n, 2)."""
        count = len(self.before)
        every = state.of(self.chain.states, self.steps, self.factor(state))
        return np.asarray(every)[:count]

    def factor(self, state: State) -> float:
        """The number that a reading leaves to be measured; 1 when it leaves none."""
        if not state.measured:
            return 1.0
        regressor = self.moved if state.measured == "move" else self.before
        wanted = self.after - self.before if state.measured == "move" else self.after
        free, target = (one - self._along(one)[:, None] * self.scores for one in (regressor, wanted))
        square = float(np.sum(free**2))
        return float(np.sum(free * target)) / square if square > 0 else 0.0

    def _along(self, values: np.ndarray) -> np.ndarray:
        return np.sum(values * self.scores, axis=1) / self.energy

    def moves(self, state: State) -> Moves:
        """The chain under a reading of its states."""
        left = self.after - self.base(state)
        known = np.isfinite(left).all(axis=(1, 2))
        slope = self._along(left)
        return Moves(left, known, slope, np.sum((left - slope[:, None] * self.scores) ** 2, axis=1))


def evidence(chain: Chain, whole: bool = False) -> Evidence:
    """The links of a chain; the last one only if the returned samples look like the state after it, or if `whole`."""
    count = len(chain.states) - (chain.final is None or not (whole or chain.final_gap <= GAP))
    after = np.stack([chain.after(t) for t in range(count)]) if count else chain.states[:0]
    return Evidence(chain.states[:count], after, chain.scores[:count], chain.steps, chain)


def factors(step: StepSize, seen: Evidence) -> np.ndarray:
    """The factor of the score under a reading, for each step and coordinate, (S, 2)."""
    values = np.asarray(step.of(seen.steps), dtype=float)[: len(seen.before)]
    return np.repeat(values[:, None], 2, axis=1) if values.ndim == 1 else values


@dataclass(frozen=True)
class Motion:
    """What is recognised of a chain's motion."""

    seen: Evidence
    diagnosis: Diagnosis

    @property
    def deviates(self) -> bool:
        """Whether something else than the handout's own is recognised."""
        return self.diagnosis.explained and not self.diagnosis.own

    @property
    def reaches_the_end(self) -> bool:
        """Whether the returned samples are the states after the last step, as far as another reading explains them."""
        return self.deviates and len(self.seen.before) == len(self.seen.chain.states)

    @property
    def clipped(self) -> bool:
        """Whether all states are clipped: then the diagnosis says more of the noise than the residuals do."""
        return self.diagnosis.explained and self.diagnosis.hypotheses[0][STATE.name] is CLIPPED

    @property
    def frozen(self) -> bool:
        """Whether no state ever changes."""
        return self.diagnosis.explained and self.diagnosis.hypotheses[0][STATE.name] is FROZEN

    @property
    def state(self) -> State:
        """The recognised reading of the states; the handout's where none is."""
        found = self.diagnosis.reading(STATE) if self.diagnosis.explained else STATES[0]
        assert isinstance(found, State)
        return found

    @cached_property
    def steps(self) -> np.ndarray:
        """The factor of the score in each step and coordinate, (S, 2): recognised, or else measured."""
        if not self.diagnosis.explained:
            return self.moves.slope
        found = self.diagnosis.reading(STEP)
        assert isinstance(found, StepSize)
        return factors(found, self.seen)

    @cached_property
    def moves(self) -> Moves:
        """The chain under the recognised reading of its states; without one, all links but those that are broken."""
        moves = self.seen.moves(self.state)
        if self.diagnosis.explained:
            return moves
        chain, known = self.seen.chain, moves.known.copy()
        known[[t for t in chain.boundaries if t < len(known) and chain.breaks(t)]] = False
        return replace(moves, known=known)

    @cached_property
    def residual(self) -> np.ndarray:
        """The noise of each step, (S, n, 2)."""
        return self.moves.left - self.steps[:, None] * self.seen.scores

    def under(self, chain: Chain) -> Chain:
        """Another chain of the same submission, with what its steps add to under the recognised reading."""
        if not self.deviates or self.state is STATES[0]:
            return chain
        return replace(chain, base=self.state.of(chain.states, chain.steps, self.seen.factor(self.state)))


def recognise_motion(chain: Chain) -> Motion:
    """The readings of states and step size that leave nothing of the chain but noise.

    A last link that looks like none may follow a reading too; if not, the chain is recognised without it.
    """
    whole = _recognise(evidence(chain, whole=True))
    if whole.diagnosis.explained or len(whole.seen.before) == len(evidence(chain).before):
        return whole
    return _recognise(evidence(chain))


def _recognise(seen: Evidence) -> Motion:
    known: dict[str, Moves] = {}

    def explains(hypothesis: Hypothesis) -> bool:
        state, step = hypothesis[STATE.name], hypothesis[STEP.name]
        assert isinstance(state, State)
        assert isinstance(step, StepSize)
        if state.name not in known:
            known[state.name] = seen.moves(state)
        return _explains(seen, known[state.name], state, factors(step, seen))

    return Motion(seen, recognise((STATE, STEP), explains))


def _explains(seen: Evidence, moves: Moves, state: State, factor: np.ndarray) -> bool:
    if not moves.known.any() or not np.isfinite(factor).all():
        return False
    n = seen.before.shape[1]
    off = (moves.slope - factor)[moves.known]
    energy, squares = seen.energy[moves.known], moves.squares[moves.known]
    total = squares + off**2 * energy
    rounded = total <= n * seen.rounding[moves.known] ** 2
    if np.any(~rounded & (_hoeffding(off**2 * energy / np.maximum(total, 1e-300), n) < laws.FALSE_FAIL_RATE)):
        return False
    floor = np.maximum(total, n * seen.rounding[moves.known] ** 2)
    if not _pooled(seen.steps.sigma[: len(moves.known)][moves.known], off * energy, floor, energy / n):
        return False
    if state.measured and not _apart(seen.factor(state), state):
        return False
    residual = (moves.left - factor[:, None] * seen.scores)[moves.known]
    return (
        _independent(residual, seen.before[moves.known], rounded)
        and _independent(residual, seen.moved[moves.known], rounded)
        and _goes_on(seen, moves, state)
    )


def _hoeffding(square: np.ndarray, n: int) -> np.ndarray:
    """Chance of so large a squared cosine between any vector (n,) and random signs."""
    return np.asarray(2 * np.exp(-n * square / 2))


def _pooled(sigma: np.ndarray, products: np.ndarray, squares: np.ndarray, amplitude: np.ndarray) -> bool:
    """Whether the residuals of all steps of a level go with the scores by no more than chance."""
    for level in np.unique(sigma):
        own = sigma == level
        spread = float(np.sum(squares[own] * amplitude[own]))
        with np.errstate(over="ignore", invalid="ignore"):  # what a process tells may be of any size
            chance = 2 * np.exp(-np.square(np.sum(products[own])) / 2 / spread) if spread > 0 else 1.0
        if chance < laws.FALSE_FAIL_RATE:
            return False
    return True


def _apart(factor: float, state: State) -> bool:
    """Whether a measured factor is neither that of the handout nor that of another reading."""
    others = (0.0, -1.0) if state.measured == "move" else (0.0, 1.0)
    return all(abs(factor - one) > TRIVIAL for one in others)


def _independent(residual: np.ndarray, regressor: np.ndarray, rounded: np.ndarray) -> bool:
    """Whether the noise goes with the states by no more than chance: the Beta law, for each step and coordinate."""
    centred = regressor - np.mean(regressor, axis=1, keepdims=True)
    norms = np.sum(centred**2, axis=1)
    usable = ~rounded & (norms > 1e-12 * np.maximum(np.sum(regressor**2, axis=1), 1e-300))
    product = np.sum(residual * centred, axis=1) ** 2
    share = product / np.maximum(norms * np.sum(residual**2, axis=1), 1e-300)
    chance = np.maximum(0.0, 1 - share) ** ((residual.shape[1] - 1) / 2)
    return not np.any(usable & (chance < laws.FALSE_FAIL_RATE))


def _goes_on(seen: Evidence, moves: Moves, state: State) -> bool:
    """Whether the chain goes on after its breaks as the reading says."""
    broken = np.flatnonzero(~moves.known)
    if not state.goes_on:
        return broken.size == 0
    if broken.size == 0:
        return False
    start = seen.chain.states[0]
    if state.goes_on in (ANEW, SCALED):
        scales = seen.steps.sigma[broken + 1] if state.goes_on == SCALED else np.ones(broken.size)
        return _new(start, [seen.after[t] / scale for t, scale in zip(broken, scales, strict=True)])
    wanted = [start if state.goes_on == BACK else seen.before[t] for t in broken]
    return all(same(seen.after[t], one) for t, one in zip(broken, wanted, strict=True))


def _new(start: np.ndarray, drawn: Sequence[np.ndarray]) -> bool:
    """Whether these samples are standard normal, and independent of the first and of each other."""
    pairs = [laws.correlation(one, other) for one, other in zip(drawn, [start, *drawn[:-1]], strict=True)]
    x = np.concatenate(drawn)
    tests = [*pairs, laws.chi_square(float(np.sum(x**2)), x.size), laws.dkw(x, laws.normal_cdf)]
    return min(tests) >= laws.FALSE_FAIL_RATE


def said_of_state(motion: Motion) -> str:
    """What was measured of what the steps add to."""
    if motion.frozen:
        return "The score network is asked at the same states in every step."
    if motion.clipped:
        return said_of_bounds(motion.seen)
    if motion.state.measured == "move":
        return f"Each step goes on with {motion.seen.factor(motion.state):.3f} times the step before it."
    if motion.state.goes_on:
        return "The first state of a noise level does not continue the last state of the level before."
    multiple = next(one for one in STATES if one.measured == "state")
    return f"A step starts from {motion.seen.factor(multiple) + 0.0:.3f} times the state before it."


def bounds(seen: Evidence) -> tuple[float, float, float]:
    """The smallest and the largest coordinate of all states after a step, and the share that equals one of them."""
    low, high = float(np.min(seen.after)), float(np.max(seen.after))
    return low, high, float(np.mean((seen.after == low) | (seen.after == high)))


def said_of_bounds(seen: Evidence) -> str:
    """That many states lie on the bounds of an interval."""
    low, high, share = bounds(seen)
    return f"All coordinates lie in [{low:.4g}, {high:.4g}], and {share:.0%} of them equal one of the two ends."


def said_of_factors(chain: Chain) -> str:
    """Where the factor of the score changes within a level or between the coordinates, in words; else nothing.

    A change is told when it is larger than 6 standard errors, and than 1% of the level's largest factor.
    """
    seen = evidence(chain)
    moves, n = seen.moves(STATES[0]), seen.before.shape[1]
    error = np.sqrt(moves.squares / (n - 1) / seen.energy)
    for fit in chain.fits:
        own = np.flatnonzero(seen.steps.sigma[: len(seen.before)] == fit.sigma)
        slope, slack = moves.slope[own], 6 * error[own] + 0.01 * np.max(np.abs(moves.slope[own]))
        if fit.phi != 1 or not own.size:
            continue
        mean = np.mean(slope, axis=0)
        if np.all(np.abs(mean[0] - mean[1]) > slack):
            both = f"{mean[0]:.4g} and {mean[1]:.4g}"
            return f" It differs between the coordinates: at sigma = {fit.sigma:.3g} it is {both}."
        steps = np.mean(slope, axis=1)
        if np.any(np.abs(steps - steps[0]) > np.max(slack)):
            shown = ", ".join(f"{one:.4g}" for one in steps)
            return f" It changes from step to step: at sigma = {fit.sigma:.3g} it is {shown}."
    return ""
