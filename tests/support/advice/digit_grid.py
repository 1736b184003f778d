"""What a person would say of a generator's 64 images, from their picture alone: digits, or what else.

Strokes are seen as histograms of edge directions (Dalal and Triggs, CVPR 2005), compared with the means of a hundred
clusters of MNIST's digits, and summed up as a Frechet distance. Pixels alone do not serve: their Frechet distance
(dimension 20) puts blots of the third epoch beside digits of the fifteenth, because it cannot see broken strokes.

`digit_space.npz` holds means and moments of MNIST (Yann LeCun, Corinna Cortes; CC BY-SA 3.0), and no digit of it.
`python -m benchmarks.digit_metric` makes it, and prints the table that the thresholds come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

GENERATED = "recognisable digits"
NEARLY = "nearly digits"
EARLY = "not digits yet"
COLLAPSED = "the same few images"
NOISE = "noise"
BLANK = "blank"
REAL = "real digits"

SPACE = Path(__file__).with_name("digit_space.npz")
SIDE, CELL, DIRECTIONS = 28, 4, 8
BOX = 20
"""MNIST's digits were scaled to fill a box of 20 pixels, then moved until their centre of mass was in the middle."""

# Each threshold lies midway between the nearest grids of the two kinds that it tells apart, which are named below.
CONTRAST = 88
"""Blank 0; an untrained generator 176."""
SMOOTHNESS = 0.3
"""Noise of any law 0.01; an untrained generator 0.59."""
DIFFERENT = 41
"""32 digits, each twice, 31.4; a generator of 12 epochs 50.2."""
LIKENESS = 0.396
"""The best grid of 2 to 7 epochs 0.382, blots; the worst of 20 epochs 0.410, digits, but for a slow seed,
whose strokes are broken (0.36). Of five seeds after 30 epochs the worst has 0.42. Over the grids of one generator the
standard deviation is 0.012.
"""
NEAR_LIKENESS = LIKENESS - 2 * 0.012
"""From here on another grid of the same generator may well reach `LIKENESS`."""
FAR = 0.126
"""A generator of 20 epochs 0.105; few kinds of its digits 0.147."""
FRAMED = 0.5
"""Real digits 1, however bright and wherever moved; a generator of 20 epochs 0.05."""
CENTRING = 0.45
"""Real digits 0.306 over grids, with a standard deviation of 0.014, even in noise; a generator of 20 epochs 1.07. Ten
standard deviations, and not midway: a better generator must not be called a copy.
"""

TYPICAL_REAL, TYPICAL_UNTRAINED = 0.73, 0.22
"""Likeness of real digits and of an untrained generator, for the reader of a sentence."""


@dataclass(frozen=True)
class Judgement:
    """A word of this module, the figures behind it, and what a learner should read.

    `distance` is a Frechet distance, lower is better; 64 real digits have 0.01 to 0.03, being so few. `diversity`
    counts different shapes of digits, of 100; 64 real digits show 45 to 52.
    """

    word: str
    distance: float
    diversity: float
    sentence: str

    @property
    def good(self) -> bool:
        """Whether these are what a right generator draws; in doubt, yes."""
        return self.word in (GENERATED, NEARLY)


@dataclass(frozen=True)
class Measures:
    """The figures of one grid.

    contrast    median, over the images, of the range of grey levels
    smoothness  correlation of neighbouring pixels
    likeness    mean cosine of an image's strokes with the nearest shape, both taken from the mean of MNIST's strokes
    shapes      how many of the 100 shapes are nearest to some image
    different   effective number of different images, up to 64
    distance    Frechet distance of the strokes from those of MNIST
    framed      share of images whose ink exactly fills MNIST's box
    centring    root mean square distance, in pixels and per axis, of the centre of mass from the middle
    """

    contrast: float
    smoothness: float
    likeness: float
    shapes: int
    different: float
    distance: float
    framed: float
    centring: float


@dataclass(frozen=True)
class Space:
    """MNIST in figures: the mean of its strokes (392,), shapes (100, 392) as directions from there, of unit length, and
    the moments of strokes seen in a basis (392, 10).
    """

    shapes: np.ndarray
    mean: np.ndarray
    basis: np.ndarray
    centre: np.ndarray
    covariance: np.ndarray


