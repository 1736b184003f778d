"""The laws of what Algorithm 2 draws, as random tests on the chains of states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.support import laws
from tests.support.judging.chain import SILENCE, Chain, LevelFit
from tests.support.judging.motion import Motion
from tests.support.laws import FALSE_FAIL_RATE
from tests.support.observed.langevin import AMPLITUDE
from tests.support.verdicts import Finding

NOISE_LINE = "Alg. 2, lines 5 and 6: z_t ~ N(0, I), and sqrt(2 alpha) in front of it"
START_LINE = "Alg. 2, line 1: x_0 ~ N(0, I)"
ALIKE = 0.95
"""The correlation from which on two draws are said to be one: a message tells it first."""


def independent(chains: Sequence[Chain]) -> list[Chain]:
    """The chains that do not begin at a state of the first: a generator seeded inside the sampler repeats its draws."""
    first = chains[0].states[0]
    rows = min(len(chain.states[0]) for chain in chains)
    return [chains[0], *(one for one in chains[1:] if not np.array_equal(one.states[0][:rows], first[:rows]))]


@dataclass(frozen=True)
class Drawn:
    """The noise at one level of a chain: residuals (links, n, 2), and how many numbers were fitted to have them.

    `scaled` are the same, less what the handout's own step size leaves; `own` (links, 2) are the student's step sizes,
    where these are not the handout's.
    """

    sigma: float
    alpha: float
    residual: np.ndarray
    fitted: int
    scaled: np.ndarray
    own: np.ndarray | None = None

    @property
    def mean_square(self) -> float:
        """Mean square of the residuals, which is 2 alpha for the right noise."""
        return float(np.mean(self.residual**2))


def drawn(chain: Chain, motion: Motion | None) -> list[Drawn]:
    """The noise of each level; under a recognised or measured motion, where the handout's was rejected."""
    return [_by_fit(fit) for fit in chain.fits] if motion is None else _by_motion(motion)


def _by_fit(fit: LevelFit) -> Drawn:
    return Drawn(fit.sigma, fit.alpha, fit.residual, 1, fit.residual + (fit.step - fit.alpha) * fit.scores)


def _by_motion(motion: Motion) -> list[Drawn]:
    steps, levels = motion.seen.steps, []
    for sigma in dict.fromkeys(steps.sigma.tolist()):
        own = np.flatnonzero(motion.moves.known & (steps.sigma[: len(motion.moves.known)] == sigma))
        if own.size:
            fitted = 0 if motion.diagnosis.explained else 2 * own.size
            residual, alpha = motion.residual[own], float(steps.alpha[own[0]])
            levels.append(Drawn(sigma, alpha, residual, fitted, residual, np.abs(motion.steps[own])))
    return levels


def _alike(runs: Sequence[list[Drawn]]) -> list[list[Drawn]]:
    """The runs with as many links at each level as the first: only these can be compared with it."""
    shapes = [[level.residual.shape for level in run] for run in runs]
    return [run for run, shape in zip(runs, shapes, strict=True) if shape == shapes[0]]


def noise_tests(runs: Sequence[list[Drawn]]) -> list[laws.Test]:
    """Tests of the residuals, in a learner's order: the first kind that fails stands alone."""
    runs = _alike(runs)
    if all(level.mean_square < (SILENCE * level.alpha * AMPLITUDE) ** 2 for level in runs[0]):
        said = "The states change without any noise."
        return [laws.Test("silent", 0.0, Finding(said, "Each step adds sqrt(2 alpha) z_t.", look_at=NOISE_LINE))]
    variance = _variance_tests(runs)
    z = [_standardised(run, variance) for run in runs]
    pairs, alike = _pair_tests(z)
    sums = _sum_tests(z)
    for tests in (alike, variance, pairs, sums):
        failed = [test for test in tests if test.p < FALSE_FAIL_RATE]
        if failed:
            return failed[:1]
    shape = _shape_tests(np.concatenate([one.ravel() for part in z for one in part]))
    return variance + pairs + sums + shape


