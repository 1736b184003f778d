"""One command for everything: each verb has its help, and what a person can mend is one line and exit code 2."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from grader import rubric
from grader.__main__ import INTERRUPTED, main
from grader.audit import cases
from grader.errors import UserError
from grader.project import EXAMPLES, ROOT, SUITES
from grader.release import lock, package, rehearse, template
from grader.reproduce import command as reproduce
from grader.tests.places import checkout
from grader.verbs import VERBS


def test_the_help_page_names_every_verb(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    printed = capsys.readouterr().out
    for name, verb in VERBS.items():
        assert f"    {name}" in printed
        assert verb.purpose in printed


@pytest.mark.parametrize("name", VERBS)
def test_each_verb_has_a_help_page_of_its_own(name: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as end:
        main([name, "--help"])
    assert end.value.code == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"usage: python -m grader {name} ")
    assert VERBS[name].purpose in printed


def test_grading_loads_no_module_that_only_another_verb_needs():
    """So that it starts fast, and so that the container needs none of them."""
    code = "import sys; from grader.__main__ import main; main(['rubric']); print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = ran.stdout.splitlines()[-1].split()
    assert "grader.report.points" in loaded
    others = {verb.module for name, verb in VERBS.items() if name != "rubric"}
    assert others & set(loaded) == set()
    assert "torch" not in loaded


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "the following arguments are required: VERB"),
        (["grad"], "invalid choice: 'grad'"),
        (["grade", "--outt", "x"], "unrecognized arguments: --outt"),
        (["grade", "{tmp}/nothing"], "{tmp}/nothing does not exist."),
        (["grade", "{tmp}/file", "--class"], "{tmp}/file is not a folder of submissions."),
        (["grade", "{tmp}", "--class"], "{tmp} holds no submission"),
        (["grade", str(EXAMPLES / "full_marks"), "--out", "{tmp}/file"], "{tmp}/file: File exists"),
        (["grade", str(EXAMPLES / "full_marks"), "--out", "{tmp}/file/out"], "{tmp}/file/out: Not a directory"),
        (["package", "--out", "{tmp}/file"], "{tmp}/file: File exists"),
        (["preview"], "the following arguments are required: path"),
        (["preview", "{tmp}/nothing"], "{tmp}/nothing does not exist."),
        (["preview", "{tmp}/broken.json"], "{tmp}/broken.json is not a result: "),
        (["preview", "{tmp}/result.json", "--out", "{tmp}/file/x.html"], "{tmp}/file: File exists"),
        (["preview", "{tmp}/result.json", "--as", "nobody"], "invalid choice: 'nobody'"),
        (["reproduce", "--out", "{tmp}/file"], "{tmp}/file: File exists"),
        (["audit", "--kinds", "mutant"], "invalid choice: 'mutant'"),
    ],
)
def test_what_a_person_can_mend_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], problem: str
):
    (tmp_path / "file").write_text("")
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "result.json").write_text(json.dumps({"score": 1.0, "tests": []}))
    try:
        code = main([word.replace("{tmp}", str(tmp_path)) for word in words])
    except SystemExit as end:
        code = end.code
    printed = capsys.readouterr()
    assert code == 2
    assert problem.replace("{tmp}", str(tmp_path)) in printed.err
    assert len(printed.err.splitlines()) == 1


@pytest.mark.parametrize("verb", ["grade", "preview"])
def test_a_class_is_not_graded_as_one_submission(tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str):
    (tmp_path / "submission_7").mkdir()
    (tmp_path / "submission_metadata.yml").touch()
    assert main([verb, str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    said = f"{tmp_path} is an export of a class (submission_metadata.yml): use SUBMISSIONS=.\n"
    assert capsys.readouterr().err == said


def test_no_judge_loads_what_a_student_s_own_run_adds():
    code = """import os, sys
from pathlib import Path
from grader.judge import server
def told():
    print(*[name for name in sys.modules if name.startswith("tests.")], flush=True)
    os._exit(0)
server.judge_each(Path("tests"), told)"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = ran.stdout.splitlines()[-1].split()
    assert "tests.conftest" in loaded
    assert [name for name in loaded if name.startswith(("tests.local", "tests.support.probes"))] == []


def test_a_misspelt_visibility_is_one_line(tmp_path: Path):
    copy = checkout(tmp_path / "copy")
    suite = copy / "tests" / "public" / "test_gan_losses.py"
    suite.write_text(suite.read_text().replace('@visibility("visible")', '@visibility("vissible")', 1))
    for words in (["rubric"], ["grade", "examples/full_marks", "--out", str(tmp_path / "out")]):
        ran = subprocess.run([sys.executable, "-m", "grader", *words], cwd=copy, capture_output=True, text=True)
        assert ran.returncode == 2
        assert "'vissible' is not one of visible, after_due_date, after_published, hidden" in ran.stderr
        assert len(ran.stderr.splitlines()) == 1


def test_a_case_of_the_audit_that_is_written_wrongly_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(cases, "KNOWN", tmp_path)
    (tmp_path / "mutants").mkdir()
    (tmp_path / "mutants" / "made.mutant").write_text("no header\n")
    assert main(["audit", "--kinds", "mutants"]) == 2
    assert capsys.readouterr().err.startswith("made.mutant, line 1: a header begins with ")


def test_an_interruption_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def interrupted(suites: Path = SUITES) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rubric, "read", interrupted)
    assert main(["rubric"]) == INTERRUPTED
    assert capsys.readouterr().err == "Interrupted.\n"


def test_a_mistake_of_the_grader_is_no_user_s_error(monkeypatch: pytest.MonkeyPatch):
    def failing(suites: Path = SUITES) -> None:
        raise OSError("of no file")

    monkeypatch.setattr(rubric, "read", failing)
    with pytest.raises(OSError, match="of no file"):
        main(["rubric"])


def test_every_error_that_a_verb_raises_of_its_own_is_a_user_s():
    errors = (
        rubric.RubricError,
        template.TemplateError,
        package.PackageError,
        lock.LockError,
        rehearse.RehearsalError,
        cases.CaseError,
        reproduce.TrainingError,
    )
    assert all(issubclass(error, UserError) for error in errors)
