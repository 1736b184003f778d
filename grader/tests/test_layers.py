"""What the tables of layers and of neighbours say."""

from __future__ import annotations

from grader.audit.cases import ATTACKS, Case
from grader.audit.layers import DEFEATED, table
from grader.audit.neighbours import Class, Measured, _compare_sizes


def attack(name: str) -> Case:
    return Case(ATTACKS, name, lambda folder: None)


def test_the_table_has_a_row_for_each_attack_and_counts_what_was_tried():
    columns = {"all layers": {"a": DEFEATED, "b": "NOT defeated: a | b\nc"}, "no seccomp": {"a": "needs no network"}}
    written = table([attack("a"), attack("b")], columns)
    assert "| a | yes | needs no network |" in written
    assert "| b | NOT defeated: a / b c |  |" in written
    assert "1 of 3 defeated, 1 need a layer" in written


def test_a_class_that_leaves_memory_or_descriptors_is_not_as_it_must_be():
    graded = Class(right=[1.0], attacks=[2.0], first=Measured(0, 0, 0, 8), last=Measured(2**20, 0, 0, 8))
    _compare_sizes(graded)
    assert graded.complaints == []
    assert "nothing is left" in graded.report()
    graded.last = Measured(2**20, 2**30, 0, 9)
    _compare_sizes(graded)
    assert graded.complaints == ["bench has grown by 1024 MB", "1 descriptors stay open"]
    assert "NOT as it must be" in graded.report()
