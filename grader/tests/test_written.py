"""The optional third file: both positions of the switch, and what happens to odd and to bad hand-ins of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader import rubric
from grader.project import REFERENCE, TEMPLATE
from grader.release import gradescope
from grader.report import page
from grader.report.results import Results
from grader.run.runner import Runner
from grader.tests.places import SHORT, Grade, worker_slot
from tests.support.homework.assignment import REQUIRED, WRITTEN
from tests.support.probes import vocabulary
from tests.support.submission import Submission
from tests.support.transports import InProcess
from tests.support.verdicts import Status, Verdict

FILE = f"{WRITTEN}.py"
HANDOUT = {"1.1": 2, "1.2": 2, "1.3": 1, "2.1": 1, "2.2": 1, "2.3": 3, "2.4": 3, "2.5": 3}
HANDOUT |= {"3.1": 1, "3.2": 1, "3.3": 1, "3.4": 1}


@pytest.fixture(scope="module")
def counting() -> Iterator[Runner]:
    """A runner of a course that counts the written half."""
    with Runner(clocks=SHORT, slot=200 + worker_slot(), written_counts=True) as one:
        yield one


def folder_with(folder: Path, *names: str, base: Path = REFERENCE) -> Path:
    folder.mkdir()
    for name in names:
        shutil.copy(base / name, folder / name)
    return folder


# --- the switch -----------------------------------------------------------------------------------


def test_switched_on_each_question_is_worth_what_the_handout_says():
    points: dict[str, float] = {}
    rows = rubric.read(written_counts=True)
    for row in rows:
        points[row.number] = points.get(row.number, 0) + row.points
    assert {number: points[number] for number in HANDOUT} == HANDOUT
    assert (rubric.graded(rows), rubric.left_to_people(rows)) == (37.5, 2.5)


def test_switched_off_nothing_is_worth_a_point_and_nothing_is_left_to_people():
    rows = rubric.read(written_counts=False)
    assert (rubric.graded(rows), rubric.left_to_people(rows)) == (20, 0)
    assert {row.points for row in rows if row.module == WRITTEN} == {0}
    assert not any(row.by_hand for row in rows)


def test_switched_off_and_not_handed_in_there_is_no_row(grade: Grade, tmp_path: Path):
    results = grade(folder_with(tmp_path / "in", *REQUIRED))
    assert {row.module for row in results.rows} == {"hw5_gan", "hw5_diffusion"}
    assert (results.score, results.possible) == (20, 20)
    assert "hw5_written" not in (tmp_path / "out" / "results.json").read_text(encoding="utf-8")


def test_switched_off_and_handed_in_it_is_a_self_check_without_points(grade: Grade, tmp_path: Path):
    results = grade(REFERENCE)
    assert (results.score, results.possible) == (20, 20)
    assert {results.outcomes[row.name].status for row in results.rows if row.module == WRITTEN} == {Status.PASSED}
    document = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    written = [test for test in document["tests"] if test["number"] in HANDOUT]
    assert len(written) > 20
    assert not any("score" in test or "max_score" in test for test in written)


def test_switched_on_the_reference_has_every_point_that_the_grader_gives(counting: Runner, tmp_path: Path):
    results = counting.grade(REFERENCE, tmp_path / "out")
    assert (results.score, results.possible) == (37.5, 37.5)
    by_hand = [row for row in results.rows if row.by_hand]
    assert sum(row.points for row in by_hand) == 2.5
    document = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    for row in by_hand:
        (test,) = [one for one in document["tests"] if one["extra_data"]["check"] == row.name]
        assert not {"score", "max_score", "status"} & test.keys(), "what people grade is never lost"
        assert test["extra_data"]["by_hand"] == row.points
        assert "0.5:" in test["output"], "the staff's rubric stands beside it"
        assert test["visibility"] == "after_published"


def test_switched_on_and_not_handed_in_all_rows_stand_at_zero(counting: Runner, tmp_path: Path):
    results = counting.grade(folder_with(tmp_path / "in", *REQUIRED), tmp_path / "out")
    assert (results.score, results.possible) == (20, 37.5)
    graded = [row for row in results.rows if row.module == WRITTEN and not row.by_hand]
    assert {results.outcomes[row.name].status for row in graded} == {Status.BLOCKED}
    assert all("hw5_written.py is not among" in results.outcomes[row.name].output for row in graded)


def test_the_template_is_not_implemented_in_every_row(counting: Runner, tmp_path: Path):
    results = counting.grade(TEMPLATE, tmp_path / "out")
    assert results.score == 0
    graded = [row for row in results.rows if row.module == WRITTEN and not row.by_hand]
    assert {results.outcomes[row.name].status for row in graded} == {Status.NOT_IMPLEMENTED}


@pytest.mark.parametrize(("counts", "total"), [(False, 20), (True, 40)])
def test_the_assignment_s_total_is_the_grader_s_points_and_people_s(tmp_path: Path, counts: bool, total: float):
    rows = rubric.read(written_counts=counts)
    results = Results(tmp_path / "results.json", rows)
    metadata = tmp_path / "metadata.json"
    metadata.write_text(json.dumps({"assignment": {"total_points": total}}))
    points = results.possible + rubric.left_to_people(rows)
    assert gradescope.about_the_assignment(metadata, points) == []


def test_the_written_rows_have_a_section_of_their_own(tmp_path: Path):
    results = Results(tmp_path / "results.json", rubric.read(written_counts=True))
    text = page.page(results.document(), "instructor", "somebody")
    headings = ("Problems 1 to 3", "Question 1.1", "Question 3.4", "Problems 4 and 5", "Question 4.1")
    places = [text.index(f"{heading}</h2>") for heading in headings]
    assert places == sorted(places)
    without = Results(tmp_path / "results.json", [row for row in results.rows if row.module != WRITTEN])
    assert "Problems 1 to 3" not in page.page(without.document(), "instructor", "somebody")


# --- odd and bad hand-ins ---------------------------------------------------------------------------

ALWAYS_DIFFERENT = """
class Fickle(dict):
    turn = 0
    def get(self, *_):
        Fickle.turn += 1
        return Fickle.turn % 2 == 0
    __getitem__ = get
    def __contains__(self, key):
        return False
    def items(self):
        return []

