"""Tests of one group run on one worker, one after another: hostile submissions never beside each other."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

from grader.project import KNOWN, ROOT
from grader.tests.scheduling import group_of

TESTS = """
import json, os, time
from pathlib import Path
import pytest
{mark}
@pytest.mark.parametrize("n", range(8))
def test_something(n):
    began = time.monotonic()
    time.sleep(0.02)
    told = json.dumps([os.environ["PYTEST_XDIST_WORKER"], began, time.monotonic()])
    (Path(__file__).parent / f"{{Path(__file__).stem}}-{{n}}.json").write_text(told)
"""
IN_A_GROUP = 'pytestmark = pytest.mark.xdist_group("attacks")'


DEADLY = """
import os, signal
def test_it_ends_its_worker():
    os.kill(os.getpid(), signal.SIGKILL)
"""


def in_parallel(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the tests of a folder on two workers, with the scheduler."""
    (folder / "conftest.py").write_text("from grader.tests.scheduling import pytest_xdist_make_scheduler\n")
    options = ["--numprocesses", "2", "--max-worker-restart", "1", "--dist", "loadgroup", "-p", "no:cacheprovider"]
    environment = {name: text for name, text in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", str(folder), "."], cwd=folder, capture_output=True,
        text=True, env=environment | {"PYTHONPATH": str(ROOT)}, timeout=60,
    )  # fmt: skip


def test_a_group_of_several_files_stays_on_one_worker(tmp_path: Path):
    for name, mark in (("one", IN_A_GROUP), ("other", IN_A_GROUP), ("free", ""), ("loose", "")):
        (tmp_path / f"test_{name}.py").write_text(TESTS.format(mark=mark))
    process = in_parallel(tmp_path)
    assert process.returncode == 0, process.stdout
    times: dict[str, list[tuple[float, float]]] = defaultdict(list)
    workers: dict[str, set[str]] = defaultdict(set)
    for told in tmp_path.glob("*.json"):
        worker, began, ended = json.loads(told.read_text())
        kind = "group" if told.stem.startswith(("test_one", "test_other")) else "alone"
        workers[kind].add(worker)
        times[kind].append((began, ended))
    assert (len(times["group"]), len(times["alone"])) == (16, 16)
    assert len(workers["group"]) == 1
    assert len(workers["group"] | workers["alone"]) == 2
    in_order = sorted(times["group"])
    assert all(one[1] <= other[0] for one, other in pairwise(in_order))


def test_a_run_in_which_a_worker_dies_comes_to_its_end(tmp_path: Path):
    for name, text in (("a", TESTS.format(mark="")), ("b", DEADLY), ("c", TESTS.format(mark=""))):
        (tmp_path / f"test_{name}.py").write_text(text)
    process = in_parallel(tmp_path)
    assert "1 failed, 16 passed" in process.stdout


def test_every_test_file_that_uses_the_arena_is_in_the_group_of_attacks():
    files = [path for path in KNOWN.glob("test_*.py") if re.search(r"arena:\s+Arena", path.read_text(encoding="utf-8"))]
    assert len(files) >= 3
    assert {path.name: group_of(path) for path in files} == {path.name: "attacks" for path in files}


def test_a_mark_that_the_scheduler_would_overlook_is_in_no_test_file():
    marked = [path for path in KNOWN.glob("test_*.py") if "mark.xdist_group(" in path.read_text(encoding="utf-8")]
    assert [path.name for path in marked if path.stem != "test_scheduling" and not group_of(path)] == []
