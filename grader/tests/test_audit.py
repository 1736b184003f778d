"""The audit notices a grader that has become weaker or stricter, and a case that is not what it claims."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from grader import rubric
from grader.audit import __main__ as audit
from grader.audit import automatic, cases, page, run
from grader.audit.cases import Case, CaseError
from grader.messages import Outcome
from grader.project import REFERENCE, SUITES
from grader.release.template import cut
from grader.report.results import Results

TOLERANCE = ("support/judging/losses.py", "return float(32 * np.finfo", "return float(3200 * np.finfo")
CREDIT = (
    "support/homework/losses.py",
    '"saturating generator loss",\n        0.5,',
    '"saturating generator loss",\n        1.0,',
)
CHECK = ("hidden/test_gan_losses.py", "def test_discriminator_loss_of_one_image", "def a_loss_of_one_image")
CONVENTION = (
    "support/homework/losses.py",
    '    DiscriminatorLoss("average of the two means", 1, "", _halved),\n',
    "",
)


@pytest.mark.parametrize(
    ("sabotage", "kind", "case", "complaint"),
    [
        pytest.param(
            *(TOLERANCE, cases.MUTANTS, "gan_g_loss_small_number_in_the_log"),
            "generator_loss_is_binary_cross_entropy does not fail",
            id="a tolerance times 100",
        ),
        pytest.param(
            *(CHECK, cases.MUTANTS, "gan_d_loss_squeeze"),
            "discriminator_loss_of_one_image does not fail",
            id="a hidden check deleted",
        ),
        pytest.param(
            *(CREDIT, cases.MUTANTS, "gan_g_loss_saturating_unstable"), "points remain, not", id="a credit doubled"
        ),
        pytest.param(
            *(CONVENTION, cases.STYLES, "gan_shared_modules"), "points remain, not 20", id="a right convention refused"
        ),
    ],
)
def test_a_sabotaged_suite_fails_the_audit(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    sabotage: tuple[str, str, str],
    kind: str,
    case: str,
    complaint: str,
):
    suites = shutil.copytree(SUITES, tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    options = ["--kinds", kind, "--only", case, "--workers", "1", "--suites", str(suites)]
    assert audit.main(options) == 0
    name, before, after = sabotage
    text = (suites / name).read_text()
    assert text.count(before) == 1
    (suites / name).write_text(text.replace(before, after))
    capsys.readouterr()
    assert audit.main(options) == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert complaint in printed
    assert "0/1" in printed


def test_an_audit_of_nothing_fails(capsys: pytest.CaptureFixture[str]):
    assert audit.main(["--kinds", "mutants", "--only", "no such mistake"]) == 1


HEADER = "# fails: one, other | says: something | score: 19.5\n"
EDIT = "hw5_gan.py\n<<<<<<<\nself.pool1(\n=======\nself.pool2(\n>>>>>>>\n"


@pytest.fixture
def mutant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The only mutant there is, from the text of its file."""
    monkeypatch.setattr(cases, "KNOWN", tmp_path)
    (tmp_path / "mutants").mkdir()

    def made(text: str) -> Case:
        (tmp_path / "mutants" / "made.mutant").write_text(text)
        (only,) = cases.mutants()
        return only

    return made


def test_a_mutant_is_read_and_applied(mutant, tmp_path: Path):
    case = mutant(HEADER + EDIT)
    assert (case.fails, case.says, case.score) == (frozenset({"one", "other"}), "something", 19.5)
    case.build(tmp_path)
    original = (REFERENCE / "hw5_gan.py").read_text()
    assert (tmp_path / "hw5_gan.py").read_text() == original.replace("self.pool1(", "self.pool2(")
    assert (tmp_path / "hw5_diffusion.py").read_bytes() == (REFERENCE / "hw5_diffusion.py").read_bytes()


@pytest.mark.parametrize(
    "header", ["", "# fails: one | score: 19\n", "# fails: one | says: x | score: many\n", "# says: x | score: 19\n"]
)
def test_a_bad_header_is_an_error(mutant, header: str):
    with pytest.raises(CaseError, match=r"made\.mutant: the first line is not"):
        mutant(header + EDIT)


@pytest.mark.parametrize(
    ("edits", "problem"),
    [
        ("hw5_utils.py\n" + EDIT.partition("\n")[2], "must name one of"),
        ("hw5_gan.py\n", "no edit"),
        (EDIT.replace("self.pool1(", "self.pool9("), "stands 0 times"),
        (EDIT.replace("self.pool1(", "nn.ReLU()"), "stands 3 times"),
    ],
)
def test_an_edit_that_does_not_fit_is_an_error(mutant, tmp_path: Path, edits: str, problem: str):
    with pytest.raises(CaseError, match=problem):
        mutant(HEADER + edits).build(tmp_path)


