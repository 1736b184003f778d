"""The loss of Algorithm 1 recognised: which readings give its value, its gradient and its second derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from tests.support import laws
from tests.support.homework.denoising import (
    ARGUMENTS,
    AT_THE_DATA,
    DATA,
    DENOISING_NORMS,
    DENOISING_TARGETS,
    DENOISING_WEIGHTS,
    DRAWS,
    NO_GRADIENT,
    NOT_AVERAGED,
    OUTERS,
    Draws,
    Outer,
)
from tests.support.homework.noise_levels import LevelForm
from tests.support.homework.readings import Reading
from tests.support.judging.denoising_prediction import HANDOUT, deviation, predicted_value
from tests.support.judging.matching import Batch, matched
from tests.support.judging.recognition import Diagnosis, Hypothesis, Line, carried, carries_forward, recognise
from tests.support.observed.denoising import ONE_POINT, ONE_SIGMA, observe_one_point
from tests.support.submission import Submission
from tests.support.verdicts import SubmissionRaised

SCALAR = "denoising_loss_is_a_differentiable_scalar"
EXACT = "the exact value of the denoising loss"
LEVELS = "the draw of the noise levels"
NOISE = "the noise of the perturbation"
FEW = 8
"""Rows that are compared first: a wrong hypothesis seldom outlives them."""


def diagnose(batches: Sequence[Batch]) -> Diagnosis:
    """The readings that reproduce all that was observed of these batches."""
    direct = _direct(batches)
    lines = [
        *(Line(name, owner, readings) for name, owner, readings in direct),
        Line("weight", EXACT, DENOISING_WEIGHTS),
        Line("target", EXACT, DENOISING_TARGETS),
        Line("norm", EXACT, DENOISING_NORMS),
    ]
    outer, forced = Line("outer", EXACT, OUTERS), sum(not line.accepted for line in lines)
    free = 2 if len(batches) > 1 or batches[0].differentiable else 1  # one number alone does not tell pairs apart

    def explains(hypothesis: Hypothesis) -> bool:
        hypothesis = {**HANDOUT, **hypothesis}
        few = np.unique(np.linspace(0, len(batches[0].data) - 1, FEW).astype(int))
        if batches[0].differentiable and deviation(batches[0], hypothesis, few) > 1:
            return False
        return all(deviation(batch, hypothesis) <= 1 for batch in batches) and _equally_shifted(batches, hypothesis)

    found = recognise([*lines, Line("outer", EXACT, OUTERS[:1])], explains, most=forced + free)
    if not found.explained and all(batch.differentiable for batch in batches):
        found = recognise([*lines, outer], explains, most=forced + 1)
    if not found.explained and batches[0].n_samples == 1 and batches[0].differentiable:
        measured = [Line("z", EXACT, (MEASURED,)) if line.name == "z" else line for line in lines]
        found = recognise([*measured, Line("outer", EXACT, OUTERS[:1])], explains, most=forced + 2)
    return found


def _equally_shifted(batches: Sequence[Batch], hypothesis: Hypothesis) -> bool:
    """Whether the same constant is added in every call, where the hypothesis adds one."""
    if not cast(Outer, hypothesis["outer"]).shifted:
        return True
    values = [predicted_value(batch, hypothesis) for batch in batches]
    shifts = [batch.loss - value for batch, (value, _) in zip(batches, values, strict=True)]
    return max(shifts) - min(shifts) <= sum(allowed for _, allowed in values)


MEASURED = Draws("measured", 0, "What is added to the score is not (x~ - x)/sigma^2.")
"""The reading of one point's target that no formula gives: it is taken as it is, and judged for all points."""


