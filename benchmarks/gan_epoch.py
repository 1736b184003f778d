"""Time of an epoch of the GAN, and of loading its data, against the loop of the released homework.

`python -m benchmarks.gan_epoch MNIST`, with MNIST the file train-images-idx3-ubyte.gz. Both loops run in turn, each
in a process of its own on all processors, over the first batches of an epoch; the whole epoch has 234.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from grader.project import REFERENCE, ROOT

BATCHES_OF_AN_EPOCH = 60_000 // 256
LOOPS = ("released", "reference")
GOAL, LOADING_GOAL = 1.6, 0.5


def main() -> None:
    """Print both times of an epoch and of loading, and their ratios; with --profile, where the time goes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mnist", type=Path)
    parser.add_argument("--batches", type=int, default=25)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--loop", choices=LOOPS, help="run only this one and print its seconds of loading and a batch")
    parser.add_argument("--profile", choices=LOOPS)
    options = parser.parse_args()
    if options.profile:
        profile(options.profile, options.mnist, options.batches)
    elif options.loop:
        print(*run(options.loop, options.mnist, options.batches))
    else:
        compare(options.mnist, options.batches, options.rounds)


def compare(mnist: Path, n_batches: int, rounds: int) -> None:
    """Print the medians of both loops, and the ratios of the pairs."""
    runs: dict[str, list[list[float]]] = {loop: [] for loop in LOOPS}
    for _ in range(rounds):
        for loop in LOOPS:
            command = [sys.executable, "-m", "benchmarks.gan_epoch", str(mnist), "--loop", loop]
            command += ["--batches", str(n_batches)]
            output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
            runs[loop].append([float(word) for word in output.split()[-2:]])
    for loop in LOOPS:
        loading, batch = (statistics.median(one) for one in zip(*runs[loop], strict=True))
        print(f"{loop:10} loading {loading:5.2f} s, a batch {1000 * batch:4.0f} ms, "
              f"an epoch {batch * BATCHES_OF_AN_EPOCH:4.0f} s")  # fmt: skip
    pairs = list(zip(*(runs[loop] for loop in LOOPS), strict=True))
    ratios = [before[1] / after[1] for before, after in pairs]
    print(f"an epoch is {statistics.median(ratios):.2f} times as fast, {min(ratios):.2f} to {max(ratios):.2f} "
          f"(goal {GOAL}); loading takes {statistics.median(after[0] for _, after in pairs):.2f} s "
          f"(goal {LOADING_GOAL} s)")  # fmt: skip


def run(loop: str, mnist: Path, n_batches: int) -> tuple[float, float]:
    """Seconds of loading the data, and of a batch, in one of the loops."""
    return {"released": released, "reference": reference}[loop](mnist, n_batches)


def profile(loop: str, mnist: Path, n_batches: int) -> None:
    """Print the operators of one loop by their own time."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as profiler

    with profiler(activities=[ProfilerActivity.CPU]) as recorded:
        run(loop, mnist, n_batches)
    print(recorded.key_averages().table(sort_by="self_cpu_time_total", row_limit=12, max_name_column_width=45))


def released(mnist: Path, n_batches: int) -> tuple[float, float]:
    """The loop as interface and behaviour of the released homework describe it: digit by digit, nothing frozen.

    Each digit is transformed alone and collated alone; the generator runs once for each loss; gradients of every
    parameter are computed for both losses.
    """
    gan_module = _reference()
    import torch
    from torch import nn, optim
    from torch.utils.data import DataLoader
    from torchvision import transforms

    class Digits(torch.utils.data.Dataset):
        def __init__(self, path: Path, transform: Callable[..., torch.Tensor]) -> None:
            pixels = sys.modules["hw5_utils"]._read_idx_images(str(path))
            self.digits = [transform(torch.tensor(one, dtype=torch.float32).unsqueeze(0)) for one in pixels]

        def __len__(self) -> int:
            return len(self.digits)

        def __getitem__(self, index: int) -> torch.Tensor:
            return self.digits[index]

    began = time.perf_counter()
    digits = Digits(mnist, transforms.Compose([transforms.Normalize((0.0,), (255.0,))]))
    loading = time.perf_counter() - began
    gan = gan_module.GAN()
    bce = nn.BCEWithLogitsLoss()
    optimizer_d, optimizer_g = (optim.Adam(net.parameters(), lr=0.0002) for net in (gan.disc, gan.gen))
    times = []
    for batch in DataLoader(digits, batch_size=256, shuffle=True, drop_last=True):
        times.append(time.perf_counter())
        if len(times) > n_batches:
            break
        z = 2 * torch.rand(256, 64) - 1
        optimizer_d.zero_grad()
        ones = torch.ones(256, 1)
        (bce(gan.disc(batch), ones) + bce(gan.disc(gan.gen(z)), 0 * ones)).backward()
        optimizer_d.step()
        optimizer_g.zero_grad()
        bce(gan.disc(gan.gen(z)), ones).backward()
        optimizer_g.step()
    return loading, _median_step(times)


def reference(mnist: Path, n_batches: int) -> tuple[float, float]:
    """The loop of the reference, stopped after the first batches."""
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # as the script's options do
    gan_module = _reference()

    class Enough(Exception):
        pass

    times: list[float] = []
    loading: list[float] = []

    def load(*arguments: object, **named: object) -> object:
        began = time.perf_counter()
        digits = dataset(*arguments, **named)
        loading.append(time.perf_counter() - began)
        return digits

    def loss(self: object, *arguments: object) -> object:
        times.append(time.perf_counter())
        if len(times) > n_batches:
            raise Enough
        return loss_d(self, *arguments)

    dataset, loss_d = gan_module.GANDataset, gan_module.GAN._get_loss_d
    gan_module.GANDataset, gan_module.GAN._get_loss_d = load, loss
    gan_module.find_digits = lambda: str(mnist)
    gan = gan_module.GAN()
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.suppress(Enough),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        gan._out = Path(folder)
        gan.train(n_epochs=1)
    return loading[0], _median_step(times)


def _median_step(times: list[float]) -> float:
    return statistics.median(after - before for before, after in itertools.pairwise(times[2:]))


def _reference() -> Any:
    os.environ["MPLBACKEND"] = "Agg"
    sys.path.insert(0, str(REFERENCE))
    import hw5_gan

    return hw5_gan


if __name__ == "__main__":
    main()
