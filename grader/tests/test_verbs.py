"""What the verbs of the audit, of the calibration and of the grading say and return, on results made for a test."""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from grader.__main__ import main
from grader.audit import automatic, cases, command, power, run
from grader.audit.cases import Case
from grader.audit.power import Power
from grader.audit.run import PARTS, CaseResult
from grader.calibrate import decisions
from grader.calibrate.decisions import Chunk, Store
from grader.messages import Outcome
from grader.project import REFERENCE, SUITES
from grader.release import rehearse
from grader.rubric import read
from grader.run import grade as grade_verb
from tests.support.status import Status

PRESENT = {row.name: Outcome(Status.PASSED, 1.0, "") for row in read()}
"""What became of every check."""


class Graded:
    """Takes the place of `grade_all`: gives every case a result, and remembers what it was asked for."""

    def __init__(self, result: Callable[[Case], CaseResult]) -> None:
        self.result = result
        self.asked: list[tuple[Any, ...]] = []

    def __call__(self, cases: list[Case], *how: Any) -> Iterator[CaseResult]:
        self.asked.append((sorted({case.kind for case in cases}), [case.name for case in cases], *how))
        yield from map(self.result, cases)


def sound(case: Case) -> CaseResult:
    return CaseResult(case, (), 1.0, 1.0, PRESENT, ("a defence",))


def refused(case: Case) -> CaseResult:
    return CaseResult(case, ("one [thing]", "another"), 0.0, 1.0, PRESENT, ())


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())


@pytest.fixture
def graded(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Case], CaseResult]], Graded]:
    def made(result: Callable[[Case], CaseResult]) -> Graded:
        one = Graded(result)
        monkeypatch.setattr(command, "grade_all", one)
        monkeypatch.setattr(automatic, "grade_all", one)
        return one

    return made


def test_an_audit_of_every_day_leaves_the_attacks_to_the_tests(graded, capsys: pytest.CaptureFixture[str]):
    seen = graded(sound)
    assert main(["audit", "--workers", "3", "--part", "2"]) == 0
    kinds, _, workers, suites, part = seen.asked[0]
    assert kinds == sorted([cases.STYLES, cases.MUTANTS, cases.SAMPLE, cases.HALVES])
    assert (workers, suites, part) == (3, SUITES, 2)
    text, styles = said(capsys), len(list(cases.styles()))
    assert f"{styles}/{styles} styles at full marks" in text
    assert f"part 2 of {PARTS} went through the bench" in text


