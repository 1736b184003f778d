"""What `langevin_dynamics_sample` returned, compared with the states that it visited."""

from __future__ import annotations

import numpy as np

from tests.support.homework.langevin import LANGEVIN_RETURNED_CREDIT
from tests.support.judging.chain import GAP, Chain, rebuild, same
from tests.support.observed.langevin import Design, Run
from tests.support.verdicts import Wrong, wrong

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


def judge_samples(run: Run, design: Design) -> float:
    """`return_traj=False`: the last states, (n, 2); returns the credit."""
    returned, shape = run.returned, tuple(run.returned.shape)
    expected = f"With return_traj=False it returns the final samples, a tensor of shape {(design.n, 2)}."
    _judge_kind(run, expected)
    if shape != (design.n, 2):
        mistake = "That is the whole trajectory." if len(shape) == 3 else ""
        raise wrong(f"For {design.n} samples it returns the shape {shape}.", expected, mistake, LOOK_AT)
    if not np.isfinite(returned.values).all():
        raise wrong("The samples are not finite numbers.", expected, look_at="Alg. 2, line 6")
    chain = rebuild(run, design)
    if chain is not None and chain.final is not None and chain.final_gap > GAP:
        seen = "The returned samples are not the states that the last step at the smallest sigma leads to."
        raise wrong(seen, "Alg. 2 returns the last x~_T, unchanged.", _other_state(chain, chain.final), LOOK_AT)
    return _credit_of_kind(returned.kind)


def _other_state(chain: Chain, final: np.ndarray) -> str:
    if same(final, chain.states[0]):
        return "They are x_0."
    return "They are the states before the last update." if same(final, chain.states[-1]) else ""


def judge_trajectory(run: Run, design: Design) -> float:
    """`return_traj=True`: the states of every step, (n, L*T, 2); returns the credit."""
    chain = rebuild(run, design)
    steps = len(chain.states) if chain is not None else len(design.sigmas) * design.iterations
    full = (design.n, steps, 2)
    expected = f"With return_traj=True it returns the trajectory, a tensor of shape (n, L*T, 2), here {full}."
    _judge_kind(run, expected)
    shape = tuple(run.returned.shape)
    credit = _credit_of_kind(run.returned.kind)
    if shape == (design.n, steps + 1, 2) and chain is not None and _holds(run.returned.values[:, :-1], chain.states):
        raise wrong(
            f"The trajectory has {steps + 1} entries: x_0 and all {steps} states after it.",
            expected,
            "Both ends are stored: L*T entries start at x_0 or at x_1.",
            LOOK_AT,
            credit=min(credit, LANGEVIN_RETURNED_CREDIT["both ends"]),
        )
    if shape != (design.n, steps, 2):
        raise wrong(f"It returns the shape {shape}.", expected, _shape_mistake(shape, design.n, steps), LOOK_AT)
    return min(credit, _judge_entries(run.returned.values, chain) if chain is not None else 1.0)


def _judge_entries(values: np.ndarray, chain: Chain) -> float:
    """The entries are x_1, x_2, ... or x_0, x_1, ...; returns the credit."""
    # Where a level restarts, the state after the last update is never visited again: judged by its own check.
    restarts = [link for link in chain.boundaries if not chain.gap(link, chain.fits) <= GAP]
    after = np.delete(np.arange(len(chain.states) - 1), restarts)
    if _holds(values[:, after], chain.states[after + 1]):
        return LANGEVIN_RETURNED_CREDIT["starts at x_1"]
    if _holds(values, chain.states):
        return LANGEVIN_RETURNED_CREDIT["starts at x_0"]
    raise _not_the_states(values, chain)


def _not_the_states(values: np.ndarray, chain: Chain) -> Wrong:
    repeated = float(np.mean(np.all(values[:, 1:] == values[:, :-1], axis=(0, 2)))) if values.shape[1] > 1 else 0.0
    if repeated > 0.5:
        return wrong(
            f"Most stored steps are identical ({repeated:.0%}).",
            "Each entry is the state of its own step.",
            "One tensor is changed in place and stored again and again, without a copy.",
            LOOK_AT,
        )
    backwards = _holds(values[:, ::-1][:, :-1], chain.states[1:]) or _holds(values[:, ::-1], chain.states)
    mistake = "They are in reverse order." if backwards else ""
    if not mistake and _holds(values[:, 1:], chain.states[:-1]):
        mistake = "They start before x_0."
    n, steps = values.shape[:2]
    mixed = values.reshape(steps, n, 2).swapaxes(0, 1)
    if not mistake and (_holds(mixed[:, :-1], chain.states[1:]) or _holds(mixed, chain.states)):
        mistake = "The numbers are right, but a view or reshape has mixed samples and steps: swap the axes instead."
    return wrong("The trajectory does not hold the states that the sampler visited.", "It does.", mistake, LOOK_AT)


def _holds(values: np.ndarray, states: np.ndarray) -> bool:
    """Whether (n, S, 2) values are the (S, n, 2) states."""
    return same(values.swapaxes(0, 1), states)


def _shape_mistake(shape: tuple[int, ...], n: int, steps: int) -> str:
    mistakes = {
        (steps, n, 2): "Steps and samples are swapped: the first axis counts the samples.",
        (steps + 1, n, 2): "Steps and samples are swapped, and both x_0 and the last state are stored.",
        (n, 2, steps): "The last two axes are swapped.",
        (n, steps + 1, 2): "One entry too many.",
        (n, steps - 1, 2): "One entry is missing.",
        (n * steps, 2): "The states are concatenated; they need an axis of their own.",
        (n, 2 * steps): "The states are concatenated; they need an axis of their own.",
        (n, 2): "That is one state of every sample, not the trajectory.",
        (steps, 2): "That is the trajectory of one sample.",
    }
    return mistakes.get(shape, "")


def _judge_kind(run: Run, expected: str) -> None:
    kind = run.returned.kind
    if kind == "NoneType":
        raise wrong("langevin_dynamics_sample returns None.", expected, "A return is missing on this way.", LOOK_AT)
    if not run.returned.values.size:
        shape = f" of length {run.returned.shape[0]}" if run.returned.shape else ""
        raise wrong(
            f"It returns an object of type {kind}{shape}.",
            expected,
            look_at=LOOK_AT,
            credit=LANGEVIN_RETURNED_CREDIT["list"],
        )


def _credit_of_kind(kind: str) -> float:
    return 1.0 if kind == "Tensor" else LANGEVIN_RETURNED_CREDIT["ndarray"]
