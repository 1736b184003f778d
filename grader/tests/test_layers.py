"""What the verbs `layers` and `neighbours` write, in full, and where their limits lie."""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from grader.audit import layers, neighbours, run
from grader.audit.cases import ATTACKS, Case
from grader.audit.neighbours import GROWTH, Class, Measured
from grader.messages import Outcome
from grader.tests.test_audit_figures import case, result

MB = 2**20


def test_the_table_of_layers_is_this():
    columns = {"all layers": {"a": "yes", "b": "NOT defeated: x | y\nz"}, "no seccomp": {"a": "needs no network"}}
    assert layers.table([case(ATTACKS, "a"), case(ATTACKS, "b")], columns) == (
        "| attack | all layers | no seccomp |\n"
        "| --- | --- | --- |\n"
        "| a | yes | needs no network |\n"
        "| b | NOT defeated: x / y z |  |\n"
        "\n"
        "1 of 3 defeated, 1 need a layer that is absent there, which the terminal tells.\n"
    )


class Columns:
    """Takes the place of the processes that grade: each column's words are known."""

    def __init__(self, words: dict[str, str]) -> None:
        self.words, self.asked = words, list[tuple[str, list[str], int]]()

    def Queue(self) -> Columns:
        return self

    def Process(self, target: Callable[..., None], args: tuple[Any, ...]) -> Columns:
        assert (target, args[3]) == (layers._column, self)
        self.asked.append(args[:3])
        return self

    def start(self) -> None: ...

    def join(self) -> None: ...

    def get(self) -> dict[str, str]:
        return dict.fromkeys(self.asked[-1][1], self.words[self.asked[-1][0]])


@pytest.mark.parametrize(("word", "code"), [("yes", 0), ("needs Landlock", 0), ("NOT run", 1)])
def test_attacks_that_no_layer_defeats_are_tried_with_all_of_them_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str, code: int
):
    columns = Columns({"no seccomp": "yes", "not root": word})
    monkeypatch.setattr(multiprocessing, "get_context", lambda kind: columns)
    names = ["01_a", "07_b", "09_c", "18_d", "20_other"]
    monkeypatch.setattr(layers.known, "attacks", lambda: [case(ATTACKS, name) for name in names])
    out = tmp_path / "new" / "table.md"
    options = argparse.Namespace(only=["_a", "_b", "_c", "_d"], columns=list(columns.words), out=out)
    assert layers.run(options) == code
    assert columns.asked == [("no seccomp", names[:4], 700), ("not root", ["01_a", "09_c"], 701)]
    assert out.read_text().splitlines()[2] == f"| 01_a | yes | {word} |"


def test_each_column_takes_away_what_its_name_says():
    for name, (as_root, without) in layers.WITHOUT.items():
        assert as_root == ("not root" not in name)
        assert {one.casefold() for one in without} == {
            one for one in ("seccomp", "landlock", "namespaces") if f"no {one}" in name.casefold()
        }


def test_the_report_on_neighbours_is_this():
    graded = Class([10.0, 2.4], [3.0, 7.7], first=Measured(MB, 2 * MB, 3 * MB, 8), last=Measured(4 * MB, 0, 0, 9))
    head = (
        "- 2 right submissions in 12 s, 2 attacks in 11 s, the longest 8 s\n"
        "- after the first submission: 1 / 2 / 3 MB of memory (runner / bench server / judge server), 8 descriptors\n"
        "- after the last: 4 / 0 / 0 MB of memory (runner / bench server / judge server), 9 descriptors\n"
    )
    assert graded.report() == (
        f"{head}- every right submission has full marks, every attack what is known of it\n- nothing is left\n"
    )
    graded.complaints = ["one", "two"]
    assert graded.report() == f"{head}- NOT as it must be: one\n- NOT as it must be: two\n"
    assert "the longest 0 s" in Class().report()


@pytest.mark.parametrize(
    ("last", "complaints"),
    [
        ((GROWTH, GROWTH, GROWTH, 8), []),
        ((GROWTH + 1, 0, 0, 8), ["runner has grown by 96 MB"]),
        ((0, 2 * GROWTH, 0, 8), ["bench has grown by 192 MB"]),
        ((0, 0, 2 * GROWTH, 7), ["judges has grown by 192 MB"]),
        ((0, 0, 0, 10), ["2 descriptors stay open"]),
    ],
)
def test_what_may_grow_over_a_class(last: tuple[int, int, int, int], complaints: list[str]):
    graded = Class(first=Measured(0, 0, 0, 8), last=Measured(*last))
    neighbours._compare_sizes(graded)
    assert graded.complaints == complaints


def test_neighbours_are_as_many_as_were_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked: list[list[str]] = []
    graded = Class(attacks=[1.0])

    def grade(attacks: list[Case], out: Path) -> Class:
        asked.append([one.name for one in attacks])
        return graded

    monkeypatch.setattr(neighbours, "grade", grade)
    monkeypatch.setattr(neighbours.known, "attacks", lambda: [case(ATTACKS, name) for name in ("a1", "a2", "a3", "b")])
    options = argparse.Namespace(only="a", size=0, out=tmp_path / "new" / "report.md")
    assert [neighbours.run(options), neighbours.run(argparse.Namespace(**vars(options) | {"size": 5}))] == [0, 0]
    assert asked == [["a1", "a2", "a3"], ["a1", "a2"]]
    assert (tmp_path / "new").is_dir()
    graded.complaints = ["x"]
    assert neighbours.run(options) == 1
    graded.complaints, graded.attacks = [], []
    assert neighbours.run(options) == 1


