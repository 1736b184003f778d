"""Points flow from the tables of the homework: the credit of every reading is changed, and its checks follow.

A reading with a formula is followed by an imagined submission; any other by a mutant that has it.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from grader.audit import cases
from grader.calibrate.decisions import functions
from grader.project import REFERENCE, ROOT, SUITES
from grader.tests.followers import BY_MUTANT, D_LOSS, EXACT, WRITTEN, by_formula, entries, tables
from grader.tests.imagined import Imagined
from tests import conftest
from tests.support.homework import denoising, initialisation, losses, noise_levels
from tests.support.homework.readings import Part, Reading, Remark
from tests.support.probes import vocabulary
from tests.support.submission import Submission
from tests.support.transports import InProcess
from tests.support.verdicts import Finding, Verdict, Wrong

ENTRIES = dict(entries())


@contextlib.contextmanager
def worth(entry: Reading | Part, credit: float) -> Iterator[None]:
    """The entry with another credit, or another share."""
    attribute = "share" if isinstance(entry, Part) else "credit"
    before = getattr(entry, attribute)
    object.__setattr__(entry, attribute, credit)
    try:
        yield
    finally:
        object.__setattr__(entry, attribute, before)


@cache
def mutants() -> dict[str, cases.Case]:
    return {case.name: case for case in cases.mutants()}


@pytest.fixture(scope="module")
def submitted(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str | Imagined], Submission]:
    """Makes the submission of a case; a mutant that is asked for again at once is observed once."""
    made: dict[str, Submission] = {}

    def submission(follows: str | Imagined) -> Submission:
        if isinstance(follows, Imagined):
            return Submission(follows)
        if follows not in made:
            made.clear()  # what one has answered takes tens of megabytes
            folder = tmp_path_factory.mktemp("submission")
            shutil.copytree(REFERENCE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("data"))
            if follows:
                mutants()[follows].build(folder)
            made[follows] = Submission(InProcess(folder, vocabulary.perform))
        return made[follows]

    return submission


def earned(submission: Submission, check: str) -> float:
    """The share of its points that the check gives."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):  # training prints
            functions((check,))[check](submission=submission)
    except Verdict as verdict:
        return verdict.credit
    return 1.0


@pytest.mark.parametrize("place", ENTRIES)
def test_points_follow_the_credit(place: str, submitted: Callable[[str | Imagined], Submission]):
    entry = ENTRIES[place]
    if isinstance(entry, Remark):
        assert not hasattr(entry, "credit")
        return
    who = BY_MUTANT.get(place) or by_formula(entry)
    assert who is not None, (
        f"{place} is a reading without a formula: name a mutant that has it in BY_MUTANT (followers.py), with the "
        "checks that recognise it, or make it a Remark if it shall have no credit"
    )
    submission = submitted(who.follows)
    for check in who.checks:
        for credit in (0.25, 0.5, 1.0):
            with worth(entry, credit):
                assert earned(submission, check) == pytest.approx(1 - who.share + who.share * credit), (check, credit)


def readings_of_the_written_half() -> list[Reading]:
    found: dict[int, Reading] = {}
    for module in WRITTEN:
        for value in vars(importlib.import_module(f"tests.support.homework.{module}")).values():
            members = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,)
            found |= {id(one): one for one in members if isinstance(one, Reading)}
    return [one for one in found.values() if one.credit < 1]


def test_points_follow_the_credits_of_the_written_half(submitted: Callable[[str | Imagined], Submission]):
    """Where a mutant's mistake has a name, its check earns what the name earns."""
    told: list[tuple[str, str, Wrong]] = []
    with contextlib.ExitStack() as stack:
        for reading in readings_of_the_written_half():
            stack.enter_context(worth(reading, 0.375))
        for case in mutants().values():
            for check in case.fails if case.name.startswith("written_") else ():
                try:
                    functions((check,))[check](submission=submitted(case.name))
                except Wrong as error:
                    told.append((case.name, check, error))
                except Verdict:
                    continue
    followed = set()
    for name, check, error in told:
        named = {one.mistake.name for one in error.findings if isinstance(one.mistake, Reading)}
        assert error.credit == (0.375 if named else 0.0), (name, check)
        followed |= named
    assert len(followed) > FEWEST_FOLLOWED


