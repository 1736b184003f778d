"""Hostile submissions earn nothing, read no secret, leave nothing behind and harm nobody: one file each in `attacks/`.

The first line of an attack says what it is: `# attack: NN | earns: nothing | tries: <what>`, where NN is its class in
the list of attacks; it earns nothing, everything, or the points of the checks that are named. Fields between: `in:
MODULE` (the code goes into that file only, else into both), `base: reference` (an attack that must not harm honest
work; else the template), `needs: WORDS` (what has to be in force on this host). An attack that has read a secret
prints LEAK; "stowaway" marks every text it tries to smuggle. The audit grades them too when it leaves nothing out.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.audit.cases import Case, attacks
from grader.audit.run import compare
from grader.project import REFERENCE, TEMPLATE
from grader.run.users import EACH, FIRST_USER, GROUPS, claim_users
from grader.tests.arena import MARK, Arena, copy_of, neighbour_is_untouched

# One worker for all: they share a listening port and the canaries.
pytestmark = pytest.mark.xdist_group("attacks")

NASTIEST = ("06_kill", "15_send_forged", "16_fork")


ALL = attacks()


@pytest.mark.parametrize("attack", ALL, ids=[attack.name for attack in ALL])
def test_an_attack_earns_what_is_honest_and_nothing_else(arena: Arena, tmp_path: Path, attack: Case):
    if not arena.in_force(attack.needs):
        pytest.skip(f"this host cannot offer: {attack.needs}")
    handed_in = tmp_path / "handed in"
    handed_in.mkdir()
    attack.build(handed_in)
    results, document = arena.grade(handed_in, tmp_path / "out")
    verdict = compare(attack, results)
    assert verdict.complaints == ()
    assert document["score"] == verdict.due
    if attack.name.startswith(NASTIEST):
        neighbour_is_untouched(arena, tmp_path / "neighbour")


FAKES = {
    "conftest.py": "import os\nos._exit(0)\n",
    "pytest.ini": "[pytest]\naddopts = --collect-only\n",
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--collect-only'\n",
    "sitecustomize.py": "print('stowaway', flush=True)\n",
    "usercustomize.py": "print('stowaway', flush=True)\n",
    "torch.py": "print('stowaway', flush=True)\nraise SystemExit\n",
    "numpy.py": "print('stowaway', flush=True)\nraise SystemExit\n",
    "random.py": "print('stowaway', flush=True)\nseed = random = lambda *_: 0.5\n",
    "hw5_utils.py": "print('stowaway', flush=True)\ndef create_samples(): return None\n",
    "hw3_utils.py": "print('stowaway', flush=True)\n",
    "tests/__init__.py": "print('stowaway', flush=True)\n",
    "tests/support/probes/vocabulary.py": "print('stowaway', flush=True)\n",
    "grader.py": "print('stowaway', flush=True)\n",
    "grader/bench/stand_ins.py": "print('stowaway', flush=True)\n",
    "reference/hw5_gan.py": "print('stowaway', flush=True)\n",
    "torch/__init__.py": "print('stowaway', flush=True)\nraise SystemExit\n",
    "matplotlib/pyplot.py": "print('stowaway', flush=True)\nraise SystemExit\n",
    "json/__init__.py": "print('stowaway', flush=True)\nraise SystemExit\n",
    "hw5_gan (1).py": "print('stowaway', flush=True)\nraise SystemExit\n",
    "HW5_GAN.py": "print('stowaway', flush=True)\nraise SystemExit\n",
    "old/hw5_gan.py": "print('stowaway', flush=True)\nraise SystemExit\n",
    "config.json": '{"stowaway": true}',
    "results.json": '{"score": 1000, "output": "stowaway"}',
    "model.ckpt": "cposix\nsystem\n(S'touch /tmp/stowaway-unpickled'\ntR.",
}


@pytest.mark.parametrize("base", [REFERENCE, TEMPLATE], ids=lambda base: base.name)
def test_files_that_pose_as_ours_are_never_run(arena: Arena, tmp_path: Path, base: Path):
    handed_in = copy_of(base, tmp_path / "handed in")
    for name, content in FAKES.items():
        (handed_in / name).parent.mkdir(parents=True, exist_ok=True)
        (handed_in / name).write_text(content)
    results, document = arena.grade(handed_in, tmp_path / "out")
    assert document["score"] == (results.possible if base == REFERENCE else 0)
    assert MARK not in str(results.facts["printed"])


def test_every_class_of_attack_on_one_submission_is_tried():
    tried = {attack.name[:2] for attack in ALL}
    in_this_module = {"09", "21"}
    assert tried | in_this_module >= {f"{number:02}" for number in (1, 2, 3, *range(5, 19), 21, 22)}


def test_two_runners_on_one_machine_share_no_user_id():
    start = FIRST_USER + EACH * (GROUPS - 1)  # the last group, after which the first follows
    (first, one), (second, other) = claim_users(start), claim_users(start)
    with first, second:
        assert set(one).isdisjoint(other)
    again, third = claim_users(start)
    with again:
        assert third == one