def _variance_tests(runs: Sequence[list[Drawn]]) -> list[laws.Test]:
    """RSS over the variance is chi-square at each level.

    The variance is 2 alpha. Where the step size is wrong (judged by its own check), noise that agrees with that step
    size is as good.
    """
    tests = [_variance_by(runs, own=False)]
    if all(level.own is not None and np.all(level.own > 0) for level in runs[0]):
        tests.append(_variance_by(runs, own=True))
    return max(tests, key=lambda one: min(test.p for test in one))


def _variance_by(runs: Sequence[list[Drawn]], own: bool) -> list[laws.Test]:
    tests = []
    for place, first in enumerate(runs[0]):
        levels = [run[place] for run in runs]
        total = sum(float(np.sum(level.residual**2 / _variance(level, own))) for level in levels)
        count = sum(level.residual.size for level in levels)
        seen = float(np.mean([level.mean_square for level in levels]))
        expected = float(np.mean(_variance(first, own)))
        reason = "2 times your step size" if own else "2 alpha"
        finding = Finding(
            f"At sigma = {first.sigma:.3g} the noise of a step has the variance {seen:.4g}.",
            f"The variance there is {reason} = {expected:.4g}.",
            look_at=NOISE_LINE,
        )
        degrees = count - sum(level.fitted for level in levels)
        tests.append(laws.Test(f"variance {place}", laws.chi_square(total, degrees), finding))
    return tests


def _variance(level: Drawn, own: bool) -> np.ndarray:
    """The variance of each link and coordinate, (links, 1, 2)."""
    steps = level.own if own and level.own is not None else np.full(level.residual.shape[::2], level.alpha)
    return 2 * steps[:, None]


def _standardised(run: Sequence[Drawn], variance: Sequence[laws.Test]) -> list[np.ndarray]:
    """z of each level, (links, n, 2): by the known alpha, or by what was measured where a check has failed already."""
    failed = any(test.p < FALSE_FAIL_RATE for test in variance)
    z = []
    for level in run:
        if failed or level.own is not None:
            scale = np.mean(level.residual**2, axis=1, keepdims=True) if level.own is not None else level.mean_square
            z.append(level.residual / np.maximum(scale, 1e-300) ** 0.5)
        else:
            z.append(level.scaled / (2 * level.alpha) ** 0.5)
    return z


