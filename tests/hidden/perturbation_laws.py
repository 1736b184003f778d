"""The laws of the noise and of the noise levels that Algorithm 1 draws, as random tests on recorded calls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.support import laws
from tests.support.homework.denoising import (
    ANOTHER_SCALE,
    DATA_MISSING,
    DATA_SCALED,
    DEPENDENT_LEVELS,
    LEVELS_AS_WEIGHTS,
    NEVER_DRAWN,
    NOISE_TIMES_DATA,
    PERTURBATION_SCALES,
    ROUNDED_LEVELS,
    SHARED_NOISE,
)
from tests.support.homework.readings import Reading, Remark, measured
from tests.support.judging.denoising import Batch, recognised
from tests.support.laws import FALSE_FAIL_RATE
from tests.support.observed.denoising import SIGMAS
from tests.support.verdicts import Finding

Z_LINE = "Alg. 1, lines 2 and 3: z ~ N(0, I), x~ = x + sigma z"
NAMED_WITHIN = 0.06
SIGMA_LINE = "Alg. 1, line 1: sigma is drawn from the list, for every sample anew"


def noise_tests(batches: Sequence[Batch]) -> list[laws.Test]:
    """Tests of z = (x~ - x)/sigma, in a learner's order: the first kind that fails stands alone."""
    batches = independent(batches)
    z = np.concatenate([batch.displacement / batch.sigma for batch in batches])
    if not np.isfinite(z).all():
        said = "Some perturbed samples x~ are not finite: is a negative number under a square root?"
        return [laws.Test("finite", 0.0, Finding(said, "x~ = x + sigma z.", look_at=Z_LINE))]
    slope, sharing, scale = _slope_tests(batches, z), _sharing_tests(batches, z), _scale_tests(batches, z)
    shared = [test for test in sharing if test.finding.mistake]
    moved = [test for test in slope if test.finding.mistake]
    for tests in (moved, shared, scale, slope, sharing):
        if any(test.p < FALSE_FAIL_RATE for test in tests):
            return tests
    return slope + sharing + scale + _shape_tests(z) + laws.reading(PERTURBATION_SCALES[0], Z_LINE)


def independent(batches: Sequence[Batch]) -> Sequence[Batch]:
    """All evaluations, or only the first one when the second repeats its draws: such are not independent."""
    repeated = len(batches) > 1 and np.array_equal(batches[0].perturbed, batches[1].perturbed)
    return batches[:1] if repeated else batches


def _slope_tests(batches: Sequence[Batch], z: np.ndarray) -> list[laws.Test]:
    """x~ - x must not depend on x: sum(z x)/|x| is N(0, 1)."""
    tests = []
    for j in (0, 1):
        x = np.concatenate([batch.data[:, j] for batch in batches])
        moved = np.concatenate([batch.perturbed[:, j] for batch in batches])
        slope = float(moved @ x / (x @ x))
        mistake: Reading | str = DATA_MISSING if abs(slope) < 0.01 else ""
        either_way = 0.4 < float(np.mean(z[:, j] * x > 0)) < 0.6
        if either_way and float(np.corrcoef(np.abs(z[:, j]), np.abs(x))[0, 1]) > 0.3:  # 20 standard errors
            mistake = mistake or NOISE_TIMES_DATA
        if not mistake and abs(slope - 1) > 0.01:
            mistake = DATA_SCALED
        finding = Finding(f"The perturbed samples are {slope:.4g} x + noise.", "x~ is x + noise.", mistake, Z_LINE)
        tests.append(laws.Test(f"slope {j}", laws.normal(float(z[:, j] @ x / np.linalg.norm(x))), finding))
    return tests


def _sharing_tests(batches: Sequence[Batch], z: np.ndarray) -> list[laws.Test]:
    """The coordinates, the samples and the evaluations each have a z of their own."""
    even = len(z) // 2 * 2
    pairs = {
        "The two coordinates of a sample": (z[:, 0], z[:, 1]),
        "Neighbouring samples": (z[:even:2], z[1:even:2]),
    }
    if len(batches) > 1:
        first, second = (batch.displacement / batch.sigma for batch in batches[:2])
        pairs["Two calls of compute_denoising_loss"] = (first, second)
    tests = []
    for name, (one, other) in pairs.items():
        r = float(np.sum(one * other) / max(np.linalg.norm(one) * np.linalg.norm(other), 1e-300))
        mistake = SHARED_NOISE if r > 0.99 else ""
        said = f"{name} have noise z that is correlated: {r:.3f}."
        finding = Finding(said, "They are drawn independently.", mistake, Z_LINE)
        tests.append(laws.Test(name, laws.correlation(one, other), finding))
    return tests


