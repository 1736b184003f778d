"""The laws of what Algorithm 2 draws, as random tests on the chains of states."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.support import laws
from tests.support.homework.langevin import (
    ANOTHER_VARIANCE,
    LANGEVIN_NOISE_VARIANCES,
    LANGEVIN_STARTS,
    SHARED_START,
    SHARED_Z,
    SILENT,
)
from tests.support.homework.readings import Reading, Remark, measured, worded
from tests.support.judging.chain import SILENCE, Chain, LevelFit
from tests.support.laws import FALSE_FAIL_RATE
from tests.support.observed.langevin import AMPLITUDE, EPS
from tests.support.verdicts import Finding

NOISE_LINE = "Alg. 2, lines 5 and 6: z_t ~ N(0, I), and sqrt(2 alpha) in front of it"
NAMED_WITHIN = 0.12
START_LINE = "Alg. 2, line 1: x_0 ~ N(0, I)"


def independent(chains: Sequence[Chain]) -> list[Chain]:
    """The chains that do not begin at a state of the first: a generator seeded inside the sampler repeats its draws."""
    first = chains[0].states[0]
    rows = min(len(chain.states[0]) for chain in chains)
    return [chains[0], *(one for one in chains[1:] if not np.array_equal(one.states[0][:rows], first[:rows]))]


def _alike(chains: Sequence[Chain]) -> list[Chain]:
    """The chains with as many links at each level as the first: only these can be compared with it."""
    shapes = [[fit.residual.shape for fit in chain.fits] for chain in chains]
    return [chain for chain, shape in zip(chains, shapes, strict=True) if shape == shapes[0]]


def noise_tests(chains: Sequence[Chain]) -> list[laws.Test]:
    """Tests of the residuals, in a learner's order: the first kind that fails stands alone."""
    chains = _alike(independent(chains))
    silent = [fit for fit in chains[0].fits if fit.mean_square < (SILENCE * fit.alpha * AMPLITUDE) ** 2]
    if len(silent) == len(chains[0].fits):
        said = "The states change without any noise."
        return [laws.Test("silent", 0.0, Finding(said, "Each step adds sqrt(2 alpha) z_t.", SILENT, NOISE_LINE))]
    variance = _variance_tests(chains)
    z = [_standardised(chain, variance) for chain in chains]
    pairs = _pair_tests(z)
    shared = [test for test in pairs if test.finding.mistake]
    sums = _sum_tests(z)
    for tests in (shared, variance, pairs, sums):
        failed = [test for test in tests if test.p < FALSE_FAIL_RATE]
        if failed:
            return failed[:1]
    shape = _shape_tests(np.concatenate([one.ravel() for part in z for one in part]))
    return variance + pairs + sums + shape + laws.reading(LANGEVIN_NOISE_VARIANCES[0], NOISE_LINE)


def _variance_tests(chains: Sequence[Chain]) -> list[laws.Test]:
    """RSS over the variance is chi-square at each level.

    The variance is 2 alpha. Where the step size is wrong (judged by its own check), noise that agrees with that step
    size is as good.
    """
    tests = [_variance_by(chains, own=False)]
    step_size_is_wrong = any(fit.step_p < FALSE_FAIL_RATE for fit in chains[0].fits)
    if step_size_is_wrong and all(fit.step != 0 for fit in chains[0].fits):
        tests.append(_variance_by(chains, own=True))
    return max(tests, key=lambda one: min(test.p for test in one))


def _variance_by(chains: Sequence[Chain], own: bool) -> list[laws.Test]:
    mistake = "" if own else _noise_mistake(chains[0].fits)
    tests = []
    for level, fit in enumerate(chains[0].fits):
        squares, count = 0.0, 0
        for chain in chains:
            squares += float(np.sum(chain.fits[level].residual ** 2))
            count += chain.fits[level].residual.size
        variance = 2 * (abs(fit.step) if own else fit.alpha)
        reason = "2 times your step size" if own else "2 alpha"
        finding = Finding(
            f"At sigma = {fit.sigma:.3g} the noise of a step has the variance {squares / count:.4g}.",
            f"It is {reason} = {variance:.4g}.",
            mistake,
            NOISE_LINE,
        )
        # one degree of freedom a chain went into its fitted step size
        tests.append(laws.Test(f"variance {level}", laws.chi_square(squares / variance, count - len(chains)), finding))
    return tests


