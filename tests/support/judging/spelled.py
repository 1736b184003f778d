"""Executed operations in the words of a table, and stretches that are spelled by hand.

Names decide where an operation is one of the known primitives. A stretch between two weighted layers that is spelled
by hand (`torch.maximum(x, 0 * x)`, `repeat_interleave`, ...) is judged by its values instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from tests.support.homework.handout import TableRow
from tests.support.observed.networks import WEIGHTED, Operation

PRIMITIVES = frozenset(
    """conv2d linear relu leaky_relu max_pool2d upsample sigmoid softplus tanh dropout batch_norm layer_norm group_norm
    avg_pool2d adaptive_max_pool2d upsample_bilinear2d upsample_bicubic2d elu gelu silu hardtanh prelu rrelu softmax
    log_softmax logsigmoid gelu_tanh conv_transpose2d celu selu hardswish mish constant_pad_nd""".split()
)
FLOAT32 = float(np.finfo(np.float32).eps)


@dataclass(frozen=True)
class Setup:
    """An operation with its settings as words: a row of the table, or what was executed in its place."""

    operation: str
    settings: Mapping[str, str]
    by_hand: bool = False

    def __str__(self) -> str:
        usual = {"dilation": "1", "groups": "1", "bias": "yes"}
        given = [f"{name} {value}" for name, value in self.settings.items() if usual.get(name) != value]
        return f"{self.operation}({', '.join(given)})" if given else self.operation


def setup_of_row(row: TableRow) -> Setup:
    """A row of the table, with what the table leaves unsaid: no dilation, no groups, a bias."""
    given = {"kernel": row.kernel, "stride": row.stride, "padding": row.padding, "slope": row.slope, "scale": row.scale}
    settings = {name: f"{value:g}" for name, value in given.items() if value is not None}
    if row.operation == "conv2d":
        settings |= {"dilation": "1", "groups": "1"}
    if row.operation in WEIGHTED:
        settings |= {"output channels": str(row.channels), "bias": "yes"}
    return Setup(row.operation, settings)


def setup_of_step(step: Operation) -> Setup:
    """An executed step in the table's words."""
    lists = {"kernel": step.kernel, "stride": step.stride, "padding": step.padding, "dilation": step.dilation}
    settings = {name: _size(values) for name, values in lists.items() if values}
    if step.operation.endswith("_pool2d") and settings.get("dilation") == "1":
        del settings["dilation"]
    if step.operation == "conv2d":
        settings["groups"] = str(step.groups)
    if step.operation in WEIGHTED:
        settings |= {"output channels": str(step.out_channels), "bias": "yes" if step.bias else "no"}
    if step.operation == "leaky_relu":
        settings["slope"] = f"{step.numbers[0]:g}"
    if step.operation.startswith("upsample"):
        settings["scale"] = "x".join(f"{one:g}" for one in dict.fromkeys(step.numbers[:2].tolist()))
        if step.operation != "upsample":
            settings["mode"] = step.operation.removeprefix("upsample_").removesuffix("2d")
    return Setup("upsample" if "mode" in settings else step.operation, settings)


def _size(values: Sequence[int]) -> str:
    return str(values[0]) if len(set(values)) == 1 else "x".join(map(str, values))


def join_padding(steps: Sequence[Operation]) -> list[Operation]:
    """Zero padding written as an operation of its own belongs to the convolution after it."""
    joined: list[Operation] = []
    for step in steps:
        last = joined[-1] if joined else None
        two_dimensions = len(step.padding) == 2 and step.input.ndim == 4
        if step.operation == "conv2d" and two_dimensions and last and last.operation == "constant_pad_nd":
            left, right, top, bottom, *value = [*last.numbers.tolist(), *[0.0] * 4][:5]
            if left == right and top == bottom and not any(value):
                joined.pop()
                padding = [step.padding[0] + int(top), step.padding[1] + int(left)]
                inside = step.input[
                    ..., int(top) : step.input.shape[2] - int(top), int(left) : step.input.shape[3] - int(left)
                ]
                step = msgspec.structs.replace(step, padding=padding, input=inside)
        joined.append(step)
    return joined