def _scale_tests(batches: Sequence[Batch], z: np.ndarray) -> list[laws.Test]:
    """Mean of each coordinate, and variance at each noise level: N(0, 1) and chi-square."""
    sigma = np.concatenate([batch.levels.sigma for batch in batches])
    index = np.concatenate([batch.levels.index for batch in batches])
    mistake = _scale_mistake(z, sigma)
    tests = []
    for level in np.unique(index):
        part = z[index == level]
        at = f"at sigma = {SIGMAS[level]:g}" if level >= 0 else "at the noise levels that you use"
        variance = float(np.mean(part**2))
        said = f"z = (x~ - x)/sigma has the mean square {variance:.4g} {at}."
        finding = Finding(said, "It is 1.", mistake, Z_LINE)
        tests.append(laws.Test(f"variance {level}", laws.chi_square(float(np.sum(part**2)), part.size), finding))
    for j in (0, 1):
        mean = float(np.mean(z[:, j]))
        finding = Finding(f"z = (x~ - x)/sigma has the mean {mean:.4g}.", "Its mean is 0.", mistake, Z_LINE)
        tests.append(laws.Test(f"mean {j}", laws.normal(mean * len(z) ** 0.5), finding))
    failed = [test for test in tests if test.p < FALSE_FAIL_RATE]
    return failed[:1] or tests


def _scale_mistake(z: np.ndarray, sigma: np.ndarray) -> Reading | Remark | str:
    """The recognised standard deviation of x~ - x, if one fits within 3 standard errors of 1,640 values."""
    levels = np.unique(sigma)
    seen = np.array([np.sqrt(np.mean((z[sigma == one] * one) ** 2)) for one in levels])
    for scale in PERTURBATION_SCALES[1:]:
        if np.all(np.abs(seen / scale.of(levels) - 1) < NAMED_WITHIN):
            return recognised(scale)
    if len(levels) > 1 and np.all(seen > 0):
        power, log_factor = np.polyfit(np.log(levels), np.log(seen), 1)
        return measured(ANOTHER_SCALE, f"{np.exp(log_factor):.3g} * sigma^{power:.2f}")
    return ""


def _shape_tests(z: np.ndarray) -> list[laws.Test]:
    """The whole law: distance of the distribution functions, and the share beyond 2."""
    largest = float(np.max(np.abs(z)))
    beyond = int(np.sum(np.abs(z) > laws.TAIL_BEYOND))
    shape = f"z = (x~ - x)/sigma is not distributed normally (its largest value is {largest:.3g})."
    tail = f"{beyond / z.size:.2%} of the values of z lie beyond +-2."
    return [
        laws.Test("shape", laws.dkw(z, laws.normal_cdf), Finding(shape, "z is standard normal.", look_at=Z_LINE)),
        laws.Test(
            "tail",
            laws.binomial(beyond, z.size, laws.TAIL_PROBABILITY),
            Finding(tail, "For a standard normal z that is 4.55%.", look_at=Z_LINE),
        ),
    ]


def level_tests(batches: Sequence[Batch]) -> list[laws.Test]:
    """Counts of the noise levels, and of equal neighbours: binomial; unequal counts make equal neighbours, so alone."""
    index = np.concatenate([batch.levels.index for batch in independent(batches)])
    counts = _count_test(index)
    return [counts] if counts.p < FALSE_FAIL_RATE else [counts, _neighbour_test(index)]


def _count_test(index: np.ndarray) -> laws.Test:
    n, uniform = len(index), 1 / len(SIGMAS)
    counts = np.bincount(index, minlength=len(SIGMAS))
    shares = ", ".join(f"{count / n:.3f}" for count in counts)
    finding = Finding(
        f"The noise levels are drawn with the frequencies {shares} (largest sigma first).",
        f"Each has the probability {uniform:.3f}.",
        _frequency_mistake(counts),
        SIGMA_LINE,
    )
    # A Bonferroni factor, since the worst of the levels is one test here.
    worst = min(laws.binomial(int(count), n, uniform) for count in counts)
    return laws.Test("counts", min(1.0, len(counts) * worst), finding)


def _neighbour_test(index: np.ndarray) -> laws.Test:
    pairs, uniform = len(index) // 2, 1 / len(SIGMAS)
    equal = int(np.sum(index[: 2 * pairs : 2] == index[1::2]))
    finding = Finding(
        f"Neighbouring samples have the same noise level with frequency {equal / pairs:.3f}.",
        f"Levels that are drawn independently coincide with probability {uniform:.3f}.",
        DEPENDENT_LEVELS,
        SIGMA_LINE,
    )
    return laws.Test("neighbours", laws.binomial(equal, pairs, uniform), finding)


def _frequency_mistake(counts: np.ndarray) -> Reading | str:
    """Levels that never occur, or frequencies that follow a power of sigma."""
    sigmas = np.array(SIGMAS)
    if np.any(counts == 0):
        never = ", ".join(f"{sigma:g}" for sigma in sigmas[counts == 0])
        return measured(NEVER_DRAWN, never)
    power = float(np.polyfit(np.log(sigmas), np.log(counts), 1)[0])
    expected = sigmas**power / np.sum(sigmas**power)
    if abs(power) > 0.2 and np.all(np.abs(counts / np.sum(counts) - expected) < 0.05):
        return measured(LEVELS_AS_WEIGHTS, f"{power:.1f}")
    inner = counts[1:-1]
    if max(counts[0], counts[-1]) < 0.75 * np.min(inner):
        return ROUNDED_LEVELS
    return ""
