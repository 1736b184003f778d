"""What is told of a loss that no reading explains: which value, which gradients, which images, in whole sentences."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.support.homework import losses as known
from tests.support.judging import loss_diagnosis, loss_words
from tests.support.judging.loss_evidence import Evidence
from tests.support.judging.loss_words import Words
from tests.support.observed.losses import Draw, LossObservation
from tests.support.verdicts import Finding

REAL, FAKE = np.array([1.0, -2.0]), np.array([0.5, -1.0])
"""The logits of two real and of two generated images."""
DRAW = Draw(2, 4.0)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


ON_REAL = (softplus(-1) + softplus(2)) / 2
ON_FAKE = (softplus(0.5) + softplus(-1)) / 2
AS_REAL = (softplus(-0.5) + softplus(1)) / 2
SLOPES = np.stack([sigmoid(REAL) - 1, sigmoid(FAKE)])


def seen(loss: float, **more: Any) -> LossObservation:
    given: dict[str, Any] = {
        "kind": "tensor", "value": np.array([loss]), "shape": [], "differentiable": True, "backpropagated": False,
        "pixels": DRAW.pixels, "logits": DRAW.pixels, "gradients": DRAW.pixels, "latents": [DRAW.z],
        "theta_gradient": np.array(1.0),
    }  # fmt: skip
    return LossObservation(**given | more)


def found(question: str, value: float, gradients: Any, scored: Any = None, strangers: int = 0, **more: Any) -> Evidence:
    logits = np.stack([REAL, FAKE]) if question == "4.4" else FAKE[None]
    counted = np.ones_like(logits) if scored is None else np.array(scored, dtype=np.float64)
    own = None if gradients is None else np.array(gradients, dtype=np.float64)
    return Evidence(DRAW, seen(value, **more), logits, own, counted, strangers)


def words(one: Evidence, question: str) -> Words:
    return Words(question, one, one)


VALUE = "For 2 real and 2 generated images with known logits your loss is"
RIGHT = ON_REAL + ON_FAKE
EXPECTED = (
    f"It should be {RIGHT:.4f} (the sum of the two means) or {RIGHT / 2:.4f} (their average), within 2e-04, with the "
    "gradient of a binary cross entropy."
)
BOTH_RIGHT = "The gradient is right for the real images. The gradient is right for the generated images."


@pytest.mark.parametrize(
    ("value", "gradients", "scored", "strangers", "told"),
    [
        (RIGHT, SLOPES, None, 0, f" This value is right. {BOTH_RIGHT}"),
        (RIGHT / 2, SLOPES / 2, None, 0, f" This value is right. {BOTH_RIGHT}"),
        (RIGHT + 0.1, SLOPES, None, 0, f" {BOTH_RIGHT}"),
        (RIGHT + 0.1, 2 * SLOPES, None, 0, ""),
        (RIGHT + 0.1, [[0, 0], [1, 0]], None, 0, " No gradient comes back from the logits of the real images. "
         "A gradient comes back from 1 of the 2 generated images."),
        (RIGHT + 0.1, [[0, 0], SLOPES[1]], [[0, 0], [1, 1]], 0, " The discriminator scored none of the real images. "
         "The gradient is right for the generated images."),
        (RIGHT + 0.1, [SLOPES[0], [0, 0]], [[1, 1], [0, 0]], 1, " The discriminator scored none of the generated "
         "images. The discriminator scored 1 image that was neither given nor generated. The gradient is right for the "
         "real images."),
        (RIGHT + 0.1, None, [[1, 0], [1, 1]], 3, " The discriminator scored 1 of the 2 real images. The discriminator "
         "scored 3 images that were neither given nor generated."),
    ],
)  # fmt: skip
def test_what_was_measured_of_a_discriminator_loss(
    value: float, gradients: Any, scored: Any, strangers: int, told: str
):
    wrong = words(found("4.4", value, gradients, scored, strangers), "4.4").measured(None)
    assert wrong.findings == (Finding(f"{VALUE} {value:.4f}.{told}", EXPECTED, "", loss_words.LOOK_AT["4.4"]),)


def test_another_call_with_another_value_is_told():
    one = words(found("4.4", 1.0, 2 * SLOPES), "4.4")
    for again, more in ((seen(1.0), ""), (seen(1.25), " A second call with the same images and latents gives 1.2500."),
                        (seen(1.0, value=np.ones(2)), "")):  # fmt: skip
        assert one.measured(again).findings[0].yours == f"{VALUE} 1.0000.{more}"
    nan = words(found("4.4", math.nan, None), "4.4")
    assert "second call" not in nan.measured(seen(math.nan)).findings[0].yours
    assert "second call" in nan.measured(seen(1.0)).findings[0].yours


def test_what_is_expected_of_a_generator_loss():
    one = words(found("4.5", AS_REAL, [sigmoid(FAKE) - 1], theta_gradient=np.array(1.0)), "4.5")
    assert one._expected == f"It should be {AS_REAL:.4f}, the mean of -log D(G(z)), within 2e-04, with its gradient."
    assert one._value == f"For 2 generated images with known logits your loss is {AS_REAL:.4f}."
    assert one._about_the_value() == ["This value is right."]
    assert one._gradients()[0] == "The gradient is right for the generated images."
    assert one.look_at == "Question 4.5 with its hint, and Problem 1.3"


def test_a_loss_of_two_batches_is_told_for_both():
    small, large = found("4.4", 1.5, SLOPES), found("4.4", 2.5, SLOPES)
    told = Words("4.4", small, large).of_line(SimpleNamespace(name=loss_diagnosis.SIZE))  # type: ignore[arg-type]
    assert told == Finding(
        "Your loss is 1.5000 for a batch of 2, and 2.5000 for a batch of 2.",
        f"It should be {RIGHT:.4f} and {RIGHT:.4f}, or half of that.", "", loss_words.LOOK_AT["4.4"],
    )  # fmt: skip
    one = found("4.5", 1.5, [FAKE])
    told = words(one, "4.5").of_line(SimpleNamespace(name=loss_diagnosis.SIZE))  # type: ignore[arg-type]
    assert told.expected == f"It should be {AS_REAL:.4f} and {AS_REAL:.4f}."


@pytest.mark.parametrize(
    ("changed", "finding"),
    [
        ({}, None),
        ({"kind": "number"}, Finding("Your loss is a number or an array, no tensor.", "", known.NUMBER)),
        ({"kind": "other"}, Finding("What your loss returns is no tensor.", "It should be a scalar tensor.")),
        ({"value": np.ones(2), "shape": [2, 1]},
         Finding("Your loss has the shape (2, 1).", "It should be one number.")),
        ({"value": np.array([np.nan])},
         Finding("Your loss is nan for logits between -3 and 3.", "It should be finite.")),
        ({"value": np.array([np.inf]), "logits": np.array([0.2, -7.6])},
         Finding("Your loss is inf for logits between -8 and 8.", "It should be finite.")),
        ({"differentiable": False},
         Finding("Your loss is a tensor without a gradient: no step can be made with it.", "", known.CUT)),
    ],
)  # fmt: skip
def test_a_loss_is_one_finite_number_that_can_be_differentiated(changed: dict[str, Any], finding: Finding | None):
    one = seen(1.0, **{"logits": np.array([-3.0, 1.0])} | changed)
    wrong = loss_words.problem_with_the_form(one, "4.5")
    if finding is None:
        assert wrong is None
        return
    assert wrong is not None
    assert wrong.findings == (replace(finding, look_at=loss_words.LOOK_AT["4.5"]),)


@pytest.mark.parametrize(
    ("value", "gradients", "told"),
    [
        (1.0, SLOPES, None),
        (1.0, None, None),
        (math.inf, SLOPES, "Your loss is inf for logits between -4 and 4."),
        (1.0, [[np.nan, 1], [np.inf, np.nan]],
         "With logits of +-4 the gradient of your loss is not finite for 3 images."),
    ],
)  # fmt: skip
def test_what_is_not_finite_at_extreme_logits_is_told(value: float, gradients: Any, told: str | None):
    wrong = loss_words.not_finite(found("4.4", value, gradients), "4.4")
    if told is None:
        assert wrong is None
        return
    assert wrong is not None
    assert wrong.findings == (Finding(told, "Value and gradient should be finite.", "", loss_words.LOOK_AT["4.4"]),)


def test_gradients_of_saturated_logits_are_off_by_some_units_in_the_last_place():
    wanted = SimpleNamespace(gradients=np.array([0.0, 0.5, -4.0]))
    unit = float(np.finfo(np.float32).eps)
    allowed = loss_words.tolerance_at_extremes(wanted)  # type: ignore[arg-type]
    assert allowed.tolist() == [32 * unit, 32 * unit, 128 * unit]
