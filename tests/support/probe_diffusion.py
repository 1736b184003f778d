"""Probes of Problem 5: the denoising loss and the Langevin sampler over a score function that records its calls.

The score function is named by the request and drawn, where it is random, from a generator of its own, so that the
student's draws are untouched. Nothing here knows what the right answer would be.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

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
        self._note_contract(x, sigmas)
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
            self.answers.append(handle.detach().numpy().astype(np.float64))
            self.handles.append(handle)
        elif torch.is_grad_enabled() and not self.handles[-1].requires_grad:
            self.handles[-1] = handle
        handle = self.handles[-1]
        return handle.clone()  # an in-place operation on the answer must not touch what is differentiated

    def _note_contract(self, x: Any, sigmas: Any) -> None:
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
            "points": _joined(self.points, 2),
            "levels": np.concatenate([np.zeros(0), *self.levels]),
            "scores": _joined(self.answers, 2),
            "sizes": np.array([len(points) for points in self.points], dtype=np.int64),
            "repeats": np.array(self.repeats, dtype=np.int64),
            "refused": self.refused,
        }


def _rows(x: Any) -> np.ndarray:
    if not isinstance(x, Tensor) or x.ndim != 2 or x.shape[1] != 2:
        raise CannotTake(f"the score network was called with x {_kind(x)}; it takes a tensor of shape (N, 2)")
    return x.detach().cpu().numpy().astype(np.float64)  # a copy: x may be changed in place later


def _levels(sigmas: Any, k: int, network: RecordedScore) -> np.ndarray:
    """The noise level of each of the k rows, (k,)."""
    values = sigmas.detach().cpu().numpy() if isinstance(sigmas, Tensor) else np.asarray(sigmas)
    values = values.astype(np.float64)
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
    generators = _random_states()
    try:
        network = student.ScoreNet()
        next(network.parameters())
    except Exception:  # not implemented, or wrong: judged in 5.1
        network = None
    finally:
        _restore(generators)
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


def _joined(parts: list[np.ndarray], columns: int) -> np.ndarray:
    return np.concatenate([np.zeros((0, columns)), *parts])


def _random_states() -> tuple[Any, Any, Any]:
    return torch.get_rng_state(), np.random.get_state(), random.getstate()


def _restore(states: tuple[Any, Any, Any]) -> None:
    torch.set_rng_state(states[0])
    np.random.set_state(states[1])
    random.setstate(states[2])


def _with_tensors_or_arrays(run: Callable[[bool], Any]) -> Any:
    """The run with torch tensors, as `main` passes them; with numpy arrays, as a docstring may say, if that raises."""
    try:
        return run(False)
    except NotImplementedError:
        raise
    except Exception as error:  # judged below: only the first failure is the student's
        try:
            return run(True)
        except Exception:
            raise error from None


def _returned(value: Any) -> dict[str, Any]:
    """What a function returned: its type, shape, values in float64, and whether it carries a gradient."""
    numeric = isinstance(value, (Tensor, np.ndarray, float, int, np.generic)) and not isinstance(value, bool)
    values = np.zeros(0)
    if numeric:
        values = (value.detach().cpu().numpy() if isinstance(value, Tensor) else np.asarray(value)).astype(np.float64)
    return {
        "kind": "Tensor" if isinstance(value, Tensor) else type(value).__name__,
        "shape": list(np.shape(values)) if numeric else [len(value)] if isinstance(value, (list, tuple)) else [],
        "values": values,
        "differentiable": isinstance(value, Tensor) and value.requires_grad,
    }


def denoising_loss(module: ModuleType, arguments: dict[str, Any]) -> dict[str, Any]:
    """`calls` evaluations of compute_denoising_loss, with the derivatives with respect to the scores it was given."""
    return _with_tensors_or_arrays(
        lambda arrays: {
            "evaluations": [_evaluate(module, arguments, call, arrays) for call in range(arguments["calls"])]
        }
    )


def _evaluate(module: ModuleType, arguments: dict[str, Any], call: int, arrays: bool) -> dict[str, Any]:
    """One evaluation: loss, recorded calls, gradient g (R, 2) and the product H v (R, 2) with v of +-1."""
    score = score_function(arguments)
    data, sigmas = (np.array(arguments[name], dtype=np.float32) for name in ("data", "sigmas"))
    given = (data.copy(), sigmas.copy()) if arrays else (torch.tensor(data), torch.tensor(sigmas))
    states = _random_states()
    network = RecordedScore(score, module)
    try:
        loss = module.compute_denoising_loss(network, *given)
    except CannotTake as error:
        network.refused, loss = str(error), None
    observed = {**network.record(), "returned": _returned(loss)}
    after = [np.asarray(one) for one in given]
    observed["data_changed"] = not np.array_equal(after[0], data)
    observed["sigmas_changed"] = not np.array_equal(after[1], sigmas)
    v = (
        2.0
        * np.random.Generator(np.random.PCG64([arguments["seed"], call])).integers(
            0, 2, size=(len(observed["points"]), 2)
        )
        - 1
    )
    observed["direction"] = v
    gradient, product = np.zeros_like(v), np.zeros_like(v)
    replayed = False
    if observed["returned"]["differentiable"] and network.handles:
        handles = network.handles
        gradient, product, replayed = _derivatives(loss, handles, v)
        if replayed:
            end = _random_states()
            _restore(states)
            shifted = RecordedScore(score, module, shift=arguments["shift"] * v)
            again = module.compute_denoising_loss(
                shifted, *(given if arrays else (torch.tensor(data), torch.tensor(sigmas)))
            )
            product = (_derivatives(again, shifted.handles, v)[0] - gradient) / arguments["shift"]
            _restore(end)
    return {**observed, "gradient": gradient, "product": product, "replayed": replayed}


def _derivatives(loss: Tensor, handles: list[Tensor], v: np.ndarray) -> tuple[np.ndarray, np.ndarray, bool]:
    """Gradient and Hessian-vector product of the loss (its mean, if it is a vector) with respect to the scores.

    The last value is True when the loss cannot be differentiated twice, and the product must be had by a replay.
    """
    ends = np.cumsum([len(h) for h in handles])[:-1]
    parts = [torch.as_tensor(one, dtype=h.dtype) for one, h in zip(np.split(v, ends), handles, strict=True)]
    try:
        first = torch.autograd.grad(loss.mean(), handles, create_graph=True, allow_unused=True)
    except RuntimeError:  # once differentiable only
        first = torch.autograd.grad(loss.mean(), handles, retain_graph=True, allow_unused=True)
        return _filled(first, handles), np.zeros_like(v), True
    gradient = _filled(first, handles)
    used = [(g, part) for g, part in zip(first, parts, strict=True) if g is not None and g.requires_grad]
    if not used:
        return gradient, np.zeros_like(gradient), False
    try:
        directional = torch.stack([(g * part).sum() for g, part in used]).sum()
        return gradient, _filled(torch.autograd.grad(directional, handles, allow_unused=True), handles), False
    except RuntimeError:  # once differentiable only
        return gradient, np.zeros_like(gradient), True


def _filled(parts: tuple[Tensor | None, ...], handles: list[Tensor]) -> np.ndarray:
    """The parts as one array, with zeros where a score had no influence."""
    arrays = [
        np.zeros(h.shape) if part is None else part.detach().numpy(force=True).astype(np.float64)
        for part, h in zip(parts, handles, strict=True)
    ]
    return _joined(arrays, 2)


def langevin(module: ModuleType, arguments: dict[str, Any]) -> dict[str, Any]:
    """One run of langevin_dynamics_sample, with the recorded calls and what it returned."""
    return _with_tensors_or_arrays(lambda arrays: _sample(module, arguments, arrays))


def _sample(module: ModuleType, arguments: dict[str, Any], arrays: bool) -> dict[str, Any]:
    network = RecordedScore(score_function(arguments), module)
    before = np.array(arguments["sigmas"], dtype=np.float32)
    sigmas: Any = before.copy() if arrays else torch.tensor(before)
    try:
        result = module.langevin_dynamics_sample(
            network,
            arguments["n_samples"],
            sigmas,
            iterations=arguments["iterations"],
            eps=arguments["eps"],
            return_traj=arguments["return_traj"],
        )
    except CannotTake as error:
        network.refused, result = str(error), None
    return {
        **network.record(),
        "returned": _returned(result),
        "sigmas_changed": not np.array_equal(np.asarray(sigmas), before),
        "parameter_gradient": network.scale.grad is not None,
    }


OPERATIONS = {"denoising_loss": denoising_loss, "langevin": langevin}
