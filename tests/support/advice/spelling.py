"""How well samples spell CS446, and how well a predicted score agrees with the data's own: figures, and their words.

The margins are fixed: trained networks differ from each other, so no error rate can be derived for them. They were
chosen between these figures of 1,000 samples (precision, coverage) and of the score at sigma 0.1 (agreement, size):

    the exact score                          1.00  0.96     1.00  1.00
    the template's network, trained          0.97  0.93     0.97  1.02
    all hidden layers one module, trained    0.96  0.92     0.95  0.91
    stopped after 3,000 iterations           0.86  0.86     0.81  0.88
    stopped after 1,500 iterations           0.77  0.84     0.72  0.73
    stopped after 500 iterations             0.61  0.80     0.61  0.38
    on the plateau of the loss               0.10  0.24     0.01  0.01
    never trained                            0.01  0.03     0.01  0.98, the same everywhere
    trained, step size alpha = eps           0.68  0.69     0.97  1.02
    trained, noise sqrt(2) alpha             0.99  0.28     0.97  1.02
    trained, noise left out                  1.00  0.15     0.97  1.02
    evenly spread over the text's box        0.66  0.87

A picture with a precision of 0.92 and a coverage of 0.86 may have two letters that nobody can read. So each letter is
looked at by itself: over 20 trainings of the template the smallest precision of a letter within `STROKE` is 0.84, and
the smallest coverage 0.88; trainings stopped after 100 epochs and earlier have letters with 0.62 and 0.74, after 200
epochs with 0.74 and 0.47. The hole of the 6 has at most 0.28 times as many samples for its size as the strokes; where
it cannot be seen, 0.7 and more. The holes of the 4 are too small to be counted.
    standard normal                          0.24  0.49
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from tests.support.advice import pattern

RADIUS = 0.05
"""A sample within this distance of a training point lies on the letters; pixels are 0.04 apart."""
FULL = 1000
"""Samples of the handout, for which the margins of coverage hold."""
SPELLS = (0.9, 0.8)
NEARLY = (0.6, 0.6)
"""Least precision and least coverage."""
RIGHT_AGREEMENT, LEAST_AGREEMENT = 0.9, 0.6
RIGHT_SIZE = 1.5
"""A right score is at most this factor larger or smaller than the data's."""
LETTERS = "CS446"
EDGES = (-1.23, -0.43, 0.375, 1.18)
"""Where one letter ends and the next begins."""
STROKE = 0.03
"""A sample within this distance of a training point does not blur a stroke; the gaps between strokes are 0.2 wide."""
LEGIBLE = (0.8, 0.8)
"""Least precision within `STROKE`, and least coverage, of a letter that can be read."""
FILLED = 0.5
"""Samples in the hole of the 6, for its size, as a share of those on the strokes, from which on it looks filled."""
FLAT = 0.1
"""A score whose size, or whose change from place to place, is below this share of the data's, is no score."""


@dataclass(frozen=True)
class Spelling:
    """Figures of n samples: `precision` and `coverage`, of which n samples can reach `attainable`.

    `legible` is, for each of `LETTERS`, whether it can be read.
    """

    n: int
    precision: float
    coverage: float
    attainable: float
    legible: tuple[bool, ...] = (True,) * len(LETTERS)

    @property
    def spells(self) -> bool:
        """Whether anybody reads CS446: all letters, and few samples beside them."""
        return self.reaches(SPELLS) and all(self.legible)

    @property
    def letters(self) -> str:
        """Which letters can be read, in words."""
        marked = zip(LETTERS, self.legible, strict=True)
        return " ".join(letter if readable else "_" for letter, readable in marked)

    def reaches(self, margins: tuple[float, float]) -> bool:
        """Whether precision and coverage reach the margins.

        That of coverage falls with what n samples can cover, and by four of its standard deviations, which are about
        0.3 / sqrt(n) of it: fewer samples scatter more.
        """
        precision, coverage = margins
        if self.n < FULL:
            coverage *= self.attainable / attainable_coverage(FULL) * (1 - 4 * 0.3 / self.n**0.5)
        return self.precision >= precision and self.coverage >= coverage

    def __str__(self) -> str:
        covered = f"{self.coverage:.0%} of the training points have a sample nearby"
        if self.n < FULL:
            covered += f" ({self.attainable:.0%} is what {self.n} samples of the exact score would reach)"
        return f"{self.precision:.0%} of {self.n} samples lie on the letters, and {covered}"


def measure(samples: np.ndarray) -> Spelling:
    """The figures of finite samples `(n, 2)`, n > 0."""
    n, near = len(samples), _near(samples)
    precise, covered = float(near.any(axis=1).mean()), float(near.any(axis=0).mean())
    return Spelling(n, precise, covered, attainable_coverage(n), legible(samples))


