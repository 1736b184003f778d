"""A homework that is half finished, in thirty states: the last line names what its author should do next."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from grader.project import REFERENCE, ROOT
from grader.release import template
from tests.support.homework.assignment import DIFFUSION, GAN

pytestmark = pytest.mark.xdist_group("states")

Files = dict[str, str]
REGION = re.compile(r" *# BEGIN SOLUTION (\d\.\d): (.+)\n(?:.*\n)*? *# END SOLUTION\n")
WRITTEN = {name: (REFERENCE / f"{name}.py").read_text(encoding="utf-8") for name in (GAN, DIFFUSION)}
REGIONS = [(name, found[0]) for name, text in WRITTEN.items() for found in REGION.finditer(text)]
"""Every solution, in the order in which it stands in the files."""


def without(*regions: int) -> Files:
    """The reference with a stub in place of these solutions."""
    files = dict(WRITTEN)
    for number in regions:
        name, region = REGIONS[number]
        files[name] = files[name].replace(region, template.cut(region, name), 1)
    return files


def changed(name: str, before: str, after: str) -> Files:
    """The reference with one text of a file replaced."""
    assert before in WRITTEN[name]
    return WRITTEN | {name: WRITTEN[name].replace(before, after, 1)}


def absent(name: str) -> Files:
    return {one: text for one, text in WRITTEN.items() if one != name}


NETWORKS = "q4_1 or q4_2 or q4_3"
GAN_STUB, DIFFUSION_STUB = (rf"\({name}\.py, line \d+\): " for name in (GAN, DIFFUSION))
OVER = "    from tests.support.transports import OutOfTime\n    raise OutOfTime\n"
"""What the clock does to an endless loop, at once."""
STATES: dict[str, tuple[Files, str, str]] = {
    # Written from the top on, one solution after another.
    "nothing": (without(*range(11)), NETWORKS, f"question 4.1 {GAN_STUB}define the layers of Table 1"),
    "D defined": (without(*range(1, 11)), NETWORKS, f"question 4.1 {GAN_STUB}run the layers of Table 1"),
    "D initialised": (without(*range(2, 11)), NETWORKS, f"question 4.1 {GAN_STUB}run the layers of Table 1"),
    "D": (without(*range(3, 11)), "q4_2", f"question 4.2 {GAN_STUB}define the layers of Table 2"),
    "G defined": (without(*range(4, 11)), "q4_2", f"question 4.2 {GAN_STUB}run the layers of Table 2"),
    "G initialised": (without(*range(5, 11)), "q4_2", f"question 4.2 {GAN_STUB}run the layers of Table 2"),
    "both networks": (without(*range(6, 11)), "q4_4", f"question 4.4 {GAN_STUB}compute the disc"),
    "loss of D": (without(*range(7, 11)), "q4_5", f"question 4.5 {GAN_STUB}compute the gen"),
    "both losses": (without(*range(8, 11)), "q5_1", f"question 5.1 {DIFFUSION_STUB}define self.net"),
    "score network": (without(9, 10), "q5_2", f"question 5.2 {DIFFUSION_STUB}apply Algorithm 1"),
    "denoising loss": (without(10), "q5_3", f"question 5.3 {DIFFUSION_STUB}sample with Algorithm 2"),
    # One that was put off.
    "all but the start of D": (without(1), "q4_3", "question 4.3, test_biases_start_at_zero\nfailed"),
    "all but the start of G": (without(4), "q4_3", "question 4.3, test_biases_start_at_zero\nfailed"),
    "all but the loss of D": (without(6), "q4_4 or q4_6", f"question 4.4 {GAN_STUB}compute the disc"),
    "all but the loss of G": (without(7), "q4_5 or q4_6", f"question 4.5 {GAN_STUB}compute the gen"),
    "all but the score network": (without(8), "q5_1", f"question 5.1 {DIFFUSION_STUB}define self.net"),
    "all but the denoising loss": (without(9), "q5_2 or q5_3", f"question 5.2 {DIFFUSION_STUB}apply Algorithm 1"),
    "diffusion alone": (without(*range(8)), "q4_1 or q5_1", f"question 4.1 {GAN_STUB}define the layers of Table 1"),
    # A file that is not there, or cannot be imported.
    "no GAN file": (absent(GAN), "q4_1", "question 4.1, test_dnet_executes_table_1\nblocked"),
    "no diffusion file": (absent(DIFFUSION), "q5_1", "question 5.1, test_scorenet_executes_eight_linear_layers\nbl"),
    "no colon": (changed(GAN, "class DNet(nn.Module):", "class DNet(nn.Module)"), "q4_1", "question 4.1, .*\nblocked"),
    "no such name": (changed(GAN, "N_EPOCHS = 30", "N_EPOCHS = thirty"), "q4_1", "question 4.1, .*\nblocked"),
    "no such module": (changed(GAN, "import torch\n", "import torsch\n"), "q4_1", "question 4.1, .*\nblocked"),
    "another name": (
        changed(DIFFUSION, "class ScoreNet(", "class Score("),
        "q5_1",
        "question 5.1: hw5_diffusion.py does not define ScoreNet.",
    ),
    # Written, and wrong.
    "no value": (
        changed(DIFFUSION, "return (weight / 2", "loss = (weight / 2"),
        "q5_2",
        "question 5.2, test_denoising_loss_is_a_differentiable_scalar\nfailed",
    ),
    "no squares": (
        changed(DIFFUSION, "residual.square()", "residual"),
        "q5_2",
        "question 5.2, .*by_hand.*|question 5.2",
    ),
    "nine layers": (
        changed(DIFFUSION, "*layers[:-1]", "*layers"),
        "q5_1",
        "question 5.1, .*eight_linear_layers\nfailed",
    ),
    "no noise": (changed(DIFFUSION, "randn_like(x)", "zeros_like(x)"), "q5_3", ""),
    "upwards": (
        changed(DIFFUSION, "for sigma in sigmas:", "for sigma in sigmas.flip(0):"),
        "q5_3",
        "question 5.3, test_langevin_visits_every_level_in_descending_order\nfailed",
    ),
    "an exception": (changed(GAN, ".view(-1, 32, 7, 7)", ".view(-1, 33, 7, 7)"), "q4_2", "question 4.2, .*\nfailed"),
    "the time is over": (
        changed(DIFFUSION, "    states = []\n", OVER),
        "q5_1",
        "",
    ),
    "Ctrl-C": (changed(DIFFUSION, "    states = []\n", "    raise KeyboardInterrupt\n"), "q5_1", ""),
    "no activation": (changed(GAN, "self.relu3(self.conv3(x))", "self.conv3(x)"), "q4_1", "question 4.1, .*\nfailed"),
}


RUNS: dict[str, tuple[str, list[str], str]] = {
    "the limit": (
        "the time is over",
        ["-m", "q5_3"],
        r"timed out: Your code did not finish within 600 s \(hw5_diffusion\.py, line \d+\)\.\n  File .*\n    raise",
    ),
    "the interruption": (
        "Ctrl-C",
        ["-m", "q5_3"],
        r"Stopped by Ctrl-C in test_langevin_returns_\w+; your code was at hw5_diffusion\.py, line \d+\.",
    ),
    "a debugger": ("an exception", ["-m", "q4_2", "--pdb"], r"> .*hw5_gan\.py\(\d+\)forward\(\)\n-> x = self\.lrelu1"),
    "a number as -k": ("nothing", ["-k", "5.3", "--collect-only"], r"\A(tests/public/test_langevin\.py::\w+\n){4}\n"),
}
"""Other runs: of a state, with words for pytest, and what they must say."""


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    """The exit code and the output of every state's run."""
    top = tmp_path_factory.mktemp("states")
    for name, (files, _, _) in STATES.items():
        (top / name).mkdir()
        for file, text in files.items():
            (top / name / f"{file}.py").write_text(text, encoding="utf-8")
        shutil.copy(REFERENCE / "hw5_utils.py", top / name)
    asked = [[str(top / name), "-m", marks] for name, (_, marks, _) in STATES.items()]
    asked += [[str(top / state), *words] for state, words, _ in RUNS.values()]
    command = [sys.executable, "-m", "grader.tests.half_finished", str(top / "ended.json")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run(command, input=json.dumps(asked), cwd=ROOT, env=environment, text=True, check=True)
    told = json.loads((top / "ended.json").read_text(encoding="utf-8"))
    return dict(zip([*STATES, *RUNS], map(tuple, told), strict=True))


@pytest.mark.parametrize("name", STATES)
def test_the_last_line_names_what_to_do_next(ended: dict[str, tuple[int, str]], name: str):
    code, output = ended[name]
    _, _, following = STATES[name]
    assert (code == 1) == bool(following), output
    assert bool(re.search(f"what to do next =+\nNext: {following}", output)) == bool(following), output
    assert "Traceback" not in output
    assert "handed in" not in output


@pytest.mark.parametrize("name", RUNS)
def test_a_run_says(ended: dict[str, tuple[int, str]], name: str):
    _, output = ended[name]
    _, _, said = RUNS[name]
    assert re.search(said, output), output


def test_there_are_thirty_states():
    assert len(STATES) >= 30
