"""The verb `calibrate`: the random decisions on correct submissions, against the laws that they rely on."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from rich.console import Console

from grader.calibrate import decisions
from grader.calibrate.comparison import Calibration, as_json, compare, gathered
from grader.calibrate.plot import draw
from grader.report import terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How many seeds, how many at a time, and where the results are kept."""
    parser.add_argument("--seeds", type=int, default=10_000, help="default: 10000; those already observed are kept")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="FOLDER")


def run(options: argparse.Namespace) -> int:
    """Observe the seeds that are missing, compare, write `calibration.json` and `.svg`; 1 when a law is violated."""
    console = terminal.console(140)
    folder = options.out / "calibration"
    with tempfile.TemporaryDirectory(prefix="calibrate-") as submissions:
        decisions.build(Path(submissions))
        store = decisions.Store(folder / decisions.fingerprint(Path(submissions)))
        _observe(console, store, Path(submissions), options.seeds, options.workers)
    chunks = store.chunks()
    result = compare(chunks)
    draw(gathered(chunks), result, folder / "calibration.svg")
    (folder / "calibration.json").write_bytes(as_json(result))
    _show(console, result)
    return int(bool(result.violations))


def _observe(console: Console, store: decisions.Store, submissions: Path, n_seeds: int, workers: int) -> None:
    """Fill the store up to `n_seeds`, with a progress line."""
    portions = store.missing(n_seeds)
    if not portions:
        return
    # Small arrays: threads of the linear algebra would only wait for each other.
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    began, total = time.monotonic(), sum(map(len, portions))
    with (
        ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool,
        terminal.progress_line(console) as line,
    ):
        task = line.add_task("calibrate", total=n_seeds, completed=n_seeds - total)
        checks = pool.submit(decisions.random_checks, submissions / "reference").result()
        pending = [pool.submit(decisions.observe, submissions, checks, seeds) for seeds in portions]
        try:
            for done in as_completed(pending):
                store.add(done.result())
                line.advance(task, len(done.result().seeds))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    seconds = time.monotonic() - began
    console.print(f"{total} seeds in {seconds:.0f} s, {total / seconds:.1f} a second", highlight=False)


def _show(console: Console, result: Calibration) -> None:
    for violation in result.violations[:20]:
        console.print(violation, markup=False, highlight=False)
    share, q, name = max(
        (share - q, q, name)
        for name, one in result.tests.items()
        for q, share in zip((k / 10 for k in range(1, 10)), one.deciles, strict=False)
    )
    smallest, at = min((one.smallest, name) for name, one in result.tests.items())
    for text in (
        f"{result.failures} failures of correct submissions under {result.seeds} seeds",
        f"{len(result.tests)} tests, each at or above uniform: {'no' if result.violations else 'yes'}; "
        f"largest P(p <= {q:g}) - {q:g} = {share:+.4f} ({name})",
        f"smallest p {smallest:.2g} ({at}); {result.pooled.retried:.3%} of the p-values in the retry zone, "
        f"{result.retries} decisions repeated",
        f"false-failure rate of a submission: at most {result.decisions:.2f} decisions x 1e-8 = {result.bound:.2g}",
    ):
        console.print(text, markup=False, highlight=False)
