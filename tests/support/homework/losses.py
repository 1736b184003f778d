"""Readings of the two losses (4.4, 4.5), line by line: formula, size, gradient, what is returned, and the way to z.

A formula gives, from the logits of n images, the n values whose mean is the loss, and n times the gradient of that mean
with respect to each logit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tests.support.homework.readings import Reading

Term = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""What one image adds, and its derivative, from its logit."""


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)) without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0, -x)))


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


def _cross_entropy(label: float) -> Term:
    return lambda logits: (np.logaddexp(0, logits) - label * logits, sigmoid(logits) - label)


def _twice_sigmoid(label: float) -> Term:
    def term(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        p = sigmoid(logits)
        return np.logaddexp(0, p) - label * p, (sigmoid(p) - label) * p * (1 - p)

    return term


def _squared_logit(label: float) -> Term:
    return lambda logits: ((logits - label) ** 2, 2 * (logits - label))


def _squared_probability(label: float) -> Term:
    def term(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        p = sigmoid(logits)
        return (p - label) ** 2, 2 * (p - label) * p * (1 - p)

    return term


def _hinge(sign: float) -> Term:
    return lambda logits: (np.maximum(1 - sign * logits, 0), -sign * (sign * logits < 1).astype(float))


def _logit(factor: float) -> Term:
    return lambda logits: (factor * logits, np.full_like(logits, factor))


def _probability(factor: float, constant: float = 0.0) -> Term:
    return lambda logits: (
        constant + factor * sigmoid(logits),
        factor * sigmoid(logits) * sigmoid(-logits),
    )


def _log_of_logit(sign: float, constant: float, factor: float = -1.0) -> Term:
    """`factor * log(constant + sign * logit)`: not a number where that is negative, with a gradient all the same."""

    def term(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        inside = constant + sign * logits
        with np.errstate(invalid="ignore", divide="ignore"):
            return factor * np.log(inside), factor * sign / inside

    return term


def _with_epsilon(label: float, epsilon: float) -> Term:
    """`-log(p + epsilon)` for the probability p of the label."""
    sign = 2 * label - 1

    def term(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        p = sigmoid(sign * logits)
        return -np.log(p + epsilon), -sign * p * (1 - p) / (p + epsilon)

    return term


def _times(term: Term, factor: float) -> Term:
    return lambda logits: tuple(factor * one for one in term(logits))  # type: ignore[return-value]  # two of them


def _times_n(term: Term) -> Term:
    return lambda logits: _times(term, len(logits))(logits)


def _both(on_real: Term, on_fake: Term) -> Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    def of(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        (value_real, slope_real), (value_fake, slope_fake) = on_real(real), on_fake(fake)
        return value_real + value_fake, np.stack([slope_real, slope_fake])

    return of


def _of_one_kind(kind: int) -> Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Both terms from the images of one kind."""

    def of(*logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        (as_real, slope_real), (as_fake, slope_fake) = _REAL(logits[kind]), _FAKE(logits[kind])
        gradients = np.zeros((2, len(logits[kind])))
        gradients[kind] = slope_real + slope_fake
        return as_real + as_fake, gradients

    return of


def _relative(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, slopes = _REAL(real - fake)
    return values, np.stack([slopes, -slopes])


_REAL, _FAKE = _cross_entropy(1), _cross_entropy(0)
_NOTHING = _logit(0)
_EPSILONS = (0.1, 0.01, 1e-3, 1e-4, 1e-5)

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


def _discriminator(name: str, sentence: str, on_real: Term, on_fake: Term) -> DiscriminatorLoss:
    return DiscriminatorLoss(name, 0, sentence, _both(on_real, on_fake))


DISCRIMINATOR_LOSSES = (
    DiscriminatorLoss("binary cross entropy", 1, "", _both(_REAL, _FAKE)),
    _discriminator("swapped", _SWAPPED, _FAKE, _REAL),
    _discriminator("both labels 1", _BOTH.format(label=1), _REAL, _REAL),
    _discriminator("both labels 0", _BOTH.format(label=0), _FAKE, _FAKE),
    _discriminator("only real", _ONLY.format(kind="real", other="generated"), _REAL, _NOTHING),
    _discriminator("only generated", _ONLY.format(kind="generated", other="real"), _NOTHING, _FAKE),
    DiscriminatorLoss("real twice", 0, _ONE_KIND.format(kind="real", other="generated"), _of_one_kind(0)),
    DiscriminatorLoss("generated twice", 0, _ONE_KIND.format(kind="generated", other="real"), _of_one_kind(1)),
    _discriminator("negative", _SIGN, _times(_REAL, -1), _times(_FAKE, -1)),
    _discriminator("negative real", _ONE_SIGN.format(kind="real"), _times(_REAL, -1), _FAKE),
    _discriminator("negative generated", _ONE_SIGN.format(kind="generated"), _REAL, _times(_FAKE, -1)),
    _discriminator("double sigmoid", _TWICE, _twice_sigmoid(1), _twice_sigmoid(0)),
    _discriminator("squares of logits", _SQUARES, _squared_logit(1), _squared_logit(0)),
    _discriminator("squares of probabilities", _SQUARED_P, _squared_probability(1), _squared_probability(0)),
    _discriminator("hinge", _HINGED, _hinge(1), _hinge(-1)),
    _discriminator("wasserstein", _LOGITS, _logit(-1), _logit(1)),
    _discriminator("wasserstein reversed", _REVERSED, _logit(1), _logit(-1)),
    _discriminator("no logarithm", _NO_LOG, _probability(-1), _probability(1)),
    _discriminator("absolute error", _ABSOLUTE, _probability(-1, 1), _probability(1)),
    _discriminator("logarithm of logits", _RAW, _log_of_logit(1, 0), _log_of_logit(-1, 1)),
    _discriminator("real n times", _N_TIMES.format(kind="real"), _times_n(_REAL), _FAKE),
    _discriminator("generated n times", _N_TIMES.format(kind="generated"), _REAL, _times_n(_FAKE)),
    DiscriminatorLoss("relative", 0, _PAIRS, _relative),
    *(
        _discriminator(f"epsilon {one:g}", _EPSILON.format(epsilon=one), _with_epsilon(1, one), _with_epsilon(0, one))
        for one in _EPSILONS
    ),
)

GENERATOR_LOSSES = (
    GeneratorLoss("mean of -log D(G(z))", 1, "", _REAL),
    GeneratorLoss(
        "saturating generator loss",
        0.5,
        "This is log(1 - D(G(z))), which follows Eq. 1 literally. Its gradient vanishes when the discriminator is sure "
        "that the images are generated (Problem 1.3); what is asked for is the non-saturating -log D(G(z)). "
        "It earns {earns}.",
        _times(_FAKE, -1),
    ),
    GeneratorLoss("swapped", 0, "The label is that of a fake: this trains the generator to be recognised.", _FAKE),
    GeneratorLoss("negative", 0, _SIGN, _times(_REAL, -1)),
    GeneratorLoss("double sigmoid", 0, _TWICE, _twice_sigmoid(1)),
    GeneratorLoss("squares of logits", 0, _SQUARES, _squared_logit(1)),
    GeneratorLoss("squares of probabilities", 0, _SQUARED_P, _squared_probability(1)),
    GeneratorLoss("hinge", 0, _HINGED, _hinge(1)),
    GeneratorLoss("wasserstein", 0, _LOGITS, _logit(-1)),
    GeneratorLoss("wasserstein reversed", 0, _REVERSED, _logit(1)),
    GeneratorLoss("no logarithm", 0, _NO_LOG, _probability(-1)),
    GeneratorLoss("absolute error", 0, _ABSOLUTE, _probability(-1, 1)),
    GeneratorLoss("logarithm of logits", 0, _RAW, _log_of_logit(1, 0)),
    GeneratorLoss("logarithm of 1 - logits", 0, _RAW, _log_of_logit(-1, 1, 1)),
    *(GeneratorLoss(f"epsilon {one:g}", 0, _EPSILON.format(epsilon=one), _with_epsilon(1, one)) for one in _EPSILONS),
)

_BASE = "The logarithm has the base {base}: the handout's is the natural one."
_SUM = "The loss is summed over the batch; an expectation is a mean."
_DIVIDED = "The mean over the batch is divided by the number of images once more."
_OTHER_SIZES = (
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

GIVEN_Z = Reading("rows of z", 1, "")
OWN_Z = Reading("own_z", 0, "The latents were drawn anew instead of taken from the argument z.")
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


@dataclass(frozen=True)
class Family(Reading):
    """Losses with free numbers: `fixed + c_1 parts_1 + c_2 parts_2 + ...`, in values and gradients alike.

    `parts` gives these as stacks of values and gradients, the fixed one first, from the logits of real and of generated
    images (of generated ones alone for the generator). `told` says the numbers in
    words, for a loss that is multiplied by a factor. `any_size` is whether the loss may have a wrong size besides.
    """

    parts: Callable[..., list[tuple[np.ndarray, np.ndarray]]]
    told: Callable[[np.ndarray, float], str]
    any_size: bool = True

    def member(self, numbers: np.ndarray, kind: type[DiscriminatorLoss] | type[GeneratorLoss]) -> Reading:
        """The member with these numbers."""

        def of(*logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            fixed, *moving = self.parts(*logits)
            weights = zip(numbers, moving, strict=True)
            total = [fixed, *((number * value, number * slope) for number, (value, slope) in weights)]
            return np.sum([one[0] for one in total], axis=0), np.sum([one[1] for one in total], axis=0)

        return kind(self.name, self.credit, self.sentence, of)


def _none(*logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros(len(logits[0])), np.zeros((len(logits), len(logits[0]))).squeeze(0 if len(logits) == 1 else ())


def _right(*logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return DISCRIMINATOR_LOSSES[0].of(*logits) if len(logits) == 2 else GENERATOR_LOSSES[0].of(*logits)


def _constant(*logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, gradients = _none(*logits)
    return values + 1, gradients


_FACTOR = Family(
    "another factor",
    0,
    "Value and gradient are {measured} times what they should be.",
    lambda *logits: [_none(*logits), _right(*logits)],
    lambda numbers, factor: f"{factor * numbers[0]:.3g}",
    any_size=False,
)
_ADDED = Family(
    "constant added",
    0,
    "The gradient is right, but the value has {measured} added.",
    lambda *logits: [_right(*logits), _constant(*logits)],
    lambda numbers, factor: f"{factor * numbers[0]:.4g}",
    any_size=False,
)

DISCRIMINATOR_FAMILIES = (
    _FACTOR,
    _ADDED,
    Family(
        "other labels",
        0,
        "The labels are {measured}; the handout's are 1 (real) and 0 (fake).",
        lambda real, fake: [
            _both(_FAKE, _FAKE)(real, fake),
            _both(_logit(-1), _NOTHING)(real, fake),
            _both(_NOTHING, _logit(-1))(real, fake),
        ],
        # + 0.0, so that none reads -0.00
        lambda labels, _: f"{round(labels[0], 2) + 0.0:.2f} (real) and {round(labels[1], 2) + 0.0:.2f} (fake)",
    ),
    Family(
        "unequal",
        0,
        "The two terms do not have the same weight. {measured}",
        lambda real, fake: [
            _none(real, fake),
            _both(_REAL, _NOTHING)(real, fake),
            _both(_NOTHING, _FAKE)(real, fake),
        ],
        lambda weights, factor: (
            f"Real images count {factor * weights[0]:.3g}, generated ones {factor * weights[1]:.3g}."
        ),
    ),
)
GENERATOR_FAMILIES = (
    replace(_FACTOR),
    replace(_ADDED),
    Family(
        "another label",
        0,
        "The label is {measured}; it should be 1, since the generator's images shall pass as real.",
        lambda fake: [_FAKE(fake), _logit(-1)(fake)],
        lambda labels, _: f"{round(labels[0], 2) + 0.0:.2f}",
    ),
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
