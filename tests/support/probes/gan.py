"""Observations of the two GAN losses, with stand-ins for both networks whose logits and gradients are recorded.

The stand-in discriminator's logit is `logit_scale * (2 * first pixel - 1)`; the first pixel of a stand-in generator's
image is `theta * (z[0] + 1) / 2`, with theta = 1. So a loss is observed whatever the student's own networks do.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tests.support.probes.arrays import as_array

IMAGE = (1, 28, 28)


class StandInDiscriminator(nn.Module):  # torch is not typed here
    """Scores an image by its first pixel; records every call with the gradient that comes back (0 when none does).

    `flat` is whether the logits are `(N,)` instead of `(N, 1)`.
    """

    def __init__(self, logit_scale: float, flat: bool) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))
        self._scale, self._flat = logit_scale, flat
        self.pixels: list[np.ndarray] = []
        self.logits: list[np.ndarray] = []
        self.gradients: list[np.ndarray] = []
        self.backpropagated = False

    def forward(self, images: Tensor) -> Tensor:
        """The logits of the images."""
        pixels = images.flatten(start_dim=1)[:, 0]
        logits = self.gain * self._scale * (2 * pixels - 1)
        call = len(self.pixels)
        self.pixels.append(as_array(pixels, torch.float64))
        self.logits.append(as_array(logits, torch.float64))
        self.gradients.append(np.zeros(len(logits)))
        if logits.requires_grad:
            # A hook sees the gradient of the logits as they are now, whatever is done to them in place later.
            logits.register_hook(lambda gradient: self._keep(call, gradient))
        return logits if self._flat else logits.unsqueeze(1)

    def _keep(self, call: int, gradient: Tensor) -> None:
        self.backpropagated = True
        self.gradients[call] = self.gradients[call] + as_array(gradient, torch.float64)

    def forget(self) -> None:
        """Forget every call."""
        self.backpropagated = False
        self.pixels.clear()
        self.logits.clear()
        self.gradients.clear()


class StandInGenerator(nn.Module):  # torch is not typed here
    """Draws images of one grey value, given by the first coordinate of z; records the latents."""

    def __init__(self) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.ones(()))
        self.latents: list[np.ndarray] = []

    def forward(self, z: Tensor) -> Tensor:
        """The images of the latents z."""
        self.latents.append(as_array(z, torch.float64))
        grey = self.theta * (z[:, 0] + 1) / 2
        return grey.view(-1, 1, 1, 1).expand(-1, *IMAGE).clone()


def build_gan(module: ModuleType, disc: nn.Module, gen: nn.Module, zdim: int) -> tuple[Any, Exception | None]:
    """The student's GAN with both networks replaced; the exception, if its `__init__` ran with no networks at all.

    An `__init__` that checks, scripts or tries out its networks may take no stand-ins: it gets its own networks, which
    are replaced afterwards.
    """
    failure = None
    for build in (lambda: _with_stand_ins(module, disc, gen, zdim), lambda: module.GAN(zdim), module.GAN):
        try:
            gan = build()
            break
        except Exception as error:
            failure = failure or error
    else:
        gan = module.GAN.__new__(module.GAN)
        gan._dev, gan._zdim = torch.device("cpu"), zdim
        gan.disc, gan.gen = disc, gen
        return gan, failure
    device = getattr(gan, "_dev", torch.device("cpu"))
    # A network may be held under a second name.
    own = {"disc": getattr(gan, "disc", None), "gen": getattr(gan, "gen", None)}
    for name, stand_in in (("disc", disc.to(device)), ("gen", gen.to(device))):
        held = {**vars(gan), **vars(gan).get("_modules", {})}
        others = [other for other, value in held.items() if value is own[name] is not None]
        for place in (name, *others):
            setattr(gan, place, stand_in)
    return gan, None


def _with_stand_ins(module: ModuleType, disc: nn.Module, gen: nn.Module, zdim: int) -> Any:
    own: dict[str, Any] = {name: vars(module)[name] for name in ("DNet", "GNet") if name in vars(module)}
    vars(module).update({"DNet": lambda *_, **__: disc, "GNet": lambda *_, **__: gen})
    try:
        return module.GAN(zdim)
    finally:
        for name in ("DNet", "GNet"):
            vars(module).pop(name)
        vars(module).update(own)


def _images(pixels: np.ndarray, device: Any) -> Tensor:
    grey = torch.tensor(pixels, dtype=torch.float32, device=device)
    return grey.view(-1, 1, 1, 1).expand(-1, *IMAGE).clone()


def _observe(module: ModuleType, arguments: dict[str, Any], method: str) -> dict[str, Any]:
    z = np.asarray(arguments["z"])
    disc = StandInDiscriminator(float(arguments["logit_scale"]), bool(arguments["flat"]))
    gen = StandInGenerator()
    gan, failure = build_gan(module, disc, gen, z.shape[1])
    disc.forget()
    gen.latents.clear()
    torch.manual_seed(arguments["seed"])  # the student's `__init__` may have seeded
    device = getattr(gan, "_dev", torch.device("cpu"))
    latents = torch.tensor(z, dtype=torch.float32, device=device)
    batch = [] if method == "_get_loss_g" else [_images(np.asarray(arguments["pixels"]), device)]
    try:
        loss = getattr(gan, method)(len(z), *batch, latents)
    except AttributeError as error:
        raise failure or error from None  # the attribute would have been made by the `__init__` that raised
    described = _described(loss)
    inside = described["differentiable"] and loss.numel() == 1 and _go_back(loss, disc, gen)
    if disc.backpropagated and not described["differentiable"] and described["value"].size == 1:
        # Its method has done all that a training needs; the number that it returns is for printing.
        described, inside = {**described, "kind": "tensor", "shape": [], "differentiable": True}, True
    return {**described, "backpropagated": inside, **_records(disc, gen)}


def _described(loss: object) -> dict[str, Any]:
    """The returned value, its kind and its shape."""
    kind = "tensor" if isinstance(loss, Tensor) else "none" if loss is None else "other"
    value, shape, differentiable = np.full(1, np.nan), [], False
    if isinstance(loss, Tensor):
        value, shape, differentiable = as_array(loss, torch.float64).reshape(-1), list(loss.shape), loss.requires_grad
    elif isinstance(loss, int | float | np.number | np.ndarray):
        value, kind = np.asarray(loss, dtype=np.float64).reshape(-1), "number"
    return {"kind": kind, "value": value, "shape": shape, "differentiable": differentiable}


def _go_back(loss: Tensor, disc: StandInDiscriminator, gen: StandInGenerator) -> bool:
    """Backpropagate the loss; whether its own method had done so, and only what that left can be had."""
    before, theta = disc.gradients[:], gen.theta.grad
    if not disc.backpropagated:
        loss.backward()
        return False
    disc.gradients[:] = [np.zeros_like(gradient) for gradient in before]
    gen.theta.grad = None
    try:
        loss.backward()
    except RuntimeError:  # the graph is gone
        disc.gradients[:], gen.theta.grad = before, theta
        return True
    return False


def _records(disc: StandInDiscriminator, gen: StandInGenerator) -> dict[str, Any]:
    theta = gen.theta.grad
    return {
        "pixels": np.concatenate([np.empty(0), *disc.pixels]),
        "logits": np.concatenate([np.empty(0), *disc.logits]),
        "gradients": np.concatenate([np.empty(0), *(gradient.reshape(-1) for gradient in disc.gradients)]),
        "latents": list(gen.latents),
        "theta_gradient": np.array(np.nan if theta is None else float(theta)),
    }


def discriminator_loss(module: ModuleType, arguments: dict[str, Any]) -> dict[str, Any]:
    """`_get_loss_d` for images of the grey values `pixels` `(N,)` and latents `z` `(N, zdim)`."""
    return _observe(module, arguments, "_get_loss_d")


def generator_loss(module: ModuleType, arguments: dict[str, Any]) -> dict[str, Any]:
    """`_get_loss_g` for latents `z` `(N, zdim)`."""
    return _observe(module, arguments, "_get_loss_g")


OPERATIONS: dict[str, Callable[[ModuleType, dict[str, Any]], dict[str, Any]]] = {
    "discriminator_loss": discriminator_loss,
    "generator_loss": generator_loss,
}