def test_a_full_audit_leaves_nothing_out(graded, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    seen = graded(sound)
    assert main(["audit", "--full", "--page", str(tmp_path / "audit.html")]) == 0
    kinds, names, *_, part = seen.asked[0]
    assert kinds == sorted(command.CLAIMS)
    assert part is None
    assert f"{len(names)} submissions in" in said(capsys)


def test_an_audit_says_every_complaint_and_fails(graded, capsys: pytest.CaptureFixture[str]):
    seen = graded(refused)
    assert main(["audit", "--kinds", cases.STYLES, "--only", "gan_shared"]) == 1
    assert seen.asked[0][1] == ["gan_shared_modules"]
    text = said(capsys)
    assert "styles: gan_shared_modules: one [thing]; another" in text
    assert "0/1 styles at full marks" in text


def test_the_part_of_today_goes_through_the_bench():
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    assert parser.parse_args([]).part == run.part_of_day(date.today())
    days = [run.part_of_day(date.fromordinal(738_000 + k)) for k in range(PARTS)]
    assert sorted(days) == list(range(1, PARTS + 1))
    names = [Case(cases.MUTANTS, name, lambda folder: None, {}) for name in map(str, range(200))]
    assert {run.part_of(case) for case in names} == set(range(1, PARTS + 1))


def test_a_case_goes_the_way_that_it_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """It is built in a folder of its own, and graded by the bench or in process."""
    taken: list[tuple[Any, ...]] = []

    class Grades:
        def __init__(self, name: str) -> None:
            self.name = name

        def grade(self, submission: Path, out: Path, *suites: Path) -> str:
            taken.append((self.name, [path.name for path in submission.iterdir()], *suites))
            return self.name

    monkeypatch.setattr(run, "_runner", lambda: Grades("bench"))
    monkeypatch.setattr(run, "_workshop", lambda: Grades("workshop"))
    monkeypatch.setattr(run, "_suites", tmp_path, raising=False)
    monkeypatch.setattr(run, "compare", lambda case, results: results)
    monkeypatch.setattr(run, "_defences", lambda: ("another user id",))
    case = Case(cases.MUTANTS, "one", lambda folder: (folder / "hw5_gan.py").touch(), {})
    assert run._grade(case, True) == "bench"  # type: ignore[comparison-overlap]
    assert run._grade(case, False) == "workshop"  # type: ignore[comparison-overlap]
    assert taken == [("bench", ["hw5_gan.py"]), ("workshop", ["hw5_gan.py"], tmp_path)]


FAILED = PRESENT | {read()[0].name: Outcome(Status.GRADER_ERROR, 0.0, "")}


@pytest.mark.parametrize(
    ("score", "outcomes", "listed", "code", "says"),
    [
        (1.0, PRESENT, "", 0, "2/2 automatic mutants caught, 0 proven equivalent"),
        (20.0, PRESENT, "one", 1, "survives and is not listed: two"),
        (20.0, PRESENT, "one two", 0, "0/2 automatic mutants caught, 2 proven equivalent"),
        (1.0, PRESENT, "one", 1, "is listed and does not survive: one"),
        (1.0, FAILED, "", 1, "makes the grader fail: one"),
    ],
)
def test_automatic_mutants_must_be_caught_or_proven(
    graded, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    score: float, outcomes: dict[str, Outcome], listed: str, code: int, says: str,
):  # fmt: skip
    made = [Case(cases.MUTANTS, name, lambda folder: None, {}) for name in ("one", "two")]
    graded(lambda case: CaseResult(case, (), score, 0.0, outcomes, ()))
    monkeypatch.setattr(automatic, "mutations", lambda module: made if module == automatic.FILES[0] else [])
    monkeypatch.setattr(automatic, "EQUIVALENT", tmp_path / "equivalent.md")
    automatic.EQUIVALENT.write_text("".join(f"```diff\n{name}\n```\n" for name in listed.split()), encoding="utf-8")
    assert main(["automatic"]) == code
    assert says in said(capsys)


def test_nothing_tried_is_a_failure(graded, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    graded(sound)
    assert main(["automatic", "--only", "nothing has this name"]) == 1
    assert main(["power", "--only", "nothing has this name", "--workers", "1"]) == 1
    assert "0 mutants are caught by exact checks alone; 0 margins below" in said(capsys)


class AtOnce:
    """Takes the place of a pool of processes: does the work when it is submitted."""

    def __init__(self, *_: Any) -> None:
        pass

    def __enter__(self) -> AtOnce:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Any:
        from concurrent.futures import Future

        done: Future[Any] = Future()
        done.set_result(work(*arguments))
        return done


@pytest.mark.parametrize(("least", "code"), [(power.GOAL, 0), (power.GOAL * 0.99, 1)])
def test_the_weakest_mutants_come_first_and_none_may_be_below_the_goal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], least: float, code: int
):
    names = [case.name for case in cases.mutants()]
    margins = {names[0]: {"a_check": 71.5}, names[1]: {"a_check": 90.0, "its_weakest": least}}

    def measure(case: Case, seeds: Sequence[int]) -> Power:
        assert list(seeds) == [0, 1, 2]
        return Power(case.name, margins.get(case.name, {}))

    monkeypatch.setattr(power, "ProcessPoolExecutor", AtOnce)
    monkeypatch.setattr(power, "measure", measure)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert main(["power", "--seeds", "3"]) == code
    text = said(capsys)
    assert "The weakest of 2 mutants caught by numbers" in text
    assert text.index(names[1]) < text.index("its_weakest") < text.index("71.5")
    assert f"{len(names) - 2} mutants are caught by exact checks alone; {code} margins below {power.GOAL:g}" in text
    assert "3 seeds each" in text


def test_a_calibration_says_where_a_law_comes_nearest_to_the_uniform_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Of nine p-values one is at most 0.1: the share is 0.1111, and 0.0111 beyond; three are at most 0.35."""
    p = [0.05, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95]
    monkeypatch.setattr(decisions, "fingerprint", lambda folder: "known")
    tests = {"a check: one": p, "a check: late": [0.9 + one / 100 for one in p]}
    Store(tmp_path / "calibration" / "known").add(Chunk(list(range(9)), [2] * 9, tests, {}, []))
    assert main(["calibrate", "--seeds", "9", "--out", str(tmp_path)]) == 0
    text = said(capsys)
    assert "0 failures of correct submissions under 9 seeds" in text
    assert "2 tests, each at or above uniform: yes; largest P(p <= 0.1) - 0.1 = +0.0111 (a check: one)" in text
    assert "smallest p 0.05 (a check: one); 0.000% of the p-values in the retry zone, 0 decisions repeated" in text
    assert "at most 2.00 decisions x 1e-8 = 2e-08" in text


def test_the_correct_submissions_and_the_suites_have_a_name_for_their_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Another text, another place or another name of a file is another state; the order of the disk is none."""
    for name in ("suites", "submissions"):
        (tmp_path / name / "sub").mkdir(parents=True)
    monkeypatch.setattr(decisions, "SUITES", tmp_path / "suites")
    one, other = tmp_path / "suites" / "one.py", tmp_path / "submissions" / "one.py"
    states = [decisions.fingerprint(tmp_path / "submissions")]

    def note() -> None:
        states.append(decisions.fingerprint(tmp_path / "submissions"))

    one.write_text("a = 1\n")
    note()
    one.write_text("a = 2\n")
    note()
    one.rename(one.with_name("two.py"))
    note()
    one.with_name("two.py").rename(one.parent / "sub" / "two.py")
    note()
    other.write_text("b = 1\n")
    note()
    other.rename(other.parent / "sub" / "two.py")
    note()
    assert len(set(states)) == len(states)
    assert {len(state) for state in states} == {12}
    (tmp_path / "suites" / "notes.txt").write_text("no code")
    note()
    assert states[-1] == states[-2]


