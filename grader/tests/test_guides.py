"""The guides say what is: their example of a check works, their commands and files exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from grader import rubric
from grader.project import REFERENCE, ROOT, SUITES, TEMPLATE
from grader.run.runner import Runner
from grader.tests.places import SHORT, worker_slot

DOCS = ROOT / "docs"
GUIDE = (DOCS / "instructor.md").read_text(encoding="utf-8")
HOW_TO_ADD = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
NEW = "gnet_draws_as_many_images_as_latents"


def example() -> tuple[str, str]:
    """The name and the text of the check in CONTRIBUTING.md."""
    found = re.search(r"Save it as `([\w/.]+)`:\n\n```python\n(.*?)```", HOW_TO_ADD, re.DOTALL)
    assert found is not None
    return found[1], found[2]


def test_a_new_check_is_one_file_of_less_than_thirty_lines(tmp_path: Path):
    name, text = example()
    assert len(text.splitlines()) < 30
    suites = shutil.copytree(SUITES, tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / name).write_text(text, encoding="utf-8")
    wrong = shutil.copytree(REFERENCE, tmp_path / "wrong", ignore=shutil.ignore_patterns("data", "__pycache__"))
    network = wrong / "hw5_gan.py"
    network.write_text(network.read_text(encoding="utf-8") + LOSES_AN_IMAGE, encoding="utf-8")
    with Runner(suites, clocks=SHORT, slot=50 + worker_slot()) as runner:
        for submission, status in ((REFERENCE, "passed"), (TEMPLATE, "not implemented"), (wrong, "failed")):
            results = runner.grade(submission, tmp_path / "out")
            assert results.outcomes[NEW].status == status
            assert results.possible == sum(row.points for row in rubric.read()) + 0.5
    assert "It should be (3, 1, 28, 28)." in results.outcomes[NEW].output


LOSES_AN_IMAGE = """

_whole = GNet.forward
GNet.forward = lambda self, z: _whole(self, z)[:-1]
"""


@pytest.mark.parametrize("guide", sorted(path.name for path in DOCS.glob("*.md")))
def test_what_a_guide_names_exists(guide: str):
    text = (DOCS / guide).read_text(encoding="utf-8")
    made = {name for name in re.findall(r"`make ([a-z]+)", text) if name != "test"}
    for target in made:
        assert subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True).returncode == 0, target
    for path in re.findall(r"`((?:tests|grader|examples)/[\w/.]+)`", text):
        assert (ROOT / path).exists() or path == example()[0], path


def test_the_guide_counts_the_checks_and_the_points_right():
    rows = rubric.read()
    assert f"{len(rows)} checks work" in GUIDE
    assert f"Autograder points: {sum(row.points for row in rows):g}." in GUIDE


def test_the_students_guide_names_the_oldest_versions_that_the_requirements_allow():
    guide = " ".join((DOCS / "student.md").read_text(encoding="utf-8").split())
    listed = (ROOT / "grader" / "release" / "handout" / "requirements.txt").read_text(encoding="utf-8")
    for name in ("torch", "torchvision", "numpy", "pytest"):
        least = re.search(rf"^{name}>=([\d.]+)", listed, re.MULTILINE)
        assert least is not None
        assert re.search(rf"oldest versions .*\b{name} {re.escape(least[1])}\b.* and with the newest", guide), name
    pinned = (ROOT / "grader" / "release" / "container" / "torch.txt").read_text(encoding="utf-8").split()[0]
    assert f"graded with {pinned.replace('==', ' ')}." in guide