def _direct(batches: Sequence[Batch]) -> list[tuple[str, str, tuple[Reading, ...]]]:
    """The lines that can be read off, with the readings that they may have: none where two batches differ."""
    averaged = all(batch.evaluation.returned.values.size == 1 for batch in batches)
    kept = all(batch.differentiable for batch in batches)
    changed = any(batch.evaluation.data_changed or batch.evaluation.sigmas_changed for batch in batches)
    at_the_data = any(batch.at_the_data for batch in batches)
    return [
        ("form", SCALAR, (Reading("one number", 1, "") if averaged else NOT_AVERAGED,)),
        ("gradient", SCALAR, (Reading("kept", 1, "") if kept else NO_GRADIENT,)),
        ("point", EXACT, (AT_THE_DATA if at_the_data else Reading("x~", 1, ""),)),
        ("z", EXACT, DRAWS if all(map(_has_another_z, batches)) else DRAWS[:1]),
        ("data", NOISE, DATA if all(map(_has_noise_besides, batches)) else DATA[:1]),
        ("arguments", EXACT, tuple(one for one in ARGUMENTS if one.changed == changed)),
        ("sigma", EXACT, _common([(batch.levels.passed,) for batch in batches])),
        ("samples", EXACT, _common([batch.samples for batch in batches])),
        ("levels of a sample", LEVELS, _common([batch.every_level for batch in batches])),
    ]


def _has_another_z(batch: Batch) -> bool:
    """Whether the targets times sigma are standard normal, and independent of the noise of x~: nothing is rejected."""
    return _like_noise(batch) and _unrelated(batch.targets * batch.sigma, batch.displacement)


def _has_noise_besides(batch: Batch) -> bool:
    """Whether the target has the right z, but x~ - x other normal noise besides, equal at all levels."""
    if not _like_noise(batch):
        return False
    z = batch.targets * batch.sigma
    besides = batch.displacement - z * batch.sigma
    deviation = float(np.sqrt(np.mean(besides**2)))
    alike = deviation > 0 and laws.dkw(besides / deviation, laws.normal_cdf) >= laws.FALSE_FAIL_RATE
    return alike and _unrelated(z, besides)


def _like_noise(batch: Batch) -> bool:
    """Whether the targets times sigma may be standard normal."""
    z = batch.targets * batch.sigma
    if batch.n_samples == 1 or not batch.differentiable or not np.isfinite(z).all():
        return False
    chances = laws.chi_square(float(np.sum(z**2)), z.size), laws.dkw(z, laws.normal_cdf)
    return min(chances) >= laws.FALSE_FAIL_RATE


def _unrelated(z: np.ndarray, other: np.ndarray) -> bool:
    return laws.correlation(z, other) >= laws.FALSE_FAIL_RATE


def _common(readings: Sequence[Sequence[Reading]]) -> tuple[Reading, ...]:
    return tuple(one for one in readings[0] if all(one in others for others in readings))


def one_point(submission: Submission) -> Batch:
    """The loss of one point at one noise level, for which nothing is left to chance but x~."""
    try:
        return matched(observe_one_point(submission), ONE_POINT, ONE_SIGMA, 1.0)
    except SubmissionRaised:  # where a level is never drawn, none is left: that is judged by the law of the levels
        return matched(observe_one_point(submission, 3 * ONE_SIGMA), ONE_POINT, 3 * ONE_SIGMA, 1.0)


def charged(diagnosis: Diagnosis, check: str, shows: Sequence[str]) -> tuple[Line, ...]:
    """The deviating lines that a check pays for: its own, or, where nothing is carried forward, those that it shows."""
    if carries_forward():
        return diagnosis.owned(check)
    return tuple(line for line in diagnosis.deviating if line.owner == check or line.name in shows)


def note_the_others(submission: Submission, diagnosis: Diagnosis, check: str, names: Sequence[str] = ()) -> None:
    """Say under which readings a check was judged that another check has charged; `names` are the lines it shows."""
    for line in diagnosis.deviating:
        if line.owner != check and (not names or line.name in names):
            form = diagnosis.reading(line)
            given = f"The network is given {form.sentence} as its second argument."
            submission.note(carried(line, given if isinstance(form, LevelForm) else diagnosis.sentence(line)))
