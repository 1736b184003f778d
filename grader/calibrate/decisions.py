"""What the random decisions were on correct submissions: observed in worker processes, kept in files that can grow."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import inspect
import io
import json
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from grader import rubric
from grader.project import KNOWN, REFERENCE, SUITES
from tests.support import laws
from tests.support.probes import vocabulary
from tests.support.submission import Submission
from tests.support.transports import InProcess
from tests.support.verdicts import Verdict

SUBMISSIONS: dict[str, list[str]] = json.loads((KNOWN / "styles" / "calibrated.json").read_text(encoding="utf-8"))
"""Correct submissions: each is the reference, and over it styles with other generators, loops and initialisations.

They take turns from seed to seed, so that no two observations share their random numbers.
"""
CHUNK = 50
"""Seeds that one file holds: some seconds of work."""


class Chunk(msgspec.Struct, forbid_unknown_fields=True):
    """The decisions of some seeds.

    `p` holds the p-values of each test ("check: test") at the first observation, `retried` those at the repeated one;
    `decisions` how many of both each seed met, `failures` what was said where a correct submission did not pass.
    """

    seeds: list[int]
    decisions: list[int]
    p: dict[str, list[float]]
    retried: dict[str, list[float]]
    failures: list[str]


class Store:
    """The chunks of one state of the suites, a file each; what is there is not observed again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)

    def chunks(self) -> list[Chunk]:
        """All chunks; a file that cannot be read is deleted, so that its seeds are missing again."""
        found = []
        for path in sorted(self.folder.glob("*.msgpack")):
            try:
                found.append(msgspec.msgpack.decode(path.read_bytes(), type=Chunk))
            except msgspec.DecodeError:
                path.unlink()
        return found

    def missing(self, n_seeds: int) -> list[list[int]]:
        """The seeds below `n_seeds` that were not observed yet, in portions of at most `CHUNK`."""
        known = {seed for chunk in self.chunks() for seed in chunk.seeds}
        seeds = [seed for seed in range(n_seeds) if seed not in known]
        return [seeds[k : k + CHUNK] for k in range(0, len(seeds), CHUNK)]

    def add(self, chunk: Chunk) -> None:
        """Keep a chunk: whole or not at all, whenever the process ends."""
        path = self.folder / f"{chunk.seeds[0]:07d}-{chunk.seeds[-1]:07d}.msgpack"
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_bytes(msgspec.msgpack.encode(chunk))
        os.replace(unfinished, path)


def build(folder: Path) -> None:
    """Write the correct submissions, a folder each."""
    for name, styles in SUBMISSIONS.items():
        (folder / name).mkdir()
        for path in REFERENCE.glob("*.py"):
            shutil.copy(path, folder / name)
        for style in styles:
            shutil.copytree(KNOWN / "styles" / style, folder / name, dirs_exist_ok=True)


def fingerprint(submissions: Path) -> str:
    """A name for this state of suites and submissions: p-values of another state must not be mixed with its own."""
    digest = hashlib.sha256()
    for root in (SUITES, submissions):
        for path in sorted(root.rglob("*.py")):
            digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def functions(names: Iterable[str] | None = None) -> dict[str, Callable[..., None]]:
    """The test functions of the checks named (of all that look at a submission), by the name of the check."""
    importlib.import_module("tests.conftest")  # the settings of Hypothesis
    wanted = None if names is None else set(names)
    found: dict[str, Callable[..., None]] = {}
    for row in rubric.read():
        if wanted is None or row.name in wanted:
            module = importlib.import_module("tests." + row.file.removesuffix(".py").replace("/", "."))
            function = getattr(module, f"test_{row.name}")
            if "submission" in inspect.signature(function).parameters:
                found[row.name] = function
    return found


def random_checks(folder: Path) -> list[str]:
    """The checks that make random decisions, found by running every check once on a correct submission."""
    submission = Submission(InProcess(folder, vocabulary.perform), quote=False)
    found = []
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):  # training prints
        for name, function in functions().items():
            with laws.recording() as observed, contextlib.suppress(Verdict):
                function(submission=submission)
            if observed:
                found.append(name)
    return found


_transports: dict[Path, InProcess] = {}


def observe(submissions: Path, checks: list[str], seeds: list[int]) -> Chunk:
    """Run the checks under these seeds, each on the submission whose turn it is."""
    run = functions(checks)
    chunk = Chunk(seeds, [], {}, {}, [])
    for seed in seeds:
        name = list(SUBMISSIONS)[seed % len(SUBMISSIONS)]
        folder = submissions / name
        transport = _transports.setdefault(folder, InProcess(folder, vocabulary.perform))
        # Not quoting, so that a test has the same name whatever a submission calls its layers.
        submission = Submission(transport, seed, quote=False)
        chunk.decisions.append(0)
        for check, function in run.items():
            with laws.recording() as observed:
                try:
                    function(submission=submission)
                except Verdict as verdict:
                    chunk.failures.append(f"{name}, seed {seed}, {check}: {verdict.status}: {verdict}")
            _record(chunk, check, observed)
    return chunk


def _record(chunk: Chunk, check: str, observed: list[laws.Observed]) -> None:
    kept: dict[Any, dict[str, list[float]]] = {"first": chunk.p, "retry": chunk.retried}
    for one in observed:
        if one.stage in kept:  # confirming can only spare a submission: no decision that could fail it
            chunk.decisions[-1] += len(one.tests)
            for test in one.tests:
                kept[one.stage].setdefault(f"{check}: {test.name}", []).append(test.p)
