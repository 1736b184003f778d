"""Two mistakes in the denoising loss at once: both are charged, and both are told."""

from __future__ import annotations

import contextlib
import io
import shutil
from pathlib import Path

import pytest

from grader.calibrate.decisions import functions
from grader.project import REFERENCE
from grader.tests.followers import DRAWN, EXACT, PERTURBATION, SCALAR
from tests.support.probes import vocabulary
from tests.support.submission import Submission
from tests.support.transports import InProcess
from tests.support.verdicts import Verdict

CHECKS = (SCALAR, "denoising_loss_of_one_point_matches_the_hand_computed_case", EXACT, DRAWN, PERTURBATION)
Mistake = tuple[str, str, str, str]
"""The text of the reference, what replaces it, the check that pays, and what its message says."""
MEAN = ("sum(dim=1, keepdim=True)", "mean(dim=1, keepdim=True)", EXACT, "averaged over the 2 coordinates")
NO_HALF = ("weight / 2 *", "weight *", EXACT, "1/2 of lambda/2 is missing")
SIGN = ("+ (perturbed - training_data)", "- (perturbed - training_data)", EXACT, "is flipped")
OVER_SIGMA = ("training_data) / sigma**2", "training_data) / sigma", EXACT, "divided by sigma (or z is used)")
FOURTH = ("weight = sigma**2", "weight = sigma**4", EXACT, "lambda is sigma^4")
ROOT = ("residual.square().sum(dim=1, keepdim=True)", "residual.norm(dim=1, keepdim=True)", EXACT, "not squared")
SUMMED = ("squared_norm).mean()", "squared_norm).sum()", EXACT, "are summed")
INDEX = ("scorenet(perturbed, sigma) +", "scorenet(perturbed, level[:, None]) +", EXACT, "index of the noise level")
FLOAT = ("squared_norm).mean()", "squared_norm).mean().item()", SCALAR, "No gradient comes back")
APART = ("squared_norm).mean()", "squared_norm).squeeze(1)", SCALAR, "are not averaged")
UNSCALED = ("+ sigma * z", "+ z", PERTURBATION, "without its factor sigma")
RAND = ("randn_like(training_data)", "rand_like(training_data)", PERTURBATION, "(rand)")
MISSING = ("= training_data + sigma * z", "= sigma * z", PERTURBATION, "itself is missing")
CLAMPED = ("+ sigma * z", "+ sigma.clamp(min=0.08) * z", PERTURBATION, "are clamped")
ONE_LEVEL = ("(n,), device=sigmas.device)", "(1,)).expand(n)", DRAWN, "once for the whole batch")
WEIGHTED = (
    "randint(len(sigmas), (n,), device=sigmas.device)",
    "multinomial(sigmas, n, replacement=True)",
    DRAWN,
    "proportional to sigma",
)
REPEATED = (
    "    n = len(training_data)\n",
    "    n = len(training_data)\n    training_data = training_data[torch.randint(n, (n,))]\n",
    EXACT,
    "with replacement",
)
PAIRS = [
    (MEAN, SIGN),
    (NO_HALF, OVER_SIGMA),
    (FOURTH, SIGN),
    (ROOT, SIGN),
    (SUMMED, OVER_SIGMA),
    (MEAN, INDEX),
    (MEAN, UNSCALED),
    (SIGN, RAND),
    (NO_HALF, WEIGHTED),
    (OVER_SIGMA, ONE_LEVEL),
    (ONE_LEVEL, UNSCALED),
    (WEIGHTED, RAND),
    (FLOAT, NO_HALF),
    (APART, SIGN),
    (FLOAT, UNSCALED),
    (REPEATED, WEIGHTED),
    (REPEATED, NO_HALF),
    (INDEX, CLAMPED),
    (UNSCALED, RAND),
    (MISSING, MEAN),
]


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=lambda mistake: mistake[3][:24])
def test_both_mistakes_are_charged_and_told(one: Mistake, other: Mistake, tmp_path: Path) -> None:
    """Each in the row that owns it, and in no other row."""
    text = (REFERENCE / "hw5_diffusion.py").read_text(encoding="utf-8")
    for before, after, _, _ in (one, other):
        assert text.count(before) == 1
        text = text.replace(before, after)
    (tmp_path / "hw5_diffusion.py").write_text(text, encoding="utf-8")
    shutil.copy(REFERENCE / "hw5_utils.py", tmp_path)
    submission = Submission(InProcess(tmp_path, vocabulary.perform))
    said = {}
    for check, function in functions(CHECKS).items():
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                function(submission=submission)
        except Verdict as verdict:
            said[check] = str(verdict)
    assert set(said) == {one[2], other[2]}
    for _, _, check, words in (one, other):
        assert words in said[check]
