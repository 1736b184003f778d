"""5.3, hidden: start, noise and continuity of the chains of the Langevin sampler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.hidden.langevin_laws import NOISE_LINE, START_LINE, drawn, independent, noise_tests, start_tests
from tests.support import laws
from tests.support.homework.langevin_noise import NOISE_BEFORE
from tests.support.homework.langevin_states import LANGEVIN_STARTS, START_SHARES, STATES
from tests.support.judging.chain import PHI, Chain, observe_chain, require_finite
from tests.support.judging.langevin_lines import NOISE_LINES, START, STATE, VARIANCE
from tests.support.judging.langevin_noise import recognise_noise, said_of_silence
from tests.support.judging.langevin_starts import recognise_start
from tests.support.judging.motion import Motion, evidence, said_of_bounds, said_of_state
from tests.support.judging.observed_motion import observe_motion, require_moves
from tests.support.judging.recognition import bill, carries_forward, charge, note_carried
from tests.support.marks import number, tags, visibility, weight
from tests.support.observed.langevin import Design
from tests.support.submission import Submission
from tests.support.verdicts import Blocked, Finding, Wrong, following, settle, wrong

STARTS = Design(n=1024, sigmas=(1.31, 0.22), iterations=2)
LEVEL_LOOP = "Alg. 2, lines 6 and 8: every step starts from the state before it, across the levels too"


def _chains(submission: Submission, seed: int, factor: int) -> list[Chain]:
    """Two runs with the same arguments and different seeds; the first is also that of the public checks."""
    design = Design(n=Design().n * factor)
    return [observe_chain(submission, design, seed + shift) for shift in (0, 10)]


@number("5.3")
@weight(0.5)
@visibility("after_published")
@tags("langevin", "laws")
def test_langevin_starts_from_the_standard_normal(submission: Submission) -> None:
    """x_0 is drawn from N(0, I), independently for every sample and coordinate."""

    def chains(seed: int, factor: int = 1) -> list[Chain]:
        starts = Design(STARTS.n * factor, STARTS.sigmas, STARTS.iterations)
        return [observe_chain(submission, starts, seed + shift) for shift in (20, 30)]

    try:
        laws.judge(lambda seed, factor: start_tests(chains(seed, factor)))
    except Wrong as error:
        observed = [chain.states[0] for chain in chains(0)]
        if _starts_before_the_noise(submission, chains):
            return
        found = recognise_start(observed, *Design(sigmas=STARTS.sigmas).noise_levels[[0, -1]])
        seen = error.findings[0]
        charge(submission, found, START.owner, lambda line: seen, error)
        return
    settle(following(LANGEVIN_STARTS[0], START_LINE), following(START_SHARES[0], START_LINE))


def _starts_before_the_noise(submission: Submission, chains: Callable[..., list[Chain]]) -> bool:
    """Whether the starts are right, but for the noise that a step adds before the network is asked."""
    if not carries_forward():
        return False
    motion = observe_motion(submission)
    if motion.frozen or motion.clipped:
        return False
    found = recognise_noise(motion)
    if not found.explained or found.reading(VARIANCE) is not NOISE_BEFORE:
        return False

    def without(seed: int, factor: int) -> list[Chain]:
        made = chains(seed, factor)
        return [replace(one, states=one.states / (1 + 2 * float(one.steps.alpha[0])) ** 0.5) for one in made]

    try:
        laws.judge(lambda seed, factor: start_tests(without(seed, factor)))
    except Wrong:
        return False
    note_carried(submission, found)
    return True


@number("5.3")
@weight(1.0)
@visibility("after_published")
@tags("langevin", "laws")
def test_langevin_noise_has_variance_twice_the_step_size(submission: Submission) -> None:
    """Every step adds sqrt(2 alpha) z, with a new standard normal z."""

    def motion(chain: Chain) -> Motion | None:
        """What moves the chain, if it is not what the handout says."""
        return None if own is None else Motion(evidence(own.under(chain)), own.diagnosis)

    def experiment(seed: int, factor: int) -> list[laws.Test]:
        chains = independent(_chains(submission, seed, factor))
        for chain in chains:
            require_finite(chain)
            if not chain.fits:
                raise Blocked("No step can be observed: see the row of 5.3 on the order of the noise levels.")
        return noise_tests([drawn(chain, motion(chain)) for chain in chains])

    first = observe_chain(submission)
    require_finite(first)
    own = observe_motion(submission) if first.doubtful else None
    if own is not None and own.clipped:
        bill(
            submission,
            own.diagnosis,
            VARIANCE.owner,
            lambda line: _clipped(own),
        )
        return
    if own is not None:
        require_moves(own)
    try:
        laws.judge(experiment)
    except Wrong as error:
        known = own or observe_motion(submission)
        silence = said_of_silence(known)
        shown = Wrong(
            *(replace(one, yours=f"{one.yours} {silence}".strip()) for one in error.findings), margin=error.margin
        )
        charge(submission, recognise_noise(known), VARIANCE.owner, lambda line: shown.findings[0], shown)
    else:
        settle(*(following(line.readings[0], NOISE_LINE) for line in NOISE_LINES))
    if own is not None:
        note_carried(submission, own.diagnosis)


@number("5.3")
@weight(0.5)
@visibility("after_published")
@tags("langevin")
def test_langevin_continues_the_chain_across_levels(submission: Submission) -> None:
    """Every step starts from the state before it, also where the noise level changes."""
    chain = observe_chain(submission)
    require_finite(chain)
    if chain.doubtful:
        motion, error = observe_motion(submission), _broken(chain)
        found = motion.diagnosis
        if found.owned(STATE.owner):
            seen = Finding(said_of_state(motion), "Each step starts from the state before it.", look_at=LEVEL_LOOP)
            bill(submission, found, STATE.owner, lambda line: seen)
        if error is not None and (not found.explained or found.own):
            raise error
    settle(following(STATES[0], LEVEL_LOOP))


def _broken(chain: Chain) -> Wrong | None:
    """What shows without any recognition that a chain is not one."""
    for fit in chain.fits:
        if abs(fit.phi - 1) > PHI:
            seen = f"At sigma = {fit.sigma:.3g} a step starts from {fit.phi + 0.0:.3f} times the state before it."
            return wrong(seen, "Each step starts from 1 times that state.", look_at=LEVEL_LOOP)
    for link in chain.boundaries:
        if chain.breaks(link):
            before, after = chain.levels.sigma[link : link + 2]
            return wrong(
                f"The first state at sigma = {after:.3g} does not continue the last state at sigma = {before:.3g}.",
                "The next level starts from the last state of the level before, after its update.",
                look_at=LEVEL_LOOP,
            )
    return None


def _clipped(motion: Motion) -> Finding:
    return Finding(
        f"{said_of_bounds(motion.seen)} The noise was measured with small scores.",
        "The noise of a step has the variance 2 alpha.",
        look_at=NOISE_LINE,
    )
