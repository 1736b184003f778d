"""Make `digit_space.npz` from MNIST, and print what its figures are on real, generated and faked grids.

`python -m benchmarks.digit_metric train-images-idx3-ubyte.gz [--checkpoints DIR] [--write]`. The checkpoints are
`s<seed>_e<epoch>.pt`, dictionaries with the state of the reference's generator in "gen".
"""

from __future__ import annotations

import argparse
import gzip
import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np

from grader.project import REFERENCE
from tests.support.advice import digit_grid
from tests.support.advice.digit_grid import Measures

N_SHAPES, N_DIRECTIONS, N_DIGITS = 100, 10, 20_000
"""Ten directions hold half of the strokes' variance; the covariance of 64 images has 63 degrees of freedom."""
GRIDS = 16


def main() -> None:
    """Print the table, a row for each kind of grid: the range of each figure over some grids."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mnist", type=Path, help="train-images-idx3-ubyte.gz")
    parser.add_argument("--checkpoints", type=Path)
    parser.add_argument("--write", action="store_true", help="make digit_space.npz anew")
    options = parser.parse_args()
    mnist = np.frombuffer(gzip.decompress(options.mnist.read_bytes()), np.uint8, offset=16).reshape(-1, 28, 28)
    if options.write:
        write_space(mnist[:N_DIGITS])
    unseen, rng = mnist[N_DIGITS:], np.random.Generator(np.random.PCG64(0))
    rows: dict[str, list[np.ndarray]] = {}
    for _ in range(GRIDS):
        for name, grid in fakes(rng.permutation(unseen)[:64], rng).items():
            rows.setdefault(name, []).append(grid)
    for name, grids in rows.items():
        print(row(name, grids))
    for name, grids in generated(options.checkpoints) if options.checkpoints else ():
        print(row(name, grids))


def write_space(mnist: np.ndarray) -> None:
    """Cluster the strokes by spherical k-means, and take their moments in the first principal directions."""
    strokes = np.concatenate([digit_grid.strokes(some) for some in np.array_split(mnist, 20)])
    mean = strokes.mean(axis=0).astype(np.float32)
    seen_from_mean = digit_grid.unit_rows(strokes - mean)
    rng = np.random.Generator(np.random.PCG64(0))
    shapes = seen_from_mean[rng.choice(len(strokes), N_SHAPES, replace=False)]
    for _ in range(30):
        nearest = np.argmax(seen_from_mean @ shapes.T, axis=1)
        shapes = digit_grid.unit_rows(np.stack([seen_from_mean[nearest == n].mean(axis=0) for n in range(N_SHAPES)]))
    directions = np.linalg.eigh(np.cov(strokes, rowvar=False))[1][:, : -N_DIRECTIONS - 1 : -1]
    basis = np.round(directions * 127).astype(np.int8)
    seen = (strokes - mean) @ (basis / 127)
    np.savez_compressed(
        digit_grid.SPACE,
        shapes=np.round(shapes / np.abs(shapes).max() * 127).astype(np.int8),
        mean=mean,
        basis=basis,
        centre=seen.mean(axis=0).astype(np.float32),
        covariance=np.cov(seen, rowvar=False).astype(np.float32),
    )


def fakes(real: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Grids `(64, 28, 28)` that no generator of this homework draws, by name, made of 64 real digits."""
    shape, normal = real.shape, rng.normal(size=real.shape)
    mean = np.broadcast_to(real.mean(axis=0), shape)
    return {
        "real": real,
        "real, half as bright": real // 2,
        "real, each of its own brightness": real * rng.uniform(0.4, 1, (64, 1, 1)) // 1,
        "real, moved": np.stack([np.roll(one, rng.integers(-3, 4, 2), (0, 1)) for one in real]),
        "real, noise of 10": normalised(real + 10 * normal),
        "real, noise of 25": normalised(real + 25 * normal),
        **{f"{n} real, repeated": real[np.arange(64) % n] for n in (1, 2, 3, 8, 16, 32)},
        "3 real, repeated, noise of 25": normalised(real[np.arange(64) % 3] + 25 * normal),
        "the mean": normalised(mean),
        "the mean, noise of 10": normalised(mean + 10 * normal),
        "uniform noise": normalised(rng.random(shape)),
        "normal noise": normalised(normal),
        **{f"salt, {share}": (rng.random(shape) < share) * 255 for share in (0.01, 0.1, 0.3)},
        "black": np.zeros(shape),
        "white": np.full(shape, 255),
        "grey": np.full(shape, 128),
        "grey, one level each": np.broadcast_to(np.arange(64)[:, None, None] * 4, shape),
    }


def normalised(images: np.ndarray) -> np.ndarray:
    """Images of any range as uint8, as `save_image(..., normalize=True)` does over a grid."""
    low, high = images.min(), images.max()
    return ((images - low) / max(high - low, 1e-5) * 255 + 0.5).astype(np.uint8)


def generated(checkpoints: Path) -> Iterator[tuple[str, list[np.ndarray]]]:
    """Grids of every generator, epoch by epoch, and grids of few kinds of digit, chosen from many of its images."""
    sys.path.append(str(REFERENCE))
    import torch

    from hw5_gan import GNet

    torch.manual_seed(0)
    torch.set_num_threads(1)
    names = [re.fullmatch(r"s(\d+)_e(\d+)\.pt", path.name) for path in checkpoints.iterdir()]
    for epoch, seed in sorted((int(name[2]), int(name[1])) for name in names if name):
        generator = GNet(64)
        generator.load_state_dict(torch.load(checkpoints / f"s{seed}_e{epoch}.pt")["gen"])
        with torch.no_grad():
            images = generator(2 * torch.rand(GRIDS * 64, 64) - 1).numpy()[:, 0]
        yield f"epoch {epoch}, seed {seed}", [normalised(some) for some in np.split(images, GRIDS)]
        yield f"epoch {epoch}, seed {seed}, few kinds", [few_kinds(normalised(images), shape) for shape in range(GRIDS)]


def few_kinds(images: np.ndarray, nth: int) -> np.ndarray:
    """The 64 of many images whose strokes are the most like those of the nth one."""
    strokes = digit_grid.strokes(images)
    return images[np.argsort(strokes @ strokes[nth])[-64:]]


def row(name: str, grids: list[np.ndarray]) -> str:
    """The range of each figure over some grids, and the words that they get."""
    measures = [digit_grid.measure(grid.astype(np.uint8)) for grid in grids]
    words = {digit_grid.judge(grid.astype(np.uint8)).word for grid in grids}
    ranges = []
    for figure in fields(Measures):
        values = [getattr(one, figure.name) for one in measures]
        ranges.append(f"{figure.name} {min(values):.3g}..{max(values):.3g}")
    return f"{name:33} {'  '.join(ranges)}  {', '.join(sorted(words))}"


if __name__ == "__main__":
    main()
