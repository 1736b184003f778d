"""The verb `reproduce`: train both references, draw every figure and write a page of them.

The reference's own scripts do the work, each in a process of its own, and go on from their checkpoints when they were
interrupted. Where MNIST cannot be downloaded, the sample in `reference/data/` takes its place for as many updates.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from grader.errors import UserError
from grader.project import REFERENCE, ROOT
from grader.reproduce import page

DIGITS, SAMPLE_DIGITS = 60_000, 6_000
GAN_EPOCHS, DIFFUSION_EPOCHS = 30, 800
"""Passes over MNIST after which the handout promises reasonable images, and over CS446 as in the reference."""


class TrainingError(UserError):
    """A script of the homework has failed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How long each model is trained, and where everything goes."""
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "reproduction", help="folder for all results")
    parser.add_argument("--gan-epochs", type=int, metavar="N", help=f"passes over the digits (default: {GAN_EPOCHS})")
    parser.add_argument("--diffusion-epochs", type=int, metavar="N", default=DIFFUSION_EPOCHS, help="passes over CS446")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fresh", action="store_true", help="forget what an earlier run in this folder has done")


def run(options: argparse.Namespace) -> int:
    """Train, draw and write the page; raises `TrainingError` when a script fails."""
    out = options.out.resolve()
    if options.fresh:
        shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    sample = "sample" in _digits()
    gan_epochs = options.gan_epochs or GAN_EPOCHS * (DIGITS // SAMPLE_DIGITS if sample else 1)
    for script, epochs in (("hw5_diffusion.py", options.diffusion_epochs), ("hw5_gan.py", gan_epochs)):
        print(f"{script}: {epochs} epochs", flush=True)
        command = [sys.executable, str(REFERENCE / script), "--epochs", str(epochs), "--seed", str(options.seed)]
        process = subprocess.run([*command, "--out", str(out), "--resume"], cwd=ROOT, env=_without_windows())
        if process.returncode:
            raise TrainingError(f"{script} ended with {process.returncode}; the same command goes on where it stopped.")
    command = [sys.executable, str(REFERENCE / "figures_of_written.py"), "--out", str(out), "--seed", str(options.seed)]
    if (process := subprocess.run(command, cwd=ROOT, env=_without_windows())).returncode:
        raise TrainingError(f"figures_of_written.py ended with {process.returncode}.")
    minutes = (time.monotonic() - began) / 60
    data = f"{SAMPLE_DIGITS:,} digits, the sample in reference/data/," if sample else f"the {DIGITS:,} digits of MNIST"
    path = page.write(out, f"Trained on {data} for {gan_epochs} epochs, and on CS446 for {options.diffusion_epochs}.")
    print(f"{path} (this run: {minutes:.1f} minutes)")
    return 0


def _digits() -> str:
    """What the homework's helper says of the digits that it has found or downloaded."""
    command = [sys.executable, "-c", "import hw5_utils; hw5_utils.find_digits()"]
    environment = {**_without_windows(), "PYTHONPATH": str(REFERENCE)}
    return subprocess.run(
        command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()


def _without_windows() -> dict[str, str]:
    """The environment with a backend that only writes files: a window would wait to be closed."""
    return {**os.environ, "MPLBACKEND": "Agg"}
