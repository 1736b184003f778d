"""The judge: pytest, Hypothesis and numpy, never torch and never a student's file.

The judge server imports them once and forks a judge for each submission:
`python -m grader.judge.server DESCRIPTOR SUITES`.
"""

from __future__ import annotations

import contextlib
import gc
import math
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TypeVar

import msgspec
import numpy.ma  # noqa: F401  # with the next one imported before the fork, for every judge: numpy does it late
import numpy.random  # noqa: F401
import pytest

from grader import messages, rubric, wire
from grader.judge.collector import Collector
from grader.messages import Begin, End, Judged, JudgeOrder, Observe, Outcome
from grader.project import ROOT
from tests.support.observations import BadReply, Failure, parse
from tests.support.remarks import MOST_REMARKS
from tests.support.submission import Submission

GRADED = "graded_submission"
"""The name under which the suites' fixture looks for the submission."""
FROM_RUNNER = b"R"
"""What stands before an answer of the runner's own; the bench's has another letter."""
UNUSED_PLUGINS = (
    *("cacheprovider", "terminal", "faulthandler", "logging", "unraisableexception", "threadexception"),
    *("doctest", "unittest", "xdist", "junitxml", "pastebin", "warnings", "timeout"),
)
"""Parts of pytest that a judge does without: they took a third of its time."""
SECONDS_OF_A_CHECK = 20.0
"""Processor time of the judge for one check: a hundred times what the longest needs."""
MEMORY_OF_A_JUDGE = 384 * 2**20
"""Bytes that a judge may need beyond what its server had when it was forked."""
Order = TypeVar("Order")
_KINDS = ("raised", "import_failed", "missing", "undefined", "not_implemented")
"""What a student's process may say of its own failure; the rest only the runner can know."""


class ThroughRunner:
    """The transport of a graded submission: requests go to the runner, which relays them to the bench."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.waiting = False
        self.interrupted: dict[str, Failure] = {}
        self.remarks: dict[str, list[str]] = {}

    def send(self, event: messages.Event) -> None:
        """Tell the runner something."""
        self.connection.sendall(messages.encode(event))

    def ask(self, module: str, operation: str, arguments: dict[str, Any]) -> tuple[bytes, bytes]:
        """The frame that answers a request, and the letter of its origin before it."""
        self.send(Observe(module, operation, arguments))
        return self.connection.recv(1), wire.receive(self.connection, math.inf)

    def observe(self, module: str, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | Failure:
        """One observation, or how it failed; what a hostile process sent never raises here."""
        self.waiting = True
        origin, frame = self.ask(module, operation, arguments)
        self.waiting = False
        try:
            answer = wire.decode(frame)
            if "interrupted" in answer:
                self.interrupted[module] = parse(Failure, answer["interrupted"])
            self.remarks[module] = _remarks(answer.get("remarks"))
            if "failure" not in answer:
                observation = answer.get("observation")
                return observation if isinstance(observation, dict) else _garbled()
            failure = parse(Failure, answer["failure"])
        except (wire.BadFrame, BadReply, MemoryError):
            return _garbled()
        return failure if origin == FROM_RUNNER or failure.kind in _KINDS else _garbled()

    def begin(self, check: str) -> None:
        """Tell that a check begins."""
        self.send(Begin(check))

    def outcome(self, check: str, outcome: Outcome, staff: str) -> None:
        """Tell what became of a check; a judge that was interrupted within an answer leaves the rest to another."""
        self.send(Judged(check, outcome, staff))
        if self.waiting:
            os._exit(1)


def _remarks(told: object) -> list[str]:
    """The names of remarks in what a process has sent beside its answer."""
    return [one for one in told if isinstance(one, str)][:MOST_REMARKS] if isinstance(told, list) else []


def _garbled() -> Failure:
    return Failure("crashed", "Your code's process sent something that is not a measurement.")


class TooLong(Exception):
    """The judge's processor time for one check is used up."""


