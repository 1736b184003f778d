"""What is told of a denoising loss that has no name: each number of it, on batches made for a single deviation."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.support.homework.noise_levels import LEVEL_FORMS
from tests.support.judging import denoising_measured
from tests.support.judging.denoising_prediction import handout_loss
from tests.support.judging.matching import Batch
from tests.support.verdicts import Finding

SIGMA = np.array([4.0, 4.0, 2.0, 2.0])
DATA = np.array([[1.0, -2.0], [0.5, 0.25], [3.0, 1.0], [-1.0, 2.0]])
MOVED = np.array([[2.0, -4.0], [8.0, 1.0], [1.0, 0.5], [-2.0, 4.0]])
SCORES = np.array([[0.5, 1.0], [-0.25, 2.0], [1.5, -1.0], [0.125, 0.75]])
DIRECTION = np.array([[1.0, 2.0], [0.5, -1.0], [2.0, 1.0], [-1.0, 0.25]])


def batch(weight: Any = 1.0, target: Any = 1.0, factor: float = 1.0, differentiable: bool = True, **more: Any) -> Batch:
    """The handout's loss, with factors at its weight (4,) or (4, 2), at its target (4,), and at its value alone."""
    weights = np.broadcast_to(
        np.asarray(weight, dtype=np.float64).reshape(-1, 1) if np.ndim(weight) < 2 else weight, (4, 2)
    )
    column = SIGMA[:, None]
    residual = SCORES + MOVED / column**2 * np.reshape(np.broadcast_to(target, 4), (4, 1))
    curvature = weights * column**2 / 4
    given: dict[str, Any] = {
        "evaluation": SimpleNamespace(returned=SimpleNamespace(differentiable=differentiable), data_changed=True),
        "n_samples": 5, "n_levels": 2, "data": DATA, "displacement": MOVED, "scores": SCORES, "direction": DIRECTION,
        "levels": SimpleNamespace(sigma=SIGMA, passed=LEVEL_FORMS[0]), "gradient": curvature * residual,
        "product": curvature * DIRECTION, "loss": factor * float(np.sum(curvature * residual**2) / 2),
        "samples": (), "every_level": (),
    }  # fmt: skip
    return Batch(**given | more)


RIGHT = float(np.sum(SIGMA[:, None] ** 2 / 2 * (SCORES + MOVED / SIGMA[:, None] ** 2) ** 2) / 4)
WEIGHTED = "It is multiplied by lambda/2, before the mean over the samples."
TARGETED = "(x~ - x)/sigma^2 is added to the score, so that the sum is 0 at the optimum."


def value(times: float, more: str = "") -> Finding:
    return Finding(
        f"The loss is {times * RIGHT:.6g}, which is {times:.4g} times the expected value.{more}",
        f"For your x~ and your sigmas it is {RIGHT:.6g}.",
        look_at="Alg. 1, lines 4 and 5",
    )


def test_the_handout_s_loss_of_a_batch():
    assert handout_loss(batch()) == pytest.approx(RIGHT) == batch().loss


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"factor": 3.0}, value(3)),
        ({"factor": 1.002}, value(1.002)),
        ({"factor": 1.0005}, value(1.0005, " Its gradient is another one.")),
        ({"differentiable": False}, value(1, " Its gradient is another one.")),
        ({"weight": 2.0}, Finding("The squared norm of a sample is multiplied by lambda/2 times 2.", WEIGHTED,
                                  look_at="Alg. 1, lines 4 and 5")),
        ({"weight": [1, 1, 0.25, 0.25]},
         Finding("The squared norm of a sample is multiplied by lambda/2 times 1, 0.25 (from the largest noise level "
                 "to the smallest).", WEIGHTED, look_at="Alg. 1, lines 4 and 5")),
        ({"weight": [1, 1, 1e-4, 1e-4]},
         Finding("The squared norm of a sample is multiplied by lambda/2 times 1, 0 (from the largest noise level to "
                 "the smallest).", WEIGHTED, look_at="Alg. 1, lines 4 and 5")),
        ({"target": -1.0}, Finding("Inside the norm stands (x~ - x)/sigma^2 times -1.", TARGETED,
                                   look_at="Alg. 1, line 5")),
        ({"target": [4, 4, 2, 2]},
         Finding("Inside the norm stands (x~ - x)/sigma^2 times 4, 2 (from the largest noise level to the smallest).",
                 TARGETED, look_at="Alg. 1, line 5")),
        ({"target": [4, 3, 2, 1]},
         Finding("What is added to the network's score inside the norm is not (x~ - x)/sigma^2.", TARGETED,
                 look_at="Alg. 1, line 5")),
        ({"product": np.zeros((4, 2))},
         Finding("The loss does not grow quadratically with the scores: its second derivative is 0.",
                 "It is a squared norm.", look_at="Alg. 1, line 5")),
        ({"weight": np.array([[1.0, 2.0]] * 4)},
         Finding("The two coordinates of a score enter the loss with different second derivatives, for example 16 and "
                 "32 (times the number of samples).", "In a squared norm both have the second derivative lambda.",
                 look_at="Alg. 1, line 5")),
        ({"weight": [1, 0, 1, 0]},
         Finding("2 of the 4 scores have no gradient.", "The loss depends on the score of every sample.",
                 look_at="5.2: the loss is averaged over all training samples")),
    ],
)  # fmt: skip
def test_the_first_number_that_is_not_the_handout_s_is_told(changed: dict[str, Any], told: Finding):
    assert denoising_measured.measured(batch(**changed)) == told


