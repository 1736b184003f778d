"""What `langevin_dynamics_sample` returned, compared with the states that it visited."""

from __future__ import annotations

import numpy as np

from tests.support.homework.readings import Reading, Remark, measured
from tests.support.homework.sampler_output import (
    ARRAY,
    DENOISED,
    LAST_STATES,
    LIST,
    NO_RETURN,
    OTHER_SAMPLES,
    SAME_STATE,
    TENSOR,
    TRAJECTORIES,
    TRAJECTORY_SHAPES,
    WHOLE_TRAJECTORY,
    Trajectory,
)
from tests.support.judging.chain import GAP, Chain, rebuild, same
from tests.support.judging.motion import recognise_motion
from tests.support.observed.langevin import Design, Run
from tests.support.observed.recorded import FLOAT32_EPS
from tests.support.verdicts import Finding, following, wrong

LOOK_AT = "the docstring of langevin_dynamics_sample, and the return value of Alg. 2"


def judge_contract(run: Run) -> None:
    """The network must be able to take the calls that the sampler makes."""
    if run.refused:
        raise wrong(
            f"A call that ScoreNet cannot take: {run.refused}.",
            "ScoreNet takes x (n, 2) float32 with sigma (n, 1) float32, a 0-dimensional tensor or a Python float.",
            look_at="the docstring of ScoreNet.forward, and the shapes in your langevin_dynamics_sample",
        )
    if run.returned.kind != "NoneType" and len(run.sizes) == 0:
        raise wrong("The score network is never called.", look_at="Alg. 2, line 6")


def judge_samples(run: Run, design: Design) -> Finding:
    """`return_traj=False`: the last states, (n, 2)."""
    returned, shape = run.returned, tuple(run.returned.shape)
    expected = f"With return_traj=False it returns the final samples, a tensor of shape {(design.n, 2)}."
    _judge_kind(run, expected)
    if shape != (design.n, 2):
        mistake = WHOLE_TRAJECTORY if len(shape) == 3 else ""
        return Finding(f"For {design.n} samples it returns the shape {shape}.", expected, mistake, LOOK_AT)
    if not np.isfinite(returned.values).all():
        return Finding("The samples are not finite numbers.", expected, look_at="Alg. 2, line 6")
    chain = rebuild(run, design)
    if chain is not None and chain.final is not None and not _ends_well(chain):
        seen = "The returned samples are not the states that the last step at the smallest sigma leads to."
        return Finding(seen, "Alg. 2 returns the last x~_T, unchanged.", _other_state(chain, chain.final), LOOK_AT)
    return following(LAST_STATES, LOOK_AT)


def _ends_well(chain: Chain) -> bool:
    """Whether the returned samples are the states after the last step, by its size or by what is recognised of it."""
    return chain.frozen or not chain.finite or chain.final_gap <= GAP or recognise_motion(chain).reaches_the_end


def _other_state(chain: Chain, final: np.ndarray) -> Reading | str:
    return next((one for one in OTHER_SAMPLES if same(final, one.of(chain.states))), denoised(chain) or "")


def denoised(chain: Chain) -> Reading | None:
    """The reading of a chain that asks once more after its last step, and adds a multiple of the answer at the end."""
    if chain.final is None or len(chain.states) != len(chain.design.sigmas) * chain.design.iterations + 1:
        return None
    last, score = chain.states[-1], chain.scores[-1]
    moved = chain.final - last
    factor = float(np.sum(moved * score) / np.sum(score**2)) if np.any(score) else 0.0
    rounding = 8 * FLOAT32_EPS * (np.abs(last) + np.abs(factor * score))
    if not factor or not np.all(np.abs(moved - factor * score) <= rounding):
        return None
    return measured(DENOISED, f"{factor:.3g} s(x, {chain.levels.sigma[-1]:.3g}) is added")


