"""The verb `lock`: the requirements of pyproject.toml, locked in uv.lock, and the lists that are exported from both.

pinned.txt         every version that the container installs, with the hashes of its files
torch.txt          torch and torchvision, which setup.sh takes from whichever index the container can reach: the builds
                   differ, and one list of hashes cannot stand for all of them
requirements.txt   what students install: the bounds, not the versions
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from grader.errors import UserError
from grader.project import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CONTAINER = Path("grader", "release", "container")
PINNED, TORCH = CONTAINER / "pinned.txt", CONTAINER / "torch.txt"
STUDENTS = Path("grader", "release", "handout", "requirements.txt")
BY_VERSION = ("torch", "torchvision")

_OF_TORCH_ALONE = re.compile(r"nvidia-.+|cuda-.+|triton")
_LOCKED = re.compile(r'^\[\[package\]\]\nname = "(?P<name>[^"]+)"\nversion = "(?P<version>[^"]+)"', re.MULTILINE)
_MADE = "# Made by `make lock` from pyproject.toml"


class LockError(UserError):
    """The requirements cannot be locked, or what is on disk is not what they give."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Write, or only compare."""
    parser.add_argument("--check", action="store_true", help="write nothing, and need no network; drift is an error")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions within the bounds")


def run(options: argparse.Namespace) -> int:
    """Write uv.lock and what is exported from it, or compare them with --check; raises `LockError`."""
    if options.check:
        check(ROOT)
        return 0
    _uv(ROOT, "lock", *(["--upgrade"] if options.upgrade else []))
    for path, text in exported(ROOT).items():
        (ROOT / path).write_text(text, encoding="utf-8")
        print(path)
    return 0


def check(root: Path) -> None:
    """Raise `LockError` unless the lock fits pyproject.toml, and each list the lock; the network is not asked."""
    with tempfile.TemporaryDirectory() as nothing_known:
        try:
            _uv(root, "lock", "--check", "--offline", "--cache-dir", nothing_known)
        except LockError as error:
            raise LockError("uv.lock does not fit pyproject.toml: run `make lock`.") from error
    for path, text in exported(root).items():
        on_disk = (root / path).read_text(encoding="utf-8") if (root / path).exists() else ""
        if on_disk != text:
            raise LockError(f"{path} has drifted: run `make lock`.")


def exported(root: Path) -> dict[Path, str]:
    """The lists by their paths, as the lock and pyproject.toml of this checkout give them."""
    locked = {found["name"]: found["version"] for found in _LOCKED.finditer((root / "uv.lock").read_text("utf-8"))}
    unhashed = [name for name in locked if name in BY_VERSION or _OF_TORCH_ALONE.fullmatch(name)]
    pinned = _uv(
        root, "export", "--frozen", "--offline", "--only-group", "grading", "--no-header", "--no-annotate",
        *(word for name in unhashed for word in ("--no-emit-package", name)),
    )  # fmt: skip
    document = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return {
        PINNED: f"{_MADE}: every version that the container installs, for Python 3.10 and later.\n{pinned}",
        TORCH: "".join(f"{name}=={locked[name]}\n" for name in BY_VERSION),
        STUDENTS: "".join(f"{line}\n" for line in _of_group(document, "students")),
    }


def _of_group(document: dict[str, Any], name: str) -> list[str]:
    """The requirements of a group, and of those that it includes."""
    lines: list[str] = []
    for entry in document["dependency-groups"][name]:
        lines += _of_group(document, entry["include-group"]) if isinstance(entry, dict) else [str(entry)]
    return lines


def _uv(root: Path, *words: str) -> str:
    """What uv prints; it reads no settings but the project's, so that no mirror of this machine is locked."""
    command = [sys.executable, "-m", "uv", "--no-config", "--directory", str(root), *words]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("UV_")}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment)
    if ran.returncode:
        raise LockError(f"`uv {words[0]}` failed: {ran.stderr.strip()}")
    return ran.stdout
