"""Hostile submissions earn nothing, read no secret, leave nothing behind and harm nobody: one file each in `attacks/`.

The first line of an attack says what it is: `# attack: NN | score: S | <what it tries>`, where NN is its class in the
list of attacks and S the points that remain. Fields between: `in: MODULE` (the code goes into that file only, else into
both), `base: reference` (an attack that must not harm honest work; else the template), `needs: WORDS` (what has to be
in force on this host). An attack that has read a secret prints LEAK; "stowaway" marks every text it tries to smuggle.
"""

from __future__ import annotations

import io
import json
import os
import re
import secrets
import shutil
import socket
import stat
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest

from grader import intake, processes
from grader.results import SCHEMA, Results
from grader.runner import Runner, claim_users
from grader.tests.conftest import PROJECT, REFERENCE, SHORT, TEMPLATE, worker_slot

ATTACKS = Path(__file__).parent / "attacks"
HEADER = re.compile(
    r"# attack: (?P<kind>\d\d) \| score: (?P<score>[\d.]+) \| (?P<fields>(?:\w+: [^|]+ \| )*)(?P<aim>.+)"
)
MARK = "stowaway"
LISTENER = 54461
"""Port on which this machine listens while the attacks run."""
MODULES = [f"{module}.py" for module in intake.MODULES]


@dataclass(frozen=True)
class Attack:
    """One file of `attacks/`, as its first line describes it."""

    path: Path
    score: float
    base: Path
    modules: list[str]
    needs: str

    @classmethod
    def read(cls, path: Path) -> Attack:
        """The attack in a file; raises ValueError when its first line is not a header."""
        code = path.read_text(encoding="utf-8")
        header = HEADER.fullmatch(code.partition("\n")[0])
        if header is None or not path.name.startswith(header["kind"]):
            raise ValueError(f"{path.name} does not begin with a header, or with that of another class")
        fields = dict(field.split(": ") for field in header["fields"].split(" | ") if field)
        base = REFERENCE if fields.get("base") == "reference" else TEMPLATE
        modules = [f"{fields['in']}.py"] if "in" in fields else MODULES
        return cls(path, float(header["score"]), base, modules, fields.get("needs", ""))

    def submission(self, folder: Path) -> Path:
        """A folder with the base's files and this attack's code at their ends."""
        copy_of(self.base, folder)
        for module in self.modules:
            with (folder / module).open("a", encoding="utf-8") as file:
                file.write("\n\n" + self.path.read_text(encoding="utf-8"))
        return folder


@dataclass
class Arena:
    """A runner with secrets around it: in its environment, beside the hidden tests, beside the reference."""

    runner: Runner
    canary: str

    def grade(self, submission: Path, out: Path) -> tuple[Results, dict]:
        """The results of a submission, and its result file, for which everything that holds of any result is true."""
        results = self.runner.grade(submission, out, lambda check, results: None)
        text = (out / "results.json").read_text(encoding="utf-8")
        document = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in results.json"))
        jsonschema.validate(document, SCHEMA)
        assert self.canary not in text
        assert "\\u0000" not in text
        rows = [test for test in document["tests"] if "extra_data" in test]
        assert [test["extra_data"]["check"] for test in rows] == [row.name for row in self.runner.rows]
        assert [test.get("max_score", 0) for test in rows] == [row.points for row in self.runner.rows]
        assert document["score"] == pytest.approx(sum(test.get("score", 0) for test in rows))
        unseen = [test for test in document["tests"] if test["visibility"] != "visible"]
        assert not [test for test in unseen if MARK in json.dumps(test)]
        assert "LEAK" not in str(results.facts["printed"])
        self._nothing_survives()
        return results, document

    def _nothing_survives(self) -> None:
        server = self.runner.server.process.pid
        assert [one for user in self.runner.users for one in processes.of_bench(server, user)] == []
        assert processes.of_bench(self.runner.judges.pid, None) == []
        assert sorted(path.name for path in self.runner.folder.iterdir()) == ["bench.log", "judge.log"]
        assert [name for name in os.listdir(tempfile.gettempdir()) if MARK in name or name == "results.json"] == []

    def in_force(self, words: str) -> bool:
        """Whether this host has a defence."""
        return any(one.startswith(words) for one in self.defences)

    defences: tuple[str, ...] = ()


