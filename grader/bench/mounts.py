"""A view of the file system of the bench's own: an empty one, with only what a student's code needs in it.

The server moves into it when everything of ours is imported: the suites, the grader, other submissions and results are
then not hidden but absent. It also makes an interpreter reachable that lies below a folder closed to other users
(/root, say). Each host adds its own files, and a room in memory for all that it writes, limited in bytes and in files.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from grader.bench import kernel

DEVICES = tuple(Path("/dev", name) for name in ("null", "zero", "urandom", "random"))
MOST_FILES = 20_000
"""Files and folders that one module may have at a time."""
_STAGE = Path("/tmp")
"""Covered by the new view while that is built; it exists everywhere."""
_ROOM, _SOURCE = Path("/.room"), Path("/.source")


def closed_ancestor(tree: Path) -> Path | None:
    """The highest folder above (or at) a tree that users other than its owner cannot enter."""
    for folder in [*reversed(tree.parents), tree]:
        if not os.stat(folder).st_mode & stat.S_IXOTH:
            return folder
    return None


def enter_view(trees: Iterable[Path], home: Path) -> bool:
    """Move this process into a view of these trees, which nobody can write, and of `home`; False where not allowed.

    After False the process should end: it may be half way.
    """
    trees = list(trees)
    wanted, links = list(dict.fromkeys([*_without_nested(trees), *DEVICES, home])), _links_to(trees)
    if not kernel.unshare(kernel.NEW_MOUNTS) or not kernel.mount("none", "/", "", kernel.RECURSIVE | kernel.PRIVATE):
        return False
    handles = {path: os.open(path, os.O_PATH) for path in wanted if path.exists()}
    try:
        if not kernel.mount("none", _STAGE, "tmpfs", kernel.NO_SUID, "mode=755,size=4m,nr_inodes=2k"):
            return False
        for path, handle in handles.items():
            target = _STAGE / path.relative_to("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            if stat.S_ISDIR(os.fstat(handle).st_mode):
                target.mkdir(exist_ok=True)
            else:
                target.touch()
            if not kernel.bind(f"/proc/self/fd/{handle}", target):
                return False
            if path != home and not kernel.make_read_only(target):  # of a device: its times, which all would see
                return False
    finally:
        for handle in handles.values():
            os.close(handle)
    _link_as_outside(_STAGE, [path.parts[1] for path in wanted if len(path.parts) > 1])
    for place, leads_to in links.items():
        target = _STAGE / place.relative_to("/")
        if not os.path.lexists(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            os.symlink(leads_to, target)
    for folder in ("tmp", "dev/shm", _ROOM.name, _SOURCE.name):
        (_STAGE / folder).mkdir(parents=True, exist_ok=True)
    os.chdir(_STAGE)
    if not kernel.mount(".", "/", "", kernel.MOVE):
        return False
    os.chroot(".")
    os.chdir("/")
    return True


def furnish(source: Path, scratch: Path, home: Path, user: int, group: int, size: int, trees: Iterable[Path]) -> bool:
    """In a mount namespace of a host's own: its source, which it cannot write, and a room of `size` bytes for the rest.

    Scratch, /tmp and /dev/shm share the room; of `home` nothing else remains, and of what lay in the others only the
    `trees` do. False where that is not allowed.
    """
    trees = list(trees)
    if not kernel.unshare(kernel.NEW_MOUNTS):
        return False
    if not kernel.mount("none", _ROOM, "tmpfs", kernel.NO_SUID, f"mode=711,size={size},nr_inodes={MOST_FILES}"):
        return False
    for name, mode in (("tmp", 0o1777), ("shm", 0o1777), ("scratch", 0o700)):
        (_ROOM / name).mkdir()
        (_ROOM / name).chmod(mode)
    os.chown(_ROOM / "scratch", user, group)
    done = kernel.bind(source, _SOURCE) and kernel.make_read_only(_SOURCE)
    for own, folder in ((_ROOM / "tmp", Path("/tmp")), (_ROOM / "shm", Path("/dev/shm"))):
        done = done and _carry_over(trees, folder, own) and kernel.bind(own, folder)
    home.mkdir(mode=0o711, parents=True, exist_ok=True)
    done = done and kernel.mount("none", home, "tmpfs", kernel.NO_SUID, "mode=711,size=64k,nr_inodes=64")
    for folder in (source, scratch):
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    return (
        done
        and kernel.mount(str(_SOURCE), source, "", kernel.MOVE)
        and kernel.bind(_ROOM / "scratch", scratch)
        and kernel.mount("none", home, "", kernel.REMOUNT | kernel.READ_ONLY | kernel.NO_SUID, "size=64k")
    )


def _carry_over(trees: Iterable[Path], folder: Path, own: Path) -> bool:
    """Show those of the trees that lie below a folder in what takes its place, as in a checkout in /tmp."""
    for tree in _without_nested(trees):
        if folder in tree.parents and tree.is_dir():
            target = own / tree.relative_to(folder)
            target.mkdir(parents=True, exist_ok=True)
            if not (kernel.bind(tree, target) and kernel.make_read_only(target)):
                return False
    for place, leads_to in _links_to(trees).items():
        target = own / place.relative_to(folder) if folder in place.parents else own
        if not os.path.lexists(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            os.symlink(leads_to, target)
    return True


def _without_nested(trees: Iterable[Path]) -> list[Path]:
    """The trees as named and as links lead to them, without those that lie in another."""
    every = {Path(place) for tree in trees for place in (os.path.abspath(tree), os.path.realpath(tree))}
    plain = {path for path in every if not any(parent.is_symlink() for parent in (path, *path.parents))}
    plain |= {Path(os.path.realpath(path)) for path in every}
    return sorted(path for path in plain if not any(parent in plain for parent in path.parents))


def _links_to(trees: Iterable[Path]) -> dict[Path, str]:
    """Where links on the way to a tree stand, such as a virtual environment that is one, and where each leads.

    Packages know themselves by that place, and look for their own data there long after they were imported.
    """
    named = [Path(os.path.abspath(tree)) for tree in trees]
    places = [place for tree in named for place in (tree, *tree.parents)]
    return {place: os.path.realpath(place) for place in places if place.is_symlink()}


def _link_as_outside(root: Path, present: Iterable[str]) -> None:
    """The links at the top of the file system, such as /lib to /usr/lib, to what is in the view."""
    for entry in os.scandir("/"):
        if entry.is_symlink() and not (root / entry.name).exists():
            leads_to = os.readlink(entry.path)
            if leads_to.strip("/").split("/")[0] in present:
                os.symlink(leads_to, root / entry.name)
