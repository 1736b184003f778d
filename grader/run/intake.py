"""From what a student handed in to the few files that are graded, copied as regular files into a private folder.

What a student trained comes along, unopened: only the bench looks into it. A folder is only listed and read here; an
archive is opened elsewhere (`grader.run.archives`), and what that leaves on disk is then treated like any other folder.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath

from grader.bench import selection
from grader.project import TEMPLATE
from grader.run import archives, names
from grader.run.archives import WANTED, UnreadableArchive
from grader.run.names import Found, shown
from tests.support.homework import assignment
from tests.support.remarks import EXPORT

HELPERS = tuple(f"{name}.py" for name in assignment.HELPERS)
HELPER = TEMPLATE / HELPERS[0]
MODULES = tuple(module.name for module in assignment.MODULES)
REQUIRED = tuple(module.name for module in assignment.MODULES if not module.optional)
LARGEST_SOURCE = 2**20
MOST_ENTRIES = 10_000
"""Files that may come along, and folders, that are looked at; and as many files that are named like a module."""
MOST_LISTED = 100_000
"""Entries of all folders together, pictures and other data among them."""
DEEPEST = 16
MOST_COPIES = 200
MOST_ARCHIVES = 4
"""Archives that are opened of one hand-in, those in others included."""
MOST_NOTES = 12
_NOTHING = ("._", selection.ENVIRONMENT)
_NEVER = ("conftest.py", "sitecustomize.py", "usercustomize.py", "setup.py", "desktop.ini")
_OURS = ("tests", "grader", "reference")
"""Packages of ours: a student's own of these names would never be found."""
_BESIDE = (".py", ".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".txt")
"""Ends of a student's own modules, and of the settings that they may read."""


@dataclass
class Intake:
    """What was taken of a submission: why a module cannot be graded, and what a reader of the result should know."""

    problems: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Keep a remark, once; of too many the first."""
        if text not in self.notes and len(self.notes) < MOST_NOTES:
            self.notes.append(text)


def take(
    submission: Path, source: Path, workplace: Path, user: int | None, exact_names: bool = assignment.EXACT_NAMES
) -> Intake:
    """Copy the graded files of a folder, an archive or a single file into `source`, beside the course's own helper."""
    intake = Intake()
    source.mkdir(mode=0o755)
    for name in HELPERS:
        _write(source / name, HELPER.read_bytes())
    closed: list[str] = []
    try:
        files = _handed_in(submission, workplace, user, intake)
    except UnreadableArchive as error:
        intake.problems = dict.fromkeys(MODULES, str(error))
        return intake
    _open_archives(files, workplace, user, intake, closed)
    chosen = {module: _choose(module, files, intake, closed, exact_names) for module in MODULES}
    for module, found in chosen.items():
        if found is not None:
            _take_module(module, found, files, source, intake)
    decorated = next(((found.name, module) for module, found in chosen.items() if found is not None), None)
    _take_artifacts(files, source, intake, decorated)
    return intake


def _handed_in(submission: Path, workplace: Path, user: int | None, intake: Intake) -> list[Found]:
    if submission.is_dir():
        return listing(submission, PurePosixPath(), intake)
    if any(names.fit(submission.name, module) is not None for module in MODULES):
        return [Found(submission, PurePosixPath(submission.name))]
    return listing(archives.unpack(submission, workplace / "unpacked", user), PurePosixPath(), intake)


def _open_archives(files: list[Found], workplace: Path, user: int | None, intake: Intake, closed: list[str]) -> None:
    """While a required module is missing, look for it in the archives; `closed` then says which stay shut, and why."""
    tried: set[Path] = set()
    while len(tried) < MOST_ARCHIVES and not all(_is_among(module, files) for module in REQUIRED):
        one = next((file for file in files if selection.is_archive(file.name) and file.path not in tried), None)
        if one is None:
            return
        tried.add(one.path)
        try:
            folder = archives.unpack(one.path, workplace / f"unpacked-{len(tried)}", user, shown(one.name))
        except UnreadableArchive as error:
            closed.append(str(error))
        else:
            inside = listing(folder, one.known_as, intake)
            files += inside
            if any(names.fit(file.name, module) is not None for file in inside for module in MODULES):
                intake.note(f"{shown(one.known_as)} was unpacked, and what is in it was graded.")


def _is_among(module: str, files: Sequence[Found]) -> bool:
    return any((quality := names.fit(file.name, module)) is not None and quality <= names.SAME for file in files)


def listing(root: Path, known_as: PurePosixPath, intake: Intake) -> list[Found]:
    """Regular files below a folder that may matter, the shallowest first; links are not followed.

    Of too many the first, and beyond them those that are named like a module.
    """
    files: list[Found] = []
    left, left_alike, left_to_list = MOST_ENTRIES, MOST_ENTRIES, MOST_LISTED
    level = [(root, known_as)]
    for _ in range(DEEPEST):
        deeper: list[tuple[Path, PurePosixPath]] = []
        for folder, known in level:
            listed = _entries(folder, left_to_list + 1)
            left_to_list -= len(listed)
            is_environment = any(entry.name == selection.ENVIRONMENT for entry in listed)
            for entry in listed:
                if entry.is_dir(follow_symlinks=False):
                    left -= 1
                    of_environment = is_environment and entry.name in selection.OF_ENVIRONMENT
                    if left >= 0 and not (of_environment or selection.is_passed_over(entry.name)):
                        deeper.append((Path(entry.path), known / entry.name))
                elif not entry.name.startswith(_NOTHING) and entry.is_file(follow_symlinks=False):
                    if any(names.resembles(entry.name, module) for module in MODULES):
                        left_alike -= 1
                        taken = left_alike >= 0
                    else:
                        matters = _may_matter(entry.name)
                        left -= matters
                        taken = matters and left >= 0
                    if taken:
                        files.append(Found(Path(entry.path), known / entry.name))
            if left_to_list < 0:
                break
        level = deeper if left_to_list >= 0 else []
    if min(left, left_alike, left_to_list) < 0:
        intake.note(f"More than {MOST_ENTRIES} files: beyond these only names of the handout's files were looked for.")
    return files


def _entries(folder: Path, most: int) -> list[os.DirEntry[str]]:
    """What is in a folder, by name, and of more than so many only some; nothing where that cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(islice(entries, most), key=lambda entry: entry.name)
    except OSError:
        return []


def _may_matter(name: str) -> bool:
    """Whether a file of this name may come along, or hold what does."""
    return selection.is_source(name) or selection.is_archive(name) or selection.may_be_wanted(name, WANTED)


def _choose(
    module: str, files: Sequence[Found], intake: Intake, closed: Sequence[str], exact_names: bool
) -> Found | None:
    """The file that is graded as a module; a problem or a note where that is not the only one of exactly its name."""
    wanted = f"{module}.py"
    fitting = [(quality, file) for file in files if (quality := names.fit(file.name, module)) is not None]
    best = min((quality for quality, _ in fitting), default=None)
    candidates = [file for quality, file in fitting if quality == best]
    optional = module not in REQUIRED
    if best is None or (exact_names and best > names.EXACT) or (optional and best > names.WITHIN):
        if problem := _why_missing(module, files, closed, optional):
            intake.problems[module] = problem
        return None
    versions = names.nearest(candidates)
    if best > names.EXACT and len({file.name for file in candidates}) > 1:
        several = ", ".join(shown(name) for name in sorted({file.name for file in candidates})[:3])
        intake.problems[module] = (
            f"{wanted} is not among the submitted files, and several may be meant: {several}. Hand in one of them, "
            f"under exactly the name {wanted}."
        )
        return None
    if best > names.EXACT:
        intake.note(
            f"{shown(versions[0].name)} was graded as {wanted}: no other file has such a name. "
            "Hand it in under exactly the name of the handout."
        )
    if len(versions) > 1:
        intake.note(
            f"{wanted} was handed in {len(versions)} times: {shown(versions[0].known_as)} was graded, not "
            f"{', '.join(shown(one.known_as) for one in versions[1:3])}{' ...' if len(versions) > 3 else ''}. "
            "The rule: nearest to the top, then the last by name."
        )
    return versions[0]


def _why_missing(module: str, files: Sequence[Found], closed: Sequence[str], optional: bool) -> str:
    """What is there in the place of a module, and what to do; nothing where nothing is."""
    wanted = f"{module}.py"
    similar = [shown(name) for name in sorted({file.name for file in files if names.resembles(file.name, module)})]
    notebooks = [shown(file.name) for file in files if file.name.lower().endswith(".ipynb")]
    own = [one for one in similar if one in notebooks] or (notebooks if not similar and not optional else [])
    if own:
        return f"{wanted} is not among the submitted files; there is {own[0]}. {EXPORT} Name it {wanted}."
    if similar:
        return (
            f"{wanted} is not among the submitted files; there is {', '.join(similar[:3])}. "
            "Submit it as a Python file, under exactly the name of the handout."
        )
    return f"{wanted} is not among the submitted files. {closed[0]}" if closed and not optional else ""


def _take_module(module: str, found: Found, files: Sequence[Found], source: Path, intake: Intake) -> None:
    """Copy a module, and the student's own modules and packages beside it."""
    problem = _copy(found.path, source / f"{module}.py", LARGEST_SOURCE, "Is it the right file?")
    if problem:
        intake.problems[module] = problem
    folder = found.path.parent
    copied = 0
    for file in files:
        if file.path == found.path or file.path.suffix not in _BESIDE or folder not in file.path.parents:
            continue
        relative = PurePosixPath(*file.path.relative_to(folder).parts)
        if len(relative.parts) == 1:
            relative = PurePosixPath(names.undecorated(file.name, found.name, module))
            if relative.name in HELPERS and file.name == relative.name:
                _compare_with_helper(file, intake)
        if not _travels(relative):
            continue
        if copied == MOST_COPIES:
            intake.note(f"More than {MOST_COPIES} files of your own beside {module}.py: the others were left out.")
            return
        copied += not _copy(file.path, source / relative, LARGEST_SOURCE)


def _travels(relative: PurePosixPath) -> bool:
    """Whether a file beside a module comes along: one of the student's own modules or packages, or settings."""
    *folders, name = relative.parts
    if name in (*HELPERS, *_NEVER, *assignment.FILES):
        return False
    top = folders[0] if folders else relative.stem
    if relative.suffix == ".py" and not (relative.stem.isidentifier() and all(map(str.isidentifier, folders))):
        return False
    return top not in (*sys.stdlib_module_names, *_OURS)


def _compare_with_helper(file: Found, intake: Intake) -> None:
    """Note when the course's helper was changed: the graders' own copy is used, always."""
    content = _read(file.path, LARGEST_SOURCE)
    if isinstance(content, bytes) and content.split() != HELPER.read_bytes().split():
        intake.note(
            f"{file.name} was handed in with changes, or is of another release. The graders use the course's own copy: "
            "put functions of your own into another file beside it."
        )


def _take_artifacts(files: Sequence[Found], source: Path, intake: Intake, decorated: tuple[str, str] | None) -> None:
    """Copy what was trained, each file from the shallowest place; what cannot be copied gives a note."""
    places: dict[str, Path] = {}
    for file in files:
        places.setdefault(file.name, file.path)
    for file in files if decorated else ():
        places.setdefault(names.undecorated(file.name, *decorated), file.path)  # type: ignore[misc]
    for name in selection.selected(places, WANTED):
        problem = _copy(places[name], source / name, selection.largest(name, WANTED), "It was left out.")
        if problem:
            intake.note(problem)


def _copy(path: Path, target: Path, largest: int, hint: str = "") -> str:
    """Copy one regular file of at most `largest` bytes; returns why it cannot be, with a hint, or nothing."""
    content = _read(path, largest)
    if isinstance(content, str):
        return f"{target.name} {content} {hint}".rstrip()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _write(target, content)
    except OSError:  # a folder of the same name is there, of another module's
        return f"{target.name} cannot be copied."
    return ""


def _read(path: Path, largest: int) -> bytes | str:
    """The bytes of one regular file, or why they are not read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return "cannot be read."
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            return "is not a regular file."
        if status.st_size > largest:
            megabytes = int(status.st_size / 2**20)
            size = f"{megabytes} MB" if megabytes > largest // 2**20 else f"more than {largest // 2**20} MB"
            return f"has {size}; it may have {largest // 2**20} MB."
        return file.read(largest)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o644)