def copy_of(base: Path, folder: Path) -> Path:
    """A new folder with a base's two files."""
    folder.mkdir(parents=True)
    for module in MODULES:
        shutil.copy(base / module, folder / module)
    return folder


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """The runner of this module; after the last attack it must still give the reference full marks."""
    canary = f"canary-{secrets.token_hex(8)}"
    with ExitStack() as stack:
        for folder in (PROJECT / "tests" / "hidden", REFERENCE):
            planted = folder / f"{canary}.txt"
            planted.write_text(canary)
            stack.callback(planted.unlink)
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("AUTOGRADER_TOKEN", canary)
        for address, family in ((("127.0.0.1", LISTENER), socket.AF_INET), ("\0canary-listener", socket.AF_UNIX)):
            listener = stack.enter_context(socket.socket(family))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
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
    assert {name: one.output for name, one in results.outcomes.items() if one.status != "passed"} == {}
    assert results.score == results.possible == 20
    return results


NASTIEST = ("06_kill", "15_send_forged", "16_fork")


@pytest.mark.parametrize("path", sorted(ATTACKS.glob("*.py")), ids=lambda path: path.stem)
def test_an_attack_earns_what_is_honest_and_nothing_else(arena: Arena, tmp_path: Path, path: Path):
    attack = Attack.read(path)
    if not arena.in_force(attack.needs):
        pytest.skip(f"this host cannot offer: {attack.needs}")
    results, document = arena.grade(attack.submission(tmp_path / "handed in"), tmp_path / "out")
    assert results.staff == []
    assert document["score"] == attack.score
    if path.stem.startswith(NASTIEST):
        neighbour_is_untouched(arena, tmp_path / "neighbour")


FAKES = {
    "conftest.py": "import os\nos._exit(0)\n",
    "pytest.ini": "[pytest]\naddopts = --collect-only\n",
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--collect-only'\n",
    "sitecustomize.py": "print('stowaway', flush=True)\n",
    "usercustomize.py": "print('stowaway', flush=True)\n",
    "torch.py": "print('stowaway', flush=True)\nraise SystemExit\n",
    "numpy.py": "print('stowaway', flush=True)\nraise SystemExit\n",
    "random.py": "print('stowaway', flush=True)\nseed = random = lambda *_: 0.5\n",
    "hw5_utils.py": "print('stowaway', flush=True)\ndef create_samples(): return None\n",
    "hw3_utils.py": "print('stowaway', flush=True)\n",
    "tests/__init__.py": "print('stowaway', flush=True)\n",
    "tests/support/probes.py": "print('stowaway', flush=True)\n",
    "grader.py": "print('stowaway', flush=True)\n",
    "results.json": '{"score": 20, "output": "stowaway"}',
    "model.ckpt": "cposix\nsystem\n(S'touch /tmp/stowaway-unpickled'\ntR.",
}


@pytest.mark.parametrize("base", [REFERENCE, TEMPLATE], ids=lambda base: base.name)
def test_files_that_pose_as_ours_are_never_run(arena: Arena, tmp_path: Path, base: Path):
    handed_in = copy_of(base, tmp_path / "handed in")
    for name, content in FAKES.items():
        (handed_in / name).parent.mkdir(parents=True, exist_ok=True)
        (handed_in / name).write_text(content)
    results, document = arena.grade(handed_in, tmp_path / "out")
    assert document["score"] == (20 if base == REFERENCE else 0)
    assert MARK not in str(results.facts["printed"])


Fill = Callable[[zipfile.ZipFile], None]


def entry(name: str, kind: int = stat.S_IFREG) -> zipfile.ZipInfo:
    """An entry of a kind that `zipfile` itself would not write."""
    info = zipfile.ZipInfo(name)
    info.external_attr = (kind | 0o644) << 16
    return info


def honest(archive: zipfile.ZipFile, below: str = "") -> None:
    """The reference's two files."""
    for module in MODULES:
        archive.write(REFERENCE / module, below + module)


def with_links(archive: zipfile.ZipFile) -> None:
    """Links in the place of the modules, and around them."""
    for module in MODULES:
        archive.writestr(entry(module, stat.S_IFLNK), str(REFERENCE / module))
    archive.writestr(entry("way", stat.S_IFLNK), str(REFERENCE))
    archive.writestr(entry("way/stowaway.py"), "stowaway")


def with_ways_out(archive: zipfile.ZipFile) -> None:
    """Names that lead out of the folder, beside honest files."""
    honest(archive)
    for name in (
        "../stowaway.py",
        "a/../../../stowaway.py",
        "/tmp/stowaway.py",
        "..\\..\\stowaway.py",
        "C:\\stowaway.py",
    ):
        archive.writestr(entry(name), "stowaway")


