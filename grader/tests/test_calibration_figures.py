"""What the calibration counts, prints and draws."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from grader.calibrate import command as calibrate
from grader.calibrate import plot
from grader.calibrate.comparison import Calibration, Statistic, _statistic, chance_of_share, compare
from grader.calibrate.decisions import Chunk


@pytest.mark.parametrize(
    ("share", "n", "q", "chance"),
    [(0.5, 100, 0.5, 1.0), (0.4, 100, 0.5, 1.0), (1.0, 10, 0.5, 0.5**10), (0.75, 4, 0.5, 16 / 27),
     (0.2, 5, 0.1, (9 / 8) ** 4 / 2)],
)  # fmt: skip
def test_the_bound_on_a_share_is_the_one_of_the_literature(share: float, n: int, q: float, chance: float):
    """Chernoff's bound is (q/s)^(ns) ((1-q)/(1-s))^(n(1-s))."""
    assert chance_of_share(share, n, q) == pytest.approx(chance)


def test_the_figures_of_a_test_are_counted_with_their_ends():
    assert _statistic(np.empty(0)) == Statistic(0, [], 0.0, 1.0)
    p = np.array([1e-5, 0.1, 0.15, 0.9, 1.0])
    assert _statistic(p) == Statistic(5, [0.4, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.8, 1.0], 0.2, 1e-5)


def test_a_calibration_counts_decisions_repetitions_and_failures():
    chunks = [
        Chunk([0, 1], [3, 5], {"a: x": [0.5, 0.9]}, {"a: x": [0.3]}, ["said"]),
        Chunk([2, 3], [4, 9], {"a: x": [0.7], "b: y": []}, {"a: x": [0.2, 0.1]}, []),
    ]
    found = compare(chunks)
    assert (found.seeds, found.failures, found.retries, found.pooled.n) == (4, 1, 3, 3)
    assert found.bound == pytest.approx(found.decisions * 1e-8)
    assert found.violations == ["b: y: nothing was observed", "said"]
    assert compare([Chunk([0], [100], {"a: x": [0.5]}, {}, [])]).violations == [
        "the false-failure rate of a submission is bounded by 1e-06, not below 1e-06"
    ]
    few = compare([Chunk(list(range(99)), [1] * 99, {"a: x": [0.001] * 99}, {}, [])])
    assert few.violations[0].startswith("a: x: 100.0000% of 99 p-values are at most 0.1")


def test_a_calibration_says_this():
    one = Statistic(4, [0.1, 0.2, 0.3125, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0], 0.0, 0.25)
    other = Statistic(4, [0.0] * 9 + [1.0], 0.0, 0.125)
    pooled = Statistic(8, [], 0.0125, 0.1)
    console = Console(file=io.StringIO(), width=200)
    calibrate._show(console, Calibration(7, 71.5, 7.15e-7, 2, 3, pooled, {"a": one, "b": other}, []))
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == (
        "2 failures of correct submissions under 7 seeds\n"
        "2 tests, each at or above uniform: yes; largest P(p <= 0.3) - 0.3 = +0.0125 (a)\n"
        "smallest p 0.12 (b); 1.250% of the p-values in the retry zone, 3 decisions repeated\n"
        "false-failure rate of a submission: at most 71.50 decisions x 1e-8 = 7.2e-07\n"
    )
    many = Calibration(7, 71.5, 7.15e-7, 0, 3, pooled, {"a": one}, [f"violation {k}" for k in range(30)])
    console = Console(file=io.StringIO(), width=200)
    calibrate._show(console, many)
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert lines[:20] == [f"violation {k}" for k in range(20)]
    assert lines[20] == "0 failures of correct submissions under 7 seeds"
    assert "uniform: no;" in lines[21]


def test_the_plots_have_a_panel_for_each_test(tmp_path: Path):
    p = {f"check_{k}: a_test": np.array([0.25, 0.75]) for k in range(9)}
    statistic = Statistic(2, [], 0.0, 0.1)
    found = Calibration(7, 1.0, 1.5e-7, 0, 0, statistic, {}, ["check_3: a_test: 90% of 2", "check_33: a_test: x"])
    plot.draw(p, found, tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text()
    assert all(text.count(f">check {k}<") == 1 for k in range(9))
    assert text.count(">a test<") == 9
    assert text.count(plot.EXCESS) == 1
    assert text.count(plot.RIGHT) == 8
    assert "P(p &lt;= x) of every random test, 7 seeds of correct submissions; bound for a submission 1.5e-07" in text
    assert text.count('id="axes_') == 9


@pytest.mark.parametrize(("n", "shown"), [(32, "x" * 32), (33, "x" * 30 + "..")])
def test_a_long_name_is_cut_in_a_plot(n: int, shown: str):
    assert plot._short("x" * n) == shown
    assert plot._short("a_b") == "a b"
