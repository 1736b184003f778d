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
            logits.register_hook(lambda gradient: self.gradients.__setitem__(call, as_array(gradient, torch.float64)))
        return logits if self._flat else logits.unsqueeze(1)


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


def build_gan(module: ModuleType, disc: nn.Module, gen: nn.Module, zdim: int) -> Any:
    """The student's GAN with both networks replaced, also when its own networks cannot be built."""
    own: dict[str, Any] = {name: vars(module)[name] for name in ("DNet", "GNet") if name in vars(module)}
    vars(module).update({"DNet": lambda *_, **__: disc, "GNet": lambda *_, **__: gen})
    try:
        gan = module.GAN(zdim)
    except Exception:
        gan = module.GAN.__new__(module.GAN)
        gan._dev, gan._zdim = torch.device("cpu"), zdim
    finally:
        for name in ("DNet", "GNet"):
            vars(module).pop(name)
        vars(module).update(own)
    device = getattr(gan, "_dev", torch.device("cpu"))
    gan.disc, gan.gen = disc.to(device), gen.to(device)
    return gan


def _images(pixels: np.ndarray, device: Any) -> Tensor:
    grey = torch.tensor(pixels, dtype=torch.float32, device=device)
    return grey.view(-1, 1, 1, 1).expand(-1, *IMAGE).clone()


def _observe(module: ModuleType, arguments: dict[str, Any], method: str) -> dict[str, Any]:
    z = np.asarray(arguments["z"])
    disc = StandInDiscriminator(float(arguments["logit_scale"]), bool(arguments["flat"]))
    gen = StandInGenerator()
    gan = build_gan(module, disc, gen, z.shape[1])
    device = getattr(gan, "_dev", torch.device("cpu"))
    latents = torch.tensor(z, dtype=torch.float32, device=device)
    batch = [] if method == "_get_loss_g" else [_images(np.asarray(arguments["pixels"]), device)]
    loss = getattr(gan, method)(len(z), *batch, latents)
    return {**_described(loss), **_records(disc, gen)}


def _described(loss: object) -> dict[str, Any]:
    """The returned value and its kind; afterwards the gradients have been computed, if they can be."""
    kind = "tensor" if isinstance(loss, Tensor) else "none" if loss is None else "other"
    value, shape, differentiable = np.full(1, np.nan), [], False
    if isinstance(loss, Tensor):
        value, shape, differentiable = as_array(loss, torch.float64).reshape(-1), list(loss.shape), loss.requires_grad
        if differentiable and loss.numel() == 1:
            loss.backward()
    elif isinstance(loss, int | float | np.number | np.ndarray):
        value, kind = np.asarray(loss, dtype=np.float64).reshape(-1), "number"
    return {"kind": kind, "value": value, "shape": shape, "differentiable": differentiable}


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
