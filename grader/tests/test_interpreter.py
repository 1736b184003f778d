"""The interpreter says of executed operations what torch computes, within its own bound, and knows their parameters."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
import torch
from torch import nn

from tests.hidden import oracles
from tests.support.homework.handout import DNET_SHAPES, TABLE_1, TABLE_2, gnet_shapes
from tests.support.homework.networks import LAYOUTS
from tests.support.judging import interpreter
from tests.support.judging.interpreter import Misfit, Unknown
from tests.support.judging.tables import read
from tests.support.observed.networks import Operation
from tests.support.probes.networks import execution, outputs


class Module:
    """Stands for a student's file with one network."""

    def __init__(self, make: object) -> None:
        self.Net = make


IMAGES = {
    "table 1": lambda: nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2), nn.Conv2d(4, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(200, 1),
    ),
    "padding": lambda: nn.Sequential(nn.Conv2d(1, 3, 3, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(2700, 1)),
    "stride": lambda: nn.Sequential(nn.Conv2d(1, 3, 5, stride=2), nn.Tanh(), nn.Flatten(), nn.Linear(432, 2)),
    "dilation": lambda: nn.Sequential(nn.Conv2d(1, 4, 3, dilation=2), nn.Conv2d(4, 4, 3, groups=2)),
    "no bias": lambda: nn.Sequential(nn.Conv2d(1, 4, (3, 1), bias=False), nn.LeakyReLU(0.3)),
    "max pool": lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(3, stride=2, padding=1)),
    "average": lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.AvgPool2d(2), nn.Sigmoid()),
    "nearest": lambda: nn.Sequential(nn.Upsample(scale_factor=3), nn.Conv2d(1, 2, 3)),
    "bilinear": lambda: nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(1, 2, 3)),
    "corners": lambda: nn.Sequential(
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True), nn.Conv2d(1, 2, 3)
    ),
    "batch norm": lambda: nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 1, 3)),
    "reflection": lambda: nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(1, 2, 3), nn.ReplicationPad2d(2)),
    "activations": lambda: nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.Softplus(beta=10), nn.ELU(0.7), nn.SELU(), nn.SiLU(), nn.Mish(), nn.LogSigmoid(),
        nn.Hardtanh(-2, 0.5), nn.GELU(), nn.Softplus(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", IMAGES)
def test_it_computes_what_torch_computes_and_no_more_is_allowed_than_a_hundredth(name: str, seed: int) -> None:
    """Shapes of parameters, values and error: torch is within the bound, and the bound tells a change of 1%."""
    images = np.random.Generator(np.random.PCG64(seed)).uniform(-1, 1, (3, 1, 28, 28)).astype(np.float32)
    module, network = Module(IMAGES[name]), {"network": "Net", "inputs": [images]}
    seen = execution(module, network)  # type: ignore[arg-type]
    steps = [msgspec.convert(step, Operation, strict=False) for step in seen["steps"]]
    shapes = [tuple(parameter.shape) for parameter in IMAGES[name]().parameters()]
    assert interpreter.parameter_shapes(steps, images) == shapes
    weights = oracles.random_weights(shapes, np.random.Generator(np.random.PCG64(seed + 9)))
    answer = outputs(module, {"network": "Net", "inputs": [[images]], "weights": weights, "seed": 0})  # type: ignore[arg-type]
    assert answer["fitted"]
    made = interpreter.outputs(steps, weights, images)
    assert np.all(np.abs(made.value - answer["outputs"][0]) <= made.error)
    assert float(np.median(made.error)) < 1e-2 * float(np.abs(made.value).max())
    with pytest.raises(Misfit):
        interpreter.outputs(steps, [*weights, weights[0]], images)


def test_an_operation_without_a_formula_is_named() -> None:
    module = Module(lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.Dropout()))
    images = torch.rand(2, 1, 28, 28).numpy()
    seen = execution(module, {"network": "Net", "inputs": [images]})  # type: ignore[arg-type]
    steps = [msgspec.convert(step, Operation, strict=False) for step in seen["steps"]]
    with pytest.raises(Unknown, match="dropout"):
        interpreter.parameter_shapes(steps, images)


