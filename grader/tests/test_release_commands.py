"""`package` and `preview` as a person starts them, and what the packages promise to the platform."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from grader.__main__ import main
from grader.project import ROOT, TEMPLATE
from grader.release import package, preview
from grader.run.runner import Runner
from tests.support.verdicts import Status


def started(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with both packages, built by the command, and what it said."""
    out = tmp_path_factory.mktemp("built") / "new" / "dist"
    process = started("grader", "package", "--out", str(out))
    assert (process.returncode, process.stderr) == (0, "")
    return out, process.stdout


def entries(built: tuple[Path, str], name: str) -> dict[str, zipfile.ZipInfo]:
    return {entry.filename: entry for entry in zipfile.ZipFile(built[0] / name).infolist()}


def test_the_command_builds_both_packages_and_says_where_they_are(built: tuple[Path, str]):
    out, said = built
    assert sorted(path.name for path in out.iterdir()) == ["autograder.zip", "student.zip"]
    for line, name in zip(said.splitlines(), ("autograder.zip", "student.zip"), strict=True):
        kilobytes = (out / name).stat().st_size / 1024
        assert line == f"{out / name}: {len(entries(built, name))} files, {kilobytes:.0f} KB"


def test_both_packages_say_what_they_require(built: tuple[Path, str]):
    pinned = {f"grader/release/container/{name}" for name in package.PINNED}
    assert {"pyproject.toml", "setup.sh", "run_autograder"} | pinned <= set(entries(built, "autograder.zip"))
    assert {"pyproject.toml", "Makefile", "README.md", "requirements.txt"} <= set(entries(built, "student.zip"))
    required = zipfile.ZipFile(built[0] / "student.zip").read("requirements.txt")
    assert required == (package.HANDOUT / "requirements.txt").read_bytes()


def test_every_folder_of_modules_comes_as_a_package(built: tuple[Path, str]):
    names = set(entries(built, "autograder.zip"))
    folders = {Path(name).parent for name in names if name.endswith(".py")}
    for folder in folders:
        present = (ROOT / folder / "__init__.py").exists()
        assert (f"{folder}/__init__.py" in names) == present, folder
    assert {Path("grader/release"), Path("grader/run"), Path("tests/support/judging")} <= folders


def test_what_the_platform_starts_is_executable_and_everything_else_is_a_plain_file(built: tuple[Path, str]):
    modes = {}
    for name in ("autograder.zip", "student.zip"):
        for file, entry in entries(built, name).items():
            assert (entry.create_system, entry.date_time, entry.compress_type) == (
                3, (1980, 1, 1, 0, 0, 0), zipfile.ZIP_DEFLATED,
            )  # fmt: skip
            modes[name, file] = stat.filemode(entry.external_attr >> 16)
    assert {file for (_, file), mode in modes.items() if mode == "-rwxr-xr-x"} == {"setup.sh", "run_autograder"}
    assert set(modes.values()) == {"-rwxr-xr-x", "-rw-r--r--"}


def test_a_package_larger_than_the_platform_takes_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    package.write(tmp_path / "one.zip", {"a": b"text"})
    size = (tmp_path / "one.zip").stat().st_size
    monkeypatch.setattr(package, "LARGEST_PACKAGE", size)
    package.write(tmp_path / "one.zip", {"a": b"text"})
    monkeypatch.setattr(package, "LARGEST_PACKAGE", size - 1)
    with pytest.raises(package.PackageError, match=r"one\.zip is larger than Gradescope takes"):
        package.write(tmp_path / "one.zip", {"a": b"text"})


def test_the_container_gives_no_account_an_id_of_the_bench():
    """The runner takes only ids without an account: one made here would be passed over."""
    assert "useradd" not in (package.CONTAINER / "setup.sh").read_text(encoding="utf-8")


def document() -> dict:
    row = {"name": "a row", "number": "4.1", "score": 1.0, "max_score": 2.0, "status": "failed"}
    tests = [row | {"visibility": "visible"}, row | {"name": "a secret", "visibility": "hidden"}]
    return {"score": 2.0, "output": "at the top", "visibility": "visible", "tests": tests}


@pytest.mark.parametrize(
    ("reader", "says", "sees"),
    [("student", "As a student sees it", False), ("instructor", "As the staff see", True)],
)
def test_a_result_file_is_shown_as_the_reader_sees_it(tmp_path: Path, reader: str, says: str, sees: bool):
    (tmp_path / "results.json").write_text(json.dumps(document()), encoding="utf-8")
    out = tmp_path / "new" / "page.html"
    process = started("grader", "preview", str(tmp_path / "results.json"), "--as", reader, "--out", str(out))
    assert process.returncode == 0, process.stderr
    assert process.stdout.startswith(says)
    assert str(out) in process.stdout
    page = out.read_text(encoding="utf-8")
    assert "a row" in page
    assert ("a secret" in page) is sees
    assert "results.json" in page


def test_a_submission_is_graded_first_and_then_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lent_runner: Callable[..., AbstractContextManager[Runner]]
):
    monkeypatch.setattr(preview, "Runner", lent_runner)
    assert main(["preview", str(TEMPLATE), "--as", "instructor", "--out", str(tmp_path / "page.html")]) == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Not implemented yet: 4.1" in page
    assert TEMPLATE.name in page
    assert str(Status.GRADER_ERROR) not in page


def test_what_does_not_exist_is_an_error_of_the_user_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["preview", str(tmp_path / "nothing.json")]) == 2
    assert capsys.readouterr().err == f"{tmp_path / 'nothing.json'} does not exist.\n"