def judge_trajectory(run: Run, design: Design) -> Finding:
    """`return_traj=True`: the states of every step, (n, L*T, 2)."""
    chain = rebuild(run, design)
    steps = len(chain.states) if chain is not None else len(design.sigmas) * design.iterations
    full = (design.n, steps, 2)
    expected = f"With return_traj=True it returns the trajectory, a tensor of shape (n, L*T, 2), here {full}."
    _judge_kind(run, expected)
    shape = tuple(run.returned.shape)
    whole = (design.n, len(design.sigmas) * design.iterations, 2)
    if chain is not None and steps != whole[1] and shape == whole and _all_there(run.returned.values, chain.states[1:]):
        return following(LAST_STATES, LOOK_AT)  # that the network is asked less or more often is charged elsewhere
    found = _recognised(run.returned.values, chain) if chain is not None else None
    if found is not None and found.credit == 1:
        return following(found, LOOK_AT)
    if shape == full:
        # Without a chain that moves nobody can say what should stand there: judged by the rows of order and chain.
        unknown = chain is None or chain.frozen
        return following(LAST_STATES, LOOK_AT) if unknown else _not_the_states(run.returned.values, found)
    seen = f"It returns the shape {shape}."
    if found is not None and shape == (design.n, steps + 1, 2):
        seen = f"The trajectory has {steps + 1} entries: x_0 and all {steps} states after it."
    return Finding(seen, expected, found or _about_the_shape(shape, design.n, steps), LOOK_AT)


def _recognised(values: np.ndarray, chain: Chain) -> Trajectory | None:
    """The first reading whose known numbers are the returned ones."""
    after = np.concatenate([chain.states[1:], np.full_like(chain.states[:1], np.nan)])
    # Where a level restarts, the state after the last update is never visited again: judged by its own check.
    after[[link for link in chain.boundaries if chain.finite and not chain.gap(link, chain.fits) <= GAP]] = np.nan
    return next((one for one in TRAJECTORIES if _holds(values, one.of(chain.states, after, chain.steps.ends))), None)


def _all_there(values: np.ndarray, states: np.ndarray) -> bool:
    """Whether the states (S, n, 2) are entries of a trajectory (n, T, 2), in their order."""
    at = 0
    for state in states:
        places = [t for t in range(at, values.shape[1]) if same(values[:, t], state)]
        if not places:
            return False
        at = places[0] + 1
    return True


def _holds(values: np.ndarray, expected: np.ndarray) -> bool:
    known = ~np.isnan(expected)
    return values.shape == expected.shape and bool(known.any()) and same(values[known], expected[known])


def _not_the_states(values: np.ndarray, found: Trajectory | None) -> Finding:
    repeated = float(np.mean(np.all(values[:, 1:] == values[:, :-1], axis=(0, 2)))) if values.shape[1] > 1 else 0.0
    if found is None and repeated > 0.5:
        which = "All" if repeated == 1 else f"{repeated:.0%} of the"
        stored = f"{which} stored steps are identical to the one before."
        return Finding(stored, "Each entry is the state of its own step.", SAME_STATE, LOOK_AT)
    said = "The entries of the trajectory are not the states at which the network was asked, step by step."
    return Finding(said, "Each entry is the state of its own step.", found or "", LOOK_AT)


def _about_the_shape(shape: tuple[int, ...], n: int, steps: int) -> Remark | str:
    return next((one for one in TRAJECTORY_SHAPES if one.of(n, steps) == shape), "")


def _judge_kind(run: Run, expected: str) -> None:
    """Raise what is wrong where nothing more than the type can be seen."""
    kind = run.returned.kind
    if kind == "NoneType":
        raise wrong("langevin_dynamics_sample returns None.", expected, NO_RETURN, LOOK_AT)
    if not run.returned.values.size:
        shape = f" of length {run.returned.shape[0]}" if run.returned.shape else ""
        raise wrong(f"It returns an object of type {kind}{shape}.", expected, LIST, LOOK_AT)


def judge_kinds(*runs: Run) -> Finding:
    """What the types of the returned objects earn: the least of all runs."""
    kinds = [run.returned.kind for run in runs]
    readings = [TENSOR if kind == "Tensor" else ARRAY for kind in kinds]
    worst = min(readings, key=lambda one: one.credit)
    said = f"It returns an object of type {' or '.join(kinds)}."
    return following(TENSOR, LOOK_AT) if worst is TENSOR else Finding(said, "It returns torch tensors.", worst, LOOK_AT)
