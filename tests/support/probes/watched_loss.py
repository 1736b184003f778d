"""A loss of the student's GAN, watched while it trains: its gradient, the step that follows, what it depends on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd import grad as gradients_of  # bound here: a student's file may replace what torch has

from tests.support.probes.arrays import as_array
from tests.support.probes.recorded_score import random_states, restore

NETWORKS = ("disc", "gen")
PIXELS = 784
LARGE = 0.1
"""Part of a network's largest derivative from which on a tensor is one that a step moves."""
SHORT = 2e-4
"""Change of the parameters along which a gradient is held against the network: a step of the template's."""
RESOLUTION = 1e-5
"""Change of a value that float32 tells apart, relatively; a smaller one measures nothing."""
_named_parameters = nn.Module.named_parameters  # those that torch knows of, whatever a network says


def parameters_of(network: Any) -> list[nn.Parameter]:
    """The parameters that a network has registered."""
    return [one for _, one in _named_parameters(network)] if isinstance(network, nn.Module) else [*network.parameters()]


def values_of(network: Any) -> np.ndarray:
    """All of them in one vector."""
    return np.concatenate([np.empty(0, np.float32), *(as_array(one).ravel() for one in parameters_of(network))])


@dataclass(frozen=True)
class _Call:
    """A call as it was made: its arguments, the state of the generators and the parameters of both networks."""

    arguments: list[Any]
    named: dict[str, Any]
    states: tuple[Any, Any, Any]
    parameters: dict[str, list[Tensor]]


class WatchedLoss:
    """Replaces a loss of a GAN by one that records, at each evaluation, its network's parameters and their gradient.

    `inputs` are some of that network's, and `digits` the data.
    """

    def __init__(self, gan: Any, name: str, network: str, inputs: Tensor, digits: np.ndarray) -> None:
        self._gan, self._name, self._network, self._inputs = gan, name, network, inputs
        self._known = {one.tobytes() for one in digits > 127}
        self._met: set[bytes] = set()
        self._values: list[np.ndarray] = []
        self._gradients: list[np.ndarray] = []
        self._first: _Call | None = None
        self.slope = math.nan
        self.recognised: list[float] = []
        self._own: Callable[..., Any] = getattr(gan, name)
        setattr(gan, name, self._evaluate)

    @property
    def distinct(self) -> int:
        """How many different images of the data it was given in all."""
        return len(self._met)

    def _evaluate(self, *arguments: Any, **named: Any) -> Any:
        call = self._call(arguments, named) if self._first is None else None
        with _delivered(parameters_of(getattr(self._gan, self._network))) as delivered:
            value = self._own(*arguments, **named)
        if self._record(value, [*arguments, *named.values()], delivered) and call is not None:
            self._first = call
            self.slope = _slope(getattr(self._gan, self._network), self._inputs)
        return value

    def _call(self, arguments: tuple[Any, ...], named: dict[str, Any]) -> _Call:
        def kept(one: Any) -> Any:
            return one.detach().clone() if isinstance(one, Tensor) else one

        networks = {name: getattr(self._gan, name) for name in NETWORKS}
        parameters = {name: [kept(one) for one in parameters_of(network)] for name, network in networks.items()}
        return _Call(
            [kept(one) for one in arguments], {k: kept(v) for k, v in named.items()}, random_states(), parameters
        )

    def _record(self, loss: Any, arguments: list[Any], delivered: list[Tensor | None]) -> bool:
        """Whether the evaluation had a gradient: that of the loss or, if its method goes back itself, what arrived."""
        if isinstance(loss, Tensor) and loss.numel() != 1:
            return False
        parameters = parameters_of(getattr(self._gan, self._network))
        parts = delivered
        if isinstance(loss, Tensor) and loss.requires_grad:
            with suppress(RuntimeError):  # it has gone back already
                parts = _gradients(loss.sum(), parameters)
        if all(part is None or not part.any() for part in parts):
            return False
        filled = [torch.zeros_like(one) if part is None else part for one, part in zip(parameters, parts, strict=True)]
        self._gradients.append(torch.cat([one.detach().flatten().cpu() for one in filled]).numpy())
        self._values.append(values_of(getattr(self._gan, self._network)))
        images = [one for one in arguments if _are_images(one)]
        self.recognised.append(self._share_of_data(images[0]) if images else 0.0)
        return True

    def _share_of_data(self, images: Tensor) -> float:
        """Images are told by where they are bright, in whatever range their values are."""
        values = images.detach().cpu().double().numpy().reshape(len(images), -1)
        bright = values > (values.max() + values.min()) / 2
        met = {one.tobytes() for one in bright} & self._known
        self._met |= met
        return len(met) / max(len(bright), 1)

    def steps(self) -> np.ndarray:
        """After each evaluation, `(k, 3)`: the largest change, the share against the gradient, the tensors left out.

        Only the larger half of a gradient's parts counts; a tensor is left out if none of it changes, though the
        gradient has a large part there.
        """
        network = getattr(self._gan, self._network)
        ends = np.cumsum([one.numel() for one in parameters_of(network)])[:-1]
        following = [*self._values, values_of(network)][1:]
        rows = []
        for before, after, gradient in zip(self._values, following, self._gradients, strict=True):
            change = after.astype(np.float64) - before
            size = np.abs(gradient)
            large = (size > 0) & (size >= np.median(size[size > 0])) if np.any(size > 0) else size > 0
            against = np.mean(np.sign(change[large]) == -np.sign(gradient[large])) if np.any(large) else 0.0
            tensors = zip(np.split(size, ends), np.split(change, ends), strict=True)
            most = LARGE * size.max(initial=0)
            left = sum(1 for part, moved in tensors if part.max(initial=0) >= most > 0 and not np.any(moved))
            rows.append((np.abs(change).max(initial=0), against, left))
        return np.array(rows, dtype=np.float64).reshape(-1, 3)

    def influence(self, fresh: Callable[[], Any]) -> tuple[float, float]:
        """How much the first loss changes, relatively, when the digits that it was given are black: NaN if unknown.

        First as it was called while the network trained, then as a fresh GAN's method, of the same networks, that is
        given nothing but a batch and its latents.
        """
        call = self._first
        if call is None:
            return math.nan, math.nan
        for name in NETWORKS:
            pairs = zip(parameters_of(getattr(self._gan, name)), call.parameters[name], strict=True)
            for parameter, value in pairs:
                parameter.data.copy_(value)

        def as_called(black: bool) -> Any:
            named = {key: self._shown(one, black) for key, one in call.named.items()}
            return self._own(*(self._shown(one, black) for one in call.arguments), **named)

        def as_judged(black: bool) -> Any:
            tensors = [one for one in (*call.arguments, *call.named.values()) if isinstance(one, Tensor)]
            batch, latents = (next(one for one in tensors if _are_images(one) == images) for images in (True, False))
            gan = fresh()
            gan.disc, gan.gen = self._gan.disc, self._gan.gen
            return getattr(gan, self._name)(len(batch), self._shown(batch, black), latents)

        return _change(as_called, call.states), _change(as_judged, call.states)

    def _shown(self, value: Any, black: bool) -> Any:
        """An argument, as a tensor of its own; black in place of images of the data."""
        if not isinstance(value, Tensor):
            return value
        black = black and _are_images(value) and self._share_of_data(value) > 0
        return torch.full_like(value, float(value.min())) if black else value.clone()


