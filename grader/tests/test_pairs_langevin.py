"""Two mistakes in the sampler at once: each is charged in its own row, and told; no other row is charged."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from grader import rubric
from grader.audit import cases
from grader.calibrate.decisions import functions
from grader.project import KNOWN, REFERENCE
from tests.support.probes import vocabulary
from tests.support.submission import Submission
from tests.support.transports import InProcess
from tests.support.verdicts import Verdict

FILE = "hw5_diffusion.py"
HUNK = re.compile(r"^<{7}\n(.*?)\n={7}\n(.*?)\n?>{7}$", re.DOTALL | re.MULTILINE)
PAIRS = [
    ("alpha_half", "noise_sigma"),
    ("alpha_half", "start_rand"),
    ("alpha_half", "momentum"),
    ("alpha_half", "clipped"),
    ("alpha_half", "noise_in_one_coordinate"),
    ("alpha_half", "ascending"),
    ("alpha_half", "trajectory_axes_swapped"),
    ("alpha_half", "index_to_the_network"),
    ("alpha_half", "float64_to_the_network"),
    ("alpha_half", "state_not_carried_over"),
    ("alpha_no_square", "z_rand"),
    ("alpha_no_square", "noise_not_before_the_level_changes"),
    ("alpha_first_sigma", "z_shared_by_coordinates"),
    ("alpha_constant", "z_drawn_once"),
    ("step_minus", "noise_missing"),
    ("noise_alpha", "start_sigma_1"),
    ("noise_alpha", "restart_from_new_noise"),
    ("noise_alpha", "state_not_carried_over"),
    ("z_uniform", "restart_from_x0"),
    ("z_signs", "start_zeros"),
    ("momentum", "start_sigma_l"),
    ("noise_no_root", "one_step_less"),
    ("first_level_skipped", "start_ones"),
    ("returns_the_start", "noise_two_root_alpha"),
]


def known(name: str) -> cases.Case:
    return cases.mutant(KNOWN / "mutants" / f"diffusion_langevin_{name}.mutant", [row.name for row in rubric.read()])


def build(folder: Path, names: tuple[str, str]) -> None:
    """The reference with the edits of both mutants."""
    shutil.copytree(REFERENCE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("data"))
    text = (REFERENCE / FILE).read_text(encoding="utf-8")
    for name in names:
        edits = (KNOWN / "mutants" / f"diffusion_langevin_{name}.mutant").read_text(encoding="utf-8")
        for old, new in HUNK.findall(edits):
            assert text.count(old) == 1, (name, old)
            text = text.replace(old, new)
    (folder / FILE).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("names", PAIRS, ids=" and ".join)
def test_both_mistakes_are_charged_and_told(tmp_path: Path, names: tuple[str, str]) -> None:
    build(tmp_path, names)
    submission = Submission(InProcess(tmp_path, vocabulary.perform))
    messages: dict[str, str] = {}
    for check, function in functions().items():
        if check.startswith("langevin"):
            try:
                function(submission=submission)
            except Verdict as verdict:
                messages[check] = str(verdict)
    both = [known(name) for name in names]
    assert set(messages) == set().union(*(one.fails for one in both))
    for one in both:
        assert any(one.says in messages[check] for check in one.fails), (one.name, messages)
