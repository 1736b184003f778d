"""Observation of one epoch of `GAN.train` on a tiny data set, in a directory of its own."""

from __future__ import annotations

import contextlib
import gzip
import inspect
import os
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

from tests.support.probes.networks import scatter_parameters
from tests.support.probes.watched_loss import WatchedLoss, parameters_of, values_of

DATA = "train-images-idx3-ubyte.gz"
GRID = "test_0.png"
OWN_COPY = False
"""Whether the module lies in a copy that is made for this process: then the data may lie beside it too."""
MOST_FOLDERS = 100
"""Folders of the student's that the training finds again in its own."""
ATTEMPTS = 8
"""Initialisations that are tried: of right ones fewer than a fifth are dead, all of them with a chance of 3e-6."""
MOSTLY = 0.5
SURE = 10.0
"""Logits from which on a cross entropy has almost no gradient left."""
BATCH = 64


def one_epoch(module: ModuleType, arguments: dict[str, Any]) -> dict[str, Any]:
    """Train on `digits` `(n, 28, 28)` for one epoch with batches of `batch_size`: what moved, what was written.

    `helpers` are the names of the course's helper module, which must not download anything now. The losses named in
    `stand_ins` are replaced by others that move their network, so that the rest of the training is observed.
    `disc_steps` and `gen_steps` `(k, 3)` have a row for each evaluation of a network's loss with a gradient: the
    largest change of a parameter until the next one, the share of the parameters that go against the gradient, and how
    many tensors are left out. Only the larger half of a gradient's parts counts, and a parameter that stays as it is
    has not gone against it. `recognised` `(k,)` is the share of the images of each discriminator loss that are of the
    data, each counted once, and `distinct` the number of all of them. `slopes` `(2,)` is how steeply each network
    changes along its gradient, in units of what that says, and `influence` `(2,)` how much the discriminator's loss
    changes without its digits: as the training calls it, and as a fresh GAN's method. NaN is what was not measured.
    """
    here = os.getcwd()
    beside = Path(str(module.__file__)).resolve().parent
    with (
        tempfile.TemporaryDirectory() as folder,
        _quiet_surroundings(module, arguments["helpers"]),
        _without_older_grid(beside),
    ):
        _make_folders_of(Path(here), Path(folder))
        os.chdir(folder)
        try:
            for place in (Path(), beside) if OWN_COPY else (Path(),):
                _write_digits(np.asarray(arguments["digits"]), place)
            gan = module.GAN()
            if not (parameters_of(gan.disc) and parameters_of(gan.gen)):
                raise NotImplementedError("4.6 needs both networks, and one has no parameters yet")
            zdim, digits = _latents(module.GAN), np.asarray(arguments["digits"])
            images = torch.as_tensor(digits[:BATCH, None] / 255.0).float()
            _bring_to_life(gan, zdim, images)
            _replace_losses(gan, arguments["stand_ins"])
            before = {name: values_of(getattr(gan, name)) for name in ("disc", "gen")}
            some = 2 * torch.rand(BATCH, zdim, generator=torch.Generator().manual_seed(0)) - 1
            watched = {
                "disc": WatchedLoss(gan, "_get_loss_d", "disc", images, digits),
                "gen": WatchedLoss(gan, "_get_loss_g", "gen", some, digits),
            }
            gan.train(n_epochs=1, batch_size=arguments["batch_size"])
            after = {name: values_of(getattr(gan, name)) for name in ("disc", "gen")}
            os.chdir(folder)
            files = sorted(str(path) for path in Path().rglob("*") if path.is_file() and path.name != DATA)
            grid = _picture(next((one for one in _grids(beside) if one.is_file()), Path(GRID)))
            steps = {f"{name}_steps": one.steps() for name, one in watched.items()}
            return {
                "disc_moved": np.abs(after["disc"] - before["disc"]),
                "gen_moved": np.abs(after["gen"] - before["gen"]),
                **steps,
                "recognised": np.array(watched["disc"].recognised),
                "distinct": watched["disc"].distinct,
                "slopes": np.array([watched[name].slope for name in ("disc", "gen")]),
                "influence": np.array(watched["disc"].influence(module.GAN)),
                "files": files[:50],
                "grid": grid,
            }
        finally:
            os.chdir(here)


