"""Wall time and memory of grading one submission, cold, against the bare imports.

`python -m benchmarks.one_submission`. Both are run in turn, each as a whole process tree;
memory is the peak of the sum of proportional set sizes.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from grader.project import REFERENCE, ROOT
from grader.run import processes

BARE = [sys.executable, "-c", "import torch, torchvision, cv2, matplotlib.pyplot"]
WALL_BUDGET = 1.5
MEMORY_BUDGET = 200 * 2**20


def main() -> None:
    """Print minimum, median and maximum of both, and the two ratios of the budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--submission", type=Path, default=REFERENCE)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as out:
        grade = [sys.executable, "-m", "grader", "grade", str(options.submission), "--out", out]
        runs = [(seconds(BARE), seconds(grade)) for _ in range(options.rounds)]
        bare_memory, grade_memory = peak_memory(BARE), peak_memory(grade)
    for name, figures in (("bare import", [one for one, _ in runs]), ("grading", [one for _, one in runs])):
        print(f"{name:12} {min(figures):6.2f} s  median {statistics.median(figures):6.2f} s  max {max(figures):6.2f} s")
    ratio = statistics.median(graded / bare for bare, graded in runs)
    print(f"wall time    {ratio:.2f} x the bare import (budget {WALL_BUDGET} x)")
    extra = grade_memory - bare_memory
    print(f"memory       {grade_memory / 2**20:.0f} MB, the bare import {bare_memory / 2**20:.0f} MB: "
          f"{extra / 2**20:+.0f} MB (budget +{MEMORY_BUDGET / 2**20:.0f} MB)")  # fmt: skip


def seconds(command: list[str]) -> float:
    """Wall time of a whole command."""
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def peak_memory(command: list[str]) -> int:
    """Largest sum, over a command's process tree, of proportional set sizes, in bytes, sampled every 20 ms."""
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        tree = [process.pid, *(one.pid for one in processes.below(process.pid))]
        peak = max(peak, sum(map(processes.proportional_memory, tree)))
        time.sleep(0.02)
    return peak


if __name__ == "__main__":
    main()
