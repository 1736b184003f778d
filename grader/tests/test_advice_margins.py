"""The margins of advice: each lies where its figures put it, and what reaches it exactly has reached it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.support.advice import digit_grid, image_grids, pattern, spelling, trained_model
from tests.support.advice.digit_grid import BLANK, COLLAPSED, EARLY, GENERATED, NEARLY, NOISE, REAL, Measures
from tests.support.advice.spelling import Field, Spelling
from tests.support.observed.artifacts import ImageGrids

DIGITS = Measures(
    contrast=255, smoothness=0.7, likeness=0.5, shapes=48, different=55, distance=0.09, framed=0.05, centring=1.07
)
"""A right generator's grid."""
JUST = 1e-6


@pytest.mark.parametrize(
    ("margin", "below", "above"),
    [
        (digit_grid.CONTRAST, 0, 176),
        (digit_grid.SMOOTHNESS, 0.01, 0.59),
        (digit_grid.DIFFERENT, 31.4, 50.2),
        (digit_grid.LIKENESS, 0.382, 0.410),
        (digit_grid.FAR, 0.105, 0.147),
    ],
    ids=["contrast", "smoothness", "different", "likeness", "far"],
)
def test_a_margin_lies_midway_between_the_grids_that_it_tells_apart(margin: float, below: float, above: float):
    assert abs(margin - (below + above) / 2) <= 0.02 * (above - below)


def test_the_other_margins_lie_so_many_standard_deviations_off():
    assert pytest.approx(0.396 - 0.024) == digit_grid.NEAR_LIKENESS
    assert pytest.approx(0.306 + 10 * 0.014, abs=0.005) == digit_grid.CENTRING
    assert 0.05 < digit_grid.FRAMED < 1


@pytest.mark.parametrize(
    ("measure", "margin", "word"),
    [
        ("contrast", digit_grid.CONTRAST, BLANK),
        ("smoothness", digit_grid.SMOOTHNESS, NOISE),
        ("different", digit_grid.DIFFERENT, COLLAPSED),
        ("likeness", digit_grid.NEAR_LIKENESS, EARLY),
        ("centring", digit_grid.CENTRING, REAL),
        ("likeness", digit_grid.LIKENESS, NEARLY),
    ],
)
def test_what_is_below_its_margin_has_another_word(measure: str, margin: float, word: str):
    at = digit_grid._verdict(replace(DIGITS, **{measure: margin}))[0]
    assert at == (NEARLY if margin == digit_grid.NEAR_LIKENESS else GENERATED)
    assert digit_grid._verdict(replace(DIGITS, **{measure: margin - JUST}))[0] == word


@pytest.mark.parametrize(
    ("measure", "margin", "word"),
    [("framed", digit_grid.FRAMED, REAL), ("distance", digit_grid.FAR, COLLAPSED)],
)
def test_what_is_above_its_margin_has_another_word(measure: str, margin: float, word: str):
    assert digit_grid._verdict(replace(DIGITS, **{measure: margin}))[0] == GENERATED
    assert digit_grid._verdict(replace(DIGITS, **{measure: margin + JUST}))[0] == word


def test_the_first_thing_that_a_person_would_notice_is_said():
    """Each grid has all faults that come later as well."""
    faults = (
        {"distance": 1.0},
        {"centring": 0.1},
        {"framed": 1.0},
        {"likeness": 0.1},
        {"different": 3.0},
        {"smoothness": 0.0},
        {"contrast": 2.0},
    )
    grid, words = DIGITS, []
    for fault in faults:
        grid = replace(grid, **fault)
        words.append(digit_grid._verdict(grid)[0])
    assert words == [COLLAPSED, REAL, REAL, EARLY, COLLAPSED, NOISE, BLANK]


