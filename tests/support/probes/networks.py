"""Observations of a network's structure: what it executes, its parameters, its outputs for given weights.

What is executed is read below autograd, operation by operation, so that modules, functions, methods and in-place forms
of one operation look alike. `network` is the name of a class of the student's, `positional` and `named` the arguments
of its constructor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

from tests.support.probes.arrays import as_array
from tests.support.probes.tracing import Trace, TracedStep


def construct(module: ModuleType, arguments: dict[str, Any]) -> tuple[nn.Module, bool]:
    """A fresh network, and whether its own initialisation ran.

    When only `_weight_init` fails, the network is built without it: its structure can be observed all the same.
    """
    network: type[nn.Module] = getattr(module, arguments["network"])
    positional, named = arguments.get("positional", []), arguments.get("named", {})
    try:
        return network(*positional, **named), True
    except Exception:
        if not hasattr(network, "_weight_init"):
            raise
        with suppress(Exception), _without_initialisation(network):
            return network(*positional, **named), False
        raise  # it was not (only) the initialisation: the first exception says more


@contextmanager
def _without_initialisation(network: type[nn.Module]) -> Iterator[None]:
    """Let `_weight_init` do nothing for a while, be it the class's own or inherited."""
    inherited = "_weight_init" not in vars(network)
    own = vars(network).get("_weight_init")
    network._weight_init = lambda self, *_, **__: None
    try:
        yield
    finally:
        if inherited:
            del network._weight_init
        else:
            network._weight_init = own


def as_input(value: Any) -> Any:
    """An array as a tensor of its own (0-dimensional ones included); a plain number as it is."""
    return torch.tensor(value) if isinstance(value, np.ndarray) else value


def kind_of(returned: object) -> str:
    """What a network returned: `tensor`, `none` or `other`."""
    if isinstance(returned, torch.Tensor):
        return "tensor"
    return "none" if returned is None else "other"


def scatter_parameters(network: nn.Module, seed: int) -> None:
    """Give every parameter random values of a size that keeps activations near 1, so that no operation is idle."""
    generator = np.random.Generator(np.random.PCG64(seed))
    with torch.no_grad():
        for parameter in network.parameters():
            fan_in = int(np.prod(parameter.shape[1:])) if parameter.ndim > 1 else 4
            values = generator.standard_normal(tuple(parameter.shape)) / np.sqrt(fan_in)
            parameter.copy_(torch.as_tensor(values))


def execution(module: ModuleType, arguments: dict[str, Any]) -> dict[str, Any]:
    """The operations of one forward pass in training mode on `inputs` (arrays and numbers), with random weights."""
    network, initialised = construct(module, arguments)
    scatter_parameters(network, 1)
    network.train()
    trace = Trace(network)
    inputs = [as_input(value) for value in arguments["inputs"]]
    with trace.watching(inputs):
        returned = network(*inputs)
    kind = kind_of(returned)
    return {
        "steps": [_plain(step) for step in trace.steps_to(returned)] if kind == "tensor" else [],
        "returned": kind,
        "output": as_array(returned) if kind == "tensor" else np.empty(0),
        "initialised": initialised,
        "differentiable": kind == "tensor" and returned.requires_grad,
        "n_parameters": sum(1 for _ in network.parameters()),
    }


def _plain(step: TracedStep) -> dict[str, Any]:
    return {
        "operation": step.operation,
        "parameters": list(step.parameters),
        "kernel": step.kernel,
        "stride": step.stride,
        "padding": step.padding,
        "dilation": step.dilation,
        "groups": step.groups,
        "in_channels": step.in_channels,
        "out_channels": step.out_channels,
        "bias": step.bias,
        "numbers": np.array(step.numbers, dtype=np.float64),
        "input": as_array(step.input) if step.weighted else np.empty(0),
        "output": as_array(step.output) if step.weighted else np.empty(0),
    }


