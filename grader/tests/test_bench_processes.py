"""Real processes: those of the bench are found, wherever they hide, and ended; all others are left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from grader.bench import kernel
from grader.run import processes
from grader.run.users import EACH, FIRST_USER, claim_users
from grader.tests.places import worker_slot

FAMILY = """
import subprocess, sys, threading
from grader.bench import kernel
kernel.adopt_orphans()
subprocess.Popen(["sleep", "600"])
def elsewhere():
    shell = subprocess.Popen(["sh", "-c", "sleep 600 & echo $!; wait"], stdout=subprocess.PIPE)
    shell.stdout.readline()
    threading.Event().wait()
threading.Thread(target=elsewhere, daemon=True).start()
gone = subprocess.Popen(["true"])
sys.stdin.read(1)
"""
"""Whoever adopts orphans has a child, and from another thread a shell with a child of its own; and one child that has
ended and is not waited for."""
IN_FAMILY = 3

Start = Callable[..., subprocess.Popen]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a process whose family is ended after the test."""
    started: list[subprocess.Popen] = []

    def run(*command: str, user: int | None = None) -> subprocess.Popen:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        started.append(subprocess.Popen(command, user=user, start_new_session=True, **pipes))
        return started[-1]

    yield run
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def server(start: Start) -> subprocess.Popen:
    """A process with a family, all of it there."""
    process = start(sys.executable, "-c", FAMILY)
    await_(lambda: len(family(process.pid)) == IN_FAMILY + 1 and any(one.ended for one in family(process.pid)))
    return process


def await_(condition: Callable[[], bool]) -> None:
    """Return as soon as a condition holds."""
    patience = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < patience, "what was awaited did not happen"
        time.sleep(0.001)


def family(root: int) -> list[processes.Process]:
    """Descendants of a process, those that have ended among them: what the functions under test must find."""
    everything = processes.all_processes()
    found = {root}
    for _ in range(4):
        found |= {one.pid for one in everything if one.parent in found}
    return [one for one in everything if one.pid in found - {root}]


def running(pids: set[int]) -> set[int]:
    return {one.pid for one in processes.all_processes() if one.pid in pids and not one.ended}


@pytest.fixture
def bench_user() -> Iterator[int]:
    """A user id that nobody else has, as the runner claims one."""
    claim, own = claim_users(FIRST_USER + EACH * (1000 + worker_slot()))
    with claim:
        yield own[0]


def test_a_process_is_listed_with_its_parent_its_user_and_whether_it_has_ended(start: Start):
    process = start("sleep", "600")
    assert processes.Process(process.pid, os.getpid(), os.getuid(), False) in processes.all_processes()
    os.kill(process.pid, signal.SIGKILL)
    await_(lambda: processes.Process(process.pid, os.getpid(), os.getuid(), True) in processes.all_processes())


@pytest.mark.parametrize("lists_children", [True, False])
def test_descendants_are_found_through_threads_and_shells(
    server: subprocess.Popen, start: Start, monkeypatch: pytest.MonkeyPatch, lists_children: bool
):
    monkeypatch.setattr(processes, "_LISTS_CHILDREN", lists_children and processes._LISTS_CHILDREN)
    start("sleep", "600")
    found = processes.below(server.pid)
    assert sorted(one.pid for one in found) == sorted(one.pid for one in family(server.pid) if not one.ended)
    assert len(found) == IN_FAMILY
    assert {one.user for one in found} == {os.getuid()}
    parents = {one.pid: one.parent for one in processes.all_processes()}
    assert {one.pid: one.parent for one in found} == {one.pid: parents[one.pid] for one in found}


def test_a_process_that_is_gone_has_no_descendants(start: Start):
    process = start("true")
    process.wait()
    assert processes.below(process.pid) == []


