"""The arguments with which the functions of Problems 1 and 2 are checked, with what the definitions give for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.hidden.definitions import Chain, Mixture, chain, divergence, game_value, loss_derivatives, maximiser
from tests.support.homework.written import ELBO
from tests.support.judging.written import Case, Values, shown

ANY_LOGARITHM = 1e-8
"""Absolute error of a divergence that is right: a small number within a logarithm is."""
ANY_DENOMINATOR = 1e-8
"""Absolute error of D* that is right: a small number in the denominator is, for densities of at least 1/100."""
ANY_LOGIT = 1e-12
"""Absolute error of a derivative with respect to a logit that is right."""
CLEAR = 1e-3
"""Distance of a mistaken average from the right one, relative to the densities: 100 times what float32 may be off."""
TERMS = 8
"""Roundings, in eps, of a formula of a few operations."""


def _rng(seed: int, subject: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([seed, subject]))


def _case(
    arguments: tuple[Any, ...], expected: Values, scales: Values, roundings: float, described: str, least: float = 0.0
) -> Case:
    return Case(arguments, expected, scales, roundings, described, least)


def densities(seed: int) -> list[Case]:
    """Densities from 1/100 to 1e30, with zeros; one place where both are 0, and one where both are equal."""
    rng = _rng(seed, 1)
    cases = []
    for shape in ((7,), (3, 4), (1,)):
        p_r, p_g = (10.0 ** rng.uniform(-2, 2, shape) for _ in range(2))
        if np.size(p_r) > 1:
            for k, (real, generated) in enumerate(((0, 1.5), (2.5, 0), (0, 0), (1e30, 2e30), (4.0, 4.0))):
                p_r.flat[k], p_g.flat[k] = real, generated
        expected = maximiser(p_r, p_g)
        what = f"p_r = {shown(p_r)} and p_g = {shown(p_g)}"
        # The logarithms of densities of 1e30 are off by 70 eps, and D* by a quarter of what their difference is off.
        cases.append(_case((p_r, p_g), (expected,), (np.ones(shape),), 8 * TERMS, what, ANY_DENOMINATOR))
    return cases


def _distribution(rng: np.random.Generator, size: int, zeros: tuple[int, ...] = ()) -> np.ndarray:
    weights = rng.uniform(0.05, 1, size)
    weights[list(zeros)] = 0
    return np.asarray(weights / weights.sum())


def distributions(seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pairs of probability vectors: without zeros, with some, with an entry of 1e-12, equal, of disjoint support."""
    rng = _rng(seed, 2)
    size = int(rng.integers(3, 8))
    small = _distribution(rng, size)
    small[1] = 1e-12
    same = _distribution(rng, size)
    return [
        *((_distribution(rng, n), _distribution(rng, n)) for n in (2, size)),
        (_distribution(rng, size, (0,)), _distribution(rng, size, (2,))),
        (_distribution(rng, size, (1,)), _distribution(rng, size, (1,))),
        (small / small.sum() if small.sum() > 1 else small + (1 - small.sum()) * (np.arange(size) == 0), same),
        (same, same.copy()),
        (np.array([1.0, 0, 0]), np.array([0, 0.25, 0.75])),
    ]


def divergences(seed: int) -> list[Case]:
    """The divergence of each pair of distributions."""
    return [
        _case((p, q), (np.array(divergence(p, q)),), (np.ones(()),), 4 * (len(p) + TERMS), _about(p, q), ANY_LOGARITHM)
        for p, q in distributions(seed)
    ]


def _about(p: np.ndarray, q: np.ndarray) -> str:
    return f"p = {shown(p)} and q = {shown(q)}"


def values_of_the_game(seed: int) -> list[Case]:
    """For the divergence of each pair, the largest value that a discriminator can give to Eq. 1."""
    cases = []
    for p, q in distributions(seed):
        js = divergence(p, q)
        expected = np.array(game_value(p, q))
        cases.append(_case((js,), (expected,), (np.ones(()),), 4 * (len(p) + TERMS), f"js = {js:.6g}"))
    return cases


