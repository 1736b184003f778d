"""5.3, public: what the Langevin sampler returns, the order of its steps, its step sizes, and what it leaves alone."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from tests.support import laws
from tests.support.homework.langevin import (
    ANOTHER_COUNT,
    LANGEVIN_STEP_SIZES,
    LEVEL_ORDERS,
    LEVELS_NEVER_VISITED,
    LEVELS_NOT_IN_THE_LIST,
    ONE_LEVEL_TOLD,
    Order,
)
from tests.support.homework.readings import Reading, Remark, measured
from tests.support.judging.chain import Chain, by_place, observe_chain, rebuild, require_calls, require_finite
from tests.support.judging.langevin_lines import STEP
from tests.support.judging.levels import passed_finding
from tests.support.judging.motion import said_of_bounds, said_of_factors
from tests.support.judging.observed_motion import observe_motion, require_moves
from tests.support.judging.recognition import Line, bill, carried, carries_forward, charge
from tests.support.judging.sampler_output import (
    denoised,
    judge_contract,
    judge_kinds,
    judge_samples,
    judge_trajectory,
)
from tests.support.marks import number, tags, visibility, weight
from tests.support.observed.langevin import EPS, Design, observe_run
from tests.support.submission import Submission
from tests.support.verdicts import Finding, Wrong, following, settle, stop, wrong

TRAJECTORY = Design(n=40, trajectory=True)
MORE_STEPS = Design(n=40, iterations=9, trajectory=True)
"""Another T: what is said of the number of steps must hold for both."""
RETURNED = "langevin_returns_samples_and_trajectories"
ORDER_LINES = "Alg. 2, lines 2 and 4"
STEP_LINES = "Alg. 2, line 3 (step size) and line 6 (its use)"


@number("5.3")
@weight(0.5)
@visibility("visible")
@tags("langevin")
def test_langevin_returns_samples_and_trajectories(submission: Submission) -> None:
    """The sampler returns samples (n, 2), or with return_traj the states (n, L*T, 2)."""
    samples = observe_run(submission, Design())
    judge_contract(samples)
    found = [judge_samples(samples, Design())]
    stop(found)
    trajectory = observe_run(submission, TRAJECTORY)
    judge_contract(trajectory)
    found.append(judge_trajectory(trajectory, TRAJECTORY))
    stop(found[1:])
    settle(judge_kinds(samples, trajectory), *found)


@number("5.3")
@weight(0.5)
@visibility("visible")
@tags("langevin")
def test_langevin_visits_every_level_in_descending_order(submission: Submission) -> None:
    """The sampler makes T steps at each noise level, from the largest to the smallest."""
    design = Design()
    run = observe_run(submission, design)
    n_levels, each = len(design.sigmas), design.iterations
    expected = f"{n_levels} noise levels with T = {each} steps each: {n_levels * each} calls of the network a chain."
    require_calls(submission, run)
    if len(run.sizes) == 0:
        raise wrong("The score network is never called.", expected, look_at="Alg. 2, line 6")
    chain = rebuild(run, design)
    if chain is None:
        seen = f"For {design.n} samples the score network is asked for {len(run.points)} points, which form no chain."
        raise wrong(seen, expected, look_at=ORDER_LINES)
    passed = passed_finding(chain.levels.passed, "Alg. 2, line 6")
    stop([passed])
    order = _without_one_more_step(submission, chain) or _order(submission, chain)
    if order is LEVEL_ORDERS[0]:
        settle(passed, following(order, ORDER_LINES))
        return
    settle(passed, Finding(_visited(chain), expected, order, ORDER_LINES))


def _without_one_more_step(submission: Submission, chain: Chain) -> Order | None:
    """The handout's order, if nothing but a last step is too much that costs points with what is returned."""
    more = denoised(chain)
    if more is None or not carries_forward():
        return None
    wanted = LEVEL_ORDERS[0].of(len(chain.design.sigmas), chain.design.iterations)
    if not np.array_equal(chain.levels.index[:-1], wanted):
        return None
    submission.note(carried(Line("the returned samples", RETURNED, ()), str(more)))
    return LEVEL_ORDERS[0]


def _visited(chain: Chain) -> str:
    """The noise levels in the order of the visits, each with its number of steps."""
    sigma = chain.levels.sigma
    starts = [0, *(np.flatnonzero(np.diff(sigma)) + 1), len(sigma)]
    visits = [f"{sigma[a]:.3g} ({b - a})" for a, b in pairwise(starts)]
    shown = ", ".join(visits[:8]) + (", ..." if len(visits) > 8 else "")
    return f"The visited noise levels, with the number of steps: {shown}; {len(sigma)} calls a chain."


