"""What is said of the grids that a GAN's training has left, from the PNG files on."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from grader.project import ROOT
from grader.tests.places import Grade
from grader.tests.trained import digits, grid, hand_in, locally
from tests.support.advice import digit_grid, image_grids
from tests.support.homework.figures import DIGITS
from tests.support.observed import artifacts

NOISE = np.random.default_rng(0).integers(0, 256, (64, 28, 28), dtype=np.uint8)
KINDS = {
    "blank": (np.full((64, 28, 28), 7, np.uint8), digit_grid.BLANK),
    "noise": (NOISE, digit_grid.NOISE),
    "one digit": (np.repeat(digits(1), 64, axis=0), digit_grid.COLLAPSED),
    "digits of the data": (digits(), digit_grid.REAL),
}


def drawn(images: np.ndarray) -> np.ndarray:
    """Digits as a right generator draws them: thicker than MNIST's box, and off their places."""
    rng = np.random.default_rng(0)
    thick = np.maximum(images, np.roll(images, 1, axis=(1, 2)))
    return np.stack([np.roll(one, rng.integers(-2, 3, 2), axis=(0, 1)) for one in thick])


def left(folder: Path, **grids: Image.Image | bytes) -> Path:
    """A hand-in with these images, `epoch_10=...` as test_10.png."""
    hand_in(folder)
    for name, content in grids.items():
        path = folder / f"test_{name.removeprefix('epoch_')}.png"
        path.write_bytes(content) if isinstance(content, bytes) else content.save(path)
    return folder


@pytest.mark.parametrize(("images", "word"), KINDS.values(), ids=KINDS)
def test_a_grid_of_no_use_is_told_what_it_is(tmp_path: Path, images: np.ndarray, word: str):
    observed = artifacts.image_grids(locally(left(tmp_path, epoch_90=grid(images))))
    assert np.array_equal(observed.digits[0], images)
    assert digit_grid.judge(observed.digits[0]).word == word
    advice = image_grids.judged(observed)
    assert (advice.credit, advice.measures) == (0.0, {})


def test_the_latest_epoch_is_judged_and_the_earlier_ones_are_mentioned(tmp_path: Path):
    grids = {"epoch_0": grid(NOISE), "epoch_90": grid(digits()), "epoch_100": grid(drawn(digits()))}
    advice = image_grids.advise(locally(left(tmp_path, **grids)))
    assert advice.text.startswith("test_100.png: These are recognisable digits")
    assert "test_0.png: noise, distance" in advice.text
    assert "test_90.png: real digits, distance" in advice.text
    assert advice.credit == 1
    assert list(advice.measures) == [image_grids.MEASURE]
    assert [picture.kind for picture in advice.pictures] == [DIGITS]


def test_digits_that_were_lost_again_earn_half(tmp_path: Path):
    grids = {"epoch_30": grid(drawn(digits())), "epoch_90": grid(NOISE)}
    assert image_grids.advise(locally(left(tmp_path, **grids))).credit == image_grids.EARLIER_CREDIT


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_every_mode_gives_the_same_digits(tmp_path: Path, mode: str):
    observed = artifacts.image_grids(locally(left(tmp_path, epoch_1=grid(digits()).convert("RGB").convert(mode))))
    assert np.array_equal(observed.digits[0], digits())


def test_only_the_grids_of_the_highest_epochs_are_looked_at(tmp_path: Path):
    grids = {f"epoch_{epoch}": grid(NOISE) for epoch in range(0, 150, 10)}
    assert artifacts.image_grids(locally(left(tmp_path, **grids))).epochs == list(range(30, 150, 10))


def as_png(image: Image.Image) -> bytes:
    """The bytes of a PNG file."""
    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()


BROKEN = {
    "empty": (b"", "cannot be opened as a PNG file"),
    "no image": (b"no image at all", "cannot be opened as a PNG file"),
    "cut off": (as_png(grid(NOISE))[:5000], "cannot be opened as a PNG file"),
    "another size": (as_png(Image.new("L", (224, 224))), "is not a grid of 8 x 8 images"),
    "a bomb": (as_png(Image.new("1", (20_000, 20_000))), "cannot be used|cannot be opened|is not a grid"),
    "too many bytes": (bytes(2 * 2**20), "has more bytes"),
}


@pytest.mark.parametrize(("content", "says"), BROKEN.values(), ids=BROKEN)
def test_a_broken_grid_is_named_and_the_others_are_judged(tmp_path: Path, content: bytes, says: str):
    broken = image_grids.advise(locally(left(tmp_path / "alone", epoch_90=content)))
    assert "test_90.png" in broken.text
    assert any(part in broken.text for part in says.split("|"))
    assert "Add the grids" in broken.text
    both = image_grids.advise(locally(left(tmp_path / "both", epoch_90=content, epoch_80=grid(drawn(digits())))))
    assert both.text.startswith("test_80.png: These are recognisable digits")
    assert "test_90.png" in both.text


def test_no_grid_opens_nothing(tmp_path: Path):
    submission = locally(hand_in(tmp_path))
    assert "Add the grids" in image_grids.advise(submission).text
    assert [key.split()[1] for key in submission._known._kept] == ["artifacts"]


def test_a_student_reads_the_advice_at_the_end_of_the_checks(tmp_path: Path):
    folder = left(tmp_path, epoch_90=grid(drawn(digits())))
    command = ["-m", "pytest", "-q", "tests/public/test_trained_models.py", "--submission", str(folder)]
    run = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "noticed, without points" in run.stdout
    assert "Question 4.6. test_90.png: These are recognisable digits" in run.stdout
    assert "Question 5.4" not in run.stdout  # of files that are not there nothing is said


def test_the_runner_gives_the_same_advice(grade: Grade, tmp_path: Path):
    outcome = grade(left(tmp_path / "homework", epoch_90=grid(drawn(digits())))).outcomes["the_generated_digits"]
    assert "These are recognisable digits" in outcome.output
