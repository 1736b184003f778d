"""The margin by which mutants are caught: large, small, or none where no number decides."""

from __future__ import annotations

import math

import pytest

from grader.audit import power
from grader.audit.cases import Case, mutants
from tests.support.laws import FALSE_FAIL_RATE, margin
from tests.support.verdicts import NotImplementedYet, wrong


def _mutant(name: str) -> Case:
    return next(case for case in mutants() if case.name == name)


def test_a_mutant_caught_by_a_law_has_the_margin_of_its_smallest_p():
    """Each check that must fail it has one, the smallest over the seeds."""
    measured = power.measure(_mutant("diffusion_denoising_rounded_levels"), [0, 1])
    check = "noise_levels_are_drawn_uniformly_for_each_sample"
    assert measured.weakest == (measured.margins[check], check)
    alone = [power.measure(_mutant(measured.mutant), [seed]).weakest[0] for seed in (0, 1)]
    assert measured.weakest[0] == min(alone) > power.GOAL


def test_a_mutant_caught_by_its_structure_has_no_margin():
    """Its shapes are wrong, however large the numbers are."""
    assert power.measure(_mutant("diffusion_langevin_trajectory_axes_swapped"), [0]).margins == {}


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [(None, 0.0), (wrong("seen", margin=3.5), 3.5), (wrong("seen"), None), (NotImplementedYet("no"), None)],
)
def test_the_margin_of_a_check(outcome: Exception | None, expected: float | None):
    """0 where it does not notice the mutant at all."""

    def check(submission: object) -> None:
        if outcome is not None:
            raise outcome

    assert power._margin(check, None) == expected


def test_the_margin_of_a_p_value():
    """1 at the rate, 2 at its square; finite where p underflows."""
    assert margin(FALSE_FAIL_RATE) == pytest.approx(1)
    assert margin(FALSE_FAIL_RATE**2) == pytest.approx(2)
    assert 30 < margin(0.0) < math.inf
