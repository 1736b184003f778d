"""The bench server: imports torch once and forks the processes in which students' files run.

    server   this process; imports what the released files import, runs nothing of a student's
      host   one for each of a student's modules: confined, then imports that module
        child   for a check: performs its requests, and those of the next one if this process is as it was

Every process here talks to the runner over a socket of its own. What they send is untrusted.
"""

from __future__ import annotations

import dataclasses
import faulthandler
import gc
import math
import os
import signal
import socket
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, TypeVar

import msgspec

from grader import messages, wire
from grader.bench import confinement, importing, kernel, mounts, sources, stand_ins, syscalls
from grader.bench.confinement import Surroundings
from grader.messages import CheckOrder, Confined, Forked, HostOrder, Imported, Over, Ready, Settled

SEVERAL = 4
"""Hosts after which many more are to be expected: what makes a fork cheaper costs as much as some forks."""
ROUNDS, BETWEEN = 200, 0.02
"""Times that what is left is ended when the runner is gone, and seconds between two of them."""
Order = TypeVar("Order", HostOrder, CheckOrder)

_SECONDS_TO_FORK = 3.0
"""In which the runner sees, and ends, what has started too many processes."""
OWN_SOURCES = "source"
"""Folder of a host's own copy of the sources, below the one in which it writes."""
STUCK = signal.SIGUSR1
"""The runner's question "where are you?": answered on standard error, even from an endless loop."""


def serve(control: socket.socket, without: frozenset[str]) -> NoReturn:
    """Fork a host for every order that arrives; ends with the runner's end of the connection.

    `without` are layers of the confinement that a test takes away.
    """
    kernel.adopt_orphans()  # they stay below this process, where they are found
    around = confinement.without_network(without)
    import_everything()
    from tests.support.probes import vocabulary  # noqa: F401, I001  # before the fork, for every host
    from grader.bench import footprint  # noqa: F401  # last: it knows what is imported before it

    gc.collect()
    data = kernel.own_data()
    around = confinement.isolate(around, Path(os.environ["HOME"]))
    syscalls.prepare(names=not (around.view and around.network))
    gc.freeze()  # the collector would otherwise touch, and so copy, every page that the children share
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    control.sendall(messages.encode(Ready(confinement.reachable(around))))
    forked = 0
    hosts: list[int] = []
    while True:
        order, descriptors = _order(control, HostOrder)
        if order is None:
            _end(hosts)
            os._exit(0)
        if forked >= SEVERAL and data and _has_no_children():
            kernel.use_huge_pages(data)
            data = []
        forked += 1
        host, alone = _fork(around.processes)
        if host == 0:
            control.close()
            around = dataclasses.replace(around, processes=alone)
            _host(socket.socket(fileno=descriptors[0]), descriptors[1], order, around)
        hosts = [*filter(_is_running, hosts), host]
        control.sendall(messages.encode(Forked(host)))
        for descriptor in descriptors:
            os.close(descriptor)


def _has_no_children() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return True
    return False


def _is_running(child: int) -> bool:
    """Whether a process is a child of this one; its id may be another's when it has ended."""
    try:
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _end(hosts: list[int]) -> None:
    """End what the hosts run: the runner is gone, and what a student's code does by itself would never notice.

    Where a host has processes of its own, they end with it; elsewhere they come to be this one's children, and are read
    from the kernel's list.
    """
    own = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    for _ in range(ROUNDS):
        listed = own.read_text(encoding="ascii").split() if own.exists() else []
        left = [*filter(_is_running, {*hosts, *map(int, listed)})]
        if not left:
            return
        for child in left:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        time.sleep(BETWEEN)


def _fork(own_processes: bool) -> tuple[int, bool]:
    """Fork; with `own_processes` the child is the first of a new namespace: with it the kernel ends all others there.

    Without the right to come back to its own namespace, a process forks another that forks the child.

    The child's id and False, or in the child 0 and whether it is alone.
    """
    if not own_processes:
        return os.fork(), False
    itself = kernel.handle_on_itself()
    if itself is not None:
        alone = kernel.unshare(kernel.NEW_PROCESSES)
        child = os.fork()
        if child != 0 and not kernel.come_back(itself, kernel.NEW_PROCESSES):
            raise SystemExit("the server could not come back to its own processes")
        os.close(itself)
        return child, alone and child == 0
    told, telling = os.pipe()
    if os.fork() == 0:  # this process could not come back from the new namespace
        os.close(told)
        alone = kernel.unshare(kernel.NEW_PROCESSES)
        child = os.fork()
        if child == 0:
            os.close(telling)
            return 0, alone
        os.write(telling, str(child).encode())
        os._exit(0)
    os.close(telling)
    with os.fdopen(told, "rb") as pipe:
        return int(pipe.read()), False


