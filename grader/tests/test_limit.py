"""The limit of a check in a student's own run interrupts their code, and nothing else."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.local import limit, places
from tests.local.limit import Limit
from tests.support.transports import InProcess, OutOfTime


class Check:
    """As much of an item as the limit asks for; `debugging` is what pytest-timeout says."""

    name = "test_something"
    function = SimpleNamespace(__number__="5.3")

    def __init__(self, debugging: bool = False) -> None:
        plugin = SimpleNamespace(is_debugging=lambda: debugging)
        self.config = SimpleNamespace(pluginmanager=SimpleNamespace(get_plugin=lambda name: plugin))


def loop(seconds: float = 5.0) -> None:
    """Run for so long, as code of a student would."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


def deaf(said: list[str]) -> None:
    """Catch whatever comes, until the run would have been ended."""
    while not said:
        try:
            loop(0.1)
        except BaseException:
            continue


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A limit for the code in this file; `said` is what it ended the run with."""
    said: list[str] = []
    made = Limit(Path(__file__).parent, said.append)
    monkeypatch.setattr(limit, "GRACE", 0.2)
    yield SimpleNamespace(limit=made, said=said)
    made.pytest_timeout_cancel_timer(Check())


def start(clock: Any, seconds: float, check: Check | None = None) -> None:
    assert clock.limit.pytest_timeout_set_timer(check or Check(), SimpleNamespace(timeout=seconds))


def test_a_loop_is_interrupted_where_it_is(clock: Any):
    start(clock, 0.1)
    with pytest.raises(OutOfTime) as caught, clock.limit.around():
        loop()
    assert places.last_place(caught.value, Path(__file__).parent).startswith("test_limit.py, line ")
    with pytest.raises(OutOfTime), clock.limit.around():
        pytest.fail("the time of this check is over")


def test_what_is_not_the_student_s_is_not_interrupted(clock: Any):
    start(clock, 0.05)
    time.sleep(0.4)
    assert clock.said == []


def test_code_that_cannot_be_interrupted_ends_the_run_with_its_line(clock: Any):
    start(clock, 0.1)
    with clock.limit.around():
        deaf(clock.said)
    (said,) = clock.said
    assert said.startswith(
        "test_something did not finish within 0.1 s, and your code cannot be interrupted. It is at test"
    )


def test_a_debugger_stops_the_clock(clock: Any):
    start(clock, 0.05, Check(debugging=True))
    with clock.limit.around():
        loop(0.5)
    assert clock.said == []


def test_a_new_check_has_its_own_time(clock: Any):
    start(clock, 0.05)
    time.sleep(0.2)
    clock.limit.pytest_timeout_cancel_timer(Check())
    start(clock, 60)
    with clock.limit.around():
        loop(0.01)


def test_tests_that_are_no_checks_are_left_to_pytest_timeout(clock: Any):
    other = Check()
    other.function = SimpleNamespace()
    assert clock.limit.pytest_timeout_set_timer(other, SimpleNamespace(timeout=1)) is None
    assert clock.limit.pytest_timeout_cancel_timer(other) is None


def test_what_did_not_end_is_not_tried_again(tmp_path: Path):
    tried: list[str] = []

    def perform(folder: Path, module: str, operation: str, *_: Any) -> tuple[dict[str, Any], BaseException | None]:
        tried.append(operation)
        return {"failure": {"kind": "raised"}}, OutOfTime() if operation == "endless" else ValueError()

    transport = InProcess(tmp_path, perform)
    kinds = [transport.observe("hw5_gan", operation, {}).kind for operation in ("endless", "endless", "other", "other")]
    assert kinds == ["timed_out", "timed_out", "raised", "raised"]
    assert tried == ["endless", "other", "other"]


def test_the_place_of_a_thread_is_the_last_line_of_the_student_s(tmp_path: Path):
    (tmp_path / "mine.py").write_text("def call(f):\n    return f()\n", encoding="utf-8")
    module = ModuleType("mine")
    exec(compile((tmp_path / "mine.py").read_text("utf-8"), str(tmp_path / "mine.py"), "exec"), module.__dict__)
    here = threading.get_ident()
    assert module.call(lambda: places.place_of_thread(here, tmp_path)) == "mine.py, line 2"
    assert places.place_of_thread(here, tmp_path) == ""


@pytest.mark.parametrize(("limited", "asked", "marked"), [(True, None, 1), (True, 5.0, 0), (False, None, 0)])
def test_a_check_has_the_usual_limit_unless_another_is_asked_for(limited: bool, asked: float | None, marked: int):
    given: list[pytest.MarkDecorator] = []
    check = Check()
    check.add_marker = given.append
    other = SimpleNamespace(function=None, add_marker=given.append)
    manager = SimpleNamespace(has_plugin=lambda name: name == limit.PLUGIN)
    config = SimpleNamespace(pluginmanager=manager, getoption=lambda name: asked, getini=lambda name: None)
    Limit(Path(), print, limited).pytest_collection_modifyitems(config, [check, other])
    assert [mark.args for mark in given] == [(limit.LIMIT,)] * marked
