"""The two packages: the same bytes every time, nothing in them that their readers must not have, and both work."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from grader import rubric
from grader.__main__ import main
from grader.project import REFERENCE, ROOT
from grader.release import lock, package
from grader.tests.places import checkout
from grader.tests.test_template import solution_lines
from tests.support.homework.assignment import FILES

MODULES = FILES
LONGEST_UNREMARKABLE_LINE = 20
IMPORTED_AS = {"gradescope-utils": "gradescope_utils", "opencv-python-headless": "cv2", "pillow": "PIL"}


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both packages, as `make package` builds them."""
    out = tmp_path_factory.mktemp("dist")
    assert main(["package", "--out", str(out)]) == 0
    return out


@pytest.fixture(params=["autograder.zip", "student.zip"])
def archive(request: pytest.FixtureRequest, packages: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(packages / request.param)


def texts(archive: zipfile.ZipFile) -> dict[str, str]:
    measurements = (".npz", ".gz")  # numbers, of which nothing here speaks
    entries = [entry for entry in archive.infolist() if not entry.filename.endswith(measurements)]
    return {entry.filename: archive.read(entry).decode() for entry in entries}


def student_folder(packages: Path, folder: Path) -> Path:
    with zipfile.ZipFile(packages / "student.zip") as archive:
        archive.extractall(folder)
    return folder


def run_checks(folder: Path, elsewhere: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the checks in a student's folder, or as an editor does from elsewhere."""
    command = [sys.executable, "-m", "pytest", "--timeout=600", *([str(folder)] if elsewhere else [])]
    return subprocess.run(command, cwd=elsewhere or folder, capture_output=True, text=True)


def reference_solution() -> set[str]:
    lines = set().union(*(solution_lines((REFERENCE / name).read_text(encoding="utf-8")) for name in MODULES))
    return {line for line in lines if len(line) > LONGEST_UNREMARKABLE_LINE}


# --- what is in them ------------------------------------------------------------------------------


def test_built_twice_they_are_the_same_bytes(packages: Path, tmp_path: Path):
    package.build(tmp_path)
    for name in ("autograder.zip", "student.zip"):
        assert (tmp_path / name).read_bytes() == (packages / name).read_bytes()


def test_neither_holds_a_line_of_the_solution(archive: zipfile.ZipFile):
    wanted = reference_solution()
    assert len(wanted) > 30
    found = {(name, line) for name, text in texts(archive).items() for line in wanted if line in text}
    assert found == set()


def test_neither_names_a_place_of_the_machine_that_built_it(archive: zipfile.ZipFile):
    for name, text in texts(archive).items():
        assert str(ROOT) not in text, name
        assert not re.search(r"/(root|home|work)/", text), name


def test_what_is_planted_beside_the_sources_goes_into_no_package_but_measurements_do(packages: Path, tmp_path: Path):
    """The suites' measurements go with the suites that read them, hence students receive none of hidden ones."""
    copy = checkout(tmp_path / "copy")
    for folder in ("tests/support", "reference", "grader"):
        (copy / folder / "canary.txt").write_text("canary")
    measurements = {f"tests/{audience}/canary.npz" for audience in ("support", "public", "hidden")}
    for name in measurements:
        (copy / name).write_bytes(b"canary")
    command = [sys.executable, "-m", "grader", "package", "--out", str(tmp_path)]
    subprocess.run(command, cwd=copy, check=True, capture_output=True)
    students = measurements - {"tests/hidden/canary.npz"}
    for name, added in (("autograder.zip", measurements), ("student.zip", students)):
        before, after = zipfile.ZipFile(packages / name), zipfile.ZipFile(tmp_path / name)
        assert set(after.namelist()) - set(before.namelist()) == added
        assert all(after.read(one) == before.read(one) for one in before.namelist())


def test_the_grader_s_package_has_every_file_that_its_modules_open(packages: Path):
    names = zipfile.ZipFile(packages / "autograder.zip").namelist()
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "grader" / "report").glob("*.py"))
    opened = set(re.findall(r'"(\w+(?:\.schema\.json|\.html\.j2))"', sources))
    assert len(opened) >= 3
    assert {f"grader/report/{name}" for name in opened} <= set(names)


