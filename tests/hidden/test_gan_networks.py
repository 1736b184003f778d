"""Questions 4.1 and 4.2 on values: both networks equal their closed forms, for any weights and inputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.hidden import oracles
from tests.hidden.examples import SEEDS, with_examples
from tests.support.homework.assignment import GAN
from tests.support.homework.handout import DNET_SHAPES, gnet_shapes
from tests.support.homework.networks import FLAT_LOGITS
from tests.support.marks import number, tags, visibility, weight
from tests.support.observed.networks import outputs
from tests.support.submission import Submission
from tests.support.verdicts import Blocked, Finding, settle, wrong

BATCHES = (2, 4)
IMAGES = (8, 12)
N_EXAMPLES = 5
"""One example is enough to tell two networks apart: each compares every output under random weights."""


def returned(
    submission: Submission,
    network: str,
    question: str,
    weights: oracles.Weights,
    batches: Sequence[np.ndarray],
    positional: Sequence[object] = (),
) -> list[np.ndarray]:
    """What the student's network returns for each batch with these weights."""
    seen = outputs(submission, GAN, network, question, weights, [[batch] for batch in batches], positional)
    if not seen.fitted:
        raise Blocked(f"The weights of the table do not fit into the layers that {network} executes: see {question}.")
    return seen.outputs


def require_equal(got: np.ndarray, wanted: np.ndarray, error: np.ndarray, what: str, look_at: str) -> None:
    """Raise unless every number is within the error that float32 may make."""
    distance = np.abs(got.astype(np.float64) - wanted)
    if not np.all(distance <= error):
        k = int(np.argmax(np.nan_to_num(distance - error, nan=np.inf)))
        raise wrong(
            f"With given weights and inputs {what} is {got.flat[k]:.5f}.",
            f"The table's closed form gives {wanted.flat[k]:.5f}, within {error.flat[k]:.0e} (float32 rounding).",
            look_at=look_at,
            margin=float(np.max(distance / error)),
        )


@number("4.1")
@weight(0.5)
@visibility("after_published")
@tags("gan", "networks")
@with_examples(N_EXAMPLES, seed=SEEDS, n=IMAGES)
def test_dnet_logits_equal_the_closed_form(submission: Submission, seed: int, n: int) -> None:
    """DNet's logits have the shape (N, 1) and the values of Table 1's closed form, for any N including 1."""
    rng = np.random.Generator(np.random.PCG64(seed))
    weights = oracles.random_weights(DNET_SHAPES, rng)
    # Of both signs and many: for pixels in [0, 1] most units are on for every image or for none.
    batches = [rng.uniform(-3, 3, (size, 1, 28, 28)).astype(np.float32) for size in (n, 1)]
    flat = None
    for images, logits in zip(batches, returned(submission, "DNet", "4.1", weights, batches), strict=True):
        if logits.shape != (len(images), 1):
            flat = f"DNet returns the shape {logits.shape} for {len(images)} images."
        if logits.size != len(images):
            raise wrong(flat or "", f"It should be ({len(images)}, 1).", look_at="Table 1, row 9")
        wanted, error = oracles.dnet(weights, images), oracles.float32_error(oracles.dnet, weights, images)
        require_equal(logits.reshape(-1, 1), wanted, error, "a logit", "Table 1 and Remark 1")
    if flat:
        settle(Finding(flat, f"It should be ({n}, 1).", FLAT_LOGITS, "Table 1, row 9"))


@number("4.2")
@weight(0.5)
@visibility("after_published")
@tags("gan", "networks")
@with_examples(N_EXAMPLES, seed=SEEDS, n=BATCHES, zdim=(1, 70))
def test_gnet_images_equal_the_closed_form(submission: Submission, seed: int, n: int, zdim: int) -> None:
    """GNet's images have values in [0, 1], those of Table 2's closed form, for any zdim and any N including 1."""
    rng = np.random.Generator(np.random.PCG64(seed))
    weights = oracles.random_weights(gnet_shapes(zdim), rng)
    batches = [rng.uniform(-1, 1, (size, zdim)).astype(np.float32) for size in (n, 1)]
    for z, images in zip(batches, returned(submission, "GNet", "4.2", weights, batches, [zdim]), strict=True):
        before = oracles.gnet_before_sigmoid(weights, z)
        if images.shape != before.shape:
            raise wrong(f"GNet returns the shape {images.shape}.", f"It should be {before.shape}.", look_at="Table 2")
        # The sigmoid's slope is at most 1/4; it adds 4 roundings of its own.
        error = oracles.float32_error(oracles.gnet_before_sigmoid, weights, z) / 4 + 4 * oracles.ROUNDING
        require_equal(images, oracles.sigmoid(before), error, "a pixel", "Table 2 and Remark 2")
