"""A student's network as the probes observe it: executed steps, parameters, initial values, outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from tests.support.observations import Divisor, Divisors, Shape, Size, require_shape
from tests.support.submission import Submission
from tests.support.verdicts import Crashed, NotImplementedYet

WEIGHTED = ("conv2d", "linear")
WITH_NUMBERS = ("leaky_relu", "upsample")
"""Operations that have a slope, or factors, by the beginning of their names."""


class Operation(msgspec.Struct, forbid_unknown_fields=True):
    """One executed operation; `input` and `output` are given for weighted layers, the rest has empty arrays."""

    operation: str
    parameters: list[str]
    kernel: Shape
    stride: Divisors
    padding: Shape
    dilation: Divisors
    groups: Divisor
    in_channels: Size
    out_channels: Size
    bias: bool
    numbers: np.ndarray
    input: np.ndarray
    output: np.ndarray

    def __post_init__(self) -> None:
        """Refuse what no probe reports."""
        require_shape(self.numbers, (None,))
        if self.operation.startswith(WITH_NUMBERS) and not self.numbers.size:
            raise ValueError(f"{self.operation} without its numbers")


class Execution(msgspec.Struct, forbid_unknown_fields=True):
    """One forward pass; `initialised` is whether `_weight_init` ran through."""

    steps: list[Operation]
    returned: str
    output: np.ndarray
    initialised: bool
    differentiable: bool
    n_parameters: int


class Parameter(msgspec.Struct, forbid_unknown_fields=True):
    """One row of the parameter table; equal `identity` means one tensor in memory."""

    name: str
    shape: Shape
    identity: int
    trainable: bool


class Buffer(msgspec.Struct, forbid_unknown_fields=True):
    """A tensor of the network that is not trained."""

    name: str
    shape: Shape


class ParameterTable(msgspec.Struct, forbid_unknown_fields=True):
    """All parameters in definition order."""

    parameters: list[Parameter]
    buffers: list[Buffer]
    initialised: bool


class InitialParameter(msgspec.Struct, forbid_unknown_fields=True):
    """The values of one parameter in several fresh networks, `(count, ...)`."""

    name: str
    values: np.ndarray

    def __post_init__(self) -> None:
        """Refuse what no probe reports."""
        require_shape(self.values, (None,) * max(self.values.ndim, 1))
        if len(self.values) < 2 or self.values.size == 0:
            raise ValueError("the values of fewer than two networks")


class InitialParameters(msgspec.Struct, forbid_unknown_fields=True):
    """The parameters of several fresh networks."""

    parameters: list[InitialParameter]


class Pass(msgspec.Struct, forbid_unknown_fields=True):
    """The weights and biases of one pass in the order of execution, the first layer's input, the last one's output."""

    weights: list[np.ndarray]
    first: np.ndarray
    last: np.ndarray


class Outputs(msgspec.Struct, forbid_unknown_fields=True):
    """What a network with given weights returned for each batch; with weights of its own where those do not fit."""

    fitted: bool
    returned: str
    initialised: bool
    n_parameters: int
    outputs: list[np.ndarray]
    passes: list[Pass]


def execution(
    submission: Submission,
    module: str,
    network: str,
    question: str,
    inputs: Sequence[Any],
    positional: Sequence[Any] = (),
    named: Mapping[str, Any] | None = None,
) -> Execution:
    """One forward pass of a student's network; raises `NotImplementedYet` for a network that is still a stub."""
    seen = submission.observe(
        Execution,
        module,
        "execution",
        network=network,
        inputs=list(inputs),
        positional=list(positional),
        named=dict(named or {}),
    )
    layers = any(step.operation in WEIGHTED or step.parameters for step in seen.steps)
    if seen.returned == "none" or not (seen.n_parameters or layers):
        raise NotImplementedYet(f"Not implemented yet: {question} ({network} has no layers, or returns nothing).")
    return seen


def parameter_table(
    submission: Submission,
    module: str,
    network: str,
    question: str,
    positional: Sequence[Any] = (),
    named: Mapping[str, Any] | None = None,
) -> ParameterTable:
    """The parameters of a student's network; raises `NotImplementedYet` when there are none."""
    seen = submission.observe(
        ParameterTable,
        module,
        "parameter_table",
        network=network,
        positional=list(positional),
        named=dict(named or {}),
    )
    if not seen.parameters:
        raise NotImplementedYet(
            f"Not implemented yet: {question} ({network} has no parameters; "
            f"if it has layers, keep them as attributes or in an nn.ModuleList, not in a plain list)."
        )
    return seen


def initial_parameters(
    submission: Submission,
    module: str,
    network: str,
    shapes: Sequence[Sequence[int]],
    inputs: Sequence[Any],
    count: int,
    positional: Sequence[Any] = (),
    seed: int = 0,
) -> InitialParameters:
    """The parameters that a pass on `inputs` executes in `count` fresh networks of a student's.

    `shapes`, the table's, serve where the constructor is a stub.
    """
    weights = [tuple(shape) for shape in shapes if len(shape) > 1]
    return submission.observe(
        InitialParameters,
        module,
        "initial_parameters",
        seed=seed,
        network=network,
        positional=list(positional),
        named={},
        count=count,
        layers=[["conv2d" if len(one) == 4 else "linear", one[1], one[0], one[-1]] for one in weights],
        inputs=list(inputs),
    )


def outputs(
    submission: Submission,
    module: str,
    network: str,
    question: str,
    weights: Sequence[np.ndarray],
    inputs: Sequence[Sequence[Any]],
    positional: Sequence[Any] = (),
    named: Mapping[str, Any] | None = None,
) -> Outputs:
    """What a student's network with these weights (in the order of execution) returns for each list of inputs."""
    seen = submission.observe(
        Outputs,
        module,
        "outputs",
        network=network,
        weights=list(weights),
        inputs=[list(batch) for batch in inputs],
        positional=list(positional),
        named=dict(named or {}),
    )
    if seen.returned == "none" or not seen.n_parameters:
        raise NotImplementedYet(f"Not implemented yet: {question} ({network} has no layers, or returns nothing).")
    if {len(seen.outputs), len(seen.passes)} != {len(inputs)}:
        raise Crashed(f"Your code's process sent {len(seen.outputs)} outputs for {len(inputs)} batches.")
    return seen
