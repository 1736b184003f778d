"""One run of pytest on a copy of the tree, in a process forked from one that has imported torch once for all."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

import coverage
import pytest

from grader.audit.mutation.safe import MEMORY, WRITABLE
from grader.project import ROOT

PRELOADED = ["torch", "torchvision", "cv2", "matplotlib.pyplot", "numpy", "pytest", "hypothesis", "libcst", "rich"]
"""What most tests import and nothing here changes."""
LEFT_OUT = ("out", ".git", ".venv", "dist", "__pycache__", ".mypy_cache", ".ruff_cache", ".hypothesis", "data")
SURVIVED = "nobody"
TIMED_OUT = "the clock"
LINT = "lint"
_LINTING = threading.Lock()
_TYPES = WRITABLE / "types"
"""What mypy knows of the unchanged files; one process at a time may use it."""
_OURS = ("grader", "tests", "reference", "benchmarks")


def start() -> None:
    """Prepare the process that all trials are forked from."""
    multiprocessing.set_forkserver_preload(PRELOADED)


def copy_of_the_tree(name: str) -> Path:
    """A copy of the project, in memory."""
    target = MEMORY / "trees" / name
    shutil.copytree(ROOT, target, ignore=_unneeded)
    return target


def _unneeded(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name in LEFT_OUT and not (name == "data" and folder.endswith("reference"))]


def run(work: Callable[..., None], tree: Path, seconds: float, *arguments: object) -> bool:
    """Do some work in a new process on a copy of the tree; False when its clock struck. It leaves no process behind."""
    process = multiprocessing.get_context("forkserver").Process(target=_prepared, args=(work, tree, *arguments))
    process.start()
    process.join(seconds)
    in_time = not process.is_alive()
    _end(process)
    return in_time


def _end(process: BaseProcess) -> None:
    """End a trial and whatever it has started: all of its process group."""
    try:
        os.killpg(process.pid or 0, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
    process.join()


def _prepared(work: Callable[..., None], tree: Path, *arguments: object) -> None:
    """Forget this project's modules, so that the copy's are imported."""
    os.setsid()
    for name in [name for name in sys.modules if name.partition(".")[0] in _OURS]:
        del sys.modules[name]
    os.chdir(tree)
    sys.path[:] = [str(tree), *(entry for entry in sys.path if entry not in ("", str(ROOT), str(tree)))]
    os.environ["PYTHONPATH"] = str(tree)
    os.environ.pop("COLUMNS", None)
    with open(os.devnull, "w", encoding="utf-8") as nothing:
        os.dup2(nothing.fileno(), 1)
        os.dup2(nothing.fileno(), 2)
    work(*arguments)


def _pytest(tests: Sequence[str], plugin: object, *options: str) -> int:
    return int(pytest.main([*options, "--quiet", "--no-header", "-p", "no:xdist", *tests], [plugin]))


class _First:
    """Notes the first test that fails."""

    def __init__(self) -> None:
        self.name = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a failure of the test or of its fixtures."""
        if report.failed and not self.name:
            self.name = report.nodeid


def notice(tests: Sequence[str], answer: Path) -> None:
    """Run tests until one fails; its name, or why none could be run, is written down."""
    first = _First()
    code = _pytest(tests, first, "--exitfirst")
    answer.write_text(first.name or (SURVIVED if code in (0, 5) else f"pytest's exit code {code}"), encoding="utf-8")


def lint(tree: Path, path: str) -> bool:
    """Whether `make lint` would refuse a changed file; it is read, and not run."""
    with _LINTING:
        checks = ("ruff", "check", "--quiet", "--no-cache", path), ("mypy", f"--cache-dir={_TYPES}")
        for check in checks:
            ran = subprocess.run([sys.executable, "-m", *check], cwd=tree, capture_output=True, check=False)
            if ran.returncode == 1:
                return True
    return False


class _Contexts:
    """Tells the lines and the seconds of each test apart."""

    def __init__(self, measured: coverage.Coverage) -> None:
        self.measured = measured
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Count lines for this test, fixtures included."""
        self.measured.switch_context(item.nodeid)
        began = time.monotonic()
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = time.monotonic() - began
            self.measured.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test that fails or is skipped on the unchanged tree notices nothing."""
        if not report.passed:
            self.failed.add(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Nor does a file that cannot be imported."""
        if not report.passed:
            self.failed.add(report.nodeid)


def cover(tests: Sequence[str], without: Sequence[str], files: Sequence[str], answer: Path) -> None:
    """Run tests on the unchanged tree, `without` some, and write down which lines of these files each of them runs."""
    here = Path.cwd()
    measured = coverage.Coverage(data_file=None, config_file=False, include=[str(here / path) for path in files])
    contexts = _Contexts(measured)
    measured.start()
    _pytest(tests, contexts, *(f"--deselect={name}" for name in without))
    measured.stop()
    lines: dict[str, dict[str, list[int]]] = {}
    data = measured.get_data()
    places = {file: Path(file).relative_to(here).as_posix() for file in data.measured_files()}
    for file, place in places.items():
        for line, names in data.contexts_by_lineno(file).items():
            for name in names:
                if name and name not in contexts.failed:
                    lines.setdefault(name, {}).setdefault(place, []).append(line)
    found = {name: {"seconds": contexts.seconds[name], "lines": lines[name]} for name in lines}
    told = {"tests": found, "files": sorted(places.values()), "failed": sorted(contexts.failed)}
    answer.write_text(json.dumps(told), encoding="utf-8")
