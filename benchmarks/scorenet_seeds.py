"""Whether a ScoreNet learns CS446 with every seed, and how fast: `python -m benchmarks.scorenet_seeds [--seeds 20]`.

Trains the reference once for each seed, on one thread, as many at a time as there are processors, and judges the
samples by precision and coverage. Beside it the released settings (Adam, learning rate 0.01, all points in every batch,
torch's own initial weights) run for some iterations. Results are kept in --out, where an interrupted run goes on.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from grader.project import REFERENCE, ROOT
from tests.support.advice import spelling

RELEASED_ITERATIONS = 50_000
RELEASED_SHOWN = 600
PLATEAU = 0.99
"""A loss above it is that of a score of 0, which is 1."""
PRECISION, COVERAGE, SHARE_OF_TIME = 0.9, 0.8, 0.25


def main() -> None:
    """Print a row for each seed, the worst of all, and the ratio of the times; draw the loss curves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "scorenet-seeds")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    files = [options.out / f"{kind}-{seed}.npz" for seed in range(options.seeds) for kind in ("reference", "released")]
    with ProcessPoolExecutor(options.workers) as pool:
        list(pool.map(_train, [file for file in files if not file.exists()]))
    runs = {
        kind: [dict(np.load(options.out / f"{kind}-{seed}.npz")) for seed in range(options.seeds)]
        for kind in ("reference", "released")
    }
    report(runs["reference"], runs["released"])
    plot(runs["reference"], runs["released"], options.out / "loss-curves.png")
    print(f"Loss curves: {options.out}/loss-curves.png")


def report(reference: list[dict[str, Any]], released: list[dict[str, Any]]) -> None:
    """Print the table of the seeds and what follows from it."""
    print("seed  precision  coverage  seconds   released settings, after the first iterations")
    qualities = [(spelling.precision(run["points"]), spelling.coverage(run["points"])) for run in reference]
    for seed, (run, other, (precision, coverage)) in enumerate(zip(reference, released, qualities, strict=True)):
        loss = other["losses"][-100:].mean()
        print(f"{seed:4}  {precision:9.3f}  {coverage:8.3f}  {float(run['seconds']):7.1f}   loss {loss:.3f}"
              f"{', on the plateau' if loss > PLATEAU else ''}")  # fmt: skip
    spelled = sum(precision >= PRECISION and coverage >= COVERAGE for precision, coverage in qualities)
    print(f"{spelled} of {len(qualities)} seeds spell CS446 (precision >= {PRECISION}, coverage >= {COVERAGE}); worst: "
          f"{min(one for one, _ in qualities):.3f}, {min(one for _, one in qualities):.3f}")  # fmt: skip
    own = float(np.median([run["seconds"] for run in reference]))
    theirs = float(np.median([run["seconds"] / len(run["losses"]) for run in released])) * RELEASED_ITERATIONS
    print(f"a training takes {own:.0f} s, {RELEASED_ITERATIONS:,} released iterations {theirs:.0f} s: "
          f"{own / theirs:.3f} of the time (goal {SHARE_OF_TIME})")  # fmt: skip


def plot(reference: list[dict[str, Any]], released: list[dict[str, Any]], path: Path) -> None:
    """Draw the smoothed loss curves of all seeds, both settings on one axis of iterations."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.subplots()
    for runs, colour, name in ((released, "tab:red", "released settings"), (reference, "tab:blue", "reference")):
        for number, run in enumerate(runs):
            smooth = np.convolve(run["losses"], np.ones(50) / 50, mode="valid")
            axes.plot(np.arange(len(smooth)) + 50, smooth, color=colour, alpha=0.5, linewidth=0.8,
                      label=None if number else f"{name}, {len(runs)} seeds")  # fmt: skip
    axes.axhline(1.0, color="black", linewidth=0.8, linestyle=":")
    axes.annotate("a score of 0", (1.0, 1.0), xycoords=("axes fraction", "data"), ha="right", va="bottom")
    axes.set(xlabel="iteration", ylabel="denoising loss, mean of 50 iterations", ylim=(0.8, 1.1))
    axes.legend()
    figure.savefig(path, dpi=100)


def _train(path: Path) -> None:
    """Train with the settings and the seed that the file's name says; write losses, seconds and the samples."""
    os.environ["MPLBACKEND"] = "Agg"
    sys.path.insert(0, str(REFERENCE))
    import torch

    import hw5_diffusion

    torch.set_num_threads(1)
    kind, seed = path.stem.split("-")
    losses: list[float] = []
    loss = hw5_diffusion.compute_denoising_loss

    def recorded(*arguments: Any) -> Any:
        value = loss(*arguments)
        losses.append(value.item())
        return value

    hw5_diffusion.compute_denoising_loss = recorded
    points, began = np.empty((0, 2)), time.perf_counter()
    if kind == "released":
        _released(hw5_diffusion, int(seed))
    else:
        with tempfile.TemporaryDirectory() as folder:
            hw5_diffusion.train_and_draw(hw5_diffusion.Options(seed=int(seed), out=Path(folder)))
            points = np.load(Path(folder, "samples.npz"))["points"]
    seconds = time.perf_counter() - began
    hw5_diffusion.compute_denoising_loss = loss
    np.savez(path, points=points, losses=losses, seconds=seconds)


def _released(module: ModuleType, seed: int) -> None:
    """The first iterations of the released settings."""
    import torch

    torch.manual_seed(seed)
    data = torch.tensor(module.create_samples(), dtype=torch.float32)
    sigmas = torch.tensor(module.generate_sigmas(0.3, 0.01, 10), dtype=torch.float32)
    scorenet = module.ScoreNet()
    optimizer = torch.optim.Adam(scorenet.parameters(), lr=0.01)
    for _ in range(RELEASED_SHOWN):
        optimizer.zero_grad()
        module.compute_denoising_loss(scorenet, data, sigmas).backward()
        optimizer.step()


if __name__ == "__main__":
    main()
