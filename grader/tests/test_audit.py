"""The audit notices a grader that has become weaker or stricter, and a case that is not what it claims."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from grader import rubric
from grader.__main__ import main
from grader.audit import automatic, cases, page, run, unseen
from grader.audit.cases import Case, CaseError
from grader.audit.headers import NOTHING, SOUND, HeaderError, Known
from grader.audit.workshop import Workshop
from grader.messages import Outcome
from grader.project import REFERENCE, SUITES
from grader.release.template import cut
from grader.report.results import Results
from grader.tests.test_guides import LOSES_AN_IMAGE, NEW, example
from tests.support.homework.assignment import FILES
from tests.support.status import Status

ROWS = rubric.read()
NAMES = [row.name for row in ROWS]
Graded = Callable[[Case, Path], run.CaseResult]

TOLERANCE = ("support/judging/loss_evidence.py", "return float(32 * np.finfo", "return float(3200 * np.finfo")
CREDIT = (
    "support/homework/losses.py",
    '"saturating generator loss",\n        0.5,',
    '"saturating generator loss",\n        1.0,',
)
CHECK = ("hidden/test_gan_losses.py", "def test_discriminator_loss_of_one_image", "def a_loss_of_one_image")
CONVENTION = (
    "support/homework/losses.py",
    '    LossSize("average of the two means", 1, "", lambda n: 0.5),\n',
    "",
)


@pytest.fixture
def suites(tmp_path: Path) -> Path:
    """A copy of the suites, to be changed."""
    return shutil.copytree(SUITES, tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))


@pytest.fixture
def graded(workshop: Workshop, tmp_path: Path) -> Graded:
    """Grade a case in process, under the suites of a folder."""

    def grade(case: Case, suites: Path) -> run.CaseResult:
        with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
            (submission := Path(folder, "submission")).mkdir()
            case.build(submission)
            return run.compare(case, workshop.grade(submission, Path(folder, "out"), suites))

    return grade


def named(kind: str, name: str, suites: Path = SUITES) -> Case:
    return next(case for case in cases.all_cases((kind,), suites) if case.name == name)


def sabotaged(suites: Path, sabotage: tuple[str, str, str]) -> None:
    name, before, after = sabotage
    text = (suites / name).read_text()
    assert text.count(before) == 1
    (suites / name).write_text(text.replace(before, after))


@pytest.mark.parametrize(
    ("sabotage", "kind", "name", "complaint"),
    [
        pytest.param(
            *(TOLERANCE, cases.MUTANTS, "gan_g_loss_small_number_in_the_log"),
            "generator_loss_is_binary_cross_entropy does not fail",
            id="a tolerance times 100",
        ),
        pytest.param(
            *(CREDIT, cases.MUTANTS, "gan_g_loss_saturating_unstable"),
            "generator_loss_is_binary_cross_entropy does not fail",
            id="a credit doubled",
        ),
        pytest.param(
            *(CONVENTION, cases.STYLES, "gan_shared_modules"),
            "discriminator_loss_is_binary_cross_entropy fails as well (failed)",
            id="a right convention refused",
        ),
    ],
)
def test_a_sabotaged_suite_is_noticed(
    suites: Path, graded: Graded, sabotage: tuple[str, str, str], kind: str, name: str, complaint: str
):
    """What is sound under the suites as they are, `make audit` shows."""
    sabotaged(suites, sabotage)
    assert complaint in graded(named(kind, name, suites), suites).complaints


def test_a_sabotaged_suite_fails_the_audit(suites: Path, capsys: pytest.CaptureFixture[str]):
    sabotaged(suites, TOLERANCE)
    mutant = named(cases.MUTANTS, "gan_g_loss_small_number_in_the_log")
    another_part = str(run.part_of(mutant) % run.PARTS + 1)
    options = ["audit", "--kinds", cases.MUTANTS, "--only", mutant.name, "--workers", "1", "--suites", str(suites)]
    assert main([*options, "--part", another_part]) == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert "generator_loss_is_binary_cross_entropy does not fail" in printed
    assert "0/1 mutants" in printed
    assert f"part {another_part} of {run.PARTS} went through the bench" in printed


def test_a_check_that_is_gone_fails_the_audit(suites: Path, capsys: pytest.CaptureFixture[str]):
    sabotaged(suites, CHECK)
    assert main(["audit", "--kinds", cases.MUTANTS, "--suites", str(suites)]) == 2
    printed = " ".join(capsys.readouterr().err.split())
    assert "gan_d_loss_squeeze.mutant, line 1: 'discriminator_loss_of_one_image' is no check" in printed


def test_every_weight_may_change_and_a_check_may_be_added(suites: Path, graded: Graded):
    """The audit complains of those mistakes alone that the new check finds."""
    for path in suites.glob("*/test_*.py"):
        if path.name != "test_figures.py":  # people grade those: everybody passes
            path.write_text(re.sub(r"@weight\(([\d.]+)\)", other_weight, path.read_text()))
    new, text = example()
    (suites.parent / new).write_text(text)
    for kind, name in (
        (cases.STYLES, "gan_shared_modules"),
        (cases.MUTANTS, "gan_g_loss_saturating_unstable"),
        (cases.MUTANTS, "diffusion_scorenet_nine_layers"),
        (cases.HALVES, "only 4.2 solved"),
        (cases.HALVES, "4.2 not solved"),
        (cases.ATTACKS, "18_return_hard_coded_answers"),
    ):
        verdict = graded(named(kind, name, suites), suites)
        assert verdict.complaints == (), name
        assert verdict.score == verdict.due
    found = graded(Case(cases.MUTANTS, "loses an image", losing_an_image), suites)
    assert f"{NEW} fails as well (failed)" in found.complaints


def other_weight(found: re.Match[str]) -> str:
    return f"@weight({0.3 + 2 * float(found[1])})"


def losing_an_image(folder: Path) -> None:
    """A mistake that the guide's example finds."""
    for module in FILES:
        shutil.copy(REFERENCE / module, folder)
    with (folder / "hw5_gan.py").open("a") as network:
        network.write(LOSES_AN_IMAGE)


