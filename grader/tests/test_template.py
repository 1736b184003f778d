"""The students' files are the reference without its solutions, and every stub names its question."""

import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch

from grader.__main__ import main
from grader.release import template
from tests.support.homework.assignment import FILES

SOURCE = """\
def double(x):
    # BEGIN SOLUTION 1.2: double the number
    return 2 * x
    # END SOLUTION


after = 1
"""


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Import a module of student_template/, apart from modules of that name that other tests imported."""
    monkeypatch.syspath_prepend(str(template.TEMPLATE))

    def load(name: str) -> ModuleType:
        for cached in ("hw5_utils", name):
            monkeypatch.delitem(sys.modules, cached, raising=False)
        module = importlib.import_module(name)
        monkeypatch.setitem(sys.modules, name, module)
        return module

    return load


def solution_lines(source: str) -> set[str]:
    """Return the stripped lines between the marks, found without the cutter's own parsing."""
    regions = source.split("# BEGIN SOLUTION")[1:]
    return {
        line.strip()
        for region in regions
        for line in region.split("# END SOLUTION")[0].splitlines()[1:]
        if line.strip()
    }


# --- the cut --------------------------------------------------------------------------------------


def test_a_region_becomes_a_stub_and_the_rest_stays():
    assert template.cut(SOURCE, "f.py") == (
        "def double(x):\n"
        "    # Question 1.2: replace this statement by your solution.\n"
        '    raise NotImplementedError("1.2 is not implemented yet: double the number")\n'
        "\n"
        "\n"
        "after = 1\n"
    )


def test_a_stub_too_long_for_one_line_is_wrapped():
    task = "t" * 70
    text = template.cut(SOURCE.replace("double the number", task), "f.py")
    assert max(map(len, text.splitlines())) <= template.LINE_LENGTH
    with pytest.raises(NotImplementedError, match=f"^1.2 is not implemented yet: {task}$"):
        exec(text + "double(1)", {})


@pytest.mark.parametrize(
    ("source", "line", "problem"),
    [
        (SOURCE.replace("    # END SOLUTION\n", ""), 2, "never closed"),
        (SOURCE.replace("    return", "    # BEGIN SOLUTION 1.3: nest\n    return"), 3, "began in line 2"),
        (SOURCE.replace("after", "# END SOLUTION\nafter"), 7, "never began"),
        (SOURCE.replace("1.2: double", "double"), 2, "not like"),
        (SOURCE.replace("1.2: double the number", "1.2:"), 2, "not like"),
        (SOURCE.replace("# BEGIN", "#begin"), 2, "not like"),
        (SOURCE.replace("return 2 * x", "return 2 * x  # END SOLUTION"), 3, "not like"),
        ("after = 1\n", 1, "no solution region"),
    ],
    ids=["unclosed", "nested", "unopened", "no question", "no task", "misspelt", "behind code", "no region"],
)
def test_a_malformed_region_is_an_error_with_file_and_line(source: str, line: int, problem: str):
    with pytest.raises(template.RegionError, match=rf"^f\.py:{line}: .*{problem}"):
        template.cut(source, "f.py")


# --- the files on disk ----------------------------------------------------------------------------


def test_the_template_on_disk_is_what_the_reference_gives():
    template.check(template.build(), template.TEMPLATE)


def write(folder: Path, files: dict[str, str]) -> None:
    """Write the files into the folder."""
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")


@pytest.mark.parametrize("name", [*FILES, *template.COPIED])
def test_an_edited_line_is_drift_and_the_diff_shows_it(tmp_path: Path, name: str):
    files = template.build()
    write(tmp_path, files)
    template.check(files, tmp_path)
    with (tmp_path / name).open("a") as file:
        file.write("edited = True\n")
    with pytest.raises(template.DriftError, match="has drifted") as drift:
        template.check(files, tmp_path)
    assert name in drift.value.diff
    assert "\n-edited = True\n" in drift.value.diff


def test_a_missing_and_an_additional_file_are_drift(tmp_path: Path):
    files = template.build()
    write(tmp_path, files | {"solution.py": "answer = 1\n"})
    with pytest.raises(template.DriftError) as drift:
        template.check(files, tmp_path)
    assert "-answer = 1" in drift.value.diff
    (tmp_path / "solution.py").unlink()
    (tmp_path / "hw5_gan.py").unlink()
    with pytest.raises(template.DriftError) as drift:
        template.check(files, tmp_path)
    assert "+class DNet" in drift.value.diff


