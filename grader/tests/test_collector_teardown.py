"""A check has one outcome, that of its call: what its fixtures do afterwards changes none and adds none."""

from __future__ import annotations

import pytest

from grader.judge.collector import Collector
from grader.messages import Outcome

pytest_plugins = ["pytester"]

SUITE = """
import pytest
from tests.support.verdicts import NotImplementedYet, TimedOut

@pytest.fixture
def broken_afterwards():
    yield
    raise OSError("teardown")

def test_that_passes(broken_afterwards): pass
def test_that_is_slow(broken_afterwards): raise TimedOut("slow")
@pytest.mark.parametrize("case", [1, 2])
def test_of_two_cases(case, broken_afterwards): raise NotImplementedYet(f"case {case}")
def test_that_comes_last(): pass
"""


class Log:
    """A listener that keeps everything that it is told, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Outcome, str]] = []

    def begin(self, check: str) -> None:
        """Nothing to keep."""

    def outcome(self, check: str, outcome: Outcome, staff: str) -> None:
        self.told.append((check, outcome, staff))


@pytest.fixture
def told(pytester: pytest.Pytester) -> list[tuple[str, Outcome, str]]:
    pytester.makepyfile(SUITE)
    log = Log()
    order = ["that_passes", "that_is_slow", "of_two_cases", "that_comes_last"]
    pytester.inline_run("-p", "no:cacheprovider", plugins=[Collector(log, order)])
    return log.told


def test_a_teardown_that_fails_is_told_neither_instead_of_the_outcome_nor_after_it(told: list):
    assert [(check, str(outcome.status), outcome.credit) for check, outcome, _ in told] == [
        ("that_passes", "passed", 1.0),
        ("that_is_slow", "timed out", 0.0),
        ("of_two_cases", "not implemented", 0.0),
        ("that_comes_last", "passed", 1.0),
    ]
    assert [staff for _, _, staff in told] == [""] * 4


def test_of_a_check_of_several_cases_the_first_that_ends_is_told(told: list):
    assert told[2][1].output == "case 1"
