"""Grading in process says what the bench says, and whatever a case does to its process is an outcome of that case."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from grader.audit import cases
from grader.audit.workshop import Workshop
from grader.project import REFERENCE
from grader.report.results import Results
from grader.run.runner import Runner
from tests.support.homework.assignment import DIFFUSION, GAN
from tests.support.status import NO_FAULT, Status


def said(results: Results) -> dict[str, tuple[str, float, str]]:
    """What a student reads of each check."""
    return {name: (one.status, one.credit, one.output) for name, one in results.outcomes.items()}


def changed(folder: Path, gan: str = "", diffusion: str = "") -> Path:
    """The reference with code at the end of its files."""
    folder.mkdir()
    for module, code in {GAN: gan, DIFFUSION: diffusion}.items():
        text = (REFERENCE / f"{module}.py").read_text()
        (folder / f"{module}.py").write_text(f"{text}\n{code}")
    return folder


@pytest.mark.parametrize("name", ["diffusion_scorenet_nine_layers", "gan_g_loss_saturating_unstable"])
def test_a_mutant_reads_the_same_in_process_and_through_the_bench(
    runner: Runner, workshop: Workshop, tmp_path: Path, name: str
):
    """Its statuses, shares and messages, whichever file is wrong and whether or not a check is blocked by it."""
    mutant = next(case for case in cases.mutants() if case.name == name)
    (submission := tmp_path / "submission").mkdir()
    mutant.build(submission)
    through_bench = runner.grade(submission, tmp_path / "bench")
    assert said(workshop.grade(submission, tmp_path / "here")) == said(through_bench)


def test_a_case_that_never_ends_is_timed_out(workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It never gets beyond the first check, which is the first to import anything."""
    monkeypatch.setattr(workshop, "patience", 10)
    endless = changed(tmp_path / "endless", gan="import time\ntime.sleep(1000)\n")
    results = workshop.grade(endless, tmp_path / "out")
    first, *others = (results.outcomes[row.name] for row in results.rows)
    assert first.status == Status.TIMED_OUT
    assert {outcome.status for outcome in others} == {Status.BLOCKED}
    assert results.score == 0
    assert results.staff == []


def test_a_case_that_ends_its_process_has_crashed_and_harms_no_other(workshop: Workshop, tmp_path: Path):
    fatal = changed(tmp_path / "fatal", diffusion="import os\nos._exit(0)\n")
    results = workshop.grade(fatal, tmp_path / "out")
    statuses = [results.outcomes[row.name].status for row in results.rows if row.number == "5.1"]
    assert statuses[0] == Status.CRASHED
    assert set(statuses[1:]) == {Status.BLOCKED}
    assert all(results.outcomes[row.name].status in NO_FAULT for row in results.rows if row.number.startswith("4"))
    spoiled = "torch.nn.functional.softplus = torch.relu\nnp.random.seed = None\n"
    workshop.grade(changed(tmp_path / "spoiled", diffusion=f"import numpy as np\n{spoiled}"), tmp_path / "out")
    whole = workshop.grade(REFERENCE, tmp_path / "out")
    assert whole.score == whole.possible


def test_suites_that_cannot_be_imported_are_an_error_of_the_grader(workshop: Workshop, tmp_path: Path):
    suites = tmp_path / "tests"
    shutil.copytree(REFERENCE.parent / "tests", suites, ignore=shutil.ignore_patterns("__pycache__"))
    (suites / "support" / "observations.py").write_text("syntax error\n")
    results = workshop.grade(REFERENCE, tmp_path / "out", suites)
    assert "a case did not start" in results.staff[0]
    assert "SyntaxError" in results.staff[0]
    assert results.score == 0
