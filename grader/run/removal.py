"""The removal of trees that a student may have filled and may still change: nothing outside of them is touched."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import suppress
from pathlib import Path

SECONDS = 5.0
"""In which the files of a check, or of a submission, have to be removed."""
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove(folder: Path, seconds: float = SECONDS) -> bool:
    """Delete a tree: links are not followed, nor one in its place; depth does not matter; whether it is gone.

    After so many seconds what is left stays.
    """
    try:
        folder.rmdir()  # most are empty, and a process for each would cost more than all else here
        return True
    except FileNotFoundError:
        return True
    except OSError:
        pass
    until = time.monotonic() + seconds
    if not _delete(folder, until) and os.geteuid() != 0:  # root needs no leave to look into a folder
        with suppress(OSError, RecursionError):
            _open_to_owner(os.open(folder, _FOLDER), until)
        _delete(folder, until)
    return not os.path.lexists(folder)


def _delete(folder: Path, until: float) -> bool:
    """Remove what can be; whether all of it is gone."""
    with suppress(subprocess.TimeoutExpired):
        subprocess.run(
            ["rm", "-rf", "--one-file-system", str(folder)],
            check=False, stderr=subprocess.DEVNULL, timeout=max(0.1, until - time.monotonic()),
        )  # fmt: skip
    return not os.path.lexists(folder)


def _open_to_owner(folder: int, until: float) -> None:
    """Open the folders of a tree that their owner has closed to itself, each by a descriptor of its own.

    By its name a link could be in the place of one, and lead to what belongs to whoever grades.
    """
    try:
        itself = f"/proc/self/fd/{folder}"
        os.chmod(itself, 0o700)
        with os.scandir(itself) as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        for name in names:
            if time.monotonic() > until:
                return
            with suppress(OSError):
                _open_to_owner(os.open(name, _FOLDER, dir_fd=folder), until)
    finally:
        os.close(folder)
