"""The verb `oldest`: try the students' package with the oldest versions that its requirements allow, and the newest.

Each set is installed by uv into an environment of its own, which takes some gigabytes below `--out` and a minute; with
the homework's reference in the package every public check must pass.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from grader.errors import UserError
from grader.project import REFERENCE
from grader.release import package
from tests.support.homework.assignment import FILES

SETS = {"oldest": "lowest-direct", "newest": "highest"}
"""The sets by name, and uv's word for how it chooses versions."""
NAMED = ("torch", "torchvision", "numpy", "opencv-python-headless", "matplotlib", "pytest", "hypothesis")
"""The packages whose versions are told."""


class OldestError(UserError):
    """A set of versions cannot be installed, or a public check does not pass with it."""


def try_set(name: str, out: Path, python: str) -> str:
    """Install a set and run the public checks; returns what was tried, in a line. Raises `OldestError`."""
    folder, environment = out / name / "homework", out / name / "environment"
    shutil.rmtree(folder, ignore_errors=True)
    archive = out / "student.zip"
    package.write(archive, package.student())
    with zipfile.ZipFile(archive) as files:
        files.extractall(folder)
    for file in FILES:
        shutil.copy(REFERENCE / file, folder / file)
    interpreter = str(environment / "bin" / "python")
    if not environment.exists():
        _run(name, [sys.executable, "-m", "uv", "venv", "--quiet", "--python", python, str(environment)])
    uv = [sys.executable, "-m", "uv", "pip"]
    chosen = ["--resolution", SETS[name], "--requirement", str(folder / "requirements.txt")]
    _run(name, [*uv, "install", "--quiet", "--python", interpreter, *chosen])
    checks = _run(name, [interpreter, "-m", "pytest", "--timeout=600"], folder)
    frozen = dict(line.split("==") for line in _run(name, [*uv, "freeze", "--python", interpreter]).split())
    versions = ", ".join(f"{one} {frozen[one]}" for one in NAMED)
    return f"{name}: {versions}: {checks.strip().splitlines()[-1]}"


def _run(name: str, command: list[str], folder: Path | None = None) -> str:
    ran = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    if ran.returncode:
        raise OldestError(f"{name}: `{' '.join(command[1:5])}` failed: {(ran.stdout + ran.stderr).strip()[-1500:]}")
    return ran.stdout


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which sets, for which Python, and where they are installed."""
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS), help="default: both")
    parser.add_argument("--python", default=f"{sys.version_info[0]}.{sys.version_info[1]}", help="default: this one's")
    parser.add_argument("--out", type=Path, default=Path("out/oldest"), help="folder for the environments")


def run(options: argparse.Namespace) -> int:
    """Try the sets and say what was tried; raises `OldestError`."""
    for name in options.sets:
        print(try_set(name, options.out.resolve(), options.python), flush=True)
    return 0