def _grids(beside: Path) -> Iterator[Path]:
    """Where the grid may be: in the folder of the training, beside the module if that is a copy, or further down."""
    yield Path(GRID)
    if OWN_COPY:
        yield beside / GRID
    yield from sorted(Path().rglob(GRID))
    if OWN_COPY:
        yield from sorted(beside.rglob(GRID))


@contextmanager
def _without_older_grid(beside: Path) -> Iterator[None]:
    """Put a grid of an earlier training aside, and back again: one that is found is of this training."""
    older = {path: path.read_bytes() for path in sorted(beside.rglob(GRID)) if path.is_file()} if OWN_COPY else {}
    for path in older:
        path.unlink()
    try:
        yield
    finally:
        if OWN_COPY:
            for path in beside.rglob(GRID):
                path.unlink()
        for path, content in older.items():
            path.write_bytes(content)


def _make_folders_of(source: Path, target: Path) -> None:
    """Make the folders that lie in a folder in another one: a training may write into what the import has made."""
    known = [path for path in sorted(source.iterdir()) if path.is_dir() and not path.name.startswith(".")]
    for path in known[:MOST_FOLDERS]:
        (target / path.name).mkdir()
        for inner in [one for one in sorted(path.iterdir()) if one.is_dir()][:MOST_FOLDERS]:
            (target / path.name / inner.name).mkdir()


