"""What is observed of many networks, or of one with given weights, does not depend on how few passes are traced."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from tests.support.probes import networks

INPUT = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)


class Plain(nn.Module):
    """Two layers, defined in the order of their execution."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(3, 4), nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(torch.relu(self.first(x)))


class Backwards(nn.Module):
    """The same, defined in the other order."""

    def __init__(self) -> None:
        super().__init__()
        self.second, self.first = nn.Linear(4, 2), nn.Linear(3, 4)

    forward = Plain.forward


class Square(Backwards):
    """Layers of one shape, in the other order: only a pass tells which weights come first."""

    def __init__(self) -> None:
        super().__init__()
        self.second, self.first = nn.Linear(3, 3), nn.Linear(3, 3)


class Normed(Plain):
    """Weights that are made of parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.first = weight_norm(self.first)


class LateInitialisation(Plain):
    """Parameters that get their values in the first pass."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            self.first.weight.fill_(0.5)
        return super().forward(x)


class Growing(Plain):
    """Each network has a wider layer than the last."""

    width = 4

    def __init__(self) -> None:
        super().__init__()
        self.second = nn.Linear(4, 2, bias=Growing.width % 2 == 0)
        Growing.width += 1


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> list[nn.Module]:
    """The networks of which a pass was traced."""
    seen: list[nn.Module] = []
    own = networks._traced

    def counted(network: nn.Module, inputs: list[Any]) -> Any:
        seen.append(network)
        return own(network, inputs)

    monkeypatch.setattr(networks, "_traced", counted)
    return seen


def observed(operation: str, network: type[nn.Module], **arguments: Any) -> dict[str, Any]:
    module = ModuleType("made")
    vars(module)[network.__name__] = network
    torch.manual_seed(3)
    return networks.OPERATIONS[operation](module, {"network": network.__name__, "seed": 1, **arguments})


@pytest.mark.parametrize(
    ("network", "passes"), [(Plain, 1), (Backwards, 1), (Normed, 4), (LateInitialisation, 4), (Growing, 4)]
)
def test_of_many_networks_one_is_traced_if_their_passes_run_the_parameters_themselves(
    network: type[nn.Module], passes: int, traced: list[nn.Module], monkeypatch: pytest.MonkeyPatch
):
    fewer = observed("initial_parameters", network, inputs=[INPUT], count=4)
    assert len(traced) == passes
    own = networks._executed_parameters
    monkeypatch.setattr(networks, "_executed_parameters", lambda *given: (own(*given)[0], {}))
    every = observed("initial_parameters", network, inputs=[INPUT], count=4)
    assert [one["name"] for one in fewer["parameters"]] == [one["name"] for one in every["parameters"]]
    for one, other in zip(fewer["parameters"], every["parameters"], strict=True):
        assert np.array_equal(one["values"], other["values"])


@pytest.mark.parametrize(("network", "passes"), [(Plain, 2), (Backwards, 3), (Square, 3), (Normed, 3)])
def test_given_weights_belong_to_the_operations_in_the_order_of_execution(
    network: type[nn.Module], passes: int, traced: list[nn.Module]
):
    rng = np.random.default_rng(0)
    shapes = [(3, 3), (3,), (3, 3), (3,)] if network is Square else [(4, 3), (4,), (2, 4), (2,)]
    weights = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
    seen = observed("outputs", network, inputs=[[INPUT], [INPUT[:1]]], weights=weights)
    assert len(traced) == passes
    assert seen["fitted"] == (network is not Normed)
    if seen["fitted"]:
        wanted = np.maximum(INPUT @ weights[0].T + weights[1], 0) @ weights[2].T + weights[3]
        assert np.allclose(seen["outputs"][0], wanted, atol=1e-5)
        assert [one.shape for one in seen["passes"][1]["weights"]] == shapes