def test_without_a_user_id_a_sweep_ends_the_descendants_and_nobody_else(server: subprocess.Popen, start: Start):
    stranger = start("sleep", "600")
    pids = {one.pid for one in processes.of_bench(server.pid)}
    assert len(pids) == IN_FAMILY
    assert processes.sweep(server.pid) == IN_FAMILY
    assert running(pids) == set()
    assert running({server.pid, stranger.pid}) == {server.pid, stranger.pid}


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser starts processes under another user's id")
def test_what_runs_under_the_bench_s_user_id_is_found_and_ended_wherever_it_is(
    server: subprocess.Popen, start: Start, bench_user: int
):
    hidden, neighbour = start("sleep", "600", user=bench_user), start("sleep", "600", user=bench_user + 1)
    pids = {one.pid for one in processes.of_bench(server.pid, [bench_user])}
    assert len(pids) == IN_FAMILY + 1
    assert hidden.pid in pids
    assert not {neighbour.pid, server.pid} & pids
    assert processes.sweep(server.pid, [bench_user]) == IN_FAMILY + 1
    assert processes.of_bench(server.pid, [bench_user]) == []
    assert running(pids) == set()
    assert running({server.pid, neighbour.pid}) == {server.pid, neighbour.pid}


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser starts processes under another user's id")
def test_a_server_under_the_bench_s_own_user_id_is_not_ended(start: Start, bench_user: int):
    server, kept = start("sleep", "600", user=bench_user), start("sleep", "600", user=bench_user)
    assert processes.sweep(server.pid, [bench_user], keep={kept.pid}) == 0
    assert running({server.pid, kept.pid}) == {server.pid, kept.pid}


def test_memory_is_that_of_the_process_alone_and_0_when_it_has_ended(start: Start):
    size = 64 * 2**20
    process = start(sys.executable, "-c", f"x = bytearray({size})\nprint(flush=True)\ninput()")
    assert process.stdout is not None
    process.stdout.readline()
    for measure in (processes.own_memory, processes.proportional_memory):
        assert size < measure(process.pid) < 2 * size
    process.communicate(b"\n")
    assert processes.own_memory(process.pid) == processes.proportional_memory(process.pid) == 0


def test_files_without_a_name_are_counted_and_others_are_not(start: Start, tmp_path):
    size = 3 * 2**20
    script = (
        "import os, sys, tempfile\n"
        f"one = tempfile.TemporaryFile(dir={str(tmp_path)!r}); one.write(bytes({size})); one.flush()\n"
        f"two = open({str(tmp_path / 'named')!r}, 'wb'); two.write(bytes({size})); two.flush()\n"
        "print(flush=True); input()"
    )
    process = start(sys.executable, "-c", script)
    assert process.stdout is not None
    process.stdout.readline()
    assert size <= processes.held_by_descriptors(process.pid, files=True) < 2 * size
    process.communicate(b"\n")
    assert processes.held_by_descriptors(process.pid, files=True) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser comes back from a namespace")
def test_a_process_comes_back_from_new_namespaces_each_of_which_begins_with_one_child():
    told, telling = os.pipe()
    if (one := os.fork()) == 0:  # what fails here must not go on as a second run of the tests
        try:
            for _ in range(2):
                itself = kernel.handle_on_itself()
                assert itself is not None
                alone = kernel.unshare(kernel.NEW_PROCESSES)
                if (child := os.fork()) == 0:
                    os.write(telling, f"{os.getpid() == 1 or not alone} ".encode())
                    os._exit(0)
                back = kernel.come_back(itself, kernel.NEW_PROCESSES)
                os.close(itself)
                os.waitpid(child, 0)
                if (child := os.fork()) == 0:
                    os.write(telling, f"{back and os.getpid() > 1} ".encode())
                    os._exit(0)
                os.waitpid(child, 0)
        finally:
            os._exit(0)
    os.close(telling)
    os.waitpid(one, 0)
    with os.fdopen(told) as pipe:
        assert pipe.read().split() == ["True"] * 4


@pytest.mark.parametrize(("tasks", "slower"), [(processes.FEW, False), (12, True)])
def test_what_runs_many_tasks_at_once_gets_no_larger_share(start: Start, tasks: int, slower: bool):
    loops = [start("sh", "-c", "while :; do :; done") for _ in range(tasks)]
    asleep = start("sleep", "600")
    pids = [one.pid for one in (*loops, asleep)]
    await_(lambda: [processes._is_running(f"/proc/{pid}") for pid in pids] == [*[True] * tasks, False])
    before = os.getpriority(os.PRIO_PROCESS, 0)
    for _ in range(20):
        processes.share_fairly(pids, before)
    steps = [os.getpriority(os.PRIO_PROCESS, pid) - before for pid in pids]
    # 1.25 ** 9 > 12 / 2 > 1.25 ** 8; nobody has less priority than the lowest that there is
    assert steps == [*[min(9, 19 - before) if slower else 0] * tasks, 0]


