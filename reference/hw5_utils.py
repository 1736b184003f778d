"""The course's helpers for Problems 4 and 5: data, noise levels, plots, and what a training needs around it.

Nothing to change here.
"""

import argparse
import base64
import gzip
import math
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

BASE_URL = "https://ossci-datasets.s3.amazonaws.com/mnist/"
MIRRORS = (
    BASE_URL,
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "http://yann.lecun.com/exdb/mnist/",
)
# MD5 of the files as they are published; torchvision.datasets.MNIST has the same.
CHECKSUMS = {
    "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
}
TIMEOUT = 10  # seconds
TRAINING_DIGITS = "train-images-idx3-ubyte.gz"
SAMPLE = Path(__file__).resolve().parent / "data" / "mnist-6000-idx3-ubyte.gz"

# IDX header of a stack of images: magic number (unsigned bytes, 3 dimensions), count, rows, columns.
IDX_HEADER = np.dtype(">u4")
IDX_MAGIC = 0x00000803
DIGIT_SHAPE = (28, 28)

# "CS446" as OpenCV 4 draws it: putText(canvas, "CS446", (0, 31), FONT_HERSHEY_SIMPLEX, fontScale=1,
# color=255, thickness=3) on a canvas of 64 x 128 pixels, 1,291 of which are not zero. One bit a pixel,
# compressed. It is kept here because OpenCV 5 has other glyphs, and the points must be the same for
# everybody.
GLYPHS_SHAPE = (64, 128)
GLYPHS = (
    "c-rmJ&27Ul3<cn)_@E<4P`gOnkvc$NGw1*rA){0qbc7n{p~tGog@FyTlxXy4f&xW(`yde_pMYPk6{%nc++eKil*a`Gl%V;`4C!<-"
    "N6l(295yF?S4GdAL@m`17wNg0UaI>rPZ1+Wp<}(j$2{$zOhSBT9&jlL%1LNN^X=+R%I1S1+YtSyF_!qogE?<r;u9at#hn&9u}FH|"
    "9JLLZj^c*)I;)<W2U|Qns?{^x1$5S{oj30xOeZa>6r}BQ&BQeiYW==%b9>M8sP;TOFVF91o}umIj=;V9+kXuBuRmWOEuW+L"
)


class DataFileError(ValueError):
    """A data file does not hold what its name promises."""


class DownloadError(OSError):
    """No mirror delivered the file."""


def download(url: str, filename: str) -> None:
    """Fetch url, or the file of that name from a mirror, into `./data/`, unless it is there already.

    Raises DownloadError when every source fails or delivers something else.
    """
    if Path("data", filename).exists():
        return
    try:
        import pooch  # here, because all else runs without it
    except ImportError as error:
        raise DownloadError(f"{filename} cannot be downloaded without pooch: pip install pooch") from error
    checksum = f"md5:{CHECKSUMS[filename]}" if filename in CHECKSUMS else None
    fetch = pooch.HTTPDownloader(timeout=TIMEOUT)
    pooch.get_logger().setLevel("WARNING")
    failures = []
    for source in dict.fromkeys([url, *(mirror + filename for mirror in MIRRORS)]):
        try:
            pooch.retrieve(source, checksum, fname=filename, path="data", downloader=fetch)
        except (OSError, ValueError) as error:  # no answer, or another content
            failures.append(f"  {source}: {error}")
        else:
            return
    with suppress(OSError):
        Path("data").rmdir()  # pooch has made it, and nothing is in it
    tried = "\n".join(failures)
    raise DownloadError(f"Could not download {filename}; put it into ./data/ by hand. Tried:\n{tried}")


