"""User ids for students' code: new ones for each submission, which belong to nobody else on the machine."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from grader.run import processes
from tests.support.homework.assignment import MODULES

FIRST_USER = 61_000
EACH = len(MODULES)
GROUPS = 1500
APART = 400
"""Groups between two slots: what one runner has let go is not at once another's."""
LAST_USER = FIRST_USER + EACH * GROUPS - 1
"""Groups of `EACH` ids from `FIRST_USER` on, taken in turn: between those of people and those of services."""


@dataclass
class Identities:
    """The ids of the modules' processes, this runner's own while `claim` is open; None where it is not root."""

    ids: tuple[int | None, ...]
    claim: socket.socket | None = None

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


def claim_users(first: int) -> tuple[socket.socket, tuple[int, ...]]:
    """An id for each module, from `first` on, of nobody on this machine: the caller's own while the socket is open.

    No account has them, no process runs under them, and no other runner: runners that shared an id would end each
    other's processes. The kernel frees the socket's name with its owner. Raises RuntimeError when none is left.
    """
    running = {process.user for process in processes.all_processes()}
    for step in range(GROUPS):
        candidate = FIRST_USER + (first - FIRST_USER + EACH * step) % (EACH * GROUPS)
        own = tuple(range(candidate, candidate + EACH))
        if running.intersection(own) or any(map(_has_account, own)):
            continue
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(_name(candidate))
        except OSError:
            claim.close()
        else:
            return claim, own
    raise RuntimeError(f"no user id from {FIRST_USER} to {LAST_USER} is free")


def claimed(user: int) -> bool:
    """Whether a runner on this machine has claimed this id now."""
    with socket.socket(socket.AF_UNIX) as trial:
        try:
            trial.bind(_name(user - (user - FIRST_USER) % EACH))
        except OSError:
            return True
    return False


def _name(first: int) -> str:
    """The socket that stands for a group of ids: without a file, so that nothing is left of it."""
    return f"\0grader-users-{first}"


def _has_account(user: int) -> bool:
    with suppress(KeyError):
        pwd.getpwuid(user)
        return True
    return False
