"""The score function that the probes of Problem 5 hand to a student's code: known in closed form, recording its calls.

It is named by the request and drawn, where it is random, from a generator of its own, so that the student's draws are
untouched.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from types import ModuleType
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from tests.support.probes.arrays import as_array

Score = Callable[[np.ndarray], np.ndarray]


class CannotTake(ValueError):
    """The score function was called with arguments that no score network of this homework can take."""


def score_function(arguments: dict[str, Any]) -> Score:
    """The named score function, x (k, 2) -> (k, 2): a small closed vocabulary.

    `waves` is bounded and different at every point, `linear` is -x, and `signs` is +-amplitude drawn anew at every
    call, so that it is independent of everything the student draws.
    """
    match arguments["score"]:
        case "waves":
            return lambda x: 3 * np.stack([np.cos(3.1 * x[:, 0] + 0.4), np.sin(2.3 * x[:, 1] - 0.7)], axis=1)
        case "linear":
            return lambda x: -x
        case "signs":
            own = np.random.Generator(np.random.PCG64([arguments["seed"], 446]))
            amplitude = arguments["amplitude"]
            return lambda x: amplitude * (2.0 * own.integers(0, 2, size=x.shape) - 1)
    raise KeyError(arguments["score"])


class RecordedScore(nn.Module):
    """Stands in for a ScoreNet: answers with a known score function and records every call.

    Consecutive calls with identical arguments are answered alike and recorded once, with their number in `repeats`.
    `shift` (R, 2) is added to the answers in the order of the rows.
    """

    def __init__(self, score: Score, student: ModuleType, shift: np.ndarray | None = None) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))  # students ask for next(scorenet.parameters()).device
        self._score, self._student, self._shift = score, student, shift
        self._signatures: set[tuple[object, ...]] = set()
        self.points: list[np.ndarray] = []
        self.levels: list[np.ndarray] = []
        self.answers: list[np.ndarray] = []
        self.handles: list[Tensor] = []
        self.repeats: list[int] = []
        self.refused = ""

    def forward(self, x: Any, sigmas: Any) -> Tensor:
        """The score at x (k, 2), whatever the form of sigmas; raises CannotTake."""
        if _is_batched(x) or _is_batched(sigmas):
            return cast(Tensor, _AskedTogether.apply(x, sigmas, self))
        self.note_contract(x, sigmas)
        points = _rows(x)
        levels = _levels(sigmas, len(points), self)
        repeated = (
            bool(self.points)
            and self.points[-1].shape == points.shape
            and np.array_equal(self.points[-1], points)
            and np.array_equal(self.levels[-1], levels)
        )
        if repeated:
            self.repeats[-1] += 1
            answer = self.answers[-1]
        else:
            answer = self._score(points)
            if self._shift is not None:
                first = sum(map(len, self.points))
                answer = answer + self._shift[first : first + len(points)]
            self.points.append(points)
            self.levels.append(levels)
            self.repeats.append(1)
        dtype = x.dtype if x.dtype.is_floating_point else self.scale.dtype
        handle = torch.as_tensor(answer, dtype=dtype) * self.scale.to(dtype)
        if not repeated:
            self.answers.append(as_array(handle, torch.float64))
            self.handles.append(handle)
        elif torch.is_grad_enabled() and not self.handles[-1].requires_grad:
            self.handles[-1] = handle
        handle = self.handles[-1]
        return handle.clone()  # an in-place operation on the answer must not touch what is differentiated

    def note_contract(self, x: Any, sigmas: Any) -> None:
        """At each new kind of call, note in `refused` when neither the course's network nor the student's takes it."""
        signature: tuple[object, ...] = (
            type(x),
            getattr(x, "dtype", None),
            np.ndim(x),
            type(sigmas),
            getattr(sigmas, "dtype", None),
        )
        signature += (np.ndim(sigmas), np.shape(sigmas)[:1] == np.shape(x)[:1], np.shape(sigmas)[1:], len(np.shape(x)))
        if signature in self._signatures:
            return
        self._signatures.add(signature)
        if _course_network_takes(x, sigmas, self.scale.dtype) or _own_network_takes(self._student, x, sigmas):
            return
        self.refused = self.refused or f"x {_kind(x)}, sigma {_kind(sigmas)}"

    def record(self) -> dict[str, Any]:
        """The calls as arrays: one row for each point at which the score was asked for."""
        return {
            "points": joined(self.points, 2),
            "levels": np.concatenate([np.zeros(0), *self.levels]),
            "scores": joined(self.answers, 2),
            "sizes": np.array([len(points) for points in self.points], dtype=np.int64),
            "repeats": np.array(self.repeats, dtype=np.int64),
            "refused": self.refused,
        }


class _AskedTogether(torch.autograd.Function):
    """The calls that `torch.vmap` makes for all samples at once: asked, and recorded, as one call for all of them."""

    @staticmethod
    def forward(x: Any, sigmas: Any, network: RecordedScore) -> Tensor:
        """Never runs: there is always a dimension to be mapped over."""
        raise NotImplementedError

    @staticmethod
    def setup_context(context: Any, inputs: Any, output: Any) -> None:
        """Keep nothing: the call that is made instead is differentiated."""

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], x: Any, sigmas: Any, network: RecordedScore) -> tuple[Tensor, int]:
        """The scores of all samples, (samples, ...) as x is, with the dimension that is mapped over first."""
        points, levels = (
            one.movedim(dim, 0) if dim is not None else torch.as_tensor(one).expand(info.batch_size, *np.shape(one))
            for one, dim in zip((x, sigmas), in_dims[:2], strict=True)
        )
        network.note_contract(points[0], levels[0])
        rows = points.reshape(-1, points.shape[-1])
        column = levels.reshape(len(levels), -1).expand(-1, len(rows) // len(levels)).reshape(-1, 1)
        return network(rows, column).reshape(points.shape), 0


def _is_batched(value: Any) -> bool:
    """Whether `torch.vmap` maps over a tensor: it has no values of its own then. Nothing public tells it."""
    return isinstance(value, Tensor) and torch._C._functorch.is_batchedtensor(value)


def _rows(x: Any) -> np.ndarray:
    if not isinstance(x, Tensor) or x.ndim != 2 or x.shape[1] != 2:
        raise CannotTake(f"the score network was called with x {_kind(x)}; it takes a tensor of shape (N, 2)")
    return as_array(x, torch.float64)


def _levels(sigmas: Any, k: int, network: RecordedScore) -> np.ndarray:
    """The noise level of each of the k rows, (k,)."""
    values = as_array(sigmas, torch.float64) if isinstance(sigmas, Tensor) else np.asarray(sigmas).astype(np.float64)
    if values.size == 1:
        return np.full(k, values.item())
    if values.size == k:
        return values.reshape(k).copy()
    if values.shape == (k, 2):
        return values[:, 0].copy()
    raise CannotTake(f"the score network was called with sigma {_kind(sigmas)} for {k} points")


def _course_network_takes(x: Any, sigmas: Any, dtype: torch.dtype) -> bool:
    """Whether the released network's forward, over a 3 -> 2 linear layer of this dtype, runs on these arguments."""
    try:
        with torch.no_grad():
            column = torch.tensor(sigmas) if isinstance(sigmas, (int, float)) else sigmas
            if column.dim() == 0:
                column = column.reshape(1, 1).repeat(len(x), 1)
            output = nn.functional.linear(torch.cat([x, column], dim=1), torch.zeros(2, 3, dtype=dtype)) / column
            return tuple(output.shape) == tuple(x.shape)
    except Exception:  # whatever it raises means the same: it cannot take this call
        return False


