"""Readings of the two losses (4.4, 4.5), line by line: formula, size, gradient, what is returned, and the way to z.

A formula gives, from the logits of n images, the n values whose mean is the loss, and n times the gradient of that mean
with respect to each logit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tests.support.homework.loss_terms import (
    FAKE,
    NOTHING,
    REAL,
    Term,
    both,
    clamped,
    hinge,
    larger,
    log_of_logit,
    logit,
    of_one_kind,
    of_the_worst,
    probability,
    product_of_means,
    relative,
    squared_logit,
    squared_probability,
    times,
    times_n,
    twice_sigmoid,
    with_epsilon,
)
from tests.support.homework.readings import Reading


@dataclass(frozen=True)
class DiscriminatorLoss(Reading):
    """Values (n,) and gradients (2, n), real images first, from the logits of real and of generated images."""

    of: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class GeneratorLoss(Reading):
    """Values (n,) and gradients (n,), from the logits of the generated images."""

    of: Term


@dataclass(frozen=True)
class LossSize(Reading):
    """By what the mean over n images is multiplied."""

    of: Callable[[int], float]


@dataclass(frozen=True)
class ReturnedGradient(Reading):
    """By what the gradients that come back from real and from generated images are multiplied: 1, or 0 where cut."""

    kept: tuple[float, float]


_EPSILONS = (0.1, 0.01, 1e-3, 1e-4, 1e-5)
_INTERVALS = ((-1.0, 1.0), (-2.0, 2.0), (-3.0, 3.0), (-0.5, 0.5), (0.0, 1.0))
"""To which logits are clamped; a wider one than [-4, 4] changes nothing on an ordinary batch."""

_SWAPPED = "The labels are swapped: real images are pulled to 0 and generated ones to 1."
_BOTH = "Both kinds of images have the label {label}: real images have the label 1, generated ones the label 0."
_ONLY = "Only the {kind} images count: the term of the {other} ones is missing."
_ONE_KIND = "Both terms are computed from the {kind} images: the {other} ones do not count."
_SIGN = "The sign is wrong: minimising this loss maximises the error."
_ONE_SIGN = "The sign of the term of the {kind} images is wrong: minimising this loss maximises their error."
_TWICE = "The sigmoid is applied twice: BCEWithLogitsLoss contains one already."
_SQUARES = "This is a squared error of the logits (as in LSGAN), not a cross entropy."
_SQUARED_P = "This is a squared error of the probabilities (as in LSGAN), not a cross entropy."
_HINGED = "This is a hinge loss, not a cross entropy."
_LOGITS = "This is the mean of the logits (as in a Wasserstein GAN): there is no cross entropy."
_REVERSED = (
    "This is the mean of the logits (as in a Wasserstein GAN), with the opposite sign: there is no cross entropy."
)
_NO_LOG = "The logarithm is missing: the probabilities themselves are averaged."
_ABSOLUTE = "This is the absolute error of the probabilities, not a cross entropy."
_RAW = "The logarithm is taken of raw logits, which may be negative: D is the sigmoid of what DNet returns."
_EPSILON = "{epsilon:g} is added to the probability inside the logarithm. So large a number changes the loss."
_N_TIMES = (
    "The term of the {kind} images is as many times too large as the batch has images. It is summed where the other is "
    "a mean, or (N, 1) with (N,) broadcasts to (N, N)."
)
_PAIRS = "Each real image is compared with a generated one (as in a relativistic GAN), not each with its own label."
_LARGER = "Only the larger of the two terms counts: the loss is their sum."
_PRODUCT = "The two terms are multiplied: the loss is their sum."
_CLAMPED = "The logits of the {kind} images are clamped to [{low:g}, {high:g}]: those outside have no gradient."
_WORST = "Only the image with the largest loss counts: the loss is the mean over all images."


def _discriminator(name: str, sentence: str, on_real: Term, on_fake: Term) -> DiscriminatorLoss:
    return DiscriminatorLoss(name, 0, sentence, both(on_real, on_fake))


DISCRIMINATOR_LOSSES = (
    DiscriminatorLoss("binary cross entropy", 1, "", both(REAL, FAKE)),
    _discriminator("swapped", _SWAPPED, FAKE, REAL),
    _discriminator("both labels 1", _BOTH.format(label=1), REAL, REAL),
    _discriminator("both labels 0", _BOTH.format(label=0), FAKE, FAKE),
    _discriminator("only real", _ONLY.format(kind="real", other="generated"), REAL, NOTHING),
    _discriminator("only generated", _ONLY.format(kind="generated", other="real"), NOTHING, FAKE),
    DiscriminatorLoss("real twice", 0, _ONE_KIND.format(kind="real", other="generated"), of_one_kind(0)),
    DiscriminatorLoss("generated twice", 0, _ONE_KIND.format(kind="generated", other="real"), of_one_kind(1)),
    _discriminator("negative", _SIGN, times(REAL, -1), times(FAKE, -1)),
    _discriminator("negative real", _ONE_SIGN.format(kind="real"), times(REAL, -1), FAKE),
    _discriminator("negative generated", _ONE_SIGN.format(kind="generated"), REAL, times(FAKE, -1)),
    _discriminator("double sigmoid", _TWICE, twice_sigmoid(1), twice_sigmoid(0)),
    _discriminator("squares of logits", _SQUARES, squared_logit(1), squared_logit(0)),
    _discriminator("squares of probabilities", _SQUARED_P, squared_probability(1), squared_probability(0)),
    _discriminator("hinge", _HINGED, hinge(1), hinge(-1)),
    _discriminator("wasserstein", _LOGITS, logit(-1), logit(1)),
    _discriminator("wasserstein reversed", _REVERSED, logit(1), logit(-1)),
    _discriminator("no logarithm", _NO_LOG, probability(-1), probability(1)),
    _discriminator("absolute error", _ABSOLUTE, probability(-1, 1), probability(1)),
    _discriminator("logarithm of logits", _RAW, log_of_logit(1, 0), log_of_logit(-1, 1)),
    _discriminator("real n times", _N_TIMES.format(kind="real"), times_n(REAL), FAKE),
    _discriminator("generated n times", _N_TIMES.format(kind="generated"), REAL, times_n(FAKE)),
    DiscriminatorLoss("relative", 0, _PAIRS, relative),
    DiscriminatorLoss("larger", 0, _LARGER, larger),
    DiscriminatorLoss("product", 0, _PRODUCT, product_of_means),
    *(
        _discriminator(f"epsilon {one:g}", _EPSILON.format(epsilon=one), with_epsilon(1, one), with_epsilon(0, one))
        for one in _EPSILONS
    ),
    *(
        _discriminator(
            f"{kind} clamped to [{low:g}, {high:g}]",
            _CLAMPED.format(kind=kind, low=low, high=high),
            clamped(REAL, low, high) if kind != "generated" else REAL,
            clamped(FAKE, low, high) if kind != "real" else FAKE,
        )
        for low, high in _INTERVALS
        for kind in ("real", "generated", "real and generated")
    ),
)

GENERATOR_LOSSES = (
    GeneratorLoss("mean of -log D(G(z))", 1, "", REAL),
    GeneratorLoss(
        "saturating generator loss",
        0.5,
        "This is log(1 - D(G(z))), which follows Eq. 1 literally. Its gradient vanishes when the discriminator is sure "
        "that the images are generated (Problem 1.3); what is asked for is the non-saturating -log D(G(z)). "
        "It earns {earns}.",
        times(FAKE, -1),
    ),
    GeneratorLoss("swapped", 0, "The label is that of a fake: this trains the generator to be recognised.", FAKE),
    GeneratorLoss("negative", 0, _SIGN, times(REAL, -1)),
    GeneratorLoss("double sigmoid", 0, _TWICE, twice_sigmoid(1)),
    GeneratorLoss("squares of logits", 0, _SQUARES, squared_logit(1)),
    GeneratorLoss("squares of probabilities", 0, _SQUARED_P, squared_probability(1)),
    GeneratorLoss("hinge", 0, _HINGED, hinge(1)),
    GeneratorLoss("wasserstein", 0, _LOGITS, logit(-1)),
    GeneratorLoss("wasserstein reversed", 0, _REVERSED, logit(1)),
    GeneratorLoss("no logarithm", 0, _NO_LOG, probability(-1)),
    GeneratorLoss("absolute error", 0, _ABSOLUTE, probability(-1, 1)),
    GeneratorLoss("logarithm of logits", 0, _RAW, log_of_logit(1, 0)),
    GeneratorLoss("worst", 0, _WORST, of_the_worst(REAL)),
    GeneratorLoss("logarithm of 1 - logits", 0, _RAW, log_of_logit(-1, 1, 1)),
    *(GeneratorLoss(f"epsilon {one:g}", 0, _EPSILON.format(epsilon=one), with_epsilon(1, one)) for one in _EPSILONS),
    *(
        GeneratorLoss(
            f"clamped to [{low:g}, {high:g}]",
            0,
            _CLAMPED.format(kind="generated", low=low, high=high),
            clamped(REAL, low, high),
        )
        for low, high in _INTERVALS
    ),
)

_BASE = "The logarithm has the base {base}: the handout's is the natural one."
_SUM = "The loss is summed over the batch; an expectation is a mean."
_DIVIDED = "The mean over the batch is divided by the number of images once more."
_OVER_256 = "The sum over the batch is divided by 256, however many images the batch has: divide by their number."
_OTHER_SIZES = (
    LossSize("over 256", 0, _OVER_256, lambda n: n / 256),
    LossSize("summed", 0, _SUM, float),
    LossSize("divided twice", 0, _DIVIDED, lambda n: 1 / n),
    LossSize("base 2", 0, _BASE.format(base=2), lambda n: 1 / np.log(2)),
    LossSize("base 10", 0, _BASE.format(base=10), lambda n: 1 / np.log(10)),
)
DISCRIMINATOR_SIZES = (
    LossSize("sum of the two means", 1, "", lambda n: 1.0),
    LossSize("average of the two means", 1, "", lambda n: 0.5),
    *_OTHER_SIZES,
    LossSize("half of the sum", 0, _SUM, lambda n: n / 2),
    LossSize("average divided twice", 0, _DIVIDED, lambda n: 1 / (2 * n)),
    LossSize("average over 256", 0, _OVER_256, lambda n: n / 512),
)
"""The discriminator loss may be the sum of its two terms or their average, with or without detaching the images."""

GENERATOR_SIZES = (LossSize("mean", 1, "", lambda n: 1.0), *(replace(one) for one in _OTHER_SIZES))

_NO_GRADIENT = (
    "The value counts the {kind} images, but their logits are cut off from the discriminator (no_grad, "
    "torch.tensor(...), detach() or .data on its output).{more}"
)
GRADIENTS = (
    ReturnedGradient("of all images", 1, "", (1, 1)),
    ReturnedGradient(
        "of real ones",
        0,
        _NO_GRADIENT.format(kind="generated", more=" The images may be detached, the logits not."),
        (1, 0),
    ),
    ReturnedGradient("of generated ones", 0, _NO_GRADIENT.format(kind="real", more=""), (0, 1)),
)

NOTHING_ADDED = Reading("the loss alone", 1, "")
ADDED = Reading(
    "something added",
    0,
    "The value has something added that sends no gradient to the logits. The loss is the binary cross entropy alone.",
)

TENSOR = Reading("tensor", 1, "")
BACKWARD_INSIDE = Reading(
    "backward inside",
    1,
    "The loss has been backpropagated already, inside this method. It was judged with the gradients that this left. "
    "Return the loss, and leave backward() to train(), as the released loop does.",
)
NUMBER = Reading("number", 0, "A Python number or an array cannot be differentiated: return the tensor itself.")
CUT = Reading("cut", 0, "The result is cut off from the networks (detach, .data, torch.tensor(...) or no_grad).")
NOT_REDUCED = Reading("not reduced", 0, "The loss is not reduced to one number: take the mean.")

REACHES = Reading("reaches the generator", 1, "")
DETACHED = Reading(
    "detached", 0, "No gradient reaches the generator: its images were detached, or made without gradients."
)

ELSEWHERE = Reading(
    "another gradient",
    0,
    "The generator gets another gradient than the one that the logits of its images pass on.",
)

ALL_IMAGES = Reading("the given and the generated images", 1, "")
CHANGED_IMAGES = Reading(
    "changed images", 0, "The {kind} images are changed before the discriminator gets them: {measured}."
)
OTHER_IMAGES = Reading("other images", 0, "In place of the {kind} images, the discriminator is given others.")
"""Of `changed` and of `other` images it is measured how they follow from those that were given or generated."""

GIVEN_Z = Reading("rows of z", 1, "")
OWN_Z = Reading("own_z", 0, "The latents were drawn anew instead of taken from the argument z.")
OTHER_Z = Reading(
    "other_z", 0, "The generator is not given z: it gets other latents, and the same ones when it is called again."
)
CHANGED_Z = Reading("changed_z", 0, "The latents were changed before the generator got them: {measured}.")

SQUEEZE = Reading("squeeze", 0, "squeeze() without a dimension also removes the batch dimension when it is 1.")
UNSTABLE = Reading(
    "unstable",
    0,
    "At such logits exp overflows, or sigmoid rounds to exactly 0 or 1, and the logarithm of 0 is infinite.",
)
UNSTABLE_PRODUCT = Reading(
    "unstable product",
    0,
    "sigmoid rounds to exactly 0 or 1 at such logits, and the label 0 times the infinite logarithm is not a number.",
)


NaiveTerm = Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]
"""What float32 makes of a formula: the values `(n,)`, and which gradients are not finite, from logits and a label."""


def _naive_logarithm(logits: np.ndarray, label: int) -> tuple[np.ndarray, np.ndarray]:
    """The logarithm of the probability of the label; log(1 + exp(...)) has the same gaps at large logits."""
    with np.errstate(all="ignore"):
        p = 1 / (1 + np.exp(-np.float32(logits)))
        inside = p if label else 1 - p
        return -np.log(inside), ~np.isfinite(p * (1 - p) / inside)


def _naive_product(logits: np.ndarray, label: int) -> tuple[np.ndarray, np.ndarray]:
    """Both logarithms, each times its label."""
    with np.errstate(all="ignore"):
        p = 1 / (1 + np.exp(-np.float32(logits)))
        yes, no = np.float32(label), np.float32(1 - label)
        return -(yes * np.log(p) + no * np.log(1 - p)), ~np.isfinite((no / (1 - p) - yes / p) * p * (1 - p))


NAIVE_FORMULAS: tuple[tuple[Reading, NaiveTerm], ...] = (
    (UNSTABLE, _naive_logarithm),
    (UNSTABLE_PRODUCT, _naive_product),
)
"""Formulas that are right at ordinary logits, and not finite at large ones."""