class GradesAll:
    """A runner for whom the right submission has these points, and an attack these facts."""

    def __init__(self, score: float, staff: list[str], facts: dict[str, Any]) -> None:
        self.score, self.possible, self.staff, self.facts = score, 3.5, staff, facts
        self.rows, self.outcomes, self.paths = [], dict[str, Outcome](), list[Path]()

    def grade(self, path: Path, out: Path) -> GradesAll:
        assert path.is_dir()
        self.paths.append(path)
        return self


@pytest.mark.parametrize(
    ("score", "staff", "left", "complaints"),
    [
        (3.5, [], [], []),
        (3.25, [], [], ["the right submission first has 3.25 of 3.5 points"]),
        (3.5, ["x"], [], ["the right submission first has 3.5 of 3.5 points"]),
        (3.5, [], ["a file", "a process"], [
            "the right submission first has left a file", "the right submission first has left a process"
        ]),
    ],
)  # fmt: skip
def test_a_right_submission_keeps_everything_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, score: float, staff: list[str], left: list[str], complaints: list[str]
):
    monkeypatch.setattr(neighbours, "leftovers", lambda runner: left)
    graded, runner = Class(complaints=["before"]), GradesAll(score, staff, {})
    neighbours._right(runner, graded, "first")  # type: ignore[arg-type]
    assert graded.complaints == ["before", *complaints]
    assert (len(graded.right), graded.attacks, runner.paths) == (1, [], [neighbours.REFERENCE])


@pytest.mark.parametrize(
    ("needs", "printed", "complaints"),
    [
        ("", "", ["bad: differs"]),
        ("", "a LEAK", ["bad: differs", "bad: it read or did what it must not"]),
        ("a net", "a LEAK", []),
        ("a wall", "a LEAK", ["bad: differs", "bad: it read or did what it must not"]),
    ],
)
def test_an_attack_is_as_is_known_of_it_where_what_it_needs_is_there(
    monkeypatch: pytest.MonkeyPatch, needs: str, printed: str, complaints: list[str]
):
    monkeypatch.setattr(neighbours, "leftovers", lambda runner: ["a file"])
    monkeypatch.setattr(neighbours, "compare", lambda case, results: result(case, "differs"))
    graded, runner = Class(complaints=["before"]), GradesAll(0, [], {"in_force": ["a wall (1)"], "printed": printed})
    neighbours._attack(runner, graded, case(ATTACKS, "bad", needs=needs))  # type: ignore[arg-type]
    assert graded.complaints == ["before", *complaints, "bad has left a file"]
    assert len(graded.attacks) == 1


@pytest.mark.parametrize(
    ("complaints", "needs", "printed", "left", "word"),
    [
        ([], "", "", [], "yes"),
        (["differs"], "", "", [], "NOT defeated: differs"),
        (["differs"], "a net", "", [], "needs a net"),
        (["differs"], "a wall", "", [], "NOT defeated: differs"),
        ([], "", "a LEAK", [], "NOT defeated: it read or did what it must not"),
        ([], "", "", ["a file"], "NOT defeated: left: a file"),
        (["x" * 300], "", "", [], "NOT defeated: " + "x" * 200),
    ],
)
def test_the_word_for_an_attack_says_what_became_of_it(
    monkeypatch: pytest.MonkeyPatch, complaints: list[str], needs: str, printed: str, left: list[str], word: str
):
    monkeypatch.setattr(layers, "leftovers", lambda runner: left)
    monkeypatch.setattr(layers, "compare", lambda case, results: result(case, *complaints))
    runner = GradesAll(0, [], {"in_force": ["a wall (1)"], "printed": printed})
    assert layers._word(runner, case(ATTACKS, "bad", needs=needs)) == word  # type: ignore[arg-type]


def test_the_right_submission_is_graded_before_and_after_each_attack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    did: list[str] = []
    sizes = iter([Measured(0, 0, 0, 8), Measured(0, 0, 0, 8), Measured(0, 0, 2 * GROWTH, 8)])

    class Runner:
        def __init__(self, **settings: Any) -> None:
            assert settings == {"clocks": run.CLOCKS, "slot": 720}

        def __enter__(self) -> Runner:
            return self

        def __exit__(self, *_: object) -> None:
            did.append("closed")

    def right(runner: Runner, graded: Class, which: str) -> None:
        did.append(which)
        graded.right.append(1.0)

    def attack(runner: Runner, graded: Class, one: Case) -> None:
        did.append(one.name)
        graded.attacks.append(1.0)

    monkeypatch.setattr(neighbours, "Runner", Runner)
    monkeypatch.setattr(neighbours, "_right", right)
    monkeypatch.setattr(neighbours, "_attack", attack)
    monkeypatch.setattr(neighbours.Measured, "of", lambda runner: next(sizes))
    graded = neighbours.grade([case(ATTACKS, "a"), case(ATTACKS, "b")], tmp_path / "report.md")
    assert did == ["the first", "a", "after a", "b", "after b", "closed"]
    assert graded.complaints == ["judges has grown by 192 MB"]
    assert (tmp_path / "report.md").read_text() == graded.report()


def test_what_the_trusted_processes_hold_is_measured_of_each(monkeypatch: pytest.MonkeyPatch):
    own = neighbours.os.getpid()
    monkeypatch.setattr(neighbours.processes, "own_memory", {own: 1, 20: 2, 30: 3}.__getitem__)
    runner = SimpleNamespace(server=SimpleNamespace(process=SimpleNamespace(pid=20)), judges=SimpleNamespace(pid=30))
    held = Measured.of(runner)  # type: ignore[arg-type]
    assert (held.runner, held.bench, held.judges) == (1, 2, 3)
    assert held.descriptors >= 3
