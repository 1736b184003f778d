"""Where hostile submissions are graded: a runner with secrets around it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import jsonschema_rs
import pytest

from grader.audit.leftovers import leftovers
from grader.project import REFERENCE
from grader.report.results import SCHEMA, Results
from grader.run.runner import Runner
from grader.tests.places import SHORT, worker_slot
from tests.support.homework import assignment
from tests.support.status import NO_FAULT

MARK = "stowaway"
LISTENER = 54461
"""Port on which this machine listens while the attacks run."""
MODULES = list(assignment.REQUIRED)


@dataclass
class Arena:
    """A runner with secrets around it: one in its environment, the hidden suites and the reference."""

    runner: Runner
    canary: str

    def grade(self, submission: Path, out: Path) -> tuple[Results, dict]:
        """The results of a submission, and its result file, for which everything that holds of any result is true."""
        before = _marked()
        results = self.runner.grade(submission, out)
        text = (out / "results.json").read_text(encoding="utf-8")
        document = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in results.json"))
        jsonschema_rs.validate(SCHEMA, document)
        assert self.canary not in text
        assert "\\u0000" not in text
        rows = [test for test in document["tests"] if "extra_data" in test]
        wanted = [row for row in self.runner.rows if not row.self_check or row in results.rows]
        assert [test["extra_data"]["check"] for test in rows] == [row.name for row in wanted]
        assert [test.get("max_score", 0) for test in rows] == [row.points for row in wanted]
        assert document["score"] == pytest.approx(sum(test.get("score", 0) for test in rows))
        unseen = [test for test in document["tests"] if test["visibility"] != "visible"]
        assert not [test for test in unseen if MARK in json.dumps(test)]
        assert "LEAK" not in str(results.facts["printed"])
        assert leftovers(self.runner) == []
        assert _marked() == before
        return results, document

    def in_force(self, words: str) -> bool:
        """Whether this host has a defence."""
        return any(one.startswith(words) for one in self.defences)

    defences: tuple[str, ...] = ()


def _marked() -> dict[str, int]:
    """Files of an attack in the folder that everybody uses, by name, and when each was changed."""
    found = [one for one in os.scandir(tempfile.gettempdir()) if MARK in one.name or one.name == "results.json"]
    return {one.name: one.stat(follow_symlinks=False).st_mtime_ns for one in found}


def copy_of(base: Path, folder: Path, modules: Iterable[str] = ()) -> Path:
    """A new folder with a base's required files, and with these."""
    folder.mkdir(parents=True)
    for module in {*MODULES, *modules}:
        shutil.copy(base / module, folder / module)
    return folder


@pytest.fixture(scope="session")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """The runner of all attacks; after the last attack it must still give the reference full marks."""
    canary = f"canary-{secrets.token_hex(8)}"
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("AUTOGRADER_TOKEN", canary)
        for address, family in ((("127.0.0.1", LISTENER), socket.AF_INET), ("\0canary-listener", socket.AF_UNIX)):
            listener = stack.enter_context(socket.socket(family))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):  # another run of these tests listens there: as good
                listener.bind(address)
                listener.listen()
        runner = stack.enter_context(Runner(clocks=SHORT, slot=100 + worker_slot()))
        arena = Arena(runner, canary)
        arena.defences = tuple(neighbour_is_untouched(arena, tmp_path_factory.mktemp("before")).facts["in_force"])
        yield arena
        neighbour_is_untouched(arena, tmp_path_factory.mktemp("after"))


def neighbour_is_untouched(arena: Arena, out: Path) -> Results:
    """Grade the reference: full marks, whatever was graded before."""
    results, _ = arena.grade(REFERENCE, out)
    assert {name: one.output for name, one in results.outcomes.items() if one.status not in NO_FAULT} == {}
    assert results.score == results.possible
    return results
