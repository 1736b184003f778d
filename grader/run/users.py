"""User ids for students' code: a new pair for each submission, which belongs to nobody else on the machine."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from grader.run import processes

FIRST_USER = 61_000
PAIRS = 2000
"""Pairs from `FIRST_USER` on, taken in turn: between those of people and those of a system's services."""


@dataclass
class Pair:
    """The ids of the two modules' processes, this runner's own while `claim` is open; None where it is not root."""

    ids: tuple[int | None, int | None]
    claim: socket.socket | None = None

    def release(self) -> None:
        """Let others have them."""
        if self.claim is not None:
            self.claim.close()


def pairs(slot: int) -> Iterator[Pair]:
    """A new pair at each step; runners with different slots begin at different ones."""
    following = FIRST_USER + 2 * slot
    while True:
        if os.geteuid() != 0:
            yield Pair((None, None))
            continue
        claim, first = claim_users(following)
        following = first + 2
        yield Pair((first, first + 1), claim)


def claim_users(first: int) -> tuple[socket.socket, int]:
    """Two user ids, from `first` on, of nobody on this machine: they are the caller's own while the socket is open.

    No account has them, no process runs under them, and no other runner: runners that shared an id would end each
    other's processes. The kernel frees the socket's name with its owner. Raises RuntimeError when none is left.
    """
    running = {process.user for process in processes.all_processes()}
    for step in range(PAIRS):
        candidate = FIRST_USER + (first - FIRST_USER + 2 * step) % (2 * PAIRS)
        if running & {candidate, candidate + 1} or any(map(_has_account, (candidate, candidate + 1))):
            continue
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0grader-users-{candidate}")
        except OSError:
            claim.close()
        else:
            return claim, candidate
    raise RuntimeError(f"no user id from {FIRST_USER} to {FIRST_USER + 2 * PAIRS - 1} is free")


def _has_account(user: int) -> bool:
    with suppress(KeyError):
        pwd.getpwuid(user)
        return True
    return False
