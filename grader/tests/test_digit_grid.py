"""The word that a grid of images gets is a person's: of right generators, early and collapsed ones, and of fakes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.digit_metric import fakes, normalised
from tests.support.advice import digit_grid
from tests.support.advice.digit_grid import BLANK, COLLAPSED, EARLY, GENERATED, NEARLY, NOISE, REAL

GRIDS = dict(np.load(Path(__file__).with_name("grids") / "grids.npz"))
FAKES = fakes(GRIDS["real"], np.random.Generator(np.random.PCG64(1)))
WORDS = {
    "epoch 0": EARLY,
    "epoch 1": EARLY,
    "epoch 3": EARLY,
    "slow": EARLY,
    "epoch 12": NEARLY,
    **{f"epoch {epoch}": GENERATED for epoch in (20, 30, 60, 90)},
    "collapsed": COLLAPSED,
    "few kinds": COLLAPSED,
    "real": REAL,
    "black": BLANK,
    "white": BLANK,
    "grey": BLANK,
    "uniform noise": NOISE,
    "normal noise": NOISE,
    "salt": NOISE,
    "the mean": COLLAPSED,
    **{f"{n} real": COLLAPSED for n in (1, 2, 3, 8, 16, 32)},
}
"""By the name of a grid, up to its comma."""
RIGHT = sorted(name for name in GRIDS if WORDS[name.partition(",")[0]] == GENERATED)


@pytest.mark.parametrize("name", sorted(GRIDS | FAKES))
def test_a_grid_gets_the_word_of_a_person(name: str):
    """And what a right generator draws is good, nothing else."""
    judgement = digit_grid.judge((GRIDS | FAKES)[name].astype(np.uint8))
    assert judgement.word == WORDS[name.partition(",")[0]], judgement.sentence
    assert judgement.good == (judgement.word in (GENERATED, NEARLY))


def _odd_grids() -> dict[str, np.ndarray]:
    """Grids that nobody means to draw: nearly constant, or with very few or very regular pixels."""
    rng, dot, half = np.random.Generator(np.random.PCG64(2)), np.zeros((64, 28, 28)), np.zeros((64, 28, 28))
    dot[5, 3, 4] = 255
    half[::2] = GRIDS["real"][::2]
    return {
        "one dot": dot,
        "one dot in each": np.broadcast_to(np.eye(28)[None] * np.eye(28)[:, :1] * 255, dot.shape),
        "every other blank": half,
        "chessboard": np.broadcast_to(np.indices((28, 28)).sum(axis=0) % 2 * 255, dot.shape),
        "stripes": np.broadcast_to(np.arange(28) // 4 % 2 * 255, dot.shape),
        "ramps": np.broadcast_to(np.arange(28) * 9, dot.shape),
        "darkest grey": np.broadcast_to(rng.integers(0, 2, (28, 28)), dot.shape),
        "levels at random": np.broadcast_to(rng.integers(0, 256, (64, 1, 1)), dot.shape),
        "blocks": np.kron(rng.integers(0, 256, (64, 4, 4)), np.ones((7, 7))),
    }


@pytest.mark.parametrize("name", _odd_grids())
def test_whatever_is_drawn_is_judged_and_is_not_good(name: str):
    """With finite figures."""
    judgement = digit_grid.judge(_odd_grids()[name].astype(np.uint8))
    assert not judgement.good
    assert np.isfinite([judgement.distance, judgement.diversity]).all()


def test_a_grid_with_a_dot_in_one_image_is_blank():
    """What most of the images show counts."""
    assert digit_grid.judge(_odd_grids()["one dot"].astype(np.uint8)).word == BLANK


def test_the_centre_of_mass_is_that_of_the_bright_pixels():
    """A square of 4 pixels, 3.5 rows and columns from the middle, on grey."""
    squares = np.full((64, 28, 28), 100, dtype=np.uint8)
    squares[:, 10:12, 17:19] = 255
    assert digit_grid.centring(squares) == pytest.approx(np.hypot(10.5 - 14, 17.5 - 14) / np.sqrt(2))


def test_the_distance_orders_grids_as_training_does():
    """Real digits, thirty epochs, one epoch, none."""
    distances = [
        digit_grid.judge(GRIDS[name]).distance for name in ("real", RIGHT[0], "epoch 1, seed 11", "epoch 0, seed 10")
    ]
    assert distances == sorted(distances)
    assert distances[0] < 0.04


@pytest.mark.parametrize("name", RIGHT)
def test_order_and_brightness_of_right_images_do_not_matter(name: str):
    """Darker by half, the images get the same word, the same distance and the same diversity."""
    grid = GRIDS[name]
    bright, dark = digit_grid.judge(grid), digit_grid.judge(grid[::-1] // 2)
    assert (dark.word, dark.diversity) == (bright.word, pytest.approx(bright.diversity, abs=2))
    assert dark.distance == pytest.approx(bright.distance, abs=0.01)


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_grid_is_no_longer_good_when_its_images_are_spoiled(name: str):
    """Upper and lower half exchanged, the strokes are broken; eight of them, repeated, are too few."""
    grid = GRIDS[name]
    assert digit_grid.judge(np.roll(grid, 14, axis=1)).word == EARLY
    assert digit_grid.judge(grid[np.arange(64) % 8]).word == COLLAPSED


def test_images_that_differ_count_and_copies_do_not():
    """The effective number of different images: k for k unlike ones, however often each is repeated."""
    dots = np.zeros((64, 28, 28), dtype=np.uint8)
    dots[np.arange(64), np.arange(64) // 8 * 3, np.arange(64) % 8 * 3] = 255
    for n in (1, 4, 64):
        assert digit_grid.different(dots[np.arange(64) % n]) == pytest.approx(n, rel=1e-3)


def test_the_frechet_distance_of_normal_laws_that_are_known():
    """Along each axis, the squared differences of the means and of the standard deviations."""
    rng = np.random.Generator(np.random.PCG64(3))
    sample = rng.normal(size=(500, 3))
    sample = np.linalg.solve(np.linalg.cholesky(np.cov(sample.T)), (sample - sample.mean(axis=0)).T).T
    sample = sample * [1, 2, 3] + [0, 0, 4]
    distance = digit_grid.frechet(sample, np.zeros(3), np.diag([1.0, 1.0, 25.0]))
    assert distance == pytest.approx(0 + 1 + (3 - 5) ** 2 + 4**2)


def test_the_direction_of_an_edge_is_what_counts():
    """A vertical edge in one cell fills one direction of that cell; twice as steep, it is the same."""
    image = np.zeros((2, 28, 28), dtype=np.uint8)
    image[0, :, 14:], image[1, :, 14:] = 100, 200
    cells = digit_grid.strokes(image).reshape(2, 7, 7, 8)
    assert np.array_equal(np.argwhere(cells[0].sum(axis=(0, 1)))[:, 0], [0])
    assert np.array_equal(np.argwhere(cells[0].sum(axis=(0, 2)))[:, 0], [3])
    assert np.allclose(cells[0], cells[1])
    assert np.allclose(np.linalg.norm(cells[0]), 1)


def test_noise_is_rough_and_strokes_are_smooth():
    """Neighbours of a chessboard are opposite; those of a broad stroke are mostly equal."""
    chessboard = np.broadcast_to((np.indices((28, 28)).sum(axis=0) % 2 * 255).astype(np.uint8), (64, 28, 28))
    assert digit_grid.smoothness(chessboard) == pytest.approx(-27 / 28)
    assert digit_grid.smoothness(GRIDS["real"]) > 0.7
    assert digit_grid.smoothness(np.full((64, 28, 28), 9, dtype=np.uint8)) == 0


def test_a_sentence_says_what_was_seen_and_what_to_do():
    """A learner reads the figure that decided, and the next step."""
    assert "epoch 30" in digit_grid.judge(GRIDS["epoch 1, seed 11"]).sentence
    assert "ten epochs more" in digit_grid.judge(GRIDS["epoch 12, seed 10"]).sentence
    assert "collapsed generator" in digit_grid.judge(FAKES["8 real, repeated"]).sentence
    assert "about 8 different" in digit_grid.judge(FAKES["8 real, repeated"]).sentence
    assert "few kinds" in digit_grid.judge(GRIDS["few kinds, seed 11"]).sentence
    assert "100% of them exactly fill" in digit_grid.judge(GRIDS["real"]).sentence
    assert "centred to 0.3 pixels" in digit_grid.judge(FAKES["real, noise of 10"]).sentence
    assert "save_image" in digit_grid.judge(FAKES["black"]).sentence
    low = normalised(np.random.Generator(np.random.PCG64(4)).random((64, 28, 28)))
    assert "noise" in digit_grid.judge(low).sentence
