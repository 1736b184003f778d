"""The oracles of Problems 1 and 2: each agrees with the known formula within its bound, and with no neighbour of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hidden import definitions, written_cases
from tests.support.homework.written import ELBO
from tests.support.judging.written import DOUBLE, SINGLE, SINGLE_IS_ENOUGH

SEEDS = st.integers(0, 2**32 - 1)
EXAMPLES = settings(max_examples=40, derandomize=True, database=None, deadline=None)

Formula = Callable[..., object]


def off(cases: list, formula: Formula, unit: float = DOUBLE) -> float:
    """The largest distance of a formula from what the definition gives, in tolerances."""
    found = 0.0
    for case in cases:
        with np.errstate(all="ignore"):
            values = formula(*case.arguments)
        for k, value in enumerate(values if isinstance(values, tuple) else (values,)):
            known = ~np.isnan(case.expected[k])
            difference = np.abs(np.asarray(value) - case.expected[k])
            ratio = np.where(known, difference / case.tolerance(k, unit), 0)
            found = max(found, float(np.nan_to_num(ratio, nan=np.inf).max()))
    return found


def kl(a: np.ndarray, b: np.ndarray) -> float:
    present = a > 0
    return float(np.sum(a[present] * np.log(a[present] / b[present])))


def sigmoid(x: object) -> np.ndarray:
    return np.exp(-np.logaddexp(0, -np.asarray(x)))


def abar(betas: np.ndarray, t: int) -> float:
    return float(np.prod(1 - betas[:t]))


def mean(x: np.ndarray, z: np.ndarray, b: np.ndarray, t: int) -> np.ndarray:
    before, now, beta = abar(b, t - 1), abar(b, t), b[t - 1]
    return (np.sqrt(1 - beta) * (1 - before) * x + np.sqrt(before) * beta * z) / (1 - now)


def from_noise(x: np.ndarray, e: np.ndarray, b: np.ndarray, t: int) -> np.ndarray:
    return (x - b[t - 1] / np.sqrt(1 - abar(b, t)) * e) / np.sqrt(1 - b[t - 1])


ORACLES: dict[str, tuple[Callable[[int], list], Formula, list[Formula]]] = {
    "maximiser": (
        written_cases.densities,
        lambda r, g: r / (r + g),
        [lambda r, g: g / (r + g), lambda r, g: r / (r - g), lambda r, g: r / (r * g), lambda r, g: r * (r + g)],
    ),
    "divergence": (
        written_cases.divergences,
        lambda p, q: (kl(p, (p + q) / 2) + kl(q, (p + q) / 2)) / 2,
        [
            lambda p, q: (kl(p, (p + q) / 2) + kl(q, (p + q) / 2)) / 3,
            lambda p, q: (kl(p, (p + q) / 2) - kl(q, (p + q) / 2)) / 2,
            lambda p, q: (kl(p, (p + q) / 2) + kl(p, (p + q) / 2)) / 2,
            lambda p, q: (kl(p, (p + q) / 3) + kl(q, (p + q) / 2)) / 2,
        ],
    ),
    "game value": (
        written_cases.values_of_the_game,
        lambda js: 2 * js - np.log(4),
        [lambda js: 2 * js + np.log(4), lambda js: 2 * js - np.log(2), lambda js: 3 * js - np.log(4)],
    ),
    "loss derivatives": (
        written_cases.logits,
        lambda x: (-sigmoid(x), -sigmoid(-np.asarray(x))),
        [
            lambda x: (sigmoid(x), -sigmoid(-np.asarray(x))),
            lambda x: (-sigmoid(x), sigmoid(-np.asarray(x))),
            lambda x: (-sigmoid(-np.asarray(x)), -sigmoid(-np.asarray(x))),
            lambda x: (-sigmoid(x), -sigmoid(x)),
        ],
    ),
    "chain": (
        written_cases.marginals,
        lambda x, b, t: (np.sqrt(abar(b, t)) * x, 1 - abar(b, t)),
        [
            lambda x, b, t: (np.sqrt(abar(b, t - 1)) * x, 1 - abar(b, t)),
            lambda x, b, t: (abar(b, t) * x, 1 - abar(b, t)),
            lambda x, b, t: (np.sqrt(abar(b, t)) * x, 1 + abar(b, t)),
            lambda x, b, t: (np.sqrt(abar(b, t)) * x, 1 - abar(b, t - 1)),
        ],
    ),
    "conditioned chain": (
        written_cases.posteriors,
        mean,
        [
            lambda x, z, b, t: mean(z, x, b, t),
            lambda x, z, b, t: mean(x, -z, b, t),
            lambda x, z, b, t: mean(x, z, b, t - 1),
            lambda x, z, b, t: mean(x, z, b, t) * (1 - abar(b, t)) / (1 - abar(b, t - 1)),
            lambda x, z, b, t: mean(x * np.sqrt(1 - b[t - 1]), z, b, t),
        ],
    ),
    "conditioned chain, from noise": (
        written_cases.posteriors_from_noise,
        from_noise,
        [
            lambda x, e, b, t: from_noise(x, -e, b, t),
            lambda x, e, b, t: from_noise(x, e, b, t) / np.sqrt(1 - b[t - 1]),
            lambda x, e, b, t: from_noise(x, e, b, t - 1),
            lambda x, e, b, t: from_noise(x, e / np.sqrt(1 - abar(b, t)), b, t),
        ],
    ),
}


@pytest.mark.parametrize("name", ORACLES)
@EXAMPLES
@given(seed=SEEDS)
def test_an_oracle_agrees_with_the_known_formula_within_its_bound(name: str, seed: int):
    cases, formula, _ = ORACLES[name]
    assert off(cases(seed), formula) <= 1


@pytest.mark.parametrize("name", ORACLES)
@EXAMPLES
@given(seed=SEEDS)
def test_an_oracle_rejects_the_formula_with_one_symbol_changed_even_in_float32(name: str, seed: int):
    cases, _, neighbours = ORACLES[name]
    drawn = cases(seed)
    assert min(off(drawn, one, SINGLE) for one in neighbours) > 1


@EXAMPLES
@given(seed=SEEDS)
def test_the_pull_of_a_conditional_score_is_the_penalty_s_derivative(seed: int):
    for score, x, known, mask, pull in written_cases.conditional(seed):
        size = 1e-13 * (np.abs(score) + np.abs(x) + np.abs(known))
        assert np.all(np.abs(pull - (known - x) * mask) <= size)
        for other in ((known + x) * mask, (x - known) * mask, (known - x) * (1 - mask), known * mask - x):
            assert np.any(np.abs(pull - other) > 1e6 * size)


@EXAMPLES
@given(seed=SEEDS)
def test_the_score_of_a_mixture_is_its_derivative_in_closed_form(seed: int):
    """For one component it is (mean - x) / deviation^2; for more, the mean of these by responsibility."""
    rng = np.random.Generator(np.random.PCG64(seed))
    means, deviations, x = rng.normal(0, 2, (3, 2)), rng.uniform(0.5, 1.5, 3), rng.normal(0, 2, (4, 2))
    zeros = np.zeros_like(x)
    one = definitions.Mixture(means[:1], deviations[:1]).conditional_score(x, zeros, zeros, 0.0)
    assert np.allclose(one, (means[0] - x) / deviations[0] ** 2, rtol=1e-13)
    several = definitions.Mixture(means, deviations).conditional_score(x, zeros, zeros, 0.0)
    distances = means - x[:, None, :]
    weights = np.exp(-(distances**2).sum(axis=2) / (2 * deviations**2)) / deviations**2
    weights /= weights.sum(axis=1, keepdims=True)
    expected = (weights[:, :, None] * distances / deviations[:, None] ** 2).sum(axis=1)
    assert np.allclose(several, expected, rtol=1e-11, atol=1e-13)


@EXAMPLES
@given(seed=SEEDS)
def test_the_known_value_of_the_game_is_no_less_than_that_of_any_other_discriminator(seed: int):
    rng = np.random.Generator(np.random.PCG64(seed))
    for p, q in written_cases.distributions(seed):
        d = rng.uniform(0.01, 0.99, p.shape)
        assert definitions.game_value(p, q) >= float(p @ np.log(d) + q @ np.log(1 - d))


def paths_and_laws(rng: np.random.Generator, states: int, steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All paths of a chain with finitely many states, their probabilities under q, and p(x_0, path) for one x_0."""
    paths = np.array(list(itertools.product(range(states), repeat=steps)))
    q = rng.dirichlet(np.ones(len(paths)))
    joint = rng.dirichlet(np.ones(len(paths))) * rng.uniform(0.1, 0.9)
    return paths, q, joint


