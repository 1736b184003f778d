"""A class through the real grader: killed while a student's code runs, it goes on and ends in the known points.

Nothing that the killed run has left is alive when the next one is done.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from grader.audit import cases
from grader.course import gradebook
from grader.project import ROOT, TEMPLATE
from grader.rubric import read
from grader.run import processes
from grader.tests.test_course_engine import table


def noted(out: Path) -> set[int]:
    """The user ids that the running worker has written down."""
    lines = [
        line for record in (out / "running").glob("*/*") for line in record.read_text(encoding="utf-8").splitlines()
    ]
    return {user for line in lines for user in json.loads(line).get("users", [])}


def test_a_class_killed_in_the_middle_ends_in_the_known_points(tmp_path: Path):
    folder, out = tmp_path / "class", tmp_path / "out"
    for name in ("a_loop", "b_mutant", "c_reference"):
        (folder / name).mkdir(parents=True)
    (folder / "a_loop" / "hw5_gan.py").write_text("while True:\n    pass\n")
    mutant = next(one for one in cases.mutants() if one.name == "diffusion_denoising_lambda_missing")
    mutant.build(folder / "b_mutant")
    cases._reference(folder / "c_reference")
    command = [sys.executable, "-m", "grader", "class", str(folder), "--out", str(out), "--workers", "1"]
    environment = {**os.environ, "ALLOW_WEAK": "1"}
    run = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
    deadline, students = time.monotonic() + 120, set[int]()
    while not students and time.monotonic() < deadline:
        time.sleep(0.05)
        users = noted(out)
        students = {one.pid for one in processes.all_processes() if one.user in users and not one.ended}
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert students, "no student's code was started"
    assert not (out / gradebook.NAME).exists()
    shutil.copy(TEMPLATE / "hw5_gan.py", folder / "a_loop" / "hw5_gan.py")
    again = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stdout + again.stderr
    rows = read()
    lost = sum(row.points * (1 - mutant.of(row.name).share) for row in rows)
    totals = {name: float(row["Total"]) for name, row in table(out).items()}
    assert totals == {"a_loop": 0, "b_mutant": round(20 - lost, 3), "c_reference": 20}
    alive = {one.pid: one.user for one in processes.all_processes() if not one.ended}
    assert not {pid for pid in students if alive.get(pid) in users}
    assert not list((out / "running").glob("*/*"))
