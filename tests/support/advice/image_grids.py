"""Advice on Question 4.6: what the grids test_<epoch>.png show of the GAN's training, in the words of a person."""

from __future__ import annotations

import numpy as np

from tests.support.advice import digit_grid
from tests.support.advice.digit_grid import Judgement
from tests.support.homework.assignment import GAN
from tests.support.homework.figures import DIGITS
from tests.support.observed import artifacts
from tests.support.observed.artifacts import ImageGrids
from tests.support.status import Picture
from tests.support.submission import Submission
from tests.support.verdicts import Advice, Verdict

MEASURE = "digits: Frechet distance"

EARLIER_CREDIT = 0.5
"""Credit of a training that had drawn digits and lost them again: the code is right."""

NONE = "No grid test_<epoch>.png was handed in, so the training was not looked at."
ADD = (
    "Add the grids test_<epoch>.png (1 MB at most, each) that GAN().train() writes every 10 epochs, at least the last "
    "one: the latest epoch is judged."
)
_PROBLEMS = {
    "too large": "has more bytes than such a grid",
    "other size": "is not a grid of 8 x 8 images, 242 x 242 pixels",
    "unreadable": "cannot be opened as a PNG file",
}
"""What the probe's words mean to a student."""


def advise(submission: Submission) -> Advice:
    """Advice on the trained generator, from what was handed in; never a verdict."""
    try:
        if not artifacts.listing(submission, GAN).epochs:
            return Advice(f"{NONE} {ADD}", 0.0)
        grids = artifacts.image_grids(submission)
    except Verdict as verdict:
        return Advice(f"The grids of images could not be judged: {verdict}", 0.0)
    return judged(grids)


def judged(grids: ImageGrids) -> Advice:
    """Advice on the grid of the latest epoch, with a line for each earlier one and for each that is broken."""
    broken = [
        f"test_{epoch}.png {_PROBLEMS.get(problem, 'cannot be used')}, so it was not judged."
        for epoch, problem in zip(grids.broken, grids.problems, strict=True)
    ]
    if not grids.epochs:
        return Advice("\n".join([*broken, ADD]), 0.0)
    judgements = {epoch: digit_grid.judge(digits) for epoch, digits in zip(grids.epochs, grids.digits, strict=True)}
    latest = max(judgements)
    last = judgements.pop(latest)
    earlier = [f"test_{epoch}.png: {_short(one)}" for epoch, one in sorted(judgements.items())]
    lines = [f"test_{latest}.png: {last.sentence}", *broken, *(["", "The earlier grids:", *earlier] if earlier else [])]
    picture = Picture(
        DIGITS, {"digits": grids.digits[grids.epochs.index(latest)]}, f"test_{latest}.png: {_short(last)}."
    )
    credit = 1.0 if last.good else EARLIER_CREDIT if any(one.good for one in judgements.values()) else 0.0
    # A leaderboard is for generators: digits of the data set would lead it.
    return Advice("\n".join(lines), credit, {MEASURE: last.distance} if last.good else {}, (picture,))


def _short(judgement: Judgement) -> str:
    distance = f", distance {judgement.distance:.3g}" if np.isfinite(judgement.distance) else ""
    return f"{judgement.word}{distance}"
