"""What a submission has left on the machine when its grading is over: there should be nothing."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from grader.run import processes
from grader.run.runner import Runner
from grader.run.users import claimed

PUBLIC = (tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue")
"""Folders in which anybody may write."""
LOGS = ["bench.log", "judge.log"]


def leftovers(runner: Runner) -> list[str]:
    """What is left of the latest submission: processes, memory of no process, files, mounts, one line each.

    User ids that another runner has claimed since are that runner's.
    """
    found = [f"process {one.pid} of user {one.user}" for one in _running(runner)]
    found += kept_in_memory_by(runner.used)
    found += [f"file {path}" for path in _files_of(runner.used)]
    found += [f"file {path}" for path in sorted(runner.folder.iterdir()) if path.name not in LOGS]
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    return found + [f"mount {line}" for line in mounts if str(runner.folder) in line]


def _running(runner: Runner) -> list[processes.Process]:
    own = [*processes.of_bench(runner.server.process.pid), *processes.of_bench(runner.judges.pid)]
    everything = processes.all_processes()
    return own + [one for one in everything if one.user in runner.used and not one.ended and not claimed(one.user)]


def kept_in_memory_by(users: Collection[int]) -> list[str]:
    """What these users own of System V memory, semaphores and queues on this machine."""
    kept = []
    for kind in ("shm", "sem", "msg"):
        names, *rows = (line.split() for line in Path(f"/proc/sysvipc/{kind}").read_text(encoding="utf-8").splitlines())
        owners = [(int(row[names.index("uid")]), row[1]) for row in rows]
        kept += [f"{kind} {key} of user {user}" for user, key in owners if user in users and not claimed(user)]
    return kept


def _files_of(users: Collection[int]) -> Iterator[str]:
    for folder in dict.fromkeys(PUBLIC):
        with suppress(OSError):
            for entry in os.scandir(folder):
                with suppress(OSError):
                    user = entry.stat(follow_symlinks=False).st_uid
                    if user in users and not claimed(user):
                        yield entry.path
