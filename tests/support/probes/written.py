"""Probes of Problems 1 to 3: a student's functions are called, and what they return becomes float64 arrays.

Nothing here needs torch: only a student's own tensors are read with it, if their file has imported it.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

LARGEST = 100_000
"""Numbers of one returned value that are looked at."""
EMPTY = np.zeros(0)


class NoNumbers(Exception):
    """A returned value that holds no real numbers; the text says what it is, in words of ours."""


def numbers(value: Any) -> np.ndarray:
    """A value as a plain float64 array of its own shape; raises `NoNumbers`."""
    plain = _without_tensors(value)
    try:
        array = np.asarray(plain)
        if array.dtype.kind == "c":
            raise NoNumbers("complex numbers")
        if array.dtype.kind not in "biufO":
            raise NoNumbers("no numbers")
        array = np.array(array, dtype=np.float64)
    except (TypeError, ValueError):
        raise NoNumbers("no array of numbers") from None
    if array.size > LARGEST:
        raise NoNumbers(f"more than {LARGEST:,} numbers")
    return array


def _without_tensors(value: Any) -> Any:
    if value is None:
        raise NoNumbers("None")
    if isinstance(value, str | bytes):
        raise NoNumbers("a string")
    if isinstance(value, dict | set | frozenset):
        raise NoNumbers("no array of numbers")
    if isinstance(value, list | tuple):
        return [_without_tensors(one) for one in value]
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        if value.is_complex():
            raise NoNumbers("complex numbers")
        return value.detach().cpu().double().numpy()
    return value


def _returned(value: Any, pair: bool) -> dict[str, Any]:
    """What a function returned: the arrays in it, one or two, or in words why there are none."""
    if pair and value is not None:
        try:
            first, second = value
        except (TypeError, ValueError):
            return {"parts": [EMPTY, EMPTY], "problem": "no pair"}
        values = [first, second]
    else:
        values = [value] * (2 if pair else 1)
    try:
        return {"parts": [numbers(one) for one in values], "problem": ""}
    except NoNumbers as error:
        return {"parts": [EMPTY for _ in values], "problem": str(error)}


def _changed(before: list[Any], after: list[Any]) -> bool:
    pairs = zip(before, after, strict=True)
    return any(isinstance(one, np.ndarray) and one.tobytes() != other.tobytes() for one, other in pairs)


def evaluations(module: ModuleType, arguments: dict[str, Any]) -> dict[str, Any]:
    """The function called `function` on each list of arguments in `cases`, twice, each time with copies of its own.

    Arguments are passed by position; `pair` is whether two values are to be returned. `steady` tells whether both
    calls gave the same.
    """
    function = getattr(module, arguments["function"])
    calls = []
    for case in arguments["cases"]:
        given = [copy.deepcopy(case), copy.deepcopy(case)]
        first, second = (_returned(function(*one), arguments["pair"]) for one in given)
        same = all(
            np.array_equal(one, other, equal_nan=True)
            for one, other in zip(first["parts"], second["parts"], strict=True)
        )
        calls.append({**first, "changed": _changed(case, given[0]), "steady": same})
    return {"calls": calls}


def elbo(module: ModuleType, arguments: dict[str, Any]) -> dict[str, Any]:
    """The student's estimate from paths `from_q` and `from_p` `(n, T, d)` and two log densities.

    A log density is `offset - sum(weight * (path - centre)^2) + slope . x_0`, with parameters of its own in
    `log_p` and `log_q`; it takes any paths, or a single one.
    """
    function = module.elbo
    x_0 = np.array(arguments["x_0"])

    def density(of: dict[str, Any]) -> Callable[[Any, Any], Any]:
        def log_density(at: Any, paths: Any) -> Any:
            at, paths = numbers(at), numbers(paths)
            powers = np.asarray(of["weight"]) * (paths - np.asarray(of["centre"])) ** 2
            return of["offset"] - powers.sum(axis=(-2, -1)) + at.reshape(-1) @ np.asarray(of["slope"])

        return log_density

    def sample_q(at: Any) -> np.ndarray:
        """The paths of q given x_0; given another point, they lie elsewhere."""
        try:
            return np.array(arguments["from_q"]) + (numbers(at).reshape(-1) - x_0)
        except NoNumbers as error:
            raise TypeError(f"sample_q was given {error}, not x_0") from None

    given = [
        x_0.copy(),
        sample_q,
        lambda *_: np.array(arguments["from_p"]),
        density(arguments["log_p"]),
        density(arguments["log_q"]),
    ]
    returned = _returned(function(*given), False)
    return {"calls": [{**returned, "changed": _changed([x_0], given[:1]), "steady": True}]}


def answers(module: ModuleType, arguments: dict[str, Any]) -> dict[str, Any]:
    """What stands in `ANSWERS` under each key, as a word; and which `REASONS` are given.

    A word is "True", "False", "1", "0", "none", "missing" or "other". The entries are read as the dictionary itself
    keeps them, once, whatever its class answers.
    """
    given, reasons = module.ANSWERS, getattr(module, "REASONS", None)
    entries = _entries(given)
    said = _entries(reasons) or {}
    return {
        "is_dictionary": entries is not None,
        "words": [_word((entries or {}).get(key, "")) if key in (entries or {}) else "missing"
                  for key in arguments["keys"]],
        "reasons": [type(said.get(key)) is str and bool(said[key].strip()) for key in arguments["keys"]],
    }  # fmt: skip


def _entries(given: Any) -> dict[str, Any] | None:
    """The entries of a dictionary by their keys as text: "2.2", and 2.2 as a number too."""
    if not isinstance(given, dict):
        return None
    return {str(key): value for key, value in dict.items(given) if type(key) in (str, float)}


def _word(value: Any) -> str:
    kind = type(value)
    if kind is bool or kind is np.bool_:
        return "True" if value else "False"
    if value is None:
        return "none"
    plain_number = kind is int or kind is float or (issubclass(kind, np.number) and kind.__module__ == "numpy")
    if plain_number and value in (0, 1):
        return "1" if value else "0"
    return "other"


OPERATIONS = {"evaluations": evaluations, "elbo": elbo, "answers": answers}
