"""A limit for each check, so that an endless loop ends with the student's own line and not with the patience.

pytest-timeout says when; it would end the whole run, hence what happens then is done here. The thread of the checks is
interrupted by an exception of its own, in every system alike, and the other checks go on. A thread that cannot be
interrupted, because it waits in a library or catches everything, ends the run after some more seconds.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.local.checks import number_of
from tests.local.places import place_of_thread
from tests.support.transports import OutOfTime

LIMIT = 60.0
"""Seconds of one check: right work needs a few, and torch is loaded before the first."""
GRACE = 10.0
"""Seconds between the interruption and the end of a run that does not react to it."""
PLUGIN = "timeout"
"""The name under which pytest knows pytest-timeout."""


class Limit:
    """The clock of the checks; `folder` holds the student's files."""

    def __init__(self, folder: Path, end: Callable[[str], None], limited: bool = True) -> None:
        """`end` ends the run with a text, when nothing else helps; unless `limited`, a limit has to be asked for."""
        self.folder = folder
        self.limited = limited
        self.end = end
        self._lock = threading.Lock()
        self.seconds = LIMIT
        self._thread = 0
        self._within = False
        self._struck = False
        self._timers: list[threading.Timer] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Give each check its limit, unless the command line, the settings or the environment name another."""
        if not self.limited or not config.pluginmanager.has_plugin(PLUGIN):
            return
        if config.getoption("timeout") is None and not config.getini("timeout") and "PYTEST_TIMEOUT" not in os.environ:
            for item in filter(number_of, items):
                item.add_marker(pytest.mark.timeout(LIMIT))

    @pytest.hookimpl(optionalhook=True)
    def pytest_timeout_set_timer(self, item: pytest.Item, settings: Any) -> bool | None:
        """Start the clock of one check: pytest-timeout asks for it, and times other tests itself."""
        if not number_of(item):
            return None
        debugging = item.config.pluginmanager.get_plugin(PLUGIN).is_debugging  # type: ignore[union-attr]
        self._thread, self._struck, self.seconds = threading.get_ident(), False, float(settings.timeout)
        for seconds, strike in ((self.seconds, self._interrupt), (self.seconds + GRACE, self._give_up)):
            timer = threading.Timer(seconds, strike, (item.name, debugging))
            timer.daemon = True
            timer.start()
            self._timers.append(timer)
        return True

    @pytest.hookimpl(optionalhook=True)
    def pytest_timeout_cancel_timer(self, item: pytest.Item) -> bool | None:
        """Stop the clock: the check has ended."""
        if not number_of(item):
            return None
        while self._timers:
            self._timers.pop().cancel()
        return True

    @contextmanager
    def around(self) -> Iterator[None]:
        """While the student's code runs it may be interrupted, and nothing else; raises `OutOfTime` after the limit."""
        with self._lock:
            if self._struck:
                raise OutOfTime
            self._within = True
        try:
            yield
        finally:
            with self._lock:
                self._within = False

    def _interrupt(self, check: str, debugging: Callable[[], bool]) -> None:
        if debugging():
            return
        with self._lock:
            self._struck = True
            if self._within:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), ctypes.py_object(OutOfTime))

    def _give_up(self, check: str, debugging: Callable[[], bool]) -> None:
        if debugging() or not self._within:
            return
        place = place_of_thread(self._thread, self.folder)
        at = f" It is at {place}." if place else ""
        self.end(f"{check} did not finish within {self.seconds:g} s, and your code cannot be interrupted.{at}")
