"""Gradescope's export: the folders of submissions, and the file that says whose they are.

The file is made by Ruby. It is read as a stream of libyaml's events with every scalar as text: no tag makes an object,
no number loses its zeros, no name becomes a truth value, and the results of earlier gradings, nearly all of the file,
are passed over. Each submission is a stretch of its own, so that a damaged one costs no other.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from grader.course.entries import Attempt, Course, Entry, Person, flag_repeated, fresh_key, text
from grader.run import exports

METADATA = exports.METADATA
LARGEST_METADATA = 2**30
DEEPEST = 8
"""Levels that are read; what lies deeper is passed over."""
MOST_PEOPLE = 50
IGNORED = ("__MACOSX",)
_FOREIGN_CHARACTERS = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BEGINS = re.compile(r"^(?=[^\s#\-.%])", re.MULTILINE)
_FOLDER = re.compile(r"submission_\d+")

Node: TypeAlias = "str | list[Node] | dict[str, Node]"


def find(folder: Path) -> Path | None:
    """The folder that is an export: this one, or the one folder in it; None when neither is.

    Only a metadata file beside the submissions counts: a student's own lies deeper.
    """
    inside = _folders(folder)
    for candidate in [folder, *(inside if len(inside) == 1 else [])]:
        metadata = candidate / METADATA
        if metadata.is_file() and not metadata.is_symlink() and candidate.is_dir():
            names = {one.name for one in _folders(candidate)}
            with metadata.open("rb") as file:
                begun = re.findall(rb"^['\"]?(submission_\d+)['\"]?:", file.read(LARGEST_METADATA), re.MULTILINE)
            if any(name.decode() in names for name in begun):
                return candidate
    return None


def read(folder: Path) -> Course:
    """Every submission of an export; nothing in it makes this fail."""
    raw = (folder / METADATA).read_bytes()[:LARGEST_METADATA]
    remarks: list[str] = []
    entries: dict[str, Entry] = {}
    for name, told in stretches(raw.decode(errors="replace")):
        if isinstance(told, Damaged) and not _FOLDER.fullmatch(name):
            remarks.append(f"{METADATA}: {text(name)} cannot be read ({told.why}).")
        elif not (_FOLDER.fullmatch(name) or _is_submission(told)):
            remarks.append(f"{METADATA}: {text(name)} is no submission and was passed over.")
        elif name in entries:
            entries[name].remarks.append(f"{text(name)} stands twice in {METADATA}: the first was read.")
        else:
            entries[name] = _entry(name, told, fresh_key(name, (one.key for one in entries.values())))
    for entry in entries.values():
        _place(entry, folder)
    for path in _folders(folder):
        if path.name not in entries:
            entries[path.name] = entry = Entry(
                fresh_key(path.name, (one.key for one in entries.values())), path.name, None
            )
            entry.remarks.append(f"{METADATA} has no entry for this folder: nobody is known to have handed it in.")
            _place(entry, folder)
    found = list(entries.values())
    flag_repeated(found)
    return Course(found, "Gradescope's export", remarks)


@dataclass(frozen=True)
class Damaged:
    """A stretch of the file that is no YAML: why, and what of its mapping stands whole before that."""

    why: str
    known: dict[str, Node] = field(default_factory=dict)


def stretches(content: str) -> Iterator[tuple[str, Node | Damaged]]:
    """Each key at the left margin with what belongs to it."""
    content = _FOREIGN_CHARACTERS.sub("?", content)
    starts = [found.start() for found in _BEGINS.finditer(content)]
    anchors: dict[str, Node] = {}
    for start, end in pairwise([*starts, len(content)]):
        stretch = content[start:end]
        key = stretch.partition("\n")[0].lstrip(":").partition(":")[0].strip("'\" ")
        reader = _Reader(stretch, anchors)
        try:
            whole = reader.read()
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = content.count("\n", 0, start) + 1 + (mark.line if mark else 0)
            yield key, Damaged(f"line {line}: {text(str(getattr(error, 'problem', '') or error))}", reader.begun)
            continue
        yield from whole.items() if isinstance(whole, dict) else [(key, Damaged("it is no mapping"))]


class _Reader:
    """One stretch as plain data: texts, lists and mappings, to a limited depth, without the results.

    `anchors` are those of the whole file, for Ruby writes an object of several submissions once. `begun` is what the
    stretch says of its key, as far as it was read.
    """

    def __init__(self, content: str, anchors: dict[str, Node]) -> None:
        self.events = yaml.parse(content, Loader=yaml.CBaseLoader)
        self.anchors = anchors
        self.begun: dict[str, Node] = {}

    def read(self) -> Node:
        for event in self.events:
            if isinstance(event, yaml.NodeEvent):
                return self._node(event, 0)
        return ""

    def _node(self, event: Any, depth: int) -> Node:
        node: Node
        if isinstance(event, yaml.AliasEvent):
            return self.anchors.get(event.anchor or "", "")
        if isinstance(event, yaml.ScalarEvent):
            node = _scalar(event)
        elif depth >= DEEPEST:
            self._skip(event)
            return ""
        elif isinstance(event, yaml.SequenceStartEvent):
            node = [self._node(one, depth + 1) for one in iter(lambda: self._next(yaml.SequenceEndEvent), None)]
        else:
            node = {}
            if depth == 1:
                self.begun = node
            for key in iter(lambda: self._next(yaml.MappingEndEvent), None):
                name = self._key(key, depth)
                value = next(self.events)
                if name == "results":
                    self._skip(value)
                else:
                    node.setdefault(name, self._node(value, depth + 1))
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def _next(self, end: type) -> Any:
        event = next(self.events)
        return None if isinstance(event, end) else event

    def _key(self, event: Any, depth: int) -> str:
        node = self._node(event, depth + 1)
        return node.removeprefix(":") if isinstance(node, str) else ""

    def _skip(self, event: Any) -> None:
        depth = int(isinstance(event, yaml.CollectionStartEvent))
        while True:
            if isinstance(event, yaml.ScalarEvent) and event.anchor:
                self.anchors[event.anchor] = _scalar(event)
            if not depth:
                return
            event = next(self.events)
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)


def _scalar(event: Any) -> str:
    """The text of a scalar; nothing for Ruby's nil, and what was encoded because it is no text decoded."""
    value: str = event.value
    if event.tag and event.tag.endswith("binary"):
        try:
            return base64.b64decode(value).decode(errors="replace")
        except (binascii.Error, ValueError):
            return value
    plain = event.style in (None, "") and event.implicit[0]
    return "" if plain and value in ("~", "null") else value