def test_a_fault_is_said_with_its_figure():
    said = {
        name: digit_grid._verdict(replace(DIGITS, **{name: value}))[1]
        for name, value in (("contrast", 12.4), ("smoothness", 0.127), ("different", 7.6), ("likeness", 0.337),
                            ("framed", 0.75), ("centring", 0.36), ("distance", 0.234))
    }  # fmt: skip
    for name, figure in (
        ("contrast", "differ by 12 of 255"),
        ("smoothness", "correlate by 0.13"),
        ("different", "about 8 different ones"),
        ("likeness", "strokes is 0.34; digits that can be read have 0.40 or more, and an untrained generator 0.22"),
        ("framed", "75% of them exactly fill MNIST's box of 20 pixels"),
        ("centring", "centred to 0.4 pixels"),
        ("distance", "they lie 0.23 from the data set; a right generator's lie within 0.13"),
    ):
        assert figure in said[name]
    assert "of 48 different shapes: their likeness to handwritten strokes is 0.50" in digit_grid._verdict(DIGITS)[1]
    assert "where real digits have 0.73 and an untrained generator 0.22" in digit_grid._verdict(DIGITS)[1]


def test_points_spread_evenly_over_the_box_are_told_from_letters():
    """The share that lies on letters, by drawing, and four standard errors of the handout's samples beyond it."""
    points, rng = pattern.points(), np.random.default_rng(0)
    share = spelling.precision(rng.uniform(points.min(axis=0), points.max(axis=0), (100_000, 2)))
    assert spelling.evenly_spread() == pytest.approx(share + 4 * math.sqrt(share * (1 - share) / 1000), abs=0.01)


FULL = Spelling(n=1000, precision=0.9, coverage=0.8, attainable=spelling.attainable_coverage(1000))


@pytest.mark.parametrize("figure", ["precision", "coverage"])
def test_samples_that_reach_the_margins_exactly_spell(figure: str):
    assert FULL.reaches(spelling.SPELLS)
    assert not replace(FULL, **{figure: getattr(FULL, figure) - JUST}).reaches(spelling.SPELLS)


def test_of_fewer_samples_less_coverage_is_asked_for():
    """By what so few can cover, and by four of its standard deviations: 0.3 / sqrt(n) of it each."""
    n = 400
    attainable = spelling.attainable_coverage(n)
    asked = 0.8 * attainable / spelling.attainable_coverage(1000) * (1 - 1.2 / 20)
    few = Spelling(n, 0.9, asked + JUST, attainable)
    assert few.reaches(spelling.SPELLS)
    assert not replace(few, coverage=asked - JUST).reaches(spelling.SPELLS)
    assert not replace(few, precision=0.9 - JUST).reaches(spelling.SPELLS)
    assert f"({attainable:.0%} is what 400 samples" in str(few)
    assert "exact score" not in str(FULL)


RIGHT = Field(agreement=0.95, size=1.0, change=1.0)


@pytest.mark.parametrize(
    ("changed", "right"),
    [
        ({"agreement": spelling.RIGHT_AGREEMENT}, True),
        ({"agreement": spelling.RIGHT_AGREEMENT - JUST}, False),
        ({"size": spelling.RIGHT_SIZE}, True),
        ({"size": spelling.RIGHT_SIZE + JUST}, False),
        ({"size": 1 / spelling.RIGHT_SIZE}, True),
        ({"size": 1 / spelling.RIGHT_SIZE - JUST}, False),
    ],
)
def test_a_score_that_reaches_the_margins_exactly_is_right(changed: dict[str, float], right: bool):
    assert replace(RIGHT, **changed).right == right


@pytest.mark.parametrize(
    ("field", "precision", "coverage", "cause"),
    [
        (Field(0.95, 0.05, 1), 0.1, 0.1, "training sat on its plateau"),
        (Field(0.95, 0.1, 0.05), 0.1, 0.1, "the same everywhere"),
        (Field(0.95, 1, 0.1), 0.8, 0.8, "a longer training"),
        (Field(0.95, 1, 1), 0.9, 0.79, "gather in a few places"),
        (Field(0.95, 1, 1), 0.79, 0.8, "do not come close enough"),
        (Field(-0.6, 1, 1), 0.1, 0.1, "points away from the data"),
        (Field(-0.59, 1, 1), 0.1, 0.1, "has not learned enough"),
        (Field(0.9, 2, 1), 0.1, 0.1, "its size is wrong"),
        (Field(0.89, 2, 1), 0.1, 0.1, "has not learned enough"),
    ],
)
def test_the_cause_is_looked_for_in_the_score_first(field: Field, precision: float, coverage: float, cause: str):
    assert cause in trained_model._cause(field, Spelling(1000, precision, coverage, 0.96))


