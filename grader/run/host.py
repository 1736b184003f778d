"""The runner's hand on one of a student's modules: relays requests to it, ends what runs too long or grows too large.

The relayed frames are opaque here: the judge alone reads what the bench says.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from grader import messages, wire
from grader.bench.confinement import NICE, Limits
from grader.bench.mounts import MOST_FILES
from grader.messages import CheckOrder, Confined, Forked, HostOrder, Over, Settled
from grader.run import processes
from grader.run.clocks import BenchError, Clocks, StudentFailure
from grader.run.removal import remove
from grader.run.server import Server
from tests.support.homework import assignment

_STUCK_AT = re.compile(
    rf'File "[^"]*/({"|".join(map(re.escape, assignment.FILES))})", line (\d{{1,6}})\b'.encode(),
)
_GRACE = 0.05
"""Seconds that a process has to say where it is."""
_ON_ITS_WAY = 0.2
"""Seconds in which an answer arrives that was sent before its clock struck."""
_BEFORE_THE_CLOCK = 1.5
"""Seconds before its clock strikes in which an import is interrupted, so that what it has defined can be graded."""
_TIMEOUTS_OF_AN_OPERATION = 2
_SETTLING = 1.0
"""Seconds that a process has to look whether its check has changed anything."""
MOST_THREADS = 40
"""Threads of one module, its processes' together, where all modules have one user id and the kernel counts them as one:
so many leave enough to the others."""
_OVER = messages.encode(Over())


@dataclass
class Output:
    """What a student's processes print: read to the end, kept only in part, never shown as a verdict."""

    descriptor: int
    tail: bytes = b""

    def drain(self) -> None:
        """Read until every writer is gone."""
        with os.fdopen(self.descriptor, "rb", buffering=0) as pipe:
            while chunk := pipe.read(65536):
                self.tail = (self.tail + chunk)[-8192:]

    def text(self) -> str:
        """The end of what was printed, for the staff."""
        return self.tail[-2000:].decode(errors="replace")