def test_the_server_ends_what_its_hosts_run_when_the_runner_is_gone():
    trial = os.fork()
    if trial == 0:
        from grader.bench import server as bench

        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        kernel.adopt_orphans()
        told, telling = os.pipe()
        host = os.fork()
        if host == 0:
            os.setsid()
            orphan = os.fork()
            if orphan:
                os.write(telling, b"%d" % orphan)
            time.sleep(600)
        orphan = int(os.read(told, 20))
        bench._end([host])
        os._exit(any(os.path.exists(f"/proc/{one}") for one in (host, orphan)))
    assert os.waitpid(trial, 0)[1] == 0


ONLY_A_THREAD_IS_LEFT = """
import ctypes, mmap, os, socket, sys, threading, time

shared = mmap.mmap(-1, 8 * 2**20)
if os.fork() == 0:
    shared.write(bytes(len(shared)))
    os._exit(0)
os.wait()

def stay():
    held = bytearray(64 * 2**20)
    sockets = socket.socketpair()
    time.sleep(0.2)
    print(flush=True)
    time.sleep(600)

threading.Thread(target=stay).start()
ctypes.CDLL(None).syscall(60 if sys.argv[1] == "x86_64" else 93, 0)
"""


SHARED = 8 * 2**20
"""Bytes that it shared with a child, which alone has touched them."""


def test_a_process_whose_first_thread_has_ended_is_seen_measured_and_ended(start: Start):
    process = start(sys.executable, "-c", ONLY_A_THREAD_IS_LEFT, os.uname().machine)
    assert process.stdout is not None
    process.stdout.readline()
    assert processes.own_memory(process.pid) > 64 * 2**20
    assert processes.held_by_descriptors(process.pid, files=False) == 2 * processes._OF_A_SOCKET
    assert not next(one for one in processes.all_processes() if one.pid == process.pid).ended
    assert process.pid in {one.pid for one in processes.below(os.getpid())}
    assert processes.shared_unseen([process.pid]) == SHARED - processes.own_memory(process.pid, processes._SHARED) > 0
    others = {one.pid for one in processes.below(os.getpid())} - {process.pid}
    assert processes.sweep(os.getpid(), keep=others) == 1
    assert processes.own_memory(process.pid) == 0


def test_descriptors_of_which_nobody_may_see_the_kind_count_beyond_the_usual(monkeypatch: pytest.MonkeyPatch):
    def closed(path: str) -> None:
        raise PermissionError

    monkeypatch.setattr(processes.os, "stat", closed)
    monkeypatch.setattr(processes, "USUAL_DESCRIPTORS", 0)
    count = processes.held_by_descriptors(os.getpid(), files=False, unseen=1)
    assert processes.held_by_descriptors(os.getpid(), files=False) == count * processes._OF_A_SOCKET > 0
    monkeypatch.setattr(processes, "USUAL_DESCRIPTORS", count)
    assert processes.held_by_descriptors(os.getpid(), files=False) == 0


@pytest.mark.parametrize(
    ("limit", "size"),
    [("memory.max", "1000000"), ("memory/memory.limit_in_bytes", "1000000"), ("memory.max", "max"), ("", "")],
)
def test_shared_memory_is_the_container_s_where_that_has_a_limit(tmp_path: Path, limit: str, size: str):
    machine = tmp_path / "meminfo"
    machine.write_text("MemTotal: 9 kB\nShmem: 7 kB\n")
    (tmp_path / "memory").mkdir()
    for folder in (tmp_path, tmp_path / "memory"):
        (folder / "memory.stat").write_text("anon 3\nshmem 4096\nshmem_thp 5\n")
    if limit:
        (tmp_path / limit).write_text(f"{size}\n")
    assert processes.shared_memory(tmp_path, machine) == (4096 if size.isdigit() else 7 * 1024)
