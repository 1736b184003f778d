"""The README's commands do what it says; those of `.ci/run` are run there."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from grader import rubric
from grader.project import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
POINTS = sum(row.points for row in rubric.read())
IN_CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def run(command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the README with this test's interpreter."""
    words = [sys.executable if word == ".venv/bin/python" else word for word in shlex.split(command)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True)


def commands() -> list[str]:
    """Every command of a fenced block, without its comment."""
    blocks = re.findall(r"```\n(.*?)```", README, re.DOTALL)
    return [line.split("#")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]


@pytest.mark.parametrize("command", [command for command in commands() if command.startswith("make")])
def test_each_make_command_exists(command: str):
    assert run(f"{command} --dry-run").returncode == 0


def test_the_two_commands_are_what_ci_runs():
    assert {"make grade", "make test", "make lint"} <= set(IN_CI.splitlines())


def test_one_submission_is_graded_into_the_folder_that_was_asked_for(tmp_path: Path):
    assert "make grade SUBMISSION=examples/three_mistakes OUT=out/three_mistakes" in commands()
    assert run(f"make grade SUBMISSION=examples/three_mistakes OUT={tmp_path}").returncode == 0
    document = json.loads((tmp_path / "results.json").read_text())
    assert 0 < document["score"] < POINTS


def test_a_path_that_does_not_exist_is_an_error_and_no_result(tmp_path: Path):
    outcome = run(f".venv/bin/python -m grader grade {tmp_path / 'nothing'} --out {tmp_path / 'out'}")
    assert outcome.returncode == 2
    assert "does not exist" in outcome.stderr
    assert not (tmp_path / "out").exists()


def test_the_rubric_is_printed():
    assert f"{POINTS:g} points" in run("make rubric").stdout


def test_a_student_reads_what_is_not_implemented_in_the_order_of_the_handout():
    command = next(command for command in commands() if "pytest" in command)
    outcome = run(command)
    assert outcome.returncode == 1
    questions = list(dict.fromkeys(re.findall(r"^(\d\.\d)  hw5_\w+\.py, line \d+: ", outcome.stdout, re.MULTILINE)))
    assert questions == sorted(questions)
    assert {"4.1", "4.2", "4.4", "4.5", "5.1", "5.2", "5.3"} <= set(questions)
    assert "Traceback" not in outcome.stdout


def test_the_page_is_one_page():
    assert len(README.splitlines()) <= 80