def parameter_table(module: ModuleType, arguments: dict[str, Any]) -> dict[str, Any]:
    """Every parameter in definition order; tensors that share memory have the same `identity`."""
    network, initialised = construct(module, arguments)
    identities: dict[int, int] = {}
    return {
        "parameters": [
            {
                "name": name,
                "shape": list(parameter.shape),
                "identity": identities.setdefault(parameter.untyped_storage().data_ptr(), len(identities)),
                "trainable": parameter.requires_grad,
            }
            for name, parameter in network.named_parameters(remove_duplicate=False)
        ],
        "buffers": [{"name": name, "shape": list(buffer.shape)} for name, buffer in network.named_buffers()],
        "initialised": initialised,
    }


def initial_parameters(module: ModuleType, arguments: dict[str, Any]) -> dict[str, Any]:
    """The parameters of `count` networks, each constructed as a student would: one stack `(count, ...)` for each.

    They are those that a pass on `inputs` executes, as `(out, in, ...)`: a tensor that is never used is left out. Where
    no pass comes to an end, all registered parameters stand for them. Where the constructor is still a stub, or makes
    fewer than half as many layers as `layers` are, `_weight_init` is called on a network of the given `layers` instead.
    """
    network = getattr(module, arguments["network"])
    stacks, registered = _many(network, arguments, False) or _many(network, arguments, True) or ({}, {})
    # A weight that is made of others may equal one of them in some networks: it has no name of its own.
    names = {place: next(iter(given)) if len(given) == 1 else place for place, given in registered.items()}
    return {"parameters": [{"name": names[place], "values": np.stack(values)} for place, values in stacks.items()]}


def _many(
    network: type[nn.Module], arguments: dict[str, Any], stand_in: bool
) -> tuple[dict[str, list[np.ndarray]], dict[str, set[str]]] | None:
    """The values of each parameter in many networks, and its names; None if these have too few layers of their own."""
    stacks: dict[str, list[np.ndarray]] = {}
    registered: dict[str, set[str]] = {}
    form: dict[str, Any] = {}
    themselves: dict[str, str] = {}
    layers = arguments.get("layers", [])
    for _ in range(arguments["count"]):
        try:
            built = None if stand_in else network(*arguments.get("positional", []), **arguments.get("named", {}))
        except NotImplementedError:
            built = None
        own = built is not None and any(True for _ in built.parameters())
        if built is None or not own:
            built = _initialised_stand_in(network, layers)
        parameters = dict(built.named_parameters())
        if not themselves or form != {name: one.shape for name, one in parameters.items()}:
            form = {name: one.shape for name, one in parameters.items()}
            executed, themselves = _executed_parameters(built, arguments["inputs"])
            if own and 2 * sum(values.ndim > 1 for _, values in executed.values()) < len(layers):
                return None
        else:  # another network of one form whose passes run its parameters as they are
            executed = {place: (name, as_array(parameters[name])) for place, name in themselves.items()}
        for place, (name, values) in executed.items():
            stacks.setdefault(place, []).append(values)
            registered.setdefault(place, set()).add(name)
    return stacks, registered


def _executed_parameters(
    network: nn.Module, inputs: list[Any]
) -> tuple[dict[str, tuple[str, np.ndarray]], dict[str, str]]:
    """The weights and biases that a pass makes of parameters, each with its name (else that of its place), by place.

    And the names by place, if all of them are the parameters themselves, and nothing that is made of them.
    """
    parameters = dict(network.named_parameters())
    registered = {name: as_array(parameter) for name, parameter in parameters.items()}
    every = {name: (name, values) for name, values in registered.items()}
    try:
        steps = _traced(network, [as_input(one) for one in inputs])[1]
    except Exception:  # what forward does is judged elsewhere
        return every, {}
    executed: dict[str, tuple[str, np.ndarray]] = {}
    themselves: dict[str, str] = {}
    weighted = [step for step in steps if step.fixed]
    for k, step in enumerate(weighted, start=1):
        fixed = zip(("weight", "bias"), step.fixed, _fixed(step), strict=False) if step.parameters else ()
        for kind, tensor, values in fixed:
            names = (name for name in step.parameters if np.array_equal(registered.get(name, ()), values))
            place = f"layer{k}.{kind}"
            name = next(names, place)
            executed[place] = (name, values)
            if name in parameters and tensor.data_ptr() == parameters[name].data_ptr():
                themselves[place] = name
    return executed if weighted else every, themselves if len(themselves) == len(executed) else {}


