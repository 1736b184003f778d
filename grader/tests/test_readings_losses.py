"""The readings of both losses: each is recognised from the values and gradients that it predicts, and no other is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest

from grader.tests.imagined import Imagined
from tests.support.homework import losses as known
from tests.support.homework.loss_families import Family
from tests.support.homework.losses import LossSize
from tests.support.homework.readings import Reading
from tests.support.judging.loss_diagnosis import (
    ADDITION,
    FORMULA,
    GRADIENT,
    IMAGES,
    LATENTS,
    RESULT,
    SIZE,
    TABLES,
    Diagnosis,
    diagnose,
)
from tests.support.judging.loss_evidence import Evidence, evidence
from tests.support.observed.losses import ORDINARY, Draw, LossObservation, discriminator_loss, generator_loss
from tests.support.submission import Submission

SIZES = ((7, 256), (5, 64), (12, 100))
"""Pairs of batches, the second one at least seven times as large."""


def imagined(question: str, formula: Reading, size: Reading) -> Imagined:
    if question == "4.4":
        assert isinstance(formula, known.DiscriminatorLoss)
        return Imagined(discriminator=formula, discriminator_size=size)  # type: ignore[arg-type]
    assert isinstance(formula, known.GeneratorLoss)
    return Imagined(generator=formula, generator_size=size)  # type: ignore[arg-type]


def observed(question: str, follows: Imagined, n: int) -> Evidence:
    observe = discriminator_loss if question == "4.4" else generator_loss
    draw = Draw(n, ORDINARY)
    return evidence(observe(Submission(follows), draw), draw, question)


def again() -> LossObservation:
    raise AssertionError("nothing is random here")


def recognised(question: str, follows: Imagined, sizes: tuple[int, int] = (7, 256)) -> Diagnosis:
    return diagnose(question, [observed(question, follows, n) for n in sizes], again)


def cases(every: bool) -> Iterator[tuple[str, Reading, LossSize]]:
    """Every formula with every size, or each of them with the handout's of the other."""
    for question, tables in TABLES.items():
        for formula, size in product(tables.formulas, tables.sizes):
            if every or formula is tables.formulas[0] or size is tables.sizes[0]:
                yield question, formula, size


@pytest.mark.parametrize("sizes", SIZES)
def test_every_formula_of_every_size_is_recognised_and_no_other(sizes: tuple[int, int]):
    """No two entries predict the same, so that every pair of a formula and a size is the only explanation."""
    for question, formula, size in cases(every=sizes == SIZES[0]):
        found = recognised(question, imagined(question, formula, size), sizes)
        names = {(one[FORMULA].name, one[SIZE].name) for one in found.hypotheses}
        if sizes == SIZES[2]:  # of both batches the same term is the larger one
            alike = ("only generated", "only real") if formula.name == "larger" else ("larger",)
            names -= {(other, size.name) for other in alike}
        assert names == {(formula.name, size.name)}, (question, formula.name, size.name)


