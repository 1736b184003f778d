"""The bench's own view of the file system: what is found in it, and by which name."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from grader.project import ROOT

LOOK = """
import sys
import tempfile
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


ROOM = """
import os, sys
from pathlib import Path
from grader.bench import mounts
tree, home = map(Path, sys.argv[1:])
(home / "source").mkdir()
if not mounts.enter_view([Path("/usr"), tree], home):
    sys.exit("refused")
for number in range(2):
    if os.fork() == 0:
        own = os.geteuid(), os.getegid()
        mounts.furnish(home / "source", home / "scratch", home, *own, 2**20, [Path("/usr"), tree])
        try:
            (tree / "planted").touch()
        except OSError as error:
            print(type(error).__name__, (tree / "one.ttf").read_text(), os.path.exists("/tmp/left"), flush=True)
        Path("/tmp/left").touch()
        os._exit(0)
    os.wait()
"""


def test_of_a_checkout_in_tmp_each_host_sees_the_interpreter_and_nothing_that_another_has_left():
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        tree, home = Path(folder, "environment"), Path(folder, "home")
        for one in (tree, home):
            one.mkdir()
        (tree / "one.ttf").write_text("a font")
        command = [sys.executable, "-c", ROOM, str(tree), str(home)]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    expected = ("OSError a font False\n" * 2, "") if os.geteuid() == 0 else ("", "refused\n")
    assert (ran.stdout, ran.stderr) == expected
