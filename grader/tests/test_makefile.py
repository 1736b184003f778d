"""The front of the command: each target passes on what it is given, and refuses what no target knows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from grader.project import ROOT
from grader.verbs import VERBS

IN_THE_CONTAINER = {"gradescope", "smoke"}


def make(*words: str, folder: Path = ROOT, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run make without what a make around this test passes on."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    environment["PATH"] = path or environment["PATH"]
    return subprocess.run(["make", *words], cwd=folder, env=environment, capture_output=True, text=True)


def test_every_verb_for_people_has_a_target():
    targets = re.findall(r"^([a-z]+): \$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert VERBS.keys() - IN_THE_CONTAINER <= set(targets)
    listed = make("help").stdout
    assert [target for target in targets if not re.search(rf"^{target} ", listed, re.MULTILINE)] == []


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["grade"], '-m grader grade  --out "out"'),
        (["grade", "SUBMISSION=a b"], '-m grader grade "a b" --out "out"'),
        (["grade", "SUBMISSIONS=a b", "OUT=c d"], '-m grader class "a b" --out "c d"'),
        (["class", "SUBMISSIONS=a.zip", "ROSTER=r.csv"], '-m grader class "a.zip" --out "out"  --roster "r.csv"'),
        (["class", "SUBMISSIONS=a.zip", "CANVAS=c.csv", "COLUMN=Homework 5"], '--canvas "c.csv" --column "Homework 5"'),
        (["class", "SUBMISSIONS=a.zip", "SHARD=1/8", "MERGE=a b"], "--shard 1/8 --merge a b"),
        (["regrade", "SUBMISSIONS=a.zip", "YES=1"], '-m grader regrade "a.zip" --out "out"    --yes'),
        (["similar", "SUBMISSIONS=a.zip"], '-m grader similar "a.zip" --out "out"'),
        (["preview", "SUBMISSION=a"], '-m grader preview "a" --as "student" --out "out/preview.html"'),
        (["preview", "SUBMISSION=a", "READER=instructor"], '--as "instructor"'),
        (["preview", "SUBMISSION=a", "MOMENT=published"], '--moment "published"'),
        (["grade", "VERBOSE=1"], "--verbose"),
        (["grade", "MOMENT=published"], '--moment "published"'),
        (["audit", "ONLY=langevin"], '--only "langevin"'),
        (["audit", "FULL=1"], "--full"),
        (["power", "ONLY=langevin"], '-m grader power --only "langevin"'),
        (["automatic", "ONLY=langevin"], '-m grader automatic --only "langevin"'),
        (["test", "ARGS=-k wire"], "--dist loadgroup -k wire"),
    ],
)
def test_a_target_passes_on_what_it_is_given(words: list[str], command: str):
    assert command in make("--dry-run", *words).stdout


@pytest.mark.parametrize("word", ["SUBMISSON=x", "AS=student", "submission=x"])
def test_a_variable_that_no_target_knows_is_one_line(word: str):
    ran = make("--dry-run", "grade", word)
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert len(ran.stderr.splitlines()) == 1
    assert f"no target knows {word.partition('=')[0]}; there are PYTHON SUBMISSION " in ran.stderr


def test_uv_installs_the_locked_versions_and_plain_pip_serves_where_it_is_absent(tmp_path: Path):
    for name in ("Makefile", "pyproject.toml", "uv.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("make", "sh", "bash"):
        if found := shutil.which(name):
            (tools / name).symlink_to(found)
    without = make("--dry-run", ".venv/ready", folder=tmp_path, path=str(tools)).stdout
    assert "-m pip install" in without
    assert "--group grading --group course --group audit --group development" in without
    assert "uv sync" not in without
    (tools / "uv").write_text("#!/bin/sh\n")
    (tools / "uv").chmod(0o755)
    with_uv = make("--dry-run", ".venv/ready", folder=tmp_path, path=str(tools)).stdout
    assert "uv sync" in with_uv
    assert "--frozen" in with_uv
    assert "-m pip" not in with_uv


def test_a_set_up_that_fails_is_one_sentence(tmp_path: Path):
    """As without a network: what pip or uv says is in a file."""
    for name in ("Makefile", "pyproject.toml", "uv.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("make", "sh", "bash", "cat", "touch"):
        if found := shutil.which(name):
            (tools / name).symlink_to(found)
    (tools / "python3").write_text('#!/bin/sh\n[ "$1" = -c ] && exit 0\necho "a long story"; exit 1\n')
    (tools / "python3").chmod(0o755)
    ran = make("grade", folder=tmp_path, path=str(tools))
    assert ran.returncode == 2
    assert ran.stdout == ""
    said = ran.stderr.splitlines()
    assert said[0] == ".venv could not be set up (is there a network?): the reason is in .setup.log."
    assert [line for line in said[1:] if not line.startswith("make: ***")] == []
    assert (tmp_path / ".setup.log").read_text() == "a long story\n"
