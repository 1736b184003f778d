"""Frames between the three parties: one JSON object and the raw bytes of its arrays. Never pickle, never code.

A frame is two 32-bit lengths, the JSON text, and the arrays' bytes one after the other. An array stands in the JSON as
`{"$array": [dtype, shape]}`, in the order of the bytes. What arrives may come from a hostile process: `decode` checks
everything and raises `BadFrame`.
"""

from __future__ import annotations

import json
import math
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

LARGEST_TEXT = 4 * 2**20
LARGEST_BODY = 32 * 2**20
MOST_DIMENSIONS = 6
DTYPES = {name: np.dtype(name) for name in ("<f4", "<f8", "<i8", "<i4", "|u1", "|b1")}

_HEADER = struct.Struct("!II")
_SLICE = 0.1


class BadFrame(Exception):
    """What arrived is not a frame, or is larger than a frame may be."""


class Ended(Exception):
    """The other side closed the connection."""


class Late(Exception):
    """The frame did not arrive, or could not be sent, before its deadline."""


def encode(value: dict[str, Any]) -> bytes:
    """The value as one frame; raises TypeError or ValueError for what a frame cannot carry."""
    chunks: list[bytes] = []

    def plain(one: Any) -> Any:
        if isinstance(one, np.ndarray):
            array = np.ascontiguousarray(one).astype(one.dtype.newbyteorder("<"), copy=False)
            if array.dtype.str not in DTYPES:
                raise TypeError(f"a frame cannot carry arrays of {one.dtype}")
            chunks.append(array.tobytes())
            return {"$array": [array.dtype.str, list(one.shape)]}
        if isinstance(one, dict):
            return {str(name): plain(item) for name, item in one.items()}
        if isinstance(one, (list, tuple)):
            return [plain(item) for item in one]
        return one

    text = json.dumps(plain(value), allow_nan=False).encode()
    body = b"".join(chunks)
    return _HEADER.pack(len(text), len(body)) + text + body


def decode(frame: bytes) -> dict[str, Any]:
    """The value of a frame; raises `BadFrame` for anything that `encode` would not have made."""
    text_length, body_length = _HEADER.unpack_from(frame)
    text = text_of(frame)
    body = memoryview(frame)[_HEADER.size + text_length :]
    try:
        value = msgspec.json.decode(text)
        cursor = _Cursor(body)
        result = cursor.restore(value)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, ValueError, TypeError, OverflowError) as error:
        raise BadFrame(f"not a frame: {error}") from None
    if not isinstance(result, dict) or cursor.used != body_length:
        raise BadFrame("not a frame: not an object, or bytes are left over")
    return result


def text_of(frame: bytes) -> bytes:
    """The JSON text of a frame, as it is."""
    return frame[_HEADER.size : _HEADER.size + _HEADER.unpack_from(frame)[0]]


class _Cursor:
    """Takes arrays off the body of a frame, in the order in which the JSON names them."""

    def __init__(self, body: memoryview) -> None:
        self.body = body
        self.used = 0

    def restore(self, value: Any) -> Any:
        if isinstance(value, dict):
            if value.keys() == {"$array"}:
                return self._array(value["$array"])
            return {name: self.restore(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.restore(one) for one in value]
        return value

    def _array(self, description: Any) -> np.ndarray:
        name, shape = description
        if len(shape) > MOST_DIMENSIONS or not all(type(n) is int and 0 <= n <= LARGEST_BODY for n in shape):
            raise ValueError("an array of an impossible shape")
        if not isinstance(name, str) or name not in DTYPES:
            raise ValueError("an array of an unknown type")
        size = math.prod(shape) * DTYPES[name].itemsize
        chunk = self.body[self.used : self.used + size]
        self.used += size
        # A copy: the judge's arrays are writable, and the frame's bytes can go.
        return np.frombuffer(chunk, DTYPES[name]).reshape(shape).copy()


def lengths(header: bytes) -> int:
    """Bytes that follow a frame's header; raises `BadFrame` when they are too many."""
    text, body = _HEADER.unpack(header)
    if text > LARGEST_TEXT or body > LARGEST_BODY:
        raise BadFrame(f"a frame of {text + body} bytes is too large")
    return int(text + body)


HEADER_SIZE = _HEADER.size


def receive(connection: socket.socket, deadline: float, while_waiting: Callable[[], None] | None = None) -> bytes:
    """One whole frame; raises `Ended`, `BadFrame`, or `Late` after the deadline (seconds of `time.monotonic`).

    `while_waiting` is called every tenth of a second in which nothing arrives.
    """
    try:
        header = _exactly(connection, HEADER_SIZE, deadline, while_waiting)
        return header + _exactly(connection, lengths(header), deadline, while_waiting)
    finally:
        connection.settimeout(None)


def _exactly(connection: socket.socket, size: int, deadline: float, while_waiting: Callable[[], None] | None) -> bytes:
    chunks = bytearray()
    looked = time.monotonic()
    while len(chunks) < size:
        now = time.monotonic()
        if now >= deadline:
            raise Late
        if while_waiting is not None and now - looked >= _SLICE:
            looked = now
            while_waiting()
        connection.settimeout(min(_SLICE, deadline - now))
        try:
            chunk = connection.recv(min(size - len(chunks), 2**20))
        except TimeoutError:
            continue
        except ConnectionError:
            raise Ended from None
        if not chunk:
            raise Ended
        chunks += chunk
    return bytes(chunks)
