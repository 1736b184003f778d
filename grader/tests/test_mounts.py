"""The bench's own view of the file system: what is found in it, and by which name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from grader.project import ROOT

LOOK = """
import sys
from pathlib import Path
from grader.bench import mounts
named, home, hidden = map(Path, sys.argv[1:])
if not mounts.enter_view([Path("/usr"), named], home):
    sys.exit("refused")
print((named / "fonts" / "one.ttf").read_text(), hidden.exists(), end="")
"""


def test_a_tree_that_a_link_leads_to_is_found_by_the_name_of_the_link(tmp_path: Path):
    (tmp_path / "environments" / "one" / "fonts").mkdir(parents=True)
    (tmp_path / "environments" / "one" / "fonts" / "one.ttf").write_text("a font")
    (tmp_path / "checkout").mkdir()
    (tmp_path / "checkout" / "hidden.txt").write_text("not for the bench")
    (tmp_path / "home").mkdir()
    (tmp_path / "checkout" / ".venv").symlink_to(tmp_path / "environments" / "one")
    places = (tmp_path / "checkout" / ".venv", tmp_path / "home", tmp_path / "checkout" / "hidden.txt")
    ran = subprocess.run([sys.executable, "-c", LOOK, *map(str, places)], cwd=ROOT, capture_output=True, text=True)
    expected = ("a font False", "") if os.geteuid() == 0 else ("", "refused\n")
    assert (ran.stdout, ran.stderr) == expected