def recognise_by_value(
    steps: Sequence[Operation], rows: Sequence[TableRow], network_input: np.ndarray, network_output: np.ndarray
) -> tuple[list[Operation], list[Setup]]:
    """The executed lines; a stretch between weighted layers that computes what its rows say counts as those rows."""
    seen_parts = _stretches(steps, [step.operation for step in steps])
    wanted_parts = _stretches(rows, [row.operation for row in rows])
    layers = [step for step in steps if step.operation in WEIGHTED]
    if len(seen_parts) != len(wanted_parts):
        return list(steps), [setup_of_step(step) for step in steps]
    executed: list[Operation] = []
    lines: list[Setup] = []
    for k, (seen, wanted) in enumerate(zip(seen_parts, wanted_parts, strict=True)):
        before = layers[k - 1].output if k else network_input
        after = layers[k].input if k < len(layers) else network_output
        if _spelled_by_hand(seen, wanted) and computes(wanted, before, after):
            executed += [_step_of_row(row) for row in wanted]
            lines += [Setup(row.operation, setup_of_row(row).settings, by_hand=True) for row in wanted]
        else:
            executed += seen
            lines += [setup_of_step(step) for step in seen]
        executed += layers[k : k + 1]
        lines += [setup_of_step(layer) for layer in layers[k : k + 1]]
    return executed, lines


def _step_of_row(row: TableRow) -> Operation:
    """A row without weights as the operation that it names."""
    kernel, stride, padding = ([one] * 2 if one is not None else [] for one in (row.kernel, row.stride, row.padding))
    numbers = [row.slope] if row.slope is not None else [row.scale] * 2 if row.scale is not None else []
    nothing = np.empty(0)
    return Operation(
        operation=row.operation,
        parameters=[],
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=[1] * len(kernel),
        groups=1,
        in_channels=row.channels,
        out_channels=row.channels,
        bias=False,
        numbers=np.array(numbers, dtype=np.float64),
        input=nothing,
        output=nothing,
    )


def _stretches(things: Sequence[Any], operations: Sequence[str]) -> list[list[Any]]:
    parts: list[list[Any]] = [[]]
    for thing, operation in zip(things, operations, strict=True):
        if operation in WEIGHTED:
            parts.append([])
        else:
            parts[-1].append(thing)
    return parts


def _spelled_by_hand(seen: Sequence[Operation], wanted: Sequence[TableRow]) -> bool:
    """Whether names cannot decide: an unknown operation, or an upsampling made of moved numbers alone."""
    names = [step.operation for step in seen]
    without_upsampling = [row.operation for row in wanted if row.operation != "upsample"]
    moved = len(without_upsampling) < len(wanted) and names == without_upsampling
    return moved or any(name not in PRIMITIVES for name in names)


def computes(rows: Sequence[TableRow], before: np.ndarray, after: np.ndarray) -> bool:
    """Whether `after` is what the rows make of `before`, up to the order of storage of a flattened image."""
    values = before.astype(np.float64)
    try:
        for row in rows:
            values = _apply(row, values)
    except (ValueError, IndexError):  # values of a shape for which the rows are not made
        return False
    if values.size != after.size or not np.isfinite(before).all():
        return False
    error = np.abs(values.reshape(-1) - after.astype(np.float64).reshape(-1))
    # At most 16 elementary operations, each within 4 float32 units of the largest value that it handles.
    return bool(np.all(error <= 64 * FLOAT32 * max(1.0, float(np.abs(before).max(initial=0)))))


def _apply(row: TableRow, x: np.ndarray) -> np.ndarray:
    """One row without weights, in float64; `(N, channels * side * side)` is read as `(N, channels, side, side)`."""
    match row.operation:
        case "relu":
            return np.asarray(np.maximum(x, 0))
        case "leaky_relu":
            return np.where(x >= 0, x, (row.slope or 0.01) * x)
        case "sigmoid":
            return np.asarray(np.exp(-np.logaddexp(0, -x)))
        case "softplus":
            return np.asarray(np.logaddexp(0, x))
    if x.ndim == 2:
        side = int(np.sqrt(x.shape[1] // row.channels))
        x = x.reshape(len(x), row.channels, side, side)
    if row.operation == "upsample":
        return x.repeat(row.scale or 1, axis=2).repeat(row.scale or 1, axis=3)
    size, shape = row.kernel or 1, x.shape
    x = x[:, :, : shape[2] // size * size, : shape[3] // size * size]
    squares = x.reshape(*shape[:2], shape[2] // size, size, shape[3] // size, size)
    return np.asarray(squares.max(axis=(3, 5)))
