"""Two mistakes in the losses and the training: both are charged, each in the row that owns it, and both are told."""

from __future__ import annotations

import contextlib
import io
import shutil
from pathlib import Path

import pytest

from grader.calibrate.decisions import functions
from grader.project import REFERENCE
from tests.support.probes import vocabulary
from tests.support.submission import Submission
from tests.support.transports import InProcess
from tests.support.verdicts import Verdict

D, G = "discriminator_loss_is_binary_cross_entropy", "generator_loss_is_binary_cross_entropy"
D_ONE, G_ONE = "discriminator_loss_of_one_image", "generator_loss_of_one_image"
D_SURE = "discriminator_loss_stays_finite_at_extreme_logits"
G_SURE = "generator_loss_stays_finite_at_extreme_logits"
EPOCH = "one_epoch_of_training_moves_both_networks"
ROWS = (D, D_ONE, D_SURE, G, G_ONE, G_SURE)

RETURN = "        return real_loss + fake_loss\n"
REAL = "bce(self.disc(batch_data), ones)"
FAKE = "bce(self.disc(self.gen(z).detach()), torch.zeros_like(ones))"
GENERATOR = "nn.BCEWithLogitsLoss()(self.disc(self.gen(z)), ones)"
BCE = "        bce = nn.BCEWithLogitsLoss()\n"

Edit = tuple[str, str]

SWAPPED: list[Edit] = [
    (REAL, "bce(self.disc(batch_data), 0 * ones)"),
    (FAKE, "bce(self.disc(self.gen(z).detach()), ones)"),
]
NAIVE: list[Edit] = [
    (REAL, "-torch.log(torch.sigmoid(self.disc(batch_data))).mean()"),
    (FAKE, "-torch.log(1 - torch.sigmoid(self.disc(self.gen(z).detach()))).mean()"),
]
SUMMED: list[Edit] = [(BCE, '        bce = nn.BCEWithLogitsLoss(reduction="sum")\n')]
ONE_IMAGE_DOUBLED: list[Edit] = [(RETURN, "        return (real_loss + fake_loss) * (2 if len(z) == 1 else 1)\n")]
FAKES_CUT: list[Edit] = [("self.disc(self.gen(z).detach())", "self.disc(self.gen(z)).data")]
OWN_Z: list[Edit] = [("self.disc(self.gen(z).detach())", "self.disc(self.gen(torch.rand_like(z)).detach())")]
ITEM: list[Edit] = [(RETURN, "        return (real_loss + fake_loss).item()\n")]
NEGATIVE: list[Edit] = [(RETURN, "        return -(real_loss + fake_loss)\n")]
SATURATING = "-nn.BCEWithLogitsLoss()(self.disc(self.gen(z)), 0 * ones)"
SATURATING_NAIVE = "torch.log(1 - torch.sigmoid(self.disc(self.gen(z)))).mean()"
STEPS_LEFT_OUT: Edit = ("                        optimizer_g.step()\n", "                        pass\n")