def _noise_mistake(fits: Sequence[LevelFit]) -> Reading | Remark | str:
    """The recognised formula within 12% of every variance: four standard errors of 2,560 values."""
    alpha, sigma, step, seen = (
        np.array(values)
        for values in zip(*((fit.alpha, fit.sigma, abs(fit.step), fit.mean_square) for fit in fits), strict=True)
    )
    for formula in LANGEVIN_NOISE_VARIANCES[1:]:
        for base, note in ((alpha, ""), (step, " (with alpha your own step size)")):
            if np.all(np.abs(seen / formula.of(base, sigma, EPS) - 1) < NAMED_WITHIN):
                return worded(formula, f"Recognised: {formula.sentence}{note}.")
    if len(fits) > 1 and np.all(seen > 0):
        power, log_factor = np.polyfit(np.log(sigma), np.log(seen), 1)
        return measured(ANOTHER_VARIANCE, f"{np.exp(log_factor):.3g} * sigma^{power:.2f}")
    return ""


def _standardised(chain: Chain, variance: Sequence[laws.Test]) -> list[np.ndarray]:
    """z of each level, (links, n, 2): by the known alpha, or by what was measured where a check has failed already."""
    failed = any(test.p < FALSE_FAIL_RATE for test in variance)
    z = []
    for fit in chain.fits:
        if failed or fit.step_p < FALSE_FAIL_RATE:
            z.append(fit.residual / max(fit.mean_square, 1e-300) ** 0.5)
        else:
            z.append((fit.residual + (fit.step - fit.alpha) * fit.scores) / (2 * fit.alpha) ** 0.5)
    return z


