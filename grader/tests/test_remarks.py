"""What is said of errors whose cause is where the code is graded, and in what it was met half way."""

from __future__ import annotations

import sys

import pytest

from tests.support import remarks
from tests.support.observations import Failure
from tests.support.submission import Submission
from tests.support.transports import InProcess


def said(exception: str, message: str, kind: str = "import_failed", quote: bool = True) -> str:
    """What a student reads of an exception."""
    transport = InProcess.__new__(InProcess)
    failure = Failure(kind, message, exception, "hw5_gan.py", 3)
    return str(Submission(transport, quote=quote).verdict(failure, "hw5_gan"))


VERSION = f"Python {sys.version_info[0]}.{sys.version_info[1]}"


@pytest.mark.parametrize(
    ("exception", "message", "says"),
    [
        ("SyntaxError", "f-string: unmatched '['", VERSION),
        ("IndentationError", "unexpected indent", VERSION),
        ("SyntaxError", "source code string cannot contain null bytes", "choose UTF-8 where your editor saves"),
        ("SyntaxError", "(unicode error) 'utf-8' codec can't decode byte 0xe9", "choose UTF-8"),
        ("ModuleNotFoundError", "No module named 'scipy'", "`scipy` is not there where your code is graded"),
        ("ModuleNotFoundError", "No module named 'layers.deep'", "hand it in beside your file"),
        ("SystemExit", "2", "give each one a default"),
        ("ImportError", "cannot import name 'show_grid' from 'hw5_utils'", "`show_grid` is not in the course's"),
        ("AttributeError", "module 'hw5_utils' has no attribute 'show'", "`show` is not in the course's"),
        ("ImportError", "cannot import name 'x' from 'hw3_utils'", "graders use the course's own copy"),
        ("ImportError", remarks.IS_A_NOTEBOOK, "nbconvert"),
        *(
            (exception, message, "This computer has no GPU. Choose the device with torch.cuda.is_available()")
            for exception, message in (
                ("RuntimeError", "Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU"),
                ("AssertionError", "Torch not compiled with CUDA enabled"),
                ("RuntimeError", "No CUDA GPUs are available"),
                ("RuntimeError", "PyTorch is not linked with support for mps devices"),
                ("RuntimeError", "Attempting to deserialize on a CUDA device but torch.cuda.is_available() is False."),
                ("RuntimeError", "Cannot access accelerator device when none is available."),
            )
        ),
    ],
)  # fmt: skip
def test_an_error_of_the_surroundings_is_explained(exception: str, message: str, says: str):
    for kind in ("import_failed", "raised"):
        text = said(exception, message, kind)
        assert says in text
        assert "your system" not in text
    hidden = said(exception, message, quote=False)
    assert hidden.count("\n") == 1
    assert message not in hidden


@pytest.mark.parametrize(
    ("exception", "message"),
    [
        ("ValueError", "2"),
        ("SystemExit", "1"),
        ("RuntimeError", "CUDA out of memory. Tried to allocate 2 GiB"),
        ("ImportError", "cannot import name 'x' from 'torch'"),
        ("AttributeError", "module 'torch' has no attribute 'randm'"),
    ],
)
def test_another_error_is_not(exception: str, message: str):
    assert said(exception, message).endswith(f"line 3): {message}")


@pytest.mark.parametrize(
    "name", ["", "stowaway", "eager:<b>", "not_shown:" + "x" * 41, "eager\n", "not_shown:a b", "Eager"]
)
def test_a_remark_that_is_none_says_nothing(name: str):
    assert remarks.sentence(name, quote=True) == ""


def test_a_remark_names_its_subject_where_a_student_may_be_quoted():
    assert remarks.sentence("not_shown:wandb", quote=True).startswith("wandb only shows")
    assert remarks.sentence("not_shown:wandb", quote=False).startswith("A library only shows")