def _replace_losses(gan: Any, names: list[str]) -> None:
    """Put losses that are no cross entropy, but have a gradient, in place of the student's."""

    def loss_d(batch_size: int, batch_data: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        return gan.disc(batch_data).square().mean()

    def loss_g(batch_size: int, z: torch.Tensor) -> torch.Tensor:
        return gan.disc(gan.gen(z)).square().mean()

    for name, loss in (("_get_loss_d", loss_d), ("_get_loss_g", loss_g)):
        if name in names:
            setattr(gan, name, loss)


def _bring_to_life(gan: Any, zdim: int, digits: torch.Tensor) -> None:
    """Give both networks weights with which gradients flow.

    With a few channels and ReLUs, a right discriminator is dead for all generated images under some seeds: then
    nothing would reach the generator. Weights that are kept in another form than the layers' own may be dead after the
    first attempt too: then those of the network's own initialisation follow, and others, until some are alive.
    """
    built = {network: [one.detach().clone() for one in network.parameters()] for network in (gan.disc, gan.gen)}
    ways: list[Callable[[Any], None]] = [_one_sign, *(partial(_own_weights, built, seed) for seed in range(ATTEMPTS))]
    for give in ways:
        give(gan)
        if _alive(gan, zdim, digits):
            return
    _one_sign(gan)


def _one_sign(gan: Any) -> None:
    """Give every filter one sign, and absolute weights that sum to 1.

    The first convolution's filters take turns, so that positive and negative images both pass; the others are positive.
    """
    for network in (gan.disc, gan.gen):
        scatter_parameters(network, 1)
    filters = [one for one in gan.disc.parameters() if one.ndim == 4]
    with torch.no_grad():
        for name, parameter in gan.disc.named_parameters():
            if name.endswith("bias"):
                parameter.zero_()
            elif parameter.ndim == 1:
                parameter.fill_(1)
        for one in filters:
            one.abs_().div_(one.abs().mean() * one[0].numel())
        for one in filters[:1]:
            one[1::2] *= -1


def _own_weights(built: dict[nn.Module, list[torch.Tensor]], seed: int, gan: Any) -> None:
    """The weights with which the networks were built, at seed 0; at others new ones of their own initialisation."""
    for network, values in built.items():
        with torch.no_grad():
            for parameter, value in zip(network.parameters(), values, strict=True):
                parameter.copy_(value)
        if seed and callable(again := getattr(network, "_weight_init", None)):
            with torch.random.fork_rng(), contextlib.suppress(Exception):
                torch.manual_seed(seed)
                again()


def _alive(gan: Any, zdim: int, digits: torch.Tensor) -> bool:
    """Whether most generated images have a pattern, pass a gradient on and leave doubt, and the digits give one too.

    What a network refuses is left to the training, which tells it.
    """
    with torch.random.fork_rng(), contextlib.suppress(Exception):
        torch.manual_seed(0)
        images = gan.gen(2 * torch.rand(len(digits), zdim) - 1)
        logits = gan.disc(images)
        parts = torch.autograd.grad(logits.sum(), images, retain_graph=True)[0].flatten(1)
        patterns = images.detach().flatten(1)
        of_gen = torch.autograd.grad(
            (images * torch.rand_like(images)).sum(), list(gan.gen.parameters()), allow_unused=True
        )
        of_disc = torch.autograd.grad(gan.disc(digits).sum(), list(gan.disc.parameters()), allow_unused=True)
        passed = (parts != 0).any(dim=1) & (patterns.amax(dim=1) > patterns.amin(dim=1))
        moving = [any(one is not None and bool(one.any()) for one in some) for some in (of_gen, of_disc)]
        doubtful = float(logits.detach().abs().max()) < SURE
        return doubtful and bool(passed.double().mean() > MOSTLY) and all(moving)
    return True


def _latents(gan: Any) -> int:
    """How many numbers a latent has unless it is told; the template's where that cannot be read."""
    with contextlib.suppress(TypeError, ValueError, KeyError):
        return int(inspect.signature(gan).parameters["zdim"].default)
    return 64


def _write_digits(digits: np.ndarray, place: Path) -> None:
    header = struct.pack(">IIII", 0x803, len(digits), *digits.shape[1:])
    (place / "data").mkdir(exist_ok=True)
    (place / "data" / DATA).write_bytes(gzip.compress(header + digits.astype(np.uint8).tobytes(), compresslevel=1))


def _picture(path: Path) -> np.ndarray:
    """A PNG file's pixels `(height, width, 3)`; empty when there is none that can be read."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except (FileNotFoundError, UnidentifiedImageError):
        return np.empty(0, dtype=np.uint8)


@contextmanager
def _quiet_surroundings(module: ModuleType, helpers: list[str]) -> Iterator[None]:
    """No download, and no rendering of figures, which would take longer than the training: their files are empty."""
    import matplotlib.pyplot as plt
    from matplotlib.backend_bases import FigureCanvasBase
    from matplotlib.figure import Figure

    def write_nothing(self: Figure, target: Any, *_: Any, **__: Any) -> None:
        if isinstance(target, str | os.PathLike):
            Path(target).touch()

    def nothing(*_: Any, **__: Any) -> None: ...

    holders = [module, *(sys.modules[name] for name in helpers if name in sys.modules)]
    places: list[tuple[Any, str, Any]] = [
        (holder, "download", nothing) for holder in holders if hasattr(holder, "download")
    ]
    places += [(Figure, "savefig", write_nothing), (plt, "show", nothing)]
    # Both render: the one to measure, the other after each figure that is saved.
    places += [(Figure, "tight_layout", nothing), (FigureCanvasBase, "draw_idle", nothing)]
    own = [(holder, name, getattr(holder, name)) for holder, name, _ in places]
    backend = plt.get_backend()
    plt.switch_backend("Agg")
    try:
        for holder, name, replacement in places:
            setattr(holder, name, replacement)
        yield
    finally:
        for holder, name, value in own:
            setattr(holder, name, value)
        plt.close("all")
        plt.switch_backend(backend)


OPERATIONS: dict[str, Callable[[ModuleType, dict[str, Any]], dict[str, Any]]] = {"one_epoch": one_epoch}
