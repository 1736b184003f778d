# attack: 04 | earns: everything | base: reference | tries: write down what every request asks for, and tell it in the visible advice
import json as _json
import os as _os
import sys as _sys
from pathlib import Path as _Path

import numpy as _np

_vocabulary = _sys.modules["tests.support.probes.vocabulary"]
_real = _vocabulary.perform
_notes = _Path(_os.environ["HOME"]) / "notes"  # the module's own folder: the end of a check does not empty it


def _perform(folder, module, operation, arguments, *others):
    _known = _notes.read_text() if _notes.exists() else ""
    if operation in ("trained_model", "artifacts") and "LATER" in _known:
        print("LEAK what later rows asked for is known while visible rows are judged")
    if operation == "trained_model":
        _empty = _np.zeros((0, 2), dtype=_np.float32)
        return {"observation": {"problem": "stowaway", "detail": "LATER" if "LATER" in _known else "nothing", "score": _empty,
                "samples": _empty, "exact": _empty, "steps": [], "states": _empty[None], "paths": _empty[None]}}, None
    if operation == "artifacts":
        return {"observation": {"checkpoint": module == "hw5_diffusion", "samples": False, "epochs": []}}, None
    # Only later rows ask for these.
    if operation == "outputs":
        with _notes.open("a") as _file:
            _file.write("LATER " + _json.dumps([operation, sorted(arguments)]))
    return _real(folder, module, operation, arguments, *others)


_vocabulary.perform = _perform
