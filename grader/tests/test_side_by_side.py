"""The handout's table beside what was executed: row by row, and always shown to a student whose network differs."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from grader.audit.cases import mutants
from grader.project import REFERENCE
from tests.public import test_gan_networks
from tests.support.homework.handout import TableRow
from tests.support.judging.tables import read
from tests.support.observed.networks import Operation
from tests.support.probes import vocabulary
from tests.support.submission import Submission
from tests.support.transports import InProcess
from tests.support.verdicts import Wrong

NOTHING = np.zeros(0)


def step(operation: str, out: int = 0, kernel: int = 0) -> Operation:
    """An executed operation whose values nobody looks at."""
    size = [kernel, kernel] if kernel else []
    ones, zeros = [1] * len(size), [0] * len(size)
    return Operation(operation, [], size, ones, zeros, ones, 1, 1, out, True, NOTHING, NOTHING, NOTHING)


ROWS = (
    TableRow("linear", 4),
    TableRow("relu", 4),
    TableRow("max_pool2d", 4, kernel=2, stride=1, padding=0),
    TableRow("linear", 1),
)
"""A table of four rows."""
STEPS = [step("linear", out=4), step("relu"), step("max_pool2d", kernel=2), step("linear", out=1)]
HEAD = " row  Table 9                                    executed"
POOL = "max_pool2d(kernel 2, stride 1, padding 0)"


def line(number: str, wanted: str, executed: str) -> str:
    return f"{number:>4}  {wanted:<{len(POOL)}}  {executed}"


SAME = [
    HEAD,
    line("1", "linear(output channels 4)", "the same"),
    line("2", "relu", "the same"),
    line("3", POOL, "the same"),
    line("4", "linear(output channels 1)", "the same"),
]


def shown(steps: list[Operation]) -> list[str]:
    return read(steps, ROWS, NOTHING, NOTHING, "Table 9").side_by_side.split("\n")


def test_what_is_the_same_is_called_so():
    assert shown(STEPS) == SAME


def test_another_setting_is_shown_in_its_row():
    other = [*STEPS[:3], step("linear", out=2)]
    assert shown(other) == [*SAME[:4], line("4", "linear(output channels 1)", "linear(output channels 2)")]


def test_another_operation_is_shown_in_its_row():
    other = [STEPS[0], step("tanh"), *STEPS[2:]]
    assert shown(other) == [*SAME[:2], line("2", "relu", "tanh"), *SAME[3:]]


def test_a_row_that_is_not_executed_has_a_dash_beside_it():
    assert shown([STEPS[0], *STEPS[2:]]) == [*SAME[:2], line("2", "relu", "-"), *SAME[3:]]


def test_what_the_table_does_not_have_stands_beside_a_dash_without_a_number():
    added = [*STEPS, step("sigmoid")]
    assert shown(added) == [*SAME, line("", "-", "sigmoid")]


def test_a_title_wider_than_the_rows_makes_the_column_wide():
    lines = read(STEPS, ROWS, NOTHING, NOTHING, "T" * 60).side_by_side.split("\n")
    assert lines[0] == f" row  {'T' * 60}  executed"
    assert {len(one.removesuffix("the same")) for one in lines[1:]} == {len(lines[0]) - len("executed")}


@pytest.mark.parametrize(
    ("mutant", "check", "row"),
    [
        ("gan_d_row5_leaky", "dnet_executes_table_1", "   5  relu"),
        ("gan_d_row8_relu_missing", "dnet_executes_table_1", "   8  relu"),
        ("gan_g_row2_relu", "gnet_executes_table_2", "   2  leaky_relu(slope 0.2)"),
    ],
)
def test_a_student_whose_network_differs_reads_the_table(tmp_path: Path, mutant: str, check: str, row: str):
    case = next(one for one in mutants() if one.name == mutant)
    case.build(tmp_path)
    shutil.copy(REFERENCE / "hw5_utils.py", tmp_path)
    with pytest.raises(Wrong) as wrong:
        getattr(test_gan_networks, f"test_{check}")(submission=Submission(InProcess(tmp_path, vocabulary.perform)))
    table = str(wrong.value)[str(wrong.value).index(" row  Table") :]
    assert row in table
    assert table.count("the same") >= 8