def find_digits() -> str:
    """Return the path of MNIST's training digits, downloaded if need be, or of a sample of them; says which.

    The sample of 6,000 digits lies beside this file, where the course hands it out. Raises DownloadError when
    neither the digits nor the sample can be had.
    """
    try:
        download(BASE_URL + TRAINING_DIGITS, TRAINING_DIGITS)
    except DownloadError:
        if not SAMPLE.exists():
            raise
        print(f"MNIST cannot be downloaded: training on the sample of 6,000 digits, {SAMPLE.name}.", flush=True)
        return str(SAMPLE)
    print(f"Training on the 60,000 digits of data/{TRAINING_DIGITS}.", flush=True)
    return f"./data/{TRAINING_DIGITS}"


def _unpack(packed: bytes, name: str) -> bytes:
    """Return the content of a gzip file, or raise DataFileError if it is damaged or no gzip file."""
    try:
        return gzip.decompress(packed)
    except (OSError, EOFError, zlib.error) as error:
        raise DataFileError(f"{name} is no complete gzip file ({error}): delete it and try again") from error


def _read_idx_images(data_f: str) -> np.ndarray:
    """Return the images of a gzipped IDX file as `(n, 28, 28)` bytes, or raise DataFileError."""
    content = _unpack(Path(data_f).read_bytes(), data_f)
    header_size = 4 * IDX_HEADER.itemsize
    if len(content) < header_size:
        raise DataFileError(f"{data_f} has {len(content)} bytes, which is less than an IDX header")
    magic, n, *shape = np.frombuffer(content, dtype=IDX_HEADER, count=4).tolist()
    if magic != IDX_MAGIC:
        raise DataFileError(f"{data_f} starts with {magic:#010x}; IDX images start with {IDX_MAGIC:#010x}")
    if tuple(shape) != DIGIT_SHAPE:
        raise DataFileError(f"{data_f} holds images of {shape[0]} x {shape[1]} pixels, not 28 x 28")
    pixels = np.frombuffer(content, dtype=np.uint8, offset=header_size)
    if pixels.size != n * DIGIT_SHAPE[0] * DIGIT_SHAPE[1]:
        raise DataFileError(f"{data_f} promises {n} images and holds {pixels.size} bytes of pixels")
    return pixels.reshape(n, *DIGIT_SHAPE)


class GANDataset(Dataset[Tensor]):
    """Digits in memory: item i is a float tensor `(1, 28, 28)` on the device, transformed."""

    def __init__(
        self, data_f: str, dev: torch.device | str, transform: Callable[[Tensor], Tensor] | None = None
    ) -> None:
        """Read the gzipped IDX file data_f and transform each digit, `(1, 28, 28)` with values 0 to 255.

        Raises DataFileError if the file is damaged or holds something else.
        """
        digits = torch.from_numpy(_read_idx_images(data_f).astype(np.float32)).unsqueeze(1)  # (n, 1, 28, 28)
        if transform is not None:
            digits = _transform_each(digits, transform)
        self._digits = digits.to(dev)

    def __len__(self) -> int:
        """Return the number of digits."""
        return len(self._digits)

    def __getitem__(self, index: int | list[int]) -> Tensor:
        """Return one digit `(1, 28, 28)`, or a whole batch `(N, 1, 28, 28)` for a list of N indices."""
        return self._digits[index]


def _transform_each(digits: Tensor, transform: Callable[[Tensor], Tensor]) -> Tensor:
    """Return the transformed digits, `(n, 1, 28, 28)` for a transform that keeps the shape, perhaps in place.

    Normalize treats a stack exactly as it treats each digit, and one call is some hundred times faster than
    n. Of other transforms we cannot know (a random one would make the same choice for all), so they see digit
    by digit.
    """
    # Imported here since only callers with a transform need torchvision, and these have it loaded already.
    from torchvision.transforms import Compose, Normalize
    from torchvision.transforms.functional import normalize

    steps = getattr(transform, "transforms", []) if type(transform) is Compose else [transform]
    if all(type(step) is Normalize for step in steps):
        for step in steps:
            normalize(digits, step.mean, step.std, inplace=True)
        return digits
    return torch.stack([transform(digit) for digit in digits])


