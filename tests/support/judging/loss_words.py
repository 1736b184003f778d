"""What is said of a loss: what was measured, and what is expected; a name comes from a reading alone."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from tests.support.homework import losses as known
from tests.support.homework.losses import NAIVE_FORMULAS, NaiveTerm
from tests.support.homework.readings import Reading
from tests.support.judging import loss_diagnosis
from tests.support.judging.loss_diagnosis import FORMULA, GRADIENT, SIZE, TABLES
from tests.support.judging.loss_evidence import (
    Evidence,
    Prediction,
    deviation,
    given_rows_of_z,
    path,
    predicted,
    tolerance,
)
from tests.support.judging.recognition import Hypothesis, Line
from tests.support.observed.losses import LossObservation
from tests.support.verdicts import Finding, Wrong, wrong

LOOK_AT = {
    "4.4": "Question 4.4 with its hint, and Eq. 1",
    "4.5": "Question 4.5 with its hint, and Problem 1.3",
}


def problem_with_the_form(seen: LossObservation, question: str) -> Wrong | None:
    """Why the loss is not one finite number that can be differentiated, or None."""
    finding = _form(seen, question)
    return Wrong(finding) if finding else None


def _form(seen: LossObservation, question: str) -> Finding | None:
    look_at = LOOK_AT[question]
    if seen.kind == "number":
        return Finding("Your loss is a number or an array, no tensor.", "", known.NUMBER, look_at)
    if seen.kind != "tensor":
        return Finding("What your loss returns is no tensor.", "It should be a scalar tensor.", "", look_at)
    if seen.value.size != 1:
        text = f"Your loss has the shape {tuple(seen.shape)}."
        return Finding(text, "It should be one number.", "", look_at)
    if not np.isfinite(seen.value[0]):
        largest = np.abs(seen.logits).max(initial=0)
        text = f"Your loss is {seen.value[0]} for logits between {-largest:.0f} and {largest:.0f}."
        return Finding(text, "It should be finite.", "", look_at)
    if not seen.differentiable:
        return Finding("Your loss is a tensor without a gradient: no step can be made with it.", "", known.CUT, look_at)
    return None


@dataclass(frozen=True)
class Words:
    """What is measured of a loss on a small and on a large batch, against what the handout says."""

    question: str
    small: Evidence
    large: Evidence

    @property
    def look_at(self) -> str:
        """The place in the handout."""
        return LOOK_AT[self.question]

    @property
    def margin(self) -> float:
        """How far the nearest right loss is from the small batch, in tolerances."""
        return min(deviation(self.small, one) for one in self._right(self.small))

    def of_line(self, line: Line) -> Finding:
        """What was measured on a line that deviates."""
        right = self._about_the_value()
        match line.name:
            case loss_diagnosis.RESULT:
                return _form(self.small.seen, self.question) or Finding(self._value)
            case loss_diagnosis.LATENTS:
                return Finding("Your generator was given latents that are not rows of z.", "", "", self.look_at)
            case loss_diagnosis.IMAGES:
                said = [one for one in self._images() if one.startswith("The discriminator")]
                return Finding(" ".join(said), "", "", self.look_at)
            case loss_diagnosis.ADDITION:
                return Finding(" ".join([self._value, *self._gradients()]), self._expected, "", self.look_at)
            case loss_diagnosis.PATH if self.small.seen.theta_gradient == self.small.seen.theta_gradient:
                return Finding(self._value, self._expected, "", self.look_at)
            case loss_diagnosis.PATH:
                return Finding(
                    f"{self._value} No gradient comes back to the generator.", self._expected, "", self.look_at
                )
            case loss_diagnosis.GRADIENT:
                return Finding(" ".join([self._value, *right, *self._gradients()]), self._expected, "", self.look_at)
            case loss_diagnosis.SIZE:
                return self._of_two_batches()
        return Finding(self._value, self._expected, "", self.look_at)

    def measured(self, again: LossObservation | None) -> Wrong:
        """What can be said of a loss that no reading explains; `again` is the same loss with other random numbers."""
        right = self._about_the_value()
        shape = [
            *self._images(),
            *right,
            *self._gradients(),
        ]
        if again is not None and again.value.size == 1 and not _same(again.value[0], self.small.seen.value[0]):
            shape.append(f"A second call with the same images and latents gives {again.value[0]:.4f}.")
        return wrong(" ".join([self._value, *shape]), self._expected, "", self.look_at, self.margin)

    def _right(self, found: Evidence) -> list[Prediction]:
        """What the handout's own reading predicts, and those that are as good."""
        tables = TABLES[self.question]
        formulas, sizes = (
            [table[0], *(one for one in table[1:] if one.credit >= 1)] for table in (tables.formulas, tables.sizes)
        )
        return [predicted(one, size, tables.gradients[0], found.logits) for one, size in product(formulas, sizes)]

    @property
    def _value(self) -> str:
        found = self.small
        each = f"{found.draw.n} image{'' if found.draw.n == 1 else 's'}"
        whose = (
            f"{found.draw.n} real and {found.draw.n} generated"
            if self.question == "4.4"
            else f"{found.draw.n} generated"
        )
        value = found.seen.value[0] if found.seen.value.size == 1 else float(found.seen.value.mean())
        return f"For {whose} {each.split()[1]} with known logits your loss is {value:.4f}."

    @property
    def _expected(self) -> str:
        within = f"within {tolerance(self.small.draw):.0e}"
        right = float(self._right(self.small)[0].values.mean())
        if self.question == "4.5":
            return f"It should be {right:.4f}, the mean of -log D(G(z)), {within}, with its gradient."
        return (
            f"It should be {right:.4f} (the sum of the two means) or {right / 2:.4f} (their average), {within}, with "
            "the gradient of a binary cross entropy."
        )

    def _of_two_batches(self) -> Finding:
        own = [float(one.seen.value.mean()) for one in (self.small, self.large)]
        right = [float(self._right(one)[0].values.mean()) for one in (self.small, self.large)]
        n, many = self.small.draw.n, self.large.draw.n
        return Finding(
            f"Your loss is {own[0]:.4f} for a batch of {n}, and {own[1]:.4f} for a batch of {many}.",
            f"It should be {right[0]:.4f} and {right[1]:.4f}"
            + (", or half of that." if self.question == "4.4" else "."),
            "",
            self.look_at,
        )

    def _about_the_value(self) -> list[str]:
        right = [float(one.values.mean()) for one in self._right(self.small)]
        own = self.small.seen.value
        found = own.size == 1 and any(abs(own[0] - value) <= tolerance(self.small.draw) for value in right)
        return ["This value is right."] if found else []

    def _kinds(self) -> tuple[str, ...]:
        return ("real", "generated") if self.question == "4.4" else ("generated",)

    def _gradients(self) -> list[str]:
        """From which images a gradient comes back, and whether it is the right one."""
        found = self.small
        if found.gradients is None:
            return []
        said = []
        for kind, scored, own, *wanted in zip(
            self._kinds(), found.scored, found.gradients, *(one.gradients for one in self._right(found)), strict=True
        ):
            with_one = int(np.count_nonzero(np.abs(own) > 0))
            if not np.any(scored):
                continue
            if with_one == 0:
                said.append(f"No gradient comes back from the logits of the {kind} images.")
            elif with_one < len(own):
                said.append(f"A gradient comes back from {with_one} of the {len(own)} {kind} images.")
            elif any(np.abs(own - one).max() <= tolerance(found.draw) for one in wanted):
                said.append(f"The gradient is right for the {kind} images.")
        if path(found, self.question) is known.ELSEWHERE:
            said.append("The generator does not get the gradient that its images pass on.")
        return said

    def _images(self) -> list[str]:
        """What the networks were given."""
        found = self.small
        said = []
        if not given_rows_of_z(found.seen, found.draw):
            said.append("Your generator was given latents that are not rows of z.")
        for kind, scored in zip(self._kinds(), found.scored, strict=True):
            count = int(np.count_nonzero(scored))
            if count < len(scored):
                which = f"{count} of the {len(scored)}" if count else "none of the"
                said.append(f"The discriminator scored {which} {kind} images.")
        if found.strangers:
            were = "image that was" if found.strangers == 1 else "images that were"
            said.append(f"The discriminator scored {found.strangers} {were} neither given nor generated.")
        return said


