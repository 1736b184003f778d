"""Downloads of other platforms, read by the names of what is in them: one expression for each, with named groups.

`person`, `id`, `time`, `file` and `late` are what an expression may name, and `title`, the assignment's, before an id.
Where it names a `file`, the files of one submission lie flat beside those of all others and are gathered. Another
platform is one more entry.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

from grader.course.entries import Course, Entry, Person, flag_repeated, fresh_key, text
from grader.course.export import IGNORED, look
from grader.errors import CourseError
from grader.run import names
from tests.support.homework.assignment import FILES, MODULES

LAYOUTS = {
    "moodle": r"(?P<person>[^_]+)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<file>[^/]+)?",
    "blackboard": r"(?P<title>.+?)_(?P<id>[^_]+)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)",
    "brightspace": r"(?:(?P<id>[^\s-]+(?:-[^\s-]+)?) - )?(?P<person>.+?) - (?P<time>.*\d{1,4}.*\d{3,4} ?[AP]M)",
    "canvas": r"(?P<person>[^_]+)_(?P<late>LATE_)?(?P<id>\d+)_(?P<submission>\d+)_(?P<file>.+)",
}
"""Names at the top of a download, by platform."""
PLAIN = "plain"
_NUMBERED_AGAIN = re.compile(r"-\d{1,2}(?=\.\w+$)")
"""What Canvas puts into the name of a file that was handed in again."""


def read(folder: Path, staging: Path, layout: str = "", known_as: Path | None = None) -> Course:
    """The submissions of a folder; `layout` names one of `LAYOUTS`, is an expression, or is found by the names.

    Files that lie flat are gathered in `staging`; `known_as` is what was given and holds the folder. Raises
    `CourseError` when there is no submission, it is one submission, or the layout is none or fits nothing.
    """
    known_as = known_as or folder
    if is_one_submission(folder):
        raise CourseError(f"{known_as} is one submission: use SUBMISSION=.")
    try:
        listed = sorted(os.scandir(folder), key=lambda one: one.name)
    except OSError as error:
        raise CourseError(f"{known_as} cannot be read: {error.strerror}.") from error
    paths = [Path(one.path) for one in listed if one.name not in IGNORED and not one.name.startswith(".")]
    shown = [_shown(path) for path in paths]
    name, expression = _chosen(layout, shown)
    if layout and expression and shown and not any(map(expression.fullmatch, shown)):
        raise CourseError(f"LAYOUT={layout} fits no name in {known_as}, such as {text(shown[0])}.")
    entries: list[Entry] = []
    course = Course(entries, name)
    named = _named(expression, shown)
    flat: dict[tuple[str, ...], list[tuple[Path, str]]] = {}
    for path in paths:
        groups = named.get(_shown(path), {})
        if file := groups.get("file"):
            of = ("person", "id", "time", "submission", "late")
            key = tuple(groups.get(one) or "" for one in of)
            flat.setdefault(("", key[1], "", "", key[4]) if name == "canvas" else key, []).append((path, file))
            continue
        if path.is_dir() or path.suffix.lower() == ".zip" or path.is_symlink():
            entries.append(_entry(path, groups, entries))
            if expression and not groups:
                entries[-1].remarks.append(f"Its name is not one that {name if name in LAYOUTS else 'LAYOUT'} gives.")
        elif not groups:
            course.remarks.append(f"{text(_shown(path))} is no submission and was passed over.")
    for files in flat.values():
        entries.append(_gathered(files, named[_shown(files[0][0])], staging, entries))
    if not entries:
        raise CourseError(f"{known_as} holds no submission: no folder and no zip.")
    flag_repeated(entries)
    return course


def _named(expression: re.Pattern[str] | None, shown: list[str]) -> dict[str, dict[str, str | None]]:
    """What an expression names in each of these names that it fits.

    Where an assignment's title stands before an id, it is what all have in common: either may have a "_" in it, and
    "x_ada" would else be taken for "ada".
    """
    named = {name: found.groupdict() for name in shown if expression and (found := expression.fullmatch(name))}
    titled = {
        name: [*title.split("_"), own]
        for name, groups in named.items()
        if (title := groups.get("title")) and (own := groups.get("id"))
    }
    if len(set(map(tuple, titled.values()))) > 1:
        same = zip(*(parts[:-1] for parts in titled.values()), strict=False)
        common = len([*takewhile(lambda parts: len(set(parts)) == 1, same)])
        for name, parts in titled.items():
            named[name] |= {"title": "_".join(parts[:common]), "id": "_".join(parts[common:])}
    return named


def asked_for(layout: str) -> tuple[str, re.Pattern[str]] | None:
    """The name and the expression of the layout that is asked for, if one is; raises `CourseError` for what is none."""
    if not layout or layout == PLAIN:
        return None
    there = f"LAYOUT={layout} is none: there are {', '.join(LAYOUTS)} and {PLAIN}, and Gradescope's export needs none"
    try:
        expression = re.compile(LAYOUTS.get(layout, layout))
    except re.error as error:
        raise CourseError(f"{there}. Nor is it an expression: {error}.") from error
    if not {"person", "id"} & expression.groupindex.keys():
        raise CourseError(f"{there}; an expression needs the group person, as in (?P<person>.+), or the group id.")
    return layout if layout in LAYOUTS else "names as given", expression


def _chosen(layout: str, names: list[str]) -> tuple[str, re.Pattern[str] | None]:
    """The layout's name and expression: the one asked for, or the first that fits most of the names."""
    if (asked := asked_for(layout)) is not None:
        return asked
    for name, pattern in LAYOUTS.items():
        expression = re.compile(pattern)
        if not layout and sum(bool(expression.fullmatch(one)) for one in names) * 2 > len(names):
            return name, expression
    return "folder of submissions", None


