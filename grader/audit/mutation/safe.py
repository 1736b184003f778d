"""Namespaces around changed code, which may kill any process and delete any file that it is shown.

A changed `sweep` or `remove` could do to the machine what it does to a submission. So every change is tried below
`unshare`: with a process namespace of its own, every disk read-only, and copies and temporary files in memory.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

from grader.errors import UserError
from grader.project import ROOT

WRITABLE = ROOT / "out" / "mutation"
"""The one folder of the disk that stays writable: it holds what is known of the coverage."""
MEMORY = Path("/dev/shm")
"""Where the copies of the tree and all temporary files are."""
_MARK = "GRADER_MUTATION"
_UNSHARE = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private")
_CLOSED = """
set -e
mount --bind "$0" "$0"
mount --bind / / && mount -o remount,bind,ro /
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
export TMPDIR=/dev/shm HOME=/dev/shm MPLCONFIGDIR=/dev/shm/matplotlib
exec "$@"
"""


def contained() -> bool:
    """Whether this process is in the namespaces."""
    return _MARK in os.environ


def contain() -> NoReturn:
    """Start the command anew within the namespaces; raises `UserError` where the host does not allow them."""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        raise UserError("Changed code is tried only within namespaces: this needs root and unshare.")
    WRITABLE.mkdir(parents=True, exist_ok=True)
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    again = (sys.executable, "-m", "grader", *sys.argv[1:])
    os.chdir(ROOT)
    os.execvpe(
        "unshare", [*_UNSHARE, "sh", "-c", _CLOSED, str(WRITABLE), *again], {**os.environ, **threads, _MARK: "1"}
    )
