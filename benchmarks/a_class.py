"""What one more submission costs in a warm runner, beside the usual way: `python -m benchmarks.a_class`.

The usual way is a process for each submission with gradescope-utils and the student's code in it
(`benchmarks.the_usual_way`). What a submission's own code costs, and what the probes around it, is measured by asking
it for the same observations in one process, again and afresh when all is warm. `--sizes 10 100 1000` shows how cost and
memory grow with the class.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from benchmarks.meter import Cost, Meter
from grader.project import REFERENCE, ROOT
from grader.run import processes
from grader.run.runner import Runner

BUDGET = 0.9
WARM = 2
"""Submissions that are graded before it is measured."""
OWN = """
import signal, sys, time, pytest, torch
from tests.support.probes import vocabulary
torch.set_num_threads(1)
asked, perform = [], vocabulary.perform
def kept(*request):
    asked.append(request)
    return perform(*request)
vocabulary.perform = kept
pytest.main(["-p", "no:cacheprovider", "-p", "no:terminal", "tests", "--submission", sys.argv[1]])
own, whole, last = 0.0, 0.0, 0.0
def look(number, frame):
    global own, last
    now = time.process_time()
    while frame is not None and not frame.f_code.co_filename.startswith(str(asked[0][0])):
        frame = frame.f_back
    own, last = own + (now - last if frame is not None else 0), now
signal.signal(signal.SIGPROF, look)
for _ in range(int(sys.argv[2])):
    for folder, module, *_ in asked:
        vocabulary.forget(folder, module)
    for request in asked:
        began = last = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
        perform(*request)
        signal.setitimer(signal.ITIMER_PROF, 0)
        whole += time.process_time() - began
print(own, whole)
"""
"""Asks a submission for all that the checks ask, once to warm up, then so many times afresh and timed, without them.

A look every millisecond tells whether code of the submission's, or what it has called, was running since the last one.
"""
ROUNDS = 5


def main() -> None:
    """Print the costs, the ratio of both ways, and for each size of a class the cost and the peak of memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submission", type=Path, default=REFERENCE)
    parser.add_argument("--more", type=int, default=12, help="submissions after the runner is warm")
    parser.add_argument("--usual", type=int, default=4, help="submissions that are graded in the usual way")
    parser.add_argument("--sizes", type=int, nargs="*", default=(), help="classes, such as 10 100 1000")
    options = parser.parse_args()
    with Meter() as meter:
        print(f"counted: {meter.counts}")
        ours = one_more(meter, options.submission, options.more)
        print(f"one more submission: {ours}")
        own, probes = own_cost(options.submission)
        rest = ours.cpu - own - probes
        print(f"  its own code: {own:.2f} s of CPU, the probes around it: {probes:.2f} s, the rest: {rest:.2f} s "
              f"(budget {BUDGET} s in all)")  # fmt: skip
        if options.usual:
            usual = the_usual_way(meter, options.submission, options.usual)
            print(f"the usual way:       {usual}")
            print(f"  {usual.cpu / ours.cpu:.1f} x its CPU, {usual.wall / ours.wall:.1f} x its time")
        for size in options.sizes:
            cost, memory = a_class(meter, options.submission, size)
            print(f"a class of {size}: {memory / 2**20:.0f} MB at most; each with the start: {cost.each(size)}")


def one_more(meter: Meter, submission: Path, more: int) -> Cost:
    """What one more submission costs a runner that is warm, the mean of so many."""
    with tempfile.TemporaryDirectory() as out, Runner() as runner:
        for number in range(WARM):
            runner.grade(submission, Path(out, f"warm-{number}"))
        before = meter.read()
        for number in range(more):
            runner.grade(submission, Path(out, str(number)))
        return (meter.read() - before).each(more)


def the_usual_way(meter: Meter, submission: Path, number: int) -> Cost:
    """What a submission costs in a process of its own, the mean of so many, after one that is not counted."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "benchmarks.the_usual_way", str(submission), f"{out}/results.json"]
        for count in range(number + 1):
            if count == 1:
                before = meter.read()
            # More threads than one would only cost it more.
            subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
        return (meter.read() - before).each(number)


def a_class(meter: Meter, submission: Path, size: int) -> tuple[Cost, int]:
    """What a class of this size costs, with the start of judge and bench, and the peak of memory in bytes."""
    peak, done = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(1.0):  # more often, looking would cost more than grading
            tree = [one.pid for one in processes.below(runner.server.process.pid)]
            tree += [one.pid for one in processes.below(runner.judges.pid)]
            tree += [runner.server.process.pid, runner.judges.pid]
            peak = max(peak, sum(map(processes.proportional_memory, tree)))

    before = meter.read()
    with tempfile.TemporaryDirectory() as out, Runner() as runner:
        watcher = threading.Thread(target=watch)
        watcher.start()
        for number in range(size):
            runner.grade(submission, Path(out, str(number)))
        done.set()
        watcher.join()
    return meter.read() - before, peak


def own_cost(submission: Path) -> tuple[float, float]:
    """CPU seconds of the submission's own code, and of the probes around it, without isolation and judgement."""
    command = [sys.executable, "-c", OWN, str(submission.resolve()), str(ROUNDS)]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    own, whole = (float(one) / ROUNDS for one in told.split()[-2:])
    return own, whole - own


if __name__ == "__main__":
    main()
