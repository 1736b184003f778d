"""The losses that are recognised by name are what torch makes of their names, in values and in gradients."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.support.homework import loss_families, losses
from tests.support.homework.loss_terms import Term

LOGITS = np.array([-4.3, -2.4, -0.7, 0.3, 0.6, 1.4, 2.6, 5.2])
FAKE = np.array([0.9, -3.3, 2.2, -0.2, 4.4, -1.7, 0.7, -5.1])


def found_by_torch(value: Callable[..., torch.Tensor], *logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The value of a loss and the gradients of n times it, from torch."""
    given = [torch.tensor(one, requires_grad=True) for one in logits]
    result = value(*given)
    (len(logits[0]) * result).backward()
    gradients = [np.zeros(len(logits[0])) if one.grad is None else one.grad.numpy() for one in given]
    return result.detach().numpy(), np.stack(gradients).squeeze(0 if len(logits) == 1 else ())


def bce(x: torch.Tensor, label: float) -> torch.Tensor:
    return functional.binary_cross_entropy_with_logits(x, torch.full_like(x, label))


def mse(x: torch.Tensor, label: float) -> torch.Tensor:
    return functional.mse_loss(x, torch.full_like(x, label))


TERMS: dict[str, Callable[[torch.Tensor, float], torch.Tensor]] = {
    "double sigmoid": lambda x, label: bce(torch.sigmoid(x), label),
    "squares of logits": mse,
    "squares of probabilities": lambda x, label: mse(torch.sigmoid(x), label),
    "hinge": lambda x, label: torch.relu(1 - (2 * label - 1) * x).mean(),
    "wasserstein": lambda x, label: (1 - 2 * label) * x.mean(),
    "wasserstein reversed": lambda x, label: (2 * label - 1) * x.mean(),
    "no logarithm": lambda x, label: (1 - 2 * label) * torch.sigmoid(x).mean(),
    "absolute error": lambda x, label: (torch.sigmoid(x) - label).abs().mean(),
    "negative": lambda x, label: -bce(x, label),
    **{
        f"epsilon {one:g}": lambda x, label, one=one: -torch.log(torch.sigmoid((2 * label - 1) * x) + one).mean()
        for one in (0.1, 0.01, 1e-3, 1e-4, 1e-5)
    },
}  # fmt: skip
"""The loss of images of one kind with a label."""
OF_BOTH: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "binary cross entropy": lambda real, fake: bce(real, 1) + bce(fake, 0),
    "swapped": lambda real, fake: bce(real, 0) + bce(fake, 1),
    "both labels 1": lambda real, fake: bce(real, 1) + bce(fake, 1),
    "both labels 0": lambda real, fake: bce(real, 0) + bce(fake, 0),
    "only real": lambda real, fake: bce(real, 1),
    "only generated": lambda real, fake: bce(fake, 0),
    "real twice": lambda real, fake: bce(real, 1) + bce(real, 0),
    "generated twice": lambda real, fake: bce(fake, 1) + bce(fake, 0),
    "negative real": lambda real, fake: -bce(real, 1) + bce(fake, 0),
    "negative generated": lambda real, fake: bce(real, 1) - bce(fake, 0),
    "real n times": lambda real, fake: len(real) * bce(real, 1) + bce(fake, 0),
    "generated n times": lambda real, fake: bce(real, 1) + len(fake) * bce(fake, 0),
    "relative": lambda real, fake: bce(real - fake, 1),
    "larger": lambda real, fake: torch.maximum(bce(real, 1), bce(fake, 0)),
    "product": lambda real, fake: bce(real, 1) * bce(fake, 0),
}
CLAMPED = {f"[{low:g}, {high:g}]": (low, high) for low, high in ((-1, 1), (-2, 2), (-3, 3), (-0.5, 0.5), (0, 1))}


def clamped(x: torch.Tensor, label: float, name: str) -> torch.Tensor:
    return bce(x.clamp(*CLAMPED[name]), label)


def of_the_discriminator(name: str) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    if " clamped to " in name:
        kinds, interval = name.split(" clamped to ")

        def of(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
            first = clamped(real, 1, interval) if "real" in kinds else bce(real, 1)
            return first + (clamped(fake, 0, interval) if "generated" in kinds else bce(fake, 0))

        return of
    return OF_BOTH.get(name) or (lambda real, fake: TERMS[name](real, 1) + TERMS[name](fake, 0))


WITHOUT_A_NUMBER = ("logarithm of logits", "logarithm of 1 - logits")
"""These take logarithms of negative numbers."""


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("reading", losses.DISCRIMINATOR_LOSSES, ids=lambda one: one.name)
def test_a_discriminator_loss_is_what_torch_makes_of_its_name(reading: losses.DiscriminatorLoss, order: int):
    logits = (LOGITS, FAKE)[::order]
    if reading.name in WITHOUT_A_NUMBER:
        logits = tuple(0.5 + one / 20 for one in logits)
        value, gradients = found_by_torch(lambda real, fake: -(real.log() + (1 - fake).log()).mean(), *logits)
    else:
        value, gradients = found_by_torch(of_the_discriminator(reading.name), *logits)
    values, expected = reading.of(*logits)
    assert values.mean() == pytest.approx(value)
    assert expected == pytest.approx(gradients, abs=1e-12)


OF_THE_GENERATOR: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "mean of -log D(G(z))": lambda x: bce(x, 1),
    "saturating generator loss": lambda x: -bce(x, 0),
    "swapped": lambda x: bce(x, 0),
    "worst": lambda x: -functional.logsigmoid(x).min(),
    "logarithm of logits": lambda x: -x.log().mean(),
    "logarithm of 1 - logits": lambda x: (1 - x).log().mean(),
    **{f"clamped to {name}": lambda x, name=name: clamped(x, 1, name) for name in CLAMPED},
}