def _pair_tests(z: Sequence[list[np.ndarray]]) -> tuple[list[laws.Test], list[laws.Test]]:
    """Coordinates, steps, samples and runs each have a z of their own: correlations, and those of which one is all."""
    every = [one for part in z for one in part]
    pairs = {
        "the two coordinates": [(one[..., 0], one[..., 1]) for one in every],
        "one step and the next": [(one[: len(one) // 2 * 2 : 2], one[1::2]) for one in every],
        "one sample and the next": [(one[:, : one.shape[1] // 2 * 2 : 2], one[:, 1::2]) for one in every],
    }
    if len(z) > 1:
        pairs["one run and the next"] = list(zip(z[0], z[1], strict=True))
    tests, alike = [], []
    for name, parts in pairs.items():
        one, other = (np.concatenate([pair[side].ravel() for pair in parts]) for side in (0, 1))
        if one.size == 0:
            continue
        r = float(one @ other / max(np.linalg.norm(one) * np.linalg.norm(other), 1e-300))
        said = f"The noise of {name} has the correlation {r:.3f}."
        finding = Finding(said, "Each has a z of its own, drawn independently: 0.", look_at=NOISE_LINE)
        tests.append(laws.Test(name, laws.correlation(one, other), finding))
        alike += tests[-1:] if r > ALIKE else []
    return tests, alike


def _sum_tests(z: Sequence[list[np.ndarray]]) -> list[laws.Test]:
    """Squares of sums over samples and over steps: chi-square, and n or T times too large when z is shared."""
    every = [one for part in z for one in part]
    over_samples = [np.sum(one, axis=1) / one.shape[1] ** 0.5 for one in every]
    over_steps = [np.sum(one, axis=0) / len(one) ** 0.5 for one in every]
    tests = []
    for name, sums in (("samples", over_samples), ("steps of a level", over_steps)):
        values = np.concatenate([one.ravel() for one in sums])
        ratio = float(np.mean(values**2))
        said = f"The squared sum of z over the {name} is {ratio:.3g} times as large as for independent z with mean 0."
        finding = Finding(said, "Each z is drawn independently, with mean 0.", look_at=NOISE_LINE)
        tests.append(laws.Test(name, laws.chi_square(float(np.sum(values**2)), values.size), finding))
    return tests


def _shape_tests(z: np.ndarray) -> list[laws.Test]:
    """Mean, distribution function and the share beyond 2."""
    beyond, mean = int(np.sum(np.abs(z) > laws.TAIL_BEYOND)), float(np.mean(z))
    tail = laws.binomial(beyond, z.size, laws.TAIL_PROBABILITY)
    largest = f"{np.max(np.abs(z)):.3g}"
    shape = f"z is not distributed normally: the largest of {z.size:,} values, without its sign, is {largest}."
    share = f"{beyond / z.size:.2%} of the values of z lie beyond +-2."
    finding = Finding(f"z has the mean {mean:.3g}.", "z has the mean 0.", look_at=NOISE_LINE)
    return [
        laws.Test("mean", laws.normal(mean * z.size**0.5), finding),
        laws.Test("shape", laws.dkw(z, laws.normal_cdf), Finding(shape, "z is standard normal.", "", NOISE_LINE)),
        laws.Test("tail", tail, Finding(share, "Of a standard normal z, 4.55% do.", "", NOISE_LINE)),
    ]


def start_tests(chains: Sequence[Chain]) -> list[laws.Test]:
    """Tests of x_0, (n, 2) of every independent chain."""
    starts = [chain.states[0] for chain in independent(chains)]
    x = np.concatenate(starts)
    if not np.any(x != x[0, 0]):
        said = f"All samples start at x_0 = {x[0, 0]:g}."
        return [laws.Test("constant", 0.0, Finding(said, "x_0 is standard normal.", look_at=START_LINE))]
    neighbours = [start[: len(start) // 2 * 2] for start in starts]
    even, odd = (np.concatenate([one[side::2].ravel() for one in neighbours]) for side in (0, 1))
    shared = [
        _start_pair("The two coordinates", x[:, 0], x[:, 1]),
        _start_pair("Neighbouring samples", even, odd),
    ]
    mean, square = float(np.mean(x)), float(np.mean(x**2))
    finding = Finding(start_said(x), "x_0 is standard normal: mean 0, standard deviation 1.", look_at=START_LINE)
    moments = [
        laws.Test("mean", laws.normal(mean * x.size**0.5), finding),
        laws.Test("mean square", laws.chi_square(square * x.size, x.size), finding),
    ]
    beyond = int(np.sum(np.abs(x) > laws.TAIL_BEYOND))
    shape = [
        laws.Test("shape", laws.dkw(x, laws.normal_cdf), finding),
        laws.Test("tail", laws.binomial(beyond, x.size, laws.TAIL_PROBABILITY), finding),
    ]
    tests = moments + shape + shared
    failed = [test for test in tests if test.p < FALSE_FAIL_RATE]
    return failed[:1] or tests


def start_said(x: np.ndarray) -> str:
    """What was measured of x_0: a line for both coordinates, or for each when they differ by much."""
    low, high = np.min(x), np.max(x)
    spread = [float(np.std(x[:, side])) for side in (0, 1)]
    if min(spread) < 0.5 * max(spread):
        said = "; ".join(
            f"the {name} coordinate has the mean {np.mean(x[:, side]):.3g}, the standard deviation {spread[side]:.3g}"
            for side, name in enumerate(("first", "second"))
        )
        return f"Of x_0 {said}."
    mean, deviation = float(np.mean(x)), float(np.std(x))
    return (
        f"x_0 has the mean {mean:.3g}, the standard deviation {deviation:.3g}, and values from {low:.3g} to {high:.3g}."
    )


def _start_pair(name: str, one: np.ndarray, other: np.ndarray) -> laws.Test:
    r = float(one @ other / max(np.linalg.norm(one) * np.linalg.norm(other), 1e-300))
    said = f"{name} have the correlation {r:.3f} at x_0."
    finding = Finding(said, "They are drawn independently: 0.", look_at=START_LINE)
    return laws.Test(name, laws.correlation(one, other), finding)
