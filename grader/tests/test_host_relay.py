"""The relay to a student's process, with a peer that answers, is silent, talks nonsense or hangs up."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from grader import messages, wire
from grader.messages import CheckOrder, Imported, Settled
from grader.run import host as hosting
from grader.run import processes
from grader.run.clocks import Clocks, StudentFailure
from grader.run.host import Host, Output

CLOCKS = Clocks(importing=20.0, request=0.2)
NEVER = 2**22 + 1
"""A process id beyond the kernel's largest: signals reach nobody."""
ANSWER = wire.encode({"observation": {}})
GONE = "Your code ended its own process (os._exit, or a crash below Python)."


class Peer:
    """A student's host process: what it is sent, and the connection of the check that it is given."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.children: list[socket.socket] = []

    def ordered(self) -> CheckOrder:
        text, descriptors, _, _ = socket.recv_fds(self.connection, 4096, 1)
        self.children.append(socket.socket(fileno=descriptors[0]))
        return messages.msgspec.json.decode(text, type=CheckOrder)


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[Host]:
    """Each look at what a host uses; nobody is asked where it is stuck."""
    monkeypatch.setattr(Host, "_stuck", lambda self: " (it was at hw5_gan.py, line 3)")
    return []


@pytest.fixture
def pair(tmp_path: Path, looked: list[Host]) -> Iterator[tuple[Host, Peer]]:
    server = SimpleNamespace(process=SimpleNamespace(pid=NEVER), hosts=[], watch=looked.append)
    one = Host(server, "hw5_gan", tmp_path, tmp_path / "scratch", None, CLOCKS)  # type: ignore[arg-type]
    one.scratch.mkdir()
    one.pid = NEVER
    one.output = Output(-1)
    one.import_deadline = time.monotonic() + 60
    one.connection, theirs = socket.socketpair()
    peer = Peer(theirs)
    yield one, peer
    for connection in (theirs, one.connection, *peer.children):
        connection.close()


def imported(peer: Peer) -> None:
    peer.connection.sendall(messages.encode(Imported(True)))


def failed(one: Host) -> tuple[str, str]:
    with pytest.raises(StudentFailure) as failure:
        one.await_import()
    return failure.value.kind, failure.value.message


def test_an_import_that_ends_is_waited_for_once(pair: tuple[Host, Peer]):
    one, peer = pair
    imported(peer)
    one.await_import()
    one.await_import()
    assert one.failure is None
    with pytest.raises(BlockingIOError):
        one.connection.recv(1, socket.MSG_DONTWAIT)


def test_an_import_that_does_not_end_says_where_it_is_and_what_to_do(pair: tuple[Host, Peer]):
    one, _ = pair
    one.import_deadline = time.monotonic()
    said = (
        "timed_out",
        "hw5_gan.py was still running 20 s after it was imported (it was at hw5_gan.py, line 3). Put code that trains "
        'or samples under `if __name__ == "__main__":`.',
    )
    assert failed(one) == failed(one) == said


def test_an_answer_that_was_on_its_way_when_the_clock_struck_still_counts(pair: tuple[Host, Peer]):
    one, peer = pair
    one.import_deadline = time.monotonic() - 1
    imported(peer)
    one.await_import()


def test_an_import_that_ends_its_process_is_said_to(pair: tuple[Host, Peer]):
    one, peer = pair
    peer.connection.close()
    assert failed(one) == ("crashed", "hw5_gan.py ended its own process while it was imported.")


def test_an_import_that_answers_nonsense_has_crashed(pair: tuple[Host, Peer]):
    one, peer = pair
    peer.connection.sendall(struct.pack("!II", 2**31, 0))
    assert failed(one)[0] == "crashed"


@pytest.fixture
def ready(pair: tuple[Host, Peer]) -> tuple[Host, Peer]:
    imported(pair[1])
    pair[0].await_import()
    return pair


def asked(one: Host, operation: str = "look", deadline: float | None = None) -> tuple[str, str]:
    with pytest.raises(StudentFailure) as failure:
        one.request(b"a request", operation, time.monotonic() + 60 if deadline is None else deadline)
    return failure.value.kind, failure.value.message


def answering(peer: Peer, monkeypatch: pytest.MonkeyPatch, answer: bytes = ANSWER, hang_up: bool = False) -> None:
    """From now on each check's process has its answer ready before it is asked."""
    give = Host._new_child

    def child(self: Host) -> socket.socket:
        ours = give(self)
        peer.ordered()
        peer.children[-1].sendall(answer)
        if hang_up:
            peer.children[-1].close()
        return ours

    monkeypatch.setattr(Host, "_new_child", child)


def test_a_request_reaches_the_check_s_process_and_its_answer_comes_back_untouched(
    ready: tuple[Host, Peer], monkeypatch: pytest.MonkeyPatch
):
    one, peer = ready
    answering(peer, monkeypatch)
    assert one.request(b"a request", "look", time.monotonic() + 60) == ANSWER
    assert peer.children[0].recv(100) == b"a request"
    assert one.in_use
    one.end_check()
    assert not one.in_use
    assert peer.children[0].recv(1) == b""