PAIRS: dict[str, tuple[list[Edit], dict[str, float], list[str]]] = {
    "swapped, summed": (SWAPPED + SUMMED, {D: 0}, ["labels are swapped", "summed over the batch"]),
    "swapped, a number": (SWAPPED + ITEM, {D: 0}, ["labels are swapped", "return the tensor itself"]),
    "swapped, own latents": (
        [*SWAPPED[:1], (FAKE, "bce(self.disc(self.gen(torch.rand_like(z))), ones)")],
        {D: 0},
        ["labels are swapped", "drawn anew"],
    ),
    "summed, fakes cut off": (SUMMED + FAKES_CUT, {D: 0}, ["summed over the batch", "cut off from the discriminator"]),
    "summed, own latents": (SUMMED + OWN_Z, {D: 0}, ["summed over the batch", "drawn anew"]),
    "negative, fakes cut off": (NEGATIVE + FAKES_CUT, {D: 0}, ["The sign is wrong", "cut off from the discriminator"]),
    "summed, one image doubled": (
        SUMMED + ONE_IMAGE_DOUBLED,
        {D: 0, D_ONE: 0},
        ["summed over the batch", "For 1 real"],
    ),
    "own latents, unstable": (
        [NAIVE[0], (FAKE, "-torch.log(1 - torch.sigmoid(self.disc(self.gen(torch.rand_like(z))))).mean()")],
        {D: 0, D_SURE: 0},
        ["drawn anew", "the logarithm of 0 is infinite"],
    ),
    "negative, unstable": (
        [*NAIVE, *NEGATIVE],
        {D: 0, D_SURE: 0},
        ["The sign is wrong", "the logarithm of 0 is infinite"],
    ),
    "a number, unstable": ([*NAIVE, *ITEM], {D: 0, D_SURE: 0}, ["return the tensor itself", "Your loss is inf"]),
    "fakes cut off, one image doubled": (
        FAKES_CUT + ONE_IMAGE_DOUBLED,
        {D: 0, D_ONE: 0},
        ["cut off from the discriminator", "For 1 real"],
    ),
    "saturating, summed": (
        [(GENERATOR, '-nn.BCEWithLogitsLoss(reduction="sum")(self.disc(self.gen(z)), 0 * ones)')],
        {G: 0},
        ["follows Eq. 1 literally", "summed over the batch"],
    ),
    "saturating, detached": (
        [(GENERATOR, "-nn.BCEWithLogitsLoss()(self.disc(self.gen(z).detach()), 0 * ones)")],
        {G: 0},
        ["follows Eq. 1 literally", "No gradient reaches the generator"],
    ),
    "saturating, unstable": (
        [(GENERATOR, SATURATING_NAIVE)],
        {G: 0.5, G_SURE: 0},
        ["follows Eq. 1 literally", "the logarithm of 0 is infinite"],
    ),
    "saturating, one image squeezed away": (
        [(GENERATOR, "-nn.BCEWithLogitsLoss()(self.disc(self.gen(z)).squeeze(), 0 * ones[:, 0])")],
        {G: 0.5, G_ONE: 0},
        ["follows Eq. 1 literally", "squeeze() without a dimension"],
    ),
    "swapped, saturating": (
        [*SWAPPED, (GENERATOR, SATURATING)],
        {D: 0, G: 0.5},
        ["labels are swapped", "follows Eq. 1 literally"],
    ),
    "own latents, detached": (
        [*OWN_Z, (GENERATOR, "nn.BCEWithLogitsLoss()(self.disc(self.gen(z).detach()), ones)")],
        {D: 0, G: 0},
        ["drawn anew", "No gradient reaches the generator"],
    ),
}


@pytest.mark.parametrize(("edits", "charged", "told"), PAIRS.values(), ids=PAIRS)
def test_both_mistakes_are_charged_and_told(
    tmp_path: Path, edits: list[Edit], charged: dict[str, float], told: list[str]
):
    earned, said = graded(tmp_path, edits, ROWS)
    assert {row: credit for row, credit in earned.items() if credit < 1} == charged
    for text in told:
        assert text in said


@pytest.mark.parametrize(
    "loss",
    [
        ITEM,
        [(RETURN, "        return (real_loss + fake_loss).detach()\n")],
        [(RETURN, "        return real_loss + fake_loss * torch.ones(256, 1)[batch_size]\n")],
    ],
    ids=["a number", "a result that is cut off", "a loss that raises"],
)
def test_a_loss_without_gradient_hides_no_mistake_of_the_training(tmp_path: Path, loss: list[Edit]):
    """The loss is charged in 4.4, and the generator that never steps in 4.6, where another loss is in its place."""
    earned, said = graded(
        tmp_path,
        [*loss, STEPS_LEFT_OUT],
        (D, EPOCH),
    )
    assert earned == {D: 0, EPOCH: 0.5}
    assert "does not move the generator" in said


def graded(folder: Path, edits: list[Edit], rows: tuple[str, ...]) -> tuple[dict[str, float], str]:
    """What each row gives to the reference with these edits, and all that is said."""
    shutil.copytree(REFERENCE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("data"))
    module = folder / "hw5_gan.py"
    text = module.read_text("utf-8")
    for before, after in edits:
        assert before in text
        text = text.replace(before, after)
    module.write_text(text, "utf-8")
    submission = Submission(InProcess(folder, vocabulary.perform))
    earned, said = {}, []
    for row in rows:
        earned[row] = 1.0
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                functions((row,))[row](submission=submission)
        except Verdict as verdict:
            earned[row] = verdict.credit
            said.append(str(verdict))
    return earned, "\n".join(said)