def test_the_score_is_averaged_with_the_weight_of_the_data():
    """A prediction that is right where the data is, and wrong far away, is right."""
    x = np.array([*pattern.points()[:40], [50.0, 50.0]])
    own, density = pattern.score(x, 0.1)
    assert density[-1] < 1e-300
    predicted = own.copy()
    predicted[-1] *= -1
    assert spelling.field(x, predicted, 0.1).agreement == pytest.approx(1)
    constant = spelling.field(x, np.full_like(own, 3.0), 0.1)
    assert constant.change == pytest.approx(0, abs=1e-12)
    assert constant.size == pytest.approx(
        math.sqrt(18 / float((density[:, None] * own**2).sum() / density.sum())), rel=1e-9
    )
    assert spelling.field(x, np.zeros_like(own), 0.1) == Field(0.0, 0.0, 0.0)


def test_the_latest_grid_is_shown_and_the_earlier_ones_are_listed_in_their_order():
    blank, bright = np.zeros((64, 28, 28), np.uint8), np.full((64, 28, 28), 255, np.uint8)
    advice = image_grids.judged(ImageGrids([20, 5, 10], np.stack([bright, blank, blank]), [7], ["too large"]))
    lines = advice.text.splitlines()
    assert lines[0].startswith("test_20.png: The images are blank")
    assert lines[1] == "test_7.png has more bytes than such a grid, so it was not judged."
    assert [line.partition(":")[0] for line in lines[2:]] == ["", "The earlier grids", "test_5.png", "test_10.png"]
    (picture,) = advice.pictures
    assert picture.arrays["digits"].min() == 255
    assert picture.alt.startswith("test_20.png: blank")
    assert (advice.credit, advice.measures) == (0.0, {})


def test_a_picture_with_a_letter_that_nobody_can_read_does_not_spell():
    """Right figures all over, but the hole of the 6 is filled, or one letter has few points, or blurred ones."""
    rng = np.random.default_rng(0)
    points = pattern.points()
    assert spelling.measure(points).letters == "C S 4 4 6"
    hole, side = pattern.hole()
    assert len(hole) == 45
    filled = np.concatenate([points, hole + rng.uniform(-side / 2, side / 2, hole.shape)])
    letter = np.searchsorted(spelling.EDGES, points[:, 0])
    thin = np.concatenate([points[letter != 3], points[letter == 3][::40]])
    blurred = points + np.where((letter == 0)[:, None], rng.normal(size=points.shape) * 0.06, 0)
    for samples, letters in ((filled, "C S 4 4 _"), (thin, "C S 4 _ 6"), (blurred, "_ S 4 4 6")):
        found = spelling.measure(samples)
        assert found.letters == letters
        assert found.reaches(spelling.SPELLS)
        assert not found.spells


@pytest.mark.parametrize(("drawn", "innocent"), [(FULL, True), (replace(FULL, precision=0.5), False), (None, False)])
def test_the_sampler_is_to_blame_only_if_it_does_not_spell_with_the_exact_score(drawn: Spelling | None, innocent: bool):
    assert trained_model._innocent(drawn) is innocent
    assert trained_model._fault(RIGHT, innocent) == f"the {'network' if innocent else 'sampler'} is not right"
    said = trained_model._cause(RIGHT, Spelling(1000, 0.5, 0.5, 0.96), innocent)
    assert ("The sampler is right." in said) is innocent
    assert ("Look at Algorithm 2" in said) is not innocent
