"""The rehearsal fails for each thing that a package may do wrong: tried on a system that only says it is one."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader.__main__ import main
from grader.project import REFERENCE, TEMPLATE
from grader.release import rehearse
from grader.release.rehearse import RehearsalError
from grader.run.users import FIRST_USER, LAST_USER

POINTS = {"full_marks": 20.0, "three_mistakes": 15.0, "hostile": 0.0}
FACTS = {"peak_memory_mb": 700, "in_force": ["limits", "no network"], "not_in_force": []}
NEXT = "Next: question 4.1, dnet_executes_table_1"
PLACED = ("run_autograder", "hw5_gan.py", "hw5_diffusion.py")

Answer = Callable[[str], subprocess.CompletedProcess[str]]


def ran(output: str = "", code: int = 0) -> subprocess.CompletedProcess[str]:
    return subprocess.CompletedProcess([], code, output, "")


def document(points: float) -> dict[str, Any]:
    row = {"name": "4.1 a row", "score": points, "max_score": 20.0, "status": "passed", "visibility": "visible"}
    return {"score": points, "tests": [row], "extra_data": FACTS}


class System(rehearse.BareSystem):
    """Answers commands as a system would in which everything is well, unless it is told otherwise."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.asked: list[tuple[str, int]] = []
        self.instead: dict[str, Answer] = {}

    def run(self, command: str, user: int = 0, home: str = "/root") -> subprocess.CompletedProcess[str]:
        self.asked.append((command, user))
        for part, answer in self.instead.items():
            if part in command:
                return answer(command)
        if "./run_autograder" in command:
            self.grade()
            return ran("3\n")
        if command == "cd ~ && make test":
            done = (self.root / "home/student/hw5_gan.py").read_bytes() == (REFERENCE / "hw5_gan.py").read_bytes()
            return ran("all passed") if done else ran(NEXT, 1)
        return ran("the sample:  20\npoints" if "smoke" in command else "")

    def grade(self, mode: int = 0o700) -> None:
        """Leave the result that this submission has everywhere."""
        files = {path.name: path.read_bytes() for path in (self.root / "autograder/submission").iterdir()}
        examples = rehearse.EXAMPLES
        (name,) = [one for one in POINTS if (examples / one / "hw5_gan.py").read_bytes() == files["hw5_gan.py"]]
        results = self.root / "autograder" / "results"
        results.mkdir(mode=mode)
        results.chmod(mode)
        (results / "results.json").write_text(json.dumps(document(POINTS[name])))


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> System:
    """A system, on a host that grades with the same points."""

    def here(command: list[str]) -> None:
        (Path(command[-1]) / "results.json").write_text(json.dumps(document(POINTS[Path(command[4]).name])))

    monkeypatch.setattr(rehearse, "_checked", here)
    return System(tmp_path / "root")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A package with a script that is executable and a file that is not."""
    with zipfile.ZipFile(tmp_path / "package.zip", "w") as made:
        for name, mode in (("run_autograder", 0o100755), ("hw5_gan.py", 0o100644), ("hw5_diffusion.py", 0o100600)):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            made.writestr(entry, (TEMPLATE / name).read_bytes() if name.endswith(".py") else "echo")
    return tmp_path / "package.zip"


def test_a_package_is_placed_with_the_modes_that_it_names(system: System, archive: Path):
    folder = system.place(archive, "autograder/source")
    assert folder == system.root / "autograder/source"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"run_autograder": 0o755, "hw5_gan.py": 0o644, "hw5_diffusion.py": 0o600}


def test_a_good_package_grades_three_submissions(system: System, archive: Path, capsys: pytest.CaptureFixture[str]):
    rehearse.rehearse_grading(system, archive)
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("setup.sh: ")
    assert said[1] == "the sample: 20 points"
    for line, (name, points) in zip(said[2:], POINTS.items(), strict=True):
        assert line.startswith(f"{name}: {points:g} points, as here; ")
        assert line.endswith(" s, 700 MB at most; in force: limits, no network; NOT in force: nothing is missing")
    commands = [command for command, _ in system.asked]
    assert commands[0] == "cd /autograder && bash source/setup.sh"
    assert sum("./run_autograder" in command for command in commands) == len(POINTS)
    assert (system.root / "autograder" / "run_autograder").stat().st_mode & 0o111
    metadata = json.loads((system.root / "autograder" / "submission_metadata.json").read_text())
    assert metadata == {"assignment": {"total_points": "20.0"}}


def test_files_that_were_there_before_are_not_the_submission_s(system: System, archive: Path):
    system.instead["find /"] = lambda command: ran("/tmp/old\n")
    rehearse.rehearse_grading(system, archive)
    asked = next(command for command, _ in system.asked if command.startswith("find /"))
    ids = f"-uid +{FIRST_USER - 1} -uid -{LAST_USER + 1}"
    assert f"{ids} -o -path '/tmp/*' -o -path '/var/tmp/*'" in asked


def leaving(system: System) -> Answer:
    """A file more each time that is looked."""
    seen: list[str] = []

    def look(command: str) -> subprocess.CompletedProcess[str]:
        seen.append(f"/tmp/left{len(seen)}")
        return ran("\n".join(seen))

    return look


def graded(system: System, processes: int = 3, mode: int = 0o700, **changed: Any) -> Answer:
    """A run that leaves so many processes, a folder open like this, and another result."""

    def run(command: str) -> subprocess.CompletedProcess[str]:
        system.grade(mode)
        path = system.root / "autograder" / "results" / "results.json"
        result = json.loads(path.read_text())
        result["tests"][0] |= {name: value for name, value in changed.items() if name != "total"}
        result["score"] = changed.get("total", result["score"])
        path.write_text(json.dumps(result))
        return ran(f"said by the script\n{processes}\n")

    return run


@pytest.mark.parametrize(
    ("command", "answer", "says"),
    [
        ("setup.sh", lambda system: lambda _: ran("no such package", 1), r"setup\.sh failed \(1\): no such package"),
        ("smoke", lambda system: lambda _: ran("", 2), r"the sample failed \(2\)"),
        ("run_autograder", lambda system: lambda _: ran("", 1), r"run_autograder on full_marks failed \(1\)"),
        ("find /", leaving, r"files are left: \['/tmp/left1'\]"),
        ("run_autograder", lambda system: graded(system, processes=4), "4 processes are left"),
        ("run_autograder", lambda system: graded(system, mode=0o755), "is open to others"),
        ("run_autograder", lambda system: graded(system, mode=0o701), "is open to others"),
        ("run_autograder", lambda system: graded(system, score=1.0), "full_marks, 4.1 a row: score is 1.0, here 20.0"),
        ("run_autograder", lambda system: graded(system, name="other"), "name is other"),
        ("run_autograder", lambda system: graded(system, max_score=1.0), "max_score is 1.0"),
        ("run_autograder", lambda system: graded(system, status="failed"), "status is failed"),
        ("run_autograder", lambda system: graded(system, visibility="hidden"), "visibility is hidden"),
        ("run_autograder", lambda system: graded(system, total=19.0), "full_marks: 19.0 points, here 20.0"),
    ],
)
def test_each_fault_of_the_grader_s_package_fails_the_rehearsal(
    system: System, archive: Path, command: str, answer: Callable[[System], Answer], says: str
):
    system.instead[command] = answer(system)
    with pytest.raises(RehearsalError, match=says):
        rehearse.rehearse_grading(system, archive)


@pytest.fixture
def unowned(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, int]]:
    """Whom files were given to; only the superuser could really."""
    given: list[tuple[Path, int]] = []
    monkeypatch.setattr(os, "chown", lambda path, user, group: given.append((Path(path), user)))
    return given


def test_a_good_student_s_package_names_what_is_next_and_passes_when_all_is_done(
    system: System, archive: Path, unowned: list[tuple[Path, int]], capsys: pytest.CaptureFixture[str]
):
    rehearse.rehearse_student(system, archive)
    assert "names 4.1 first, and passes when everything is implemented" in capsys.readouterr().out
    home = system.root / "home/student"
    assert set(unowned) == {(path, 1000) for path in (home, *(home / name for name in PLACED))}
    assert system.asked[0][1] == 0
    assert [user for _, user in system.asked[1:]] == [1000] * 3
    for module in ("hw5_gan.py", "hw5_diffusion.py"):
        assert (home / module).read_bytes() == (REFERENCE / module).read_bytes()


@pytest.mark.parametrize(
    ("command", "answer", "says"),
    [
        ("apt-get", ran("no network", 100), r"installing make and python3-venv failed \(100\)"),
        ("make test", ran(NEXT, 0), "`make test` on the template"),
        ("make test", ran("Next: question 5.1", 1), "`make test` on the template"),
        ("pytest", ran("one failed", 1), r"\.venv/bin/pytest with everything implemented failed \(1\): one failed"),
    ],
)
def test_each_fault_of_the_students_package_fails_the_rehearsal(
    system: System, archive: Path, unowned: list, command: str, answer: subprocess.CompletedProcess[str], says: str
):
    system.instead[command] = lambda _: answer
    with pytest.raises(RehearsalError, match=says):
        rehearse.rehearse_student(system, archive)


@pytest.mark.parametrize(("fails", "code"), [("", 0), ("grading", 1), ("student", 1)])
def test_the_rehearsal_takes_both_packages_and_removes_its_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fails: str, code: int
):
    systems: list[Path] = []
    taken: list[str] = []

    class Made:
        def __init__(self) -> None:
            self.root = tmp_path / f"system{len(systems)}"
            self.root.mkdir()
            systems.append(self.root)

    def rehearsal(name: str) -> Callable[[Any, Path], None]:
        def run(system: Made, archive: Path) -> None:
            taken.append(archive.name)
            if fails == name:
                raise RehearsalError("it is broken")

        return run

    monkeypatch.setattr(rehearse, "obstacle", lambda: "")
    monkeypatch.setattr(rehearse, "BareSystem", Made)
    monkeypatch.setattr(rehearse, "rehearse_grading", rehearsal("grading"))
    monkeypatch.setattr(rehearse, "rehearse_student", rehearsal("student"))
    monkeypatch.setattr(rehearse.package, "build", lambda out: {})
    assert main(["rehearse"]) == code
    assert taken == ["autograder.zip", "student.zip"][: 1 if fails == "grading" else 2]
    assert [path for path in systems if path.exists()] == []
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == (f"The rehearsal of {taken[-1]} failed. it is broken" if fails else "The rehearsal passed.")


def test_what_cannot_be_rehearsed_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(rehearse.shutil, "which", lambda tool: f"/bin/{tool}")
    monkeypatch.setattr(rehearse.subprocess, "run", lambda *_, **__: ran("", 1))
    assert rehearse.obstacle() == "this machine does not let processes have mounts of their own"
    monkeypatch.setattr(rehearse.subprocess, "run", lambda *_, **__: ran("", 0))
    assert rehearse.obstacle() == ""
    monkeypatch.setattr(rehearse.shutil, "which", lambda tool: None)
    assert rehearse.obstacle() == "debootstrap and chroot and unshare and mount is not installed"


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What is run to set up a system: nothing is, but its folders are made."""
    asked: list[list[str]] = []

    def run(command: list[str]) -> None:
        asked.append(command)
        if command[0] == "debootstrap":
            Path(command[-1]).mkdir()

    (tmp_path / "certificates.pem").write_text("")
    (tmp_path / "index" / "simple").mkdir(parents=True)
    settings = [f"SSL_CERT_FILE={tmp_path}/certificates.pem", f"PIP_INDEX_URL=file://{tmp_path}/index/simple"]
    monkeypatch.setattr(rehearse, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(rehearse, "_checked", run)
    monkeypatch.setattr(rehearse, "_host_settings", lambda: iter([*settings, "http_proxy=http://host:1", "X=/none"]))
    return asked


def test_a_system_is_set_up_once_and_copied_for_each_package(bare: list[list[str]], tmp_path: Path):
    cache = tmp_path / "cache"
    (cache / "bookworm.unfinished" / "half").mkdir(parents=True)
    one, other = rehearse.BareSystem(), rehearse.BareSystem()
    assert [command[0] for command in bare] == ["debootstrap", "cp", "cp"]
    assert bare[0][-2:] == ["bookworm", str(cache / "bookworm.unfinished")]
    assert list((cache / "bookworm").iterdir()) == []
    assert [command[-2:] for command in bare[1:]] == [[f"{cache}/bookworm/.", str(made.root)] for made in (one, other)]
    assert one.root != other.root
    assert one.root.parent == cache


def test_a_system_is_shown_what_the_host_s_settings_name_and_exists(bare: list[list[str]], tmp_path: Path):
    system = rehearse.BareSystem()
    assert [one for one in system.shared if one.startswith(str(tmp_path))] == [
        f"{tmp_path}/certificates.pem", f"{tmp_path}/index",
    ]  # fmt: skip
    assert "/none" not in system.shared
    assert "LANG=C.UTF-8" in system.settings
    assert "http_proxy=http://host:1" in system.settings


def test_a_command_runs_inside_as_its_user_with_what_is_shared(
    bare: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unowned: list[tuple[Path, int]]
):
    system = rehearse.BareSystem()
    (system.cache / "wheels").mkdir()
    (system.cache / "wheels" / "one").write_text("")
    started: list[list[str]] = []

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        started.append(command)
        assert options["capture_output"]
        return ran("done")

    monkeypatch.setattr(rehearse.subprocess, "run", run)
    assert system.run("make test", 1000, "/home/student").stdout == "done"
    ((*outside, script), inner) = started[0][:7], started[0][7:]
    assert outside == ["unshare", "--mount", "--pid", "--fork", "bash", "-c"]
    assert inner[:4] == [str(system.root), "1000:1000", "/home/student", "make test"]
    assert inner[4:] == system.settings
    lines = script.splitlines()
    root = system.root
    assert lines[0] == "set -e"
    assert f"mount -t proc proc {root}/proc" in lines
    certificates, index = tmp_path / "certificates.pem", tmp_path / "index"
    assert f"mkdir -p $(dirname {root}{certificates}); touch {root}{certificates}" in lines
    assert lines.index(f"mkdir -p {root}{index}") + 1 == lines.index(f"mount --rbind {index} {root}{index}")
    assert f"mount --rbind {system.cache} {root}/var/cache/pip" in lines
    assert lines[-1].startswith('exec chroot --userspec="$1" "$0" env --ignore-environment HOME="$2" "${@:4}"')
    given = {path for path, user in unowned if user == 1000}
    assert given == {system.cache, system.cache / "wheels", system.cache / "wheels" / "one"}
