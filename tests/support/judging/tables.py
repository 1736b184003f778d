"""Executed operations read against a table of the handout.

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
    log_softmax logsigmoid conv_transpose2d celu selu hardswish mish constant_pad_nd""".split()
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


@dataclass(frozen=True)
class Difference:
    """One deviation from the table in words; `setting` is what differs where the operation is the table's own."""

    text: str
    setting: str = ""


@dataclass(frozen=True)
class Comparison:
    """What a network executes, beside a table; the same setting in several rows is one difference.

    `executed` are the operations as they were read: a stretch that is spelled by hand stands there as the rows that it
    computes.
    """

    differences: tuple[Difference, ...]
    side_by_side: str
    reordered: bool
    executed: tuple[Operation, ...]

    @property
    def settings_only(self) -> bool:
        """Whether every operation is the table's, in its order."""
        return all(one.setting for one in self.differences)


Place = tuple[int | None, int | None]
"""The index of a row and that of the executed operation that stands for it; None where there is none."""


def read(
    steps: Sequence[Operation],
    rows: Sequence[TableRow],
    network_input: np.ndarray,
    network_output: np.ndarray,
    title: str,
) -> Comparison:
    """Compare executed steps with the rows of a table called `title`; inputs and outputs serve hand-spelled stretches.

    For a comparison of a part of a network, hand over that part's steps, rows, input and output.
    """
    wanted = [setup_of_row(row) for row in rows]
    executed, seen = _recognise_by_value(_join_padding(steps), rows, network_input, network_output)
    reordered = sorted(map(_family, wanted)) == sorted(map(_family, seen)) and [*map(_family, wanted)] != [
        *map(_family, seen)
    ]
    if reordered:
        places: list[Place] = [(k, k) for k in range(len(wanted))]
        differences = _order(wanted, seen, title)
    else:
        places = _aligned(wanted, seen)
        differences = [one for k in range(len(places)) for one in _differences(places, k, wanted, seen, title)]
    return Comparison(_grouped(differences), _table(places, wanted, seen, title), reordered, tuple(executed))


def _grouped(differences: Sequence[tuple[int | None, Difference]]) -> tuple[Difference, ...]:
    """The differences, those of one setting that has the same value in several rows as one."""
    rows: dict[str, list[int]] = {}
    for row, one in differences:
        if one.setting and row is not None:
            rows.setdefault(one.setting, []).append(row)
    told: dict[str, Difference] = {}
    for row, one in differences:
        numbers = rows.get(one.setting, []) if one.setting else []
        words = one.text
        if len(numbers) > 1:
            words = f"rows {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}: {one.setting}"
        elif row is not None:
            words = f"row {row}: {words}"
        told.setdefault(words, Difference(words, one.setting))
    return tuple(told.values())


def _order(wanted: Sequence[Setup], seen: Sequence[Setup], title: str) -> list[tuple[int | None, Difference]]:
    """Which rows run before others that stand above them, and the settings that differ besides.

    The k-th executed operation of a kind stands for the k-th row of that kind.
    """
    rows_left = {name: [i for i, one in enumerate(wanted) if _family(one) == name] for name in map(_family, wanted)}
    row_of = [rows_left[_family(one)].pop(0) for one in seen]
    found: list[tuple[int | None, Difference]] = []
    for j, row in enumerate(row_of):
        above = sorted(other for other in row_of[j + 1 :] if other < row)
        if above:
            names = " and ".join(f"{wanted[i].operation} (row {i + 1})" for i in above)
            text = f"{wanted[row].operation} (row {row + 1} of {title}) runs before {names}"
            found.append((None, Difference(text)))
    for j, row in enumerate(row_of):
        found += _differing_settings(row, wanted[row], seen[j], title)
    return found


EDIT = 2.0
"""What a row without an operation costs an alignment, or the reverse; another setting costs 1, another operation 3."""


def _aligned(wanted: Sequence[Setup], seen: Sequence[Setup]) -> list[Place]:
    """Rows beside executed operations, so that they differ as little as possible (Needleman and Wunsch)."""
    best: dict[tuple[int, int], tuple[float, list[Place]]] = {(0, 0): (0.0, [])}
    for i in range(len(wanted) + 1):
        for j in range(len(seen) + 1):
            ways: list[tuple[float, list[Place]]] = []
            if i and j:
                cost, places = best[i - 1, j - 1]
                ways.append((cost + _unlike(wanted[i - 1], seen[j - 1]), [*places, (i - 1, j - 1)]))
            if i:
                ways.append((best[i - 1, j][0] + EDIT, [*best[i - 1, j][1], (i - 1, None)]))
            if j:
                ways.append((best[i, j - 1][0] + EDIT, [*best[i, j - 1][1], (None, j - 1)]))
            if ways:
                best[i, j] = min(ways, key=lambda way: way[0])
    return best[len(wanted), len(seen)][1]


def _unlike(row: Setup, step: Setup) -> float:
    if _family(row) != _family(step):
        return 3.0
    return 0.0 if step.by_hand or row.settings == step.settings else 1.0


def _differences(
    places: Sequence[Place], k: int, wanted: Sequence[Setup], seen: Sequence[Setup], title: str
) -> list[tuple[int | None, Difference]]:
    """What differs at one of the places, with the number of the row."""
    i, j = places[k]
    if i is not None and j is not None:
        if _family(wanted[i]) == _family(seen[j]):
            return _differing_settings(i, wanted[i], seen[j], title)
        return [(i + 1, Difference(f"{seen[j]} is executed; {title} says {wanted[i]}"))]
    if i is not None:
        return [(i + 1, Difference(f"{wanted[i]} is not executed at its place"))]
    rows_before = [row for row, _ in places[:k] if row is not None]
    after = f"after row {rows_before[-1] + 1}" if rows_before else "before row 1"
    return [(None, Difference(f"{after}: {seen[j or 0]} is executed; {title} has nothing there"))]


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


def _family(setup: Setup) -> str:
    return setup.operation


def _differing_settings(i: int, wanted: Setup, seen: Setup, title: str) -> list[tuple[int | None, Difference]]:
    if seen.by_hand:
        return []
    names = [
        name for name in {**wanted.settings, **seen.settings} if wanted.settings.get(name) != seen.settings.get(name)
    ]
    if not names:
        return []
    given = " and ".join(f"{name} {seen.settings.get(name, 'unset')}" for name in names)
    asked = " and ".join(f"{name} {wanted.settings.get(name, 'nearest (the default)')}" for name in names)
    text = f"{seen.operation} with {given}; {title} says {asked}"
    return [(i + 1, Difference(text, text))]


def _table(places: Sequence[Place], wanted: Sequence[Setup], seen: Sequence[Setup], title: str) -> str:
    body = [("" if i is None else str(i + 1), "-" if i is None else str(wanted[i]), j, i) for i, j in places]
    width = max(len(title), *(len(text) for _, text, _, _ in body))
    lines = [f" row  {title:<{width}}  executed"]
    for number, text, j, i in body:
        there = "-" if j is None else str(seen[j])
        same = i is not None and j is not None and there == text
        lines.append(f"{number:>4}  {text:<{width}}  {'the same' if same else there}")
    return "\n".join(lines)


def _join_padding(steps: Sequence[Operation]) -> list[Operation]:
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


def _recognise_by_value(
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
    for row in rows:
        values = _apply(row, values)
    if values.size != after.size:
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
