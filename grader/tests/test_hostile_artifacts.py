"""What was trained may be hostile too: it runs nothing, costs no honest point, and harms nobody (attacks 14 and 21)."""

from __future__ import annotations

import io
import os
import pickle
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from grader.project import REFERENCE
from grader.tests.arena import MARK, Arena
from grader.tests.test_hostile_archives import entry
from grader.tests.trained import digits, grid, hand_in, locally, state
from tests.support.advice import image_grids, trained_model

# One worker for all: they share a listening port and the canaries.
pytestmark = pytest.mark.xdist_group("attacks")

MODEL, IMAGES = "the_trained_score_network", "the_generated_digits"
GIB = 2**30


class Bomb:
    """Speaks up when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        """Print the mark."""
        return print, (MARK,)


def npz(array: bytes) -> bytes:
    """An archive with these bytes as its array `points`, well compressed."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("points.npy", array)
    return content.getvalue()


def npy(shape: tuple[int, ...], kind: str = "<f8", body: bytes = b"") -> bytes:
    """The bytes of an .npy file that promises this shape."""
    content = io.BytesIO()
    np.lib.format.write_array_header_1_0(content, {"descr": kind, "fortran_order": False, "shape": shape})
    return content.getvalue() + body


def saved(value: object) -> bytes:
    """What torch.save makes of a value."""
    content = io.BytesIO()
    torch.save(value, content)
    return content.getvalue()


def inflated() -> bytes:
    """A checkpoint of 100 MB that compression makes small."""
    content = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(saved({"net.0.weight": torch.zeros(25_000_000)}))) as plain,
        zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as small,
    ):
        for one in plain.infolist():
            small.writestr(one.filename, plain.read(one))
    return content.getvalue()


CHECKPOINTS = {
    "pickled bomb": (pickle.dumps(Bomb()), "cannot be opened|holds Python objects"),
    "saved bomb": (saved(Bomb()), "holds Python objects"),
    "bomb among the parameters": (saved(state() | {"net.0.bias": Bomb()}), "holds Python objects"),
    "of an older protocol": (b"cposix\nsystem\n(S'echo stowaway'\ntR.", "cannot be opened|holds Python objects"),
    "inflated": (inflated(), "larger than a network"),
    "endless by its strides": (
        saved({name: torch.zeros(1).expand(tensor.shape) for name, tensor in state().items()}),
        "does not spell",
    ),
    "as large as no memory": (saved({"net.0.weight": torch.zeros(1).expand(2**40)}), "another network"),
    "deeply nested": (b"\x80\x02" + b"](" * 100_000 + b".", "cannot be opened"),
}


@pytest.mark.parametrize(("content", "says"), CHECKPOINTS.values(), ids=CHECKPOINTS)
def test_a_hostile_checkpoint_runs_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], content: bytes, says: str
):
    advice = trained_model.advise(locally(hand_in(tmp_path, "", content)))
    assert any(part in advice.text for part in says.split("|")), advice.text
    assert advice.credit == 0
    assert MARK not in capfd.readouterr().out


SAMPLES = {
    "pickled bomb": pickle.dumps(Bomb()),
    "array of bombs": npz(npy((1, 2), "|O", pickle.dumps([Bomb()]))),
    "inflated": npz(npy((2**26, 2), body=bytes(2**27))),
    "promises without end": npz(npy((10**15, 2))),
    "promises more than there is": npz(npy((10**6, 2), body=bytes(160))),
    "of no length": npz(npy((0, 2))),
    "no array": npz(b"nothing"),
    "endless header": npz(b"\x93NUMPY\x02\x00\xff\xff\xff\x03" + b"(" * 2**26),
}


@pytest.mark.parametrize("content", SAMPLES.values(), ids=SAMPLES)
def test_hostile_samples_run_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str], content: bytes):
    (hand_in(tmp_path) / "samples.npz").write_bytes(content)
    advice = trained_model.advise(locally(tmp_path))
    assert "samples.npz could not be judged" in advice.text
    assert advice.credit == 0
    assert MARK not in capfd.readouterr().out


