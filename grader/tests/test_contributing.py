"""Whoever follows CONTRIBUTING.md, and touches nothing else, ends with a green audit and green tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from grader import rubric
from grader.audit import cases
from grader.audit.run import compare
from grader.audit.workshop import Workshop
from grader.project import ROOT, SUITES
from grader.tests.places import checkout

GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?:`(?P<file>[\w/.]+)`:\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass
class Step:
    """A fenced block: a file to save, an edit of one, or commands."""

    kind: str
    file: str
    text: str

    def follow(self, folder: Path) -> None:
        """Do what it says in a checkout."""
        if self.kind == "sh":
            for command in self.text.splitlines():
                ran = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True)
                assert ran.returncode == 0, f"{command}\n{ran.stdout}\n{ran.stderr}"
        elif self.kind == "diff":
            before, after = (self._side(mark) for mark in "-+")
            text = (folder / self.file).read_text(encoding="utf-8")
            assert text.count(before) == 1, f"{self.file} does not hold once:\n{before}"
            (folder / self.file).write_text(text.replace(before, after), encoding="utf-8")
        else:
            assert not (folder / self.file).exists()
            (folder / self.file).write_text(self.text, encoding="utf-8")

    def _side(self, mark: str) -> str:
        return "".join(line[1:] for line in self.text.splitlines(keepends=True) if line[0] in f" {mark}")


def steps(*headings: str) -> list[Step]:
    """The blocks below these headings; one that names no file edits that of the block before."""
    found: list[Step] = []
    for heading in headings:
        (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", GUIDE, re.DOTALL | re.MULTILINE)
        for block in BLOCK.finditer(section):
            file = block["file"] or (found[-1].file if block["kind"] != "sh" else "")
            found.append(Step(block["kind"], file, block["text"]))
    return found


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A checkout whose virtual environment is the one that runs this test."""
    folder = checkout(tmp_path / "copy")
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (folder / ".venv" / "ready").touch()
    return folder


@pytest.mark.parametrize(
    "headings",
    [
        ("A check", "A mutant", "An accepted reading, a named mistake, a credit"),
        ("A style",),
        ("An attack",),
        ("A probe",),
    ],
    ids=["a check, its mutant, a named mistake and a credit", "a style", "an attack", "a probe"],
)
def test_what_the_guide_says_is_enough(copy: Path, headings: tuple[str, ...], monkeypatch: pytest.MonkeyPatch):
    for name in [name for name in os.environ if name.startswith(("MAKE", "PYTEST_"))]:
        monkeypatch.delenv(name)  # those of the run that this test is in
    followed = steps(*headings)
    assert any(step.kind == "sh" for step in followed)
    for step in followed:
        step.follow(copy)
    subprocess.run([sys.executable, "-m", "ruff", "check", "."], cwd=copy, check=True)
    subprocess.run([sys.executable, "-m", "ruff", "format", "--check", "."], cwd=copy, check=True)


def test_a_mistake_that_the_guide_does_not_name_is_noticed(workshop: Workshop, tmp_path: Path):
    """The example's check without its mutant's header: the audit would be red, and say what is missing."""
    check, mutant = steps("A check")[0], steps("A mutant")[0]
    suites = shutil.copytree(SUITES, tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    check.follow(tmp_path)
    file, submission = tmp_path / Path(mutant.file).name, tmp_path / "submission"
    file.write_text(mutant.text.replace("gnet_draws_as_many_images_as_latents, ", ""), encoding="utf-8")
    case = cases.mutant(file, [row.name for row in rubric.read(suites)])
    submission.mkdir()
    case.build(submission)
    verdict = compare(case, workshop.grade(submission, tmp_path / "out", suites))
    assert verdict.complaints == ("gnet_draws_as_many_images_as_latents fails as well (failed)",)


def test_every_block_of_the_guide_is_followed():
    """But the picture."""
    fences = GUIDE.count("\n```") // 2
    assert len(steps(*re.findall(r"^## (.*)$", GUIDE, re.MULTILINE))) == fences - 1


def test_the_hooks_are_what_lint_runs():
    subprocess.run([sys.executable, "-m", "pre_commit", "validate-config"], cwd=ROOT, check=True)
    hooks = re.findall(r"entry: \.venv/bin/python -m (\w+)", (ROOT / ".pre-commit-config.yaml").read_text())
    lint = (ROOT / "Makefile").read_text().partition("\nlint:")[2].partition("\n\n")[0]
    assert set(hooks) == set(re.findall(r"-m (\w+)", lint))
