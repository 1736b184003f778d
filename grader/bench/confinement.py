"""What a bench process gives up before a student's first line runs in it."""

from __future__ import annotations

import ctypes
import os
import resource
import socket
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from grader.bench import landlock, mounts

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_SET_NO_NEW_PRIVS = 38

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Limits:
    """Kernel limits of one bench process: seconds of CPU, bytes of a file, open files, processes of the user."""

    cpu: int = 60
    file_size: int = 64 * 2**20
    open_files: int = 256
    processes: int = 64


def confine(user: int | None, readable: list[Path], writable: list[Path], limits: Limits) -> list[str]:
    """Drop everything that a student's code does not need; returns what is in force, in words.

    `user` is the id to become (None: stay). Only `readable` and the interpreter's own trees can be read and only
    `writable` written, where the kernel has Landlock.
    """
    in_force = []
    _limit(limits, own_user=user is not None)
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        in_force.append("another user id")
    _libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    in_force.append("no new privileges")
    if landlock.version():
        random_devices = [Path("/dev/urandom"), Path("/dev/random")]
        landlock.restrict([*interpreter_trees(), *random_devices, *readable], [*writable, Path("/dev/null")])
        in_force.append(f"file allow-list (Landlock {landlock.version()})")
    if not _has_network():
        in_force.append("no network")
    return in_force


def _limit(limits: Limits, own_user: bool) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu, limits.cpu + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file_size, limits.file_size))
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits.open_files, limits.open_files))
    if own_user:  # the limit counts all processes of a user: elsewhere the owner's own would count too
        resource.setrlimit(resource.RLIMIT_NPROC, (limits.processes, limits.processes))


def interpreter_trees() -> list[Path]:
    """Where the interpreter, its packages and the system's libraries live; the suites and the grader are not there."""
    own = {sys.prefix, sys.base_prefix, *sysconfig.get_paths().values()} - {"/usr", "/usr/local"}
    system = ["/usr/lib", "/usr/lib64", "/usr/share", "/usr/local/lib", "/lib", "/lib64", "/etc", "/sys/devices/system"]
    return [Path(one) for one in [*sorted(own), *system] if os.path.isdir(one)]


def without_network() -> None:
    """Move this process into a network of its own, which has no way out; to be called before it has threads.

    Many containers refuse it: `confine` reports what came of it.
    """
    _libc.unshare(_NEW_NETWORK if os.geteuid() == 0 else _NEW_NETWORK | _NEW_USER)


def open_way() -> bool:
    """Let other users reach the interpreter, in this process and its children; whether they can.

    To be called when everything of ours is imported: our own folder may be out of reach afterwards.
    """
    return os.geteuid() != 0 or mounts.make_reachable(interpreter_trees())


def _has_network() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # a documentation address: routing is asked, nothing is sent
        except OSError:
            return False
    return True
