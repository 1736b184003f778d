"""5.2, hidden: the exact value of the denoising loss, and the laws of what Algorithm 1 draws."""

from __future__ import annotations

import numpy as np

from tests.hidden.level_laws import level_tests
from tests.hidden.perturbation_laws import Z_LINE, independent, noise_tests
from tests.support import laws
from tests.support.homework.denoising import LEVELS_OF_A_SAMPLE
from tests.support.homework.perturbation import NO_NOISE, SEEDED_LOSS
from tests.support.homework.readings import worded
from tests.support.judging import denoising_measured
from tests.support.judging.denoising import EXACT, LEVELS, NOISE, charged, diagnose, note_the_others, one_point
from tests.support.judging.denoising_prediction import HANDOUT, deviation
from tests.support.judging.matching import Batch, matched
from tests.support.judging.recognition import Diagnosis, Line
from tests.support.marks import number, tags, visibility, weight
from tests.support.observed.denoising import LADDER, MAIN, observe_loss
from tests.support.submission import Submission
from tests.support.verdicts import Blocked, Finding, Wrong, wrong

OTHER_DRAWS = 50
"""From one seed to another that no repetition uses."""
SIGMA_LINE = "Alg. 1, line 1: sigma is drawn from the list, for every sample anew"


def _observe(submission: Submission, seed: int = 0, factor: int = 1, apart: int = 0) -> list[Batch]:
    """The evaluations of the loss, matched with the training points; those at the homework's own levels come last.

    The laws need seeds of their own for them (`apart`): from the same one a student may draw the same z.
    """
    return [
        matched(evaluation, design.training_points(), design.sigmas, design.spacing)
        for design, own in ((MAIN, seed), (LADDER, seed + apart))
        for evaluation in observe_loss(submission, design, own, factor).evaluations
    ]


def _diagnosis(submission: Submission) -> Diagnosis:
    return submission.once("5.2: readings of the loss", lambda: diagnose(_observe(submission)))


@number("5.2")
@weight(1.0)
@visibility("after_published")
@tags("denoising")
def test_denoising_loss_has_the_exact_value(submission: Submission) -> None:
    """The loss weighs and sums the errors of the scores exactly as Algorithm 1 does."""
    batches = _observe(submission)
    if not any(np.isfinite(batch.perturbed).all(axis=1).any() for batch in batches):
        raise Blocked("Not judged: no perturbed sample x~ is finite.")
    deviations = [deviation(batch, HANDOUT) for batch in batches]
    worst = int(np.argmax(deviations))
    diagnosis = _diagnosis(submission)
    if not diagnosis.explained:
        raise Wrong(denoising_measured.measured(batches[worst]), margin=deviations[worst])
    _judge_the_one_point(submission, diagnosis)
    lines = charged(diagnosis, EXACT, ())
    if lines:
        margin = deviations[worst] if np.isfinite(deviations[worst]) else None
        raise Wrong(*(_named(line, batches[0], diagnosis) for line in lines), margin=margin)
    note_the_others(submission, diagnosis, EXACT)


def _judge_the_one_point(submission: Submission, diagnosis: Diagnosis) -> None:
    """Charge a mistake that only the hand-computed case has, whose own row leaves it to this one."""
    batch = one_point(submission)
    alone = diagnose([batch])
    if alone.owned(EXACT) and all(deviation(batch, one) > 1 for one in diagnosis.hypotheses):
        finding = denoising_measured.by_hand(batch)
        said = " ".join(alone.sentence(line) for line in alone.owned(EXACT))
        raise Wrong(Finding(finding.yours, finding.expected, said, finding.look_at), credit=0)


def _named(line: Line, batch: Batch, diagnosis: Diagnosis) -> Finding:
    """What was measured of a line, and its reading, whose credit counts."""
    seen, reading = denoising_measured.seen_of(line, batch), diagnosis.reading(line)
    said = "" if line.name in SAID_BY_THE_MEASUREMENT else diagnosis.sentence(line)
    return Finding(seen.yours, seen.expected, worded(reading, said), seen.look_at)


@number("5.2")
@weight(0.75)
@visibility("after_published")
@tags("denoising", "laws")
def test_noise_levels_are_drawn_uniformly_for_each_sample(submission: Submission) -> None:
    """Every sample has a noise level of its own, drawn uniformly from the list."""
    batches = _observe(submission)
    every = batches[0].every_level
    if LEVELS_OF_A_SAMPLE[0] not in every:
        diagnosis = _diagnosis(submission)
        known = next((one["levels of a sample"] for one in diagnosis.hypotheses), "")
        raise wrong(
            f"The score network was asked for {len(batches[0].data)} points: each sample at every noise level.",
            f"Each of the {batches[0].n_samples} training samples is scored once, at one noise level.",
            known,
            SIGMA_LINE,
        )
    laws.judge(lambda seed, factor: level_tests(_observe(submission, seed, factor, OTHER_DRAWS)))
    _end(submission, LEVELS)


@number("5.2")
@weight(0.75)
@visibility("after_published")
@tags("denoising", "laws")
def test_perturbation_noise_is_standard_normal(submission: Submission) -> None:
    """x~ is x + sigma z, with a new standard normal z for each coordinate."""

    def experiment(seed: int, factor: int) -> list[laws.Test]:
        batches = _observe(submission, seed, factor, OTHER_DRAWS)
        _judge_freshness(batches)
        return noise_tests(batches)

    laws.judge(experiment)
    _end(submission, NOISE)


NAMES_OF_DRAWS = {LEVELS: ("samples",), NOISE: ("point", "samples", "levels of a sample")}
SAID_BY_THE_MEASUREMENT = ("sigma", "point")
"""The lines under whose readings the laws are judged; the others have no influence on what is drawn."""


def _end(submission: Submission, check: str) -> None:
    """Charge the lines of the loss that a check owns whose laws hold; or say under what it was judged."""
    diagnosis = _diagnosis(submission)
    lines = diagnosis.owned(check)
    if lines:
        raise Wrong(*(_named(line, _observe(submission)[0], diagnosis) for line in lines))
    note_the_others(submission, diagnosis, check, NAMES_OF_DRAWS[check])


def _judge_freshness(batches: list[Batch]) -> None:
    """What needs no statistics: there is noise, and not the same in two calls."""
    first = batches[0]
    if not np.any(first.displacement):
        if not first.differentiable:
            raise Blocked("The network is asked at the training points, and no gradient shows your x~.")
        raise wrong("The score is evaluated at the training points themselves.", "x~ is x + sigma z.", NO_NOISE, Z_LINE)
    if len(independent(batches)) < len(batches):
        raise wrong(
            "Two calls of compute_denoising_loss draw exactly the same noise.",
            "Every training step draws anew.",
            SEEDED_LOSS,
            Z_LINE,
        )
