"""The files that a training left, as observed: the checkpoint's score and samples, points, and digits."""

from __future__ import annotations

import msgspec
import numpy as np

from tests.support.homework.assignment import CHECKPOINT, DIFFUSION, GAN, GRIDS, SAMPLES
from tests.support.observations import require_shape
from tests.support.submission import Submission

N_LEVELS, LARGEST_SIGMA, SMALLEST_SIGMA = 10, 0.3, 0.01
ITERATIONS, EPS = 10, 8e-5
"""A tenth of the handout's iterations, four times its step size: the exact score then reaches the same figures."""
LAST_STEP = N_LEVELS * ITERATIONS - 1
STEPS = (*(share * N_LEVELS * ITERATIONS // 1000 for share in (0, 200, 400, 600, 800)), LAST_STEP)
"""The steps at which the handout draws the samples, of 1,000."""
SCORE_SIGMA = 0.1
MOST_SAMPLES = 1000
LATEST_EPOCH = 9999
"""The last one whose file is looked for."""


def score_points() -> np.ndarray:
    """A grid of 50 x 25 points over the text, `(1250, 2)`, row by row."""
    x, y = np.meshgrid(np.linspace(-2.1, 2.1, 50), np.linspace(-0.6, 0.6, 25))
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)


class Listing(msgspec.Struct, forbid_unknown_fields=True):
    """Whether model.ckpt and samples.npz are there, and the epochs of the grids test_<epoch>.png."""

    checkpoint: bool
    samples: bool
    epochs: list[int]


class TrainedModel(msgspec.Struct, forbid_unknown_fields=True):
    """The checkpoint in the student's network: its score at `score_points()`, samples, states and paths.

    `problem` is empty, or why the checkpoint or the sampler gives nothing: then arrays may be empty. States
    `(k, n, 2)` are those after the steps `steps`; they and the paths are empty without trajectories. `exact` are
    samples of Algorithm 2 itself with the parameters alone, or empty where these make no network of the handout's kind.
    """

    problem: str
    detail: str
    score: np.ndarray
    exact: np.ndarray
    samples: np.ndarray
    states: np.ndarray
    steps: list[int]
    paths: np.ndarray

    def __post_init__(self) -> None:
        """Refuse what no probe reports."""
        _require_points(self.score, None if self.problem else len(score_points()))
        _require_points(self.samples, None)
        _require_points(self.exact, None)
        if len(self.exact) not in (0, MOST_SAMPLES):
            raise ValueError(f"{len(self.exact)} samples")
        if not self.problem and not 0 < len(self.samples) <= MOST_SAMPLES:
            raise ValueError(f"{len(self.samples)} samples")
        if self.states.size or self.steps:
            if self.steps != list(STEPS):
                raise ValueError("states of other steps")
            _require_float32(self.states, (len(STEPS), len(self.samples), 2))
            _require_float32(self.paths, (None, LAST_STEP + 1, 2))


class ExactlySampled(msgspec.Struct, forbid_unknown_fields=True):
    """Samples `(n, 2)` of the student's sampler for the data's own score; none where it returned something else."""

    samples: np.ndarray

    def __post_init__(self) -> None:
        """Refuse what no probe reports."""
        _require_points(self.samples, None)
        if len(self.samples) > MOST_SAMPLES:
            raise ValueError(f"{len(self.samples)} samples")


class HandedInSamples(msgspec.Struct, forbid_unknown_fields=True):
    """`points` of samples.npz, `(n, 2)`: at most 1,000 of `total`; `problem` is empty, or why there are none."""

    problem: str
    detail: str
    samples: np.ndarray
    total: int

    def __post_init__(self) -> None:
        """Refuse what no probe reports."""
        _require_points(self.samples, None)
        if not self.problem and not 0 < len(self.samples) <= min(self.total, MOST_SAMPLES):
            raise ValueError(f"{len(self.samples)} of {self.total} points")


class ImageGrids(msgspec.Struct, forbid_unknown_fields=True):
    """The digits `(g, 64, 28, 28)` of the grids of `epochs`, and why those of the epochs `broken` have none."""

    epochs: list[int]
    digits: np.ndarray
    broken: list[int]
    problems: list[str]

    def __post_init__(self) -> None:
        """Refuse what no probe reports."""
        require_shape(self.digits, (len(self.epochs), 64, 28, 28), "u")
        every = [*self.epochs, *self.broken]
        if len(set(every)) < len(every) or len(self.problems) != len(self.broken):
            raise ValueError("epochs that are not distinct")
        if not all(0 <= epoch <= LATEST_EPOCH for epoch in every):
            raise ValueError("an epoch that no file is named after")


def _require_points(array: np.ndarray, n: int | None) -> None:
    _require_float32(array, (n, 2))


def _require_float32(array: np.ndarray, shape: tuple[int | None, ...]) -> None:
    """Raise ValueError for another shape, or for numbers whose squares may overflow."""
    require_shape(array, shape)
    if array.dtype != np.float32:
        raise ValueError(f"numbers of type {array.dtype}")


def listing(submission: Submission, module: str) -> Listing:
    """Which files lie beside this module."""
    return submission.observe(
        Listing,
        module,
        "artifacts",
        checkpoint=CHECKPOINT.name,
        samples=SAMPLES.name,
        grids=GRIDS.pattern,
        latest=GRIDS.latest,
    )


def trained_model(submission: Submission) -> TrainedModel:
    """The student's checkpoint in their own network, and what their own sampler draws from it."""
    sigmas = np.geomspace(LARGEST_SIGMA, SMALLEST_SIGMA, N_LEVELS)
    return submission.observe(
        TrainedModel,
        DIFFUSION,
        "trained_model",
        checkpoint=CHECKPOINT.name,
        points=score_points(),
        sigma=SCORE_SIGMA,
        sigmas=sigmas,
        iterations=ITERATIONS,
        eps=EPS,
        steps=list(STEPS),
    )


def sampled_exactly(submission: Submission, centres: np.ndarray, deviation: float) -> ExactlySampled:
    """What the student's own sampler draws when the network answers with the score of normal data around centres."""
    return submission.observe(
        ExactlySampled,
        DIFFUSION,
        "sampled_exactly",
        centres=centres,
        variance=deviation**2,
        sigmas=np.geomspace(LARGEST_SIGMA, SMALLEST_SIGMA, N_LEVELS),
        iterations=ITERATIONS,
        eps=EPS,
    )


def handed_in_samples(submission: Submission) -> HandedInSamples:
    """The samples that the student's own run has left."""
    return submission.observe(HandedInSamples, DIFFUSION, "handed_in_samples", samples=SAMPLES.name)


def image_grids(submission: Submission) -> ImageGrids:
    """The grids of generated digits that the student's own training has left."""
    return submission.observe(ImageGrids, GAN, "image_grids", grids=GRIDS.pattern, latest=GRIDS.latest)