def _pair_tests(z: Sequence[list[np.ndarray]]) -> list[laws.Test]:
    """Coordinates, steps, samples and runs each have a z of their own: correlations."""
    every = [one for part in z for one in part]
    pairs = {
        "the two coordinates": [(one[..., 0], one[..., 1]) for one in every],
        "one step and the next": [(one[: len(one) // 2 * 2 : 2], one[1::2]) for one in every],
        "one sample and the next": [(one[:, : one.shape[1] // 2 * 2 : 2], one[:, 1::2]) for one in every],
    }
    if len(z) > 1:
        pairs["one run and the next"] = list(zip(z[0], z[1], strict=True))
    tests = []
    for name, parts in pairs.items():
        one, other = (np.concatenate([pair[side].ravel() for pair in parts]) for side in (0, 1))
        if one.size == 0:
            continue
        r = float(one @ other / max(np.linalg.norm(one) * np.linalg.norm(other), 1e-300))
        mistake = SHARED_Z if r > 0.95 else ""
        said = f"The noise of {name} is correlated: {r:.3f}."
        finding = Finding(said, "Each has a z of its own, drawn independently.", mistake, NOISE_LINE)
        tests.append(laws.Test(name, laws.correlation(one, other), finding))
    return tests


def _sum_tests(z: Sequence[list[np.ndarray]]) -> list[laws.Test]:
    """Squares of sums over samples and over steps: chi-square, and n or T times too large when z is shared."""
    every = [one for part in z for one in part]
    over_samples = [np.sum(one, axis=1) / one.shape[1] ** 0.5 for one in every]
    over_steps = [np.sum(one, axis=0) / len(one) ** 0.5 for one in every]
    tests = []
    for name, sums in (("samples", over_samples), ("steps of a level", over_steps)):
        values = np.concatenate([one.ravel() for one in sums])
        ratio = float(np.mean(values**2))
        said = f"The squared sum of the noise over the {name} is {ratio:.3g} times as large as for independent z."
        finding = Finding(said, "Each z is drawn independently, with mean 0.", look_at=NOISE_LINE)
        tests.append(laws.Test(name, laws.chi_square(float(np.sum(values**2)), values.size), finding))
    return tests


def _shape_tests(z: np.ndarray) -> list[laws.Test]:
    """Mean, distribution function and the share beyond 2."""
    beyond, mean = int(np.sum(np.abs(z) > laws.TAIL_BEYOND)), float(np.mean(z))
    tail = laws.binomial(beyond, z.size, laws.TAIL_PROBABILITY)
    shape = f"z is not distributed normally (the largest value is {np.max(np.abs(z)):.3g})."
    share = f"{beyond / z.size:.2%} of the values of z lie beyond +-2."
    return [
        laws.Test("mean", laws.normal(mean * z.size**0.5), Finding(f"z has the mean {mean:.3g}.", "It is 0.")),
        laws.Test("shape", laws.dkw(z, laws.normal_cdf), Finding(shape, "z is standard normal.", "", NOISE_LINE)),
        laws.Test("tail", tail, Finding(share, "For a standard normal z that is 4.55%.", "", NOISE_LINE)),
    ]


def start_tests(chains: Sequence[Chain]) -> list[laws.Test]:
    """Tests of x_0, (n, 2) of every independent chain."""
    starts = [chain.states[0] for chain in independent(chains)]
    x = np.concatenate(starts)
    if not np.any(x != x[0, 0]):
        said = f"All samples start at x_0 = {x[0, 0]:g}."
        found = _start_mistake(chains[0], x)
        unsaid = worded(found, "") if found else ""  # the first line says it
        return [laws.Test("constant", 0.0, Finding(said, "x_0 is standard normal.", unsaid, START_LINE))]
    neighbours = [start[: len(start) // 2 * 2] for start in starts]
    even, odd = (np.concatenate([one[side::2].ravel() for one in neighbours]) for side in (0, 1))
    shared = [
        _start_pair("The two coordinates", x[:, 0], x[:, 1]),
        _start_pair("Neighbouring samples", even, odd),
    ]
    same = [test for test in shared if test.finding.mistake]
    if same:
        return same[:1]
    mean, square = float(np.mean(x)), float(np.mean(x**2))
    low, high = np.min(x), np.max(x)
    said = f"x_0 has the mean {mean:.3g}, the mean square {square:.4g}, and values from {low:.3g} to {high:.3g}."
    mistake = _start_mistake(chains[0], x) or ""
    finding = Finding(said, "Mean 0 and mean square 1: standard normal.", mistake, START_LINE)
    moments = [
        laws.Test("mean", laws.normal(mean * x.size**0.5), finding),
        laws.Test("mean square", laws.chi_square(float(np.sum(x**2)), x.size), finding),
    ]
    failed = [test for test in moments if test.p < FALSE_FAIL_RATE]
    if failed:
        return failed[:1]
    beyond = int(np.sum(np.abs(x) > laws.TAIL_BEYOND))
    shape = [
        laws.Test("shape", laws.dkw(x, laws.normal_cdf), finding),
        laws.Test("tail", laws.binomial(beyond, x.size, laws.TAIL_PROBABILITY), finding),
    ]
    return moments + shape + shared + laws.reading(LANGEVIN_STARTS[0], START_LINE)


def _start_pair(name: str, one: np.ndarray, other: np.ndarray) -> laws.Test:
    r = float(one @ other / max(np.linalg.norm(one) * np.linalg.norm(other), 1e-300))
    mistake = SHARED_START if r > 0.95 else ""
    said = f"{name} have correlated x_0: {r:.3f}."
    finding = Finding(said, "They are drawn independently.", mistake, START_LINE)
    return laws.Test(name, laws.correlation(one, other), finding)


def _start_mistake(chain: Chain, x: np.ndarray) -> Reading | None:
    """The recognised law with this mean and standard deviation, both within 7 standard errors."""
    first, last = chain.design.noise_levels[[0, -1]]
    slack = 7 / x.size**0.5
    for start in LANGEVIN_STARTS[1:]:
        mean, deviation = start.of(first, last)
        scale = max(deviation, abs(mean), 1e-6)
        if abs(np.mean(x) - mean) < slack * scale and abs(np.std(x) - deviation) < slack * scale:
            return worded(start, f"Recognised: {start.sentence}.")
    return None
