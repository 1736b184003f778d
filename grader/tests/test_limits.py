"""The limits of a student's code and the platform's containers, written down twice: a slip would be unfair."""

from __future__ import annotations

from grader.run import intake, memory, processes
from grader.run.clocks import BenchError, Clocks, StudentFailure

PLATFORM = 600
"""Seconds after which Gradescope ends a grading."""


def test_the_clocks_are_those_that_right_and_slow_work_was_measured_with():
    assert Clocks() == Clocks(
        start=120.0, importing=20.0, request=12.0, total=540.0, memory=2 * 1024**3, disk=1024**3
    )  # fmt: skip


def test_what_follows_the_total_clock_fits_before_the_platform_s_own():
    sweeps = 3  # one for each user of the bench, one for the judge
    assert Clocks().total + sweeps * processes.PATIENCE < PLATFORM


def test_a_failure_keeps_its_kind_and_its_words():
    failure = StudentFailure("timed_out", "It took too long.")
    assert (failure.kind, failure.message, str(failure)) == ("timed_out", "It took too long.", "It took too long.")
    assert not isinstance(failure, BenchError)


def test_the_containers_are_those_that_gradescope_offers():
    assert memory.SIZES == ((0.5, 0.75), (1, 1.5), (2, 3), (4, 6))


def test_a_container_that_is_too_small_is_told_with_both_sizes():
    assert memory.room(512 * 2**20, "2.14.1+cpu").advice == (
        "This container has 512 MB of memory; grading needs 728 MB. "
        "Choose the container with 0.5 CPU and 0.75 GB in the autograder's settings, and regrade."
    )
    assert memory.room(512 * 2**20, "2.14.1").advice == (
        "This container has 512 MB of memory; grading needs 1028 MB. "
        "Choose the container with 1 CPU and 1.5 GB in the autograder's settings, and regrade."
    )


def test_students_have_what_grading_leaves_from_the_least_that_is_enough_on():
    needed = (900 + 128) * 2**20
    assert memory.room(needed, "2.14.1") == memory.Room(needed, 128 * 2**20, needed)
    assert memory.room(needed - 1, "2.14.1") == memory.Room(needed - 1, 0, needed)
    large = 64 * 2**30
    assert memory.room(large, "2.14.1").for_students == 2 * 2**30


def test_what_may_be_handed_in_is_bounded():
    assert (intake.MOST_ENTRIES, intake.DEEPEST) == (10_000, 16)
    assert intake.LARGEST_SOURCE == 2**20