def judge(digits: np.ndarray) -> Judgement:
    """Judge the images `(64, 28, 28)` uint8 of a grid by `save_image(..., normalize=True)`, in any order."""
    found = measure(digits)
    word, sentence = _verdict(found)
    return Judgement(word, found.distance, float(found.shapes), sentence)


def _verdict(found: Measures) -> tuple[str, str]:
    """The first thing that a person would notice."""
    if found.contrast < CONTRAST:
        return BLANK, (
            f"The images are blank: within one, grey levels differ by {found.contrast:.0f} of 255, and a digit's by "
            "nearly all. Look at the generator's last layers (Table 2), and at what is given to save_image."
        )
    if found.smoothness < SMOOTHNESS:
        return NOISE, (
            f"The images are noise: neighbouring pixels correlate by {found.smoothness:.2f}, and in strokes by 0.8. "
            "Even an untrained generator draws smoother: hand in the grid that train() wrote."
        )
    if found.different < DIFFERENT:
        return COLLAPSED, _collapsed(
            f"the 64 images are worth about {found.different:.0f} different ones, not 51 to 64"
        )
    if found.likeness < NEAR_LIKENESS:
        return EARLY, (
            f"These are not digits yet: their likeness to handwritten strokes is {found.likeness:.2f}; digits that can "
            f"be read have {LIKENESS:.2f} or more, and an untrained generator {TYPICAL_UNTRAINED:.2f}. "
            "Train on, to epoch 30 or 40; if that does not help, look at the two losses (Questions 4.4 and 4.5)."
        )
    if found.framed > FRAMED:
        return REAL, _real(
            f"{found.framed:.0%} of them exactly fill MNIST's box of {BOX} pixels, a generator's seldom do"
        )
    if found.centring < CENTRING:
        return REAL, _real(f"they are centred to {found.centring:.1f} pixels, a generator's to 1 or 2")
    if found.distance > FAR:
        return COLLAPSED, _collapsed(
            f"there are digits, but of few kinds, so that together they lie {found.distance:.2f} from the data set; a "
            f"right generator's lie within {FAR:.2f}"
        )
    if found.likeness < LIKENESS:
        return NEARLY, (
            f"These are nearly digits: their likeness to handwritten strokes is {found.likeness:.2f}, and from "
            f"{LIKENESS:.2f} on digits can be read. The training works; ten epochs more should be enough."
        )
    return GENERATED, (
        f"These are recognisable digits, of {found.shapes} different shapes: their likeness to handwritten strokes is "
        f"{found.likeness:.2f}, where real digits have {TYPICAL_REAL:.2f} and an untrained generator "
        f"{TYPICAL_UNTRAINED:.2f}."
    )


def _real(seen: str) -> str:
    return f"These look like digits of the data set, not of a generator: {seen}. Hand in the grid that train() wrote."


def _collapsed(seen: str) -> str:
    return (
        f"This looks like a collapsed generator: {seen}. Draw a new z for every image and every batch, and train "
        "the discriminator as often as the generator; another seed may help too."
    )


def measure(digits: np.ndarray) -> Measures:
    """All figures of images `(N, 28, 28)` uint8, with N at least 2."""
    known, found = space(), strokes(digits)
    cosines = unit_rows(found - known.mean) @ known.shapes.T
    return Measures(
        contrast=float(np.median(np.ptp(digits.reshape(len(digits), -1), axis=1))),
        smoothness=smoothness(digits),
        likeness=float(np.mean(cosines.max(axis=1))),
        shapes=len(np.unique(cosines.argmax(axis=1))),
        different=different(digits),
        distance=frechet((found - known.mean) @ known.basis, known.centre, known.covariance),
        framed=float(np.mean(_longer_sides(digits > 0) == BOX)),
        centring=centring(digits),
    )


@lru_cache(maxsize=1)
def space() -> Space:
    """The precomputed figures of MNIST, which are stored as small integers where that suffices."""
    with np.load(SPACE) as data:
        return Space(
            unit_rows(data["shapes"].astype(np.float64)),
            data["mean"].astype(np.float64),
            data["basis"] / np.iinfo(np.int8).max,
            data["centre"].astype(np.float64),
            data["covariance"].astype(np.float64),
        )


