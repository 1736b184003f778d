"""The release's commands step by step: which programs they run with which words, and what they say of it."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from grader import rubric
from grader.errors import SubmissionError
from grader.project import REFERENCE
from grader.release import lock, oldest, package, preview
from grader.tests.three_handins import ADVICE, ESSAY, LOSS, NOISE, row
from tests.support.homework.assignment import FILES


class Programs:
    """Takes the place of `subprocess.run`: what each program prints, and what was asked of it."""

    def __init__(self, **prints: str) -> None:
        self.prints, self.code = prints, 0
        self.ran: list[list[str]] = []
        self.settings: list[dict[str, object]] = []

    def __call__(self, command: list[str], **settings: object) -> subprocess.CompletedProcess[str]:
        self.ran.append(command)
        self.settings.append(settings)
        said = next((text for word, text in self.prints.items() if word in command), "")
        return subprocess.CompletedProcess(command, self.code, said, f"err of {command[0]}" if self.code else "")


FROZEN = "".join(f"{name}==1.{k}\n" for k, name in enumerate([*oldest.NAMED, "other"]))


def test_a_set_is_installed_once_and_the_reference_tried_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    programs = Programs(pytest="...\n7 passed in 1 s\n", freeze=FROZEN)
    monkeypatch.setattr(oldest.subprocess, "run", programs)
    monkeypatch.setattr(oldest.package, "student", lambda: {"requirements.txt": b"numpy\n", FILES[0]: b"template"})
    (tmp_path / "oldest" / "homework").mkdir(parents=True)
    (tmp_path / "oldest" / "homework" / "stale.py").touch()
    said = oldest.try_set("oldest", tmp_path, "3.10")
    versions = ", ".join(f"{name} 1.{k}" for k, name in enumerate(oldest.NAMED))
    assert said == f"oldest: {versions}: 7 passed in 1 s"
    folder, environment = tmp_path / "oldest" / "homework", tmp_path / "oldest" / "environment"
    assert {path.name for path in folder.iterdir()} == {"requirements.txt", *FILES}
    assert (folder / FILES[0]).read_bytes() == (REFERENCE / FILES[0]).read_bytes()
    python, uv = str(environment / "bin" / "python"), [sys.executable, "-m", "uv"]
    requirements = str(folder / "requirements.txt")
    steps = [
        [*uv, "venv", "--quiet", "--python", "3.10", str(environment)],
        [*uv, "pip", "install", "--quiet", "--python", python, "--resolution", "lowest-direct",
         "--requirement", requirements],
        [python, "-m", "pytest", "--timeout=600"],
        [*uv, "pip", "freeze", "--python", python],
    ]  # fmt: skip
    assert programs.ran == steps
    assert [one["cwd"] for one in programs.settings] == [None, None, folder, None]
    assert all(one["env"] == {**os.environ, "OMP_NUM_THREADS": "1"} for one in programs.settings)
    environment.mkdir()
    oldest.try_set("newest", tmp_path, "3.10")
    assert programs.ran[4][3] == "venv"
    assert "highest" in programs.ran[5]
    oldest.try_set("oldest", tmp_path, "3.10")
    assert programs.ran[8:] == steps[1:]


def test_what_fails_is_told_with_the_end_of_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    programs = Programs(uv="x" * 2000)
    programs.code = 2
    monkeypatch.setattr(oldest.subprocess, "run", programs)
    with pytest.raises(oldest.OldestError) as error:
        oldest._run("oldest", ["python", "-m", "uv", "pip", "install", "more"])
    end = "x" * 1487 + "err of python"
    assert str(error.value) == f"oldest: `-m uv pip install` failed: {end}"


def test_each_set_that_is_asked_for_is_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(oldest, "try_set", lambda name, out, python: f"{name} {out} {python}")
    monkeypatch.chdir(tmp_path)
    assert oldest.run(argparse.Namespace(sets=["newest", "oldest"], out=Path("here"), python="3.9")) == 0
    assert capsys.readouterr().out == f"newest {tmp_path}/here 3.9\noldest {tmp_path}/here 3.9\n"


VERSIONS = {"torch": "2.1", "torchvision": "0.3", "nvidia-x": "1", "cuda-y": "2", "triton": "3", "numpy": "4"}
LOCKED = "".join(
    f'[[package]]\nname = "{name}"\nversion = "{version}"\nsource = 1\n\n' for name, version in VERSIONS.items()
)
PROJECT = """[dependency-groups]
torch = ["torch>=2", "torchvision"]
students = ["numpy>=1.26", {include-group = "torch"}, "pytest"]
"""


def a_root(tmp_path: Path) -> Path:
    (tmp_path / "uv.lock").write_text(LOCKED)
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    return tmp_path


def test_the_lists_are_exported_from_lock_and_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    programs = Programs(export="numpy==4 --hash=x\n")
    monkeypatch.setattr(lock.subprocess, "run", programs)
    monkeypatch.setattr(lock.os, "environ", {"UV_INDEX": "mirror", "PATH": "p", "NOT_UV_": "kept"})
    assert lock.exported(a_root(tmp_path)) == {
        lock.PINNED: "# Made by `make lock` from pyproject.toml: every version that the container installs, "
        "for Python 3.10 and later.\nnumpy==4 --hash=x\n",
        lock.TORCH: "torch==2.1\ntorchvision==0.3\n",
        lock.STUDENTS: "numpy>=1.26\ntorch>=2\ntorchvision\npytest\n",
    }
    left_out = [f"--no-emit-package {name}" for name in ("torch", "torchvision", "nvidia-x", "cuda-y", "triton")]
    words = f"export --frozen --offline --only-group grading --no-header --no-annotate {' '.join(left_out)}"
    uv = [sys.executable, "-m", "uv", "--no-config", "--directory", str(tmp_path)]
    assert programs.ran == [[*uv, *words.split()]]
    assert programs.settings[0]["env"] == {"PATH": "p", "NOT_UV_": "kept"}


def test_a_drift_is_told_and_a_check_asks_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    programs = Programs()
    monkeypatch.setattr(lock.subprocess, "run", programs)
    root = a_root(tmp_path)
    for path, text in lock.exported(root).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    programs.ran.clear()
    lock.check(root)
    assert programs.ran[0][6:10] == ["lock", "--check", "--offline", "--cache-dir"]
    (root / lock.TORCH).write_text("torch==2.2\n")
    with pytest.raises(lock.LockError, match=r"^grader/release/container/torch\.txt has drifted: run `make lock`\.$"):
        lock.check(root)
    (root / lock.TORCH).unlink()
    with pytest.raises(lock.LockError, match=r"torch\.txt has drifted"):
        lock.check(root)
    programs.code = 1
    with pytest.raises(lock.LockError, match=r"^uv\.lock does not fit pyproject\.toml: run `make lock`\.$"):
        lock.check(root)
    with pytest.raises(lock.LockError, match=rf"^`uv export` failed: err of {sys.executable}$"):
        lock.exported(root)


@pytest.mark.parametrize("upgrade", [True, False])
def test_locking_writes_what_is_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], upgrade: bool
):
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(lock, "ROOT", tmp_path)
    monkeypatch.setattr(lock, "_uv", lambda root, *words: asked.append(words) or "")
    monkeypatch.setattr(lock, "exported", lambda root: {Path("a.txt"): "ä\n", Path("b.txt"): "b\n"})
    assert lock.run(argparse.Namespace(check=False, upgrade=upgrade)) == 0
    assert asked == [("lock", "--upgrade") if upgrade else ("lock",)]
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "ä\n"
    assert capsys.readouterr().out == "a.txt\nb.txt\n"
    checked: list[Path] = []
    monkeypatch.setattr(lock, "check", checked.append)
    assert lock.run(argparse.Namespace(check=True, upgrade=upgrade)) == 0
    assert (checked, len(asked)) == ([tmp_path], 1)


def test_students_are_told_how_much_is_shown_later(monkeypatch: pytest.MonkeyPatch):
    def hidden(*rows: rubric.Row) -> list[rubric.Row]:
        return [one.__class__(**vars(one) | {"audience": "hidden"}) for one in rows]

    rows = [LOSS, *hidden(NOISE, row("third", "5.1", 0.3333), ESSAY, ADVICE)]
    monkeypatch.setattr(rubric, "read", lambda: rows)
    assert package._later() == b'{"checks": 2, "points": 1.833}\n'


def test_a_zip_is_the_same_for_the_same_files(tmp_path: Path):
    files = {"b.py": b"b" * 1000, "setup.sh": b"#!", "a/c.txt": b""}
    package.write(tmp_path / "new" / "one.zip", files)
    package.write(tmp_path / "two.zip", dict(reversed(files.items())))
    assert (tmp_path / "new" / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "two.zip") as archive:
        told = [(one.filename, one.external_attr >> 16, one.compress_type) for one in archive.infolist()]
        assert archive.read("b.py") == files["b.py"]
    assert told == [
        ("a/c.txt", 0o100644, zipfile.ZIP_DEFLATED),
        ("b.py", 0o100644, zipfile.ZIP_DEFLATED),
        ("setup.sh", 0o100755, zipfile.ZIP_DEFLATED),
    ]
    assert package.LARGEST_PACKAGE == 104_857_600


def test_what_a_module_imports_goes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(package, "ROOT", tmp_path)
    sources = {
        "grader/__init__.py": "",
        "grader/a.py": "import os, grader.b\ndef f():\n    from grader.deep import c, name\n",
        "grader/b.py": "from . import unused\nimport other.thing\n",
        "grader/unused.py": "",
        "grader/deep/__init__.py": "from grader.deep.d import x\n",
        "grader/deep/c.py": "import grader.a\n",
        "grader/deep/d.py": "",
        "grader/not_needed.py": "",
        "other/thing.py": "",
    }
    for name, text in sources.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = {path.relative_to(tmp_path).as_posix() for path in package._needed(["grader.a", "grader.gone"])}
    assert found == set(sources) - {"grader/unused.py", "grader/not_needed.py", "other/thing.py"}
    paths = [tmp_path / name for name in ("grader/deep/__init__.py", "grader/a.py", "grader/a.txt")]
    assert [package._module(path) for path in paths] == ["grader.deep", "grader.a", ""]
    assert package._placed(paths[:1]) == {"grader/deep/__init__.py": paths[0]}


def shown(visibilities: list[str], path: Path, **told: object) -> argparse.Namespace:
    tests = [
        {"name": f"shown as {one}", "number": "4.1", "status": "passed", "visibility": one} for one in visibilities
    ]
    document = {"score": 1.0, "output": "", "visibility": "visible", "tests": tests}
    path.write_text(json.dumps(document), encoding="utf-8")
    given = {"path": path, "out": path.parent / "new" / "page.html", "reader": "student", "moment": "before"}
    return argparse.Namespace(**given | told)


@pytest.mark.parametrize(
    ("reader", "moment", "said"),
    [
        ("student", "before", "As a student sees it before the due date: {out}; MOMENT=due shows it after the due "
         "date; MOMENT=published shows it after publication\n"),
        ("student", "published", "As a student sees it after publication: {out}; MOMENT=before shows it before the due "
         "date; MOMENT=due shows it after the due date\n"),
        ("instructor", "before", "As the staff see it: {out}\n"),
    ],
)  # fmt: skip
def test_a_preview_says_where_it_is_and_what_else_can_be_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], reader: str, moment: str, said: str
):
    options = shown(["visible", "after_due_date", "after_published"], tmp_path / "r.json", reader=reader, moment=moment)
    assert preview.run(options) == 0
    assert capsys.readouterr().out == said.format(out=options.out)
    page = options.out.read_text(encoding="utf-8")
    sees = {"student": {"before": 1, "published": 3}.get(moment), "instructor": 3}[reader]
    assert sum(f"shown as {name}" in page for name in ("visible", "after_due_date", "after_published")) == sees
    assert "r.json" in page


def test_a_moment_at_which_nothing_is_new_is_refused(tmp_path: Path):
    options = shown(["visible", "after_published"], tmp_path / "r.json", moment="due")
    with pytest.raises(SubmissionError, match=r"nothing new after the due date\. Choose before or published\."):
        preview.run(options)
    options = shown(["visible"], tmp_path / "r.json")
    assert preview.run(options) == 0


@pytest.mark.parametrize(
    ("content", "why"), [("{", "Expecting"), ("[1]", "it has no tests."), ("{}", "it has no tests.")]
)
def test_what_is_no_result_is_one_error(tmp_path: Path, content: str, why: str):
    (tmp_path / "r.json").write_text(content)
    with pytest.raises(SubmissionError, match=rf"r\.json is not a result: {why}"):
        preview._document(tmp_path / "r.json")
