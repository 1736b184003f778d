"""The closed vocabulary of observations: the only code that runs beside a student's.

A probe calls the student's code on given inputs and reports what happened as plain data: strings, integers, booleans,
lists, dictionaries and numpy arrays. It knows no expected value and decides nothing.
"""

from __future__ import annotations

import importlib.util
import os
import random
import re
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

from tests.support.probes import artifacts as probe_artifacts
from tests.support.probes import diffusion as probe_diffusion
from tests.support.probes import gan as probe_gan
from tests.support.probes import networks as probe_networks
from tests.support.probes import training as probe_training
from tests.support.probes import written as probe_written

OPERATIONS = {
    **probe_networks.OPERATIONS,
    **probe_gan.OPERATIONS,
    **probe_diffusion.OPERATIONS,
    **probe_training.OPERATIONS,
    **probe_artifacts.OPERATIONS,
    **probe_written.OPERATIONS,
}

_QUESTION = re.compile(r"\b\d\.\d\b")
_PLACE = re.compile(r" \((?:unknown location|/[^()\n]*)\)")
_NO_PACKAGE, _PACKAGE = "no known parent package", "handed_in"
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,16}\b")
_LONGEST_MESSAGE = 500

_loaded: dict[tuple[Path, str], ModuleType | BaseException] = {}
_interrupted: dict[tuple[Path, str], BaseException] = {}


class StillRunning(BaseException):
    """The import of a file did not end in its time; `line` of that file is the statement at its top level."""

    def __init__(self, file: str, line: int) -> None:
        super().__init__()
        self.file, self.line = file, line


def load(folder: Path, name: str, defines: Sequence[str], helpers: Sequence[str]) -> ModuleType:
    """Import one of the student's files, once; the first of the course's `helpers` that is there goes by all names.

    Raises whatever the import raises, each time the same; FileNotFoundError when the file is not there. A file that
    raises when all that it `defines` is there (training without a main guard, a figure that cannot be shown) will do.
    """
    key = (folder, name)
    if key not in _loaded:
        try:
            _loaded[key] = _import(folder, name, helpers)
        except BaseException as error:  # a student's file may raise anything, SystemExit included
            if not interrupt(folder, name, defines, error):
                _loaded[key] = error
    module = _loaded[key]
    if isinstance(module, BaseException):
        raise module
    return module


def interrupt(folder: Path, name: str, defines: Sequence[str], error: BaseException) -> bool:
    """Let a file that has not ended its import be as it is now; False when it does not define everything yet."""
    if not is_complete(name, defines):
        return False
    _loaded[folder, name], _interrupted[folder, name] = sys.modules[name], error
    return True


def is_complete(name: str, defines: Sequence[str]) -> bool:
    """Whether a file that is being imported, or has been, defines everything by now."""
    so_far = sys.modules.get(name)
    return so_far is not None and all(hasattr(so_far, one) for one in defines)


def forget(folder: Path, name: str) -> None:
    """Forget how the import of a file ended: the next `load` imports it again."""
    for known in (_loaded, _interrupted):
        known.pop((folder, name), None)
    sys.modules.pop(name, None)


@contextmanager
def _as_script(name: str) -> Iterator[None]:
    """Let a file see the command line of `python NAME.py`."""
    own = sys.argv
    sys.argv = [f"{name}.py"]
    try:
        yield
    finally:
        sys.argv = own


def _import(folder: Path, name: str, helpers: Sequence[str]) -> ModuleType:
    path = folder / f"{name}.py"
    if not path.is_file():
        raise FileNotFoundError(f"{name}.py")
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    helper = next((one for one in helpers if (folder / f"{one}.py").is_file()), None)
    if helper is not None:
        for alias in helpers:
            sys.modules.setdefault(alias, importlib.import_module(helper))
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    with _as_script(name):
        try:
            spec.loader.exec_module(module)
        except ImportError as error:
            if _NO_PACKAGE not in str(error):
                raise
            # It is written as a part of a package: the folder is one.
            package = sys.modules.setdefault(_PACKAGE, ModuleType(_PACKAGE))
            package.__path__ = [str(folder)]
            module.__package__ = _PACKAGE
            spec.loader.exec_module(module)
    return module


def perform(
    folder: Path,
    module_name: str,
    operation: str,
    arguments: dict[str, Any],
    defines: Sequence[str],
    helpers: Sequence[str],
) -> tuple[dict[str, Any], BaseException | None]:
    """Perform one operation on a module that is loaded as in `load`: `{"observation": ...}`, or `{"failure": ...}`.

    The exception stands beside a failure.

    `{"interrupted": ...}` stands beside an observation when the file had raised at the end of its import.

    `arguments["seed"]` seeds torch, numpy and random, so that an observation does not depend on those before it.
    """
    try:
        module = load(folder, module_name, defines, helpers)
    except BaseException as error:
        kind = "missing" if isinstance(error, FileNotFoundError) and not error.errno else "import_failed"
        return {"failure": describe(error, folder, kind)}, error
    try:
        seed_everything(arguments.get("seed", 0))
        torch.set_grad_enabled(True)
        torch.set_default_dtype(torch.float32)  # main passes float32, whatever another file asked for
        with _as_script(module_name), torch.inference_mode(False):  # whatever an import left switched on
            answer = {"observation": OPERATIONS[operation](module, arguments)}
        interrupted = _interrupted.get((folder, module_name))
        if interrupted is not None:
            answer["interrupted"] = describe(interrupted, folder, "raised")
        return answer, None
    except BaseException as error:  # SystemExit, pytest's Skipped and the like end a check, not the grading
        failure = describe(error, folder, "raised")
        if isinstance(error, AttributeError) and error.obj is module:
            failure |= {"kind": "undefined", "message": str(error.name)}
        return {"failure": failure}, error


def seed_everything(seed: int) -> None:
    """Seed the three generators that students use."""
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)


def describe(error: BaseException, folder: Path, kind: str) -> dict[str, Any]:
    """An exception as plain data: its type, its first lines, and the last place in the student's own files."""
    text = _without_places(_text_of(error), folder)
    file, line = "", 0
    if isinstance(error, StillRunning):
        kind, file, line = "still_running", error.file, error.line
    elif isinstance(error, SyntaxError) and error.filename and kind == "import_failed":
        file, line = os.path.basename(error.filename), error.lineno or 0
        text = error.msg or text
    else:
        for frame in traceback.extract_tb(error.__traceback__):
            if Path(frame.filename).parent == folder:
                file, line = os.path.basename(frame.filename), frame.lineno or 0
    if isinstance(error, NotImplementedError):
        kind = "not_implemented"
    found = _QUESTION.search(text) if kind == "not_implemented" else None
    return {
        "kind": kind,
        "exception": type(error).__name__,
        "message": text,
        "file": file,
        "line": line,
        "question": found.group() if found else "",
    }


def _without_places(text: str, folder: Path) -> str:
    """A text without what differs from one computer, and from one run, to the next: folders, addresses in memory."""
    text = _PLACE.sub("", text)
    for place in (folder, os.environ.get("HOME", "")):
        if len(str(place)) > 1:
            text = text.replace(f"{place}/", "").replace(str(place), "")
    return _ADDRESS.sub("0x...", text)


def _text_of(error: BaseException) -> str:
    try:
        return str(error)[:_LONGEST_MESSAGE]
    except Exception:  # a student's exception may fail to print itself
        return ""