def strokes(digits: np.ndarray) -> np.ndarray:
    """Histograms `(N, 392)`, of unit length, of the directions of edges in each of 7 x 7 cells.

    An edge counts by its steepness and is shared between the two nearest of 8 directions. Unit length makes them blind
    to brightness; an image without edges has zeros.
    """
    padded = np.pad(digits.astype(np.float64), ((0, 0), (1, 1), (1, 1)), mode="edge")
    right = padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]
    down = padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]
    steepness, angle = np.hypot(right, down), np.arctan2(down, right) * (DIRECTIONS / (2 * np.pi))
    cells = SIDE // CELL
    histograms = np.empty((len(digits), cells, cells, DIRECTIONS))
    for direction in range(DIRECTIONS):
        away = np.abs((angle - direction + DIRECTIONS / 2) % DIRECTIONS - DIRECTIONS / 2)
        edges = steepness * np.clip(1 - away, 0, None)
        histograms[..., direction] = edges.reshape(-1, cells, CELL, cells, CELL).sum(axis=(2, 4))
    return unit_rows(histograms.reshape(len(digits), -1))


def smoothness(digits: np.ndarray) -> float:
    """Correlation of a pixel with its neighbours below and to the right, over all images; 0 if all are constant."""
    x = _centred(digits).reshape(digits.shape)
    power = float(np.sum(x * x))
    down, right = np.sum(x[:, 1:] * x[:, :-1]), np.sum(x[:, :, 1:] * x[:, :, :-1])
    return float(down + right) / (2 * power) if power > 0 else 0.0


def different(digits: np.ndarray) -> float:
    """Vendi score (Friedman and Dieng 2022, arXiv:2210.02410): the effective number of different images.

    Two images are as similar as the fourth power of their correlation, so that copies count once, and two digits that
    merely share the middle of the frame count as nearly two.
    """
    x = unit_rows(_centred(digits))
    similar = (x @ x.T) ** 4
    np.fill_diagonal(similar, 1)
    shares = np.linalg.eigvalsh(similar / len(digits))
    shares = shares[shares > 0]
    return float(np.exp(-np.sum(shares * np.log(shares))))


def frechet(sample: np.ndarray, centre: np.ndarray, covariance: np.ndarray) -> float:
    """Frechet distance between normal laws (Heusel et al. 2017, arXiv:1706.08500), squared, from samples `(N, d)`."""
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T
    own, shift = np.cov(sample, rowvar=False), sample.mean(axis=0) - centre
    shared = np.sqrt(np.clip(np.linalg.eigvalsh(root @ own @ root), 0, None)).sum()
    return float(shift @ shift + np.trace(own) + np.trace(covariance) - 2 * shared)


def centring(digits: np.ndarray) -> float:
    """Root mean square distance of the bright pixels' centre of mass from the middle, per axis.

    Real digits have 0.29, being moved by whole pixels: the standard deviation of a uniform law of width 1. Pixels
    below half the brightest do not count, so that a little noise changes nothing.
    """
    bright = np.where(digits > digits.max(axis=(1, 2), keepdims=True) / 2, digits, 0).astype(np.float64)
    mass, at = np.maximum(bright.sum(axis=(1, 2)), 1), np.arange(SIDE) - SIDE / 2
    offsets = np.stack([bright.sum(axis=2) @ at, bright.sum(axis=1) @ at]) / mass
    return float(np.sqrt(np.mean(offsets**2)))


def _longer_sides(ink: np.ndarray) -> np.ndarray:
    """The longer side of the box around each image's ink `(N, 28, 28)`, in pixels; 0 where there is none."""
    return np.maximum(_extent(ink.max(axis=1)), _extent(ink.max(axis=2)))


def _extent(lines: np.ndarray) -> np.ndarray:
    """How far it is from the first to the last line `(N, 28)` that is True, both included."""
    first, last = lines.argmax(axis=1), SIDE - lines[:, ::-1].argmax(axis=1)
    return np.where(lines.max(axis=1), last - first, 0)


def _centred(digits: np.ndarray) -> np.ndarray:
    """Images as rows `(N, 784)`, each less its own mean."""
    rows = digits.reshape(len(digits), -1).astype(np.float64)
    return rows - rows.mean(axis=1, keepdims=True)


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """Rows scaled to unit length; rows of zeros stay."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
