"""The law of the noise that Algorithm 1 adds, as random tests under a hypothesis: x~ = centre + scale * z.

Under every hypothesis the values of z are turned into standard normal ones by their distribution function, so that all
are judged by the same tests. A reading is recognised when none of its own tests is rejected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import cast

import numpy as np

from tests.support import laws
from tests.support.homework.perturbation import (
    FITTED_SCALES,
    NOISE_LAWS,
    PERTURBATION_CENTRES,
    PERTURBATION_SCALES,
    SHARINGS,
    Centre,
    FittedScale,
    NoiseLaw,
    Scale,
    Sharing,
)
from tests.support.homework.readings import Reading, measured, worded
from tests.support.judging.matching import Batch
from tests.support.judging.recognition import Diagnosis, Hypothesis, Line, recognise
from tests.support.laws import FALSE_FAIL_RATE
from tests.support.observed.recorded import FLOAT32_EPS, Levels
from tests.support.verdicts import Finding

Z_LINE = "Alg. 1, lines 2 and 3: z ~ N(0, I), x~ = x + sigma z"
CHECK = "the noise of the perturbation"
FEW = 256
"""Values of a call by which most hypotheses are rejected before all are looked at."""
LINES = (
    Line("centre", CHECK, PERTURBATION_CENTRES),
    Line("scale", CHECK, PERTURBATION_SCALES),
    Line("law", CHECK, NOISE_LAWS),
    Line("sharing", CHECK, SHARINGS),
)
SHARED = 0.99
"""A correlation that is told before anything else."""
HANDOUT: Hypothesis = {line.name: line.readings[0] for line in LINES}


@dataclass(frozen=True)
class Noise:
    """One call's values under a hypothesis, standard normal if it holds: `y`, their points `x`, and each row's level.

    `level` is NaN where the noise level is not in the list.
    """

    y: np.ndarray
    x: np.ndarray
    level: np.ndarray


def noise_tests(batches: Sequence[Batch]) -> list[laws.Test]:
    """Tests of z = (x~ - x)/sigma; the first that fails stands alone, with the readings that explain the noise."""
    batches = independent(batches)
    noise = _noise(batches, HANDOUT)
    if noise is None:
        first = laws.Test("finite", 0.0, Finding("Some perturbed samples x~ are not finite.", "x~ = x + sigma z."))
    else:
        tests = list(_tests(noise))
        failed = [test for test in tests if test.p < FALSE_FAIL_RATE]
        if not failed:
            return [*tests, *(test for line in LINES for test in laws.reading(line.readings[0], Z_LINE))]
        first = failed[0]
    found = _recognised(batches)
    mistakes = [found.reading(line) for line in LINES] if found.explained else []
    told = [worded(one, found.sentence(line)) for line, one in zip(LINES, mistakes, strict=False) if one.credit < 1]
    if found.explained and not told:  # another reading that earns all points
        told = [one for line, one in zip(LINES, mistakes, strict=True) if one is not line.readings[0]]
    finding = Finding(first.finding.yours, first.finding.expected, _joined(told), Z_LINE)
    return [laws.Test(first.name, first.p, finding)]


def _joined(readings: Sequence[Reading]) -> Reading | str:
    """Several readings as one, with the smallest credit."""
    if not readings:
        return ""
    worst = min(readings, key=lambda one: one.credit)
    return worded(worst, " ".join(str(one) for one in readings))


def independent(batches: Sequence[Batch]) -> Sequence[Batch]:
    """All evaluations, or only the first one when the second repeats its draws: such are not independent."""
    repeated = len(batches) > 1 and np.array_equal(batches[0].displacement, batches[1].displacement)
    return batches[:1] if repeated else batches


def _recognised(batches: Sequence[Batch]) -> Diagnosis:
    """The readings under which no test is rejected: those of the tables, or else one with a number that is measured."""
    found = recognise(LINES, lambda hypothesis: _explains(batches, hypothesis))
    if found.explained:
        return found
    fitted = _fitted(batches)
    lines = [Line(line.name, CHECK, fitted) if line.name == "scale" else line for line in LINES]
    return recognise(lines, lambda hypothesis: _explains(batches, hypothesis), most=1) if fitted else found


def _fitted(batches: Sequence[Batch]) -> tuple[Reading, ...]:
    """The handout's scale, and those with one number, which is measured here."""
    square = np.concatenate([np.mean(batch.displacement**2, axis=1) for batch in batches])
    sigma = np.concatenate([batch.levels.sigma for batch in batches])
    levels = np.unique(sigma)
    if not np.isfinite(square).all() or len(levels) > 30:
        return ()
    seen = np.array([np.mean(square[sigma == one]) for one in levels])
    readings: list[Reading] = [PERTURBATION_SCALES[0]]
    for one in FITTED_SCALES:
        c = one.fit(levels, seen)
        said = measured(one, f"{c:.2g}")
        readings.append(Scale(one.name, one.credit, said.sentence, _with_number(one, c)))
    return tuple(readings)


