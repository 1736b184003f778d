"""Advice from a check to every reader: no fault without points, points by a switch, a leaderboard when asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from grader import __main__ as command
from grader.audit import cases, page, run
from grader.messages import Outcome
from grader.project import REFERENCE
from grader.release import gradescope
from grader.report import page as result_page
from grader.report import terminal
from grader.report.pictures import illustrate
from grader.report.results import Results
from grader.rubric import Row
from grader.run import grade as grade_verb
from grader.tests.advised import advised, graded, on_disk, pictures, soon, suites
from tests.support.status import Status
from tests.support.verdicts import Finding, order_of

DRAWN = """
    digits = np.zeros((64, 28, 28), dtype=np.uint8)
    wild = np.full((6, 50, 2), np.nan, dtype=np.float32)
    submission.note("A note on <this> submission.")
    submission.advise(Advice(
        "Seen: <script>alert(1)</script>", 0.75,
        {"digits: Frechet distance": np.float32(12.34567), "digits: coverage": 0.9, "digits: no": float("nan")},
        (Picture("digits", {"digits": digits}, "64 black squares"),
         Picture("steps", {"states": wild, "steps": np.arange(6)}, "nothing at all")),
    ))
"""
PLAIN = 'submission.advise(Advice("All is well.", 1.0, {"loss": 0.5}))'
CONTRADICTED = 'submission.advise(Advice("All is well.", 1.0)); raise wrong("seen", "expected")'
RUNNER = grade_verb.Runner
WORTHLESS = 'submission.advise(Advice("No number.", float("nan"), pictures=(Picture("no", {}, "nothing"),)))'


def by_check(document: dict) -> dict[str, dict]:
    return {test["extra_data"]["check"]: test for test in document["tests"] if "extra_data" in test}


@pytest.fixture(scope="module")
def informational(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, dict]:
    return graded(
        tmp_path_factory.mktemp("informational"), 0, drawn=DRAWN, plain=PLAIN, contradicted=CONTRADICTED, fine="pass"
    )


@pytest.fixture(scope="module")
def weighted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, dict]:
    folder = tmp_path_factory.mktemp("weighted")
    return graded(folder, 2, leaderboard=True, drawn=DRAWN, plain=PLAIN, worthless=WORTHLESS, fine="pass")


# --- in results.json -------------------------------------------------------------------------------


def test_advice_without_points_neither_passes_nor_fails(informational: tuple[Results, dict]):
    results, document = informational
    for name in ("drawn", "plain"):
        test = by_check(document)[name]
        assert test.keys().isdisjoint({"score", "max_score", "status"})
        assert test["extra_data"]["verdict"] == "advice"
    assert by_check(document)["fine"]["status"] == "passed"
    assert document["score"] == results.possible == 0


def test_advice_with_points_earns_its_share_and_passes_with_all_of_them(weighted: tuple[Results, dict]):
    results, document = weighted
    assert results.staff == []
    found = {name: (test["status"], test["score"], test["max_score"]) for name, test in by_check(document).items()}
    assert found == {
        "drawn": ("failed", 1.5, 2),
        "plain": ("passed", 2, 2),
        "worthless": ("failed", 0, 2),
        "fine": ("passed", 2, 2),
    }
    assert document["score"] == 5.5


def test_what_was_advised_is_shown_with_its_notes_and_pictures(weighted: tuple[Results, dict]):
    output = by_check(weighted[1])["drawn"]["output"]
    assert by_check(weighted[1])["drawn"]["output_format"] == "html"
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in output
    assert "A note on &lt;this&gt; submission." in output
    assert output.count("data:image/png;base64,") == 2
    assert "nothing at all" in output


def test_a_check_that_fails_has_no_advice(informational: tuple[Results, dict]):
    test = by_check(informational[1])["contradicted"]
    assert (test["status"], test["extra_data"]["verdict"]) == ("failed", "failed")
    assert test["output"] == str(Finding("seen", "expected"))


def test_the_leaderboard_is_there_when_asked_for(informational: tuple[Results, dict], weighted: tuple[Results, dict]):
    assert "leaderboard" not in informational[1]
    assert weighted[1]["leaderboard"] == [
        {"name": "digits: Frechet distance", "value": 12.35, "order": "asc"},
        {"name": "digits: coverage", "value": 0.9, "order": "desc"},
        {"name": "loss", "value": 0.5, "order": "asc"},
    ]


def test_a_leaderboard_takes_finite_numbers_only(tmp_path: Path):
    results = Results(tmp_path / "results.json", advised(tmp_path).rows, leaderboard=True)
    assert "leaderboard" not in on_disk(results)
    measures = {"a": float("inf"), "b": float("nan"), "c": 1.7976931348623157e308, "d": -1e-300}
    results.record("trained", Outcome(Status.ADVICE, 1.0, "", measures=measures))
    assert on_disk(results)["leaderboard"] == [{"name": "d", "value": -1e-300, "order": "desc"}]


@pytest.mark.parametrize(
    ("measure", "order"), [("digits: Frechet distance", "asc"), ("Loss", "asc"), ("share of digits", "desc")]
)
def test_a_distance_is_better_when_it_is_small(measure: str, order: str):
    assert order_of(measure) == order


@pytest.mark.parametrize("asked", [False, True])
def test_the_container_asks_for_a_leaderboard_or_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: bool):
    seen = []

    def runner(**options: object) -> None:
        seen.append(options["leaderboard"])
        raise InterruptedError

    monkeypatch.setattr(gradescope, "Runner", runner)
    with pytest.raises(InterruptedError):
        command.main(["gradescope", "--folder", str(tmp_path), *(["--leaderboard"] if asked else [])])
    assert seen == [asked]


# --- for those who count ---------------------------------------------------------------------------


def printed(show: object, *arguments: object) -> str:
    console = Console(width=140, record=True, quiet=False)
    with console.capture() as capture:
        show(console, *arguments)
    return " ".join(capture.get().split())


def test_the_terminal_counts_no_advice_as_failed(informational: tuple[Results, dict], weighted: tuple[Results, dict]):
    assert "1 of 2" in printed(terminal.show_class, {"one": informational[0]})
    assert "2 of 4" in printed(terminal.show_class, {"one": weighted[0]})
    text = printed(terminal.show, "one", informational[0])
    assert "advice" in text
    assert "Picture: 64 black squares" in text


def test_the_audit_takes_advice_for_what_it_is_worth(tmp_path: Path):
    case = cases.Case(cases.STYLES, "made", lambda folder: None)
    results = advised(tmp_path)
    results.outcomes["trained"].credit = 0.25
    verdict = run.compare(case, results)
    assert verdict.complaints == ()
    assert page.matrix([verdict], results.rows)[0][1][0].cells[0].look == "passed"
    results.rows = [Row("trained", "What was trained", "5.4", 2.0, "visible", "public", (), "public/test_x.py")]
    verdict = run.compare(case, results)
    assert verdict.complaints == ()
    assert verdict.score == verdict.due == 0.5


# --- on the page ------------------------------------------------------------------------------------


def test_grading_leaves_a_page_beside_each_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made = suites(tmp_path / "suites", 1, drawn=DRAWN, fine="pass")
    monkeypatch.setattr(grade_verb, "Runner", lambda **options: RUNNER(suites=made, slot=170, **options))
    submissions = tmp_path / "class"
    for name in ("one", "two"):
        (submissions / name).mkdir(parents=True)
        for module in ("hw5_gan.py", "hw5_diffusion.py"):
            (submissions / name / module).write_bytes((REFERENCE / module).read_bytes())
    assert command.main(["grade", str(submissions), "--class", "--leaderboard", "--out", str(tmp_path / "out")]) == 0
    for name in ("one", "two"):
        document = json.loads((tmp_path / "out" / name / "results.json").read_text())
        html = (tmp_path / "out" / name / "page.html").read_text()
        assert document["leaderboard"]
        assert html.count("data:image/png") == 2
        assert (tmp_path / "out" / name / "staff.html").read_text().count("data:image/png") == 2
        assert html.count("<title>") == 1
        assert name in html


def test_a_page_shows_html_of_ours_and_escapes_all_other_text(tmp_path: Path):
    results = advised(tmp_path, *pictures(), text="<b>bold</b>")
    document = on_disk(results)
    document["tests"].append({"name": "<i>", "output": "<script>alert(1)</script>", "visibility": "visible"})
    html = result_page.page(document, "student", "<u>")
    assert "<script" not in html
    assert "<b>" not in html
    assert "<u>" not in html
    illustrate(results, soon())
    html = result_page.page(on_disk(results), "student", "x")
    assert html.count('<img src="data:image/png') == 4
    assert "&lt;b&gt;bold" in html
    assert "default-src 'none'" in html
