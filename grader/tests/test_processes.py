"""The end of a bench's processes: waited for as long as the kernel needs, not for ever."""

from __future__ import annotations

import os
import time

import pytest

from grader.run import processes
from grader.run.processes import Process

A_PROCESS = Process(pid=2**22 + 1, parent=1, user=0, ended=False)
"""Its id is beyond the kernel's largest: signals reach nobody."""


def test_a_killed_process_that_gives_back_much_memory_is_waited_for(monkeypatch: pytest.MonkeyPatch):
    gone = time.monotonic() + 1.5  # 10 GB on a busy machine take longer than that
    monkeypatch.setattr(processes, "below", lambda server: [A_PROCESS] if time.monotonic() < gone else [])
    assert processes.sweep(os.getpid()) == 1
    assert time.monotonic() >= gone


def test_a_process_that_never_ends_is_an_error_of_the_grader(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(processes, "below", lambda server: [A_PROCESS])
    with pytest.raises(RuntimeError, match="1 processes of a submission cannot be ended"):
        processes.sweep(os.getpid(), patience=0.1)


def test_those_to_keep_are_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(processes, "below", lambda server: [A_PROCESS])
    assert processes.sweep(os.getpid(), keep={A_PROCESS.pid}) == 0
