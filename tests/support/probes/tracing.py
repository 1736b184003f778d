"""Which operations a network executes between its input and its output, under one name for every spelling.

`Trace` listens below autograd, where `nn.ReLU()`, `F.relu`, `x.relu_()` and `torch.relu` are one operation. Operations
that only move numbers about (view, transpose, cat, ...) are left out, and so is what never reaches the output.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

MOVES = frozenset(
    """view _unsafe_view reshape _reshape_alias t transpose permute expand detach alias clone contiguous squeeze
    unsqueeze slice select narrow split split_with_sizes unbind cat stack _to_copy copy lift_fresh lift as_strided
    numpy_T mT movedim unflatten flatten chunk slice_scatter select_scatter _assert_async""".split()
)
BLANKS = frozenset(
    """empty_like zeros_like ones_like full_like new_empty new_zeros new_ones new_full rand_like randn_like
    new_empty_strided zeros ones full empty""".split()
)
RANDOM = frozenset("bernoulli rand randn rand_like randn_like normal uniform native_dropout randint".split())
_NEW = (BLANKS | RANDOM) - {"native_dropout"}
PRODUCTS = frozenset("mm addmm bmm baddbmm mv addmv linear matmul dot addbmm".split())
PADDINGS = ("constant_pad_nd", "reflection_pad2d", "replication_pad2d")
SHORT_NAMES = {
    "native_batch_norm": "batch_norm",
    "_native_batch_norm_legit": "batch_norm",
    "_batch_norm_with_update": "batch_norm",
    "cudnn_batch_norm": "batch_norm",
    "native_layer_norm": "layer_norm",
    "native_group_norm": "group_norm",
    "native_dropout": "dropout",
    "log_sigmoid_forward": "logsigmoid",
    "_prelu_kernel": "prelu",
    "rrelu_with_noise": "rrelu",
    "upsample_nearest2d": "upsample",
    "_upsample_nearest_exact2d": "upsample",
    "_softmax": "softmax",
    "_log_softmax": "log_softmax",
}


@dataclass
class TracedStep:
    """One executed operation with its settings; `parameters` are the names of those it uses, weight before bias.

    `fixed` are the tensors that it works with beside its input: the weight as `(out, in, ...)`, then the bias.
    """

    operation: str
    input: Tensor
    output: Tensor
    parameters: tuple[str, ...] = ()
    kernel: list[int] = field(default_factory=list)
    stride: list[int] = field(default_factory=list)
    padding: list[int] = field(default_factory=list)
    dilation: list[int] = field(default_factory=list)
    groups: int = 1
    in_channels: int = 0
    out_channels: int = 0
    bias: bool = False
    weighted: bool = False
    numbers: tuple[float, ...] = ()
    fixed: tuple[Tensor, ...] = ()
    reads: frozenset[int] = frozenset()
    writes: frozenset[int] = frozenset()


def _memory(tensor: Tensor) -> int:
    return int(tensor.untyped_storage().data_ptr())


def _tensors(nested: Iterable[Any]) -> list[Tensor]:
    """The tensors among what an operation takes or returns, and in lists, tuples and dictionaries there."""
    found: list[Tensor] = []
    for one in nested:
        if isinstance(one, Tensor):
            found.append(one)
        elif isinstance(one, list | tuple):
            found += _tensors(one)
        elif isinstance(one, dict):
            found += _tensors(one.values())
    return found


@lru_cache(maxsize=1000)
def _name(function: Any) -> str:
    """What an operation is called; its form in place has the same name."""
    return str(function._schema.name.split("::")[-1].removesuffix("_"))


class Trace:
    """Records one forward pass of a network: `with trace.watching(inputs): ...`, then `steps_to(output)`."""

    def __init__(self, network: nn.Module) -> None:
        self._steps: list[TracedStep] = []
        self._kept: list[Any] = []  # everything stays alive, so that an address stands for one tensor
        self._flowing: set[int] = set()
        self._random: set[int] = set()
        self._parameters: dict[int, tuple[str, ...]] = {}
        for name, parameter in network.named_parameters():
            self._parameters.setdefault(_memory(parameter), (name,))

    @contextmanager
    def watching(self, inputs: Iterable[Any]) -> Iterator[None]:
        """Record what happens to the inputs."""
        for value in inputs:
            if isinstance(value, Tensor):
                self._kept.append(value)
                self._flowing.add(_memory(value))
        with _Listener(self):
            yield

    def steps_to(self, output: Tensor) -> list[TracedStep]:
        """The steps that the output depends on, in order, with separately added biases joined to their layer."""
        needed, steps = {_memory(output)}, []
        for step in reversed(self._steps):
            if step.writes & needed:
                needed |= step.reads
                steps.append(step)
        joined: list[TracedStep] = []
        for step in reversed(steps):
            if step.operation in MOVES:
                continue
            if step.operation == "add" and step.parameters and joined and joined[-1].weighted and not joined[-1].bias:
                joined[-1].bias = True
                joined[-1].parameters += step.parameters
                joined[-1].fixed += step.fixed
                joined[-1].output = step.output
                continue
            joined.append(step)
        return joined

    def note(self, function: Any, arguments: tuple[Any, ...], named: dict[str, Any], result: Any) -> None:
        """Add one executed operation: it makes new numbers, or works beside the inputs, or is a step of their way."""
        name = _name(function)
        given, made = _tensors((*arguments, *named.values())), _tensors((result,))
        self._kept += [given, made]
        places = [_memory(one) for one in given]
        reads, writes = frozenset(places), frozenset(map(_memory, made))
        if name in _NEW:
            self._random |= writes if name in RANDOM else frozenset()
        elif not reads & self._flowing:
            self._note_beside(reads, writes)
        else:
            self._flowing |= writes
            if made:
                step = self._step(name, given, places, arguments, named, made[0])
                step.reads, step.writes = reads, writes
                self._steps.append(step)

    def _note_beside(self, reads: frozenset[int], writes: frozenset[int]) -> None:
        """Pass on what a tensor is made of: parameters (it may be a transposed weight), or random numbers."""
        origin = tuple(name for memory in reads for name in self._parameters.get(memory, ()))
        for memory in writes if origin else ():
            self._parameters.setdefault(memory, origin)
        if reads & self._random:
            self._random |= writes

    def _uses(self, tensors: Iterable[Tensor]) -> tuple[str, ...]:
        fixed = [one for one in tensors if _memory(one) not in self._flowing]
        return tuple(name for one in fixed for name in self._parameters.get(_memory(one), ()))

    def _step(
        self,
        name: str,
        given: list[Tensor],
        places: list[int],
        arguments: tuple[Any, ...],
        named: dict[str, Any],
        made: Tensor,
    ) -> TracedStep:
        flowing = next((one for one, place in zip(given, places, strict=True) if place in self._flowing), given[0])
        # Moves are kept only as links of the chain, and need no copy of their values.
        step = TracedStep(name, flowing, made if name in MOVES else made.clone())
        used = [() if place in self._flowing else self._parameters.get(place, ()) for place in places]
        step.parameters = tuple(name for names in used for name in names)
        step.fixed = tuple(one for one, names in zip(given, used, strict=True) if names)
        if name == "convolution":
            _describe_convolution(step, arguments)
            step.fixed = tuple(one for one in arguments[1:3] if one is not None)
            step.parameters = self._uses(step.fixed)
        elif name in PRODUCTS and step.parameters:
            self._describe_product(step, given)
        elif name.startswith(("max_pool2d", "avg_pool2d")):
            _describe_pooling(step, arguments)
        elif any(place in self._random for place in places):
            step.operation = "dropout" if name == "mul" else f"{name} with random numbers"
        else:
            _describe_activation(step, arguments, named)
        return step

    def _describe_product(self, step: TracedStep, given: list[Tensor]) -> None:
        fixed = [one for one in given if _memory(one) not in self._flowing]
        weight = max(fixed, key=lambda one: (one.ndim, one.numel()))
        order = [one is weight for one in given if one is weight or _memory(one) in self._flowing]
        first = order[0]
        rows, columns = (weight.shape[-2], weight.shape[-1]) if weight.ndim > 1 else (weight.shape[0], 1)
        step.in_channels, step.out_channels = (columns, rows) if first and weight.ndim > 1 else (rows, columns)
        biases = [one for one in fixed if one is not weight]
        step.operation, step.weighted, step.bias = "linear", True, bool(self._uses(biases))
        step.input = step.input.clone()  # an in-place operation may come later
        step.parameters = self._uses([weight, *biases])
        if weight.numel() == rows * columns:
            matrix = weight.reshape(rows, columns)
            oriented = matrix if first and weight.ndim > 1 else matrix.T
            step.fixed = (oriented, *biases[: int(step.bias)])


def _describe_convolution(step: TracedStep, arguments: tuple[Any, ...]) -> None:
    _, weight, bias, stride, padding, dilation, transposed, more, groups = arguments
    dimensions = weight.ndim - 2
    step.operation = f"conv_transpose{dimensions}d" if transposed else f"conv{dimensions}d"
    step.weighted, step.bias, step.groups = True, bias is not None, groups
    step.numbers = tuple(map(float, more)) if transposed else ()
    step.input = step.input.clone()  # an in-place operation may come later
    step.kernel = list(weight.shape[2:])
    step.stride, step.padding, step.dilation = ([*values] * dimensions for values in (stride, padding, dilation))
    step.stride, step.padding, step.dilation = (
        values[:dimensions] for values in (step.stride, step.padding, step.dilation)
    )
    step.in_channels, step.out_channels = step.input.shape[1], step.output.shape[1]


def _describe_pooling(step: TracedStep, arguments: tuple[Any, ...]) -> None:
    given = [[*value] * 2 for value in arguments[1:5] if not isinstance(value, bool)]
    kernel = given[0][:2]
    step.operation, step.kernel = f"{step.operation[:3]}_pool2d", kernel
    step.stride = given[1][:2] if len(given) > 1 and given[1] else kernel
    step.padding = given[2][:2] if len(given) > 2 else [0, 0]
    step.dilation = given[3][:2] if len(given) > 3 and step.operation == "max_pool2d" else [1, 1]
    step.numbers = tuple(float(value) for value in arguments[4:] if isinstance(value, bool))
    step.out_channels = step.output.shape[1]


def _describe_activation(step: TracedStep, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    plain = [value for value in (*arguments[1:], *named.values()) if isinstance(value, int | float)]
    name = SHORT_NAMES.get(step.operation, step.operation)
    lower_bound_zero = (
        (name == "clamp_min" and plain == [0])
        or (name == "clamp" and plain == [0] and "max" not in named and len(arguments) == 2)
        or (name == "threshold" and plain == [0, 0])
    )
    if lower_bound_zero:
        step.operation = "relu"
        return
    step.operation = "gelu_tanh" if name == "gelu" and "tanh" in (*arguments[1:], *named.values()) else name
    if name == "leaky_relu":
        step.numbers = (float(plain[0]) if plain else 0.01,)
    elif name == "softplus":
        step.numbers = tuple(map(float, plain)) + (1.0, 20.0)[len(plain) :]
    elif name.startswith(("upsample", "_upsample")):
        sizes = zip(step.output.shape[2:], step.input.shape[2:], strict=True)
        step.numbers = (*(after / before for after, before in sizes), *(float(one) for one in plain if one is True))
    elif name in PADDINGS:
        step.numbers = (*map(float, arguments[1]), *map(float, plain))
    else:
        step.numbers = tuple(map(float, plain))
    if step.output.ndim > 1:
        step.out_channels = step.output.shape[1]


class _Listener(TorchDispatchMode):  # torch is not typed here
    def __init__(self, trace: Trace) -> None:
        super().__init__()
        self._trace = trace

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        with torch.no_grad():
            self._trace.note(func, args, kwargs or {}, result)
        return result