def _is_submission(node: Node | Damaged) -> bool:
    return isinstance(node, dict) and bool({"submitters", "created_at"} & node.keys())


def _entry(name: str, told: Node | Damaged, key: str) -> Entry:
    entry = Entry(key, name, None)
    damaged = isinstance(told, Damaged)
    if isinstance(told, Damaged) and "submitters" in told.known:
        entry.remarks.append(f"{METADATA}: {text(name)} cannot be read to its end ({told.why}).")
        told = told.known
    if not isinstance(told, dict):
        why = told.why if isinstance(told, Damaged) else "it is no mapping"
        entry.remarks.append(f"{METADATA}: {text(name)} cannot be read ({why}): nobody is known to have handed it in.")
        return entry
    submitters = told.get("submitters", "")
    people = submitters if isinstance(submitters, list) else [submitters]
    entry.people = tuple(person for one in people[:MOST_PEOPLE] if (person := _person(one)) != Person())
    if not entry.people:
        entry.remarks.append(f"{METADATA} names nobody who has handed it in.")
    elif missing := [person.shown for person in entry.people if not person.key]:
        entry.remarks.append(f"No student id and no address: {', '.join(missing)}.")
    entry.submitted = _text(told.get("created_at", ""))
    entry.attempts = () if damaged else tuple(_attempts(told))  # a part of them would tell another story
    return entry


def _person(node: Node) -> Person:
    if not isinstance(node, dict):
        return Person(_text(node)) if isinstance(node, str) else Person()
    return Person(*(_text(node.get(field, "")) for field in ("name", "sid", "email")))


def _attempts(told: dict[str, Node]) -> Iterator[Attempt]:
    """The versions in the order of their time, the active one last."""
    history = told.get("history", "")
    earlier = [one for one in history if isinstance(one, dict)] if isinstance(history, list) else []
    for one in [*sorted(earlier, key=lambda one: _text(one.get("created_at", ""))), told]:
        points = re.fullmatch(r"-?\d{1,6}(\.\d{1,20})?", _text(one.get("score", "")))
        yield Attempt(_text(one.get("created_at", "")), float(points[0]) if points else None)


def _text(node: Node) -> str:
    return text(node) if isinstance(node, str) else ""


def _place(entry: Entry, folder: Path) -> None:
    """Find what is to be graded; says why where there is nothing."""
    name = entry.name
    path = folder / name if "/" not in name and name not in (".", "..") else folder / "nowhere"
    entry.place, entry.reason = look(path)


def look(path: Path) -> tuple[Path | None, str]:
    """A submission's folder or file; None and the reason when it cannot be graded."""
    try:
        if path.is_symlink():
            return None, "It is a link to another place: not followed."
        if path.is_file():
            return path, ""
        if not path.is_dir():
            return None, "Its folder is not in the download."
        if not any(one.name not in IGNORED and one.name != ".DS_Store" for one in path.iterdir()):
            return None, "Its folder is empty."
    except OSError as error:
        return None, f"Its folder cannot be read ({error.strerror})."
    return path, ""


def _folders(folder: Path) -> list[Path]:
    try:
        listed = sorted(folder.iterdir(), key=lambda one: one.name)
    except OSError:
        return []
    return [one for one in listed if one.is_dir() and one.name not in IGNORED and not one.name.startswith(".")]