def _same(one: float, other: float) -> bool:
    return one == other or bool(np.isnan(one) and np.isnan(other))


def not_finite(found: Evidence, question: str, hypothesis: Hypothesis | None = None) -> Wrong | None:
    """What is not finite at extreme logits, with a name if a naive formula of the loss predicts just that."""
    value, gradients = found.seen.value, found.gradients
    largest = found.draw.largest_logit
    value_fails = not np.all(np.isfinite(value))
    if value_fails:
        text = f"Your loss is {value[~np.isfinite(value)][0]} for logits between {-largest:.0f} and {largest:.0f}."
    elif gradients is not None and not np.all(np.isfinite(gradients)):
        count = int(np.count_nonzero(~np.isfinite(gradients)))
        text = f"With logits of +-{largest:.0f} the gradient of your loss is not finite for {count} images."
    else:
        return None
    name = _instability(found, hypothesis) if hypothesis is not None else ""
    return wrong(text, "Value and gradient should be finite.", name, LOOK_AT[question])


def _instability(found: Evidence, hypothesis: Hypothesis) -> Reading | str:
    """The naive formula that is not a number for just these images, and right for the others; "" if none is."""
    wanted = predicted(hypothesis[FORMULA], hypothesis[SIZE], hypothesis[GRADIENT], found.logits)
    for reading, of in NAIVE_FORMULAS:
        if _is(found, wanted, of):
            return reading
    return ""


def _is(found: Evidence, wanted: Prediction, of: NaiveTerm) -> bool:
    """Whether each kind of image has the gaps of the naive formula with some label, or none; one has."""
    gaps = [[np.zeros(len(row), dtype=bool), *(of(row, label)[1] for label in (0, 1))] for row in found.logits]
    values = [[np.zeros(len(row)), *(of(row, label)[0] for label in (0, 1))] for row in found.logits]
    for choice in product(range(3), repeat=len(found.logits)):
        if not any(choice):
            continue
        total = np.sum([np.sum(values[kind][one]) for kind, one in enumerate(choice)])
        own = float(np.sum(found.seen.value))
        if np.isnan(total) != np.isnan(own) or np.isfinite(total) != np.isfinite(own):
            continue
        if found.gradients is None:
            return True
        missing = np.stack([gaps[kind][one] for kind, one in enumerate(choice)])
        near = np.abs(found.gradients - wanted.gradients) <= tolerance_at_extremes(wanted)
        if np.array_equal(missing, ~np.isfinite(found.gradients)) and np.all(near[~missing]):
            return True
    return False


def tolerance_at_extremes(wanted: Prediction) -> np.ndarray:
    """How far float32 gradients of saturated logits may be from 0 or from 1: some units in the last place."""
    return 32 * float(np.finfo(np.float32).eps) * np.maximum(1, np.abs(wanted.gradients))
