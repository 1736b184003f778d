"""Every reading of the denoising loss is recognised from the evidence that it generates, and no other one is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from grader.tests.imagined import Imagined
from tests.hidden import perturbation_laws, test_perturbation
from tests.hidden.level_laws import level_tests
from tests.hidden.test_perturbation import _diagnosis, _observe
from tests.support.homework import denoising, perturbation
from tests.support.judging.matching import Batch
from tests.support.submission import Submission

SEEDS = (0, 1, 2)


def _batches(imagined: Imagined, seed: int) -> list[Batch]:
    return _observe(Submission(imagined, seed))


def _exact(imagined: Imagined, seed: int) -> list[dict[str, str]]:
    """The names of the readings of each hypothesis that explains everything."""
    found = _diagnosis(Submission(imagined, seed)).hypotheses
    return [{name: reading.name for name, reading in one.items() if reading.credit < 1} for one in found]


def _noise(imagined: Imagined, seed: int) -> list[dict[str, str]]:
    found = perturbation_laws._recognised(_batches(imagined, seed)).hypotheses
    return [{name: reading.name for name, reading in one.items() if reading.credit < 1} for one in found]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("weight", denoising.DENOISING_WEIGHTS, ids=lambda one: one.name)
def test_each_weight_is_recognised(weight: denoising.Weight, seed: int) -> None:
    """By value, gradient and second derivatives at both lists of levels."""
    assert _exact(Imagined(weight=weight), seed) == [{"weight": weight.name} if weight.credit < 1 else {}]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("target", denoising.DENOISING_TARGETS, ids=lambda one: one.name)
def test_each_target_is_recognised(target: denoising.Target, seed: int) -> None:
    """By value, gradient and second derivatives at both lists of levels."""
    assert _exact(Imagined(target=target), seed) == [{"target": target.name} if target.credit < 1 else {}]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("norm", denoising.DENOISING_NORMS, ids=lambda one: one.name)
def test_each_norm_is_recognised(norm: denoising.Norm, seed: int) -> None:
    """By value and gradient."""
    assert _exact(Imagined(norm=norm), seed) == [{"norm": norm.name} if norm.credit < 1 else {}]


@pytest.mark.parametrize("outer", denoising.OUTERS, ids=lambda one: one.name)
def test_what_becomes_of_the_average_is_recognised(outer: denoising.Outer) -> None:
    """By value, gradient and second derivatives, which then couple the samples."""
    assert _exact(Imagined(outer=outer), 0) == [{"outer": outer.name} if outer.credit < 1 else {}]


@pytest.mark.parametrize("weight", denoising.DENOISING_WEIGHTS[1:], ids=lambda one: one.name)
@pytest.mark.parametrize("target", denoising.DENOISING_TARGETS[1:4], ids=lambda one: one.name)
def test_a_wrong_weight_and_a_wrong_target_are_recognised_together(
    weight: denoising.Weight, target: denoising.Target
) -> None:
    """Both, and no pair that gives the same numbers."""
    assert _exact(Imagined(weight=weight, target=target), 0) == [{"weight": weight.name, "target": target.name}]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("scale", perturbation.PERTURBATION_SCALES, ids=lambda one: one.name)
def test_each_scale_of_the_noise_is_recognised(scale: perturbation.Scale, seed: int) -> None:
    """By the variance at each level, the mean and the whole law under that scale."""
    assert _noise(Imagined(scale=scale), seed) == [{"scale": scale.name} if scale.credit < 1 else {}]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("centre", perturbation.PERTURBATION_CENTRES, ids=lambda one: one.name)
def test_each_centre_is_recognised(centre: perturbation.Centre, seed: int) -> None:
    """By the law of what is left."""
    assert _noise(Imagined(centre=centre), seed) == [{"centre": centre.name} if centre.credit < 1 else {}]


DRAWN: dict[str, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = {
    "rand": lambda rng, shape: rng.uniform(0, 1, shape),
    "uniform": lambda rng, shape: rng.uniform(-1, 1, shape),
    "centred": lambda rng, shape: rng.uniform(-0.5, 0.5, shape),
    "uniform, variance 1": lambda rng, shape: rng.uniform(-math.sqrt(3), math.sqrt(3), shape),
    "Laplace": lambda rng, shape: rng.laplace(size=shape),
    "positive": lambda rng, shape: np.abs(rng.standard_normal(shape)),
}


@dataclass
class OfLaw(Imagined):
    """Its z follows another law."""

    name: str = ""

    def drawn(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """z of a call."""
        return DRAWN[self.name](rng, shape)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", DRAWN)
def test_each_law_of_z_is_recognised(name: str, seed: int) -> None:
    """By its own distribution function; half a normal variable's law is that of no uniform one."""
    assert _noise(OfLaw(name=name), seed) == [{"law": name}]


@dataclass
class WithoutName(Imagined):
    """Its z is a mixture: no reading."""

    def drawn(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """z of a call: mostly small, sometimes large."""
        return rng.standard_normal(shape) * np.where(rng.random(shape) < 0.1, 3.0, 0.35)


def test_noise_without_a_reading_gets_no_name() -> None:
    """Its variance is nearly right: what was measured is said, and nothing else."""
    batches = _batches(WithoutName(), 0)
    (test,) = perturbation_laws.noise_tests(batches)
    assert test.fails
    assert test.finding.mistake == ""
    assert test.finding.yours


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("law", perturbation.LEVEL_LAWS[1:], ids=lambda one: one.name)
def test_each_law_of_the_levels_is_recognised(law: perturbation.LevelLaw, seed: int) -> None:
    """By the counts of every level, and of equal neighbours, under that law."""
    (test,) = level_tests(_batches(Imagined(law=law), seed))
    assert test.fails
    assert str(test.finding.mistake) == law.sentence


def test_right_work_meets_as_many_decisions_as_are_counted() -> None:
    """Ten of the noise and two of the levels."""
    batches = _batches(Imagined(), 0)
    assert len(perturbation_laws.noise_tests(batches)) == 10
    assert len(level_tests(batches)) == 2


def test_a_target_of_another_power_gets_no_name() -> None:
    """What stands inside the norm is measured at each level."""
    odd = denoising.Target("odd", 0, "", lambda d, s, x: d / s**2.7)
    submission = Submission(Imagined(target=odd))
    assert not _diagnosis(submission).explained
    with pytest.raises(test_perturbation.Wrong) as caught:
        test_perturbation.test_denoising_loss_has_the_exact_value(submission)
    assert "Likely mistake" not in str(caught.value)
    assert "times 2.323, 3.026, 3.943" in str(caught.value)
