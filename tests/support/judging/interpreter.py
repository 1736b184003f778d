"""Executed operations computed again in float64, with a bound on what float32 may deviate from them.

What a network should return is known only where it follows the handout. Where it deviates in a way that is told and
charged, this says what its own operations make of given weights: the shapes of its parameters, and its outputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from tests.support.homework.networks import LAYOUTS, Layout
from tests.support.observed.networks import Operation

ROUNDING = 2.0**-24
"""Half a unit in the last place of float32: the relative error of one rounded operation."""
MOST_PRODUCTS = 2.0**30
"""Products of one operation that are computed again; one of Tables 1 and 2 needs below 2**21 for an image, and what a
student's process says of sizes may be a lie, on which the judge would spend its time."""
PADDINGS = {"constant_pad_nd": "constant", "reflection_pad2d": "reflect", "replication_pad2d": "edge"}


class Unknown(Exception):
    """An operation whose formula is not known here; the text is its name."""


class Misfit(Exception):
    """The weights are not those of the operations: other shapes, or too few or too many."""


@dataclass(frozen=True)
class Numbers:
    """Values of a pass, and for each how far float32 may be from it."""

    value: np.ndarray
    error: np.ndarray

    def moved(self, move: Callable[[np.ndarray], np.ndarray]) -> Numbers:
        """The same numbers at other places."""
        return Numbers(move(self.value), move(self.error))


Supply = Callable[[tuple[int, ...]], np.ndarray]
"""Hands out the next weight or bias, which has this shape."""


def outputs(
    steps: Sequence[Operation], weights: Sequence[np.ndarray], given: np.ndarray, layout: Layout = LAYOUTS[0]
) -> Numbers:
    """What the operations make of `given` with these weights, in the order of execution.

    Raises `Unknown` and `Misfit`.
    """
    left = [weight.astype(np.float64) for weight in weights]

    def supply(shape: tuple[int, ...]) -> np.ndarray:
        if not left or left[0].shape != shape:
            raise Misfit
        return left.pop(0)

    made = _run(steps, given, supply, layout)
    if left:
        raise Misfit
    return made


def parameter_shapes(steps: Sequence[Operation], given: np.ndarray) -> list[tuple[int, ...]]:
    """The shapes of the weights and biases that the operations need for inputs like `given`; raises `Unknown`."""
    shapes: list[tuple[int, ...]] = []

    def supply(shape: tuple[int, ...]) -> np.ndarray:
        shapes.append(shape)
        return np.zeros(shape)

    _run(steps, given, supply, LAYOUTS[0])
    return shapes


def _run(steps: Sequence[Operation], given: np.ndarray, supply: Supply, layout: Layout) -> Numbers:
    now = Numbers(given.astype(np.float64), np.zeros(given.shape))
    for k, step in enumerate(steps):
        if step.operation not in _FORMULAS:
            raise Unknown(step.operation)
        if step.operation == "linear" and now.value.ndim == 4:
            now = now.moved(partial(_flat, layout=layout))
        elif step.operation in _ON_IMAGES and now.value.ndim == 2:
            now = now.moved(partial(_as_images, channels=_channels(steps[k:]), layout=layout))
        if _products(step, now.value.shape) > MOST_PRODUCTS:
            raise Unknown(f"{step.operation} of so large a size")
        try:
            now = _FORMULAS[step.operation](step, now, supply)
        except (ValueError, IndexError) as error:  # what a student's process says of sizes may contradict itself
            raise Unknown(f"{step.operation} with sizes that do not fit") from error
    return now


def _products(step: Operation, shape: Sequence[int]) -> float:
    """About how many products an operation computes on values of this shape."""
    made = float(math.prod(shape))
    if step.operation in _ON_IMAGES:
        scales = step.numbers[:2] if step.operation.startswith("upsample") else ()
        borders = step.numbers[:4] if step.operation in PADDINGS else step.padding
        edge = 2 * max(map(abs, borders), default=0)
        made *= math.prod((size + edge) / size for size in shape[2:] if size) * math.prod(max(1, one) for one in scales)
    return made * math.prod(max(1, one) for one in step.kernel) * max(1, step.out_channels)