def legible(samples: np.ndarray) -> tuple[bool, ...]:
    """Whether each letter can be read in finite samples `(n, 2)`; of fewer than 1,000 less is asked for.

    Where a share is taken of few samples, four of its standard deviations are allowed, as everywhere here.
    """
    points, n = pattern.points(), len(samples)
    squares = pattern.squared_distances(samples.astype(np.float64), points)
    strokes = np.asarray(squares.min(axis=1) <= STROKE**2)
    reached = np.asarray(squares.min(axis=0) <= RADIUS**2)
    letter, own = np.searchsorted(EDGES, points[:, 0]), np.searchsorted(EDGES, samples[:, 0])
    attainable = attainable_coverage(n) / attainable_coverage(FULL)
    found = []
    for k in range(len(LETTERS)):
        here, expected = own == k, max(n * float(np.mean(letter == k)), 1.0)
        precise, covered = LEGIBLE
        if n < FULL:
            precise -= 4 * (precise * (1 - precise) / expected) ** 0.5
            covered *= attainable * max(1 - 4 * 0.3 / expected**0.5, 0.0)
        reads = here.any() and strokes[here].mean() >= precise and reached[letter == k].mean() >= covered
        found.append(bool(reads))
    return (*found[:-1], found[-1] and not _filled(samples[own == len(LETTERS) - 1]))


def _filled(samples: np.ndarray) -> bool:
    """Whether the hole of the 6 has so many of its samples that nobody sees it."""
    hole, side = pattern.hole()
    inside = np.any(np.max(np.abs(samples[:, None] - hole), axis=2) <= side / 2, axis=1)
    on_strokes = np.sum(pattern.points()[:, 0] > EDGES[-1])
    expected = FILLED * len(hole) / float(on_strokes) * float(np.sum(~inside))
    return int(np.sum(inside)) > expected + 4 * expected**0.5 * (len(samples) < FULL / len(LETTERS) / 2)


def precision(samples: np.ndarray) -> float:
    """Share of the samples `(n, 2)` within `RADIUS` of a training point."""
    return float(_near(samples).any(axis=1).mean())


def coverage(samples: np.ndarray) -> float:
    """Share of the training points within `RADIUS` of one of the samples `(n, 2)`."""
    return float(_near(samples).any(axis=0).mean())


def _near(samples: np.ndarray) -> np.ndarray:
    """Which of the samples lie within `RADIUS` of which training points, `(n, 1291)`."""
    return pattern.squared_distances(samples.astype(np.float64), pattern.points()) <= RADIUS**2


@cache
def attainable_coverage(n: int) -> float:
    """Expected coverage of n samples of the data itself: 1 - (1 - p_k)^n, averaged over the training points k.

    p_k is the share of the data within `RADIUS` of point k. The sampler with the exact score covers 0.960, 0.568, 0.287
    and 0.122 with 1,000, 250, 100 and 40 samples; this gives 0.962, 0.577, 0.293 and 0.130.
    """
    return float((1 - (1 - _near(pattern.points()).mean(axis=1)) ** n).mean())


@cache
def evenly_spread() -> float:
    """Precision of samples spread evenly over the text's box, at best: 0.66, and four standard errors of 1,000."""
    (left, bottom), (right, top) = pattern.points().min(axis=0), pattern.points().max(axis=0)
    x, y = np.meshgrid(np.linspace(left, right, 200), np.linspace(bottom, top, 50))
    on_letters = precision(np.stack([x.ravel(), y.ravel()], axis=1))
    return float(on_letters + 4 * np.sqrt(on_letters * (1 - on_letters) / FULL))


@dataclass(frozen=True)
class Field:
    """A predicted score beside the data's, averaged over the perturbed data.

    `agreement` is the cosine of their angle in [-1, 1]; `size` and `change` are the predicted score's root mean square
    and standard deviation, as shares of the data's.
    """

    agreement: float
    size: float
    change: float

    @property
    def right(self) -> bool:
        """Whether a sampler can go by this score."""
        return self.agreement >= RIGHT_AGREEMENT and 1 / RIGHT_SIZE <= self.size <= RIGHT_SIZE


def field(x: np.ndarray, predicted: np.ndarray, sigma: float) -> Field:
    """Compare a finite predicted score `(m, 2)` at the points x `(m, 2)` with the data's, weighted by its density."""
    own, density = pattern.score(x, sigma)
    weights = (density / density.sum())[:, None]
    # Scaled to 1, so that no square overflows.
    largest = max(float(np.abs(predicted).max()), np.finfo(np.float64).tiny)
    predicted = predicted.astype(np.float64) / largest
    size, own_size = (np.sqrt((weights * one**2).sum()) for one in (predicted, own))
    change = np.sqrt((weights * (predicted - (weights * predicted).sum(axis=0)) ** 2).sum())
    agreement = (weights * predicted * own).sum() / (size * own_size) if size > 0 else 0.0
    return Field(float(agreement), float(size / own_size * largest), float(change / own_size * largest))
