"""What the probes report: plain data, checked for type and shape before the judge looks at it.

Every array is a numpy array. A reply of the wrong type is a `BadReply`, never an error of the judge. This is also where
every text of a student's process enters: it is cut and made printable here, once.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

import msgspec
import numpy as np

LONGEST_NAME = 80
"""Characters of a name, or of any other text of a reply."""
LONGEST_MESSAGE = 500
"""Characters of an exception's text."""
MOST_ENTRIES = 50_000
"""Of one list or dictionary of a reply; a network written in Python loops executes some thousands of operations."""
_LARGEST_SIZE = 2**40
Size = Annotated[int, msgspec.Meta(ge=0, le=_LARGEST_SIZE)]
Divisor = Annotated[int, msgspec.Meta(ge=1, le=_LARGEST_SIZE)]
"""What torch itself accepts as a size, or as what others are divided by."""
_MOST_DIMENSIONS = msgspec.Meta(max_length=16)
Shape = Annotated[list[Size], _MOST_DIMENSIONS]
Divisors = Annotated[list[Divisor], _MOST_DIMENSIONS]
"""Sizes along each dimension: a float holds the product of all."""
ENCODING, NOTEBOOK_LINES, NOT_SHOWN, STAND_IN, EAGER, NO_WORKERS, COLAB_FOLDER = (
    *("encoding", "notebook_lines", "not_shown", "stand_in", "eager", "no_workers", "colab_folder"),
)
"""Names of remarks: in what the surroundings of a student's code have met it half way. Two may have a subject, after a
colon."""
LONGEST_SUBJECT = 40
"""Characters of it."""
IS_A_NOTEBOOK = "this file holds a notebook, not Python"
"""What importing a notebook under a module's name raises."""
_UNPRINTABLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Kinds of characters that show nothing or change how others are shown: control, direction, private use, ..."""


class BadReply(Exception):
    """A reply that is not the observation asked for."""


class Failure(msgspec.Struct, forbid_unknown_fields=True):
    """How an observation failed.

    `kind` is one of not_implemented, raised, import_failed, missing, undefined (the module lacks a name) or,
    from the runner, timed_out, out_of_memory, crashed. `exception` is the type's name, `file` and `line` the last
    place in the student's own files, `question` what a stub's message names.
    """

    kind: str
    message: str = ""
    exception: str = ""
    file: str = ""
    line: int = 0
    question: str = ""


def require_shape(array: np.ndarray, shape: Sequence[int | None], kind: str = "f") -> None:
    """Raise ValueError unless an array has this kind of numbers and this shape (None: of any length).

    Called where an observation is made: `parse` turns the error into a `BadReply`.
    """
    fits = array.ndim == len(shape) and all(wanted in (None, n) for n, wanted in zip(array.shape, shape, strict=True))
    if array.dtype.kind != kind or not fits:
        raise ValueError(f"an array of shape {array.shape} and type {array.dtype}")


def is_printable(character: str) -> bool:
    """Whether a character shows something, and leaves others as they are."""
    return (character.isascii() and character.isprintable()) or unicodedata.category(character) not in _UNPRINTABLE


def printable(text: str, longest: int = LONGEST_NAME) -> str:
    """A text of a student's on one line: characters that cannot be printed become "?", and what is too long is cut."""
    line = " ".join(text[: 4 * longest].split())
    line = "".join(one if is_printable(one) else "?" for one in line)
    return line if len(line) <= longest and len(text) <= 4 * longest else f"{line[: longest - 4]} ..."


def _name(text: str) -> str:
    """A printable text; names (of one word) that differed differ still, because they tell parameters apart."""
    if len(text) <= LONGEST_NAME and text.isascii() and text.isprintable():
        return text
    shown = printable(text)
    if shown == text or " " in text:
        return shown
    mark = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{printable(text, LONGEST_NAME - 9)}~{mark}"


def distrusted(value: Any, longest: int = LONGEST_NAME) -> Any:
    """A reply with printable names of bounded length; raises ValueError for lists longer than any observation has."""
    if isinstance(value, str):
        return _name(value) if longest == LONGEST_NAME else printable(value, longest)
    if isinstance(value, (dict, list)) and len(value) > MOST_ENTRIES:
        raise ValueError(f"{len(value)} entries")
    if isinstance(value, dict):
        return {_name(str(key)): distrusted(one, longest) for key, one in value.items()}
    if isinstance(value, list):
        return [distrusted(one, longest) for one in value]
    return value


Reply = TypeVar("Reply")


def _array(expected: type, value: Any) -> Any:
    if expected is np.ndarray and isinstance(value, np.ndarray):
        return value
    raise msgspec.ValidationError(f"expected an array, got {type(value).__name__}")


def parse(expected: type[Reply], payload: object) -> Reply:
    """The payload as the named observation; raises `BadReply` when a field is missing or of another type."""
    try:
        clean = distrusted(payload, LONGEST_MESSAGE if expected is Failure else LONGEST_NAME)
        return msgspec.convert(clean, expected, dec_hook=_array)
    except (msgspec.ValidationError, RecursionError, ValueError, TypeError) as error:
        raise BadReply(f"not a {expected.__name__}: {error}") from None
