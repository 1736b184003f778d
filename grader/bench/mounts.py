"""A view of the file system of the bench's own, in which another user can reach the interpreter.

An interpreter below a home folder that only its owner may enter (/root, say) is out of reach of the bench's user id.
Where mounting is allowed, an empty file system takes that folder's place, with nothing in it but the interpreter.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable
from pathlib import Path

_NEW_MOUNTS = 0x00020000
_BIND, _RECURSIVE, _PRIVATE = 0x1000, 0x4000, 0x40000

_libc = ctypes.CDLL(None, use_errno=True)


def closed_ancestor(tree: Path) -> Path | None:
    """The highest folder above (or at) a tree that users other than its owner cannot enter."""
    for folder in [*reversed(tree.parents), tree]:
        if not os.stat(folder).st_mode & stat.S_IXOTH:
            return folder
    return None


def make_reachable(trees: Iterable[Path]) -> bool:
    """Make these trees reachable for every user, in this process and its children; False where that is not allowed."""
    closed = {tree: ancestor for tree in trees if (ancestor := closed_ancestor(tree)) is not None}
    if not closed:
        return True
    if _libc.unshare(_NEW_MOUNTS) != 0 or not _mount("none", Path("/"), "", _RECURSIVE | _PRIVATE):
        return False
    handles = {tree: os.open(tree, os.O_PATH) for tree in closed}
    try:
        if not all(_mount("none", ancestor, "tmpfs", 0, "mode=755,size=1m") for ancestor in set(closed.values())):
            return False
        for tree, handle in handles.items():
            tree.mkdir(parents=True, exist_ok=True)
            if not _mount(f"/proc/self/fd/{handle}", tree, "", _BIND | _RECURSIVE):
                return False
    finally:
        for handle in handles.values():
            os.close(handle)
    return True


def _mount(source: str, target: Path, kind: str, flags: int, options: str = "") -> bool:
    return int(_libc.mount(source.encode(), str(target).encode(), kind.encode(), flags, options.encode())) == 0