def test_the_correct_submissions_are_whole_and_differ(tmp_path: Path):
    decisions.build(tmp_path)
    helper = (REFERENCE / "hw5_utils.py").read_bytes()
    texts = {}
    for name in decisions.SUBMISSIONS:
        assert {path.name for path in REFERENCE.glob("*.py")} <= {path.name for path in (tmp_path / name).iterdir()}
        assert (tmp_path / name / "hw5_utils.py").read_bytes() == helper
        texts[name] = b"".join(path.read_bytes() for path in sorted((tmp_path / name).glob("*.py")))
    assert len(set(texts.values())) == len(texts) == 3


class Line:
    """Takes the place of a progress line, and remembers what it showed."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, int]] = []
        self.total = 0

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def add_task(self, description: str, total: int) -> str:
        self.shown.append((description, 0))
        self.total = total
        return description

    def update(self, task: str, description: str, completed: int) -> None:
        self.shown.append((description, completed))


def test_the_progress_line_names_the_check_and_counts_those_that_are_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    line = Line()

    class Runs:
        rows = read()[:3]

        def __init__(self, **options: Any) -> None:
            assert options == {"seed": 0, "leaderboard": False}

        def __enter__(self) -> Runs:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def grade(self, path: Path, out: Path, progress: Callable[..., None]) -> Any:
            from grader.report.results import Results

            results = Results(out / "results.json", self.rows)
            for row in self.rows:
                progress(row.name, results)
                results.record(row.name, Outcome(Status.PASSED, 1.0, ""))
            return results

    monkeypatch.setattr(grade_verb, "Runner", Runs)
    monkeypatch.setattr(grade_verb.terminal, "progress_line", lambda console: line)
    (tmp_path / "me").mkdir()
    assert main(["grade", str(tmp_path / "me"), "--out", str(tmp_path / "out")]) == 0
    names = [row.name.replace("_", " ") for row in Runs.rows]
    assert line.shown == [("me: starting", 0), *((f"me: {name}", k) for k, name in enumerate(names))]
    assert line.total == 3
    text = said(capsys)
    assert f"Results: {tmp_path}/out/results.json, and as a student sees them: {tmp_path}/out/page.html" in text


def test_the_host_s_settings_of_pip_and_of_the_network_come_along(monkeypatch: pytest.MonkeyPatch):
    listed = "global.index-url='file:///index'\n:env:.no-cache-dir='1'\nuser.other='no'\ninstall.trusted-host='a b'\n"
    monkeypatch.setattr(
        rehearse.subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 0, listed, "")
    )
    monkeypatch.setattr(rehearse.os, "environ", {"http_proxy": "http://host:1", "SECRET": "x"})
    assert list(rehearse._host_settings()) == [
        "PIP_INDEX_URL=file:///index", "PIP_NO_CACHE_DIR=1", "PIP_TRUSTED_HOST=a b", "http_proxy=http://host:1",
    ]  # fmt: skip


def test_a_case_that_this_host_cannot_try_is_told_apart(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run, "_defences", lambda: ("another user id (61000)",))
    case = Case(cases.ATTACKS, "one", lambda folder: pytest.fail("it is built"), needs="a network of its own")
    assert run._grade(case, True) == CaseResult(case, (), 0.0, 0.0, {}, ("another user id (61000)",))


def test_a_store_refuses_nothing_that_it_wrote(tmp_path: Path):
    store = Store(tmp_path / "a" / "store")
    chunk = Chunk([3, 4], [1, 2], {"a": [0.5]}, {"a": [0.25]}, ["said"])
    store.add(chunk)
    assert [path.name for path in store.folder.iterdir()] == ["0000003-0000004.msgpack"]
    assert store.chunks() == [chunk]
    assert store.missing(6) == [[0, 1, 2, 5]]