def test_an_audit_of_nothing_fails(capsys: pytest.CaptureFixture[str]):
    assert main(["audit", "--kinds", "mutants", "--only", "no such mistake"]) == 1


HEADER = "# fails: generator_loss_of_one_image (keeps 12.5%), dnet_executes_table_1 (timed out) | says: something\n"
EDIT = "hw5_gan.py\n<<<<<<<\nself.pool1(\n=======\nself.pool2(\n>>>>>>>\n"
PLAIN = "# fails: dnet_executes_table_1 | says: x"


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
    assert case.of("generator_loss_of_one_image") == Known(Status.FAILED, 0.125)
    assert case.of("dnet_executes_table_1") == Known(Status.TIMED_OUT, 0.0)
    assert case.of("biases_start_at_zero") == SOUND
    assert case.says == "something"
    case.build(tmp_path)
    original = (REFERENCE / "hw5_gan.py").read_text()
    assert (tmp_path / "hw5_gan.py").read_text() == original.replace("self.pool1(", "self.pool2(")
    assert (tmp_path / "hw5_diffusion.py").read_bytes() == (REFERENCE / "hw5_diffusion.py").read_bytes()


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("", "a header begins with '# fails: '"),
        ("# says: x", "'fails' is missing"),
        ("# fails: | says: x", "'fails:' is no field"),
        ("# fials: dnet_executes_table_1 | says: x", "'fials' is no field of this header; the nearest is 'fails'"),
        (f"{PLAIN} | score: 19", "'score' is no field of this header; the nearest is 'says'"),
        (f"{PLAIN} | says: y", "'says' stands there twice"),
        (PLAIN.replace("dnet", "dent"), "'dent_executes_table_1' is no check; the nearest is 'dnet_executes_table_1'"),
        (PLAIN.replace(" |", ", dnet_executes_table_1 |"), "'dnet_executes_table_1' stands there twice"),
        (PLAIN.replace(" |", " (time out) |"), "'time out' is no status, nor a share; the nearest is 'timed out'"),
        (PLAIN.replace(" |", " (passed) |"), "'passed' is no status, nor a share"),
        (PLAIN.replace(" |", " (keeps 100%) |"), "'keeps 100%' is no status, nor a share; the nearest is 'keeps 50%'"),
        (PLAIN.replace(" |", " 50% |"), "is not 'check', 'check (keeps 50%)' or"),
    ],
)
def test_a_bad_header_is_an_error_that_says_where_and_what_is_nearest(mutant, header: str, problem: str):
    with pytest.raises(CaseError, match=re.escape("made.mutant, line 1: ") + ".*" + re.escape(problem)):
        mutant(f"{header}\n{EDIT}")


