"""What a bench process gives up before a student's first line runs in it.

Each layer stands alone, because hosts and containers grant different ones; what is in force and what is not is told.
"""

from __future__ import annotations

import os
import resource
import socket
import sys
import sysconfig
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from grader.bench import kernel, landlock, mounts, syscalls

LAYERS = {
    "another user id": "student code has the user id of whoever grades",
    "no capabilities": "student code keeps privileges",
    "file allow-list": "student code reads whatever its user id may (no Landlock)",
    "own file system": "student code sees the host's files, and makes as many as it likes (no mount namespace)",
    "own processes": "student code sees other processes (no PID namespace)",
    "own shared memory": "System V memory outlives the grading (no IPC namespace)",
    "no network": "student code may reach the network",
    "filtered system calls": "student code may ask the kernel for anything (no seccomp)",
}
"""Each protection as `in_force` begins, and what it means when it is absent."""
OWN_ROOM = "own file system"
SIMULATED = ("landlock", "namespaces", "seccomp")
"""Layers that a test takes away."""
NICE = 5
"""Of every bench process: judge and runner get three times its share, and right code still its own on a busy host."""
_SCOPED_SIGNALS = 6
"""Version of Landlock from which it keeps signals from other processes, and metadata of files is all that it lacks."""


@dataclass(frozen=True)
class Limits:
    """Kernel limits of one bench process: seconds of CPU, bytes of a file, open files, processes of the user.

    `data` are bytes of memory, which only a process can be held to that does not import torch (None: no limit here).
    """

    cpu: int = 60
    file_size: int = 64 * 2**20
    open_files: int = 256
    processes: int = 64
    data: int | None = None


@dataclass(frozen=True)
class Surroundings:
    """Which namespaces of its own a process has: of mounts (a `view`), processes, users, shared memory, the network.

    `without` are the layers left out, which only tests ask for.
    """

    view: bool = False
    processes: bool = False
    users: bool = False
    memory: bool = False
    network: bool = False
    without: frozenset[str] = frozenset()


@dataclass
class Confinement:
    """The protections of one process, in words, and what those that are absent leave open."""

    in_force: list[str] = field(default_factory=list)

    @property
    def missing(self) -> list[str]:
        """What is open, one sentence for each absent protection."""
        return [open_ for name, open_ in LAYERS.items() if not any(one.startswith(name) for one in self.in_force)]


def confine(
    user: int | None,
    readable: list[Path],
    writable: list[Path],
    limits: Limits,
    around: Surroundings = Surroundings(),  # frozen
) -> Confinement:
    """Drop everything that a student's code does not need; returns what is in force.

    `user` is the id to become (None: stay). Only `readable` and the interpreter's own trees can be read and only
    `writable` written, where the kernel has Landlock.
    """
    told = Confinement(["no new privileges"])
    os.nice(NICE)
    _limit(limits, counts=user is not None or around.users)
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        told.in_force.append("another user id")
    if kernel.give_up_privileges():
        told.in_force.append("no capabilities")
    if around.view:
        told.in_force.append(OWN_ROOM)
        writable = [*writable, Path("/tmp"), Path("/dev/shm")]
    version = 0 if "landlock" in around.without else landlock.version()
    if version:
        random_devices = [Path("/dev/urandom"), Path("/dev/random")]
        landlock.restrict([*interpreter_trees(), *random_devices, *readable], [*writable, Path("/dev/null")])
        told.in_force.append(f"file allow-list (Landlock {version})")
    if around.processes:
        told.in_force.append("own processes")
    if around.memory:
        told.in_force.append("own shared memory")
    files, settings = user is None and not around.view, user is None and not around.processes
    signals = settings and version < _SCOPED_SIGNALS
    names = not (around.view and around.network)
    if "seccomp" not in around.without and syscalls.restrict(files, settings, signals, names):
        told.in_force.append("filtered system calls")
    if not _has_network():
        told.in_force.append("no network")
    return told


def _limit(limits: Limits, counts: bool) -> None:
    if resource.getrlimit(resource.RLIMIT_CORE)[1] != 0:  # which only root may raise again
        # With 0 the kernel would still start the host's program for crashes.
        resource.setrlimit(resource.RLIMIT_CORE, (1, 1))
    for priority in (resource.RLIMIT_NICE, resource.RLIMIT_RTPRIO):  # whoever grades may have been granted more
        resource.setrlimit(priority, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu, limits.cpu + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file_size, limits.file_size))
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits.open_files, limits.open_files))
    if limits.data is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (limits.data, limits.data))
    if counts:  # the limit counts all processes of a user: elsewhere the owner's own would count too
        resource.setrlimit(resource.RLIMIT_NPROC, (limits.processes, limits.processes))


@cache
def interpreter_trees() -> list[Path]:
    """Where the interpreter, its packages and the system's libraries live; the suites and the grader are not there."""
    own = {sys.prefix, sys.base_prefix, *sysconfig.get_paths().values()} - {"/usr", "/usr/local"}
    system = [
        "/usr/lib",
        "/usr/lib64",
        "/usr/share",
        "/usr/local/lib",
        "/lib",
        "/lib64",
        "/etc",
        "/sys/devices/system/cpu",
    ]
    return [Path(one) for one in [*sorted(own), *system] if os.path.isdir(one)]


def without_network(without: frozenset[str] = frozenset()) -> Surroundings:
    """Move this process into a network of its own, which has no way out; to be called before it has threads.

    Who is not root needs a user namespace for it, in which other namespaces can be had too. Many containers refuse it:
    `confine` reports what came of it.
    """
    user, group = os.geteuid(), os.getegid()
    if "namespaces" in without:
        return Surroundings(without=without)
    if user == 0:
        return Surroundings(network=kernel.unshare(kernel.NEW_NETWORK), without=without)
    network = kernel.unshare(kernel.NEW_NETWORK | kernel.NEW_USER)
    return Surroundings(users=network and kernel.map_own_user(user, group), network=network, without=without)


def isolate(around: Surroundings, home: Path) -> Surroundings:
    """Move this process into a view of its own with only the interpreter and `home` in it, where that is allowed.

    To be called when everything of ours is imported. What cannot be undone is tried first, in a process made for it.
    """
    if "namespaces" in around.without or not (os.geteuid() == 0 or around.users):
        return around
    trial = os.fork()
    if trial == 0:
        os._exit(not _can_isolate(home))
    if os.waitpid(trial, 0)[1] == 0 and mounts.enter_view(interpreter_trees(), home):
        return replace(around, view=True, processes=True)
    return around


def _can_isolate(home: Path) -> bool:
    try:
        return (
            mounts.enter_view([Path("/etc")], home)
            and kernel.unshare(kernel.NEW_PROCESSES)
            and mounts.furnish(Path("/etc"), home / "scratch", home, os.geteuid(), os.getegid(), 2**20, [])
        )
    except OSError:
        return False


def reachable(around: Surroundings) -> bool:
    """Whether another user id can reach the interpreter."""
    return around.view or not any(mounts.closed_ancestor(tree) for tree in interpreter_trees())


def _has_network() -> bool:
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))  # a documentation address: routing is asked, nothing is sent
    except OSError:
        return False
    return True