ANSWERS = Fickle({"2.2": False, "3.1": True, "3.2": False, "3.3": True, "3.4": False})
"""
LYING = """
class Lying(np.ndarray):
    shape = (1,)
    dtype = "complex"
    def __array__(self, *_, **__):
        raise SystemExit
    def __len__(self):
        return 2

def optimal_discriminator(p_r, p_g):
    return (p_r / (p_r + p_g)).view(Lying)
"""
BAD = {
    "no ANSWERS": ("del ANSWERS", "all_answers_are_given", "does not define ANSWERS"),
    "a list": ("ANSWERS = [False, True]", "all_answers_are_given", "ANSWERS is not a dictionary"),
    "strings": ('ANSWERS["3.1"] = "True"', "all_answers_are_given", "The answer to 3.1 is neither True nor False"),
    "an object": ('ANSWERS["3.2"] = object()', "all_answers_are_given", "The answer to 3.2 is neither"),
    "two": ('ANSWERS["3.2"] = 2', "all_answers_are_given", "The answer to 3.2 is neither"),
    "one too few": ('del ANSWERS["3.4"]', "all_answers_are_given", "There is no answer to 3.4"),
    "nan": ("value_at_optimum = lambda js: float('nan')", "value_at_optimum_by_hand", "the value is nan"),
    "another shape": (
        "optimal_discriminator = lambda p, q: np.ones((2, 2))",
        "optimal_discriminator_by_hand",
        "D* has the shape (2, 2)",
    ),
    "a dictionary": ("js_divergence = lambda p, q: {}", "js_divergence_by_hand", "returns no array of numbers"),
    "complex": ("js_divergence = lambda p, q: 1j", "js_divergence_by_hand", "returns complex numbers"),
    "a string": ("elbo = lambda *_: '0'", "elbo_by_hand", "returns a string"),
    "nothing": ("elbo = lambda *_: None", "elbo_by_hand", "Not implemented yet: 2.1"),
    "no pair": ("forward_marginal = lambda *_: 1.0", "forward_marginal_by_hand", "does not return a pair"),
    "three": ("generator_gradients = lambda x: (x, x, x)", "generator_gradients_by_hand", "does not return a pair"),
    "too much": ("posterior_mean = lambda *_: np.zeros(10**6)", "posterior_mean_by_hand", "more than 100,000 numbers"),
    "no such argument": ("posterior_mean = lambda x: x", "posterior_mean_by_hand", "raised TypeError"),
    "ragged": ("conditional_score = lambda *_: [[1], [1, 2]]", "conditional_score_by_hand", "no array of numbers"),
}


def graded_here(folder: Path, code: str) -> dict[str, tuple[str, str]]:
    """Status and text of each written check, run in this process on the reference with code at its end."""
    from tests.hidden import test_written_answers, test_written_chain, test_written_game
    from tests.public import test_written

    folder.mkdir(exist_ok=True)
    (folder / FILE).write_text((REFERENCE / FILE).read_text(encoding="utf-8") + "\n\n" + code, encoding="utf-8")
    transport = InProcess(folder, vocabulary.perform)
    found = {}
    for suite in (test_written, test_written_game, test_written_chain, test_written_answers):
        for name, check in vars(suite).items():
            if name.startswith("test_"):
                submission = Submission(transport)
                try:
                    check(submission)
                    found[name.removeprefix("test_")] = (
                        "passed",
                        "\n".join([submission.for_people, *submission.notes]),
                    )
                except Verdict as verdict:
                    found[name.removeprefix("test_")] = (str(verdict.status), str(verdict))
    return found


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_gets_a_sentence(tmp_path: Path, kind: str):
    code, check, says = BAD[kind]
    status, text = graded_here(tmp_path, code)[check]
    assert status != "passed"
    assert says in text


@pytest.mark.parametrize("code", [ALWAYS_DIFFERENT, LYING], ids=["a fickle dictionary", "a lying array"])
def test_what_an_object_says_of_itself_decides_nothing(tmp_path: Path, code: str):
    assert {status for status, _ in graded_here(tmp_path, code).values()} == {"passed"}


def test_another_answer_with_a_reason_goes_to_a_person(tmp_path: Path):
    other = 'ANSWERS["3.3"] = False\n'
    status, text = graded_here(tmp_path / "with", other + 'REASONS["3.3"] = "Not for every estimator."')[
        "mutual_information"
    ]
    assert (status, "a person reads it" in text) == ("passed", True)
    assert graded_here(tmp_path / "without", other)["mutual_information"][0] == "failed"


@pytest.mark.parametrize(
    ("code", "status", "says"),
    [
        ("def elbo(*_):\n    while True: pass", Status.TIMED_OUT, "did not finish within"),
        (
            "def elbo(*_):\n    print('passed ' * 10**6)\n    raise KeyboardInterrupt",
            Status.FAILED,
            "KeyboardInterrupt",
        ),
        ("import os\n\n\ndef elbo(*_):\n    os._exit(0)", Status.CRASHED, "ended its own process"),
    ],
    ids=["never ends", "prints", "ends its process"],
)
def test_code_that_does_not_return_costs_only_its_question(
    grade: Grade, tmp_path: Path, code: str, status: Status, says: str
):
    folder = folder_with(tmp_path / "in", FILE)
    with (folder / FILE).open("a", encoding="utf-8") as file:
        file.write("\n\n" + code)
    results = grade(folder)
    written = {row.name: row for row in results.rows if row.module == WRITTEN}
    failed = {name for name in written if results.outcomes[name].status != Status.PASSED}
    assert failed == {"elbo_by_hand", "elbo_is_the_mean_over_paths_of_q"}
    assert results.outcomes["elbo_by_hand"].status == status
    assert says in results.outcomes["elbo_by_hand"].output


def test_the_module_runs_without_torch():
    """A host of this file needs torch only if the student's code imports it: the reference does not."""
    code = "import sys, hw5_written; assert 'torch' not in sys.modules"
    environment = {**os.environ, "PYTHONPATH": str(REFERENCE)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


def test_no_question_is_answered_in_the_template():
    space: dict[str, dict[str, object]] = {}
    exec((TEMPLATE / FILE).read_text(encoding="utf-8"), space)  # our own file
    assert set(space["ANSWERS"].values()) == {None}
    assert set(space["REASONS"].values()) == {""}