def test_what_is_not_one_number_at_each_level_is_told_by_its_value():
    odd = batch(weight=[1, 3, 1, 1])
    assert denoising_measured.measured(odd).yours.startswith("The loss is ")
    near = batch(weight=[1, 1.01, 0.5, 0.5])
    assert "times 1.005, 0.5 (from" in denoising_measured.measured(near).yours


LINES = {
    "point": ("The network's score is evaluated at the training points x.", "It is evaluated at the perturbed points "
              "x~.", "Alg. 1, lines 3 and 5"),
    "arguments": ("compute_denoising_loss changes its argument training_data in place.",
                  "The same tensors are used in every iteration of the training.", ""),
    "samples": ("4 of the 5 training samples enter the loss.", "Each of them enters it once.",
                "5.2: it is applied to all training samples"),
    "data": ("The target is made of other training points than the given ones: x~ - x is not sigma z.",
             "x~ is x + sigma z, with the training point x.", "Alg. 1, line 3"),
    "levels of a sample": ("The score network was asked for 4 points.",
                           "Each of the 5 training samples is scored once, at one noise level.", "Alg. 1, line 1"),
    "weight": ("The squared norm of a sample is multiplied by lambda/2 times 1.", WEIGHTED, "Alg. 1, lines 4 and 5"),
    "target": ("Inside the norm stands (x~ - x)/sigma^2 times 1.", TARGETED, "Alg. 1, line 5"),
    "norm": (f"The loss is {RIGHT:.6g}. It is not a sum of squares of the errors of the scores.",
             "It has the squared norm, the sum of the squares of both coordinates.", "Alg. 1, line 5"),
    "outer": (value(1, " Its gradient is another one.").yours, value(1).expected, "Alg. 1, lines 4 and 5"),
}  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_what_was_measured_of_a_line(line: str):
    seen, wanted, look_at = LINES[line]
    found = denoising_measured.seen_of(SimpleNamespace(name=line), batch())  # type: ignore[arg-type]
    assert found == Finding(seen, wanted, look_at=look_at)


def test_which_argument_is_changed():
    other = batch(evaluation=SimpleNamespace(returned=SimpleNamespace(differentiable=True), data_changed=False))
    told = denoising_measured.seen_of(SimpleNamespace(name="arguments"), other)  # type: ignore[arg-type]
    assert told.yours == "compute_denoising_loss changes its argument sigmas in place."


@pytest.mark.parametrize(
    ("factor", "end"), [(2.0, "."), (1.0002, "."), (1.00005, ", but its gradient is another one.")]
)
def test_one_point_is_worked_out_by_hand(factor: float, end: str):
    """The first point has the score (1/2, 1) and the noise (1/8, -1/4): their sum (5/8, 3/4) has the square 61/64."""
    first = batch(
        data=DATA[:1], displacement=MOVED[:1], scores=SCORES[:1], levels=SimpleNamespace(sigma=SIGMA[:1]),
        loss=factor * 7.625,
    )  # fmt: skip
    told = denoising_measured.by_hand(first)
    assert told.yours == (
        f"For x = (1, -2), sigma = 4 and your x~ = (3.0000, -6.0000) the loss is {factor * 7.625:.5g}{end}"
    )
    assert told.expected == (
        "By hand: s = (0.5000, 1.0000), (x~ - x)/sigma^2 = (0.1250, -0.2500). Their sum has the squared norm 0.95312. "
        "Times lambda/2 = 8 that is 7.625."
    )
    assert told.look_at == "Alg. 1, lines 3 to 5"