@dataclass
class Host:
    """The process of one of the student's modules, and the children that it forks for checks.

    A child that says that its check has left it as it was serves the next one too. Nobody has to believe it: code that
    lies has had its say in the same process, at its import, already. `kept` is its process id, `in_use` whether the
    current check has asked for anything here.
    """

    server: Server
    module: str
    source: Path
    scratch: Path
    user: int | None
    clocks: Clocks
    in_force: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    own_room: bool = False
    failure: StudentFailure | None = None
    imported: bool = False
    failed_to_import: bool = False
    kept: int | None = None
    in_use: bool = False
    _child: socket.socket | None = None
    _children: int = 0
    _timeouts: dict[str, int] = field(default_factory=dict)

    def start(self) -> None:
        """Order the host from the server; it confines itself and begins the import."""
        if not self.server.reachable:
            self.user = None
        self.scratch.mkdir(mode=0o700)
        if self.user is not None:
            os.chown(self.scratch, self.user, self.user)
        self.connection, theirs = socket.socketpair()
        read_end, write_end = os.pipe()
        self.output = Output(read_end)
        room = min(self.clocks.disk, self.clocks.memory // 2)
        order = HostOrder(
            self.module,
            assignment.DEFINED[self.module],
            assignment.HELPERS,
            folder=str(self.source),
            scratch=str(self.scratch),
            user=self.user,
            room=room,
            patience=max(self.clocks.importing / 2, self.clocks.importing - _BEFORE_THE_CLOCK),
        )
        socket.send_fds(self.server.control, [msgspec.json.encode(order)], [theirs.fileno(), write_end])
        theirs.close()
        os.close(write_end)
        threading.Thread(target=self.output.drain, daemon=True).start()
        self.free_disk, self.free_files = _free(self.scratch)
        self.shared_before = processes.shared_memory()
        patience = time.monotonic() + self.clocks.start
        try:
            self.pid = messages.decode(wire.receive(self.server.control, patience), Forked).pid
            told = messages.decode(wire.receive(self.connection, patience), Confined)
            self.in_force, self.missing, self.own_room = told.in_force, told.missing, told.own_room
        except (wire.Ended, wire.Late, wire.BadFrame) as error:
            said = self.output.tail.decode(errors="replace")
            raise BenchError(f"{self.module}.py's process did not start ({type(error).__name__})\n{said}") from None
        self.server.hosts.append(self)
        self.import_deadline = time.monotonic() + self.clocks.importing

    def await_import(self) -> None:
        """Wait for the import to end; raises `StudentFailure` when it does not, each time the same."""
        if self.failure is None and not self.imported:
            try:
                self._receive(self.connection, max(self.import_deadline, time.monotonic() + _ON_ITS_WAY))
                self.imported = True
            except StudentFailure as failure:
                self.failed_to_import = True
                self.fail(StudentFailure(failure.kind, self._why_not_imported(failure)))
        if self.failure is not None:
            raise self.failure

    def _why_not_imported(self, failure: StudentFailure) -> str:
        match failure.kind:
            case "timed_out":
                return (
                    f"{self.module}.py was still running {self.clocks.importing:g} s after it was imported"
                    f'{self._stuck()}. Put code that trains or samples under `if __name__ == "__main__":`.'
                )
            case "crashed":
                return f"{self.module}.py ended its own process while it was imported."
        return failure.message

    def fail(self, failure: StudentFailure) -> None:
        """Give this module up: every request fails like this from now on, and its process ends."""
        self.failure = failure
        self.close()
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def request(self, frame: bytes, operation: str, deadline: float) -> bytes:
        """Relay one request and bring the answer; raises `StudentFailure`."""
        self.await_import()
        if self._timeouts.get(operation, 0) >= _TIMEOUTS_OF_AN_OPERATION:
            raise StudentFailure("timed_out", "Your code did not finish here twice before, so it was not run again.")
        served_before, self.in_use = self._child is not None and not self.in_use, True
        try:
            return self._ask(frame, deadline)
        except StudentFailure as one:
            failure = one
        if failure.kind == "crashed" and served_before:  # it may have been over before this check began
            self.end_check()
            return self.request(frame, operation, deadline)
        if failure.kind == "timed_out":
            self._timeouts[operation] = self._timeouts.get(operation, 0) + 1
            failure = StudentFailure(
                "timed_out", f"Your code did not finish within {self.clocks.request:g} s{self._stuck()}."
            )
        raise failure

    def _ask(self, frame: bytes, deadline: float) -> bytes:
        if self._child is None:
            self._child = self._new_child()
        limit = min(time.monotonic() + self.clocks.request, deadline)
        self._child.settimeout(self.clocks.request)
        with suppress(OSError):  # a process that has ended shows in what it answers
            self._child.sendall(frame)
        return self._receive(self._child, limit)

    def settle(self) -> bool:
        """Whether the child of the check that is over can serve the next one: nothing has changed, and it is alone."""
        if self._child is None:
            return False
        try:
            self._child.settimeout(_SETTLING)
            self._child.sendall(_OVER)
            answer = wire.receive(self._child, time.monotonic() + _SETTLING)
            unchanged = messages.decode(answer, Settled).unchanged
        except (OSError, wire.Ended, wire.Late, wire.BadFrame):
            return False
        present = processes.below(self.pid)
        if not unchanged or len(present) != 1 or processes.threads(present[0].pid) != 1:
            return False
        self.kept, self.in_use = present[0].pid, False
        return True

    def end_check(self) -> None:
        """Let go of the child of the check that is over; the runner ends its processes."""
        self.in_use, self.kept = False, None
        if self._child is not None:
            self._child.close()
            self._child = None

    def discard_files(self) -> None:
        """Remove what the last check has written; to be called when its processes have ended."""
        folder = self._seen_from_here() / str(self._children)
        remove(folder)

    def _seen_from_here(self) -> Path:
        """The folder in which everything is written; in a view of its own only through its process."""
        return Path(f"/proc/{self.pid}/root{self.scratch}") if self.own_room else self.scratch

    def close(self) -> None:
        """Let go of the host; the runner ends its processes."""
        self.end_check()
        self.connection.close()
        self.server.hosts = [host for host in self.server.hosts if host is not self]

    def _new_child(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        self._children += 1
        order = CheckOrder(str(self.scratch / str(self._children)))
        try:
            socket.send_fds(self.connection, [msgspec.json.encode(order)], [theirs.fileno()])
        except OSError:
            raise StudentFailure("crashed", f"The process that had imported {self.module}.py is gone.") from None
        finally:
            theirs.close()
        return ours

    def _receive(self, connection: socket.socket, deadline: float) -> bytes:
        """One frame; looks at memory and disk while it waits."""
        try:
            return wire.receive(connection, deadline, self._watch)
        except wire.Late:
            raise StudentFailure("timed_out", "Your code did not finish in its time.") from None
        except wire.BadFrame:
            raise StudentFailure("crashed", "Your code's process sent something that is not a measurement.") from None
        except (wire.Ended, OSError):
            raise StudentFailure(
                "crashed", "Your code ended its own process (os._exit, or a crash below Python)."
            ) from None

    def _watch(self) -> None:
        self.server.watch(self)

    def excess(self) -> str:
        """Which limit this host and its children exceed, in a student's words, or nothing."""
        present = self._processes()
        processes.share_fairly([one.pid for one in present], NICE)
        used = sum(
            processes.own_memory(one.pid) + processes.held_by_descriptors(one.pid, files=not self.own_room)
            for one in present
        )
        # The host and the check's child share what the server had imported before: that is not the student's.
        used -= min(len(present), 2) * processes.own_memory(self.server.process.pid)
        grown = processes.shared_memory() - self.shared_before
        if self.own_room:
            used += _used(self._seen_from_here())
        if not any(one.startswith("filtered") for one in self.in_force):
            used = max(used, grown)  # some of it may be in no process's table
        if self.user is None and sum(processes.threads(one.pid) for one in present) > MOST_THREADS:
            return f"Your code started more than {MOST_THREADS} processes and threads."
        if grown > self.clocks.memory // 4:  # others may share memory too: only when it grows is it worth looking who
            used += min(grown, processes.shared_unseen([one.pid for one in present]))
        if used > self.clocks.memory:
            return f"Your code used more than {self.clocks.memory / 2**30:.1f} GiB of memory."
        if self.own_room:
            return ""
        # Others may fill the disk too: only when it shrinks is it worth looking who.
        free_disk, free_files = _free(self.scratch)
        if self.free_disk - free_disk > self.clocks.disk and self._written() > self.clocks.disk:
            return f"Your code wrote more than {self.clocks.disk / 2**30:.1f} GiB to disk."
        if self.free_files - free_files > MOST_FILES and self._has_many_files():
            return f"Your code made more than {MOST_FILES:,} files."
        return ""

    def _processes(self) -> list[processes.Process]:
        """This host, its descendants, and orphans that cannot be told to be another's."""
        everything = processes.below(self.server.process.pid)
        if self.user is not None:
            return [process for process in everything if process.user == self.user]
        others: set[int] = set()
        for host in self.server.hosts:
            if host is not self:
                others |= {host.pid, *(process.pid for process in processes.below(host.pid))}
        return [process for process in everything if process.pid not in others]

    def _written(self) -> int:
        """Bytes on disk in this host's folder, and in files that its processes hold without a name."""
        total = sum(
            processes.held_by_descriptors(process.pid, files=True, unseen=Limits.file_size)
            for process in self._processes()
        )
        for folder, _, files in os.walk(self.scratch):
            for name in files:
                with suppress(OSError):
                    total += os.lstat(os.path.join(folder, name)).st_blocks * 512
        return total

    def _has_many_files(self) -> bool:
        """Whether there are more than may be in this host's folder; the first too many ends the count."""
        count = 0
        for _, folders, files in os.walk(self.scratch):
            count += len(folders) + len(files)
            if count > MOST_FILES:
                return True
        return False

    def _stuck(self) -> str:
        """Where the student's code is now, if its process still answers: "(it was at ...)"."""
        for process in self._processes():
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGUSR1)
        time.sleep(_GRACE)
        for dump in reversed(self.output.tail.split(b"most recent call first")):
            if place := _STUCK_AT.search(dump):
                return f" (it was at {place[1].decode()}, line {place[2].decode()})"
        return ""


def _free(folder: Path) -> tuple[int, int]:
    """Bytes and files that there is room for on a folder's disk."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize, status.f_ffree


def _used(folder: Path) -> int:
    """Bytes in use on a folder's file system; 0 when it has gone with its process."""
    try:
        status = os.statvfs(folder)
    except OSError:
        return 0
    return (status.f_blocks - status.f_bfree) * status.f_frsize