def test_all_bad_headers_are_told_at_once(mutant, tmp_path: Path):
    (tmp_path / "mutants" / "another.mutant").write_text(EDIT)
    with pytest.raises(CaseError, match=r"another\.mutant, line 1[^\n]*\nmade\.mutant, line 1"):
        mutant(EDIT)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ("attack: 12 | earns: nothing | tries: x", "an attack of class 12 has a file name that begins so"),
        (
            "attack: 13 | earns: nothing | in: gan | tries: x",
            "'gan' is no value of 'in'; the nearest is 'hw5_gan'",
        ),
        ("attack: 13 | earns: nothing | base: refrence | tries: x", "the nearest is 'reference'"),
        ("attack: 13 | earns: noting | tries: x", "'noting' is no check"),
    ],
)
def test_the_header_of_an_attack_is_read_as_strictly(tmp_path: Path, fields: str, problem: str):
    (tmp_path / "13_made.py").write_text(f"# {fields}\n")
    with pytest.raises(HeaderError, match=re.escape(problem)):
        cases.attack(tmp_path / "13_made.py", NAMES)


def test_an_attack_in_honest_work_may_earn_single_checks(tmp_path: Path):
    (tmp_path / "13_made.py").write_text(
        "# attack: 13 | earns: dnet_executes_table_1, gnet_executes_table_2 (keeps 50%) | tries: a: b\n"
    )
    case = cases.attack(tmp_path / "13_made.py", NAMES)
    assert case.of("dnet_executes_table_1") == SOUND
    assert case.of("gnet_executes_table_2").share == 0.5
    assert case.of("biases_start_at_zero") == NOTHING
    assert case.aim == "a: b"


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


LOSSES = [row for row in ROWS if row.number in ("4.4", "4.5")]
NAMED = "generator_loss_is_binary_cross_entropy"
ONE = "generator_loss_of_one_image"
FAILED = Known(Status.FAILED, 0.0)
RECORDED = Case(cases.MUTANTS, "made", lambda folder: None, {NAMED: FAILED}, says="the sign is flipped")


def verdict(tmp_path: Path, output: str = "Your loss is 1: the sign is flipped.", **found: Known) -> run.CaseResult:
    """The verdict on a mutant that is known to fail `NAMED`, when in truth this was found."""
    results = Results(tmp_path / "results.json", LOSSES)
    for row in LOSSES:
        known = found.get(row.name, SOUND)
        assert known.status is not None
        results.outcomes[row.name] = Outcome(known.status, known.share, output if known != SOUND else "")
    return run.compare(RECORDED, results)


def test_a_case_that_is_as_it_must_be_has_no_complaint(tmp_path: Path):
    sound = verdict(tmp_path, **{NAMED: FAILED})
    assert sound.complaints == ()
    assert sound.score == sound.due == sum(row.points for row in LOSSES if row.name != NAMED)


@pytest.mark.parametrize(
    ("found", "output", "complaints"),
    [
        ({}, "", [f"{NAMED} does not fail", "no message says 'the sign is flipped'"]),
        ({NAMED: FAILED}, "Your loss is 1.", ["no message says 'the sign is flipped'"]),
        ({NAMED: FAILED, ONE: FAILED}, RECORDED.says, [f"{ONE} fails as well (failed)"]),
        ({NAMED: Known(Status.FAILED, 0.5)}, RECORDED.says, [f"{NAMED} keeps 0.5 of its points, not 0"]),
        ({NAMED: Known(Status.TIMED_OUT, 0.0)}, RECORDED.says, [f"{NAMED} is timed out, not failed"]),
        (
            {NAMED: FAILED, "generator_loss_is_a_finite_scalar": Known(Status.CRASHED, 0.0)},
            RECORDED.says,
            ["generator_loss_is_a_finite_scalar fails as well (crashed)"],
        ),
    ],
)
def test_every_difference_is_a_complaint(tmp_path: Path, found: dict[str, Known], output: str, complaints: list[str]):
    assert list(verdict(tmp_path, output, **found).complaints) == complaints


def test_an_attack_that_earns_a_part_of_a_check_is_a_complaint(tmp_path: Path):
    results = Results(tmp_path / "results.json", LOSSES)
    results.close(Status.FAILED, "")
    attack = Case(cases.ATTACKS, "made", lambda folder: None, rest=NOTHING)
    assert run.compare(attack, results).complaints == ()
    results.outcomes[NAMED] = Outcome(Status.FAILED, 0.25, "")
    assert run.compare(attack, results).complaints == (f"{NAMED} earns 25% of its points",)


def test_an_error_of_the_grader_is_a_complaint(tmp_path: Path):
    results = Results(tmp_path / "results.json", LOSSES, staff=["ZeroDivisionError in a check"])
    results.close("grader error", "Please contact the staff.")
    assert "ZeroDivisionError" in run.compare(RECORDED, results).complaints[0]


