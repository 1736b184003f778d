"""The header of a mutant or an attack: its first line, `# field: value | field: value`, held against what there is.

    # fails: CHECK, CHECK (keeps 50%), CHECK (timed out) | says: TEXT | because: TEXT
    # attack: NN | earns: nothing | needs: WORDS | in: MODULE | base: reference | tries: TEXT

`fails` names each check that finds a fault; in brackets the share of its points that it keeps (none, if nothing is
said) or its status ("failed", if nothing is said). `because` says why one mistake costs points in several. `earns`
names the checks that pass in the same way, or is `nothing` or `everything`. No points stand here: they are the
rubric's.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.status import NO_FAULT, Status

_NAMED = re.compile(r"(?P<check>\w+)(?: \((?P<addition>[^()]*)\))?")
_BETWEEN = re.compile(r",\s*(?![^()]*\))")
_SHARE = re.compile(r"keeps (?P<percent>\d+(?:\.\d+)?)%")
_NOT_YET = (Status.PENDING, Status.GRADER_ERROR)
STATUSES = [status for status in Status if status not in (*NO_FAULT, *_NOT_YET)]
"""Statuses that a check can be known to have."""


class HeaderError(Exception):
    """A header says what cannot be: the message names the file, the line and the nearest word that there is."""


@dataclass(frozen=True)
class Known:
    """What is known of one check: its status (None: any), and the share of its points that it keeps."""

    status: Status | None
    share: float


SOUND = Known(Status.PASSED, 1.0)
NOTHING = Known(None, 0.0)


@dataclass(frozen=True)
class Header:
    """The fields of one header, by name; `where` is its file and line."""

    where: str
    fields: dict[str, str]

    @classmethod
    def read(cls, path: Path, required: Sequence[str], optional: Sequence[str] = ()) -> Header:
        """The header of a file; raises `HeaderError` for a field that is missing, unknown or there twice."""
        line = path.read_text(encoding="utf-8").partition("\n")[0].strip()
        where = f"{path.name}, line 1"
        if not line.startswith("# "):
            raise HeaderError(f"{where}: a header begins with '# {required[0]}: '")
        fields: dict[str, str] = {}
        for part in line.removeprefix("# ").split(" | "):
            name, colon, value = part.partition(": ")
            if not colon or name not in (*required, *optional):
                raise HeaderError(f"{where}: {_unknown('field of this header', name, [*required, *optional])}")
            if name in fields:
                raise HeaderError(f"{where}: {name!r} stands there twice")
            fields[name] = value.strip()
        missing = [name for name in required if not fields.get(name)]
        if missing:
            raise HeaderError(f"{where}: {missing[0]!r} is missing")
        return cls(where, fields)

    def checks(self, field: str, names: Iterable[str], alone: Known) -> dict[str, Known]:
        """What a field says of each check that it names, `alone` where a name stands so; raises `HeaderError`."""
        known: dict[str, Known] = {}
        for text in _BETWEEN.split(self.fields[field]):
            found = _NAMED.fullmatch(text.strip())
            if found is None:
                raise HeaderError(f"{self.where}: {text!r} is not 'check', 'check (keeps 50%)' or 'check (timed out)'")
            check, addition = found["check"], found["addition"]
            if check not in names:
                raise HeaderError(f"{self.where}: {_unknown('check', check, names)}")
            if check in known:
                raise HeaderError(f"{self.where}: {check!r} stands there twice")
            known[check] = alone if addition is None else self._addition(addition)
        return known

    def _addition(self, text: str) -> Known:
        share = _SHARE.fullmatch(text)
        if share is not None and float(share["percent"]) < 100:
            return Known(Status.FAILED, float(share["percent"]) / 100)
        if text not in STATUSES:
            raise HeaderError(f"{self.where}: {_unknown('status, nor a share', text, [*STATUSES, 'keeps 50%'])}")
        return Known(Status(text), 0.0)

    def one_of(self, field: str, values: Sequence[str], default: str = "") -> str:
        """The value of a field that has to be one of these, or the default; raises `HeaderError`."""
        value = self.fields.get(field, default)
        if value not in (*values, default):
            raise HeaderError(f"{self.where}: {_unknown(f'value of {field!r}', value, values)}")
        return value


def _unknown(what: str, word: str, words: Iterable[str]) -> str:
    """That a word is none of these, and which of them is nearest."""
    near = difflib.get_close_matches(word, [str(one) for one in words], n=1, cutoff=0.0)
    return f"{word!r} is no {what}; the nearest is {near[0]!r}" if near else f"{word!r} is no {what}"
