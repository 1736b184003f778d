"""The bench server as the runner sees it: its greeting, what it said when there is none, and who is given up."""

from __future__ import annotations

import math
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader import messages
from grader.messages import Ready
from grader.run.clocks import BenchError, StudentFailure
from grader.run.server import Server


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[tuple[Server, socket.socket]]:
    """A server that has not greeted, and its end of the connection."""
    server = object.__new__(Server)
    server.control, theirs = socket.socketpair()
    server.log, server.ready, server.reachable, server.hosts = tmp_path / "bench.log", False, False, []
    with server.control, theirs:
        yield server, theirs


@pytest.mark.parametrize("reachable", [True, False])
def test_a_greeting_is_awaited_once(ends: tuple[Server, socket.socket], reachable: bool):
    server, theirs = ends
    theirs.sendall(messages.encode(Ready(reachable)))
    server.await_ready(math.inf)
    assert (server.ready, server.reachable) == (True, reachable)
    theirs.close()
    server.await_ready(math.inf)


@pytest.mark.parametrize(
    ("sent", "deadline", "kind"),
    [(b"", math.inf, "Ended"), (b"\xff" * 64, math.inf, "BadFrame"), (None, 0.0, "Late")],
)
def test_a_server_that_does_not_greet_is_an_error_with_the_end_of_what_it_said(
    ends: tuple[Server, socket.socket], sent: bytes | None, deadline: float, kind: str
):
    server, theirs = ends
    server.log.write_text("first words" + "." * 2000 + "last words", encoding="utf-8")
    if sent is not None:
        theirs.sendall(sent)
        theirs.close()
    with pytest.raises(BenchError) as failed:
        server.await_ready(deadline)
    text = str(failed.value)
    assert text.startswith(f"the bench did not start ({kind})\n.")
    assert text.endswith("last words")
    assert "first words" not in text
    assert not server.ready


class Host:
    """A host that uses so much, and remembers why it was given up."""

    pid = 0

    def __init__(self, excess: str) -> None:
        self.used = excess
        self.failures: list[tuple[str, str]] = []

    def excess(self) -> str:
        return self.used

    def fail(self, failure: StudentFailure) -> None:
        self.failures.append((failure.kind, failure.message))


def test_the_host_that_is_waited_for_fails_and_the_others_are_given_up(ends: tuple[Server, socket.socket]):
    server, _ = ends
    fine, large, waited = Host(""), Host("too much"), Host("too much as well")
    server.hosts = [fine, large, waited]
    server.watch(fine)
    assert waited.failures == [("out_of_memory", "too much as well")]
    waited.failures.clear()
    with pytest.raises(StudentFailure) as failed:
        server.watch(waited)
    assert (failed.value.kind, failed.value.message) == ("out_of_memory", "too much as well")
    assert fine.failures == waited.failures == []
    assert large.failures == [("out_of_memory", "too much")] * 2