def logits(seed: int) -> list[Case]:
    """Numbers and arrays of logits, ordinary and as large as +-1000."""
    rng = _rng(seed, 3)
    drawn: list[Any] = [float(rng.uniform(-4, 4)), rng.uniform(-6, 6, 5), rng.uniform(-3, 3, (2, 3))]
    drawn += [np.array([-1000.0, 1000.0]), 1000.0, -1000.0]
    cases = []
    for one in drawn:
        expected = loss_derivatives(np.asarray(one))
        ones = np.ones(np.shape(one))
        cases.append(_case((one,), expected, (ones, ones), TERMS, f"the logit {shown(np.asarray(one))}", ANY_LOGIT))
    return cases


def world(seed: int) -> dict[str, Any]:
    """Paths from q and from the model, and two log densities, with which every known mistake shows clearly."""
    rng = _rng(seed, 4)
    while True:
        drawn = _world(rng)
        densities = log_densities(drawn)
        right, size = np.mean(densities[0] - densities[1]), sum(np.abs(one).max() for one in densities)
        if min(abs(float(one.of(*densities)) - right) for one in ELBO) > CLEAR * size:
            return drawn


def _world(rng: np.random.Generator) -> dict[str, Any]:
    n, steps, d = (int(rng.integers(low, high)) for low, high in ((3, 7), (2, 5), (1, 4)))

    def density(offset: float) -> dict[str, Any]:
        return {
            "offset": offset,
            "weight": rng.uniform(0.2, 0.6, (steps, d)),
            "centre": rng.normal(0, 1, (steps, d)),
            "slope": rng.normal(0, 1, d),
        }

    return {
        "x_0": rng.normal(0, 1, d),
        "from_q": rng.normal(0, 1, (n, steps, d)),
        "from_p": rng.normal(0.5, 1.5, (n, steps, d)),
        "log_p": density(-1.0),
        "log_q": density(-2.0),
    }


def log_densities(of: dict[str, Any]) -> tuple[np.ndarray, ...]:
    """In a world, log p and log q on the paths from q, then both on the paths from the model, `(n,)` each."""

    def log_density(density: dict[str, Any], paths: np.ndarray) -> np.ndarray:
        powers = (density["weight"] * (paths - density["centre"]) ** 2).sum(axis=(1, 2))
        return np.asarray(density["offset"] - powers + of["x_0"] @ density["slope"])

    return tuple(log_density(of[name], of[paths]) for paths in ("from_q", "from_p") for name in ("log_p", "log_q"))


def schedules(seed: int) -> list[np.ndarray]:
    """Betas between 1e-4 and 0.95, `(T,)` with T from 1 to 12: large, rising as in a long chain, and of every size."""
    rng = _rng(seed, 5)
    return [
        rng.uniform(0.2, 0.9, 4),
        rng.uniform(0.05, 0.6, int(rng.integers(5, 9))),
        np.linspace(1e-4, 0.02, 12) * rng.uniform(1, 1.2),
        10.0 ** rng.uniform(-4, np.log10(0.95), 12),
        rng.uniform(0.3, 0.95, 2),
        rng.uniform(0.3, 0.95, 1),
    ]


def steps(seed: int, first: int) -> list[tuple[np.ndarray, int, np.random.Generator]]:
    """For every schedule the first step asked for, the last, and one between: betas, t, and random numbers."""
    rng = _rng(seed, 6)
    found = []
    for betas in schedules(seed):
        last = len(betas)
        if last >= first:
            between = int(rng.integers(first, last + 1))
            found += [(betas, t, rng) for t in sorted({first, between, last})]
    return found


