"""What stands in each figure: titles, points, arrows, paths and their colours, read from the figure and its pixels."""

from __future__ import annotations

import io
from collections import Counter

import matplotlib.colors
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from grader.report import drawing
from tests.support.homework.figures import DIGITS, PATHS, SCORE_FIELD, STEPS

BLUE, RED, GREEN, SOFT, INK = "#1f5fa8", "#c0392b", "#2a8f5b", "#c3c9d0", "#1f2328"


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Every figure that is drawn."""
    drawn: list[Figure] = []
    draw = drawing._drawn
    monkeypatch.setattr(drawing, "_drawn", lambda figure, *inks: drawn.append(figure) or draw(figure, *inks))
    return drawn


def colour(of: object) -> str:
    return matplotlib.colors.to_hex(of)


def test_a_panel_has_the_homework_s_axes(figures: list[Figure]):
    image = drawing.draw(PATHS, {"paths": np.zeros((0, 3, 2)), "samples": np.zeros((1, 2))})
    (axes,) = figures[0].axes
    assert (axes.get_xlim(), axes.get_ylim()) == ((-2.5, 2.5), (-0.6, 0.6))
    assert axes.get_xticks().tolist() == [-2, -1, 0, 1, 2]
    assert axes.get_yticks().tolist() == [-0.5, 0, 0.5]
    assert {colour(spine.get_edgecolor()) for spine in axes.spines.values()} == {SOFT}
    assert (image.width, image.image.size) == (720, (720, 320))
    assert image.inks == (INK, SOFT)
    assert axes.get_legend() is None


def test_paths_have_a_colour_each_a_star_at_their_end_and_a_legend(figures: list[Figure]):
    paths = np.array([[[0, 0], [1, 0.5]], [[-1, 0], [-2, 0.25]], [[0, 0.1], [0, 0.2]]])
    image = drawing.draw(PATHS, {"paths": paths, "samples": np.array([[0.5, 0.5], [9.0, 0]])})
    (axes,) = figures[0].axes
    dots, *lines = axes.lines
    assert dots.get_xydata().tolist() == [[0.5, 0.5]]
    assert (colour(dots.get_color()), dots.get_marker(), dots.get_markersize()) == (SOFT, "s", 3 * 72 / 100)
    assert [colour(line.get_color()) for line in lines[::2]] == [BLUE, RED, GREEN]
    assert [line.get_xydata().tolist() for line in lines[::2]] == paths.tolist()
    assert [line.get_xydata().tolist() for line in lines[1::2]] == paths[:, -1:].tolist()
    assert {(line.get_marker(), colour(line.get_color())) for line in lines[1::2]} == {("*", INK)}
    assert min(star.get_zorder() for star in lines[1::2]) > max(line.get_zorder() for line in lines[::2])
    legend = axes.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["trajectory 1", "trajectory 2", "trajectory 3"]
    inside = legend.get_window_extent()
    panel = axes.get_window_extent()
    assert inside.y0 >= panel.y1 - 1, "above the panel, so that it hides nothing"
    assert panel.x0 - 1 <= inside.x0 < inside.x1 <= panel.x1
    assert image.inks == (INK, SOFT, BLUE, RED, GREEN)


def test_steps_are_panels_with_their_number_and_the_last_is_the_end(figures: list[Figure]):
    states = np.array([[[-2 + n / 2, 0.1 * k]] * 2 for k, n in enumerate(range(6))], dtype=float)
    image = drawing.draw(STEPS, {"states": states, "steps": np.array([0, 10, 20, 30, 40, 50])})
    titles = ["step 0", "step 10", "step 20", "step 30", "step 40", "final samples"]
    assert [axes.get_title() for axes in figures[0].axes] == titles
    assert [axes.lines[0].get_xydata().tolist() for axes in figures[0].axes] == states.tolist()
    assert {colour(axes.lines[0].get_color()) for axes in figures[0].axes} == {BLUE}
    tops = [round(axes.get_position().y0, 2) for axes in figures[0].axes]
    assert len(set(tops[:3])) == len(set(tops[3:])) == 1
    assert tops[0] > tops[3]
    below = [axes.xaxis.get_tick_params()["labelbottom"] for axes in figures[0].axes]
    left = [axes.yaxis.get_tick_params()["labelleft"] for axes in figures[0].axes]
    assert below == [False] * 3 + [True] * 3
    assert left == [True, False, False] * 2
    assert image.image.size == (720, 350)


def test_arrows_stand_at_their_points_and_the_longest_are_shortened(figures: list[Figure]):
    x = np.linspace(-2, 2, 100)
    points = np.stack([x, np.zeros(100)], axis=1)
    score = np.tile([[0.0, 1.0]], (100, 1))
    score[:5] *= 1000
    drawing.draw(SCORE_FIELD, {"points": points, "score": score})
    (arrows,) = figures[0].axes[0].collections
    assert pytest.approx(points) == arrows.XY
    assert np.array([arrows.U, arrows.V]) == pytest.approx(np.array([np.zeros(100), np.ones(100)]))
    assert colour(arrows.get_facecolor()[0]) == BLUE
    assert arrows.scale_units == "x"
    assert arrows.scale == pytest.approx(0.55 / 0.2)  # the arrows of a coarse grid are no longer than 0.2


def test_a_fine_grid_has_shorter_arrows_and_not_all_of_them(figures: list[Figure]):
    x, y = np.meshgrid(np.linspace(-2.4, 2.4, 100), np.linspace(-0.5, 0.5, 30))
    points = np.stack([x.ravel(), y.ravel()], axis=1)
    drawing.draw(SCORE_FIELD, {"points": points, "score": np.ones_like(points)})
    (arrows,) = figures[0].axes[0].collections
    assert pytest.approx(points[::3]) == arrows.XY  # 3,000 points are more than twice 1,250
    assert arrows.scale == pytest.approx(0.55 / (5 / np.sqrt(4 * 1000)))


def test_what_is_outside_or_no_number_is_left_out(figures: list[Figure]):
    points = np.array([[0.0, 0.0], [3.0, 0.0], [1.0, 0.0], [0.0, 0.7], [-2.5, -0.6], [2.5, 0.6]])
    score = np.array([[1.0, 0.0]] * 6)
    score[2] = np.nan
    drawing.draw(SCORE_FIELD, {"points": points, "score": score})
    assert figures[0].axes[0].collections[0].XY.tolist() == [[0, 0], [-2.5, -0.6], [2.5, 0.6]]


@pytest.mark.parametrize(
    ("points", "score", "says"),
    [
        ([[0.0, 0.0]], [[0.0, 0.0]], "the score is 0 everywhere"),
        ([[9.0, 0.0]], [[1.0, 0.0]], "there is no score in this region"),
    ],
)
def test_a_field_without_arrows_says_why(figures: list[Figure], points: list, score: list, says: str):
    drawing.draw(SCORE_FIELD, {"points": np.array(points), "score": np.array(score)})
    (text,) = figures[0].axes[0].texts
    assert text.get_text() == says
    assert text.get_position() == (0.5, 0.5)


def test_no_sample_within_the_axes_is_said(figures: list[Figure]):
    drawing.draw(PATHS, {"paths": np.zeros((0, 1, 2)), "samples": np.array([[9.0, 9.0]])})
    assert [text.get_text() for text in figures[0].axes[0].texts] == ["no sample lies in this region"]


def test_a_png_has_the_colours_of_paper_and_inks_in_so_many_shades():
    pixels = np.zeros((4, 10, 3), dtype=np.uint8) + 255
    pixels[0] = (255, 128, 0)
    pixels[1] = (254, 129, 1)
    pixels[2] = (255, 191, 128)
    one = drawing.Drawing(Image.fromarray(pixels), 10, ("#ff8000",))

    def seen(scale: float, shades: int) -> tuple[tuple[int, int], dict[str, int]]:
        with Image.open(io.BytesIO(one.png(scale, shades))) as image:
            pixels = np.asarray(image.convert("RGB")).reshape(-1, 3) / 255
            return image.size, dict(Counter(map(matplotlib.colors.to_hex, pixels)))

    assert seen(1.0, 2) == ((10, 4), {"#ff8000": 20, "#ffc080": 10, "#ffffff": 10})
    assert set(seen(1.0, 1)[1]) == {"#ff8000", "#ffffff"}
    assert seen(0.5, 2)[0] == (5, 2)


def test_digits_are_shown_at_twice_their_size_on_black():
    digits = np.zeros((64, 28, 28), dtype=np.int64)
    digits[0] = 255
    digits[9] = 100
    image = drawing.draw(DIGITS, {"digits": digits})
    pixels = np.asarray(image.image)[..., 0]
    assert pixels.shape == (242, 242)
    assert (image.width, image.paper) == (484, "#000000")
    assert set(pixels[2:30, 2:30].ravel()) == {255}
    assert set(pixels[32:60, 32:60].ravel()) == {100}
    assert pixels.astype(int).sum() == 28 * 28 * 355


def test_an_unknown_kind_is_an_error():
    with pytest.raises(ValueError, match="'map' is not a kind of picture"):
        drawing.draw("map", {})
