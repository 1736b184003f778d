"""Which readings explain a loss: they must predict value and gradients of two batches, of 7 and of 256 images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tests.support.homework import losses as known
from tests.support.homework.loss_families import DISCRIMINATOR_FAMILIES, GENERATOR_FAMILIES, Family
from tests.support.homework.losses import (
    DISCRIMINATOR_LOSSES,
    DISCRIMINATOR_SIZES,
    GENERATOR_LOSSES,
    GENERATOR_SIZES,
    GRADIENTS,
    DiscriminatorLoss,
    GeneratorLoss,
    LossSize,
)
from tests.support.homework.readings import Reading, measured
from tests.support.judging import loss_evidence
from tests.support.judging.least_squares import least_squares
from tests.support.judging.loss_evidence import Evidence, affine, deviation, given_rows_of_z, latents_of, predicted
from tests.support.judging.recognition import Diagnosis, Hypothesis, Line, recognise
from tests.support.observed.losses import LossObservation

OWNERS = {
    "4.4": "the value of the discriminator loss",
    "4.5": "the value of the generator loss",
}
"""The checks that pay for the lines of a loss."""

FORMULA, SIZE, GRADIENT, ADDITION = "formula", "size", "gradient", "addition"
RESULT, PATH, LATENTS, IMAGES = "result", "path", "latents", "images"


@dataclass(frozen=True)
class LossTables:
    """The readings of one of the two losses."""

    kind: type[DiscriminatorLoss] | type[GeneratorLoss]
    formulas: tuple[Reading, ...]
    sizes: tuple[LossSize, ...]
    gradients: tuple[Reading, ...]
    families: tuple[Family, ...]


TABLES = {
    "4.4": LossTables(DiscriminatorLoss, DISCRIMINATOR_LOSSES, DISCRIMINATOR_SIZES, GRADIENTS, DISCRIMINATOR_FAMILIES),
    "4.5": LossTables(GeneratorLoss, GENERATOR_LOSSES, GENERATOR_SIZES, GRADIENTS[:1], GENERATOR_FAMILIES),
}

UNEXPLAINED = Diagnosis((), ())

LEAST = 1e-3
"""A value and gradients below it are nothing: those of right code are near 1, and their error is below 2e-4."""


def credits_of(question: str) -> tuple[float, ...]:
    """What the readings of a loss earn: the fewest deviations depend on it."""
    tables = TABLES[question]
    results = (known.TENSOR, known.BACKWARD_INSIDE, known.NUMBER, known.CUT, known.NOT_REDUCED)
    by_itself = (
        *(*results, known.REACHES, known.DETACHED, known.ELSEWHERE, known.ADDED),
        *(known.GIVEN_Z, known.OWN_Z, known.OTHER_Z, known.CHANGED_Z),
        *(known.ALL_IMAGES, known.CHANGED_IMAGES, known.OTHER_IMAGES),
    )
    entries = (*tables.formulas, *tables.sizes, *tables.gradients, *tables.families, *by_itself)
    return tuple(one.credit for one in entries)


def diagnose(question: str, batches: list[Evidence], again: Callable[[], LossObservation]) -> Diagnosis:
    """What explains a loss on all batches, the smallest first; `again` evaluates it there with other random numbers."""
    by_itself = _seen_by_itself(question, batches, again)
    if by_itself is None:
        return UNEXPLAINED
    tables, owner = TABLES[question], OWNERS[question]
    rest = [Line(GRADIENT, owner, tables.gradients)]
    rest += [Line(name, owner, (reading,)) for name, reading in by_itself.items()]
    most = 2 + sum(one.credit < 1 for one in by_itself.values())

    def explained(
        formulas: tuple[Reading, ...], sizes: tuple[Reading, ...], addition: Reading = known.NOTHING_ADDED
    ) -> Diagnosis:
        lines = [Line(FORMULA, owner, formulas), Line(SIZE, owner, sizes), Line(ADDITION, owner, (addition,)), *rest]
        return recognise(lines, lambda hypothesis: _explains(hypothesis, batches), most)

    found = explained(tables.formulas, tables.sizes)
    members = _members(question, batches[0])
    while not found.explained and (member := next(members, None)) is not None:
        formula, size = member
        found = explained((formula,), (size,))
    if not found.explained:
        right = [tuple(one for one in table if one.credit >= 1) for table in (tables.formulas, tables.sizes)]
        found = explained(right[0], right[1], known.ADDED)
    return found


def _seen_by_itself(
    question: str, batches: list[Evidence], again: Callable[[], LossObservation]
) -> dict[str, Reading] | None:
    """The readings of the lines that are observed without the others; None where one has none, or not the same."""
    readings: dict[str, Reading] = {}
    for name, read in (
        (RESULT, loss_evidence.result),
        (PATH, lambda one: loss_evidence.path(one, question)),
        (IMAGES, loss_evidence.images),
        (LATENTS, lambda one: _latents(one, batches[0], again)),
    ):
        first, *others = (read(one) for one in batches)
        if first is None or any(one != first for one in others):
            return None
        readings[name] = first
    return readings


def _explains(hypothesis: Hypothesis, batches: list[Evidence]) -> bool:
    return all(explained_deviation(hypothesis, one) <= 1 for one in batches)


def explained_deviation(hypothesis: Hypothesis, found: Evidence) -> float:
    """How far a hypothesis is from a batch, in tolerances."""
    formula, size, gradient = (hypothesis[name] for name in (FORMULA, SIZE, GRADIENT))
    only_gradients = hypothesis[ADDITION] is known.ADDED
    return deviation(found, predicted(formula, size, gradient, found.logits), only_gradients)


def _members(question: str, small: Evidence) -> Iterator[tuple[Reading, LossSize]]:
    """The member of each family that is nearest to the small batch, for each size."""
    tables = TABLES[question]
    for family in tables.families:
        for size in tables.sizes:
            if not family.any_size and size.credit < 1:
                continue
            numbers = _fitted(family, size, small)
            if numbers is not None:
                said = family.told(numbers, size.of(small.draw.n))
                yield measured(family.member(numbers, tables.kind), said), size


def _fitted(family: Family, size: LossSize, small: Evidence) -> np.ndarray | None:
    """The numbers of the member that is nearest to a batch; None where they are not determined."""
    factor = size.of(small.draw.n)
    single = small.seen.value.size == 1

    def flat(values: np.ndarray, gradients: np.ndarray | None) -> np.ndarray:
        own = np.array([values.mean()]) if single else values
        return own if gradients is None else np.append(own, gradients.ravel())

    def of_part(part: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        return flat(factor * part[0], None if small.gradients is None else factor * part[1])

    fixed, *moving = (of_part(part) for part in family.parts(*small.logits))
    wanted = flat(small.seen.value, small.gradients) - fixed
    if len(wanted) <= len(moving):
        return None
    design = np.column_stack(moving)
    found = least_squares(design, wanted)
    if found is None:
        return None
    numbers, rank = found
    vanishes = np.abs(fixed + design @ numbers).max() < LEAST  # 0 times a loss is no loss
    return numbers if rank == len(moving) and not vanishes else None


def _latents(found: Evidence, small: Evidence, again: Callable[[], LossObservation]) -> Reading | None:
    """Where the generator's latents come from; None where their number is not that of the rows of z."""
    if given_rows_of_z(found.seen, found.draw):
        return known.GIVEN_Z
    latents = latents_of(found.seen)
    if latents.shape != found.draw.z.shape:
        return None
    if not np.array_equal(latents_of(again()), latents_of(small.seen)):
        return known.OWN_Z
    changed = affine(found.draw.z.astype(np.float64), latents, "z")
    return known.OTHER_Z if changed is None else measured(known.CHANGED_Z, f"it got {changed}")