def create_samples(noise: float = 0.01) -> np.ndarray:
    """Return the training points of Problem 5, `(1291, 2)` float64, which spell CS446.

    They are the pixels of the text, centred on the origin, with x to the right and y up, in units of the
    text's height; each coordinate gets Gaussian noise of standard deviation `noise`, drawn from torch's
    generator so that `torch.manual_seed` fixes a whole run.
    """
    packed = np.frombuffer(zlib.decompress(base64.b85decode(GLYPHS)), dtype=np.uint8)
    rows, columns = np.nonzero(np.unpackbits(packed).reshape(GLYPHS_SHAPE))
    points: np.ndarray = np.stack([columns, -rows], axis=1).astype(np.float64)
    points = (points - points.mean(axis=0)) / np.ptp(rows)
    return points + noise * torch.randn(points.shape, dtype=torch.float64).numpy()


def generate_sigmas(sigma_begin: float, sigma_end: float, num_levels: int) -> np.ndarray:
    """Return the noise levels `(num_levels,)`: geometric, from sigma_begin to sigma_end, both included."""
    return np.geomspace(sigma_begin, sigma_end, num_levels)


def plot_score(scorenet: nn.Module, data: np.ndarray | Tensor) -> None:
    """Draw into the current axes the score at sigma = 0.1, as 100 x 50 arrows over the data `(N, 2)`."""
    import matplotlib.pyplot as plt  # here, because training and grading run without it

    points = torch.as_tensor(data).detach().cpu().numpy()
    (left, bottom), (right, top) = points.min(axis=0), points.max(axis=0)
    x, y = np.meshgrid(np.linspace(left, right, 100), np.linspace(bottom, top, 50))
    device = next(scorenet.parameters()).device
    nodes = np.stack([x.ravel(), y.ravel()], axis=1)  # (5000, 2)
    grid = torch.tensor(nodes, dtype=torch.float32, device=device)
    with torch.no_grad():
        score = scorenet(grid, torch.full((len(grid), 1), 0.1, device=device)).cpu().numpy()
    plt.scatter(points[:, 0], points[:, 1], s=4, color="lightgray")
    plt.quiver(x, y, score[:, 0].reshape(x.shape), score[:, 1].reshape(x.shape), width=0.0008)