class Bounds:
    """Ends a check that keeps the judge busy for too long, and keeps the judge within its memory."""

    def __init__(self, seconds: float = SECONDS_OF_A_CHECK) -> None:
        self.seconds = seconds
        signal.signal(signal.SIGPROF, self._strike)

    def limit_memory(self) -> None:
        """Bound the memory."""
        pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[5])  # data and stack
        most = pages * resource.getpagesize() + MEMORY_OF_A_JUDGE
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, None, None]:
        """Bound the time, in which waiting for the bench does not count."""
        signal.setitimer(signal.ITIMER_PROF, self.seconds, 1.0)  # again, for who catches the first
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    def _strike(self, number: int, frame: FrameType | None) -> None:
        raise TooLong(f"more than {self.seconds:g} s of processor time for one check")


@dataclass(frozen=True)
class Assignment:
    """What one judge has to do: the checks of an order, on the submission behind the transport, within bounds."""

    transport: ThroughRunner
    order: JudgeOrder
    bounds: Bounds | None = None


def judge_each(suites: Path, assigned: Callable[[], Assignment]) -> int:
    """Collect the checks, and judge as is `assigned`, which returns in a process of its own for each submission.

    Returns there pytest's exit code, after the runner has been told of the end.
    """
    judges = _Judges(assigned)
    code = int(pytest.main(_arguments(suites), [judges]))
    if judges.transport is not None:
        judges.transport.send(End(code))
    return code


class _Judges:
    """Puts a judge's checks, submission and bounds into a run of pytest's that has collected all there are.

    What leads to the first check, which takes longer than most submissions, is so done once for all of them.
    """

    def __init__(self, assigned: Callable[[], Assignment]) -> None:
        self._assigned = assigned
        self.transport: ThroughRunner | None = None

    def pytest_configure(self, config: pytest.Config) -> None:
        """Tell the suites' fixture that there will be a submission."""
        config.pluginmanager.register(_Awaited(), GRADED)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Wait for a submission; from here on this process judges it alone."""
        given = self._assigned()
        self.transport = given.transport
        plugins = session.config.pluginmanager
        plugins.unregister(name=GRADED)
        plugins.register(Submission(given.transport, given.order.seed), GRADED)
        collector = Collector(given.transport, given.order.checks)
        plugins.register(collector)
        collector.pytest_collection_modifyitems(session.items)  # they were all collected before
        if given.bounds is not None:
            given.bounds.limit_memory()
            plugins.register(given.bounds)


class _Awaited:
    """Stands for the submission until there is one."""


def serve(control: socket.socket, suites: Path) -> NoReturn:
    """Fork a judge for every order that arrives; ends with the runner's end of the connection."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    code = 1
    with contextlib.suppress(wire.Ended, BrokenPipeError):  # the runner's clock has struck
        code = judge_each(suites, lambda: _next(control))
    sys.stdout.flush()
    os._exit(code)


def _next(control: socket.socket) -> Assignment:
    connection, order = forked(control, JudgeOrder)
    return Assignment(ThroughRunner(connection), order, Bounds())


def forked(control: socket.socket, kind: type[Order]) -> tuple[socket.socket, Order]:
    """Fork for each order of a kind that arrives; returns, in the new process, its connection and the order.

    Ends this process where the other end of `control` is closed.
    """
    gc.collect()
    gc.freeze()  # the new processes share these pages
    while True:
        text, descriptors, _, _ = socket.recv_fds(control, 65536, 1)
        if not text:
            os._exit(0)
        if os.fork() == 0:
            control.close()
            return socket.socket(fileno=descriptors[0]), msgspec.json.decode(text, type=kind)
        for descriptor in descriptors:
            os.close(descriptor)


def _arguments(suites: Path) -> list[str]:
    return [
        *("--assert=plain", "--capture=no", *(f"-pno:{plugin}" for plugin in UNUSED_PLUGINS)),
        *(f"--rootdir={ROOT}", "-c", str(ROOT / "pyproject.toml")),
        *(str(suites / audience) for audience in rubric.AUDIENCES),
    ]


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), Path(sys.argv[2]))