def test_students_receive_no_hidden_check_and_no_grader(packages: Path):
    found = texts(zipfile.ZipFile(packages / "student.zip"))
    hidden = [row for row in rubric.read() if row.audience == "hidden"]
    everything = "\n".join(found.values())
    assert len(hidden) > 10
    assert [row.name for row in hidden if row.name in everything] == []
    assert [row.title for row in hidden if row.title in everything] == []
    assert [name for name in found if name.startswith(("grader", "reference")) or "hidden" in name] == []


def test_students_receive_every_public_check(packages: Path):
    found = "\n".join(texts(zipfile.ZipFile(packages / "student.zip")).values())
    public = [row.name for row in rubric.read() if row.audience == "public"]
    assert [name for name in public if f"def test_{name}(" not in found] == []


def test_the_grader_s_package_has_what_the_platform_starts_and_every_suite(packages: Path):
    archive = zipfile.ZipFile(packages / "autograder.zip")
    assert {"setup.sh", "run_autograder", "student_template/hw5_utils.py"} <= set(archive.namelist())
    executable = {entry.filename for entry in archive.infolist() if entry.external_attr >> 16 & 0o111}
    assert executable == {"setup.sh", "run_autograder"}
    assert {f"tests/{row.file}" for row in rubric.read()} <= set(archive.namelist())
    started = set(re.findall(r'"-m", "(grader[\w.]+)"', "\n".join(texts(archive).values())))
    assert started == {"grader.judge.server", "grader.bench.server", "grader.bench.unpack"}
    assert {f"{module.replace('.', '/')}.py" for module in started} <= set(archive.namelist())
    release = ("package", "rehearse", "template", "preview", "lock")
    unwanted = ("reference/", "examples/", *(f"grader/{room}" for room in ("tests", "audit", "calibrate", "reproduce")))
    unwanted += tuple(f"grader/release/{name}" for name in release)
    assert [name for name in archive.namelist() if name.startswith(unwanted)] == []


def test_no_package_has_an_import_that_it_cannot_satisfy(archive: zipfile.ZipFile):
    """Modules of ours are in the package, and all others are the standard library's or required."""
    names = set(archive.namelist())
    if "setup.sh" in names:
        required = re.findall(r"^([a-z0-9-]+)==", texts(archive)["grader/release/container/pinned.txt"], re.MULTILINE)
        required += re.findall(r"^([a-z0-9-]+)==", texts(archive)["grader/release/container/torch.txt"], re.MULTILINE)
        required += ["pooch"]  # for the helper's download, which never runs there
    else:
        required = re.findall(r"^([a-z0-9-]+)", texts(archive)["requirements.txt"], re.MULTILINE)
    known = {IMPORTED_AS.get(name, name.replace("-", "_")) for name in required} | set(sys.stdlib_module_names)
    for name, text in texts(archive).items():
        for module in imported(text) if name.endswith(".py") else ():
            top = module.partition(".")[0]
            path = module.replace(".", "/")
            if top in ("grader", "tests", "hw5_utils"):
                assert {f"{path}.py", f"{path}/__init__.py", f"student_template/{path}.py"} & names, f"{name}: {module}"
            else:
                assert top in known, f"{name} imports {module}"


def imported(source: str) -> list[str]:
    """Every module that a source names in an import, at its top or deeper."""
    nodes = list(ast.walk(ast.parse(source)))
    direct = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return direct + [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]


def test_every_file_that_the_container_installs_has_a_hash_but_torch_s(packages: Path):
    """torch and torchvision are exact: their builds differ, and one list of hashes cannot stand for all of them."""
    pinned = (ROOT / lock.PINNED).read_text(encoding="utf-8")
    entries = re.findall(r"^[a-z][^\n]*(?:\\\n    --hash=sha256:[0-9a-f]{64} ?)+$", pinned, re.MULTILINE)
    assert len(entries) == len(re.findall(r"^[a-z]", pinned, re.MULTILINE)) > 20
    assert not re.search(r"^(torch|torchvision|nvidia-|cuda-|triton)", pinned, re.MULTILINE)
    lines = (ROOT / lock.TORCH).read_text(encoding="utf-8").splitlines()
    assert [line.partition("==")[0] for line in lines] == ["torch", "torchvision"]


# --- the students' ---------------------------------------------------------------------------------


