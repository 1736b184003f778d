"""Bad input is answered clearly, and costs nothing but what it touches: one row of the table for each kind."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from grader.project import REFERENCE
from grader.tests.places import Grade
from tests.support.status import NO_FAULT, Status

GAN = ("4.1", "4.2", "4.3", "4.4", "4.5", "4.6")
DIFFUSION = ("5.1", "5.2", "5.3")
LOSS, SAMPLER = ("5.2",), ("5.3",)
LOSS_VALUE = (
    "denoising_loss_is_a_differentiable_scalar",
    "denoising_loss_of_one_point_matches_the_hand_computed_case",
    "denoising_loss_has_the_exact_value",
)

LOSS_VALUE_ONCE = (LOSS_VALUE[0], LOSS_VALUE[2])
"""What is wrong in the same way for one point is charged once."""

Edit = Callable[[Path], Path | None]


@dataclass(frozen=True)
class Bad:
    """One kind of bad input.

    `edit` changes a folder with the reference's files, and may return what is handed in instead of the folder. The
    checks that `affected` names, or whose questions it names, end with `status`, and a student reads `says` (a
    pattern) in each of them.
    """

    kind: str
    edit: Edit
    affected: tuple[str, ...]
    status: str
    says: str


def append(module: str, code: str) -> Edit:
    """Put code at the end of a module."""

    def edit(folder: Path) -> None:
        with (folder / f"{module}.py").open("a", encoding="utf-8") as file:
            file.write("\n\n" + code)

    return edit


def change(module: str, by: Callable[[bytes], bytes]) -> Edit:
    """Replace the bytes of a module."""

    def edit(folder: Path) -> None:
        path = folder / f"{module}.py"
        path.write_bytes(by(path.read_bytes()))

    return edit


def loss_that(code: str) -> Edit:
    """A denoising loss that does something else before it computes the right value, `loss`, and returns it."""
    return append(
        "hw5_diffusion",
        "_right = compute_denoising_loss\n"
        "def compute_denoising_loss(scorenet, training_data, sigmas):\n"
        "    loss = _right(scorenet, training_data, sigmas)\n"
        f"    {code}\n",
    )


def sampler_that(code: str) -> Edit:
    """A Langevin sampler that consists of one statement."""
    return append("hw5_diffusion", f"def langevin_dynamics_sample(*args, **named):\n    {code}\n")


def without(module: str) -> Edit:
    """Forget a module."""
    return lambda folder: (folder / f"{module}.py").unlink()


def renamed(module: str, name: str) -> Edit:
    """Hand a module in under another name."""

    def edit(folder: Path) -> None:
        (folder / f"{module}.py").rename(folder / name)

    return edit


def emptied(folder: Path) -> None:
    """Hand in nothing."""
    for path in folder.iterdir():
        path.unlink()


def as_text_file(folder: Path) -> Path:
    """Hand in a text in the place of a zip."""
    path = folder.parent / "homework.zip"
    path.write_text("I could not upload my homework, please see the attached e-mail.")
    return path


BAD = [
    Bad("missing file", without("hw5_gan"), GAN, "blocked", "hw5_gan.py is not among the submitted files"),
    Bad("empty file", change("hw5_gan", lambda _: b""), GAN, "not implemented", r"hw5_gan.py does not define \w+"),
    Bad(
        "syntax error",
        change("hw5_diffusion", lambda code: code.replace(b"import torch\n", b"import torch torch\n", 1)),
        DIFFUSION,
        "blocked",
        r"hw5_diffusion.py cannot be imported: SyntaxError \(hw5_diffusion.py, line \d+\)",
    ),
    Bad(
        "import error",
        change("hw5_gan", lambda code: b"from a_package_of_my_own import *\n" + code),
        GAN,
        "blocked",
        r"hw5_gan.py cannot be imported: ModuleNotFoundError \(hw5_gan.py, line 1\)",
    ),
    Bad(
        "import that never ends",
        change("hw5_diffusion", lambda code: b"while True: pass\n" + code),
        DIFFUSION,
        "timed out",
        r"hw5_diffusion.py was still running 5 s after it was imported",
    ),
    Bad("file of 50 MB", change("hw5_gan", lambda _: b"#" * (50 * 2**20)), GAN, "blocked", "hw5_gan.py has 50 MB"),
    Bad(
        "binary garbage",
        change("hw5_gan", lambda _: bytes(range(256)) * 40),
        GAN,
        "blocked",
        "hw5_gan.py cannot be imported: SyntaxError",
    ),
    Bad(
        "stub left in place",
        append("hw5_diffusion", "def compute_denoising_loss(*_):\n    raise NotImplementedError('5.2: your turn')\n"),
        LOSS,
        "not implemented",
        r"Not implemented yet: 5.2 \(hw5_diffusion.py, line \d+\)",
    ),
    Bad(
        "constructor that raises",
        append(
            "hw5_diffusion", "def _refuse(self, *_, **__):\n    raise ValueError('no')\nScoreNet.__init__ = _refuse\n"
        ),
        ("5.1",),
        "failed",
        r"Your code raised ValueError \(hw5_diffusion.py, line \d+\)",
    ),
    Bad("wrong return type", loss_that("return str(loss)"), LOSS_VALUE, "failed", "of type str|(?i:the loss is nan)"),
    Bad("NaN", loss_that("return loss * float('nan')"), LOSS_VALUE_ONCE, "failed", "(?i)the loss .*nan"),
    Bad("endless loop", sampler_that("while True: pass"), SAMPLER, "timed out", "did not finish (within|here twice)"),
    Bad(
        "10 GB of memory",
        loss_that("held = [b'x' * (100 * 2**20) for _ in range(100)]"),
        LOSS,
        "out of memory",
        "used more than 2.0 GiB of memory",
    ),
    Bad("os._exit", loss_that("import os; os._exit(0)"), LOSS, "crashed", "ended its own process"),
    Bad(
        "os._exit at import",
        append("hw5_gan", "import os\nos._exit(0)\n"),
        GAN,
        "crashed",
        "hw5_gan.py ended its own process while it was imported",
    ),
    Bad(
        "wrong kind of file",
        renamed("hw5_gan", "hw5_gan (1).docx"),
        GAN,
        "blocked",
        r"hw5_gan.py is not among the submitted files; there is 'hw5_gan \(1\).docx'. Submit it as a Python file",
    ),
    Bad("empty folder", emptied, GAN + DIFFUSION, "blocked", "is not among the submitted files"),
    Bad("not a zip", as_text_file, GAN + DIFFUSION, "blocked", "is not a zip archive that can be opened"),
]


def handed_in(folder: Path) -> Path:
    """A folder with the reference's two files."""
    folder.mkdir()
    for name in ("hw5_gan.py", "hw5_diffusion.py"):
        shutil.copy(REFERENCE / name, folder / name)
    return folder


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.kind)
def test_bad_input_is_answered_and_everything_else_is_graded(grade: Grade, tmp_path: Path, bad: Bad):
    folder = handed_in(tmp_path / "handed in")
    results = grade(bad.edit(folder) or folder)
    assert results.staff == []
    for row in results.rows:
        outcome = results.outcomes[row.name]
        if outcome.status == Status.ADVICE:
            assert "Add " in outcome.output or "could not be" in outcome.output
        elif {row.number, row.name} & {*bad.affected}:
            assert (row.name, outcome.status) == (row.name, bad.status)
            assert re.search(bad.says, outcome.output), f"{row.name}: {outcome.output}"
            assert str(tmp_path) not in outcome.output
            assert "Traceback" not in outcome.output
        else:
            right = Status.BY_HAND if row.number == "5.4" else Status.PASSED
            assert (row.name, outcome.status, outcome.output) == (row.name, right, outcome.output)
    unaffected = [row.points for row in results.rows if not {row.number, row.name} & {*bad.affected}]
    assert results.score == pytest.approx(sum(unaffected))


