"""The verb `rehearse`: try both packages on a bare Debian. Needs root, debootstrap and chroot.

The first run downloads the system and every package into `out/rehearsal`; later runs take them from there.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grader import rubric
from grader.errors import UserError
from grader.project import EXAMPLES, REFERENCE, ROOT
from grader.release import package
from grader.run.users import FIRST_USER, LAST_USER
from tests.support.homework.assignment import FILES, QUESTIONS, module_of

RELEASE = "bookworm"
CACHE = ROOT / "out" / "rehearsal"
SUBMISSIONS = ("full_marks", "three_mistakes", "hostile")
STUDENT = 1000
"""User id of the ordinary user who tries `student.zip`."""
_SECONDS = 3600
_INSIDE = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 PIP_CACHE_DIR=/var/cache/pip"
_PASSED_ON = re.compile(r"(?i)(https?|no)_proxy|SSL_CERT_FILE|REQUESTS_CA_BUNDLE")


class RehearsalError(UserError):
    """A package does not do what it should."""


def obstacle() -> str:
    """Why a rehearsal is not possible here, or nothing."""
    if os.geteuid() != 0:
        return "it needs root, to enter a system of its own"
    missing = [tool for tool in ("debootstrap", "chroot", "unshare", "mount") if shutil.which(tool) is None]
    if missing:
        return f"{' and '.join(missing)} is not installed"
    refused = subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True).returncode
    return "this machine does not let processes have mounts of their own" if refused else ""


class BareSystem:
    """A fresh copy of a minimal Debian, and the means to run commands in it that reach packages as this host does."""

    def __init__(self) -> None:
        base = CACHE / RELEASE
        if not base.exists():
            half = CACHE / f"{RELEASE}.unfinished"
            shutil.rmtree(half, ignore_errors=True)
            half.parent.mkdir(parents=True, exist_ok=True)
            _checked(["debootstrap", "--variant=minbase", "--include=ca-certificates", RELEASE, str(half)])
            half.rename(base)
        self.root = Path(tempfile.mkdtemp(prefix="root-", dir=CACHE))
        _checked(["cp", "--archive", "--reflink=auto", f"{base}/.", str(self.root)])
        self.cache = CACHE / "pip"
        self.cache.mkdir(exist_ok=True)
        self.settings = [*_INSIDE.split(), *_host_settings()]
        words = {word for setting in self.settings for word in re.split(r"[= ]", setting)}
        # The pages of an index in a folder point to files beside that folder.
        named = {str(Path(word.removeprefix("file://")).parent) if "://" in word else word for word in words}
        self.shared = sorted(one for one in named if one.startswith("/") and ":" not in one and Path(one).exists())

    def run(self, command: str, user: int = 0, home: str = "/root") -> subprocess.CompletedProcess[str]:
        """Run a shell command inside, in processes and mounts that end with it."""
        os.chown(self.cache, user, user)
        for folder, folders, files in os.walk(self.cache):
            for name in (*folders, *files):
                os.chown(os.path.join(folder, name), user, user)
        binds = {**{path: path for path in self.shared}, str(self.cache): "/var/cache/pip"}
        lines = ["set -e", f"mount --rbind {self.root} {self.root}", f"mount -t proc proc {self.root}/proc"]
        lines += [f"mount --rbind /dev {self.root}/dev", f"cp -L /etc/resolv.conf {self.root}/etc/resolv.conf"]
        for source, target in binds.items():
            inside = f"{self.root}{target}"
            there = f"mkdir -p {inside}" if Path(source).is_dir() else f"mkdir -p $(dirname {inside}); touch {inside}"
            lines += [there, f"mount --rbind {source} {inside}"]
        lines.append('exec chroot --userspec="$1" "$0" env --ignore-environment HOME="$2" "${@:4}" bash -c "$3"')
        outside = ["unshare", "--mount", "--pid", "--fork", "bash", "-c", "\n".join(lines)]
        inner = [str(self.root), f"{user}:{user}", home, command, *self.settings]
        return subprocess.run([*outside, *inner], capture_output=True, text=True, timeout=_SECONDS)

    def place(self, files: Path, target: str) -> Path:
        """Unpack a package as the platform does, with the modes that it names; returns where."""
        folder = self.root / target
        with zipfile.ZipFile(files) as archive:
            for entry in archive.infolist():
                Path(archive.extract(entry, folder)).chmod(entry.external_attr >> 16 & 0o777)
        return folder


def _host_settings() -> Iterator[str]:
    """The host's pip configuration, from wherever it comes, as variables; and how it reaches the network."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
    for key, value in re.findall(r"^(?:global|install|:env:)\.([\w-]+)='(.*)'$", listed, re.MULTILINE):
        yield f"PIP_{key.upper().replace('-', '_')}={value}"
    yield from (f"{name}={value}" for name, value in os.environ.items() if _PASSED_ON.fullmatch(name))