def _with_number(scale: FittedScale, c: float) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    return lambda s, x: scale.of(s, c)


def _explains(batches: Sequence[Batch], hypothesis: Hypothesis) -> bool:
    """Whether no test is rejected under the hypothesis."""
    few = [_head(one) for one in batches]
    for some in (few, batches):
        noise = _noise(some, hypothesis)
        if noise is None or any(test.p < FALSE_FAIL_RATE for test in _tests(noise)):
            return False
    return True


def _head(batch: Batch) -> Batch:
    """The batch with the first rows of what the noise depends on."""
    levels = Levels(batch.levels.sigma[:FEW], batch.levels.index[:FEW], batch.levels.passed)
    own = None if batch.own_sigma is None else batch.own_sigma[:FEW]
    return replace(batch, data=batch.data[:FEW], displacement=batch.displacement[:FEW], levels=levels, own_sigma=own)


def _noise(batches: Sequence[Batch], hypothesis: Hypothesis) -> list[Noise] | None:
    """The values under a hypothesis; None where they contradict it without any chance."""
    parts = [_noise_of(batch, hypothesis) for batch in batches]
    return None if any(part is None for part in parts) else cast("list[Noise]", parts)


def _noise_of(batch: Batch, hypothesis: Hypothesis) -> Noise | None:
    centre, scale, law, sharing = (hypothesis[line.name] for line in LINES)
    assert isinstance(centre, Centre)
    assert isinstance(scale, Scale)
    assert isinstance(law, NoiseLaw)
    assert isinstance(sharing, Sharing)
    middle, factor = centre.of(batch.data, batch.sigma), scale.of(batch.sigma, batch.data)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (batch.perturbed - middle) / factor
    known = np.isfinite(batch.perturbed).all(axis=1)
    if np.any(known != np.isfinite(middle + factor).all(axis=1)) or not np.isfinite(z[known]).all() or not known.any():
        return None
    rounding = (4 * FLOAT32_EPS * (np.abs(batch.perturbed) + np.abs(middle)) / np.abs(factor))[known]
    z, x, level = z[known], batch.data[known], np.where(batch.levels.index >= 0, batch.levels.sigma, np.nan)[known]
    shared = [
        axis
        for axis in (0, 1)
        if z.shape[axis] > 1 and np.all(np.abs(z - np.take(z, [0], axis)) <= rounding + np.take(rounding, [0], axis))
    ]
    if sharing is not SHARINGS[0] and shared != list(sharing.axes):
        return None
    for axis in sharing.axes:
        z, x = (np.take(one, [0], axis) for one in (z, x))
    level = level[: len(z)]
    if law is NOISE_LAWS[0]:
        return Noise(z, x, level)
    u = law.cdf(z)
    if not np.all((u > 0) & (u < 1)):
        return None
    normal = NormalDist()
    return Noise(np.array([normal.inv_cdf(one) for one in u.ravel().tolist()]).reshape(u.shape), x, level)


def _tests(noise: Sequence[Noise]) -> Iterator[laws.Test]:
    """Every test, in a learner's order."""
    slope, variance = list(_slope_tests(noise)), list(_variance_tests(noise))
    y = np.concatenate([one.y.ravel() for one in noise])
    spread = float(np.sqrt(np.mean(y**2)))
    moved = [test for test, deviation in slope if laws.normal(deviation / max(spread, 1e-300)) < FALSE_FAIL_RATE]
    sharing = list(_sharing_tests(noise))
    shared = [test for test, r in sharing if abs(r) > SHARED]
    yield from moved
    yield from shared
    yield from variance
    yield from _mean_tests(noise)
    yield from (test for test, _ in slope if test not in moved)
    yield from (test for test, _ in sharing if test not in shared)
    yield from _shape_tests(y)


