"""A reply that no probe reports is refused before it is judged: each field that is given another shape or type."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.support.observations import BadReply, parse
from tests.support.observed.losses import LossObservation
from tests.support.observed.networks import InitialParameter, InitialParameters

LOSS: dict[str, Any] = {
    "kind": "tensor",
    "value": np.zeros(1),
    "shape": [],
    "differentiable": True,
    "backpropagated": False,
    "pixels": np.zeros(3),
    "logits": np.zeros(3),
    "gradients": np.zeros(3),
    "latents": [np.zeros((3, 5))],
    "theta_gradient": np.array(0.5),
}


def test_a_right_reply_is_taken():
    assert parse(LossObservation, LOSS).theta_gradient == 0.5
    assert parse(LossObservation, LOSS | {"value": np.zeros(7)}).value.shape == (7,)


@pytest.mark.parametrize("shape", [[1] * 17, [-1], [2**41]])
def test_a_shape_that_no_tensor_has_is_refused(shape: list[int]):
    with pytest.raises(BadReply):
        parse(LossObservation, LOSS | {"shape": shape})


@pytest.mark.parametrize("field", ["value", "pixels", "logits", "gradients", "theta_gradient"])
@pytest.mark.parametrize("change", ["one more dimension", "whole numbers"])
def test_a_loss_with_a_field_of_another_kind_is_refused(field: str, change: str):
    right = LOSS[field]
    wrong = right[None] if change == "one more dimension" else right.astype(int)
    with pytest.raises(BadReply):
        parse(LossObservation, LOSS | {field: wrong})


@pytest.mark.parametrize("field", ["logits", "gradients"])
def test_there_is_one_logit_and_one_gradient_for_each_image(field: str):
    with pytest.raises(BadReply):
        parse(LossObservation, LOSS | {field: np.zeros(4)})


@pytest.mark.parametrize("shape", [(2,), (2, 1), (3, 4, 1, 3, 3)])
def test_initial_values_of_at_least_two_networks_are_taken(shape: tuple[int, ...]):
    seen = parse(InitialParameters, {"parameters": [{"name": "weight", "values": np.ones(shape)}]})
    assert seen.parameters[0].values.shape == shape


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(np.ones((1, 4)), id="one network"),
        pytest.param(np.ones((0, 4)), id="no network"),
        pytest.param(np.ones((2, 0)), id="no values"),
        pytest.param(np.array(1.0), id="one number"),
        pytest.param(np.ones((2, 4), dtype=int), id="whole numbers"),
        pytest.param(np.ones((2, 4), dtype=complex), id="complex numbers"),
    ],
)
def test_other_initial_values_are_refused(values: np.ndarray):
    with pytest.raises(BadReply):
        parse(InitialParameter, {"name": "weight", "values": values})
