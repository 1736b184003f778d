"""The judge's end of the relay: whatever a hostile bench answers becomes an observation, or a failure it may claim."""

from __future__ import annotations

import importlib.util
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from grader import messages, wire
from grader.judge import server
from grader.judge.server import ThroughRunner
from grader.messages import Begin, End, Judged, JudgeOrder, Observe, Outcome
from grader.project import ROOT
from tests.support.observations import Failure
from tests.support.verdicts import Status

GARBLED = Failure("crashed", "Your code's process sent something that is not a measurement.")


class Runner:
    """The runner's end: what the judge has said, and the answers that it is given."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def answers(self, origin: bytes, frame: bytes) -> None:
        self.connection.sendall(origin + frame)

    def heard(self) -> messages.Event:
        self.connection.settimeout(60)
        header = self.connection.recv(wire.HEADER_SIZE, socket.MSG_WAITALL)
        body = self.connection.recv(wire.lengths(header), socket.MSG_WAITALL)
        return messages.decode_event(header + body)


@pytest.fixture
def ends() -> Iterator[tuple[ThroughRunner, Runner]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ThroughRunner(ours), Runner(theirs)


def observed(ends: tuple[ThroughRunner, Runner], origin: bytes, answer: Any) -> dict[str, Any] | Failure:
    transport, runner = ends
    runner.answers(origin, wire.encode(answer) if isinstance(answer, dict) else answer)
    return transport.observe("hw5_gan", "execution", {"seed": 3})


def test_what_is_asked_reaches_the_runner_as_it_is(ends: tuple[ThroughRunner, Runner]):
    observed(ends, b"B", {"observation": {}})
    assert ends[1].heard() == Observe("hw5_gan", "execution", {"seed": 3})


def test_an_observation_arrives_with_its_arrays(ends: tuple[ThroughRunner, Runner]):
    seen = observed(ends, b"B", {"observation": {"value": np.arange(3.0)}})
    assert isinstance(seen, dict)
    assert seen["value"].tolist() == [0.0, 1.0, 2.0]
    assert ends[0].interrupted == {}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"observation": [1]}, id="a list"),
        pytest.param({"failure": "raised"}, id="a failure that is a text"),
        pytest.param({"failure": {"kind": 3}}, id="a failure of no kind"),
        pytest.param({"failure": {"kind": "raised", "points": 20}}, id="a failure with more in it"),
        pytest.param({"interrupted": 1, "observation": {}}, id="an interruption that is a number"),
        pytest.param(wire._HEADER.pack(3, 0) + b"{{{", id="no frame"),
    ],
)
@pytest.mark.parametrize("origin", [b"B", b"R"])
def test_what_is_no_answer_is_said_to_be_none(ends: tuple[ThroughRunner, Runner], origin: bytes, answer: Any):
    assert observed(ends, origin, answer) == GARBLED


@pytest.mark.parametrize("kind", ["raised", "import_failed", "missing", "undefined", "not_implemented"])
def test_a_bench_may_say_how_its_own_code_failed(ends: tuple[ThroughRunner, Runner], kind: str):
    failure = {"kind": kind, "message": "its words", "file": "hw5_gan.py", "line": 7}
    assert observed(ends, b"B", {"failure": failure}) == Failure(kind, "its words", file="hw5_gan.py", line=7)


@pytest.mark.parametrize("kind", ["timed_out", "out_of_memory", "crashed", "blocked", "anything"])
def test_what_only_the_runner_can_know_a_bench_cannot_claim(ends: tuple[ThroughRunner, Runner], kind: str):
    assert observed(ends, b"B", {"failure": {"kind": kind, "message": "mine"}}) == GARBLED
    assert observed(ends, b"R", {"failure": {"kind": kind, "message": "the runner's"}}) == Failure(kind, "the runner's")


@pytest.mark.parametrize(
    ("told", "kept"),
    [(["eager", "no_workers"], ["eager", "no_workers"]), (["eager", 17, None, {}], ["eager"]), ("eager", []), ({}, [])],
)
def test_remarks_are_kept_beside_an_observation(ends: tuple[ThroughRunner, Runner], told: object, kept: list[str]):
    assert observed(ends, b"B", {"remarks": told, "observation": {"a": 1}}) == {"a": 1}
    assert ends[0].remarks == {"hw5_gan": kept}


def test_an_interrupted_import_is_kept_beside_its_observation(ends: tuple[ThroughRunner, Runner]):
    answer = {"interrupted": {"kind": "raised", "line": 40}, "observation": {"a": 1}}
    assert observed(ends, b"B", answer) == {"a": 1}
    assert ends[0].interrupted == {"hw5_gan": Failure("raised", line=40)}


def test_a_check_s_begin_and_outcome_are_told(ends: tuple[ThroughRunner, Runner]):
    transport, runner = ends
    outcome = Outcome(Status.PASSED, 1.0, "well done", 0.25, {"share": 0.5})
    transport.begin("a_check")
    transport.outcome("a_check", outcome, "for the staff")
    assert [runner.heard(), runner.heard()] == [Begin("a_check"), Judged("a_check", outcome, "for the staff")]


SUITE = '''
from tests.support.marks import number, visibility, weight
from tests.support.verdicts import TimedOut

@number("4.1")
@weight(1)
@visibility("visible")
def test_seed(request):
    """A check that tells the seed."""
    raise TimedOut(str(request.config.pluginmanager.get_plugin("graded_submission").seed))

@number("4.2")
@weight(1)
@visibility("visible")
def test_fine():
    """A check that passes."""
'''


def made(folder: Path) -> Path:
    """A suite of two checks that need no submission."""
    for audience in ("hidden", "public"):
        (folder / audience).mkdir(parents=True)
    (folder / "public" / "test_made.py").write_text(SUITE)
    return folder


def test_a_judge_server_forks_a_judge_for_every_order_who_tells_of_each_check_and_ends_with_the_runner(tmp_path: Path):
    suites = made(tmp_path / "tests")
    ours, control = socket.socketpair()
    if (pid := os.fork()) == 0:
        ours.close()
        try:
            server.serve(control, suites)
        finally:
            os._exit(3)  # only if it did not end as it should
    control.close()
    seeds = []
    for seed in (1, 2):
        mine, judge = socket.socketpair()
        socket.send_fds(ours, [msgspec.json.encode(JudgeOrder(seed, ["seed", "fine"]))], [judge.fileno()])
        judge.close()
        runner, told = Runner(mine), []
        while not told or not isinstance(told[-1], End):
            told.append(runner.heard())
        assert [type(one) for one in told] == [Begin, Judged, Begin, Judged, End]
        seen = [(one.check, str(one.outcome.status), one.staff) for one in told if isinstance(one, Judged)]
        assert seen == [("seed", "timed out", ""), ("fine", "passed", "")]
        assert told[-1] == End(1)
        seeds.append(told[1].outcome.output.strip())
        assert mine.recv(1) == b""
        mine.close()
    assert seeds == ["1", "2"]
    ours.close()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_the_parts_of_pytest_that_a_judge_does_without_are_parts_of_it():
    """A misspelt name would be ignored, and its part loaded."""
    unknown = [name for name in server.UNUSED_PLUGINS if importlib.util.find_spec(f"_pytest.{name}") is None]
    assert unknown == ["xdist", "timeout"]
    loaded = {one.removeprefix("-pno:") for one in server._arguments(Path("suites")) if one.startswith("-p")}
    assert loaded == set(server.UNUSED_PLUGINS)


def test_a_judge_runs_both_suites_and_neither_rewrites_nor_captures():
    options = server._arguments(Path("suites"))
    assert {"--assert=plain", "--capture=no"} <= set(options)
    assert options[-2:] == ["suites/public", "suites/hidden"]
    assert options[options.index("-c") + 1] == str(ROOT / "pyproject.toml")
    assert f"--rootdir={ROOT}" in options
