"""The verb `package`: build the two packages.

`autograder.zip` is what Gradescope installs: the grader and the suites, no solution. `student.zip` is what students
receive: the template and the public suites, no hidden check and no grader. Built twice, both are the same bytes.
"""

from __future__ import annotations

import argparse
import ast
import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from grader import rubric
from grader.errors import UserError
from grader.project import REFERENCE, ROOT, SUITES, TEMPLATE
from grader.verbs import VERBS
from tests.support.homework.assignment import DATA

CONTAINER = ROOT / "grader" / "release" / "container"
HANDOUT = ROOT / "grader" / "release" / "handout"
STARTED = (
    "grader.__main__",
    *(verb.module for verb in VERBS.values() if verb.in_container),
    "grader.judge.server",
    "grader.bench.server",
    "grader.bench.unpack",
)
"""The modules that run by name while a submission is graded; what they import goes with them, and nothing else."""
OPENED = ("results.schema.json", "page.html.j2", "advice.html.j2")
"""Files of the grader that these modules open."""
LARGEST_PACKAGE = 100 * 2**20
"""Bytes that Gradescope takes."""

PINNED = ("pinned.txt", "torch.txt")
"""What setup.sh installs."""

_EXECUTABLE = ("setup.sh", "run_autograder")


class PackageError(UserError):
    """A package cannot be built as it should be."""


def autograder() -> dict[str, bytes]:
    """The files of `autograder.zip`, by name."""
    top = {name: CONTAINER / name for name in _EXECUTABLE}
    top["pyproject.toml"] = ROOT / "pyproject.toml"
    opened = [*(ROOT / "grader" / "report" / name for name in OPENED), *(CONTAINER / name for name in PINNED)]
    return _read(top) | _read(_placed([*_needed(STARTED), *opened, *_suites(), *_sources(TEMPLATE)]))


def student() -> dict[str, bytes]:
    """The files of `student.zip`, by name: the template's are at its top, as they are handed in.

    Of the suites' support it holds what public checks and probes import, so that what is known of mistakes stays here.
    """
    handout = [HANDOUT / name for name in ("Makefile", "pyproject.toml", "requirements.txt")]
    top = {path.name: path for path in [*_sources(TEMPLATE), *handout]}
    public = [path for path in _suites() if "hidden" not in path.relative_to(ROOT).parts]
    started = [name for path in public if "support" not in path.parts and (name := _module(path))]
    suites = [path for path in public if path.suffix != ".py"] + sorted(_needed(started, "tests"))
    texts = {"README.md": ROOT / "docs" / "student.md"} | _placed(suites)
    data = {f"data/{name}": REFERENCE / "data" / name for name in DATA}
    return _read(top | texts | data) | {"tests/later.json": _later()}


def _later() -> bytes:
    """How many checks students see only after grading, and their points: nothing else of them is told."""
    later = [row for row in rubric.read() if row.audience == "hidden" and row.points and not row.by_hand]
    return f"{json.dumps({'checks': len(later), 'points': round(sum(row.points for row in later), 3)})}\n".encode()


def build(out: Path) -> dict[Path, int]:
    """Write both packages into a folder; returns the number of files in each. Raises `PackageError`."""
    packages = {out / "autograder.zip": autograder(), out / "student.zip": student()}
    for path, files in packages.items():
        write(path, files)
    return {path: len(files) for path, files in packages.items()}


def write(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a zip whose bytes depend on nothing but the files; raises `PackageError` when it is too large."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # Unix, on whatever system this runs: the modes below count
            entry.external_attr = (0o100755 if name in _EXECUTABLE else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name])
    if path.stat().st_size > LARGEST_PACKAGE:
        raise PackageError(f"{path.name} is larger than Gradescope takes")


def _module(path: Path) -> str:
    """The name by which a source is imported; nothing for another file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts) if path.suffix == ".py" else ""


def _needed(modules: Iterable[str], package: str = "grader") -> set[Path]:
    """The files of these modules of a package, and of all that they import of it, directly or not."""
    found: set[Path] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        base = ROOT / name.replace(".", "/")
        path = next((one for one in (base.with_suffix(".py"), base / "__init__.py") if one.is_file()), None)
        if path is None or path in found or not name.startswith(package):
            continue
        found.add(path)
        waiting.append(name.rpartition(".")[0])
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found


def _sources(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def _suites() -> list[Path]:
    """The suites, and the measurements that they compare with."""
    return [*_sources(SUITES), *sorted(SUITES.rglob("*.npz"))]


def _placed(paths: Iterable[Path]) -> dict[str, Path]:
    return {path.relative_to(ROOT).as_posix(): path for path in paths}


def _read(paths: Mapping[str, Path]) -> dict[str, bytes]:
    return {name: path.read_bytes() for name, path in paths.items()}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the packages go."""
    parser.add_argument("--out", type=Path, default=Path("dist"), help="folder for the packages (default: dist)")


def run(options: argparse.Namespace) -> int:
    """Write both packages and say where they are; raises `PackageError`."""
    for path, n_files in build(options.out).items():
        print(f"{path}: {n_files} files, {path.stat().st_size / 1024:.0f} KB")
    return 0
