"""CPU, wall time and memory of a class, for two sizes of it: `python -m benchmarks.a_class`.

CPU is the whole machine's, so nothing else should run. What a submission's own code costs is measured by running the
same checks on it in one process; the first observation, which warms torch up, is left out.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from grader.project import REFERENCE, ROOT
from grader.run import processes
from grader.run.runner import Runner

BUDGET = 1.0
OWN = """
import sys, time, pytest, torch
from tests.support.probes import vocabulary
torch.set_num_threads(1)
spent, perform = [], vocabulary.perform
def timed(*request):
    began = time.process_time()
    answer = perform(*request)
    spent.append(time.process_time() - began)
    return answer
vocabulary.perform = timed
pytest.main(["-p", "no:cacheprovider", "-p", "no:terminal", "tests", "--submission", sys.argv[1]])
print(sum(spent[1:]))
"""


def main() -> None:
    """Print what one more submission costs, and the peak of memory for both sizes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submission", type=Path, default=REFERENCE)
    parser.add_argument("--sizes", type=int, nargs=2, default=(4, 16))
    options = parser.parse_args()
    small, large = options.sizes
    (cpu_small, wall_small, memory_small), (cpu_large, wall_large, memory_large) = (
        measure(options.submission, size) for size in (small, large)
    )
    more = large - small
    cpu, own = (cpu_large - cpu_small) / more, own_cost(options.submission)
    print(f"one more submission: {(wall_large - wall_small) / more:.2f} s of wall time, {cpu:.2f} s of CPU")
    print(f"its own code: {own:.2f} s of CPU; the grader: {cpu - own:.2f} s (budget {BUDGET} s)")
    print(f"memory: {memory_small / 2**20:.0f} MB for {small}, {memory_large / 2**20:.0f} MB for {large}")


def measure(submission: Path, size: int) -> tuple[float, float, int]:
    """CPU seconds of the machine, wall seconds and peak bytes while a class of this size is graded."""
    peak, done = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(1.0):  # more often, looking would cost more than grading
            tree = [one.pid for one in processes.below(runner.server.process.pid)]
            tree += [one.pid for one in processes.below(runner.judges.pid)]
            tree += [runner.server.process.pid, runner.judges.pid]
            peak = max(peak, sum(map(processes.proportional_memory, tree)))

    with tempfile.TemporaryDirectory() as out, Runner() as runner:
        watcher = threading.Thread(target=watch)
        watcher.start()
        busy, began = machine_cpu(), time.monotonic()
        for number in range(size):
            runner.grade(submission, Path(out, str(number)))
        spent, wall = machine_cpu() - busy, time.monotonic() - began
        done.set()
        watcher.join()
    return spent, wall, peak


def machine_cpu() -> float:
    """Seconds in which any processor of this machine was busy."""
    user, nice, system, _, _, *rest = (
        int(word) for word in Path("/proc/stat").read_text(encoding="utf-8").split("\n")[0].split()[1:]
    )
    return (user + nice + system + sum(rest[:3])) / 100


def own_cost(submission: Path) -> float:
    """CPU seconds that the probes and the submission's own code take, without isolation and judgement."""
    command = [sys.executable, "-c", OWN, str(submission)]
    return float(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()[-1])


if __name__ == "__main__":
    main()