def png(size: tuple[int, int]) -> bytes:
    """A PNG file of one colour."""
    content = io.BytesIO()
    Image.new("1", size).save(content, "PNG")
    return content.getvalue()


FILES = {
    "model.ckpt": pickle.dumps(Bomb()),
    "samples.npz": npz(npy((1, 2), "|O", pickle.dumps([Bomb()]))),
    "test_100.png": png((30_000, 30_000)),
    "test_90.png": pickle.dumps(Bomb()),
}


def test_bombs_in_a_folder_cost_nothing_and_run_nothing(arena: Arena, tmp_path: Path):
    folder = hand_in(tmp_path / "handed in")
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    results, document = arena.grade(folder, tmp_path / "out")
    assert document["score"] == results.possible
    assert results.staff == []
    assert MARK not in str(results.facts["printed"])
    assert "model.ckpt could not be judged" in results.outcomes[MODEL].output
    assert "samples.npz could not be judged" in results.outcomes[MODEL].output
    assert "test_90.png cannot be opened" in results.outcomes[IMAGES].output


def test_links_and_giants_are_left_out_of_a_folder(arena: Arena, tmp_path: Path):
    folder = hand_in(tmp_path / "handed in")
    secret = tmp_path / "secret.npz"
    np.savez(secret, points=np.zeros((10, 2)))
    (folder / "samples.npz").symlink_to(secret)
    os.mkfifo(folder / "test_10.png")
    with (folder / "model.ckpt").open("wb") as giant:
        giant.truncate(3 * GIB)
    results, document = arena.grade(folder, tmp_path / "out")
    assert document["score"] == results.possible
    assert results.staff == []
    assert "Neither model.ckpt nor samples.npz was handed in" in results.outcomes[MODEL].output
    assert "model.ckpt has 3072 MB; it may have 8 MB. It was left out." in document["extra_data"]["notes"]


def test_hostile_artifacts_in_a_zip_leave_the_sources_and_the_honest_ones(arena: Arena, tmp_path: Path):
    archive = tmp_path / "homework.zip"
    picture = io.BytesIO()
    grid(digits()).save(picture, "PNG")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in ("hw5_gan.py", "hw5_diffusion.py"):
            packed.write(REFERENCE / name, f"me/{name}")
        packed.writestr(entry("me/model.ckpt", stat.S_IFLNK), str(REFERENCE / "hw5_gan.py"))
        packed.writestr("me/samples.npz", bytes(64 * 2**20))
        packed.writestr("../test_200.png", MARK)
        for epoch in range(300, 500):
            packed.writestr(f"me/{epoch}/test_{epoch}.png", bytes(2**20))
        packed.writestr("me/test_9990.png", picture.getvalue())
    results, document = arena.grade(archive, tmp_path / "out")
    assert document["score"] == results.possible
    assert results.staff == []
    assert "Neither model.ckpt nor samples.npz was handed in" in results.outcomes[MODEL].output
    assert "samples.npz has more than 16 MB; it may have 16 MB. It was left out." in document["extra_data"]["notes"]
    assert "test_9990.png: These look like digits of the data set" in results.outcomes[IMAGES].output


def test_a_damaged_artifact_in_a_zip_does_not_cost_the_sources(arena: Arena, tmp_path: Path):
    archive = tmp_path / "homework.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        packed.writestr("model.ckpt", b"weights446")
        for name in ("hw5_gan.py", "hw5_diffusion.py"):
            packed.write(REFERENCE / name, name)
    archive.write_bytes(archive.read_bytes().replace(b"weights446", b"weights447"))
    results, document = arena.grade(archive, tmp_path / "out")
    assert document["score"] == results.possible
    assert "Neither model.ckpt nor samples.npz was handed in" in results.outcomes[MODEL].output


def test_image_advice_survives_any_number_of_grids(tmp_path: Path):
    folder = hand_in(tmp_path)
    for epoch in range(1000):
        (folder / f"test_{epoch}.png").write_bytes(b"")
    assert image_grids.advise(locally(folder)).text.count("cannot be opened") == 12
