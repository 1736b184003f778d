"""What is said of a hand-in that the grader met half way, and of errors whose cause is not in the homework.

A remark has a name, sent by the process in which the student's code runs, and a sentence, which stands here: no word
of that process is shown. A name may have one subject after a colon, a library.
"""

from __future__ import annotations

import re
import sys

from tests.support.homework.assignment import HELPERS
from tests.support.observations import (
    COLAB_FOLDER,
    EAGER,
    ENCODING,
    IS_A_NOTEBOOK,
    LONGEST_SUBJECT,
    NO_WORKERS,
    NOT_SHOWN,
    NOTEBOOK_LINES,
    STAND_IN,
)

EXPORT = (
    "A notebook is not graded. Export it as a Python file (File > Save and Export Notebook As > Executable Script; in "
    "Colab: File > Download > Download .py; or `jupyter nbconvert --to script`) and hand that in."
)

_SENTENCES = {
    ENCODING: (
        "A file of yours is not saved as UTF-8. It was read all the same. Choose UTF-8 where your editor saves a file."
    ),
    NOTEBOOK_LINES: (
        "A file of yours has lines that only a notebook understands, such as %matplotlib or !pip. They were left out: "
        "Python cannot run them. Delete them."
    ),
    NOT_SHOWN: "{} only shows or records things. Where your code is graded it does nothing.",
    STAND_IN: (
        "{} is not installed where your code is graded, and the homework does not need it. Everything that does not "
        'use it was graded. Move its use under `if __name__ == "__main__":`.'
    ),
    EAGER: "torch.compile needs a compiler, and there is none where your code is graded. Your code ran without it.",
    NO_WORKERS: "Worker processes cannot be had where your code is graded. They were replaced: num_workers was 0.",
    COLAB_FOLDER: "There is no Google Drive where your code is graded: os.chdir to a folder of it was left out.",
}
MOST_REMARKS = 20
"""Of one module."""
_NAME = re.compile(rf"([a-z_]{{1,20}})(?::([A-Za-z_][A-Za-z0-9_.]{{0,{LONGEST_SUBJECT - 1}}}))?")


def sentence(remark: str, quote: bool) -> str:
    """A remark's sentence; nothing for a name that is not known. Without `quote` its subject is not named."""
    found = _NAME.fullmatch(remark)
    if found is None or found[1] not in _SENTENCES:
        return ""
    subject = found[2] if quote and found[2] else "A library"
    return _SENTENCES[found[1]].format(subject)


_PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
_NO_GPU = re.compile(
    "Found no NVIDIA|not compiled with CUDA|No CUDA GPUs|CUDA driver|CUDA device but torch.cuda.is_available"
    "|not linked with support for (?:mps|cuda|xpu|hip)|without XPU|MPS backend|MPS device|mps device"
    "|accelerator device when none|No HIP GPUs|invalid device ordinal|no CUDA-capable|not compiled with MPS"
    "|XPU device|No XPU|torch.cuda.is_available\\(\\) is False",
    re.IGNORECASE,
)
_NO_MODULE = re.compile(r"No module named '([^']*)'")
_OF_HELPER = re.compile(
    rf"cannot import name '(?P<name>\w+)' from '(?:{'|'.join(HELPERS)})'"
    rf"|module '(?:{'|'.join(HELPERS)})' has no attribute '(?P<attribute>\w+)'"
)
_SYNTAX = ("SyntaxError", "IndentationError", "TabError")


def is_of_no_gpu(message: str) -> bool:
    """Whether torch's words are that there is no GPU: they speak of the student's own computer, which may have one."""
    return _NO_GPU.search(message) is not None


def explanation(exception: str, message: str, module: str, quote: bool = True) -> str:
    """What an error means whose cause is where the code is graded, and what to do; nothing for any other error.

    `exception` is the name of its type, `module` the file in which it was raised, without `.py`.
    """
    if exception in _SYNTAX:
        return _about_syntax(message)
    if IS_A_NOTEBOOK in message:
        return EXPORT
    if found := _OF_HELPER.search(message):
        name = f"`{found['name'] or found['attribute']}`" if quote else "A function of your own"
        return (
            f"{name} is not in the course's {HELPERS[0]}.py, and the graders use the course's own copy. Put functions "
            f"of your own into {module}.py, or into another file beside it that you hand in too."
        )
    if exception in ("ModuleNotFoundError", "ImportError") and (missing := _NO_MODULE.search(message)):
        return _about_library(missing[1], quote)
    if exception == "SystemExit" and message == "2":
        return (
            f"A parser of the command line refused its arguments. Your file is imported as by `python {module}.py`, "
            'without arguments: give each one a default, or parse them under `if __name__ == "__main__":`.'
        )
    if is_of_no_gpu(message):
        return (
            "This computer has no GPU. Choose the device with torch.cuda.is_available(), "
            'as in `"cuda" if torch.cuda.is_available() else "cpu"`, and move things with .to(device).'
        )
    return ""


def _about_syntax(message: str) -> str:
    told = f"It was read by Python {_PYTHON}: what only a later Python understands is an error here."
    if "null bytes" in message:
        return f"The file is not plain text in UTF-8: choose UTF-8 where your editor saves a file. {told}"
    if "unicode error" in message or "utf-8" in message:
        return f"The file is not saved as UTF-8: choose UTF-8 where your editor saves a file. {told}"
    return told


def _about_library(name: str, quote: bool) -> str:
    subject = f"`{name.partition('.')[0]}`" if quote and _NAME.fullmatch(f"x:{name}") else "It"
    return (
        f"{subject} is not there where your code is graded. If it is a file or a folder of your own, hand it in beside "
        "your file. If it is a library: the homework needs none but torch, torchvision, numpy, matplotlib, cv2, PIL "
        'and tqdm. Delete the line, or move it and what uses it under `if __name__ == "__main__":`.'
    )
