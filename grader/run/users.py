"""User ids for students' code: new ones for each submission, which belong to nobody else on the machine."""

from __future__ import annotations

import errno
import fcntl
import os
import pwd
import struct
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from grader.run import processes
from tests.support.homework.assignment import MODULES

FIRST_USER = 61_000
EACH = len(MODULES)
GROUPS = 1500
APART = 400
"""Groups between two slots: what one runner has let go is not at once another's."""
_LOCK = struct.Struct("hhqqi0q")
"""The kernel's `struct flock`: kind, from where, first byte, number of bytes, process (none)."""
LAST_USER = FIRST_USER + EACH * GROUPS - 1
"""Groups of `EACH` ids from `FIRST_USER` on, taken in turn: between those of people and those of services."""


@dataclass
class Identities:
    """The ids of the modules' processes, this runner's own while `claim` is open; None where it is not root."""

    ids: tuple[int | None, ...]
    claim: BinaryIO | None = None

    def release(self) -> None:
        """Let others have them."""
        if self.claim is not None:
            self.claim.close()


def identities(slot: int) -> Iterator[Identities]:
    """New ids at each step; runners with different slots begin at different ones."""
    following = FIRST_USER + EACH * (APART * slot % GROUPS)
    while True:
        if os.geteuid() != 0:
            yield Identities((None,) * EACH)
            continue
        claim, own = claim_users(following)
        following = own[-1] + 1
        yield Identities(own, claim)


def claim_users(first: int) -> tuple[BinaryIO, tuple[int, ...]]:
    """An id for each module, from `first` on, of nobody on this machine: the caller's own while the file is open.

    No account has them, no process runs under them, and no other runner: runners that shared an id would end each
    other's processes. Raises RuntimeError when none is left.
    """
    running = {process.user for process in processes.all_processes()}
    for step in range(GROUPS):
        candidate = FIRST_USER + (first - FIRST_USER + EACH * step) % (EACH * GROUPS)
        own = tuple(range(candidate, candidate + EACH))
        if running.intersection(own) or any(map(_has_account, own)):
            continue
        if (file := claim(candidate)) is not None:
            return file, own
    raise RuntimeError(f"no user id from {FIRST_USER} to {LAST_USER} is free")


def claim(user: int) -> BinaryIO | None:
    """The file that stands for the group of an id, which is the caller's own while it is open; None if another's.

    Each group is a byte of one file that only its owner can open, and a lock that the kernel lets go of with whoever
    holds it. A name without a file, in the network that all share, could be taken by a student's process.
    """
    place = _locks()
    descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    file = os.fdopen(descriptor, "r+b", buffering=0)
    if os.fstat(descriptor).st_uid != os.geteuid():
        file.close()
        raise RuntimeError(f"{place} belongs to another user: remove it")
    try:
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, _LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, (user - FIRST_USER) // EACH, 1, 0))
    except OSError as error:
        if error.errno != errno.EINVAL:  # a kernel that does not know such locks is a container's, of one runner
            file.close()
            return None
    return file


def claimed(user: int) -> bool:
    """Whether a runner on this machine has claimed this id now."""
    if (trial := claim(user)) is None:
        return True
    trial.close()
    return False


def _locks() -> Path:
    """Where the file lies: in the folder of what ends with the machine's run, where only root writes, if it may."""
    folder = Path("/run")
    return (folder if os.access(folder, os.W_OK) else Path(tempfile.gettempdir())) / "grader-users.lock"


def _has_account(user: int) -> bool:
    with suppress(KeyError):
        pwd.getpwuid(user)
        return True
    return False
