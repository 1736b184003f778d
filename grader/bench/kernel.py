"""What the bench asks of the kernel beyond the standard library: namespaces, mounts, capabilities.

Every call says whether the kernel has done it: hosts and containers grant different parts of it.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Collection
from pathlib import Path

NEW_MOUNTS, NEW_IPC, NEW_USER, NEW_PROCESSES, NEW_NETWORK = 0x20000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
READ_ONLY, NO_SUID, NO_DEVICES, REMOUNT, BIND, MOVE, RECURSIVE, PRIVATE = 1, 2, 4, 32, 4096, 8192, 16384, 1 << 18
_RELATIVE_TIMES = 1 << 21
_COLLAPSE, _HUGE = 25, 2 * 2**20

_SET_PARENT_DEATH_SIGNAL = 1
_SET_NO_NEW_PRIVS, _SET_CHILD_SUBREAPER, _DROP_BOUNDING, _SET_SECURE_BITS, _AMBIENT = 38, 36, 24, 28, 47
_CLEAR_ALL_AMBIENT = 4
_NO_ROOT_LOCKED = 0b1111
"""User id 0 gives no capabilities, and changing user ids neither keeps nor fixes any; both locked."""
_LAST_CAPABILITY = 63
_CAPABILITIES_VERSION = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def unshare(kinds: int) -> bool:
    """Leave the namespaces of these kinds for new ones."""
    return int(_libc.unshare(kinds)) == 0


def handle_on_itself() -> int | None:
    """A descriptor of this process, by which it can come back from other namespaces; None where it could not (5.8)."""
    try:
        itself = os.pidfd_open(os.getpid())
    except (OSError, AttributeError):  # not every build of the interpreter has it
        return None
    if come_back(itself, NEW_PROCESSES):
        return itself
    os.close(itself)
    return None


def come_back(itself: int, kinds: int) -> bool:
    """Return to the namespaces of these kinds of the process behind a descriptor."""
    return int(_libc.setns(itself, kinds)) == 0


def mount(source: str, target: str | Path, kind: str, flags: int, options: str = "") -> bool:
    """Mount a file system, or change a mount."""
    return int(_libc.mount(source.encode(), os.fsencode(target), kind.encode(), flags, options.encode())) == 0


def bind(source: str | Path, target: str | Path) -> bool:
    """Show a folder or file, and what is mounted below, in another place too."""
    return mount(os.fsdecode(source), target, "", BIND | RECURSIVE)


def make_read_only(target: Path) -> bool:
    """Let nobody write to a mount, and nothing in it raise privileges; what was forbidden there before stays so."""
    present = os.statvfs(target).f_flag
    kept = present & 0b1111 | present & 0b110000000000 | (_RELATIVE_TIMES if present & 4096 else 0)
    return mount("none", target, "", REMOUNT | BIND | READ_ONLY | NO_SUID | kept)


def map_own_user(user: int, group: int) -> bool:
    """In a new user namespace, stay the user and group that one was outside."""
    try:
        Path("/proc/self/setgroups").write_text("deny", encoding="utf-8")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="utf-8")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="utf-8")
    except OSError:
        return False
    return True


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends, so that they are found below this process."""
    _libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def own_data() -> list[range]:
    """The addresses of this process's data, as far as pages of 2 MiB fit in."""
    found = []
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        addresses, rights, _, _, inode, *_ = line.split(maxsplit=5)
        first, end = (int(address, 16) for address in addresses.split("-"))
        if rights == "rw-p" and inode == "0":
            found.append(range(-(-first // _HUGE) * _HUGE, end - _HUGE + 1, _HUGE))
    return found


def use_huge_pages(data: list[range]) -> None:
    """Gather data into pages of 2 MiB, where the kernel can (6.1): a fork copies an entry for each page."""
    for place in data:
        for start in place:
            _libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(_HUGE), _COLLAPSE)


def end_with_parent() -> None:
    """Be killed when the thread that started this process ends, however it ends."""
    _libc.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def limit_privileges(kept: Collection[int]) -> bool:
    """Keep only these capabilities, in this process and in all that it starts."""
    for capability in set(range(_LAST_CAPABILITY + 1)) - set(kept):
        _libc.prctl(_DROP_BOUNDING, capability, 0, 0, 0)
    both = sum(1 << capability for capability in kept)
    low, high = both & 0xFFFFFFFF, both >> 32
    header, sets = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0), (ctypes.c_uint32 * 6)(low, low, 0, high, high, 0)
    return int(_libc.capset(header, sets)) == 0


def give_up_privileges() -> bool:
    """Drop every capability for good, in this process and its children; whether none is left."""
    _libc.prctl(_SET_SECURE_BITS, _NO_ROOT_LOCKED, 0, 0, 0)
    _libc.prctl(_AMBIENT, _CLEAR_ALL_AMBIENT, 0, 0, 0)
    for capability in range(_LAST_CAPABILITY + 1):
        _libc.prctl(_DROP_BOUNDING, capability, 0, 0, 0)
    header, none = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0), (ctypes.c_uint32 * 6)()
    _libc.capset(header, none)
    _libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    left = (ctypes.c_uint32 * 6)()
    return int(_libc.capget(header, left)) == 0 and not any(left)
