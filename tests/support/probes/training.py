"""Observation of one epoch of `GAN.train` on a tiny data set, in a directory of its own."""

from __future__ import annotations

import gzip
import os
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

from tests.support.probes.arrays import as_array
from tests.support.probes.networks import scatter_parameters

DATA = "train-images-idx3-ubyte.gz"
GRID = "test_0.png"
OWN_COPY = False
"""Whether the module lies in a copy that is made for this process: then the data may lie beside it too."""
MOST_FOLDERS = 100
"""Folders of the student's that the training finds again in its own."""


def one_epoch(module: ModuleType, arguments: dict[str, Any]) -> dict[str, Any]:
    """Train on `digits` `(n, 28, 28)` for one epoch with batches of `batch_size`: what moved, what was written.

    `helpers` are the names of the course's helper module, which must not download anything now. The losses named in
    `stand_ins` are replaced by others that move their network, so that the rest of the training is observed.
    `disc_steps` and `gen_steps` `(k, 2)` have a row for each evaluation of a network's loss with a gradient: the
    largest change of a parameter until the next one, and the share of the changes that go against the gradient.
    `recognised` `(k,)` is the share of the images of each discriminator loss that are of the data.
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
            if not (list(gan.disc.parameters()) and list(gan.gen.parameters())):
                raise NotImplementedError("4.6 needs both networks, and one has no parameters yet")
            _bring_to_life(gan)
            _replace_losses(gan, arguments["stand_ins"])
            before = {name: _values(getattr(gan, name)) for name in ("disc", "gen")}
            watched = {
                "disc": _Watched(gan, "_get_loss_d", "disc", np.asarray(arguments["digits"])),
                "gen": _Watched(gan, "_get_loss_g", "gen", np.asarray(arguments["digits"])),
            }
            gan.train(n_epochs=1, batch_size=arguments["batch_size"])
            after = {name: _values(getattr(gan, name)) for name in ("disc", "gen")}
            os.chdir(folder)
            files = sorted(str(path) for path in Path().rglob("*") if path.is_file() and path.name != DATA)
            return {
                "disc_moved": np.abs(after["disc"] - before["disc"]),
                "gen_moved": np.abs(after["gen"] - before["gen"]),
                "disc_steps": watched["disc"].steps(),
                "gen_steps": watched["gen"].steps(),
                "recognised": np.array(watched["disc"].recognised),
                "files": files[:50],
                "grid": _picture(next((one for one in _grids(beside) if one.is_file()), Path(GRID))),
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


class _Watched:
    """A loss of the student's GAN that records, at each evaluation, its network's parameters and their gradient."""

    def __init__(self, gan: Any, name: str, network: str, digits: np.ndarray) -> None:
        self._gan, self._network = gan, network
        self._known = {one.tobytes() for one in digits > 127}
        self._values: list[np.ndarray] = []
        self._gradients: list[np.ndarray] = []
        self.recognised: list[float] = []
        own = getattr(gan, name)

        def loss(*arguments: Any, **named: Any) -> Any:
            value = own(*arguments, **named)
            self._record(value, [*arguments, *named.values()])
            return value

        setattr(gan, name, loss)

    def _record(self, loss: Any, arguments: list[Any]) -> None:
        if isinstance(loss, torch.Tensor) and loss.numel() != 1:
            return
        parameters = list(getattr(self._gan, self._network).parameters())
        try:
            parts = torch.autograd.grad(loss.sum(), parameters, retain_graph=True, allow_unused=True)
        except (RuntimeError, AttributeError, TypeError):  # gone backward already, or parameters that are not trained
            parts = tuple(one.grad for one in parameters)
            if all(part is None or not part.any() for part in parts):
                return
        filled = [torch.zeros_like(one) if part is None else part for one, part in zip(parameters, parts, strict=True)]
        self._gradients.append(torch.cat([one.detach().flatten().cpu() for one in filled]).numpy())
        self._values.append(_values(getattr(self._gan, self._network)))
        images = [one for one in arguments if isinstance(one, torch.Tensor) and one.ndim > 1 and one[0].numel() == 784]
        self.recognised.append(self._share_of_data(images[0]) if images else 0.0)

    def _share_of_data(self, images: torch.Tensor) -> float:
        """Images are told by where they are bright, in whatever range their values are."""
        values = images.detach().cpu().double().numpy().reshape(len(images), -1)
        bright = values > (values.max() + values.min()) / 2
        return float(np.mean([one.tobytes() in self._known for one in bright])) if len(bright) else 0.0

    def steps(self) -> np.ndarray:
        """After each evaluation: the largest change, and the share of changes against the gradient, `(k, 2)`."""
        following = [*self._values[1:], _values(getattr(self._gan, self._network))]
        rows = []
        for before, after, gradient in zip(self._values, following, self._gradients, strict=True):
            change = after.astype(np.float64) - before
            both = (change != 0) & (gradient != 0)
            against = np.mean(np.sign(change[both]) == -np.sign(gradient[both])) if np.any(both) else 0.0
            rows.append((np.abs(change).max(initial=0), against))
        return np.array(rows, dtype=np.float64).reshape(-1, 2)


def _replace_losses(gan: Any, names: list[str]) -> None:
    """Put losses that are no cross entropy, but have a gradient, in place of the student's."""

    def loss_d(batch_size: int, batch_data: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        return gan.disc(batch_data).square().mean()

    def loss_g(batch_size: int, z: torch.Tensor) -> torch.Tensor:
        return gan.disc(gan.gen(z)).square().mean()

    for name, loss in (("_get_loss_d", loss_d), ("_get_loss_g", loss_g)):
        if name in names:
            setattr(gan, name, loss)


def _bring_to_life(gan: Any) -> None:
    """Give both networks weights with which gradients flow.

    With a few channels and ReLUs, a right discriminator is dead for all generated images under some seeds: then
    nothing would reach the generator. Here every filter has one sign and its absolute weights sum to 1; the first
    convolution's filters take turns, so that positive and negative images both pass, and the others are positive.
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


def _write_digits(digits: np.ndarray, place: Path) -> None:
    header = struct.pack(">IIII", 0x803, len(digits), *digits.shape[1:])
    (place / "data").mkdir(exist_ok=True)
    (place / "data" / DATA).write_bytes(gzip.compress(header + digits.astype(np.uint8).tobytes(), compresslevel=1))


def _values(network: nn.Module) -> np.ndarray:
    return np.concatenate([as_array(parameter).ravel() for parameter in network.parameters()])


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
    from matplotlib.figure import Figure

    def write_nothing(self: Figure, target: Any, *_: Any, **__: Any) -> None:
        if isinstance(target, str | os.PathLike):
            Path(target).touch()

    holders = [module, *(sys.modules[name] for name in helpers if name in sys.modules)]
    places: list[tuple[Any, str, Any]] = [
        (holder, "download", lambda *_, **__: None) for holder in holders if hasattr(holder, "download")
    ]
    places += [(Figure, "savefig", write_nothing), (plt, "show", lambda *_, **__: None)]
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