def _fixed(step: TracedStep) -> list[np.ndarray]:
    """The weight of a step, and its bias with one axis."""
    weight, *biases = map(as_array, step.fixed)
    return [weight, *(bias.ravel() for bias in biases)]


def _traced(network: nn.Module, inputs: list[Any]) -> tuple[Any, list[TracedStep]]:
    """What a network returns, and the steps that lead to it."""
    trace = Trace(network)
    with trace.watching(inputs):
        returned = network(*inputs)
    return returned, trace.steps_to(returned) if isinstance(returned, torch.Tensor) else []


def _initialised_stand_in(network: type[nn.Module], layers: list[list[Any]]) -> nn.Module:
    """A network of the student's class with layers `[kind, inputs, outputs, kernel]`, after its `_weight_init`."""
    stand_in: nn.Module = object.__new__(network)
    nn.Module.__init__(stand_in)
    for k, (kind, inputs, outputs, kernel) in enumerate(layers):
        layer = nn.Conv2d(inputs, outputs, kernel) if kind == "conv2d" else nn.Linear(inputs, outputs)
        stand_in.add_module(f"layer{k + 1}", layer)
    before = [parameter.clone() for parameter in stand_in.parameters()]
    stand_in._weight_init()
    if all(map(torch.equal, before, stand_in.parameters())):
        raise NotImplementedError("4.3: _weight_init does nothing yet")
    return stand_in


def outputs(module: ModuleType, arguments: dict[str, Any]) -> dict[str, Any]:
    """What a network with given `weights` returns for each of several `inputs` (a list of argument lists).

    The weights belong to the weighted operations in the order of execution, so that a wrong order of definition does
    not matter here. `fitted` is whether each found a parameter of its shape; without it all parameters are random.
    `passes` tells of each pass the weights that ran, and what the first layer was given and the last one made.
    """
    network, initialised = construct(module, arguments)
    network.train()
    batches = [[as_input(value) for value in batch] for batch in arguments["inputs"]]
    defined = [name for name, _ in network.named_parameters()]
    fitted = _fit(network, defined, arguments["weights"])  # most define in the order of execution
    first, steps = _traced(network, batches[0])
    used = [name for step in steps for name in step.parameters]
    if fitted and used == defined:
        traced = [(first, steps), *(_traced(network, batch) for batch in batches[1:])]
    else:
        fitted = _fit(network, used, arguments["weights"])
        if not fitted:
            scatter_parameters(network, arguments["seed"])
        traced = [_traced(network, batch) for batch in batches]
    returned = [one for one, _ in traced]
    return {
        "fitted": fitted,
        "returned": kind_of(first),
        "initialised": initialised,
        "n_parameters": sum(1 for _ in network.parameters()),
        "outputs": [as_array(one) if isinstance(one, torch.Tensor) else np.empty(0) for one in returned],
        "passes": [_pass(steps) for _, steps in traced],
    }


def _pass(steps: list[TracedStep]) -> dict[str, Any]:
    weighted = [step for step in steps if step.weighted]
    return {
        "weights": [values for step in steps if step.fixed for values in _fixed(step)],
        "first": as_array(weighted[0].input) if weighted else np.empty(0),
        "last": as_array(weighted[-1].output) if weighted else np.empty(0),
    }


def _fit(network: nn.Module, used: list[str], weights: list[np.ndarray]) -> bool:
    """Load the weights into the parameters used, in order; False when they do not fit one to one."""
    parameters = dict(network.named_parameters(remove_duplicate=False))
    places = [parameters[name] for name in used]
    if len(set(used)) != len(weights) or [tuple(p.shape) for p in places] != [w.shape for w in weights]:
        return False
    with torch.no_grad():
        for parameter, values in zip(places, weights, strict=True):
            parameter.copy_(torch.as_tensor(values))
    return True


OPERATIONS: dict[str, Callable[[ModuleType, dict[str, Any]], dict[str, Any]]] = {
    "execution": execution,
    "parameter_table": parameter_table,
    "initial_parameters": initial_parameters,
    "outputs": outputs,
}