def _change(loss: Callable[[bool], Any], states: tuple[Any, Any, Any]) -> float:
    """How much a loss differs, relatively, between its own images and black ones; NaN if it cannot be called."""
    values = []
    try:
        for black in (False, True):
            restore(states)
            value = loss(black)
            values.append(float(value.detach() if isinstance(value, Tensor) else value))
    except Exception:  # a method that can be called only while it trains
        return math.nan
    return abs(values[1] - values[0]) / (1 + abs(values[0]))


def _slope(network: Any, inputs: Tensor) -> float:
    """How steeply what a network makes of inputs changes along its gradient, in units of what that says, or NaN.

    The network is left as it was.
    """
    parameters = [one for one in parameters_of(network) if one.requires_grad]
    before = [one.detach().clone() for one in parameters]

    def measured() -> Tensor:
        torch.manual_seed(0)
        made = network(inputs)
        return (made * torch.rand(made.shape, generator=torch.Generator().manual_seed(1))).sum()

    try:
        with torch.random.fork_rng(), torch.enable_grad():
            here = measured()
            parts = gradients_of(here, parameters, allow_unused=True)
            steps = [
                SHORT * torch.zeros_like(one) if part is None else SHORT * part.sign()
                for one, part in zip(parameters, parts, strict=True)
            ]
            told = 2 * SHORT * sum(float(part.abs().sum()) for part in parts if part is not None)
            ends = []
            for side in (1, -1):
                for one, value, step in zip(parameters, before, steps, strict=True):
                    one.data.copy_(value + side * step)
                ends.append(float(measured().detach()))
    except Exception:  # what a network refuses is left to the training, which tells it
        return math.nan
    finally:
        for one, value in zip(parameters, before, strict=True):
            one.data.copy_(value)
    enough = math.isfinite(told) and told > RESOLUTION * (1 + abs(float(here.detach())))
    return (ends[0] - ends[1]) / told if enough else math.nan


def _are_images(value: Any) -> bool:
    return isinstance(value, Tensor) and value.ndim > 1 and len(value) > 0 and value[0].numel() == PIXELS


def _gradients(loss: Tensor, parameters: list[nn.Parameter]) -> list[Tensor | None]:
    """The gradient with respect to each parameter; None for one that is not trained or has no influence."""
    followed = [one for one in parameters if one.requires_grad]
    found = iter(gradients_of(loss, followed, retain_graph=True, allow_unused=True) if followed else ())
    return [next(found) if one.requires_grad else None for one in parameters]


@contextmanager
def _delivered(parameters: list[nn.Parameter]) -> Iterator[list[Tensor | None]]:
    """What torch brings back to each parameter in this block, summed; None where nothing arrives."""
    arrived: list[Tensor | None] = [None] * len(parameters)

    def receive(place: int, gradient: Tensor) -> None:
        before = arrived[place]
        arrived[place] = gradient.detach().clone() if before is None else before + gradient.detach()

    def receiver(place: int) -> Callable[[Tensor], None]:
        return lambda gradient: receive(place, gradient)

    hooks = [one.register_hook(receiver(place)) for place, one in enumerate(parameters) if one.requires_grad]
    try:
        yield arrived
    finally:
        for hook in hooks:
            hook.remove()
