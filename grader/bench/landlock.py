"""Landlock, the kernel's way for a process to give up file and network access for good (landlock(7)).

Written with ctypes, because the standard library has no binding and the packaged ones cover only the first versions.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
_VERSION = 1
_PATH_BENEATH = 1
_SET_NO_NEW_PRIVS = 38

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""All file rights that each version of the interface handles; a version adds to those before it."""
_DEVICE_CONTROL = 1 << 15
_TRUNCATE = 1 << 14
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _DEVICE_CONTROL
_TCP_BIND_AND_CONNECT = 0b11
_SCOPE_SOCKETS_AND_SIGNALS = 0b11

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


class LandlockError(OSError):
    """The kernel refused a rule or the restriction."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scope", ctypes.c_uint64))


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("rights", ctypes.c_uint64), ("folder", ctypes.c_int32))


def version() -> int:
    """Version of the kernel's interface, 0 where there is none."""
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)))


def restrict(readable: Iterable[Path], writable: Iterable[Path]) -> None:
    """Allow this process and its children only these trees, no execution, no TCP, no signals to others.

    Cannot be undone. Paths that do not exist are left out. Raises `LandlockError` where the kernel refuses.
    """
    available = version()
    files = max((rights for since, rights in _FILE_RIGHTS.items() if since <= available), default=0)
    ruleset = _Ruleset(
        files,
        _TCP_BIND_AND_CONNECT if available >= 4 else 0,
        _SCOPE_SOCKETS_AND_SIGNALS if available >= 6 else 0,
    )
    size = 24 if available >= 6 else 16 if available >= 4 else 8
    handle = _checked(_libc.syscall(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(size), 0))
    try:
        for path in readable:
            _allow(handle, path, _READ_FILE | _READ_DIR, files)
        for path in writable:
            _allow(handle, path, files & ~_EXECUTE, files)
        _checked(_libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        _checked(_libc.syscall(_RESTRICT_SELF, handle, 0))
    finally:
        os.close(handle)


def _allow(handle: int, path: Path, rights: int, handled: int) -> None:
    if not path.exists():
        return
    if not path.is_dir():
        rights &= _OF_A_FILE
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = _PathRule(rights & handled, descriptor)
        _checked(_libc.syscall(_ADD_RULE, handle, _PATH_BENEATH, ctypes.byref(rule), 0))
    finally:
        os.close(descriptor)


def _checked(result: int) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise LandlockError(error, f"landlock: {os.strerror(error)}")
    return result
