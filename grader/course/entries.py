"""A class as it was read: one entry for each submission, and what is odd about it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from tests.support.observations import printable

LONGEST_TEXT = 120
"""Characters of a name, an address or an id: none is longer in earnest."""
LONGEST_KEY = 80
MOST_NAMED = 5
"""Further submissions of one person that are named."""
_NOT_IN_A_KEY = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Person:
    """Who handed in: any of the three may be unknown."""

    name: str = ""
    sid: str = ""
    email: str = ""

    @property
    def key(self) -> str:
        """What tells this person from all others; nothing when only a name is known, which two may share."""
        return self.sid or self.email.casefold()

    @property
    def shown(self) -> str:
        """The person in a few words."""
        return self.name or self.email or self.sid or "unknown"


@dataclass(frozen=True)
class Attempt:
    """An earlier or the graded version of a submission: when, and the points that the platform has for it."""

    at: str
    points: float | None


@dataclass
class Entry:
    """One submission: a row of the gradebook.

    `key` names its files, `name` is what the download calls it. `place` is its folder or zip, None where there is
    nothing to grade, and `reason` then says why. `remarks` are for the staff.
    """

    key: str
    name: str
    place: Path | None
    people: tuple[Person, ...] = ()
    submitted: str = ""
    lateness: str = ""
    reason: str = ""
    remarks: list[str] = field(default_factory=list)
    attempts: tuple[Attempt, ...] = ()

    @property
    def shown(self) -> str:
        """Whose it is, in a few words."""
        return " and ".join(person.shown for person in self.people) or self.key


@dataclass
class Course:
    """Everything that was read: the entries, and remarks on the whole."""

    entries: list[Entry]
    layout: str
    remarks: list[str] = field(default_factory=list)


def text(raw: str) -> str:
    """A text of somebody's choosing on one line, without what rules a terminal or turns the reading direction."""
    return printable(raw, LONGEST_TEXT)


def fresh_key(name: str, taken: Iterable[str]) -> str:
    """A name that is safe in a path and in an address, and that no other entry has, whatever the letters' case."""
    plain = _NOT_IN_A_KEY.sub("_", name)[:LONGEST_KEY].strip("._-") or "submission"
    used = {one.casefold() for one in taken}
    key, number = plain, 1
    while key.casefold() in used:
        number += 1
        key = f"{plain}-{number}"
    return key


def flag_repeated(entries: Iterable[Entry]) -> None:
    """Say in each of them, by the id or the address, when one person has several: which one counts, people decide."""
    of: dict[str, dict[str, Entry]] = {}
    for entry in entries:
        for person in entry.people:
            for kind, key in (("Student id", person.sid), ("Address", person.email.casefold())):
                if key:
                    of.setdefault(f"{kind} {key}", {})[entry.key] = entry
    told: dict[str, set[str]] = {}
    for whose, several in of.items():
        for own, entry in several.items() if len(several) > 1 else ():
            known = told.setdefault(own, {own})
            others = [key for key in islice(several, MOST_NAMED + 2) if key not in known][:MOST_NAMED]
            known.update(others)
            if others:
                more = len(several) - 1 - len(others)
                named = ", ".join(others) + (f" and {more} more" if len(others) == MOST_NAMED and more else "")
                entry.remarks.append(f"{whose} has {named} as well: people decide which one counts.")
