"""From what a student handed in to the few files that are graded, copied as regular files into a private folder.

What a student trained comes along, unopened: only the bench looks into it.

A folder is only listed and read here. An archive is opened by `grader.bench.unpack` in a confined process, and what
that leaves on disk is then treated like any other folder.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from grader.bench import selection
from grader.messages import UnpackOrder, Wanted
from grader.project import ROOT, TEMPLATE
from tests.support.homework import assignment

HELPERS = tuple(f"{name}.py" for name in assignment.HELPERS)
HELPER = TEMPLATE / HELPERS[0]
MODULES = tuple(module.name for module in assignment.MODULES)
WANTED = tuple(Wanted(one.pattern, one.largest, one.latest) for one in assignment.ARTIFACTS)
LARGEST_SOURCE = 2**20
MOST_ENTRIES = 10_000
DEEPEST = 8
MOST_COPIES = 50
UNPACK_SECONDS = 60
_IGNORED = ("__MACOSX", "__pycache__", ".git", ".ipynb_checkpoints", "venv", ".venv", "site-packages")
_NEVER = ("conftest.py", "sitecustomize.py", "usercustomize.py", "setup.py")


@dataclass
class Intake:
    """What was taken of a submission: why a module cannot be graded, and what a reader of the result should know."""

    problems: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class UnreadableArchive(Exception):
    """The archive cannot be opened, or holds what no hand-in holds; the message is for the student."""


def take(submission: Path, source: Path, workplace: Path, user: int | None) -> Intake:
    """Copy the graded files of a folder, a zip or a single file into `source`, beside the course's own helper."""
    intake = Intake()
    source.mkdir(mode=0o755)
    for name in HELPERS:
        _write(source / name, HELPER.read_bytes())
    try:
        root = submission if submission.is_dir() else unpack(submission, workplace / "unpacked", user)
    except UnreadableArchive as error:
        intake.problems = dict.fromkeys(MODULES, str(error))
        return intake
    files = listing(root, intake)
    for module in MODULES:
        _take_module(module, files, source, intake)
    _take_artifacts(files, source, intake)
    return intake


def unpack(archive: Path, target: Path, user: int | None) -> Path:
    """Extract a zip in a confined process; raises `UnreadableArchive`."""
    target.mkdir(mode=0o700)
    if user is not None:
        os.chown(target, user, user)
    order = msgspec.json.encode(UnpackOrder(str(target), user, WANTED)).decode()
    with archive.open("rb") as content:
        process = subprocess.Popen(
            [sys.executable, "-m", "grader.bench.unpack", order],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=content,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            process.communicate(timeout=UNPACK_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise UnreadableArchive("The archive takes too long to unpack.") from None
    reasons = {
        0: "",
        3: "The file handed in is not a zip archive that can be opened.",
        5: "The archive is too large, or holds too many files. Hand in only your .py files.",
    }
    reason = reasons.get(process.returncode, "The archive cannot be unpacked.")
    if reason:
        raise UnreadableArchive(f"{reason} Hand in {' and '.join(assignment.REQUIRED)}.")
    return target


def listing(root: Path, intake: Intake) -> list[Path]:
    """Regular files below a folder, the shallowest first; links are not followed."""
    files: list[Path] = []
    entries = 0
    level = [root]
    for _ in range(DEEPEST):
        deeper: list[Path] = []
        for folder in level:
            try:
                listed = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except OSError:
                continue
            for entry in listed:
                entries += 1
                if entries > MOST_ENTRIES:
                    intake.notes.append(f"More than {MOST_ENTRIES} files: only the first were looked at.")
                    return files
                if entry.is_file(follow_symlinks=False):
                    files.append(Path(entry.path))
                elif entry.is_dir(follow_symlinks=False) and entry.name not in _IGNORED:
                    deeper.append(Path(entry.path))
        level = deeper
    return files


def _take_module(module: str, files: list[Path], source: Path, intake: Intake) -> None:
    """Copy a module and the student's own files beside it."""
    name = f"{module}.py"
    found = [path for path in files if path.name == name]
    if not found:
        similar = sorted({path.name for path in files if _resembles(path.name, module)})[:3]
        if similar:
            intake.problems[module] = (
                f"{name} is not among the submitted files; there is {', '.join(map(_shown, similar))}. "
                "Submit it under exactly the name of the handout."
            )
        return
    if len(found) > 1 and len(found[0].parts) == len(found[1].parts):
        intake.notes.append(f"{name} was handed in more than once; the first in alphabetical order was graded.")
    siblings = [path for path in files if path.parent == found[0].parent and path.suffix == ".py" and path != found[0]]
    problem = _copy(found[0], source, LARGEST_SOURCE, "Is it the right file?")
    if problem:
        intake.problems[module] = problem
    for path in siblings[:MOST_COPIES]:
        if path.name not in (*HELPERS, *_NEVER, *assignment.FILES) and _importable(path):
            _copy(path, source, LARGEST_SOURCE)


def _take_artifacts(files: list[Path], source: Path, intake: Intake) -> None:
    """Copy what was trained, each file from the shallowest place; what cannot be copied gives a note."""
    places: dict[str, Path] = {}
    for path in files:
        places.setdefault(path.name, path)
    for name in selection.selected(places, WANTED):
        problem = _copy(places[name], source, selection.largest(name, WANTED), "It was left out.")
        if problem:
            intake.notes.append(problem)


def _resembles(name: str, module: str) -> bool:
    """Whether a file is probably this module under another name, as "MODULE (1).py"; its last word tells it apart."""
    plain = name.lower().replace("-", "_").replace(" ", "_")
    return name != f"{module}.py" and module.rpartition("_")[2] in plain and plain.endswith((".py", ".ipynb"))


def _importable(path: Path) -> bool:
    return path.stem.isidentifier() and path.stem not in sys.stdlib_module_names


def _copy(path: Path, source: Path, largest: int, hint: str = "") -> str:
    """Copy one regular file of at most `largest` bytes; returns why it cannot be, with a hint, or nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return f"{path.name} cannot be read."
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            return f"{path.name} is not a regular file."
        if status.st_size > largest:
            megabytes = int(status.st_size / 2**20)
            size = f"{megabytes} MB" if megabytes > largest // 2**20 else f"more than {largest // 2**20} MB"
            return f"{path.name} has {size}; it may have {largest // 2**20} MB. {hint}"
        _write(source / path.name, file.read(largest))
    return ""


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o644)


def _shown(name: str) -> str:
    return ascii(name[:60])