@pytest.mark.parametrize(
    ("operation", "lie"),
    [
        ("conv2d", {"out_channels": 10**9}),
        ("conv2d", {"padding": [10**5, 10**5]}),
        ("upsample", {"numbers": np.array([1e5, 1e5])}),
        ("constant_pad_nd", {"numbers": np.full(4, 1e5)}),
    ],
)
def test_sizes_that_nobody_needs_are_not_computed(operation: str, lie: dict[str, object]) -> None:
    """What a process tells of its network may be a lie: the judge would spend all its time and memory on it."""
    layers = nn.Sequential(nn.ConstantPad2d(1, 0.0), nn.Conv2d(1, 2, 3), nn.Upsample(scale_factor=2))
    images = torch.rand(2, 1, 28, 28).numpy()
    seen = execution(Module(lambda: layers), {"network": "Net", "inputs": [images]})  # type: ignore[arg-type]
    steps = [msgspec.convert(step, Operation, strict=False) for step in seen["steps"]]
    assert {step.operation for step in steps} == {"constant_pad_nd", "conv2d", "upsample"}
    changed = [msgspec.structs.replace(step, **lie) if step.operation == operation else step for step in steps]
    interpreter.parameter_shapes(steps, images)
    with pytest.raises(Unknown, match="so large a size"):
        interpreter.parameter_shapes(changed, images)


@pytest.mark.parametrize(
    "lie", [{"padding": [1]}, {"kernel": [3]}, {"kernel": [3, 3, 3]}, {"stride": []}, {"dilation": [1]}, {"groups": 9}]
)
def test_sizes_that_contradict_each_other_are_unknown(lie: dict[str, object]) -> None:
    images = torch.rand(2, 1, 8, 8).numpy()
    seen = execution(Module(lambda: nn.Conv2d(1, 2, 3)), {"network": "Net", "inputs": [images]})  # type: ignore[arg-type]
    (step,) = (msgspec.convert(step, Operation, strict=False) for step in seen["steps"])
    weights = [np.ones(shape, np.float32) for shape in interpreter.parameter_shapes([step], images)]
    with pytest.raises((Unknown, Misfit)):
        interpreter.outputs([msgspec.structs.replace(step, **lie)], weights, images)
    for name, size in (("groups", 0), ("out_channels", -1), ("stride", [0, 0]), ("kernel", [2**50, 3])):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(seen["steps"][0] | {name: size}, Operation, strict=False)


class Generator(nn.Module):
    """Table 2, whose reshape reads the axes in a given order."""

    def __init__(self, axes: tuple[int, int, int]) -> None:
        super().__init__()
        self.axes = axes
        convolutions = [nn.Conv2d(a, b, 3, padding=1) for a, b in ((32, 16), (16, 8), (8, 1))]
        self.layers = nn.ModuleList([nn.Linear(6, 1568), *convolutions])

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Images of latents."""
        leaky, up = nn.LeakyReLU(0.2), nn.Upsample(scale_factor=2)
        first, second, third, last = self.layers
        flat, sizes = leaky(first(z)), (32, 7, 7)
        stored = flat.view(len(z), *(sizes[axis] for axis in self.axes))
        x = stored.permute(0, *(1 + self.axes.index(axis) for axis in range(3)))
        x = leaky(third(up(leaky(second(up(x))))))
        return torch.sigmoid(last(x))


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda one: one.name)
def test_every_layout_reproduces_its_own_images_and_no_other(layout: interpreter.Layout) -> None:
    module = Module(lambda: Generator(layout.axes))
    z = np.random.Generator(np.random.PCG64(5)).uniform(-1, 1, (2, 6)).astype(np.float32)
    seen = execution(module, {"network": "Net", "inputs": [z]})  # type: ignore[arg-type]
    steps = [msgspec.convert(step, Operation, strict=False) for step in seen["steps"]]
    compared = read(steps, TABLE_2, z, seen["output"], "Table 2")
    assert compared.differences == ()
    weights = oracles.random_weights(gnet_shapes(6), np.random.Generator(np.random.PCG64(3)))
    answer = outputs(module, {"network": "Net", "inputs": [[z]], "weights": weights, "seed": 0})  # type: ignore[arg-type]
    alike = []
    for one in LAYOUTS:
        made = interpreter.outputs(compared.executed, weights, z, one)
        if np.all(np.abs(made.value - answer["outputs"][0]) <= made.error):
            alike.append(one)
    assert alike == [layout]


def test_tables_are_interpreted_as_the_closed_forms_compute_them() -> None:
    """Two independent forms of one network: the table's rows as operations, and the oracle."""
    module = Module(IMAGES["table 1"])
    images = np.random.Generator(np.random.PCG64(1)).uniform(-1, 1, (2, 1, 28, 28)).astype(np.float32)
    seen = execution(module, {"network": "Net", "inputs": [images]})  # type: ignore[arg-type]
    steps = [msgspec.convert(step, Operation, strict=False) for step in seen["steps"]]
    compared = read(steps, TABLE_1, images, seen["output"], "Table 1")
    weights = oracles.random_weights(DNET_SHAPES, np.random.Generator(np.random.PCG64(2)))
    made = interpreter.outputs(compared.executed, weights, images)
    assert np.allclose(made.value, oracles.dnet(weights, images), rtol=0, atol=1e-12)
