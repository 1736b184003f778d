"""The import of a student's module, and the operations on it, with stand-ins for what is missing here.

An import that does not end is interrupted. Code that catches even that is left where it is, for good: what follows runs
on top of it, and it never goes on.
"""

from __future__ import annotations

import ast
import os
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from grader.bench import sources, stand_ins
from grader.messages import HostOrder, Observe
from tests.support.probes import vocabulary

ATTEMPTS = 2
"""Times that an import is asked to end by an exception."""
BETWEEN = 0.3
"""Seconds between two of them."""

Proceed = Callable[[bool], NoReturn]


def run(original: Path, folder: Path, order: HostOrder, proceed: Proceed) -> NoReturn:
    """Import the module of an order from a copy of the sources, then `proceed` with whether that went well."""
    imported = True
    with suppress(vocabulary.StillRunning):  # struck in the last moment
        _interrupt_after(folder, order, proceed)
        imported = _load(original, folder, order)
        signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    proceed(imported)


def _load(original: Path, folder: Path, order: HostOrder) -> bool:
    """Import the module, again and afresh for each library that it turns out to lack; whether it can be graded."""
    while True:
        for remark in sources.copy(original, folder):
            stand_ins.note(remark)
        os.chdir(folder)
        try:
            vocabulary.load(folder, order.module, order.defines, order.helpers)
        except BaseException as error:  # reported, with its place, by the first request
            if not stand_ins.provide(error):
                return False
            vocabulary.forget(folder, order.module)
            os.chdir(folder.parent)
            shutil.rmtree(folder, ignore_errors=True)
        else:
            return True


def _interrupt_after(folder: Path, order: HostOrder, proceed: Proceed) -> None:
    attempts = 0

    def strike(number: int, frame: FrameType | None) -> None:
        nonlocal attempts
        if not vocabulary.is_complete(order.module, order.defines):
            return  # nothing could be graded: the runner's clock ends it
        attempts += 1
        error = vocabulary.StillRunning(f"{order.module}.py", _at_top_level(folder / f"{order.module}.py", frame))
        if attempts <= ATTEMPTS:
            raise error
        signal.setitimer(signal.ITIMER_REAL, 0)
        vocabulary.interrupt(folder, order.module, order.defines, error)
        proceed(True)

    signal.signal(signal.SIGALRM, strike)
    signal.setitimer(signal.ITIMER_REAL, order.patience, BETWEEN)


def _at_top_level(path: Path, frame: FrameType | None) -> int:
    """The first line of the statement of a module that is being run; 0 when none is."""
    while frame is not None and (frame.f_code.co_name != "<module>" or frame.f_code.co_filename != str(path)):
        frame = frame.f_back
    if frame is None:
        return 0
    with suppress(SyntaxError, ValueError, OSError):
        body = ast.parse(path.read_bytes()).body
        return max((one.lineno for one in body if one.lineno <= frame.f_lineno), default=frame.f_lineno)
    return frame.f_lineno


def perform(folder: Path, order: HostOrder, request: Observe) -> dict[str, Any]:
    """Perform an operation, again for each library that it turns out to lack; the answer has the remarks beside it."""
    while True:
        answer, error = vocabulary.perform(
            folder, order.module, request.operation, request.arguments, order.defines, order.helpers
        )
        if not stand_ins.provide(error):
            return {**answer, "remarks": stand_ins.used}
