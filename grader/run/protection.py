"""Whether this host protects the grading well enough, and the folders that only who grades may enter."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from grader.bench import landlock

ALLOW_WEAK = "ALLOW_WEAK"
"""Set to 1, this variable of the environment says that weaker protection will do."""


def refusal() -> str:
    """Why this host should not grade, or nothing: where students' code is least confined, somebody has to allow it."""
    weak = []
    if os.geteuid() != 0:
        weak.append("you are not root, so that students' code runs under your own user id")
    if not landlock.version():
        weak.append("this kernel has no Landlock, or does not grant it, so that fewer layers keep students from files")
    if not weak or os.environ.get(ALLOW_WEAK) == "1":
        return ""
    return (
        f"Not graded: {'; '.join(weak)}.\nGrade as root on Linux 5.13 or later, or set {ALLOW_WEAK}=1 to grade all the "
        "same: each result says what was in force."
    )


def close(folder: Path) -> None:
    """Let nobody but its owner into a folder, made if it does not exist; what belongs to another stays as it is."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(OSError):
        if folder.is_dir():
            folder.chmod(0o700)
