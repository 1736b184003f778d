"""The chain of states is found behind the calls of the score network, however these are interleaved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from tests.support.judging import chain
from tests.support.observed.langevin import AMPLITUDE, EPS, Design, Run
from tests.support.observed.recorded import Returned

DESIGN = Design(n=12, sigmas=(1.31, 0.74, 0.43), iterations=4)
STEPS = 12
LEVELS = np.repeat(DESIGN.noise_levels, DESIGN.iterations)
Call = tuple[np.ndarray, float, np.ndarray]
"""Points and noise level of a call, and the scores that it was given."""


def walked(steps: int = STEPS) -> tuple[np.ndarray, np.ndarray]:
    """States (S + 1, n, 2) of a right sampler, and the scores (S, n, 2) that led on; the first level comes first."""
    rng = np.random.default_rng(0)
    states, scores = [rng.normal(size=(DESIGN.n, 2))], AMPLITUDE * rng.choice([-1.0, 1.0], size=(steps, DESIGN.n, 2))
    for t, score in enumerate(scores):
        alpha = EPS * LEVELS[max(t - (steps - STEPS), 0)] ** 2 / LEVELS[-1] ** 2
        states.append(states[-1] + alpha * score + (2 * alpha) ** 0.5 * rng.normal(size=(DESIGN.n, 2)))
    return np.stack(states), scores


def run(calls: Sequence[Call], final: np.ndarray) -> Run:
    """The run that made these calls and returned `final`."""
    return Run(
        points=np.concatenate([points for points, _, _ in calls]),
        levels=np.concatenate([np.full(len(points), sigma) for points, sigma, _ in calls]),
        scores=np.concatenate([scores for _, _, scores in calls]),
        sizes=np.array([len(points) for points, _, _ in calls]),
        repeats=np.ones(len(calls), dtype=np.int64),
        refused="",
        returned=Returned("Tensor", list(final.shape), final, False),
        sigmas_changed=False,
        parameter_gradient=False,
    )


def look(size: int, sigma: float = 1.31) -> Call:
    """A call at points that no chain visits."""
    return np.full((size, 2), 7.0), sigma, np.full((size, 2), AMPLITUDE)


def interleaved(order: str, chunk: int) -> Iterator[Call]:
    """The calls of a right sampler that moves `chunk` samples at a time."""
    states, scores = walked()
    chunks = [slice(start, start + chunk) for start in range(0, DESIGN.n, chunk)]
    steps = range(STEPS)
    places = {
        "steps": [(t, part) for t in steps for part in chunks],
        "chunks": [(t, part) for part in chunks for t in steps],
        "levels": [(4 * level + t, part) for level in range(3) for part in chunks for t in range(4)],
    }
    for t, part in places[order]:
        yield states[t][part], LEVELS[t], scores[t][part]


@pytest.mark.parametrize("chunk", [1, 4, 5, 12])
@pytest.mark.parametrize("order", ["steps", "chunks", "levels"])
@pytest.mark.parametrize(
    "before", [[], [look(1)], [look(5)], [look(12)], [look(12, 0.43)], [look(0)]], ids=lambda looks: str(len(looks))
)
def test_the_states_are_found_behind_the_calls(order: str, chunk: int, before: list[Call]) -> None:
    states, _ = walked()
    found = chain.rebuild(run([*before, *interleaved(order, chunk)], states[-1]), DESIGN)
    assert found is not None
    np.testing.assert_array_equal(found.states, states[:-1])
    assert found.levels.sigma.tolist() == LEVELS.tolist()
    assert found.final_gap < chain.GAP


def test_looks_amid_the_chain_are_passed_over() -> None:
    states, _ = walked()
    calls = list(interleaved("steps", 12))
    found = chain.rebuild(run([*calls[:4], look(1), *calls[4:8], look(1), *calls[8:]], states[-1]), DESIGN)
    assert found is not None
    np.testing.assert_array_equal(found.states, states[:-1])


def test_a_step_too_many_is_no_look() -> None:
    states, scores = walked(STEPS + 1)
    levels = [LEVELS[0], *LEVELS]
    found = chain.rebuild(run(list(zip(states[:-1], levels, scores, strict=True)), states[-1]), DESIGN)
    assert found is not None
    assert len(found.states) == STEPS + 1


def test_calls_that_form_no_chain_are_none() -> None:
    states, scores = walked()
    calls = [(states[t][: 11 - t], LEVELS[t], scores[t][: 11 - t]) for t in range(3)]
    assert chain.rebuild(run(calls, states[-1]), DESIGN) is None
