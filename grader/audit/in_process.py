"""Submissions of our own graded without a bench: the suites and the student's files share one process for each of them.

    server   this process: imports torch, pytest and all else that needs nothing of the project
      shop   one for each folder of suites: imports the suites, and the probes that belong to them
        case   one for each submission: imports its files and runs the suites on them, then ends

Nothing is confined here, and one clock of `grader.audit.workshop` watches a case. What is judged, and how, is the
judge's own code, and every answer passes through the frames of the wire as it does while grading. An answer follows
from the file that is asked, what lies beside it, and the request with its seed: it is kept, so that the file which a
mutant leaves alone answers once for all mutants.

`python -m grader.audit.in_process DESCRIPTOR` is the server.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from grader.project import ROOT

if TYPE_CHECKING:
    from grader.judge import server


class CaseOrder(msgspec.Struct):
    """Judge the submission in `folder`, whose code writes into `scratch`, by checks of the suites; keep `answers`."""

    folder: str
    scratch: str
    suites: str
    answers: str
    checks: list[str]


def serve(control: socket.socket) -> NoReturn:
    """Hand every order to the shop of its suites; ends with the controller's end of the connection."""
    import hypothesis  # noqa: F401  # imported before the fork, for every case
    import pytest  # noqa: F401

    from grader.bench.server import import_everything

    import_everything()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    shops: dict[str, socket.socket] = {}
    while True:
        text, descriptors, _, _ = socket.recv_fds(control, 65536, 1)
        if not text:
            os._exit(0)
        suites = msgspec.json.decode(text, type=CaseOrder).suites
        if suites not in shops:
            shops[suites], theirs = socket.socketpair()
            if os.fork() == 0:
                for other in (control, *shops.values(), *(socket.socket(fileno=one) for one in descriptors)):
                    other.close()
                _shop(theirs, Path(suites))
            theirs.close()
        with contextlib.suppress(OSError):  # a shop that has ended: the case does not start
            socket.send_fds(shops[suites], [text], descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _shop(control: socket.socket, suites: Path) -> NoReturn:
    """Import one folder's suites and probes, then fork a process for every case."""
    # Suites elsewhere bring a support package of their own, to which all of the grader must then refer.
    for name in [name for name in sys.modules if name.partition(".")[0] in ("grader", "tests")]:
        del sys.modules[name]
    sys.path[:0] = [str(suites.parent), str(ROOT)]
    from grader.judge import server
    from tests.support.probes import vocabulary  # noqa: F401  # imported before the fork, for every case

    code = 1
    with contextlib.suppress(BrokenPipeError):  # the controller's clock has struck
        code = server.judge_each(suites, lambda: _case(*server.forked(control, CaseOrder)))
    os._exit(code)


def _case(connection: socket.socket, order: CaseOrder) -> server.Assignment:
    """Become the process that judges one submission, and ends with it."""
    from grader import messages, wire
    from grader.judge import server
    from tests.support.homework.assignment import DEFINED, HELPERS
    from tests.support.probes import vocabulary

    class Here(server.ThroughRunner):
        """Answers requests in this process, in the frames that a bench would send."""

        def ask(self, module: str, operation: str, arguments: dict[str, Any]) -> tuple[bytes, bytes]:
            request = messages.encode(messages.Observe(module, operation, arguments))
            kept = answers / hashlib.sha256(asked[module] + request).hexdigest()
            if not kept.exists():
                answer, _ = vocabulary.perform(folder, module, operation, arguments, DEFINED[module], HELPERS)
                written = kept.with_suffix(f".{os.getpid()}")
                written.write_bytes(wire.encode(answer))
                written.rename(kept)
            return b"B", kept.read_bytes()

    folder, answers = Path(order.folder), Path(order.answers)
    asked = {module: _asked(folder, module) for module in DEFINED}
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.chdir(order.scratch)
    os.environ |= {"HOME": order.scratch, "TMPDIR": order.scratch}
    tempfile.tempdir = order.scratch
    connection.sendall(messages.encode(messages.Forked(os.getpid())))
    return server.Assignment(Here(connection), messages.JudgeOrder(0, order.checks))


def _asked(folder: Path, module: str) -> bytes:
    """A digest of one of the student's files and all that lies beside the two."""
    from tests.support.homework.assignment import DEFINED

    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and (path.stem == module or path.stem not in DEFINED):
            digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes() + b"\0")
    return digest.digest()


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
