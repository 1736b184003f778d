"""The collector, tested by running pytest in pytest: every way in which a check can end becomes one outcome."""

import pytest

from grader.judge.collector import Collector
from grader.messages import Outcome
from grader.report import results

pytest_plugins = ["pytester"]

SUITE = """
import pytest
from tests.support.verdicts import Crashed, Finding, NotImplementedYet, OutOfMemory, TimedOut, Wrong

def test_that_passes(): pass
def test_that_is_wrong(): raise Wrong(Finding("seen", "expected"), credit=0.5)
def test_that_is_a_stub(): raise NotImplementedYet("Not implemented yet: 5.2")
def test_that_is_slow(): raise TimedOut("slow")
def test_that_is_large(): raise OutOfMemory("large")
def test_that_died(): raise Crashed("died")
def test_of_a_broken_grader(): return 1 / 0
def test_that_skips(): pytest.skip("no")
def test_that_exits(): raise SystemExit(0)
def test_whose_fixture_fails(broken): pass

@pytest.fixture
def broken(): raise OSError("fixture")
"""


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.outcomes: dict[str, Outcome] = {}
        self.staff: dict[str, str] = {}

    def begin(self, check: str) -> None:
        self.begun.append(check)

    def outcome(self, check: str, outcome: Outcome, staff: str) -> None:
        assert check not in self.outcomes, "told twice"
        self.outcomes[check] = outcome
        self.staff[check] = staff


@pytest.fixture
def heard(pytester: pytest.Pytester) -> Heard:
    pytester.makepyfile(SUITE)
    listener = Heard()
    rest = [f"that_{end}" for end in ("is_wrong", "is_a_stub", "is_slow", "is_large", "skips", "exits")]
    order = ["that_died", "that_passes", *rest, "of_a_broken_grader", "whose_fixture_fails"]
    pytester.inline_run("-p", "no:cacheprovider", plugins=[Collector(listener, order)])
    return listener


@pytest.mark.parametrize(
    ("check", "status", "credit"),
    [
        ("that_passes", "passed", 1.0),
        ("that_is_wrong", "failed", 0.5),
        ("that_is_a_stub", "not implemented", 0.0),
        ("that_is_slow", "timed out", 0.0),
        ("that_is_large", "out of memory", 0.0),
        ("that_died", "crashed", 0.0),
        ("of_a_broken_grader", "grader error", 0.0),
        ("that_skips", "grader error", 0.0),
        ("that_exits", "grader error", 0.0),
        ("whose_fixture_fails", "grader error", 0.0),
    ],
)
def test_each_end_of_a_check_has_its_status(heard: Heard, check: str, status: str, credit: float):
    assert (heard.outcomes[check].status, heard.outcomes[check].credit) == (status, credit)


def test_the_order_is_the_rubrics(heard: Heard):
    assert heard.begun[:2] == ["that_died", "that_passes"]


def test_a_grader_error_is_told_to_the_staff_and_not_to_the_student(heard: Heard):
    assert "ZeroDivisionError" in heard.staff["of_a_broken_grader"]
    assert "ZeroDivisionError" not in heard.outcomes["of_a_broken_grader"].output
    assert heard.outcomes["of_a_broken_grader"].output == results.CONTACT


def test_a_wrong_check_reads_seen_then_expected(heard: Heard):
    assert heard.outcomes["that_is_wrong"].output == "Yours:          seen\nExpected:       expected"