def _flat(x: np.ndarray, layout: Layout) -> np.ndarray:
    """Images `(N, channels, rows, columns)` as one vector each, in the order of the layout."""
    return x.transpose(0, *(1 + axis for axis in layout.axes)).reshape(len(x), -1)


def _channels(steps: Sequence[Operation]) -> int:
    """The channels of the images that the next convolution works on."""
    for step in steps:
        if step.operation in ("conv2d", "conv_transpose2d"):
            return step.in_channels
    raise Unknown("an image of an unknown shape")


def _as_images(x: np.ndarray, channels: int, layout: Layout) -> np.ndarray:
    """Flat values `(N, channels * side * side)` as `(N, channels, side, side)`, read in the order of the layout."""
    side = math.isqrt(x.shape[1] // channels) if channels else 0
    if not side or channels * side * side != x.shape[1]:
        raise Unknown("an image of an unknown shape")
    sizes = (channels, side, side)
    stored = x.reshape(len(x), *(sizes[axis] for axis in layout.axes))
    return stored.transpose(0, *(1 + layout.axes.index(axis) for axis in range(3)))


def _sum_error(terms: int, magnitude: np.ndarray) -> np.ndarray:
    """A sum of so many products is off by as many roundings of the sum of absolute values (Higham, section 3.1)."""
    return (terms + 6) * ROUNDING * magnitude


def _linear(step: Operation, x: Numbers, supply: Supply) -> Numbers:
    if x.value.ndim != 2:
        raise Unknown(f"linear on {x.value.ndim} axes")
    weight = supply((step.out_channels, x.value.shape[1]))
    bias = supply((step.out_channels,)) if step.bias else np.zeros(step.out_channels)
    return affine(x, weight, bias)


def affine(x: Numbers, weight: np.ndarray, bias: np.ndarray | float) -> Numbers:
    """x `(N, in)` times the transposed weight `(out, in)`, plus bias `(out,)`."""
    magnitude = np.abs(x.value) @ np.abs(weight).T + np.abs(bias)
    return Numbers(x.value @ weight.T + bias, x.error @ np.abs(weight).T + _sum_error(weight.shape[1], magnitude))


def _conv2d(step: Operation, x: Numbers, supply: Supply) -> Numbers:
    inputs = x.value.shape[1] // step.groups
    weight = supply((step.out_channels, inputs, *step.kernel))
    bias = supply((step.out_channels,)) if step.bias else np.zeros(step.out_channels)
    column = bias[:, None, None]
    magnitude = _correlate(step, np.abs(x.value), np.abs(weight)) + np.abs(column)
    carried = _correlate(step, x.error, np.abs(weight))
    value = _correlate(step, x.value, weight) + column
    return Numbers(value, carried + _sum_error(math.prod(weight.shape[1:]), magnitude))


def _conv_transpose2d(step: Operation, x: Numbers, supply: Supply) -> Numbers:
    """Each value, times the kernel, is added around its place; weights are stored `(in, out, rows, columns)`."""
    if step.groups != 1 or any(one != 1 for one in step.dilation) or np.any(step.numbers):
        raise Unknown(step.operation)
    weight = supply((x.value.shape[1], step.out_channels, *step.kernel))
    column = (supply((step.out_channels,)) if step.bias else np.zeros(step.out_channels))[:, None, None]
    magnitude = _spread(step, np.abs(x.value), np.abs(weight)) + np.abs(column)
    error = _spread(step, x.error, np.abs(weight)) + _sum_error(weight.shape[0] * math.prod(step.kernel), magnitude)
    return Numbers(_spread(step, x.value, weight) + column, error)


def _spread(step: Operation, x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    sizes = [
        (size - 1) * stride + kernel for size, stride, kernel in zip(x.shape[2:], step.stride, step.kernel, strict=True)
    ]
    whole = np.zeros((len(x), weight.shape[1], *sizes))
    for i, j in np.ndindex(*step.kernel):
        rows, columns = (
            slice(k, k + (size - 1) * stride + 1, stride)
            for k, size, stride in zip((i, j), x.shape[2:], step.stride, strict=True)
        )
        whole[:, :, rows, columns] += np.einsum("co,nchw->nohw", weight[:, :, i, j], x)
    top, left = step.padding
    return whole[:, :, top : sizes[0] - top, left : sizes[1] - left]


def _correlate(step: Operation, x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    patches = _patches(step, _padded(x, step.padding))
    inputs, outputs_each = weight.shape[1], len(weight) // step.groups
    parts = []
    for group in range(step.groups):
        total = 0.0
        for (i, j), patch in patches.items():
            own = patch[:, group * inputs : (group + 1) * inputs]
            weights = weight[group * outputs_each : (group + 1) * outputs_each, :, i, j]
            total = total + np.einsum("oc,nchw->nohw", weights, own)
        parts.append(total)
    return np.concatenate(parts, axis=1)


def _padded(x: np.ndarray, padding: Sequence[int], value: float = 0.0) -> np.ndarray:
    sides = ((0, 0), (0, 0), *((size, size) for size in padding))
    return np.pad(x, sides, constant_values=value)


def _patches(step: Operation, x: np.ndarray) -> dict[tuple[int, int], np.ndarray]:
    """For each place of the kernel the values that it meets, one for each place of the output."""
    places = []
    for size, kernel, stride, dilation in zip(x.shape[2:], step.kernel, step.stride, step.dilation, strict=True):
        span = size - dilation * (kernel - 1)
        if span < 1:
            raise Unknown(f"{step.operation} on an image that is smaller than its kernel")
        places.append([slice(k * dilation, k * dilation + span, stride) for k in range(kernel)])
    return {(i, j): x[:, :, rows, columns] for i, rows in enumerate(places[0]) for j, columns in enumerate(places[1])}


def _pool(step: Operation, x: Numbers, supply: Supply) -> Numbers:
    rest = [
        (size + 2 * padding - dilation * (kernel - 1) - 1) % stride
        for size, kernel, stride, padding, dilation in zip(
            x.value.shape[2:], step.kernel, step.stride, step.padding, step.dilation, strict=True
        )
    ]
    if any(rest) and step.numbers.size and step.numbers[0]:
        raise Unknown(f"{step.operation} with ceil_mode")
    if step.operation == "max_pool2d":
        value = np.stack(list(_patches(step, _padded(x.value, step.padding, -np.inf)).values())).max(axis=0)
        return Numbers(value, np.stack(list(_patches(step, _padded(x.error, step.padding)).values())).max(axis=0))
    if any(step.padding) and step.numbers.size > 1 and not step.numbers[1]:
        raise Unknown("avg_pool2d that does not count its padding")
    averaged = x.moved(lambda one: np.stack(list(_patches(step, _padded(one, step.padding)).values())).mean(axis=0))
    size = float(np.abs(x.value).max(initial=0))
    return Numbers(averaged.value, averaged.error + _sum_error(math.prod(step.kernel), np.asarray(size)))


def _upsample(step: Operation, x: Numbers, supply: Supply) -> Numbers:
    scales = step.numbers[:2]
    corners = step.numbers.size > 2
    value, error = x.value, x.error
    for axis, scale in zip((2, 3), scales, strict=True):
        matrix = _resampling(value.shape[axis], float(scale), step.operation, corners)
        value, error = (np.moveaxis(np.moveaxis(one, axis, -1) @ matrix.T, -1, axis) for one in (value, error))
    if step.operation != "upsample":
        error = error + 16 * ROUNDING * float(np.abs(x.value).max(initial=0))
    return Numbers(value, error)


def _resampling(size: int, scale: float, operation: str, corners: bool) -> np.ndarray:
    """The matrix `(out, in)` that enlarges one axis: nearest, or linear between neighbours."""
    made = round(size * scale)
    places = np.arange(made)
    matrix = np.zeros((made, size))
    if operation == "upsample":
        matrix[places, np.minimum(places * size // made, size - 1)] = 1
        return matrix
    if corners:
        at = places * ((size - 1) / (made - 1) if made > 1 else 0.0)
    else:
        at = np.maximum((places + 0.5) * (size / made) - 0.5, 0)
    low = np.minimum(at.astype(int), size - 1)
    share = at - low
    matrix[places, low] += 1 - share
    matrix[places, np.minimum(low + 1, size - 1)] += share
    return matrix


def _pad(step: Operation, x: Numbers, supply: Supply) -> Numbers:
    left, right, top, bottom, *constant = [*step.numbers.tolist(), 0.0][:5]
    if any(constant):
        raise Unknown("padding with a number other than 0")
    sides = ((0, 0), (0, 0), (int(top), int(bottom)), (int(left), int(right)))
    return x.moved(lambda one: np.pad(one, sides, mode=PADDINGS[step.operation]))  # type: ignore[call-overload]


def _batch_norm(step: Operation, x: Numbers, supply: Supply) -> Numbers:
    """In training: each channel minus its mean, over its deviation.

    The bounds are of first order, doubled: the mean and the squares are sums, and 1/sqrt(v) has the slope v^-1.5 / 2.
    """
    if not step.numbers.size or not step.numbers[0]:
        raise Unknown("batch_norm with averages that it keeps")
    shape = [1, -1, *[1] * (x.value.ndim - 2)]
    axes = (0, *range(2, x.value.ndim))
    n = x.value.size // x.value.shape[1]
    own = [supply((x.value.shape[1],)) for _ in range(2)] if step.parameters else [np.ones(1), np.zeros(1)]
    scale, shift = (one.reshape(shape) for one in own)
    centred = x.value - x.value.mean(axis=axes, keepdims=True)
    size = np.abs(x.value).max(axis=axes, keepdims=True)
    off = x.error + x.error.mean(axis=axes, keepdims=True) + _sum_error(n, size)
    variance = (centred**2).mean(axis=axes, keepdims=True) + float(step.numbers[-1])
    variance_off = (2 * np.abs(centred) * off).mean(axis=axes, keepdims=True) + _sum_error(n, variance)
    normal = centred / np.sqrt(variance)
    normal_off = off / np.sqrt(variance) + np.abs(normal) * variance_off / (2 * variance)
    value = normal * scale + shift
    return Numbers(value, 2 * normal_off * np.abs(scale) + 8 * ROUNDING * (np.abs(value) + np.abs(shift)))


_WITH_A_NUMBER: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "add": lambda x, number: x + number,
    "sub": lambda x, number: x - number,
    "rsub": lambda x, number: number - x,
    "mul": lambda x, number: x * number,
    "div": lambda x, number: x / number,
}


def _with_a_number(step: Operation, x: Numbers, supply: Supply) -> Numbers:
    """One rounding, and one of the number itself."""
    if step.parameters or step.numbers.size != 1 or (step.operation == "div" and step.numbers[0] == 0):
        raise Unknown(step.operation)
    number = float(step.numbers[0])
    value = _WITH_A_NUMBER[step.operation](x.value, number)
    slope = {"mul": abs(number), "div": 1 / abs(number) if number else 1.0}.get(step.operation, 1.0)
    return Numbers(value, slope * x.error + 2 * ROUNDING * (np.abs(value) + slope * np.abs(x.value) + abs(number)))


def _mean(step: Operation, x: Numbers, supply: Supply) -> Numbers:
    """The mean of each channel, as a vector."""
    if x.value.ndim != 4 or step.out_channels != x.value.shape[1]:
        raise Unknown(step.operation)
    size = math.prod(x.value.shape[2:])
    value, error, magnitude = (one.mean(axis=(2, 3)) for one in (x.value, x.error, np.abs(x.value)))
    return Numbers(value, error + _sum_error(size, magnitude))


def _number(step: Operation, k: int, default: float) -> float:
    return float(step.numbers[k]) if step.numbers.size > k else default


def _softplus(step: Operation, x: np.ndarray) -> np.ndarray:
    beta, threshold = _number(step, 0, 1.0), _number(step, 1, 20.0)
    return np.where(beta * x > threshold, x, np.logaddexp(0, beta * x) / beta)


def _elu(step: Operation, x: np.ndarray) -> np.ndarray:
    alpha, scale, inside = (_number(step, k, 1.0) for k in range(3))
    return np.where(x > 0, scale * x, scale * alpha * np.expm1(np.minimum(x * inside, 0)))


_ACTIVATIONS: dict[str, Callable[[Operation, np.ndarray], np.ndarray]] = {
    "relu": lambda step, x: np.maximum(x, 0),
    "leaky_relu": lambda step, x: np.where(x > 0, x, _number(step, 0, 0.01) * x),
    "sigmoid": lambda step, x: np.exp(-np.logaddexp(0, -x)),
    "tanh": lambda step, x: np.tanh(x),
    "softplus": _softplus,
    "elu": _elu,
    "silu": lambda step, x: x * np.exp(-np.logaddexp(0, -x)),
    "gelu": lambda step, x: x * (1 + np.vectorize(math.erf, otypes=[float])(x / math.sqrt(2))) / 2,
    "mish": lambda step, x: x * np.tanh(np.logaddexp(0, x)),
    "logsigmoid": lambda step, x: -np.logaddexp(0, -x),
    "hardtanh": lambda step, x: np.clip(x, _number(step, 0, -1.0), _number(step, 1, 1.0)),
}


def _activation(step: Operation, x: Numbers, supply: Supply) -> Numbers:
    """No slope of these is above 2 but for a leaky one's own; a few roundings are theirs."""
    value = _ACTIVATIONS[step.operation](step, x.value)
    slope = {"relu": 1.0, "leaky_relu": max(1.0, abs(_number(step, 0, 0.01)))}.get(step.operation, 2.0)
    if step.operation == "elu":
        slope = max(slope, *(abs(_number(step, k, 1.0)) for k in range(2))) * 2
    own = 2 * np.abs(value) if step.operation in ("relu", "leaky_relu") else 8 * (1 + np.abs(value))
    return Numbers(value, slope * x.error + ROUNDING * own)


_FORMULAS: dict[str, Callable[[Operation, Numbers, Supply], Numbers]] = {
    **dict.fromkeys(_ACTIVATIONS, _activation),
    **dict.fromkeys(PADDINGS, _pad),
    **dict.fromkeys(_WITH_A_NUMBER, _with_a_number),
    "mean": _mean,
    "linear": _linear,
    "conv2d": _conv2d,
    "conv_transpose2d": _conv_transpose2d,
    "max_pool2d": _pool,
    "avg_pool2d": _pool,
    "upsample": _upsample,
    "upsample_bilinear2d": _upsample,
    "batch_norm": _batch_norm,
}
_ON_IMAGES = frozenset(
    {"conv2d", "conv_transpose2d", "max_pool2d", "avg_pool2d", "upsample", "upsample_bilinear2d", *PADDINGS}
)


def elementwise(steps: Sequence[Operation], x: np.ndarray) -> np.ndarray:
    """What activation functions in a row make of numbers; raises `Unknown`."""
    for step in steps:
        if step.operation not in _ACTIVATIONS:
            raise Unknown(step.operation)
        x = _ACTIVATIONS[step.operation](step, x)
    return x
