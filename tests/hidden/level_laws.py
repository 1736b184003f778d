"""The law of the noise levels that Algorithm 1 draws, as random tests on recorded calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

from tests.hidden.perturbation_laws import independent
from tests.support import laws
from tests.support.homework.perturbation import (
    ARRANGEMENTS,
    CLAMPED_LEVELS,
    CONTINUOUS_LEVELS,
    LEVEL_LAWS,
    LEVEL_OF_A_COORDINATE,
    Arrangement,
    LevelLaw,
)
from tests.support.homework.readings import Reading, measured, worded
from tests.support.judging.matching import Batch
from tests.support.judging.recognition import Hypothesis, Line, recognise
from tests.support.laws import FALSE_FAIL_RATE
from tests.support.observed.denoising import LADDER, MAIN, Design
from tests.support.verdicts import Finding

SIGMA_LINE = "Alg. 1, line 1: sigma is drawn from the list, for every sample anew"
CHECK = "the draw of the noise levels"
LINES = (Line("law", CHECK, LEVEL_LAWS), Line("arrangement", CHECK, ARRANGEMENTS))


def level_tests(batches: Sequence[Batch]) -> list[laws.Test]:
    """Counts of the noise levels, and of equal neighbours; the first that fails stands alone, with its readings."""
    batches = independent(batches)
    strangers = [batch for batch in batches if np.any(batch.levels.index < 0)]
    if strangers:
        return [laws.Test("strangers", 0.0, _strangers(strangers[0], batches))]
    if all(len(np.unique(batch.levels.index)) == 1 < len(batch.data) for batch in batches):
        said = f"All {len(batches[0].data)} samples of one call have the same noise level."
        finding = Finding(said, "Each sample has its own.", look_at=SIGMA_LINE)
        return [laws.Test("one level", 0.0, _with_readings(finding, batches))]
    if all(batch.own_sigma is not None for batch in batches):
        said = "The two coordinates of a sample have different noise levels."
        finding = Finding(said, "A sample has one noise level.", LEVEL_OF_A_COORDINATE, SIGMA_LINE)
        return [laws.Test("coordinates", 0.0, finding)]
    tests = _tests(batches, LEVEL_LAWS[0].of, together=False)
    failed = [test for test in tests if test.p < FALSE_FAIL_RATE]
    if not failed:
        return [*tests, *(test for line in LINES for test in laws.reading(line.readings[0], SIGMA_LINE))]
    return [laws.Test(failed[0].name, failed[0].p, _with_readings(failed[0].finding, batches))]


def _with_readings(finding: Finding, batches: Sequence[Batch]) -> Finding:
    """The finding with the readings whose own law is not rejected."""
    found = recognise(LINES, lambda hypothesis: _explains(batches, hypothesis))
    if not found.explained:
        return finding
    told = [(found.reading(line), found.sentence(line)) for line in LINES if found.reading(line).credit < 1]
    if not told:  # another reading that earns all points
        told = [(one, "") for line in LINES if (one := found.reading(line)) is not line.readings[0]]
    worst = min((one for one, _ in told), key=lambda one: one.credit)
    mistake = worded(worst, " ".join(sentence for _, sentence in told))
    return Finding(finding.yours, finding.expected, mistake, finding.look_at)


def _explains(batches: Sequence[Batch], hypothesis: Hypothesis) -> bool:
    law, arrangement = cast(LevelLaw, hypothesis["law"]), cast(Arrangement, hypothesis["arrangement"])
    if not all(arrangement.of(batch.levels.index, batch.n_levels) for batch in batches):
        return False
    if arrangement is ARRANGEMENTS[1]:  # one draw for each call: too few for a law of their own
        return law is LEVEL_LAWS[0]
    tests = _tests(batches, law.of, together=arrangement is not ARRANGEMENTS[0])
    return all(test.p >= FALSE_FAIL_RATE for test in tests)


def _tests(batches: Sequence[Batch], of: Callable[[np.ndarray], np.ndarray], together: bool) -> list[laws.Test]:
    """Counts, and, unless the levels stand `together` in an arrangement, equal neighbours: each the worst of all."""
    counts, neighbours = [], []
    for design, some in _by_design(batches):
        probability = of(np.array(design.sigmas))
        index = np.concatenate([batch.levels.index for batch in some])
        seen = np.bincount(index, minlength=len(probability))
        shares = ", ".join(f"{count / len(index):.3f}" for count in seen)
        said = f"The noise levels are drawn with the frequencies {shares} (largest sigma first)."
        finding = Finding(said, f"Each has the probability {1 / len(probability):.3f}.", look_at=SIGMA_LINE)
        counts += [(_binomial(int(n), len(index), p), finding) for n, p in zip(seen, probability, strict=True)]
        pairs, equal = len(index) // 2, int(np.sum(index[: len(index) // 2 * 2 : 2] == index[1::2]))
        likely = float(np.sum(probability**2))
        if not pairs:
            continue
        said = f"Neighbouring samples have the same noise level with frequency {equal / pairs:.3f}."
        wanted = f"Levels that are drawn independently coincide with probability {1 / len(probability):.3f}."
        neighbours.append((_binomial(equal, pairs, likely), Finding(said, wanted, look_at=SIGMA_LINE)))
    named = {"counts": counts, "neighbours": [] if together else neighbours}
    return [_worst(name, found) for name, found in named.items() if found]


def _worst(name: str, found: Sequence[tuple[float, Finding]]) -> laws.Test:
    """The smallest p of several as one test, with a Bonferroni factor."""
    p, finding = min(found, key=lambda one: one[0])
    return laws.Test(name, min(1.0, len(found) * p), finding)


def _binomial(count: int, trials: int, probability: float) -> float:
    """The bound of `laws.binomial`, also where the probability is 0."""
    return float(count == 0) if probability == 0 else laws.binomial(count, trials, probability)


def _by_design(batches: Sequence[Batch]) -> list[tuple[Design, list[Batch]]]:
    """The batches at the levels of each design."""
    found = [(one, [batch for batch in batches if batch.n_levels == len(one.sigmas)]) for one in (MAIN, LADDER)]
    return [(one, some) for one, some in found if some]


def _strangers(batch: Batch, batches: Sequence[Batch]) -> Finding:
    """Levels that are not in the list."""
    sigma = batch.levels.sigma[batch.levels.index < 0]
    design = next(one for one, some in _by_design(batches) if any(each is batch for each in some))
    return Finding(
        f"{len(sigma)} of {len(batch.data)} noise levels are not in the list, for example {sigma[0]:.4g}.",
        f"sigma is one of {', '.join(f'{one:.4g}' for one in design.sigmas)}.",
        _clamped(batches) or _continuous(batches) or "",
        SIGMA_LINE,
    )


def _clamped(batches: Sequence[Batch]) -> Reading | None:
    """Levels of the list, but one value in the place of all that are smaller, drawn as often as they would be."""
    least = min(float(np.min(batch.levels.sigma)) for batch in batches)
    for design, some in _by_design(batches):
        sigma = np.concatenate([batch.levels.sigma for batch in some])
        index = np.concatenate([batch.levels.index for batch in some])
        kept = np.array(design.sigmas) > least
        at_least = int(np.sum(sigma == least))
        if np.any((index < 0) & (sigma != least)) or at_least + int(np.sum(kept[index] & (index >= 0))) != len(index):
            return None
        counts = [*(int(np.sum(index == k)) for k in np.flatnonzero(kept)), at_least]
        shares = [*(1 / len(kept) for _ in np.flatnonzero(kept)), float(np.mean(~kept))]
        if any(_binomial(n, len(index), p) < FALSE_FAIL_RATE for n, p in zip(counts, shares, strict=True)):
            return None
    return measured(CLAMPED_LEVELS, f"{least:.3g}")


def _continuous(batches: Sequence[Batch]) -> Reading | None:
    """A continuous law between the smallest and the largest level."""
    for one in CONTINUOUS_LEVELS:
        chances = []
        for design, some in _by_design(batches):
            u = one.cdf(np.concatenate([batch.levels.sigma for batch in some]), np.array(design.sigmas))
            chances.append(laws.dkw(u, laws.uniform_cdf))
        if all(p >= FALSE_FAIL_RATE for p in chances):
            return one
    return None
