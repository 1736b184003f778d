"""Lines of the suites on which no known submission depends, each held by what it computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.report.pictures import admitted
from tests.support.advice import digit_grid, spelling, trained_model
from tests.support.homework.figures import PATHS, SCORE_FIELD, STEPS
from tests.support.observations import BadReply, Failure, parse
from tests.support.observed import artifacts
from tests.support.observed.artifacts import HandedInSamples, ImageGrids, TrainedModel
from tests.support.transports import Caught, InProcess


@pytest.mark.parametrize(("down", "right"), [(0, 0), (3, 0), (0, 3), (3, 4)])
def test_digits_off_the_middle_are_measured_along_both_axes(down: int, right: int):
    digits = np.zeros((2, 28, 28), dtype=np.uint8)
    digits[:, 14 + down, 14 + right] = 200
    digits[:, 0, 0] = 100  # half the brightest: does not count
    assert digit_grid.centring(digits) == pytest.approx(np.sqrt((down**2 + right**2) / 2))


def test_an_interrupted_import_is_remembered_for_its_module(tmp_path: Path):
    told = {"interrupted": {"kind": "raised", "line": 3}, "observation": {"a": 1}}
    transport = InProcess(tmp_path, lambda *_: (told, None))
    assert transport.observe("hw5_gan", "look", {}) == {"a": 1}
    assert transport.interrupted == {"hw5_gan": Failure("raised", line=3)}


def test_a_failure_in_process_keeps_its_exception_and_a_user_s_interrupt_passes(tmp_path: Path):
    error = ValueError("mine")
    answers: list[tuple[dict[str, Any], BaseException]] = [({"failure": {"kind": "raised"}}, error)]
    transport = InProcess(tmp_path, lambda *_: answers[0])
    assert transport.observe("hw5_gan", "look", {}) == Caught("raised", error=error)
    assert transport.last_exception is error
    answers[0] = ({}, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        transport.observe("hw5_gan", "look", {})


def trained(**changed: Any) -> dict[str, Any]:
    """A reply about a trained model as a probe gives it."""
    n_steps = len(artifacts.STEPS)
    right = {
        "problem": "",
        "detail": "",
        "score": np.ones((len(artifacts.score_points()), 2), dtype=np.float32),
        "samples": np.zeros((3, 2), dtype=np.float32),
        "exact": np.zeros((artifacts.MOST_SAMPLES, 2), dtype=np.float32),
        "states": np.zeros((n_steps, 3, 2), dtype=np.float32),
        "steps": list(artifacts.STEPS),
        "paths": np.zeros((2, artifacts.LAST_STEP + 1, 2), dtype=np.float32),
    }
    return right | changed


NO_POINTS = np.zeros((0, 2), dtype=np.float32)


@pytest.mark.parametrize(
    "changed",
    [
        {"score": np.ones((3, 2), dtype=np.float32)},
        {"score": np.ones((len(artifacts.score_points()), 2))},
        {"samples": NO_POINTS},
        {"samples": np.zeros((artifacts.MOST_SAMPLES + 1, 2), dtype=np.float32), "steps": [], "states": np.zeros(0)},
        {"samples": np.zeros((3, 3), dtype=np.float32)},
        {"exact": np.zeros((artifacts.MOST_SAMPLES - 1, 2), dtype=np.float32)},
        {"exact": np.zeros((artifacts.MOST_SAMPLES, 2))},
        {"steps": [1, 2, 3]},
        {"steps": []},
        {"states": np.zeros((1, 3, 2), dtype=np.float32)},
        {"paths": np.zeros((2, 3, 2), dtype=np.float32)},
        {"problem": "no file", "samples": np.zeros((3, 2))},
    ],
)
def test_a_trained_model_that_no_probe_reports_is_refused(changed: dict[str, Any]):
    with pytest.raises(BadReply):
        parse(TrainedModel, trained(**changed))


def test_a_trained_model_that_a_probe_reports_is_taken():
    for right in ({}, {"exact": NO_POINTS}, {"steps": [], "states": np.zeros(0, dtype=np.float32)}):
        assert len(parse(TrainedModel, trained(**right)).samples) == 3


def test_a_trained_model_may_lack_what_its_problem_explains():
    empty = np.zeros((0, 0, 2), dtype=np.float32)
    seen = parse(
        TrainedModel,
        trained(problem="no file", score=NO_POINTS, samples=NO_POINTS, states=empty, steps=[], paths=empty),
    )
    assert seen.problem == "no file"


def test_the_pictures_of_a_model_show_what_was_observed():
    model = parse(TrainedModel, trained())
    field, steps, paths = trained_model._pictures(model)
    assert [one.kind for one in (field, steps, paths)] == [SCORE_FIELD, STEPS, PATHS]
    assert field.arrays["points"].tolist() == artifacts.score_points().tolist()
    assert field.arrays["score"] is model.score
    assert steps.arrays["steps"].tolist() == list(artifacts.STEPS)
    assert steps.arrays["states"] is model.states
    assert (paths.arrays["paths"], paths.arrays["samples"]) == (model.paths, model.samples)
    shown = ", ".join(map(str, artifacts.STEPS))
    assert steps.alt.startswith(f"3 samples at the steps {shown} of {artifacts.LAST_STEP + 1}: ")
    assert paths.alt == "2 paths over the final samples; they end 0.00 and 0.00 from their first states."


@pytest.mark.parametrize(
    "broken", [{"states": np.full((len(artifacts.STEPS), 3, 2), np.nan, dtype=np.float32)}, {"score": None}]
)
def test_what_is_not_finite_is_no_picture(broken: dict[str, Any]):
    if broken.get("score", 0) is None:
        broken = {"score": np.full((len(artifacts.score_points()), 2), np.inf, dtype=np.float32)}
    kinds = [one.kind for one in trained_model._pictures(parse(TrainedModel, trained(**broken)))]
    assert kinds == ([SCORE_FIELD] if "states" in broken else [STEPS, PATHS])


@pytest.mark.parametrize(("n", "total", "fits"), [(3, 3, True), (3, 9, True), (3, 2, False), (0, 3, False)])
def test_handed_in_samples_are_at_most_as_many_as_there_are(n: int, total: int, fits: bool):
    reply = {"problem": "", "detail": "", "samples": np.zeros((n, 2), dtype=np.float32), "total": total}
    if fits:
        assert len(parse(HandedInSamples, reply).samples) == n
    else:
        with pytest.raises(BadReply):
            parse(HandedInSamples, reply)


@pytest.mark.parametrize(
    ("epochs", "broken", "problems", "fits"),
    [
        ([1, 2], [3], ["x"], True),
        ([1, 1], [], [], False),
        ([1], [1], ["x"], False),
        ([1], [2], [], False),
        ([-1], [], [], False),
        ([artifacts.LATEST_EPOCH], [], [], True),
        ([artifacts.LATEST_EPOCH + 1], [], [], False),
    ],
)
def test_grids_have_epochs_of_their_own(epochs: list[int], broken: list[int], problems: list[str], fits: bool):
    digits = np.zeros((len(epochs), 64, 28, 28), dtype=np.uint8)
    reply = {"epochs": epochs, "digits": digits, "broken": broken, "problems": problems}
    if fits:
        assert parse(ImageGrids, reply).epochs == epochs
    else:
        with pytest.raises(BadReply):
            parse(ImageGrids, reply)


def test_the_attainable_share_of_letters_grows_with_the_samples_to_all():
    shares = [spelling.attainable_coverage(n) for n in (1, 100, 10_000)]
    assert 0 < shares[0] < shares[1] < shares[2] <= 1
    assert shares[2] > 0.99


def test_every_picture_of_a_model_has_the_arrays_of_its_kind():
    made = trained_model._pictures(parse(TrainedModel, trained()))
    for picture in made:
        assert admitted(picture) == picture.arrays
    assert len(made) == 3
