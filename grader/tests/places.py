"""Where things are for the tests of the machine, and the clocks that they grade with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from grader.project import ROOT
from grader.report.results import Results
from grader.run.clocks import Clocks

SHORT = Clocks(importing=5, request=4, total=180)
"""Clocks of a test: an endless loop costs seconds, and a right submission still has ten times what it needs."""

Grade = Callable[[Path], Results]


def worker_slot() -> int:
    """A number for each parallel worker of pytest-xdist, so that two never share a bench user."""
    return 1 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def checkout(folder: Path) -> Path:
    """A copy of the project that a test may change; returns the folder."""
    made_here = shutil.ignore_patterns(".git", ".venv", "out", "dist", "__pycache__", ".*_cache", ".hypothesis")
    return Path(shutil.copytree(ROOT, folder, ignore=made_here))