def is_one_submission(folder: Path) -> bool:
    """Whether the files that are asked for lie at the top, and not several submissions beside them."""
    beside = [one for one in folder.iterdir() if one.name not in IGNORED]
    if not any(is_asked_for(one.name) for one in beside if one.is_file()):
        return False
    others = [one for one in beside if one.suffix.lower() == ".zip" or any((one / name).is_file() for name in FILES)]
    return len(others) < 2


def is_asked_for(name: str) -> bool:
    """Whether a file of this name is one of the homework's, up to case, blanks and marks of a copy."""
    return any((quality := names.fit(name, one.name)) is not None and quality <= names.SAME for one in MODULES)


def _shown(path: Path) -> str:
    """A name as text: bytes that are none become "?"."""
    return os.fsencode(path.name).decode(errors="replace").replace("\ufffd", "?")


def _entry(path: Path, groups: dict[str, str | None], others: list[Entry]) -> Entry:
    name = _shown(path)
    entry = Entry(fresh_key(name.removesuffix(".zip"), (one.key for one in others)), name, None)
    entry.place, entry.reason = look(path)
    entry.people = (_person(groups, name.removesuffix(".zip")),)
    entry.submitted = text(groups.get("time") or "")
    return entry


def _person(groups: dict[str, str | None], name: str) -> Person:
    """Who it is, as far as the name tells; the platform's number of a hand-in is no student's id."""
    return Person(text(groups.get("person") or groups.get("id") or name), text(groups.get("id") or ""))


def _gathered(
    files: list[tuple[Path, str]], groups: dict[str, str | None], staging: Path, others: list[Entry]
) -> Entry:
    """One submission from files that lie flat: its zip, or a folder with copies of all of them."""
    name = "_".join(filter(None, (groups.get("person"), groups.get("id"))))
    entry = Entry(fresh_key(name, (one.key for one in others)), _shown(files[0][0]), None)
    entry.people = (_person(groups, name),)
    entry.submitted = text(groups.get("time") or "")
    if groups.get("late"):
        entry.lateness = "late"
    if len(files) == 1 and files[0][0].suffix.lower() == ".zip":
        entry.place, entry.reason = look(files[0][0])
        return entry
    target = staging / entry.key
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True, mode=0o700)
    entry.remarks += _copies(files, target)
    entry.place, entry.reason = look(target)
    return entry


def _copies(files: list[tuple[Path, str]], target: Path) -> Iterator[str]:
    """Copy regular files under the names that students gave them; yields what could not be."""
    for path, name in files:
        plain = _NUMBERED_AGAIN.sub("", Path(name).name)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    yield f"{text(name)} is not a regular file."
                    continue
                with (target / plain).open("xb") as copy:
                    shutil.copyfileobj(file, copy)
        except FileExistsError:
            yield f"{text(plain)} was handed in more than once: the first by name was taken."
        except OSError as error:
            yield f"{text(name)} cannot be read ({error.strerror})."