@pytest.mark.parametrize("reading", losses.GENERATOR_LOSSES, ids=lambda one: one.name)
def test_a_generator_loss_is_what_torch_makes_of_its_name(reading: losses.GeneratorLoss):
    logits = 0.5 + LOGITS / 20 if reading.name in WITHOUT_A_NUMBER else LOGITS
    of = OF_THE_GENERATOR.get(reading.name) or (lambda x: TERMS[reading.name](x, 1))
    value, gradients = found_by_torch(of, logits)
    values, expected = reading.of(logits)
    assert values.mean() == pytest.approx(value)
    assert expected == pytest.approx(gradients, abs=1e-12)


def test_a_logarithm_of_a_negative_logit_has_a_gradient_and_no_value():
    term: Term = next(one.of for one in losses.GENERATOR_LOSSES if one.name == "logarithm of logits")
    values, gradients = term(np.array([-2.0, 4.0]))
    assert values == pytest.approx([math.nan, -math.log(4)], nan_ok=True)
    assert gradients == pytest.approx([0.5, -0.25])


def test_the_sizes_of_a_loss_are_what_their_names_say():
    sizes = {
        "over 256": 8 / 256, "summed": 8, "divided twice": 1 / 8, "base 2": 1 / math.log(2), "base 10": 1 / math.log(10)
    }  # fmt: skip
    more = {"half of the sum": 4, "average divided twice": 1 / 16, "average over 256": 8 / 512}
    both = {"sum of the two means": 1, "average of the two means": 0.5} | sizes | more
    assert {one.name: one.of(8) for one in losses.DISCRIMINATOR_SIZES} == pytest.approx(both)
    assert {one.name: one.of(8) for one in losses.GENERATOR_SIZES} == pytest.approx({"mean": 1} | sizes)
    assert {one.name: one.kept for one in losses.GRADIENTS} == {
        "of all images": (1, 1), "of real ones": (1, 0), "of generated ones": (0, 1)
    }  # fmt: skip


FAMILIES: dict[str, tuple[list[float], Callable[..., torch.Tensor], str]] = {
    "another factor": ([3.0], lambda real, fake: 3 * (bce(real, 1) + bce(fake, 0)), "6"),
    "constant added": ([0.25], lambda real, fake: bce(real, 1) + bce(fake, 0) + 0.25, "0.5"),
    "other labels": ([0.9, 0.1], lambda real, fake: bce(real, 0.9) + bce(fake, 0.1), "0.90 (real) and 0.10 (fake)"),
    "unequal": ([2.0, 0.5], lambda real, fake: 2 * bce(real, 1) + bce(fake, 0) / 2,
                "Real images count 4, generated ones 1."),
    "penalty": ([0.1, 0.0], lambda real, fake: bce(real, 1) + bce(fake, 0) + 0.1 * (real**2).mean(),
                "0.2 times the mean squared logit of the real images"),
}  # fmt: skip


@pytest.mark.parametrize("family", loss_families.DISCRIMINATOR_FAMILIES, ids=lambda one: one.name)
def test_a_family_of_losses_has_its_numbers(family: loss_families.Family):
    numbers, of, said = FAMILIES[family.name]
    member = family.member(np.array(numbers), losses.DiscriminatorLoss)
    value, gradients = found_by_torch(of, LOGITS, FAKE)
    values, expected = member.of(LOGITS, FAKE)
    assert values.mean() == pytest.approx(value)
    assert expected == pytest.approx(gradients, abs=1e-12)
    assert family.told(np.array(numbers), 2.0) == said


OF_ONE: dict[str, tuple[float, Callable[[torch.Tensor], torch.Tensor], str]] = {
    "another factor": (3.0, lambda x: 3 * bce(x, 1), "6"),
    "constant added": (0.25, lambda x: bce(x, 1) + 0.25, "0.5"),
    "another label": (0.9, lambda x: bce(x, 0.9), "0.90"),
    "penalty": (0.1, lambda x: bce(x, 1) + 0.1 * (x**2).mean(), "0.2"),
}


@pytest.mark.parametrize("family", loss_families.GENERATOR_FAMILIES, ids=lambda one: one.name)
def test_a_family_of_generator_losses_has_its_number(family: loss_families.Family):
    number, of, said = OF_ONE[family.name]
    value, gradients = found_by_torch(of, LOGITS)
    values, expected = family.member(np.array([number]), losses.GeneratorLoss).of(LOGITS)
    assert values.mean() == pytest.approx(value)
    assert expected == pytest.approx(gradients, abs=1e-12)
    assert family.told(np.array([number]), 2.0) == said


def test_which_families_may_have_a_wrong_size_and_no_label_reads_minus_nothing():
    assert [one.any_size for one in loss_families.DISCRIMINATOR_FAMILIES] == [False, False, True, True, False]
    assert [one.any_size for one in loss_families.GENERATOR_FAMILIES] == [False, False, True, False]
    labels = loss_families.DISCRIMINATOR_FAMILIES[2].told(np.array([-1e-9, 1.004]), 1.0)
    assert labels == "0.00 (real) and 1.00 (fake)"
    assert loss_families.GENERATOR_FAMILIES[2].told(np.array([-1e-9]), 1.0) == "0.00"