@pytest.mark.parametrize("gradient", known.GRADIENTS[1:], ids=lambda one: one.name)
def test_a_gradient_that_is_cut_is_told_from_a_missing_term(gradient: known.ReturnedGradient):
    formula = known.DISCRIMINATOR_LOSSES[0]
    assert isinstance(formula, known.DiscriminatorLoss)

    def cut(*logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, slopes = formula.of(*logits)
        return values, slopes * np.array(gradient.kept)[:, None]

    found = recognised("4.4", Imagined(discriminator=known.DiscriminatorLoss("cut", 0, "", cut)))
    (hypothesis,) = found.hypotheses
    assert hypothesis[GRADIENT] is gradient
    assert hypothesis[FORMULA] is formula


NUMBERS = {
    "another factor": ([0.25], [3.0], [-2.0]),
    "constant added": ([0.5], [-1.0], [10.0]),
    "other labels": ([0.9, 0.1], [1.0, -1.0], [2.0, 0.5]),
    "unequal": ([1.0, 0.5], [0.3, 1.0], [2.0, -1.0]),
    "penalty": ([0.1, 0.0], [0.0, -0.3], [0.5, 2.0]),
    "another label": ([0.9], [0.5], [-1.0]),
}
"""Numbers of each family that no entry with a name of its own has."""


def families() -> Iterator[tuple[str, Family, list[float]]]:
    for question, tables in TABLES.items():
        for family in tables.families:
            for numbers in NUMBERS[family.name]:
                yield question, family, [numbers[0] or numbers[1]] if question == "4.5" else numbers


@pytest.mark.parametrize(
    ("question", "family", "numbers"), [*families()], ids=lambda one: getattr(one, "name", str(one))
)
def test_a_family_is_recognised_with_its_numbers(question: str, family: Family, numbers: list[float]):
    tables = TABLES[question]
    member = family.member(np.array(numbers), tables.kind)
    for sizes in SIZES:
        found = recognised(question, imagined(question, member, tables.sizes[0]), sizes)
        assert found.explained
        reading = found.hypotheses[0][FORMULA]
        assert reading.name == family.name
        assert family.told(np.array(numbers), 1.0) in str(reading)


def noisy(value: float, slope: float) -> known.DiscriminatorLoss:
    """A binary cross entropy whose value, or one gradient, is off by so much."""
    right = known.DISCRIMINATOR_LOSSES[0]
    assert isinstance(right, known.DiscriminatorLoss)

    def of(*logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, slopes = right.of(*logits)
        slopes[0, 0] += slope
        return values + value / np.sqrt(len(values)), slopes

    return known.DiscriminatorLoss("noisy", 0, "", of)


def test_a_gradient_that_is_almost_right_has_no_name():
    assert not recognised("4.4", Imagined(discriminator=noisy(0.0, 0.01))).explained


def test_a_value_with_another_number_added_in_each_batch_is_told_as_that():
    """No constant explains it for both batches, but every gradient is right."""
    found = recognised("4.4", Imagined(discriminator=noisy(0.01, 0.0)))
    assert [line.name for line in found.deviating] == [ADDITION]


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("change", ["3 x - 0.5", "noise"])
def test_images_that_the_discriminator_gets_in_place_of_others_are_told(kind: int, change: str):
    """The loss is right for the logits that it had: that these are of other images is charged, and no more."""
    rng = np.random.Generator(np.random.PCG64(kind))
    right = known.DISCRIMINATOR_LOSSES[0]
    assert isinstance(right, known.DiscriminatorLoss)
    batches = []
    for n in (7, 256):
        seen, draw = observed("4.4", Imagined(), n).seen, Draw(n, ORDINARY)
        given = np.stack([draw.pixels, draw.fakes])
        given[kind] = 3 * given[kind] - 0.5 if change != "noise" else rng.uniform(0, 1, n)
        seen.pixels, seen.logits = given.ravel(), draw.logits(given).ravel()
        values, slopes = right.of(*draw.logits(given))
        seen.value, seen.gradients = np.array([values.mean()]), slopes.ravel() / n
        batches.append(evidence(seen, draw, "4.4"))
    found = diagnose("4.4", batches, again)
    (line,) = found.deviating
    assert line.name == IMAGES
    assert ("3 x - 0.5" in found.sentence(line)) == (change != "noise")
    assert f"{('real', 'generated')[kind]} images" in found.sentence(line)


@pytest.mark.parametrize(("same", "told"), [(True, known.OTHER_Z), (False, known.OWN_Z)])
def test_latents_that_do_not_follow_from_z_are_told_by_a_second_call(same: bool, told: Reading):
    """Such as are drawn after a fixed seed, or z over its length, are the same again; others are drawn anew."""
    batches, latents = [], {}
    for n in (7, 256):
        seen, draw = observed("4.5", Imagined(), n).seen, Draw(n, ORDINARY)
        latents[n] = draw.z.astype(np.float64) / np.linalg.norm(draw.z, axis=1, keepdims=True)
        fakes = (latents[n][:, 0] + 1) / 2
        seen.latents, seen.pixels, seen.logits = [latents[n]], fakes, draw.logits(fakes)
        right = known.GENERATOR_LOSSES[0]
        assert isinstance(right, known.GeneratorLoss)
        values, slopes = right.of(seen.logits)
        seen.value, seen.gradients = np.array([values.mean()]), slopes / n
        seen.theta_gradient = np.array(np.sum(slopes * 2 * ORDINARY * fakes) / n)
        batches.append(evidence(seen, draw, "4.5"))
    other = observed("4.5", Imagined(), 7).seen
    other.latents = [latents[7] if same else latents[7] + 1]
    found = diagnose("4.5", batches, lambda: other)
    assert [line.name for line in found.deviating] == [LATENTS]
    assert found.hypotheses[0][LATENTS] is told


@pytest.mark.parametrize("power", [1.5, 3.0])
def test_a_family_that_fits_one_batch_must_predict_the_other(power: float):
    """A factor that grows with the batch in another way than its size."""
    size = LossSize("power", 0, "", lambda n: (n / 7) ** power)
    for question, tables in TABLES.items():
        assert not recognised(question, imagined(question, tables.formulas[0], size)).explained


@pytest.mark.parametrize("factor", [1.0, 0.25])
def test_values_without_gradients_name_no_family(factor: float):
    """A right value is recognised where only values are seen; two values would fit a factor with any formula."""
    right = known.DISCRIMINATOR_LOSSES[0]
    follows = Imagined(discriminator=right, discriminator_size=LossSize("size", 0, "", lambda n: factor))
    batches = []
    for n in (7, 256):
        seen = observed("4.4", follows, n).seen
        seen.kind, seen.differentiable = "number", False
        batches.append(evidence(seen, Draw(n, ORDINARY), "4.4"))
    found = diagnose("4.4", batches, again)
    assert found.explained == (factor == 1)
    if found.explained:
        assert [line.name for line in found.deviating] == [RESULT]
