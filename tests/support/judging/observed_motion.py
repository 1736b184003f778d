"""The motion of a submission's chain, also when its states are clipped to an interval or never change.

Clipped states say little of a step that is much longer than the interval. A second run, with small scores, tells step
size and noise: under a hypothesis a clipped normal variable is known, and its distribution function, drawn at random
between the two ends of a jump, is uniform.
"""

from __future__ import annotations

import numpy as np

from tests.support import laws
from tests.support.homework.langevin import KEPT_ANSWER, StepSize
from tests.support.homework.langevin_noise import NoiseScale
from tests.support.homework.langevin_states import CLIPPED, FROZEN
from tests.support.judging.chain import observe_chain
from tests.support.judging.langevin_lines import STATE, STEP, STEP_OF_AN_ANSWER, VARIANCE
from tests.support.judging.motion import Evidence, Motion, bounds, evidence, factors, recognise_motion
from tests.support.judging.recognition import Diagnosis, Hypothesis, recognise
from tests.support.observed.langevin import AMPLITUDE, SMALL_AMPLITUDE, Design
from tests.support.submission import Submission
from tests.support.verdicts import Blocked

ON_BOUNDS = 0.05
"""The share of coordinates on the ends of an interval from which on it is one; of other states a few in all."""
LOUDER = 4.0
"""By how much the scores of the second run are larger."""
_GRID = np.linspace(-8, 8, 4097)
_PHI = laws.normal_cdf(_GRID)


def observe_motion(submission: Submission) -> Motion:
    """The motion of the chain of the public checks."""
    return submission.once("5.3 motion", lambda: _motion(submission))


def require_moves(motion: Motion) -> None:
    """Raise `Blocked` for a chain that never moves: it shows neither a step size nor noise."""
    if motion.frozen:
        raise Blocked(
            "Not judged: the states at which the score network is asked never change, so that no step can be measured. "
            "See the row 'langevin continues the chain across levels'."
        )


def _motion(submission: Submission) -> Motion:
    chain = observe_chain(submission)
    motion = recognise_motion(chain)
    if chain.frozen:
        return Motion(motion.seen, Diagnosis((STATE,), ({STATE.name: FROZEN},)))
    if motion.deviates:
        return Motion(motion.seen, _confirmed(submission, motion.diagnosis))
    if motion.diagnosis.explained or bounds(motion.seen)[2] < ON_BOUNDS:
        return motion
    quiet = evidence(observe_chain(submission, Design(amplitude=SMALL_AMPLITUDE)))
    found = recognise_clipped(quiet, bounds(motion.seen)[:2])
    return Motion(motion.seen, found) if found.explained else motion


def _confirmed(submission: Submission, found: Diagnosis) -> Diagnosis:
    """The hypotheses that explain larger scores too: a step that is not proportional to them fits by chance alone."""
    louder = recognise_motion(observe_chain(submission, Design(amplitude=LOUDER * AMPLITUDE))).diagnosis
    known = {_names(one) for one in louder.hypotheses}
    confirmed = Diagnosis(found.lines, tuple(one for one in found.hypotheses if _names(one) in known))
    if confirmed.explained and confirmed.reading(STEP) is KEPT_ANSWER:
        return Diagnosis((STATE, STEP_OF_AN_ANSWER), confirmed.hypotheses)
    return confirmed


def _names(hypothesis: Hypothesis) -> tuple[str, ...]:
    return tuple(hypothesis[line.name].name for line in (STATE, STEP))


def recognise_clipped(seen: Evidence, ends: tuple[float, float]) -> Diagnosis:
    """The readings of step size and variance under which the states are those of a chain clipped to these ends."""
    chosen = np.random.Generator(np.random.PCG64(446)).random(seen.after.shape)

    def explains(hypothesis: Hypothesis) -> bool:
        step, scale = hypothesis[STEP.name], hypothesis[VARIANCE.name]
        assert isinstance(step, StepSize)
        assert isinstance(scale, NoiseScale)
        factor = factors(step, seen)
        handout = np.repeat(seen.steps.alpha[: len(factor), None], 2, axis=1)
        return any(
            _uniform(seen, ends, factor, _scale(seen, scale, base), chosen) for base in (handout, np.abs(factor))
        )

    found = recognise((STEP, VARIANCE), explains, most=1)
    lines = (STATE, STEP, VARIANCE)
    return Diagnosis(lines, tuple({STATE.name: CLIPPED, **one} for one in found.hypotheses))


def _scale(seen: Evidence, scale: NoiseScale, base: np.ndarray) -> np.ndarray:
    missing = len(seen.steps.sigma) - len(base)
    padded = np.concatenate([base, np.repeat(base[-1:], missing, axis=0)])
    return np.sqrt(np.maximum(scale.of(padded, seen.steps)[: len(base)], 1e-12))


def _uniform(
    seen: Evidence, ends: tuple[float, float], factor: np.ndarray, deviation: np.ndarray, chosen: np.ndarray
) -> bool:
    """Whether the transformed states of each level are uniform, and independent of the scores."""
    mean, spread = seen.before + factor[:, None] * seen.scores, deviation[:, None]
    at = np.interp((seen.after - mean) / spread, _GRID, _PHI)
    below = np.where(seen.after <= ends[0], 0.0, at)
    above = np.where(seen.after >= ends[1], 1.0, at)
    values = below + chosen * (above - below)
    signs = np.sign(seen.scores)
    sigma = seen.steps.sigma[: len(values)]
    for level in np.unique(sigma):
        own, sign = values[sigma == level], signs[sigma == level]
        centred = own - 0.5
        product = np.square(np.sum(centred * sign)) / np.maximum(np.sum(centred**2), 1e-300)
        chances = (laws.dkw(own.ravel(), laws.uniform_cdf), 2 * float(np.exp(-product / 2)))
        if min(chances) < laws.FALSE_FAIL_RATE:
            return False
    return True