# --- around a training ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Options:
    """What a script of the homework is asked for on its command line; epochs is None for the script's own choice."""

    epochs: int | None = None
    seed: int | None = None
    out: Path = Path()
    device: torch.device = field(default_factory=lambda: torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    resume: bool = False


def read_options(description: str, epochs: int) -> Options:
    """Return the options of the command line, and make the folder for what is written; epochs is named as the default.

    To be called before the first large tensor is made: on Linux, torch then asks for huge pages, which take about a
    fifth off the time of an epoch.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    default = Options()
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--epochs", type=_epochs, metavar="N", help=f"passes over the data (default: {epochs})")
    parser.add_argument("--seed", type=int, metavar="N", help="another number, another course of the training")
    parser.add_argument("--out", type=Path, default=default.out, help="folder for all that is written (default: here)")
    parser.add_argument("--device", type=torch.device, default=default.device, help=f"default: {default.device}")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in that folder")
    options = Options(**vars(parser.parse_args()))
    options.out.mkdir(parents=True, exist_ok=True)
    return options


def _epochs(text: str) -> int:
    """Return the number of epochs that a text names; raises argparse.ArgumentTypeError unless there are any."""
    if not text.strip().isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of epochs: 1 or more")
    return int(text)


def say_what_was_written(folder: Path, *names: str) -> None:
    """Print which of the files of these names a run has left in the folder, in one line."""
    written = [name for name in names if (folder / name).exists()]
    print(f"Written{'' if folder == Path() else f' to {folder}'}: {', '.join(written)}.")


class Checkpoint:
    """A file from which an interrupted training can go on: networks, optimizers, random state, epochs that are done.

    Used around the loop over the epochs, it saves every so many epochs, at the end, and on Ctrl-C:

        with Checkpoint(path, every=5, resume=False, net=net, optimizer=optimizer) as checkpoint:
            for epoch in checkpoint.remaining(n_epochs):
                ...
    """

    def __init__(self, path: Path, every: int, resume: bool, **parts: Any) -> None:
        """Name the file and the parts, each with a state_dict; with resume, load them if the file exists."""
        self.path = path
        self.every = every
        self.parts = parts
        self.done = 0  # epochs
        if resume and path.exists():
            saved = torch.load(path, weights_only=True)
            for name, part in parts.items():
                part.load_state_dict(saved[name])
            torch.set_rng_state(saved["random"])
            self.done = saved["done"]

    def remaining(self, n_epochs: int) -> Iterator[int]:
        """Yield the numbers of the epochs that are still to do, and save after every so many of them."""
        while self.done < n_epochs:
            yield self.done
            self.done += 1
            if self.done % self.every == 0:
                self.save()

    def save(self) -> None:
        """Write the file, in one step: an interruption leaves the old one or the new one."""
        states = {name: part.state_dict() for name, part in self.parts.items()}
        partial = self.path.with_name(self.path.name + ".part")
        torch.save({**states, "random": torch.get_rng_state(), "done": self.done}, partial)
        partial.replace(self.path)

    def __enter__(self) -> "Checkpoint":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if kind is None or issubclass(kind, KeyboardInterrupt):
            self.save()
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            message = f"\nStopped after {self.done} whole epochs, saved in {self.path}: go on with --resume."
            raise SystemExit(message) from None


def initialise_for_softplus(scorenet: nn.Module) -> None:
    """Give the linear layers initial weights with which a deep Softplus network learns from the first step.

    Near 0, Softplus halves a signal and adds ln 2. torch's own initial weights shrink it further, about 10,000-fold
    over 8 layers, and a training can then stay for long where the predicted score is 0. Here weights of standard
    deviation 2 / sqrt(fan_in) undo the halving, biases take the ln 2 off, and the output starts about as large as
    the noise z that it has to tell. The layer that sees x and sigma gets wide weights, to tell points apart that are
    a stroke's width from each other.
    """
    layers = [layer for layer in scorenet.modules() if isinstance(layer, nn.Linear)]
    for layer in layers:
        if layer.in_features == 3:
            nn.init.normal_(layer.weight, std=3.0)
            nn.init.uniform_(layer.bias, -3.0, 3.0)
        else:
            nn.init.normal_(layer.weight, std=2 / math.sqrt(layer.in_features))
            with torch.no_grad():
                layer.bias.copy_(-math.log(2) * layer.weight.sum(dim=1))
        if layer.out_features == 2:
            with torch.no_grad():
                layer.weight.mul_(0.05)
                layer.bias.mul_(0.05)


def add_to_samples(path: Path, **arrays: np.ndarray) -> None:
    """Write the arrays into the npz file at path, beside those of other names that are in it already."""
    kept = dict(np.load(path)) if path.exists() else {}
    np.savez_compressed(path, **{**kept, **arrays})


def finish_figure(path: Path) -> None:
    """Write the current figure to path; it stays open only where there is a display to show it on."""
    import matplotlib.pyplot as plt

    plt.tight_layout()
    plt.savefig(path)
    if not _has_windows():
        plt.close()


def show_figures() -> None:
    """Show the figures that are open and wait until they are closed; nothing without a display."""
    import matplotlib.pyplot as plt

    if _has_windows():
        plt.show()


def _has_windows() -> bool:
    """Whether figures can be shown; matplotlib falls back to Agg, which only writes files, without a display."""
    import matplotlib.pyplot as plt

    return plt.get_backend().lower() != "agg"
