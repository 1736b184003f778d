"""How far float32 may be off: what each operation adds to the bound, and what it passes on, in exact numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.support.judging import interpreter
from tests.support.judging.interpreter import ROUNDING, Misfit, Numbers, Unknown
from tests.support.observed.networks import Operation

OFF = 0.25
"""How far the given numbers may be off."""


def supply(*weights: Any) -> interpreter.Supply:
    left = [np.asarray(one, dtype=np.float64) for one in weights]

    def hand_out(shape: tuple[int, ...]) -> np.ndarray:
        assert left[0].shape == shape
        return left.pop(0)

    return hand_out


def step(operation: str, *numbers: float, **settings: Any) -> Operation:
    plain: dict[str, Any] = {"parameters": [], "kernel": [], "stride": [], "padding": [], "dilation": [], "groups": 1}
    plain |= {"in_channels": 0, "out_channels": 0, "bias": False, "input": np.empty(0), "output": np.empty(0)}
    return Operation(operation=operation, numbers=np.array(numbers, dtype=np.float64), **plain | settings)


def one(operation: str, x: Any, *numbers: float, weights: tuple[Any, ...] = (), **settings: Any) -> Numbers:
    value = np.asarray(x, dtype=np.float64)
    given = Numbers(value, np.full(value.shape, OFF))
    return interpreter._FORMULAS[operation](step(operation, *numbers, **settings), given, supply(*weights))


def test_a_rounding_is_half_a_unit_of_float32():
    assert np.finfo(np.float32).eps / 2 == ROUNDING


@pytest.mark.parametrize(
    ("operation", "numbers", "x", "value", "passed_on", "own"),
    [
        ("relu", (), 3.0, 3.0, 1, 6),
        ("leaky_relu", (0.5,), -3.0, -1.5, 1, 3),
        ("leaky_relu", (-4.0,), -3.0, 12.0, 4, 24),
        ("tanh", (), 0.0, 0.0, 2, 8),
        ("sigmoid", (), 0.0, 0.5, 2, 12),
        ("softplus", (2.0, 1.0), 3.0, 3.0, 2, 32),
        ("hardtanh", (), -7.0, -1.0, 2, 16),
        ("hardtanh", (-2.0, 0.5), 7.0, 0.5, 2, 12),
        ("elu", (1.0, 1.0, 1.0), 3.0, 3.0, 4, 32),
        ("elu", (3.0, 1.0, 1.0), 3.0, 3.0, 6, 32),
        ("elu", (1.0, 5.0, 1.0), 3.0, 15.0, 10, 128),
        ("elu", (1.0, 1.0, 9.0), 3.0, 3.0, 4, 32),
    ],
)
def test_an_activation_passes_its_slope_on_and_adds_a_few_roundings(
    operation: str, numbers: tuple[float, ...], x: float, value: float, passed_on: float, own: float
):
    made = one(operation, [x], *numbers)
    assert made.value == pytest.approx([value])
    assert made.error == pytest.approx([passed_on * OFF + own * ROUNDING], rel=1e-12)


@pytest.mark.parametrize(
    ("operation", "number", "value", "slope", "own"),
    [
        ("add", 3.0, -2.0, 1, 2 * (2 + 5 + 3)),
        ("sub", 3.0, -8.0, 1, 2 * (8 + 5 + 3)),
        ("rsub", 3.0, 8.0, 1, 2 * (8 + 5 + 3)),
        ("mul", -3.0, 15.0, 3, 2 * (15 + 15 + 3)),
        ("div", -2.0, 2.5, 0.5, 2 * (2.5 + 2.5 + 2)),
    ],
)
def test_a_number_adds_its_own_rounding(operation: str, number: float, value: float, slope: float, own: float):
    made = one(operation, [-5.0], number, parameters=[])
    assert made.value == pytest.approx([value])
    assert made.error == pytest.approx([slope * OFF + own * ROUNDING], rel=1e-12)


@pytest.mark.parametrize(
    ("operation", "numbers", "parameters"), [("div", (0.0,), []), ("mul", (1.0, 2.0), []), ("add", (1.0,), ["a"])]
)
def test_what_a_number_may_not_be(operation: str, numbers: tuple[float, ...], parameters: list[str]):
    with pytest.raises(Unknown, match=rf"^{operation}$"):
        one(operation, [1.0], *numbers, parameters=parameters)


def test_a_linear_layer_sums_absolute_values():
    weight, bias = [[1.0, -2.0], [0.5, 0.0]], [3.0, -1.0]
    made = one("linear", [[4.0, 5.0]], weights=(weight, bias), out_channels=2, bias=True)
    assert made.value.tolist() == [[-3.0, 1.0]]
    roundings = (2 + 6) * ROUNDING
    assert made.error[0] == pytest.approx([3 * OFF + 17 * roundings, 0.5 * OFF + 3 * roundings], rel=1e-12)
    without = one("linear", [[4.0, 5.0]], weights=(weight,), out_channels=2, bias=False)
    assert without.value.tolist() == [[-6.0, 2.0]]
    with pytest.raises(Unknown, match=r"^linear on 3 axes$"):
        one("linear", [[[1.0]]], weights=(weight,), out_channels=2, bias=False)


SQUARE = {"kernel": (1, 1), "stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}


def test_a_convolution_sums_over_its_inputs_and_its_kernel():
    weight, bias = [[[[2.0]], [[-3.0]]]], [1.0]
    made = one("conv2d", [[[[4.0]], [[5.0]]]], weights=(weight, bias), out_channels=1, bias=True, **SQUARE)
    assert made.value.item() == -6
    assert made.error.item() == pytest.approx(5 * OFF + (2 + 6) * 24 * ROUNDING, rel=1e-12)
    weight = [[[[2.0]]], [[[-3.0]]]]
    turned = one("conv_transpose2d", [[[[4.0]], [[5.0]]]], weights=(weight, bias), out_channels=1, bias=True, **SQUARE)
    assert turned.value.item() == -6
    assert turned.error.item() == pytest.approx(5 * OFF + (2 + 6) * 24 * ROUNDING, rel=1e-12)


def test_pools_pass_on_the_largest_or_the_mean_error():
    pool = {**SQUARE, "kernel": (2, 2), "stride": (2, 2)}
    largest = one("max_pool2d", [[[[1.0, -9.0], [3.0, 2.0]]]], **pool)
    assert (largest.value.item(), largest.error.item()) == (3, OFF)
    mean = one("avg_pool2d", [[[[1.0, -9.0], [3.0, 2.0]]]], **pool)
    assert mean.value.item() == -0.75
    assert mean.error.item() == pytest.approx(OFF + (4 + 6) * 9 * ROUNDING, rel=1e-12)
    with pytest.raises(Unknown, match="max_pool2d with ceil_mode"):
        one("max_pool2d", np.zeros((1, 1, 3, 3)), 1.0, **pool)
    one("max_pool2d", np.zeros((1, 1, 3, 3)), 0.0, **pool)
    with pytest.raises(Unknown, match="avg_pool2d that does not count its padding"):
        one("avg_pool2d", np.zeros((1, 1, 2, 2)), 0.0, 0.0, **pool | {"padding": (1, 1)})
    with pytest.raises(Unknown, match="max_pool2d on an image that is smaller than its kernel"):
        one("max_pool2d", np.zeros((1, 1, 1, 1)), **pool)


def test_enlarging_adds_roundings_only_where_it_mixes():
    nearest = one("upsample", [[[[1.0, -4.0]]]], 1.0, 2.0)
    assert (nearest.value.ravel().tolist(), nearest.error.ravel().tolist()) == ([1, 1, -4, -4], [OFF] * 4)
    mixed = one("upsample_bilinear2d", [[[[1.0, -4.0]]]], 1.0, 2.0)
    assert mixed.value.ravel() == pytest.approx([1, -0.25, -2.75, -4])
    assert mixed.error.ravel() == pytest.approx([OFF + 16 * 4 * ROUNDING] * 4, rel=1e-12)
    corners = one("upsample_bilinear2d", [[[[1.0, -4.0]]]], 1.0, 2.0, 1.0)
    assert corners.value.ravel() == pytest.approx([1, -2 / 3, -7 / 3, -4])


def test_the_mean_of_a_channel_counts_its_places():
    made = one("mean", [[[[1.0, -9.0], [3.0, 1.0]]]], out_channels=1)
    assert made.value.tolist() == [[-1]]
    assert made.error.item() == pytest.approx(OFF + (4 + 6) * 3.5 * ROUNDING, rel=1e-12)
    for x in ([[1.0]], np.zeros((1, 2, 1, 1))):
        with pytest.raises(Unknown, match=r"^mean$"):
            one("mean", x, out_channels=1)


def test_a_normalised_batch_has_a_bound_of_first_order_doubled():
    made = one("batch_norm", [[1.0], [3.0]], 1.0, 0.0, parameters=["a", "b"], weights=([2.0], [5.0]))
    assert made.value.ravel() == pytest.approx([3, 7])
    off = 2 * OFF + (2 + 6) * 3 * ROUNDING
    variance_off = 2 * off + (2 + 6) * ROUNDING
    normal_off = off + variance_off / 2
    assert made.error.ravel() == pytest.approx(
        [2 * normal_off * 2 + 8 * ROUNDING * (3 + 5), 2 * normal_off * 2 + 8 * ROUNDING * (7 + 5)], rel=1e-12
    )
    with pytest.raises(Unknown, match="batch_norm with averages that it keeps"):
        one("batch_norm", [[1.0], [3.0]], 0.0, 0.0, parameters=[])
    plain = one("batch_norm", [[1.0], [3.0]], 1.0, 3.0, parameters=[])
    assert plain.value.ravel() == pytest.approx([-0.5, 0.5])


def test_padding_puts_zeros_or_what_lies_at_the_edge():
    zeros = one("constant_pad_nd", [[[[1.0, 2.0]]]], 1.0, 0.0, 0.0, 1.0)
    assert zeros.value.tolist() == [[[[0, 1, 2], [0, 0, 0]]]]
    assert zeros.error.tolist() == [[[[0, OFF, OFF], [0, 0, 0]]]]
    edge = one("replication_pad2d", [[[[1.0, 2.0]]]], 0.0, 2.0, 1.0, 0.0)
    assert edge.value.tolist() == [[[[1, 2, 2, 2], [1, 2, 2, 2]]]]
    with pytest.raises(Unknown, match="padding with a number other than 0"):
        one("constant_pad_nd", [[[[1.0]]]], 1.0, 0.0, 0.0, 0.0, 3.0)


def test_weights_that_are_too_many_or_of_another_shape_do_not_fit():
    linear = step("linear", out_channels=1, bias=False)
    given = np.array([[1.0, 2.0]])
    assert interpreter.outputs([linear], [np.array([[3.0, 4.0]])], given).value.item() == 11
    for weights in ([], [np.ones((2, 1))], [np.ones((1, 2)), np.ones(1)]):
        with pytest.raises(Misfit):
            interpreter.outputs([linear], weights, given)
    assert interpreter.parameter_shapes([linear, step("relu")], given) == [(1, 2)]
    with pytest.raises(Unknown, match=r"^fft$"):
        interpreter.outputs([step("fft")], [], given)
    assert interpreter.elementwise([step("relu"), step("leaky_relu", 0.5)], np.array([-1.0, 2.0])).tolist() == [0, 2]
    with pytest.raises(Unknown, match=r"^linear$"):
        interpreter.elementwise([linear], given)
