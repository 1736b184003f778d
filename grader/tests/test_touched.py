"""What a change can touch: only the checks that it concerns are judged again, and the rest is taken over."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from grader.course import fingerprint, outcome, touched
from grader.project import REFERENCE
from grader.report.results import Results
from grader.rubric import read
from grader.run.runner import Runner
from grader.tests.places import checkout
from tests.support.status import Status

ALL = {row.name for row in read(written_counts=True)}


def suite_of(name: str) -> str:
    return next(f"tests/{row.file}" for row in read() if row.name == name)


LOSSES = suite_of("discriminator_loss_is_binary_cross_entropy")
NETWORKS = suite_of("dnet_parameters_follow_table_1")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkout(tmp_path_factory.mktemp("project") / "my-grader")


@pytest.fixture(scope="module")
def before(project: Path) -> dict[str, str]:
    return touched.names_of_checks(project)


def changed(project: Path, before: dict[str, str], file: str, change: Callable[[str], str]) -> set[str]:
    """The checks that a change of one file touches; the file is as it was afterwards."""
    path = project / file
    text = path.read_text(encoding="utf-8")
    other = change(text)
    assert other != text
    try:
        path.write_text(other, encoding="utf-8")
        now = touched.names_of_checks(project)
    finally:
        path.write_text(text, encoding="utf-8")
    assert now.keys() == before.keys()
    return {name for name in now if now[name] != before[name]}


def with_a_line(text: str) -> str:
    return f"{text}\nADDED = 1\n"


def test_every_check_has_a_name_of_its_own(before: dict[str, str]):
    assert before.keys() == ALL
    assert len(set(before.values())) == len(ALL)


def points_titles_and_remarks(text: str) -> str:
    text = re.sub(r"@weight\([\d.]+\)", "@weight(0.125)", text)
    return re.sub(r'(def test_\w+\(.*\).*:\n    """)', r"\1Another title: ", text) + "# a remark\n"


def test_what_changes_no_outcome_touches_nothing(tmp_path: Path, before: dict[str, str]):
    root = checkout(tmp_path / "root")
    for file, change in (
        (LOSSES, points_titles_and_remarks),
        ("tests/local/summary.py", with_a_line),
        ("grader/report/results.py", with_a_line),
        ("grader/rubric.py", lambda text: text.replace("WRITTEN_COUNTS = False", "WRITTEN_COUNTS = True")),
    ):
        text = (root / file).read_text(encoding="utf-8")
        assert change(text) != text
        (root / file).write_text(change(text), encoding="utf-8")
    assert touched.names_of_checks(root) == before


@pytest.mark.parametrize(
    "file",
    [
        *("grader/bench/footprint.py", "grader/judge/collector.py", "grader/run/session.py", "grader/wire.py"),
        *("tests/conftest.py", "tests/support/submission.py", "tests/support/verdicts.py"),
        *("tests/support/probes/gan.py", "tests/support/homework/assignment.py", "student_template/hw5_utils.py"),
    ],
)
def test_what_all_checks_share_touches_all(project: Path, before: dict[str, str], file: str):
    assert changed(project, before, file, with_a_line) == ALL


def test_other_libraries_touch_all(project: Path, before: dict[str, str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fingerprint, "libraries", lambda: ["a later torch"])
    now = touched.names_of_checks(project)
    assert not {name for name in now if now[name] == before[name]}


def test_a_check_s_own_text_touches_it_alone(project: Path, before: dict[str, str]):
    name = "dnet_parameters_follow_table_1"
    found = changed(
        project,
        before,
        NETWORKS,
        lambda text: re.sub(rf"(def test_{name}\(.*\n    \"\"\".*\n)", r"\1    int()\n", text),
    )
    assert found == {name}


def test_a_module_touches_those_that_import_it(project: Path, before: dict[str, str]):
    found = changed(project, before, "tests/support/homework/training.py", with_a_line)
    assert found == {"one_epoch_of_training_moves_both_networks"}
    found = changed(project, before, "tests/support/judging/loss_words.py", with_a_line)
    assert {row.name for row in read() if f"tests/{row.file}" == LOSSES} <= found
    assert not any(name.startswith("langevin") for name in found)


def test_only_what_is_not_known_is_judged(runner: Runner, reference_results: Results, tmp_path: Path):
    again = {"scorenet_has_distinct_parameters", "langevin_starts_from_the_standard_normal"}
    known = outcome.kept(outcome.of_results(reference_results), {row.name for row in runner.rows} - again)
    began: list[str] = []
    results = runner.grade(REFERENCE, tmp_path, lambda check, _: began.append(check), outcome.read(known).known())
    assert set(began) == again
    assert results.score == reference_results.score
    whole, part = (outcome.read(outcome.of_results(one)) for one in (reference_results, results))
    assert part.checks == whole.checks
    assert part.in_force == whole.in_force
    shown, now = (
        {test["name"]: test["output"] for test in one.document()["tests"]} for one in (reference_results, results)
    )
    assert now == shown


def test_what_is_known_altogether_starts_nothing(runner: Runner, reference_results: Results, tmp_path: Path):
    whole = outcome.read(outcome.of_results(reference_results))
    known = outcome.kept(outcome.of_results(reference_results), whole.checks.keys())
    results = runner.grade(REFERENCE, tmp_path, pytest.fail, outcome.read(known).known())
    assert results.facts == reference_results.facts
    assert outcome.read(outcome.of_results(results)).checks == whole.checks


def test_what_the_grader_failed_on_is_judged_again(reference_results: Results):
    graded = outcome.read(outcome.of_results(reference_results))
    first, *rest = graded.checks
    failed = outcome.Judgement(str(Status.GRADER_ERROR), 0.0, "")
    graded.checks[first] = failed
    kept = outcome.kept(msgspec.json.encode(graded), graded.checks.keys())
    assert outcome.read(kept).checks.keys() == set(rest)
    for one in (
        msgspec.json.encode(msgspec.structs.replace(graded, failed=["it failed"])),
        msgspec.json.encode(msgspec.structs.replace(graded, checks={first: failed})),
    ):
        assert outcome.kept(one, graded.checks.keys()) == b""
