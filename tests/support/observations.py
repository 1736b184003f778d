"""What the probes report: plain data, checked for type and shape before the judge looks at it.

Every array is a numpy array. A reply of the wrong type is a `BadReply`, never an error of the judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
import numpy as np


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


Reply = TypeVar("Reply")


def _array(expected: type, value: Any) -> Any:
    if expected is np.ndarray and isinstance(value, np.ndarray):
        return value
    raise msgspec.ValidationError(f"expected an array, got {type(value).__name__}")


def parse(expected: type[Reply], payload: object) -> Reply:
    """The payload as the named observation; raises `BadReply` when a field is missing or of another type."""
    try:
        return msgspec.convert(payload, expected, dec_hook=_array)
    except (msgspec.ValidationError, RecursionError, ValueError, TypeError) as error:
        raise BadReply(f"not a {expected.__name__}: {error}") from None
