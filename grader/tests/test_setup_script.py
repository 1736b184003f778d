"""The script that builds the image takes a current Python where it can, and says which it took where it cannot.

Every program that it calls is one that only notes the call.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from grader.project import ROOT

CONTAINER = ROOT / "grader" / "release" / "container"
PYTHON = """#!/bin/bash
echo "$(basename "$0") $*" >>{log}
case "$*" in
    *"-m venv"*) mkdir -p "${{@: -1}}/bin"; cp "$0" "${{@: -1}}/bin/python"; cp {tools}/uv "${{@: -1}}/bin/uv" ;;
    *platform*) echo {version} ;;
esac
"""
UV = """#!/bin/bash
echo "uv $*" >>{log}
{uv}
[ "$2" = find ] && echo python{version} || true
"""
APT = """#!/bin/bash
echo "apt-get $*" >>{log}
case "$*" in *python3.1*) case "$*" in *{packaged}*) ;; *) exit 100 ;; esac ;; esac
"""


def run(tmp_path: Path, uv: str = "", packaged: str = "none", version: str = "3.13.5") -> str:
    """What the script says, and calls, with these programs in the place of the real ones."""
    tools, log = tmp_path / "tools", tmp_path / "log"
    tools.mkdir()
    words = {"log": log, "tools": tools, "uv": uv, "packaged": packaged, "version": version}
    programs = {"uv": UV, "apt-get": APT, "rm": "#!/bin/bash\n", "chmod": "#!/bin/bash\n", "python3": PYTHON}
    programs |= {f"python{version.rpartition('.')[0]}": PYTHON, f"python{version}": PYTHON}
    for name, text in programs.items():
        (tools / name).write_text(text.format(**words))
        (tools / name).touch(mode=0o755)
        (tools / name).chmod(0o755)
    place = tmp_path / "source" / "grader" / "release" / "container"
    place.mkdir(parents=True)
    for name in ("pinned.txt", "torch.txt"):
        shutil.copy(CONTAINER / name, place / name)
    script = shutil.copy(CONTAINER / "setup.sh", tmp_path / "source" / "setup.sh")
    environment = {"PATH": f"{tools}:/usr/bin:/bin", "ENVIRONMENT": str(tmp_path / "built"), "TMPDIR": str(tmp_path)}
    ran = subprocess.run(["bash", script], env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "-m grader smoke" in log.read_text()
    return ran.stdout + log.read_text()


def test_a_current_python_grades_where_it_can_be_had(tmp_path: Path):
    said = run(tmp_path)
    assert "Submissions are graded with Python 3.13.5." in said
    assert re.search(r"python3\.13\.5 -m venv --clear \S+/built\n", said)


@pytest.mark.parametrize("packaged", ["python3.11", "python3.12"])
def test_else_the_latest_that_the_system_has_as_a_package(tmp_path: Path, packaged: str):
    version = packaged.removeprefix("python") + ".2"
    said = run(tmp_path, uv="exit 1", packaged=packaged, version=version)
    assert f"Python 3.13 cannot be had: submissions are graded with Python {version}." in said
    assert re.search(rf"{packaged} -m venv --clear \S+/built\n", said)


@pytest.mark.parametrize("uv", ["exit 1", '[ "$2" = find ] && echo python-that-does-not-run && exit'])
def test_else_the_systems_own(tmp_path: Path, uv: str):
    said = run(tmp_path, uv=uv, version="3.10.12")
    assert "Python 3.13 cannot be had: submissions are graded with Python 3.10.12." in said
    assert re.search(r"python3 -m venv --clear \S+/built\n", said)


def test_students_are_told_which_python_grades():
    wanted = re.search(r"^wanted=(\S+)", (CONTAINER / "setup.sh").read_text(encoding="utf-8"), re.MULTILINE)
    assert wanted is not None
    assert f"graded with Python {wanted[1]}" in (ROOT / "docs" / "student.md").read_text(encoding="utf-8")