def rehearse_grading(system: BareSystem, archive: Path) -> None:
    """Build the image and grade three submissions in it; raises `RehearsalError`."""
    autograder = system.root / "autograder"
    source = system.place(archive, "autograder/source")
    began = time.monotonic()
    _require(system.run("cd /autograder && bash source/setup.sh"), "setup.sh")
    _say(f"setup.sh: {time.monotonic() - began:.0f} s")
    sample = system.run("cd /autograder/source && /opt/autograder/bin/python -m grader smoke")
    _require(sample, "the sample")
    _say(" ".join(sample.stdout.split()))
    shutil.copy(source / "run_autograder", autograder / "run_autograder")
    points = sum(row.points for row in rubric.read())
    (autograder / "submission_metadata.json").write_text(json.dumps({"assignment": {"total_points": str(points)}}))
    for name in SUBMISSIONS:
        for folder in ("submission", "results"):
            shutil.rmtree(autograder / folder, ignore_errors=True)
        shutil.copytree(EXAMPLES / name, autograder / "submission")
        before = _left_by_others(system)
        began = time.monotonic()
        ran = system.run("cd /autograder && ./run_autograder && ls -d /proc/[0-9]* | wc --lines")
        seconds = time.monotonic() - began
        _require(ran, f"run_autograder on {name}")
        document = json.loads((autograder / "results" / "results.json").read_text(encoding="utf-8"))
        _same_as_here(name, document)
        _nothing_left(system, before, ran.stdout.split()[-1])
        facts = document["extra_data"]
        _say(f"{name}: {document['score']:g} points, as here; {seconds:.1f} s, {facts['peak_memory_mb']} MB at most; "
             f"in force: {', '.join(facts['in_force'])}; "
             f"NOT in force: {'; '.join(facts['not_in_force']) or 'nothing is missing'}")  # fmt: skip


def _same_as_here(name: str, document: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as out:
        _checked([sys.executable, "-m", "grader", "grade", f"examples/{name}", "--out", out])
        here = json.loads((Path(out) / "results.json").read_text(encoding="utf-8"))
    for there, expected in zip(document["tests"], here["tests"], strict=True):
        for key in ("name", "score", "max_score", "status", "visibility"):
            if there.get(key) != expected.get(key):
                raise RehearsalError(f"{name}, {there['name']}: {key} is {there.get(key)}, here {expected.get(key)}")
    if document["score"] != here["score"]:
        raise RehearsalError(f"{name}: {document['score']} points, here {here['score']}")


def _left_by_others(system: BareSystem) -> set[str]:
    """Files of the students' ids, and everything where anybody may write."""
    ids = f"-uid +{FIRST_USER - 1} -uid -{LAST_USER + 1}"
    return set(system.run(f"find / -xdev \\( {ids} -o -path '/tmp/*' -o -path '/var/tmp/*' \\) -print").stdout.split())


def _nothing_left(system: BareSystem, before: set[str], processes: str) -> None:
    """After a submission: results are the superuser's alone, and neither a file nor a process of the bench is left."""
    results = system.root / "autograder" / "results"
    if results.stat().st_mode & 0o077 or {path.stat().st_uid for path in (results, *results.iterdir())} != {0}:
        raise RehearsalError("/autograder/results is open to others, or another's")
    if left := _left_by_others(system) - before:
        raise RehearsalError(f"files are left: {sorted(left)[:5]}")
    if int(processes) > 3:  # the shell that counts, and the two ends of its pipe
        raise RehearsalError(f"{processes} processes are left, counting the three that count")


def rehearse_student(system: BareSystem, archive: Path) -> None:
    """Work through `student.zip` as an ordinary user; raises `RehearsalError`."""
    _require(system.run("apt-get update && apt-get install --yes --no-install-recommends make python3 python3-venv"),
             "installing make and python3-venv")  # fmt: skip
    folder = system.place(archive, "home/student")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, STUDENT, STUDENT)
    began = time.monotonic()
    begins = next(question for question in QUESTIONS if (of := module_of(question)) and not of.optional)
    first = system.run("cd ~ && make test", STUDENT, "/home/student")
    if first.returncode == 0 or f"Next: question {begins}" not in first.stdout:
        raise RehearsalError(f"`make test` on the template: {_end(first)}")
    for name in FILES:
        shutil.copy(REFERENCE / name, folder / name)
    for command in ("make test", ".venv/bin/pytest"):
        _require(system.run(f"cd ~ && {command}", STUDENT, "/home/student"), f"{command} with everything implemented")
    _say(f"student.zip: `make test` names {begins} first, and passes when everything is implemented; "
         f"{time.monotonic() - began:.0f} s in all")  # fmt: skip


def _require(ran: subprocess.CompletedProcess[str], what: str) -> None:
    if ran.returncode != 0:
        raise RehearsalError(f"{what} failed ({ran.returncode}): {_end(ran)}")


def _end(ran: subprocess.CompletedProcess[str]) -> str:
    return f"{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}"


def _checked(command: list[str]) -> None:
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    _require(ran, " ".join(command[:4]))


def _say(text: str) -> None:
    print(text, flush=True)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has none."""


def run(options: argparse.Namespace) -> int:
    """Rehearse both packages; 0 when all is well or nothing can be rehearsed here, 1 when a package fails."""
    if reason := obstacle():
        _say(f"The rehearsal is skipped: {reason}.")
        return 0
    with tempfile.TemporaryDirectory() as built:
        package.build(Path(built))
        for archive, rehearse in (("autograder.zip", rehearse_grading), ("student.zip", rehearse_student)):
            system = BareSystem()
            try:
                rehearse(system, Path(built) / archive)
            except RehearsalError as error:
                _say(f"The rehearsal of {archive} failed. {error}")  # with the end of its log: more than a line
                return 1
            finally:
                shutil.rmtree(system.root)
    _say("The rehearsal passed.")
    return 0
