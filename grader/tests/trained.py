"""Hand-ins with something trained, made for a test: the reference's sources, a variation, and artifacts beside them."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from grader.project import REFERENCE
from tests.support.advice import pattern
from tests.support.probes import vocabulary
from tests.support.submission import Submission
from tests.support.transports import InProcess

ARTIFACTS = Path(__file__).parent / "artifacts"
"""Checkpoints of ScoreNet in half precision: the reference's training to the end, stopped after 1,500 full batches of
Adam at 0.002, and to the end with all hidden layers one module."""

TIED = """
class ScoreNet(ScoreNet):
    def __init__(self):
        super().__init__()
        for place in range(4, 14, 2):
            self.net[place] = self.net[2]
"""
"""One module in the place of all hidden layers."""

SAMPLER = """
@torch.no_grad()
def langevin_dynamics_sample(scorenet, n_samples, sigmas, iterations=100, eps=0.00002, return_traj=False):
    x, states = torch.randn(n_samples, 2), []
    for sigma in sigmas:
        alpha = {alpha}
        for _ in range(iterations):
            x = x + alpha * scorenet(x, sigma) + {noise} * torch.randn_like(x)
            states.append(x)
    return {returned}
"""
TRAJECTORY = "torch.stack(states, dim=1) if return_traj else x"

ONE_BY_ONE = (
    SAMPLER.replace("def langevin_dynamics_sample", "def one")
    + """
def langevin_dynamics_sample(scorenet, n_samples, sigmas, **options):
    return torch.cat([one(scorenet, 1, sigmas, **options) for _ in range(n_samples)])
"""
)


def sampler(
    alpha: str = "eps * sigma**2 / sigmas[-1] ** 2",
    noise: str = "torch.sqrt(2 * alpha)",
    returned: str = TRAJECTORY,
    code: str = SAMPLER,
) -> str:
    """A sampler with another step size, another noise, another result, or for each sample on its own."""
    return code.format(alpha=alpha, noise=noise, returned=returned)


def hand_in(folder: Path, variation: str = "", checkpoint: object = None, **arrays: np.ndarray) -> Path:
    """The reference's sources with a variation at the end of hw5_diffusion.py, a checkpoint, and samples.npz.

    The checkpoint is the name of one of `ARTIFACTS`, bytes to write, or an object to save.
    """
    folder.mkdir(exist_ok=True)
    for name in ("hw5_gan.py", "hw5_diffusion.py"):
        (folder / name).write_bytes((REFERENCE / name).read_bytes())
    with (folder / "hw5_diffusion.py").open("a", encoding="utf-8") as file:
        file.write(variation)
    if isinstance(checkpoint, str):
        checkpoint = (ARTIFACTS / f"{checkpoint}.ckpt").read_bytes()
    if isinstance(checkpoint, bytes):
        (folder / "model.ckpt").write_bytes(checkpoint)
    elif checkpoint is not None:
        torch.save(checkpoint, folder / "model.ckpt")
    if arrays:
        np.savez_compressed(folder / "samples.npz", **arrays)
    return folder


def with_everything(folder: Path) -> Path:
    """A hand-in with all that a training leaves, and the written half."""
    hand_in(folder, "", "spells", points=pattern.points())
    shutil.copy(REFERENCE / "hw5_written.py", folder)
    for epoch in (90, 100):
        grid(digits()).save(folder / f"test_{epoch}.png")
    return folder


def locally(folder: Path) -> Submission:
    """A submission as a student's own computer judges it."""
    return Submission(InProcess(folder, vocabulary.perform))


def state(name: str = "spells") -> dict[str, torch.Tensor]:
    """The state dict of one of `ARTIFACTS`, to be altered."""
    loaded = torch.load(ARTIFACTS / f"{name}.ckpt", weights_only=True)
    return {key: tensor.clone().float() for key, tensor in loaded.items()}


def digits(n: int = 64) -> np.ndarray:
    """The first of the embedded digits, `(n, 28, 28)` uint8."""
    path = REFERENCE / "data" / "mnist-6000-idx3-ubyte.gz"
    return np.frombuffer(gzip.decompress(path.read_bytes()), dtype=np.uint8, offset=16).reshape(-1, 28, 28)[:n]


def grid(images: np.ndarray) -> Image.Image:
    """The grid that save_image makes of `(64, 28, 28)` uint8: 8 x 8, with 2 black pixels between and around."""
    pixels = np.zeros((242, 242), dtype=np.uint8)
    for place, image in enumerate(images):
        top, left = (2 + 30 * at for at in divmod(place, 8))
        pixels[top : top + 28, left : left + 28] = image
    return Image.fromarray(pixels).convert("RGB")
