"""What a host is charged with: the memory and the disk of its own processes, beyond what the server had before."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from grader.run import host as hosting
from grader.run.clocks import Clocks, StudentFailure
from grader.run.host import Host, Output
from grader.run.processes import Process

MIB = 2**20
SERVER = 100
CLOCKS = Clocks(memory=512 * MIB, disk=64 * MIB)


class Machine:
    """The processes of a bench with what they use, instead of the kernel's."""

    def __init__(self) -> None:
        self.below: dict[int, list[Process]] = {}
        self.memory = {SERVER: 300 * MIB}
        self.nameless: dict[int, int] = {}
        self.shared = self.unseen = 0


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    one = Machine()
    monkeypatch.setattr(hosting.processes, "below", lambda root: one.below.get(root, []))
    monkeypatch.setattr(hosting.processes, "share_fairly", lambda pids, ordinary: None)
    monkeypatch.setattr(hosting.processes, "own_memory", lambda pid: one.memory.get(pid, 0))
    monkeypatch.setattr(hosting.processes, "held_by_descriptors", lambda pid, files, unseen=0: one.nameless.get(pid, 0))
    monkeypatch.setattr(hosting.processes, "shared_memory", lambda: one.shared)
    monkeypatch.setattr(hosting.processes, "shared_unseen", lambda pids: one.unseen)
    return one


def host(folder: Path, user: int | None = None, pid: int = 1) -> Host:
    server = SimpleNamespace(process=SimpleNamespace(pid=SERVER), hosts=[])
    (folder / "scratch").mkdir(exist_ok=True)
    one = Host(server, "hw5_gan", folder, folder / "scratch", user, CLOCKS)  # type: ignore[arg-type]
    one.pid = pid
    one.free_disk, one.free_files = hosting._free(folder)
    one.shared_before = 0
    one.in_force = ["filtered system calls"]
    server.hosts.append(one)
    return one


def process(pid: int, user: int = 7) -> Process:
    return Process(pid, SERVER, user, False)


@pytest.mark.parametrize("more", [0, 1])
def test_memory_counts_from_what_host_and_child_share_with_the_server(tmp_path: Path, machine: Machine, more: int):
    one = host(tmp_path)
    machine.below[SERVER] = [process(1), process(2), process(3)]
    machine.memory |= {1: 310 * MIB, 2: 400 * MIB, 3: 300 * MIB}
    machine.nameless = {2: 102 * MIB + more}  # 1,112 MiB in all, of which twice 300 are the server's
    assert one.excess() == ("Your code used more than 0.5 GiB of memory." if more else "")


def test_shared_memory_that_nobody_has_touched_counts_when_the_machine_has_more(tmp_path: Path, machine: Machine):
    one = host(tmp_path)
    machine.below[SERVER] = [process(1)]
    machine.memory[1] = 300 * MIB
    machine.unseen = 600 * MIB
    assert one.excess() == ""
    machine.shared = 600 * MIB
    assert one.excess() == "Your code used more than 0.5 GiB of memory."


@pytest.mark.parametrize("own_room", [False, True])
def test_memory_in_no_process_s_table_counts_where_system_calls_are_not_filtered(
    tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch, own_room: bool
):
    one = host(tmp_path)
    one.own_room = own_room
    monkeypatch.setattr(hosting, "_used", lambda folder: 0)
    machine.below[SERVER] = [process(1)]
    machine.memory[1] = 300 * MIB
    machine.shared = 600 * MIB
    assert one.excess() == ""
    one.in_force = []
    assert one.excess() == "Your code used more than 0.5 GiB of memory."


def test_a_single_process_shares_once(tmp_path: Path, machine: Machine):
    one = host(tmp_path)
    machine.below[SERVER] = [process(1)]
    machine.memory[1] = (300 + 512) * MIB
    assert one.excess() == ""
    machine.memory[1] += 1
    assert one.excess() == "Your code used more than 0.5 GiB of memory."


def test_with_a_user_of_its_own_a_host_is_charged_with_that_user_s_processes(tmp_path: Path, machine: Machine):
    one = host(tmp_path, user=7)
    machine.below[SERVER] = [process(1), process(2, user=8), process(3)]
    assert one._processes() == [process(1), process(3)]


def test_without_one_it_is_charged_with_all_that_cannot_be_told_to_be_another_s(tmp_path: Path, machine: Machine):
    one = host(tmp_path)
    other = host(tmp_path, pid=2)
    one.server.hosts.append(other)
    machine.below[SERVER] = [process(n) for n in (1, 2, 3, 4, 5)]
    machine.below[1], machine.below[2] = [process(4)], [process(3)]
    assert [each.pid for each in one._processes()] == [1, 4, 5]


@pytest.mark.parametrize(
    ("shrunk", "written", "says"), [(65, 65, "Your code wrote more than 0.1 GiB to disk."), (64, 65, ""), (65, 64, "")]
)
def test_the_disk_counts_when_it_shrinks_and_the_host_has_written_that_much(
    tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch, shrunk: int, written: int, says: str
):
    one = host(tmp_path)
    monkeypatch.setattr(hosting, "_free", lambda folder: (one.free_disk - shrunk * MIB, one.free_files))
    monkeypatch.setattr(one, "_written", lambda: written * MIB)
    assert one.excess() == says


def test_what_is_written_is_what_lies_in_the_folder_and_what_has_no_name(tmp_path: Path, machine: Machine):
    one = host(tmp_path)
    machine.below[SERVER] = [process(1), process(2)]
    machine.nameless = {1: 5 * MIB, 2: 6 * MIB}
    assert one._written() == 11 * MIB
    deep = one.scratch / "a" / "b"
    deep.mkdir(parents=True)
    for path in (one.scratch / "one", deep / "two"):
        path.write_bytes(os.urandom(MIB))
    (tmp_path / "elsewhere").write_bytes(os.urandom(8 * MIB))
    (deep / "link").symlink_to(tmp_path / "elsewhere")
    assert 13 * MIB <= one._written() < 14 * MIB


def test_where_the_code_is_stuck_is_the_last_of_its_own_lines(tmp_path: Path, machine: Machine):
    one = host(tmp_path)
    dump = 'Current thread 0x1 (most recent call first):\n  File "/x/{}.py", line {} in f\n'
    frames = [dump.format("hw5_gan", 3), dump.format("hw5_diffusion", 41), dump.format("torch", 7)]
    one.output = Output(-1, "".join(frames).encode())
    assert one._stuck() == " (it was at hw5_diffusion.py, line 41)"
    one.output = Output(-1, dump.format("torch", 7).encode())
    assert one._stuck() == ""


def test_only_the_end_of_what_is_printed_is_kept():
    read_end, write_end = os.pipe()
    os.write(write_end, b"a" * 9000 + b"the end")
    os.close(write_end)
    output = Output(read_end)
    output.drain()
    assert len(output.tail) == 8192
    assert output.tail.endswith(b"a" + b"the end")
    assert len(output.text()) == 2000
    assert Output(-1, b"\xff").text() == "\ufffd"


def test_a_module_that_was_given_up_fails_each_request_with_the_same_words(tmp_path: Path, machine: Machine):
    one = host(tmp_path, pid=2**22 + 1)  # beyond the kernel's largest: the signal reaches nobody
    one.connection = SimpleNamespace(close=lambda: None)  # type: ignore[assignment]
    one.fail(StudentFailure("out_of_memory", "too large"))
    assert one.server.hosts == []
    for _ in range(2):
        with pytest.raises(StudentFailure, match="too large") as failed:
            one.request(b"", "look", 0.0)
        assert failed.value.kind == "out_of_memory"