def test_every_mutant_goes_through_the_bench_within_as_many_days_as_there_are_parts():
    days = [date(2024, 2, 27) + timedelta(days=number) for number in range(run.PARTS)]
    parts = [run.part_of_day(day) for day in days]
    assert sorted(parts) == list(range(1, run.PARTS + 1))
    mutants = cases.mutants()
    shares = [sum(run.needs_bench(case, part) for case in mutants) / len(mutants) for part in parts]
    assert max(shares) < 2 / run.PARTS
    assert sum(shares) >= 1
    assert all(run.needs_bench(case, None) for case in mutants)
    assert all(run.needs_bench(case, 1) for case in cases.all_cases((cases.STYLES, cases.HALVES, cases.ATTACKS)))


def test_a_mutant_that_only_the_runner_can_end_goes_through_the_bench():
    endless = Case(cases.MUTANTS, "made", lambda folder: None, {NAMED: Known(Status.TIMED_OUT, 0.0)})
    assert run.needs_bench(endless, run.part_of(endless) % run.PARTS + 1)
    assert not run.needs_bench(RECORDED, run.part_of(RECORDED) % run.PARTS + 1)


@pytest.mark.parametrize("kind", [cases.STYLES, cases.MUTANTS, cases.HALVES, cases.ATTACKS])
def test_every_case_can_be_built(tmp_path: Path, kind: str):
    for case in cases.all_cases((kind,)):
        folder = tmp_path / case.name
        folder.mkdir()
        case.build(folder)
        assert {"hw5_gan.py", "hw5_diffusion.py"} <= {path.name for path in folder.iterdir()}


def test_the_page_shows_what_went_wrong_and_runs_nothing_of_it(tmp_path: Path):
    wrong = verdict(tmp_path, "<script>alert(1)</script>", **{ONE: FAILED})
    page.write(tmp_path / "audit.html", [wrong], LOSSES, 1.0, "")
    text = (tmp_path / "audit.html").read_text()
    assert "0 of 1" in text
    assert f"{NAMED} does not fail" in text
    assert "&lt;script&gt;alert(1)" in text
    assert "<script" not in text


def test_the_matrix_tells_what_must_fail_from_what_must_not(tmp_path: Path):
    ((number, (line,)),) = page.matrix([verdict(tmp_path, **{NAMED: FAILED, ONE: FAILED})], LOSSES)
    looks = {row.name: cell.look for row, cell in zip(LOSSES, line.cells, strict=True)}
    assert number == "4.5"
    assert looks.pop(NAMED) == "caught"
    assert looks.pop(ONE) == "unexpected"
    assert set(looks.values()) == {"passed"}


def test_the_calibration_stands_on_the_page_when_it_has_been_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(page, "CALIBRATION", tmp_path)
    page.write(tmp_path / "audit.html", [verdict(tmp_path, **{NAMED: FAILED})], LOSSES, 1.0, "")
    assert "seeds" not in (tmp_path / "audit.html").read_text()
    measured = {"seeds": 12345, "decisions": 62.25, "bound": 4.1e-7, "failures": 0, "tests": {}}
    (tmp_path / "calibration.json").write_text(json.dumps(measured))
    (tmp_path / "calibration.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    page.write(tmp_path / "audit.html", [verdict(tmp_path, **{NAMED: FAILED})], LOSSES, 1.0, "")
    text = (tmp_path / "audit.html").read_text()
    assert all(figure in text for figure in ("12,345 seeds", "62 random", "4e-07", "data:image/svg+xml"))


def test_automatic_mutants_differ_from_the_reference_in_solutions_only(tmp_path: Path):
    names = set()
    for module in cases.FILES:
        made = list(automatic.mutations(module))
        texts = set()
        for case in made:
            case.build(tmp_path)
            texts.add((tmp_path / module).read_text())
        assert len(made) == len(texts) > 200
        assert {cut(text, module) for text in texts} == {cut((REFERENCE / module).read_text(), module)}
        names |= {case.name for case in made}
    assert automatic.listed(automatic.EQUIVALENT.read_text()) <= names


def test_what_no_public_check_tells_is_listed_by_question(capsys: pytest.CaptureFixture[str]):
    public = {row.name for row in rubric.read() if row.audience == "public"}
    mutants = {case.name: case for case in cases.all_cases((cases.MUTANTS,))}
    listed = [name for mistakes in unseen.unseen().values() for name, _ in mistakes]
    assert len(listed) == len(set(listed)) > 10
    assert set(listed) == {name for name, case in mutants.items() if case.fails and not case.fails & public}
    assert main(["unseen"]) == 0
    assert f"{len(listed)} of {len(mutants)} known mistakes" in capsys.readouterr().out
