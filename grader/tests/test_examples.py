"""The checks that Hypothesis runs see the same examples in every process, whatever else is loaded there."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import Phase

from grader import rubric
from grader.project import REFERENCE, ROOT
from tests.hidden.examples import listed

TOLD = """
import importlib, json, sys
sys.path[:0] = json.loads(sys.argv[1])
for name in json.loads(sys.argv[2]):
    importlib.import_module(name)
from grader.tests.test_examples import checks, seen_by
print(json.dumps({name: seen_by(check) for name, check in checks().items()}))
"""
CROWDED = ["crowd", "hw5_gan", "hw5_diffusion", "tests.support.probes.vocabulary", "grader.run.runner", "sqlite3"]


def checks() -> dict[str, Callable[..., None]]:
    """Every check that Hypothesis runs."""
    importlib.import_module("tests.conftest")  # the settings of Hypothesis
    found = {}
    for row in rubric.read():
        module = importlib.import_module(f"tests.{row.file.removesuffix('.py').replace('/', '.')}")
        check = getattr(module, f"test_{row.name}")
        if getattr(check, "is_hypothesis_test", False):
            found[row.name] = check
    return found


def seen_by(check: Callable[..., None]) -> list[dict[str, int]]:
    """The examples that a check is run on, in their order."""
    seen: list[dict[str, int]] = []
    body = check.hypothesis.inner_test
    check.hypothesis.inner_test = lambda submission, **values: seen.append(values)
    try:
        check(submission=None)
    finally:
        check.hypothesis.inner_test = body
    return seen


def told(folders: list[Path], modules: list[str]) -> dict[str, list[dict[str, int]]]:
    """What another process sees that has imported these modules first."""
    arguments = [json.dumps([str(folder) for folder in folders]), json.dumps(modules)]
    process = subprocess.run(
        [sys.executable, "-c", TOLD, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return json.loads(process.stdout.splitlines()[-1])


def test_processes_with_different_imports_see_the_same_examples(tmp_path: Path):
    constants = "\n".join(f"C{n} = {n * 7919}\nF{n} = {n / 7}" for n in range(100, 600))
    (tmp_path / "crowd.py").write_text(constants)
    alone = told([], [])
    assert set(alone) == {
        "dnet_logits_equal_the_closed_form",
        "gnet_images_equal_the_closed_form",
        "scorenet_output_equals_the_closed_form",
    }
    assert told([tmp_path, REFERENCE], CROWDED) == alone
    assert {name: seen_by(check) for name, check in checks().items()} == alone


@pytest.mark.parametrize("name", checks())
def test_a_check_draws_nothing_while_it_runs(name: str):
    check = checks()[name]
    assert tuple(check._hypothesis_internal_use_settings.phases) == (Phase.explicit,)
    seen = seen_by(check)
    assert len(seen) >= 5
    assert [one for one in seen if seen.count(one) > 1] == []


def test_the_examples_are_these_and_the_ends_come_first():
    """Written down once: a grade must be the same next year."""
    ranges = {"seed": (0, 2**32 - 1), "n": (1, 4)}
    assert listed(4, ranges) == [
        {"seed": 0, "n": 1},
        {"seed": 2**32 - 1, "n": 4},
        {"seed": 3381555663, "n": 4},
        {"seed": 2931853044, "n": 3},
    ]


def test_every_number_of_a_range_is_drawn_and_no_other():
    assert {one["n"] for one in listed(200, {"n": (-3, 2)})} == set(range(-3, 3))
    assert len(listed(1, {"n": (1, 2)})) == 1