def _slope_tests(noise: Sequence[Noise]) -> Iterator[tuple[laws.Test, float]]:
    """x~ - x must not depend on x: sum(y x)/|x| is N(0, 1). Each test with its deviation."""
    for j in range(min(one.y.shape[1] for one in noise)):
        x, y = (
            np.concatenate([part[:, j] for part in some]) for some in zip(*((n.x, n.y) for n in noise), strict=True)
        )
        size = float(np.linalg.norm(x))
        deviation = float(y @ x) / size if size > 0 else 0.0
        said = f"z = (x~ - x)/sigma depends on x: it contains {deviation / max(size, 1e-300):.3g} x."
        yield laws.Test(f"slope {j}", laws.normal(deviation), Finding(said, "x~ is x + sigma z.")), deviation


def _sharing_tests(noise: Sequence[Noise]) -> Iterator[tuple[laws.Test, float]]:
    """The coordinates, the samples and the evaluations each have a z of their own. Each test with its correlation."""
    pairs = {}
    if all(one.y.shape[1] == 2 for one in noise):
        both = np.concatenate([one.y for one in noise])
        pairs["The two coordinates of a sample"] = (both[:, 0], both[:, 1])
    even = [one.y[: len(one.y) // 2 * 2] for one in noise]
    if sum(map(len, even)):
        halves = (np.concatenate([one[side::2].ravel() for one in even]) for side in (0, 1))
        pairs["Neighbouring samples"] = (next(halves), next(halves))
    if len(noise) > 1 and noise[0].y.shape == noise[1].y.shape:
        pairs["Two calls of compute_denoising_loss"] = (noise[0].y.ravel(), noise[1].y.ravel())
    for name, (one, other) in pairs.items():
        r = float(one @ other / max(np.linalg.norm(one) * np.linalg.norm(other), 1e-300))
        finding = Finding(f"{name} have noise z with the correlation {r:.3f}.", "They are drawn independently.")
        yield laws.Test(name, laws.correlation(one, other), finding), r


def _variance_tests(noise: Sequence[Noise]) -> Iterator[laws.Test]:
    """The variance at each noise level, chi-square, as one test: the worst of them, with a Bonferroni factor."""
    level = np.concatenate([one.level for one in noise])
    squares = np.concatenate([np.sum(one.y**2, axis=1) for one in noise])
    columns = noise[0].y.shape[1]
    worst, said, levels = 2.0, "", np.unique(level)
    for sigma in levels:
        part = squares[np.isnan(level) if np.isnan(sigma) else level == sigma]
        p = laws.chi_square(float(np.sum(part)), columns * len(part))
        if p < worst:
            at = "the noise levels that you use" if np.isnan(sigma) else f"sigma = {sigma:.3g}"
            worst, said = p, f"z = (x~ - x)/sigma has the mean square {np.mean(part) / columns:.4g} at {at}."
    yield laws.Test("variance", min(1.0, len(levels) * worst), Finding(said, "Its mean square is 1."))


def _mean_tests(noise: Sequence[Noise]) -> Iterator[laws.Test]:
    for j in range(min(one.y.shape[1] for one in noise)):
        y = np.concatenate([one.y[:, j] for one in noise])
        mean = float(np.mean(y))
        finding = Finding(f"z = (x~ - x)/sigma has the mean {mean:.4g}.", "Its mean is 0.")
        yield laws.Test(f"mean {j}", laws.normal(mean * len(y) ** 0.5), finding)


def _shape_tests(y: np.ndarray) -> Iterator[laws.Test]:
    """The whole law: distance of the distribution functions, and the share beyond 2."""
    beyond = int(np.sum(np.abs(y) > laws.TAIL_BEYOND))
    shape = f"z = (x~ - x)/sigma is not distributed normally. Its values go from {y.min():.3g} to {y.max():.3g}."
    tail = f"{beyond / y.size:.2%} of the values of z lie beyond +-2."
    yield laws.Test("shape", laws.dkw(y, laws.normal_cdf), Finding(shape, "z is standard normal."))
    p = laws.binomial(beyond, y.size, laws.TAIL_PROBABILITY)
    yield laws.Test("tail", p, Finding(tail, "For a standard normal z that is 4.55%."))