def test_one_process_serves_a_check_and_each_check_has_a_folder_of_its_own(
    ready: tuple[Host, Peer], monkeypatch: pytest.MonkeyPatch
):
    one, peer = ready
    answering(peer, monkeypatch, ANSWER + ANSWER)
    orders: list[CheckOrder] = []
    order = peer.ordered
    monkeypatch.setattr(peer, "ordered", lambda: orders.append(order()))
    for _ in range(2):
        one.request(b"a", "look", time.monotonic() + 60)
        one.request(b"b", "look", time.monotonic() + 60)
        one.end_check()
    assert [Path(each.scratch) for each in orders] == [one.scratch / "1", one.scratch / "2"]


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> list[processes.Process]:
    """The processes below the host: the one of the check."""
    present = [processes.Process(NEVER - 1, NEVER, 0, False)]
    monkeypatch.setattr(processes, "below", lambda pid: present)
    monkeypatch.setattr(processes, "threads", lambda pid: 1)
    return present


def settled(unchanged: bool) -> bytes:
    return messages.encode(Settled(unchanged))


def test_a_process_that_is_as_it_was_serves_the_next_check(
    ready: tuple[Host, Peer], monkeypatch: pytest.MonkeyPatch, alone: list[processes.Process]
):
    one, peer = ready
    answering(peer, monkeypatch, ANSWER + settled(True) + ANSWER + settled(False))
    one.request(b"a", "look", time.monotonic() + 60)
    assert one.settle()
    assert (one.in_use, one.kept) == (False, NEVER - 1)
    one.request(b"b", "look", time.monotonic() + 60)
    assert (one.in_use, len(peer.children)) == (True, 1)
    assert not one.settle()
    one.end_check()
    assert (one.in_use, one.kept) == (False, None)


def test_a_process_with_another_thread_or_another_below_its_host_serves_no_other_check(
    ready: tuple[Host, Peer], monkeypatch: pytest.MonkeyPatch, alone: list[processes.Process]
):
    one, peer = ready
    answering(peer, monkeypatch, ANSWER + settled(True) * 2)
    one.request(b"a", "look", time.monotonic() + 60)
    alone.append(alone[0])
    assert not one.settle()
    del alone[1:]
    monkeypatch.setattr(processes, "threads", lambda pid: 2)
    assert not one.settle()


@pytest.mark.parametrize("answer", [b"", settled(True)[:-1], wire.encode({"unchanged": 1}), ANSWER])
def test_a_process_that_does_not_say_that_it_is_as_it_was_serves_no_other_check(
    ready: tuple[Host, Peer], monkeypatch: pytest.MonkeyPatch, alone: list[processes.Process], answer: bytes
):
    one, peer = ready
    monkeypatch.setattr(hosting, "_SETTLING", 0.05)
    answering(peer, monkeypatch, ANSWER + answer)
    one.request(b"a", "look", time.monotonic() + 60)
    assert not one.settle()


def test_a_process_that_ends_between_two_checks_costs_neither(
    ready: tuple[Host, Peer], monkeypatch: pytest.MonkeyPatch, alone: list[processes.Process]
):
    one, peer = ready
    answering(peer, monkeypatch, ANSWER)
    one.request(b"a", "look", time.monotonic() + 60)
    peer.children[0].sendall(settled(True))
    assert one.settle()
    peer.children[0].close()
    assert one.request(b"b", "look", time.monotonic() + 60) == ANSWER
    assert len(peer.children) == 2
    peer.children[1].close()
    assert asked(one) == ("crashed", GONE)


def test_a_request_that_is_not_answered_is_over_in_its_time_and_after_two_not_tried_again(ready: tuple[Host, Peer]):
    one, _ = ready
    late = ("timed_out", "Your code did not finish within 0.2 s (it was at hw5_gan.py, line 3).")
    again = ("timed_out", "Your code did not finish here twice before, so it was not run again.")
    assert [asked(one) for _ in range(4)] == [late, late, again, again]
    assert asked(one, "another operation") == late
    assert one.failure is None


def test_the_total_clock_ends_a_request_too(ready: tuple[Host, Peer]):
    assert asked(ready[0], deadline=time.monotonic() - 1)[0] == "timed_out"


def test_while_it_is_waited_for_its_use_is_looked_at(ready: tuple[Host, Peer], looked: list[Host]):
    asked(ready[0])
    assert set(map(id, looked)) == {id(ready[0])}


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"", GONE),
        (ANSWER[:-1], GONE),
        (struct.pack("!II", 0, wire.LARGEST_BODY + 1), "Your code's process sent something that is not a measurement."),
    ],
)
def test_a_process_that_hangs_up_or_sends_too_much_has_crashed(
    ready: tuple[Host, Peer], monkeypatch: pytest.MonkeyPatch, answer: bytes, says: str
):
    one, peer = ready
    answering(peer, monkeypatch, answer, hang_up=True)
    assert asked(one) == ("crashed", says)


def test_a_host_that_is_gone_can_have_no_check(ready: tuple[Host, Peer]):
    one, peer = ready
    peer.connection.close()
    assert asked(one) == ("crashed", "The process that had imported hw5_gan.py is gone.")


def test_what_a_check_has_written_is_removed_full_or_empty(ready: tuple[Host, Peer], monkeypatch: pytest.MonkeyPatch):
    one, peer = ready
    answering(peer, monkeypatch)
    for files in (["deep/file"], []):
        one.request(b"", "look", time.monotonic() + 60)
        folder = one.scratch / str(one._children)
        folder.mkdir()
        for name in files:
            (folder / name).parent.mkdir(parents=True)
            (folder / name).write_text("")
        (one.scratch / "kept").touch()
        one.end_check()
        one.discard_files()
        assert [path.name for path in one.scratch.iterdir()] == ["kept"]