def test_an_untouched_template_says_what_comes_next_and_each_thing_once(packages: Path, tmp_path: Path):
    """In the order of the handout, each question with the hint of its stub, and nothing as a failure."""
    outcome = run_checks(student_folder(packages, tmp_path))
    assert outcome.returncode == 1
    stubs = re.findall(r"^(\d\.\d)  hw5_\w+\.py, line \d+: \S.*$", outcome.stdout, re.MULTILINE)
    assert stubs == ["4.1", "4.2", "4.3", "4.4", "4.5", "5.1", "5.2", "5.3"]
    assert re.search(r"Next: question 4\.1 \(hw5_gan\.py, line \d+\): define the layers of Table 1", outcome.stdout)
    assert "optional: 1.1, 1.2, " in outcome.stdout
    for unwanted in ("Traceback", "failed", "handed in", "submitted", "FAILURES"):
        assert unwanted not in outcome.stdout


def test_a_finished_homework_passes_every_public_check_and_is_told_to_train(packages: Path, tmp_path: Path):
    """Also when pytest is started in another folder, and where there is no homework."""
    folder = student_folder(packages, tmp_path / "homework")
    for name in MODULES:
        (folder / name).write_bytes((REFERENCE / name).read_bytes())
    (tmp_path / "elsewhere").mkdir()
    outcome = run_checks(folder, tmp_path / "elsewhere")
    assert outcome.returncode == 0, outcome.stdout
    rows = [row for row in rubric.read() if row.audience == "public"]
    judged = [row for row in rows if "advice" not in row.tags and row.name != "figures_are_graded_by_hand"]
    assert f"\n{len(judged)} passed in " in outcome.stdout
    points, later = sum(row.points for row in rows), [row for row in rubric.read() if row.audience == "hidden"]
    counted = [row for row in later if row.points]
    assert f"\nall  {points:g} of {points:g}; {len(counted)} more checks, worth " in outcome.stdout
    assert f"worth {sum(row.points for row in counted):g} points, are shown after grading\n" in outcome.stdout
    assert "All public checks pass. Next: train, with python hw5_gan.py and python hw5_diffusion.py." in outcome.stdout


def test_the_sample_of_digits_lies_where_the_helper_looks_for_it(packages: Path):
    archive = zipfile.ZipFile(packages / "student.zip")
    helper = archive.read("hw5_utils.py").decode()
    assert 'SAMPLE = Path(__file__).resolve().parent / "data" / "mnist-6000-idx3-ubyte.gz"' in helper
    assert (
        archive.read("data/mnist-6000-idx3-ubyte.gz") == (REFERENCE / "data" / "mnist-6000-idx3-ubyte.gz").read_bytes()
    )


OF_ONE_SYSTEM = re.compile(
    r"\bos\.(fork|sched_\w+|get[ug]id|set[ug]id|kill|chown|mkfifo|O_\w+)\b|\b(resource|fcntl|pwd|termios|signal)\b\.\w"
    r"|[\"']/(proc|dev|tmp|sys|usr|etc)\b|\bmultiprocessing\b|\bsocket\."
)
"""Calls and paths that Windows or macOS has not."""


def test_students_receive_nothing_that_runs_on_one_system_alone(packages: Path):
    found = {
        (name, match[0])
        for name, text in texts(zipfile.ZipFile(packages / "student.zip")).items()
        if name.endswith(".py")
        for match in OF_ONE_SYSTEM.finditer(text)
    }
    assert found == set()


def test_a_python_that_is_too_old_or_too_new_is_told(packages: Path, tmp_path: Path):
    folder = student_folder(packages, tmp_path)
    rule = (folder / "Makefile").read_text(encoding="utf-8").replace("\\\n", "")
    program = re.search(r"\$\(PYTHON\) -c '(.*)'\n", rule)
    assert program is not None
    for version, right in (((3, 9), False), ((3, 10), True), ((3, 14), True), ((3, 15), False)):
        code = program[1].replace("sys.version_info", f"{(*version, 1)}")
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert (ran.returncode == 0) == right
        assert right or f"needs Python 3.10 to 3.14; this is {version[0]}.{version[1]}." in ran.stderr
    suites = (folder / "tests" / "__init__.py").read_text(encoding="utf-8").replace("sys.version_info", "(3, 9, 1)")
    with pytest.raises(SystemExit, match=r"^The checks need Python 3\.10 or later; this is 3\.9\.$"):
        exec(suites, {})
