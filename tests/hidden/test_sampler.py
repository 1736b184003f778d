"""5.3, hidden: start, noise and continuity of the chains of the Langevin sampler."""

from __future__ import annotations

import numpy as np

from tests.hidden.langevin_laws import noise_tests, start_tests
from tests.support import laws
from tests.support.homework.langevin import NOT_CARRIED_OVER, RESTARTS_ANEW, RESTARTS_AT_X_0
from tests.support.homework.readings import Reading
from tests.support.judging.chain import GAP, Chain, observe_chain
from tests.support.marks import number, tags, visibility, weight
from tests.support.observed.langevin import Design
from tests.support.submission import Submission
from tests.support.verdicts import Blocked, wrong

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

    def experiment(seed: int, factor: int) -> list[laws.Test]:
        starts = Design(STARTS.n * factor, STARTS.sigmas, STARTS.iterations)
        return start_tests([observe_chain(submission, starts, seed + shift) for shift in (20, 30)])

    laws.judge(experiment)


@number("5.3")
@weight(1.0)
@visibility("after_published")
@tags("langevin", "laws")
def test_langevin_noise_has_variance_twice_the_step_size(submission: Submission) -> None:
    """Every step adds sqrt(2 alpha) z, with a standard normal z for each step, sample and coordinate."""

    def experiment(seed: int, factor: int) -> list[laws.Test]:
        chains = _chains(submission, seed, factor)
        for chain in chains:
            if not chain.fits:
                raise Blocked("No step can be observed: see the row of 5.3 on the order of the noise levels.")
            if not all(np.isfinite(fit.mean_square) for fit in chain.fits):
                raise wrong("The states become infinite or NaN.", look_at="Alg. 2, line 6")
        return noise_tests(chains)

    laws.judge(experiment)


@number("5.3")
@weight(0.5)
@visibility("after_published")
@tags("langevin")
def test_langevin_continues_the_chain_across_levels(submission: Submission) -> None:
    """Every step starts from the state before it, and every noise level from the last state of the level before."""
    chain = observe_chain(submission)
    broken = [fit for fit in chain.fits if abs(fit.phi - 1) > 0.01]
    if broken:
        dropped = NOT_CARRIED_OVER if abs(broken[0].phi) < 0.01 else ""
        seen = f"At sigma = {broken[0].sigma:.3g} a step starts from {broken[0].phi:.3f} times the state before it."
        raise wrong(seen, "It starts from 1 times that state.", dropped, LEVEL_LOOP)
    for link in chain.boundaries:
        if not chain.gap(link, chain.fits) <= GAP:
            raise _restarted(chain, link)


def _restarted(chain: Chain, link: int) -> Exception:
    before, after = chain.levels.sigma[link : link + 2]
    start = chain.states[link + 1]
    mistake: Reading | str = ""
    if np.array_equal(start, chain.states[0]):
        mistake = RESTARTS_AT_X_0
    elif 0.5 < float(np.mean(start**2)) < 2:
        mistake = RESTARTS_ANEW
    return wrong(
        f"The first state at sigma = {after:.3g} does not continue the last state at sigma = {before:.3g}.",
        "It is that state after its update.",
        mistake,
        LEVEL_LOOP,
    )