def _order(submission: Submission, chain: Chain) -> Reading | Remark | str:
    """The recognised order of the visits: another one than the handout's must explain another T too."""
    n_levels, index = len(chain.design.sigmas), chain.levels.index
    if _follows(chain, LEVEL_ORDERS[0]):
        return LEVEL_ORDERS[0]
    if np.any(index < 0):
        return LEVELS_NOT_IN_THE_LIST
    counts = np.bincount(index, minlength=n_levels)
    if by_place(chain) is not chain:
        return measured(ONE_LEVEL_TOLD, f"{chain.levels.sigma[0]:.3g}")
    if np.any(counts == 0):
        never = ", ".join(f"{sigma:g}" for sigma in np.array(chain.design.sigmas)[counts == 0])
        return measured(LEVELS_NEVER_VISITED, never)
    run = observe_run(submission, MORE_STEPS)
    more = rebuild(run, MORE_STEPS) if len(run.sizes) else None
    if more is None:
        return ""
    whole = tuple(run.returned.shape) == (MORE_STEPS.n, n_levels * MORE_STEPS.iterations, 2)
    for order in LEVEL_ORDERS[1:]:
        if _follows(chain, order) and _follows(more, order) and (whole or not order.stored):
            return order
    if np.array_equal(index, more.levels.index) and np.all(counts == counts[0]) and np.all(np.diff(index) >= 0):
        return measured(ANOTHER_COUNT, counts[0])
    return ""


def _follows(chain: Chain, order: Order) -> bool:
    return np.array_equal(chain.levels.index, order.of(len(chain.design.sigmas), chain.design.iterations))


@number("5.3")
@weight(0.75)
@visibility("visible")
@tags("langevin")
def test_langevin_step_size_of_every_level(submission: Submission) -> None:
    """At every level the score has the factor alpha_i = eps * sigma_i^2 / sigma_L^2."""

    def experiment(seed: int, factor: int) -> list[laws.Test]:
        chain = observe_chain(submission, Design(n=Design().n * factor), seed)
        require_finite(chain)
        if not chain.fits:
            raise wrong("No step can be measured: the network is asked at one state only.", look_at="Alg. 2")
        finding = _step_finding(chain)
        return [laws.Test(f"step size {fit.sigma:.3g}", fit.step_p, finding) for fit in chain.fits]

    try:
        laws.judge(experiment)
    except Wrong as error:  # one line for all levels says as much as one for each
        first = Wrong(error.findings[0], margin=error.margin)
        motion = observe_motion(submission)
        require_moves(motion)
        seen = first.findings[0]
        if motion.clipped:
            seen = replace(seen, yours=f"{said_of_bounds(motion.seen)} The step size was measured with small scores.")
        charge(submission, motion.diagnosis, STEP.owner, lambda line: seen, first)
        return
    chain = observe_chain(submission)
    if chain.doubtful and (found := observe_motion(submission).diagnosis).owned(STEP.owner):
        bill(submission, found, STEP.owner, lambda line: _step_finding(chain))
    settle(following(LANGEVIN_STEP_SIZES[0], STEP_LINES))


def _step_finding(chain: Chain) -> Finding:
    levels = ", ".join(f"{one.step:.5g} at sigma = {one.sigma:.3g}" for one in chain.fits)
    expected = ", ".join(f"{one.alpha:.5g}" for one in chain.fits)
    return Finding(
        f"The factor of the score, measured: {levels}.{said_of_factors(chain)}",
        f"alpha_i = eps*sigma_i^2/sigma_L^2 with eps = {EPS:g} is {expected}.",
        look_at=STEP_LINES,
    )


@number("5.3")
@weight(0.25)
@visibility("visible")
@tags("langevin")
def test_langevin_leaves_inputs_and_gradients_alone(submission: Submission) -> None:
    """Sampling changes no argument and keeps no gradient."""
    runs = [observe_run(submission, Design()), observe_run(submission, TRAJECTORY)]
    for run in runs:
        require_calls(submission, run)
        if len(run.sizes) == 0:
            raise wrong("The score network is never called.", look_at="Alg. 2, line 6")
    if any(run.sigmas_changed for run in runs):
        raise wrong(
            "langevin_dynamics_sample changes its argument sigmas in place.",
            "The caller goes on to use the noise levels.",
        )
    if any(run.returned.differentiable or run.parameter_gradient for run in runs):
        raise wrong(
            "The returned samples carry a gradient: autograd has recorded every step of the chain.",
            "Sampling runs without gradients (the memory of 1,000 recorded steps is large).",
            look_at="5.3: torch.no_grad, as a decorator or around the loop",
        )
