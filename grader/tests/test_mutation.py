"""Random changes of the trusted code: which are made, and which tests are asked about them."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from grader.audit.automatic import listed
from grader.audit.mutation import changes, covering, trial
from grader.audit.mutation.changes import Change
from grader.audit.mutation.command import EQUIVALENT, FLOORS, Tried
from grader.audit.mutation.covering import ENOUGH, PATIENCE, THROUGH_THE_RUNNER, Covering
from grader.project import ROOT


@pytest.fixture(scope="module")
def sample() -> list[Change]:
    """Some changes of three files."""
    names = ("grader/run/clocks", "tests/support/verdicts", "tests/hidden/oracles")
    return [
        one for group, only in zip(changes.GROUPS, names, strict=True) for one in changes.sample(group, 40, 0, only)
    ]


def test_the_trusted_code_is_the_grader_and_the_suites_without_what_runs_beside_a_student_s():
    files = {group: changes.trusted(group) for group in changes.GROUPS}
    everything = [path for paths in files.values() for path in paths]
    assert Counter(everything).most_common(1)[0][1] == 1
    assert {"grader/run/runner.py", "grader/judge/collector.py", "grader/wire.py"} <= set(files["grader"])
    assert {"tests/support/laws.py", "tests/support/judging/tables.py"} <= set(files["tests/support"])
    assert {"tests/public/test_langevin.py", "tests/hidden/oracles.py"} <= set(files["checks"])
    assert [path for path in everything if re.search(r"/bench/|/probes/|^grader/tests/|reproduce", path)] == []
    assert set(FLOORS) == set(changes.GROUPS)


def test_the_same_seed_gives_the_same_sample_and_another_one_another(sample: list[Change]):
    again = changes.sample("tests/support", 40, 0, "tests/support/verdicts")
    assert again == [one for one in sample if one.group == "tests/support"]
    assert changes.sample("tests/support", 40, 1, "tests/support/verdicts") != again


def test_each_change_is_another_program_and_says_where_it_is(sample: list[Change]):
    assert len({(one.path, one.after) for one in sample}) == len(sample) > 60
    for one in sample:
        before = (ROOT / one.path).read_text(encoding="utf-8")
        assert ast.dump(ast.parse(one.after)) != ast.dump(ast.parse(before))
        changed = [
            i for i, (a, b) in enumerate(zip(before.splitlines(), one.after.splitlines(), strict=False), 1) if a != b
        ]
        assert changed[0] in one.lines
        assert one.name.startswith(f"@@ {one.path}")
        inside = re.search(r"^@@ \S+ (?:\w+\.)*[a-z_]\w*$", one.name, re.MULTILINE)  # functions are in lower case
        assert one.when_called == bool(inside)


def test_words_are_left_alone(sample: list[Change]):
    def words(text: str) -> Counter[str]:
        constants = (one.value for one in ast.walk(ast.parse(text)) if isinstance(one, ast.Constant))
        return Counter(one for one in constants if isinstance(one, str) and " " in one)

    for one in sample:
        assert words(one.after) <= words((ROOT / one.path).read_text(encoding="utf-8")), one.name


CHANGE = Change("grader", "a.py", range(4, 6), "", "@@ a.py")


def known(**tests: tuple[float, dict[str, set[int]]]) -> Covering:
    lines = {name: {path: frozenset(of) for path, of in files.items()} for name, (_, files) in tests.items()}
    imported = {name: frozenset(files) for name, (_, files) in tests.items()}
    return Covering({name: seconds for name, (seconds, _) in tests.items()}, lines, imported)


def test_the_tests_that_run_the_lines_are_asked_the_quickest_first():
    covering = known(
        slow=(3.0, {"a.py": {5, 9}}),
        quick=(1.0, {"a.py": {4}}),
        beside=(0.1, {"a.py": {3, 6}}),
        other=(0.1, {"b.py": {4}}),
    )
    assert covering.tests_of(CHANGE) == [["quick", "slow"]]


def test_about_what_runs_when_its_module_is_imported_all_tests_of_the_file_are_asked():
    change = Change("grader", "a.py", range(4, 5), "", "@@ a.py", when_called=False)
    covering = known(first=(2.0, {"a.py": {4}}), beside=(1.0, {"a.py": {9}}), other=(0.1, {"b.py": {4}}))
    assert covering.tests_of(change) == [["beside", "first"]]


def test_about_an_import_every_file_has_its_turn_though_only_one_test_was_seen_to_import():
    change = Change("grader", "a.py", range(4, 5), "", "@@ a.py", when_called=False)
    seconds = {"one::a": 0.2, "one::b": 0.3, "two::a": 0.4, "two::b": 0.5, "one::c": 0.03, "three::a": 0.01}
    lines = {name: {"b.py": frozenset({1})} for name in seconds}
    imported = {"one": frozenset({"a.py"}), "two": frozenset({"a.py", "b.py"}), "three": frozenset({"b.py"})}
    assert Covering(seconds, lines, imported).tests_of(change) == [["one::c", "one::a", "two::a", "one::b", "two::b"]]


def test_without_one_the_tests_of_the_file_are_asked_and_then_the_grading_as_a_whole():
    assert known(beside=(0.1, {"a.py": {3}}), other=(0.1, {"b.py": {4}})).tests_of(CHANGE) == [["beside"]]
    assert known(other=(0.1, {"b.py": {4}})).tests_of(CHANGE) == [list(THROUGH_THE_RUNNER)]


def test_what_survives_the_quickest_is_tried_with_the_others_as_far_as_patience_goes():
    part = ENOUGH * 0.4
    seconds = [part, part + 1, part + 2, PATIENCE - ENOUGH, PATIENCE + ENOUGH]
    many = known(**{f"test{i}": (one, {"a.py": {4}}) for i, one in enumerate(seconds)})
    assert many.tests_of(CHANGE) == [["test0", "test1"], ["test2", "test3"]]
    assert known(long=(10 * ENOUGH, {"a.py": {4}})).tests_of(CHANGE) == [["long"]]


def test_every_test_file_is_asked_or_named_as_slow():
    names = {path.removesuffix(".py").rpartition("/")[2] for path in covering.test_files()}
    here = {path.stem for path in (ROOT / "grader" / "tests").glob("test_*.py")}
    assert names == (here - set(covering.SLOW)) | {"known"}
    assert set(covering.SLOW) <= here


@pytest.mark.parametrize("name", [*THROUGH_THE_RUNNER, *covering.SLOW_TESTS])
def test_every_test_that_is_named_is_there(name: str):
    file, _, function = name.partition("::")
    assert f"def {function}(" in (ROOT / file).read_text(encoding="utf-8")


def test_a_change_is_noticed_unless_every_test_passed():
    assert not Tried(CHANGE, "nobody", 3).noticed
    assert Tried(CHANGE, "the clock", 3).noticed


def test_every_proven_equivalent_is_a_change_of_the_code_as_it_is():
    text = EQUIVALENT.read_text(encoding="utf-8")
    for name in listed(text):
        place, *lines = name.splitlines()
        source = (ROOT / place.split()[1]).read_text(encoding="utf-8")
        assert {line.strip() for line in source.splitlines()} >= {line[2:] for line in lines if line[0] == "-"}, name
    blocks = re.split(r"^```diff\n.*?\n```$", text, flags=re.DOTALL | re.MULTILINE)
    assert [block for block in blocks[1:] if len(block.split()) < 5] == [], "each has its proof below it"


def test_without_namespaces_nothing_is_changed():
    environment = {name: text for name, text in os.environ.items() if name != "GRADER_MUTATION"}
    process = subprocess.run(
        [sys.executable, "-m", "grader", "mutate"], cwd=ROOT, capture_output=True, text=True,
        env=environment | {"PATH": ""},
    )  # fmt: skip
    assert process.returncode == 2
    assert process.stderr == "Changed code is tried only within namespaces: this needs root and unshare.\n"


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("SECONDS: float = 1.0\n", False),
        ("SECONDS: float = 'one'\n", True),
        ("import os\n", True),
        ("open('a').read()\n", True),
    ],
    ids=["right", "another type", "an import that nobody needs", "the host's own encoding"],
)
def test_lint_reads_what_survives(tmp_path: Path, text: str, refused: bool):
    for name in ("grader", "tests", "benchmarks"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "grader" / "changed.py").write_text(text, encoding="utf-8")
    assert trial.lint(tmp_path, "grader/changed.py") == refused
