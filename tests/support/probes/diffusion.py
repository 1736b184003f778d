"""Probes of Problem 5: the denoising loss and the Langevin sampler over a score function that records its calls.

Nothing here knows what the right answer would be.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tests.support.probes.arrays import as_array
from tests.support.probes.recorded_score import (
    CannotTake,
    RecordedScore,
    joined,
    random_states,
    restore,
    score_function,
)


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
        values = as_array(value, torch.float64) if isinstance(value, Tensor) else np.asarray(value).astype(np.float64)
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
    states = random_states()
    loss, network, observed = _observe_loss(module, arguments, arrays)
    rng = np.random.Generator(np.random.PCG64([arguments["seed"], call]))
    v = 2.0 * rng.integers(0, 2, size=observed["points"].shape) - 1
    gradient, product, replayed = np.zeros_like(v), np.zeros_like(v), False
    if observed["returned"]["differentiable"] and network.handles:
        gradient, product, replayed = _derivatives(loss, network.handles, v)
    if replayed:
        shifted = _replay(module, arguments, arrays, states, arguments["shift"] * v)
        product = (shifted - gradient) / arguments["shift"]
    return {**observed, "direction": v, "gradient": gradient, "product": product, "replayed": replayed}


def _observe_loss(
    module: ModuleType, arguments: dict[str, Any], arrays: bool
) -> tuple[Any, RecordedScore, dict[str, Any]]:
    """The loss, the network that it called, and what is reported of both."""
    network = RecordedScore(score_function(arguments), module)
    given, before = _arguments(arguments, arrays), _arguments(arguments, arrays=True)
    try:
        loss = module.compute_denoising_loss(network, *given)
    except CannotTake as error:
        network.refused, loss = str(error), None
    changed = [not np.array_equal(np.asarray(one), own) for one, own in zip(given, before, strict=True)]
    reported = {**network.record(), "returned": _returned(loss), "data_changed": changed[0]}
    return loss, network, {**reported, "sigmas_changed": changed[1]}


def _arguments(arguments: dict[str, Any], arrays: bool) -> tuple[Any, Any]:
    """Training data and noise levels in float32: arrays, or tensors, that share their memory with nothing."""
    data, sigmas = (np.array(arguments[name], dtype=np.float32) for name in ("data", "sigmas"))
    return (data, sigmas) if arrays else (torch.tensor(data), torch.tensor(sigmas))


def _replay(
    module: ModuleType, arguments: dict[str, Any], arrays: bool, states: tuple[Any, Any, Any], shift: np.ndarray
) -> np.ndarray:
    """The gradient (R, 2) of the same evaluation, with the same random numbers, at shifted scores."""
    end = random_states()
    restore(states)
    network = RecordedScore(score_function(arguments), module, shift)
    loss = module.compute_denoising_loss(network, *_arguments(arguments, arrays))
    gradient, _, _ = _derivatives(loss, network.handles, np.zeros_like(shift))
    restore(end)
    return gradient


def _derivatives(loss: Tensor, handles: list[Tensor], v: np.ndarray) -> tuple[np.ndarray, np.ndarray, bool]:
    """Gradient and Hessian-vector product of the loss (its mean, if it is a vector) with respect to the scores.

    The last value is True when torch does not differentiate the loss twice, and the product must be had by a replay.
    """
    ends = np.cumsum([len(h) for h in handles])[:-1]
    parts = [torch.as_tensor(one, dtype=h.dtype) for one, h in zip(np.split(v, ends), handles, strict=True)]
    try:
        first = _gradients(loss.mean(), handles, create_graph=True)
    except RuntimeError:  # once differentiable only
        first = _gradients(loss.mean(), handles, retain_graph=True)
        return _filled(first, handles), np.zeros_like(v), True
    gradient = _filled(first, handles)
    used = [(g, part) for g, part in zip(first, parts, strict=True) if g is not None and g.requires_grad]
    if not used:  # linear in the scores, or differentiable once only, which torch does not tell here
        return gradient, np.zeros_like(gradient), True
    try:
        directional = torch.stack([(g * part).sum() for g, part in used]).sum()
        return gradient, _filled(_gradients(directional, handles), handles), False
    except RuntimeError:  # once differentiable only
        return gradient, np.zeros_like(gradient), True


def _gradients(value: Tensor, handles: list[Tensor], **options: bool) -> tuple[Tensor | None, ...]:
    """The gradient with respect to each score; None where it has no influence, or was asked for under no_grad()."""
    followed = [h for h in handles if h.requires_grad]
    found = iter(torch.autograd.grad(value, followed, allow_unused=True, **options) if followed else ())
    return tuple(next(found) if h.requires_grad else None for h in handles)


def _filled(parts: tuple[Tensor | None, ...], handles: list[Tensor]) -> np.ndarray:
    """The parts as one array, with zeros where a score had no influence."""
    arrays = [
        np.zeros(h.shape) if part is None else as_array(part, torch.float64)
        for part, h in zip(parts, handles, strict=True)
    ]
    return joined(arrays, 2)


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