def _own_network_takes(student: ModuleType, x: Any, sigmas: Any) -> bool:
    """Whether the student's own ScoreNet takes this call; while there is none, the template's forward decides."""
    generators = random_states()
    try:
        network = student.ScoreNet()
        next(network.parameters())
    except Exception:  # not implemented, or wrong: judged in 5.1
        network = None
    finally:
        restore(generators)
    try:
        with torch.no_grad():
            if network is not None:
                return tuple(network(x, sigmas).shape) == tuple(x.shape)
            column = torch.as_tensor(sigmas, dtype=x.dtype).expand(len(x), 1)
            nn.functional.linear(torch.cat([x, column], dim=1), torch.zeros(2, 3))
            return True
    except Exception:
        return False


def _kind(value: Any) -> str:
    """An argument as a reader of torch would describe it: (5, 2) float32."""
    if isinstance(value, (Tensor, np.ndarray)):
        array = "" if isinstance(value, Tensor) else "numpy array "
        return f"{array}{tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}"
    return f"of type {type(value).__name__}"


def joined(parts: list[np.ndarray], columns: int) -> np.ndarray:
    """The parts below each other; a table without rows when there are none."""
    return np.concatenate([np.zeros((0, columns)), *parts])


def random_states() -> tuple[Any, Any, Any]:
    """The states of the three generators that students use."""
    return torch.get_rng_state(), np.random.get_state(), random.getstate()


def restore(states: tuple[Any, Any, Any]) -> None:
    """Set the three generators back to these states."""
    torch.set_rng_state(states[0])
    np.random.set_state(states[1])
    random.setstate(states[2])