def import_everything() -> None:
    """Import what the released files import, so that a student's own import costs nothing."""
    import cv2
    import matplotlib.pyplot
    import PIL.Image  # noqa: F401
    import torch
    import torchvision.transforms  # noqa: F401
    import torchvision.utils  # noqa: F401
    import tqdm  # noqa: F401

    # A student's choice of a window system cannot be had here, and is nobody's mistake.
    matplotlib.pyplot.switch_backend("Agg")
    matplotlib.use = lambda *_, **__: None
    matplotlib.pyplot.switch_backend = lambda *_, **__: None
    stand_ins.prepare()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)  # a forked child cannot use the threads of its parent
    # The first convolution asks for the processor's features, in files that a confined process cannot read.
    torch.nn.functional.conv2d(torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 3, 3, requires_grad=True)).sum().backward()


def _order(control: socket.socket, expected: type[Order]) -> tuple[Order | None, list[int]]:
    """One order with the descriptors that come with it; None when the other side is gone."""
    try:
        text, descriptors, _, _ = socket.recv_fds(control, 65536, 2)
    except OSError:
        return None, []
    return (msgspec.json.decode(text, type=expected), descriptors) if text else (None, descriptors)


def _host(connection: socket.socket, output: int, order: HostOrder, around: Surroundings) -> NoReturn:
    """Become the process of one student's module: confine, import, then fork a child for every check."""
    os.setsid()
    # What processes share by inheritance keeps flags, owners and locks for the next submission.
    nothing = os.open(os.devnull, os.O_RDONLY)
    for stream, source in ((0, nothing), (1, output), (2, output)):
        os.dup2(source, stream)
    os.close(nothing)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # whoever starts processes asks how they ended
    os.close(output)
    faulthandler.register(STUCK, file=2, all_threads=False)
    folder, scratch = Path(order.folder), Path(order.scratch)
    own_memory = "namespaces" not in around.without and kernel.unshare(kernel.NEW_IPC)
    around = dataclasses.replace(around, memory=own_memory)
    if around.view:
        owner = (os.geteuid(), os.getegid()) if order.user is None else (order.user, order.user)
        home = Path(os.environ["HOME"])
        if not mounts.furnish(folder, scratch, home, *owner, order.room, confinement.interpreter_trees()):
            raise SystemExit("the files of this process could not be mounted")
    _settle(scratch)
    told = confinement.confine(order.user, [folder], [scratch], confinement.Limits(), around)
    connection.sendall(messages.encode(Confined(told.in_force, told.missing, around.view)))
    own = scratch / OWN_SOURCES
    order.folder = str(own)
    importing.run(folder, own, order, lambda imported: _answer_checks(connection, order, imported))


def _answer_checks(connection: socket.socket, order: HostOrder, imported: bool) -> NoReturn:
    """Tell that the import has ended, and fork a child for every check."""
    _flush()
    connection.sendall(messages.encode(Imported(imported)))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.freeze()
    while True:
        check, descriptors = _order(connection, CheckOrder)
        if check is None:
            os._exit(0)
        if _fork_for_a_check() == 0:
            connection.close()
            _child(socket.socket(fileno=descriptors[0]), order, check)
        for descriptor in descriptors:
            os.close(descriptor)


def _fork_for_a_check() -> int:
    """Fork, again for a while when the kernel refuses: another module may have started more than it may."""
    until = time.monotonic() + _SECONDS_TO_FORK
    while True:
        try:
            return os.fork()
        except BlockingIOError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def _child(connection: socket.socket, order: HostOrder, check: CheckOrder) -> NoReturn:
    """Perform the requests of a check, and of the next if nothing has changed, until the connection is closed."""
    import torch

    from grader.bench.footprint import Footprint
    from tests.support.probes import training

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    scratch = Path(check.scratch)
    scratch.mkdir()
    sources.mirror(Path(order.folder), scratch)
    _settle(scratch)
    training.OWN_COPY = True
    torch.set_num_threads(1)  # if the import has used more, they did not survive the fork
    try:
        before, failed = Footprint(Path(order.folder), scratch), False
        while True:
            request = messages.decode_request(wire.receive(connection, math.inf))
            if isinstance(request, Over):
                connection.sendall(messages.encode(Settled(not failed and before.unchanged())))
                continue
            answer = importing.perform(Path(order.folder), order, request)
            failed = failed or "failure" in answer
            _flush()
            connection.sendall(wire.encode(answer))
    except wire.Ended:
        os._exit(0)
    except BaseException:  # whatever a student's code has done to this process, the runner sees it end
        os._exit(1)


def _settle(scratch: Path) -> None:
    """Make a folder the one in which everything is written."""
    os.chdir(scratch)
    os.environ |= {"HOME": str(scratch), "TMPDIR": str(scratch)}
    tempfile.tempdir = str(scratch)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # a student may have closed or replaced it
            continue


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), frozenset(sys.argv[2:]))
