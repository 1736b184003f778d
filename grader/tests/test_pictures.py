"""Pictures of advice: drawn whatever the numbers are, within the platform's characters, at the cost of no result."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from grader.project import ROOT
from grader.report import drawing, templates
from grader.report.pictures import LEVELS, MOST_FOR_PICTURES, Placed, Undrawable, admitted, choose, illustrate, sendable
from grader.report.results import LARGEST_RESULT, Results
from grader.tests.advised import advised, on_disk, soon
from grader.tests.advised import pictures as of_every_kind
from tests.support.homework.figures import DIGITS, PATHS, SCORE_FIELD, STEPS
from tests.support.status import Picture


def shown(results: Results) -> list[Image.Image]:
    """The pictures in the row, as a browser would decode them."""
    sources = re.findall(r'<img src="data:image/png;base64,([^"]+)"', row(results)["output"])
    return [Image.open(io.BytesIO(base64.b64decode(one))).convert("RGB") for one in sources]


def row(results: Results) -> dict:
    return on_disk(results)["tests"][0]


# --- in a row --------------------------------------------------------------------------------------


def test_text_and_pictures_are_one_page_with_an_alternative_for_each(tmp_path: Path):
    results = advised(tmp_path, *of_every_kind(), text="First line.\nSecond line.\n\nAnother <b>paragraph</b>.")
    before = row(results)
    assert "output_format" not in before
    assert before["output"].endswith("Picture: two paths over the final samples\n\nPicture: sixty-four grey squares")
    illustrate(results, soon())
    after = row(results)
    assert after["output_format"] == "html"
    assert "<p>First line.<br>\nSecond line.</p>" in after["output"]
    assert "Another &lt;b&gt;paragraph" in after["output"]
    for picture in of_every_kind():
        assert f'alt="{picture.alt}"' in after["output"]
        assert f"<figcaption>{picture.alt}</figcaption>" in after["output"]
    assert [one.size for one in shown(results)] == [(720, 300), (720, 350), (720, 320), (242, 242)]
    assert all(np.asarray(one).min() < 100 and np.asarray(one).max() == 255 for one in shown(results))


def test_no_text_can_leave_its_place(tmp_path: Path):
    hostile = '</p><script>alert(1)</script>" onerror="alert(2)\0\x1b[31m'
    picture = replace(of_every_kind()[3], alt=hostile)
    results = advised(tmp_path, picture, text=hostile)
    illustrate(results, soon())
    page = row(results)["output"]
    assert page.count("&lt;script&gt;alert(1)") == 3
    assert "<script" not in page
    assert not re.search(r'"\s*onerror="', page)
    assert re.findall(r"<(\w+)", page) == ["p", "figure", "img", "figcaption"]


def test_a_row_without_pictures_stays_text_and_costs_no_import(tmp_path: Path):
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "from grader.report.pictures import illustrate\nfrom grader.tests.advised import advised\n"
        f"results = advised(Path({str(tmp_path)!r}))\nillustrate(results, time.monotonic() + 60)\n"
        "loaded = {'matplotlib', 'PIL', 'grader.report.drawing'} & set(sys.modules)\n"
        "print(sorted(loaded), results.outcomes['trained'].html)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True) == "[] \n"


# --- whatever the numbers are ----------------------------------------------------------------------


@pytest.mark.parametrize("fill", [0.0, np.nan, np.inf, -np.inf, 1e300, -1e300, 3e38, 5e-324])
def test_any_value_is_drawn(tmp_path: Path, fill: float):
    results = advised(tmp_path, *of_every_kind(fill))
    illustrate(results, soon())
    assert results.remarks == []
    assert len(shown(results)) == 4


def test_a_single_wild_value_hides_nothing():
    """One infinite and one huge arrow: the others stay as long as they were."""
    (field, *_) = of_every_kind()
    wild = {name: array.copy() for name, array in field.arrays.items()}
    wild["score"][0] = np.inf
    wild["score"][1] = 1e300
    ink = [np.sum(255 - np.asarray(drawing.draw(SCORE_FIELD, one).image, dtype=float)) for one in (field.arrays, wild)]
    assert ink[1] == pytest.approx(ink[0], rel=0.05)


@pytest.mark.parametrize("kind", [SCORE_FIELD, STEPS, PATHS])
def test_no_samples_at_all_are_said_in_words(kind: str):
    (picture,) = [one for one in of_every_kind(samples=0) if one.kind == kind]
    if kind == PATHS:
        picture = replace(picture, arrays=picture.arrays | {"paths": np.zeros((0, 0, 2))})
    image = drawing.draw(kind, admitted(picture)).image
    assert np.asarray(image.convert("L")).min() < 100


def test_nothing_is_left_of_a_panel_without_a_state():
    none = Picture(STEPS, {"states": np.zeros((0, 5, 2)), "steps": np.zeros(0, dtype=int)}, "")
    assert drawing.draw(STEPS, admitted(none)).width == drawing.WIDTH


def test_the_digits_are_the_grid_that_training_writes():
    digits = np.arange(64, dtype=np.uint8)[:, None, None] + np.zeros((64, 28, 28), dtype=np.uint8)
    image = np.asarray(drawing.draw(DIGITS, {"digits": digits}).image)[..., 0]
    for number in (0, 7, 8, 63):
        top, left = 2 + 30 * (number // 8), 2 + 30 * (number % 8)
        assert np.all(image[top : top + 28, left : left + 28] == number)
    assert image[:2].max() == image[:, :2].max() == 0


# --- what is not admitted --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name", "array"),
    [
        (SCORE_FIELD, "score", np.zeros((999, 2))),
        (SCORE_FIELD, "points", np.zeros(2000)),
        (SCORE_FIELD, "points", np.zeros((1000, 2), dtype=bool)),
        (SCORE_FIELD, "points", np.zeros((1000, 2), dtype=complex)),
        (STEPS, "states", np.zeros((7, 1000, 2))),
        (STEPS, "steps", np.zeros(5, dtype=int)),
        (STEPS, "steps", np.zeros(6)),
        (PATHS, "samples", np.zeros((2**20, 2))),
        (PATHS, "paths", np.zeros((6, 10, 2))),
        (PATHS, "paths", np.zeros((1, 10_001, 2))),
        (DIGITS, "digits", np.zeros((63, 28, 28), dtype=np.uint8)),
        (DIGITS, "digits", np.zeros((64, 28, 28))),
    ],
)
def test_arrays_of_another_shape_cost_the_picture_and_tell_the_staff(
    tmp_path: Path, kind: str, name: str, array: np.ndarray
):
    good = of_every_kind()
    (picture,) = [one for one in good if one.kind == kind]
    bad = replace(picture, arrays=picture.arrays | {name: array})
    with pytest.raises(Undrawable, match=name):
        admitted(bad)
    results = advised(tmp_path, bad, good[3])
    illustrate(results, soon())
    assert len(shown(results)) == 1
    assert (
        f"left out here: it could not be drawn. What it would show:)</em></p>\n<figcaption>{bad.alt}"
        in row(results)["output"]
    )
    (told,) = on_disk(results)["extra_data"]["remarks"]
    assert name in told
    assert len(on_disk(results)["tests"]) == len(results.rows)
    assert results.staff == []


def test_an_unknown_kind_and_a_missing_array_are_not_admitted():
    with pytest.raises(Undrawable, match="not a kind"):
        admitted(Picture("portrait", {}, ""))
    with pytest.raises(Undrawable, match="digits is missing"):
        admitted(Picture(DIGITS, {}, ""))


def test_what_no_frame_carries_is_not_sent():
    arrays = {
        "small": np.zeros(3),
        "large": np.zeros(2**18 + 1),
        "half": np.zeros(3, dtype=np.float16),
        "objects": np.array([object()]),
    }
    assert sendable(Picture(DIGITS, arrays, "")).arrays.keys() == {"small"}


# --- within the platform's characters ---------------------------------------------------------------


def test_pictures_of_noise_fit_beside_the_other_rows(tmp_path: Path):
    noise = [replace(one, alt=f"{one.alt} {number}") for number in range(3) for one in of_every_kind(samples=10_000)]
    results = advised(tmp_path, *noise)
    illustrate(results, soon())
    page = row(results)["output"]
    sources = re.findall(r'src="([^"]*)"', page)
    assert sum(map(len, sources)) <= MOST_FOR_PICTURES
    assert len(results.text()) <= LARGEST_RESULT
    assert 0 < len(shown(results)) < len(noise)
    assert page.count("the result has no room for it") == len(noise) - len(sources)
    assert all(f"<figcaption>{one.alt}</figcaption>" in page for one in noise)


def test_long_rows_of_others_leave_less_for_pictures(tmp_path: Path):
    results = advised(tmp_path, *of_every_kind())
    results.facts["printed"] = "x" * 60_000
    illustrate(results, soon())
    assert len(results.text()) <= LARGEST_RESULT
    assert len(shown(results)) > 0


@pytest.mark.parametrize("text", ["x" * 200_000, "'" * 19_000, "&" * 20_000])
def test_an_extreme_text_is_cut_and_never_in_a_tag(tmp_path: Path, text: str):
    results = advised(tmp_path, *of_every_kind(), text=text)
    illustrate(results, soon())
    page = row(results)
    if page.get("output_format") == "html":
        assert page["output"].count("<") == page["output"].count(">")
        assert page["output"].rstrip().endswith("</figure>")
    else:
        assert len(page["output"]) < 21_000


def test_the_best_and_largest_are_made_smaller_first():
    def figure(height: int) -> Placed:
        one = Placed("", drawing.Drawing(Image.effect_noise((200, height), 50).convert("RGB"), 200, ("#000000",)))
        one.encode()
        return one

    large, small = figure(200), figure(20)
    total = len(large.source) + len(small.source)
    choose([large, small], total)
    assert (large.level, small.level) == (0, 0)
    choose([large, small], total - 1)
    assert (large.level, small.level) == (1, 0)
    choose([large, small], len(small.source))
    assert (bool(large.source), bool(small.source)) == (False, True)
    assert large.level == small.level == len(LEVELS) - 1
    choose([large, small], -1)
    assert small.left_out == large.left_out == "the result has no room for it"


# --- at no cost -------------------------------------------------------------------------------------


def test_the_result_is_valid_and_complete_while_its_pictures_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    results = advised(tmp_path, *of_every_kind())
    seen = []
    draw = drawing.draw

    def watched(kind: str, arrays: dict[str, np.ndarray]) -> drawing.Drawing:
        seen.append(row(results)["output"])
        return draw(kind, arrays)

    monkeypatch.setattr(drawing, "draw", watched)
    illustrate(results, soon())
    assert len(seen) == 4
    assert all(one.startswith("Well trained.") for one in seen)


@pytest.mark.parametrize("name", ["draw", "Drawing"])
def test_a_drawing_that_fails_leaves_the_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    def broken(*arguments: object, **others: object) -> None:
        raise MemoryError("no canvas")

    results = advised(tmp_path, *of_every_kind(), points=2.0)
    monkeypatch.setattr(drawing, name, broken)
    illustrate(results, soon())
    assert row(results)["score"] == 2.0
    assert "Well trained." in row(results)["output"]
    assert "noise that becomes letters" in row(results)["output"]
    assert len(results.remarks) == 4
    assert "no canvas" in results.remarks[0]


def test_a_page_that_fails_leaves_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    results = advised(tmp_path, *of_every_kind())
    before = row(results)
    environment = templates.environment
    monkeypatch.setattr(templates, "environment", lambda folder: environment(tmp_path / "nothing"))
    illustrate(results, soon())
    assert row(results) == before
    assert "nothing" in results.remarks[0]


def test_no_picture_is_begun_after_the_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(drawing, "draw", lambda kind, arrays: pytest.fail("drawn"))
    results = advised(tmp_path, *of_every_kind())
    illustrate(results, time.monotonic() - 1)
    assert row(results)["output"].count("the time for the whole submission was used up") == 4
    assert results.remarks == []


def test_drawn_arrays_are_let_go(tmp_path: Path):
    results = advised(tmp_path, *of_every_kind())
    illustrate(results, soon())
    assert all(one.arrays == {} for one in results.outcomes["trained"].pictures)
