"""Where an exception arose in the student's own files."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from types import FrameType, TracebackType


def is_own(filename: str, folder: Path) -> bool:
    """Whether a file is the student's: it lies in their folder, and not deeper."""
    return Path(filename).parent == folder


def own_frames(error: BaseException | None, folder: Path) -> list[traceback.FrameSummary]:
    """The frames of the student's own files in an exception's traceback, outermost first."""
    if error is None:
        return []
    return [frame for frame in traceback.extract_tb(error.__traceback__) if is_own(frame.filename, folder)]


def last_place(error: BaseException | None, folder: Path) -> str:
    """The last line of the student's own that an exception passed: `hw5_gan.py, line 31`, or nothing."""
    frames = own_frames(error, folder)
    return f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""


def place_of_thread(identity: int, folder: Path) -> str:
    """The line of the student's own at which a thread is now, or nothing."""
    frame: FrameType | None = sys._current_frames().get(identity)
    while frame is not None:
        if is_own(frame.f_code.co_filename, folder):
            return f"{Path(frame.f_code.co_filename).name}, line {frame.f_lineno}"
        frame = frame.f_back
    return ""


def within_own_code(error: BaseException, folder: Path) -> TracebackType | None:
    """The traceback from the first to the last frame of the student's own, where a debugger should stop; or None.

    The traceback is cut in place: below the last frame lies a library, or a probe.
    """
    own = []
    trace = error.__traceback__
    while trace is not None:
        if is_own(trace.tb_frame.f_code.co_filename, folder):
            own.append(trace)
        trace = trace.tb_next
    if not own:
        return None
    own[-1].tb_next = None
    return own[0]
