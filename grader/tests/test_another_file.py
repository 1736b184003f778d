"""A third file of the students' is one entry in the description of the assignment: it is taken in, run, and judged."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from grader.tests.places import checkout

ENTRY = 'Module("hw5_essay", defines=("answer",), problems=(Problem("6", "essay", 1),)),'
CHECK = """
from tests.support.marks import number, visibility, weight
from tests.support.observed.artifacts import listing

@number("6.1")
@weight(1)
@visibility("visible")
def test_there_is_an_essay(submission):
    "6.1: the file can be imported."
    listing(submission, "hw5_essay")
"""


def test_another_file_is_one_entry(tmp_path: Path):
    project, submissions = checkout(tmp_path / "project"), tmp_path / "submissions"
    description = project / "tests" / "support" / "homework" / "assignment.py"
    text = description.read_text("utf-8")
    description.write_text(text.replace("MODULES = (\n", f"MODULES = (\n    {ENTRY}\n"), "utf-8")
    for audience in ("public", "hidden"):
        for path in (project / "tests" / audience).glob("test_*.py"):
            path.unlink()
    (project / "tests" / "public" / "test_essay.py").write_text(CHECK)
    for name, files in {
        "whole": {"hw5_essay.py": "answer = 1"},
        "without": {"hw5_gan.py": ""},
        "stub": {"hw5_essay.py": 'raise NotImplementedError("6.1 is not implemented yet")'},
        "renamed": {"Essay (2).py": "answer = 1"},
    }.items():
        (submissions / name).mkdir(parents=True)
        for file, content in files.items():
            (submissions / name / file).write_text(content)
    options = ["--class", str(submissions), "--out", str(tmp_path / "out"), "--verbose"]
    command = [sys.executable, "-m", "grader", "grade", *options]
    shown = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True).stdout
    documents = {
        name: json.loads((tmp_path / "out" / name / "results.json").read_text("utf-8"))
        for name in ("whole", "without", "stub", "renamed")
    }
    rows = {name: document["tests"][0] for name, document in documents.items()}
    assert {name: row["score"] for name, row in rows.items()} == {"whole": 1, "without": 0, "stub": 0, "renamed": 1}
    assert "hw5_essay.py is not among the submitted files" in rows["without"]["output"]
    assert rows["stub"]["output"] == "Not implemented yet: 6.1 (hw5_essay.py, line 1)."
    assert "'Essay (2).py' was graded as hw5_essay.py" in documents["renamed"]["output"]
    assert "6 essay" in shown