def roundings(betas: np.ndarray) -> float:
    """By how many eps the product of all 1 - beta may be off, relative to itself: by factors, or by logarithms."""
    return float(TERMS * (len(betas) + np.abs(np.log1p(-betas)).sum() + 2))


def marginals(seed: int) -> list[Case]:
    """Mean and variance of x_t, given x_0."""
    cases = []
    for betas, t, rng in steps(seed, 1):
        x_0 = rng.normal(0, 2, int(rng.integers(2, 5)))
        law = chain(betas)
        expected = (law.gain[t] * x_0, np.array(law.covariance[t, t]))
        what = f"t = {t}, betas = {shown(betas)} and x_0 = {shown(x_0)}"
        cases.append(_case((x_0, betas, t), expected, (x_0, np.ones(())), roundings(betas), what))
    return cases


def _posterior(betas: np.ndarray, t: int, rng: np.random.Generator) -> tuple[Chain, np.ndarray, np.ndarray, np.ndarray]:
    x_0, eps = rng.normal(0, 2, (2, int(rng.integers(2, 5))))
    law = chain(betas)
    return law, x_0, eps, law.gain[t] * x_0 + np.sqrt(law.covariance[t, t]) * eps


def posteriors(seed: int, first: bool = False) -> list[Case]:
    """The mean of x_{t-1}, given x_t and x_0: at t = 1, or from there on.

    1 - abar is off by `roundings` eps, and formulas divide by it, or by beta_t, which is smaller.
    """
    cases = []
    for betas, t, rng in _chosen(seed, first):
        law, x_0, eps, _ = _posterior(betas, t, rng)
        x_t = eps + x_0[::-1]  # any point: the mean is a function of it
        expected = law.conditional_mean(t, t - 1, x_t, x_0)
        scale = np.abs(x_t) + np.abs(x_0)
        what = f"t = {t}, betas = {shown(betas)}, x_t = {shown(x_t)} and x_0 = {shown(x_0)}"
        cases.append(_case((x_t, x_0, betas, t), (expected,), (scale,), roundings(betas) / betas[t - 1], what))
    return cases


def posteriors_from_noise(seed: int, first: bool = False) -> list[Case]:
    """The same mean for an x_t that is made of x_0 and eps."""
    cases = []
    for betas, t, rng in _chosen(seed, first):
        law, x_0, eps, x_t = _posterior(betas, t, rng)
        expected = law.conditional_mean(t, t - 1, x_t, x_0)
        scale = (np.abs(x_t) + np.abs(eps) + np.abs(x_0)) / np.sqrt(1 - betas[t - 1])
        what = f"t = {t}, betas = {shown(betas)}, x_t = {shown(x_t)} and eps = {shown(eps)}"
        cases.append(_case((x_t, eps, betas, t), (expected,), (scale,), roundings(betas) / betas[t - 1], what))
    return cases


def _chosen(seed: int, first: bool) -> list[tuple[np.ndarray, int, np.random.Generator]]:
    return [one for one in steps(seed, 1) if one[1] == 1] if first else steps(seed, 2)


def conditional(seed: int) -> list[tuple[np.ndarray, ...]]:
    """For mixtures of Gaussians: score, x, x_known, mask, and the pull towards what is known with weight 1."""
    rng = _rng(seed, 7)
    drawn: list[tuple[np.ndarray, ...]] = []
    for n, d in ((4, 3), (3, 5), (2, 1)):
        mixture = Mixture(rng.normal(0, 2, (3, d)), rng.uniform(0.5, 1.5, 3))
        x, x_known = rng.normal(0, 2, (2, n, d))
        mask = (rng.uniform(0, 1, (n, d)) < 0.5).astype(np.float64)
        mask[0, 0], mask[-1, -1] = 1.0, 0.0
        score = mixture.conditional_score(x, x_known, mask, 0.0)
        pull = mixture.conditional_score(x, x_known, mask, 1.0) - score
        drawn.append((score, x, x_known, mask, pull))
    return drawn