ROWS = [row for row in rubric.read() if row.number in ("4.4", "4.5")]
NAMED = "generator_loss_is_binary_cross_entropy"
RECORDED = Case(cases.MUTANTS, "made", 3.0 - 1.0, lambda folder: None, frozenset({NAMED}), "the sign is flipped")


def verdict(tmp_path: Path, *failed: str, output: str = "Your loss is 1: the sign is flipped.") -> run.Verdict:
    """The verdict on a mutant that is known to fail `NAMED`, when in truth it has failed these checks."""
    results = Results(tmp_path / "results.json", ROWS)
    for row in ROWS:
        wrong = row.name in failed
        results.outcomes[row.name] = Outcome("failed", 0.0, output) if wrong else Outcome("passed", 1.0, "")
    return run.compare(RECORDED, results)


def test_a_case_that_is_as_it_must_be_has_no_complaint(tmp_path: Path):
    assert verdict(tmp_path, NAMED).complaints == ()


@pytest.mark.parametrize(
    ("failed", "output", "complaints"),
    [
        ([], "", ["3 points remain, not 2", f"{NAMED} does not fail", "no message says 'the sign is flipped'"]),
        ([NAMED], "Your loss is 1.", ["no message says 'the sign is flipped'"]),
        (
            [NAMED, "generator_loss_of_one_image"],
            RECORDED.says,
            ["1.75 points remain, not 2", "generator_loss_of_one_image fails as well (failed)"],
        ),
        (
            [NAMED, "generator_loss_is_a_finite_scalar"],
            RECORDED.says,
            ["generator_loss_is_a_finite_scalar fails as well (failed)"],
        ),
    ],
)
def test_every_difference_is_a_complaint(tmp_path: Path, failed: list[str], output: str, complaints: list[str]):
    assert list(verdict(tmp_path, *failed, output=output).complaints) == complaints


def test_an_error_of_the_grader_is_a_complaint(tmp_path: Path):
    results = Results(tmp_path / "results.json", ROWS, staff=["ZeroDivisionError in a check"])
    results.close("grader error", "Please contact the staff.")
    assert "ZeroDivisionError" in run.compare(RECORDED, results).complaints[0]


@pytest.mark.parametrize("kind", audit.CLAIMS)
def test_every_case_can_be_built(tmp_path: Path, kind: str):
    for case in cases.all_cases((kind,)):
        folder = tmp_path / case.name
        folder.mkdir()
        case.build(folder)
        assert {"hw5_gan.py", "hw5_diffusion.py"} <= {path.name for path in folder.iterdir()}


def test_the_page_shows_what_went_wrong_and_runs_nothing_of_it(tmp_path: Path):
    wrong = verdict(tmp_path, "generator_loss_of_one_image", output="<script>alert(1)</script>")
    page.write(tmp_path / "audit.html", [wrong], ROWS, 1.0)
    text = (tmp_path / "audit.html").read_text()
    assert "0 of 1" in text
    assert f"{NAMED} does not fail" in text
    assert "&lt;script&gt;alert(1)" in text
    assert "<script" not in text


def test_the_matrix_tells_what_must_fail_from_what_must_not(tmp_path: Path):
    ((number, (line,)),) = page.matrix([verdict(tmp_path, NAMED, "generator_loss_of_one_image")], ROWS)
    looks = {row.name: cell.look for row, cell in zip(ROWS, line.cells, strict=True)}
    assert number == "4.5"
    assert looks.pop(NAMED) == "caught"
    assert looks.pop("generator_loss_of_one_image") == "unexpected"
    assert set(looks.values()) == {"passed"}


def test_the_calibration_stands_on_the_page_when_it_has_been_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(page, "CALIBRATION", tmp_path)
    page.write(tmp_path / "audit.html", [verdict(tmp_path, NAMED)], ROWS, 1.0)
    assert "seeds" not in (tmp_path / "audit.html").read_text()
    measured = {"seeds": 12345, "decisions": 62.25, "bound": 4.1e-7, "failures": 0, "tests": {}}
    (tmp_path / "calibration.json").write_text(json.dumps(measured))
    (tmp_path / "calibration.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    page.write(tmp_path / "audit.html", [verdict(tmp_path, NAMED)], ROWS, 1.0)
    text = (tmp_path / "audit.html").read_text()
    assert all(figure in text for figure in ("12,345 seeds", "62 random", "4e-07", "data:image/svg+xml"))


def test_automatic_mutants_differ_from_the_reference_in_solutions_only(tmp_path: Path):
    names = set()
    for module in cases.MODULES:
        made = list(automatic.mutations(module))
        texts = set()
        for case in made:
            case.build(tmp_path)
            texts.add((tmp_path / module).read_text())
        assert len(made) == len(texts) > 200
        assert {cut(text, module) for text in texts} == {cut((REFERENCE / module).read_text(), module)}
        names |= {case.name for case in made}
    assert automatic.listed(automatic.EQUIVALENT.read_text()) <= names