def with_devices(archive: zipfile.ZipFile) -> None:
    """A pipe, a device and a socket in the place of a module."""
    honest(archive, "homework/")
    for name, kind in (("hw5_gan.py", stat.S_IFIFO), ("hw5_diffusion.py", stat.S_IFCHR), ("x.py", stat.S_IFSOCK)):
        archive.writestr(entry(name, kind), "stowaway")


def with_odd_names(archive: zipfile.ZipFile) -> None:
    """Names that a careless reader of folders trips over."""
    honest(archive)
    for name in (
        "-rf.py",
        "\u202egnp.py",
        "a\nb.py",
        " .py",
        "sämple \U0001f600.py",
        "__init__.py",
        "%s{}.py",
        "nul.py",
    ):
        archive.writestr(entry(name), "print('stowaway')")


def with_backslashes(archive: zipfile.ZipFile) -> None:
    """The separators of another system."""
    honest(archive, "Homework 5\\")


def with_a_bomb(archive: zipfile.ZipFile) -> None:
    """A thousand times larger when unpacked."""
    for name in (*MODULES, "a.py", "b.py"):
        archive.writestr(name, bytes(40 * 2**20))


def with_many_files(archive: zipfile.ZipFile) -> None:
    """More files than any homework has."""
    honest(archive)
    for number in range(10_000):
        archive.writestr(f"{number}.py", "")


def with_a_zip(archive: zipfile.ZipFile) -> None:
    """The homework in a zip of its own."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as inside:
        honest(inside)
    archive.writestr("homework.zip", inner.getvalue())


def encrypted(content: bytes) -> bytes:
    """The archive with the mark of encryption on every entry."""
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(signature)
        while place >= 0:
            content = content[: place + offset] + b"\x01" + content[place + offset + 1 :]
            place = content.find(signature, place + 4)
    return content


MISSING = "is not among the submitted files"
UNREADABLE = "is not a zip archive that can be opened"
LARGE = "The archive is too large"


@pytest.mark.parametrize(
    ("fill", "change", "score", "says"),
    [
        pytest.param(with_links, bytes, 0, MISSING, id="links"),
        pytest.param(with_ways_out, bytes, 20, "", id="ways out"),
        pytest.param(with_devices, bytes, 20, "", id="devices"),
        pytest.param(with_odd_names, bytes, 20, "", id="odd names"),
        pytest.param(with_backslashes, bytes, 20, "", id="backslashes"),
        pytest.param(with_a_bomb, bytes, 0, LARGE, id="bomb"),
        pytest.param(with_many_files, bytes, 0, LARGE, id="10,000 files"),
        pytest.param(with_a_zip, bytes, 0, MISSING, id="zip in a zip"),
        pytest.param(honest, encrypted, 0, UNREADABLE, id="encrypted"),
        pytest.param(honest, lambda content: content[: len(content) // 2], 0, UNREADABLE, id="truncated"),
        pytest.param(honest, lambda content: content[:-1000] + bytes(1000), 0, UNREADABLE, id="no directory"),
        pytest.param(
            honest, lambda content: content.replace(b"import torch", b"import t0rch"), 0, UNREADABLE, id="sums"
        ),
        pytest.param(honest, lambda content: b"#!/bin/sh\n" + content, 20, "", id="bytes before it"),
        pytest.param(lambda archive: None, bytes, 0, MISSING, id="empty"),
    ],
)
def test_a_hostile_archive_is_answered_or_harmless(
    arena: Arena, tmp_path: Path, fill: Fill, change: Callable[[bytes], bytes], score: float, says: str
):
    handed_in = tmp_path / "homework.zip"
    with zipfile.ZipFile(
        handed_in, "w", zipfile.ZIP_STORED if change is not bytes else zipfile.ZIP_DEFLATED
    ) as archive:
        fill(archive)
    handed_in.write_bytes(change(handed_in.read_bytes()))
    results, document = arena.grade(handed_in, tmp_path / "out")
    assert results.staff == []
    assert document["score"] == score
    assert all(says in one.output for name, one in results.outcomes.items() if one.status != "passed")


def test_every_class_of_attack_on_one_submission_is_tried():
    tried = {Attack.read(path).path.name[:2] for path in ATTACKS.glob("*.py")}
    in_this_module = {"09", "21"}
    assert tried | in_this_module >= {f"{number:02}" for number in (1, 2, 3, *range(5, 19), 21, 22)}


def test_two_runners_on_one_machine_share_no_user_id():
    (first, one), (second, other) = claim_users(1_000_000), claim_users(1_000_000)
    with first, second:
        assert other == one + 2
    again, third = claim_users(1_000_000)
    with again:
        assert third == one