@EXAMPLES
@given(seed=SEEDS)
def test_the_expectation_that_elbo_estimates_is_a_lower_bound(seed: int):
    """With every path enumerated it is below log p(x_0), equal for the true posterior; the log of the mean is log p."""
    rng = np.random.Generator(np.random.PCG64(seed))
    _, q, joint = paths_and_laws(rng, 3, 3)
    evidence = np.log(joint.sum())
    bound = float(q @ (np.log(joint) - np.log(q)))
    posterior = joint / joint.sum()
    assert bound < evidence
    assert float(posterior @ (np.log(joint) - np.log(posterior))) == pytest.approx(evidence, abs=1e-12)
    assert float(np.log(q @ (joint / q))) == pytest.approx(evidence, abs=1e-12)


@EXAMPLES
@given(seed=SEEDS)
def test_the_world_of_elbo_tells_all_mistakes_from_what_is_right(seed: int):
    drawn = written_cases.log_densities(written_cases.world(seed))
    right, size = np.mean(drawn[0] - drawn[1]), sum(np.abs(one).max() for one in drawn)
    assert min(abs(right - float(one.of(*drawn))) for one in ELBO) > 10 * SINGLE_IS_ENOUGH * size


@pytest.mark.parametrize("seed", range(50))
def test_cases_lie_in_the_promised_ranges(seed: int):
    for case in written_cases.densities(seed):
        assert all(np.all((one == 0) | ((one >= 1e-2) & (one <= 1e300))) for one in case.arguments)
    for p, q in written_cases.distributions(seed):
        for one in (p, q):
            assert np.all((one == 0) | (one >= 1e-12 * 0.999))
            assert one.sum() == pytest.approx(1, abs=1e-12)
    for betas in written_cases.schedules(seed):
        assert 1 <= len(betas) <= 12
        assert np.all((betas >= 1e-4) & (betas <= 0.95))
    reached = {(t == 1, t == len(betas)) for betas, t, _ in written_cases.steps(seed, 1)}
    assert {(True, False), (False, True), (True, True)} <= reached