def nested(folder: Path) -> None:
    """Put the files two folders down, beside what other systems add to an archive."""
    deep = folder / "Homework 5" / "code"
    deep.mkdir(parents=True)
    for path in folder.glob("*.py"):
        path.rename(deep / path.name)
    (folder / "__MACOSX" / "Homework 5").mkdir(parents=True)
    for name in ("hw5_gan.py", "._hw5_gan.py", "._hw5_diffusion.py"):
        (folder / "__MACOSX" / "Homework 5" / name).write_bytes(b"\x00\x05\x16\x07")
    (folder / ".DS_Store").write_bytes(os.urandom(64))


def as_typed_elsewhere(folder: Path) -> None:
    """Another editor's marks: CRLF line ends, a byte order mark, tabs."""
    for path in folder.glob("*.py"):
        code = path.read_bytes().replace(b"    ", b"\t").replace(b"\n", b"\r\n")
        path.write_bytes(b"\xef\xbb\xbf" + code)


def from_the_older_release(folder: Path) -> None:
    """The helper by its older name, with a copy of it that does not work any more."""
    for path in folder.glob("*.py"):
        path.write_text(path.read_text(encoding="utf-8").replace("hw5_utils", "hw3_utils"), encoding="utf-8")
    (folder / "hw3_utils.py").write_text("raise ImportError('an old copy')\n")


HEAVY = (
    "import time\n_start = time.monotonic()\nwhile time.monotonic() < _start + 2:\n    torch.randn(99, 99).inverse()\n"
)
PRINTING = "for _ in range(100):\n    print('a line of many ' * 2**16)\n"


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(nested, id="nested folder and __MACOSX"),
        pytest.param(as_typed_elsewhere, id="CRLF, BOM and tabs"),
        pytest.param(from_the_older_release, id="hw3_utils"),
        pytest.param(append("hw5_diffusion", HEAVY), id="heavy work at import"),
        pytest.param(append("hw5_gan", PRINTING), id="100 MB of printing"),
    ],
)
def test_unusual_input_that_is_right_earns_full_marks(grade: Grade, tmp_path: Path, edit: Edit):
    folder = handed_in(tmp_path / "handed in")
    edit(folder)
    results = grade(folder)
    assert {name: one.output for name, one in results.outcomes.items() if one.status not in NO_FAULT} == {}
    assert results.score == results.possible