def test_the_command_writes_the_files_and_then_finds_no_drift(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(template, "TEMPLATE", tmp_path / "made")
    assert main(["template", "--check"]) == 2
    printed = capsys.readouterr()
    assert "+class ScoreNet" in printed.out
    assert printed.err == "made/ has drifted: run `make template`.\n"
    assert not (tmp_path / "made").exists()
    assert main(["template"]) == 0
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == sorted(template.build())
    assert main(["template", "--check"]) == 0
    assert capsys.readouterr() == ("", "")


def test_the_command_reports_a_malformed_region(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def broken() -> dict[str, str]:
        return {"f.py": template.cut("# END SOLUTION\n", "f.py")}

    monkeypatch.setattr(template, "build", broken)
    monkeypatch.setattr(template, "TEMPLATE", tmp_path / "made")
    assert main(["template"]) == 2
    assert capsys.readouterr().err.startswith("f.py:1: ")
    assert not (tmp_path / "made").exists()


# --- what students receive ------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_no_solution_line_is_left(name: str):
    solution = solution_lines((template.REFERENCE / name).read_text("utf-8"))
    assert len(solution) > 10
    given = {line.strip() for line in (template.TEMPLATE / name).read_text("utf-8").splitlines()}
    assert [line for line in solution & given if len(line) > 20] == []


@pytest.mark.parametrize("name", [*FILES, *template.COPIED])
def test_no_mark_and_no_unused_import_is_left(name: str):
    text = (template.TEMPLATE / name).read_text("utf-8")
    assert "SOLUTION" not in text
    assert "TODO" not in text
    pytest.importorskip("ruff", reason="a tool of the developers, not of every user")
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--isolated",
        "--select",
        "F",
        str(template.TEMPLATE / name),
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def bare(cls: type) -> torch.nn.Module:
    """Return a module whose own constructor, itself a stub, has not run."""
    module = cls.__new__(cls)
    torch.nn.Module.__init__(module)
    return module


@pytest.mark.parametrize(
    ("question", "call"),
    [
        ("4.1", lambda gan: gan.DNet()),
        ("4.1", lambda gan: bare(gan.DNet).forward(torch.zeros(1, 1, 28, 28))),
        ("4.2", lambda gan: gan.GNet(64)),
        ("4.2", lambda gan: bare(gan.GNet).forward(torch.zeros(1, 64))),
        ("4.3", lambda gan: bare(gan.DNet)._weight_init()),
        ("4.3", lambda gan: bare(gan.GNet)._weight_init()),
        (
            "4.4",
            lambda gan: gan.GAN.__new__(gan.GAN)._get_loss_d(1, torch.zeros(1, 1, 28, 28), torch.zeros(1, 64)),
        ),
        ("4.5", lambda gan: gan.GAN.__new__(gan.GAN)._get_loss_g(1, torch.zeros(1, 64))),
    ],
)
def test_each_stub_of_the_gan_names_its_question(
    stub: Callable[[str], ModuleType], question: str, call: Callable[[ModuleType], object]
):
    with pytest.raises(NotImplementedError, match=rf"^{question} is not implemented yet: \w+"):
        call(stub("hw5_gan"))


@pytest.mark.parametrize(
    ("question", "call"),
    [
        ("5.1", lambda diffusion: diffusion.ScoreNet()),
        ("5.2", lambda diffusion: diffusion.compute_denoising_loss(None, torch.zeros(1, 2), torch.ones(1))),
        ("5.3", lambda diffusion: diffusion.langevin_dynamics_sample(None, 1, torch.ones(1))),
    ],
)
def test_each_stub_of_the_diffusion_model_names_its_question(
    stub: Callable[[str], ModuleType], question: str, call: Callable[[ModuleType], object]
):
    with pytest.raises(NotImplementedError, match=rf"^{question} is not implemented yet: \w+"):
        call(stub("hw5_diffusion"))


def test_the_given_forward_of_the_scorenet_takes_every_form_of_sigma(stub: Callable[[str], ModuleType]):
    scorenet = bare(stub("hw5_diffusion").ScoreNet)
    scorenet.net = torch.nn.Linear(3, 2)
    x = torch.randn(5, 2)
    expected = scorenet.net(torch.cat([x, torch.full((5, 1), 0.5)], dim=1)) / 0.5
    for sigma in (0.5, torch.tensor(0.5), torch.full((5, 1), 0.5)):
        torch.testing.assert_close(scorenet(x, sigma), expected, rtol=0, atol=0)