FEWEST_FOLLOWED = 30
"""Names of the written half that its mutants are recognised by."""


def test_no_entry_is_listed_that_is_not_there():
    assert set(BY_MUTANT) <= set(ENTRIES)


@pytest.mark.parametrize("parts", [initialisation.NETWORKS])
def test_the_shares_of_a_check_sum_up_to_one(parts: tuple[Part, ...]):
    assert sum(part.share for part in parts) == 1


def test_what_the_handout_says_earns_all_points():
    own = [value[0] for _, value in tables() if isinstance(value, tuple) and value and isinstance(value[0], Reading)]
    accepted = [one for one in own if one.credit > 0]  # tables of mistakes alone begin with one
    assert len(accepted) >= 12
    assert all(one.credit == 1 for one in accepted)


def test_the_smallest_credit_counts():
    """Two lesser readings in one check: a mean over coordinates, and sigma^2 for sigma."""
    weight, form = denoising.DENOISING_WEIGHTS[1], noise_levels.LEVEL_FORMS[3]
    both = Submission(Imagined(weight=weight, form=form))
    with worth(weight, 0.75), worth(form, 0.25):
        assert earned(both, EXACT) == 0.25
    with worth(weight, 0.25), worth(form, 0.75):
        assert earned(both, EXACT) == 0.25


@pytest.mark.parametrize(("credit", "ends"), [(1.0, StopIteration), (0.5, Wrong)])
def test_a_check_whose_findings_earn_all_points_passes(credit: float, ends: type[BaseException]):
    running = conftest.pytest_pyfunc_call()
    next(running)
    with pytest.raises(ends):
        running.throw(Wrong(Finding("seen"), credit=credit))


def test_a_lesser_reading_hides_no_mistake():
    """The weight earns half; the flipped sign of the target earns nothing."""
    both = Imagined(weight=denoising.DENOISING_WEIGHTS[1], target=denoising.DENOISING_TARGETS[1])
    assert earned(Submission(both), EXACT) == 0


@pytest.mark.parametrize(
    ("style", "entry", "check", "left"),
    [
        ("gan_shared_modules", losses.DISCRIMINATOR_SIZES[1], D_LOSS, 0.5),
        ("diffusion_mean_over_elements", denoising.DENOISING_WEIGHTS[0], EXACT, 0.5),
    ],
)
def test_a_style_loses_half_when_its_convention_earns_half(
    tmp_path: Path, style: str, entry: Reading, check: str, left: float
):
    (known,) = (case for case in cases.styles() if case.name == style)
    known.build(tmp_path)
    shutil.copy(REFERENCE / "hw5_utils.py", tmp_path)
    submission = Submission(InProcess(tmp_path, vocabulary.perform))
    assert earned(submission, check) == 1
    with worth(entry, 0.5):
        assert earned(submission, check) == left


PLANTED = """UNIFORM_MISTAKES = (
    Bound(
        "a=2",
        0.5,
        "This is the bound for a=2. It earns {earns}.",
        lambda fan_in, fan_out: math.sqrt(6 / 5 / fan_in),
    ),
"""


def test_a_planted_mistake_is_recognised_with_no_other_file_touched(tmp_path: Path):
    suites = shutil.copytree(SUITES, tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    table = suites / "support" / "homework" / "initialisation.py"
    text = table.read_text()
    assert text.count("UNIFORM_MISTAKES = (\n") == 1
    table.write_text(text.replace("UNIFORM_MISTAKES = (\n", PLANTED))
    folder = tmp_path / "submission"
    folder.mkdir()
    mutants()["gan_init_d_a_0_2"].build(folder)
    module = folder / "hw5_gan.py"
    changed = module.read_text()
    assert changed.count("a=0.2") == 1
    module.write_text(changed.replace("a=0.2", "a=2"))
    shutil.copy(REFERENCE / "hw5_utils.py", folder)
    command = [sys.executable, "-m", "pytest", "-q", "tests/public/test_gan_initialisation.py"]
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    done = subprocess.run(
        [*command, "--submission", str(folder)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "This is the bound for a=2. It earns half." in done.stdout
