"""What is accepted, what earns part of the points, and which mistakes are recognised by name.

An instructor reads and changes this module, and nothing else, to decide what counts as right. A convention with credit
1 is as good as the handout's own; one between 0 and 1 earns that share of the check's points; a recognised mistake has
credit 0 and exists for its message only.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Convention:
    """A reading of the handout: its credit in [0, 1], and the sentence a student reads when it is recognised."""

    name: str
    credit: float
    message: str


# --- Problem 4 ---

ONE_SETTING = Convention(
    "one setting of one row differs",
    0.5,
    "Everything else follows the table, so this one setting costs half of the check.",
)
ANOTHER_ORDER = Convention(
    "rows in another order", 0.0, "All layers of the table run, but not in its order; the handout asks for it exactly."
)
FLAT_LOGITS = Convention(
    "logits of shape (N,)",
    0.5,
    "The values are right; the shape is not: a squeeze or a view has removed the last dimension, of length 1.",
)

DISCRIMINATOR_SCALES = {
    1.0: Convention("sum of the means over the real and the generated images", 1.0, ""),
    0.5: Convention("average of the two means", 1.0, ""),
}
"""The discriminator loss may be the sum of its two terms or their average, with or without detaching the images."""

SATURATING = Convention(
    "saturating generator loss",
    0.5,
    "This is log(1 - D(G(z))), which follows Eq. 1 literally. Its gradient vanishes when the discriminator is sure "
    "that the images are generated (Problem 1.3); what is asked for is the non-saturating -log D(G(z)). It earns half.",
)

GNET_BOUND_FACTORS = {
    1.0: Convention("kaiming_uniform as it is by default", 1.0, ""),
    (1 + 0.2**2) ** -0.5: Convention("the gain of LeakyReLU(0.2)", 1.0, ""),
}
"""Accepted bounds of GNet's weights, as factors of sqrt(6 / fan_in); 0.98058 belongs to kaiming_uniform with a=0.2."""

DNET_BOUND_FACTORS = {1.0: Convention("kaiming_uniform as it is by default", 1.0, "")}


def _bound(name: str, message: str) -> Convention:
    return Convention(name, 0.0, message)


UNIFORM_MISTAKES = (
    _bound("a=sqrt(5)", "This is the framework's default: the initialisation does not reach this layer."),
    _bound("xavier_uniform", "This is the bound of xavier_uniform, sqrt(6 / (fan_in + fan_out))."),
    _bound("fan_out", "This is the bound for fan_out; kaiming_uniform takes fan_in by default."),
    _bound("tanh", "This is the bound for the gain of tanh, 5/3."),
    _bound(
        "linear", "This is the bound for the gain of a linear layer, 1 (as with nonlinearity='linear' or 'sigmoid')."
    ),
    _bound("selu", "This is the bound for the gain of SELU, 3/4."),
    _bound(
        "a=0.2", "This is the bound for a=0.2; the layers of this network are followed by ReLU, not by LeakyReLU(0.2)."
    ),
    _bound("a=1", "This is the bound for a=1."),
)
NORMAL_MISTAKES = (
    _bound("kaiming_normal", "The values look like kaiming_normal's; the handout asks for kaiming_uniform."),
    _bound("xavier_normal", "The values look like xavier_normal's; the handout asks for kaiming_uniform."),
    _bound("N(0, 0.02)", "The values look normal with standard deviation 0.02 (as in DCGAN)."),
    _bound("another normal", "The values look normally distributed; the handout asks for kaiming_uniform."),
)
OTHER_INITIAL_MISTAKES = {
    "zeros": _bound("zeros", "All weights are 0: no unit can then learn anything different from its neighbours."),
    "constant": _bound("constant", "All weights of the layer are the same number."),
    "positive": _bound("positive", "No weight is negative: half of kaiming_uniform's values are."),
    "orthogonal": _bound("orthogonal", "The rows are orthogonal to each other, as after orthogonal initialisation."),
}

LOSS_MISTAKES = {
    "swapped": "The labels are swapped: real images are pulled to 0 and generated ones to 1.",
    "generator_swapped": "The label is that of a fake: this trains the generator to be recognised.",
    "smoothed": "The labels are smoothed; the handout's are 1 (real) and 0 (fake).",
    "only_real": "Only the real images count: the term of the generated ones is missing.",
    "only_fake": "Only the generated images count: the term of the real ones is missing.",
    "sum": "The loss is summed over the batch; an expectation is a mean.",
    "unequal": "The two terms do not have the same weight.",
    "broadcast": "One term is as many times too large as the batch has images: (N, 1) with (N,) broadcasts to (N, N).",
    "negative": "The sign is wrong: minimising this loss maximises the error.",
    "real_cut": "No gradient comes back from the real images: their logits were detached.",
    "double_sigmoid": "The sigmoid is applied twice: BCEWithLogitsLoss contains one already.",
    "raw_logs": "The logarithm is taken of raw logits, which may be negative: D is the sigmoid of what DNet returns.",
    "least_squares": "This is a squared error (as in LSGAN), not a cross entropy.",
    "wasserstein": "The gradient is the same for every image (as in a Wasserstein GAN): there is no cross entropy.",
    "hinge": "This is a hinge loss, not a cross entropy.",
    "detached": "No gradient reaches the generator: its images were detached, or made without gradients.",
    "own_z": "The latents were drawn anew instead of taken from the argument z.",
    "number": "A Python number or an array cannot be differentiated: return the tensor itself.",
    "cut": "The result is cut off from the networks (detach, .data, torch.tensor(...) or no_grad).",
    "not_reduced": "The loss is not reduced to one number: take the mean.",
    "squeeze": "squeeze() without a dimension also removes the batch dimension when it is 1.",
    "unstable": "sigmoid rounds to exactly 0 or 1 at such logits, and the logarithm of 0 is infinite.",
}
"""Recognised mistakes of the two GAN losses; all have credit 0."""

# --- Problem 5 ---
#
# A formula is compared with what was measured; the first entry of each tuple is the handout's own. In the formulas,
# `s` are the noise levels of the samples or steps, `n` is the number of samples, `d` is x~ - x.

Array = np.ndarray


@dataclass(frozen=True)
class Weight(Convention):
    """Algorithm 1, lines 4 and 5: the factor of the squared norm in the loss of the whole batch, times N."""

    of: Callable[[Array, int], Array]


DENOISING_WEIGHTS = (
    Weight("lambda/2", 1, "", lambda s, n: s**2 / 2),
    Weight(
        "mean over coordinates",
        0.5,
        "your loss is 0.500 times the expected value on every draw: the squared norm is averaged over the 2 "
        "coordinates as well; Alg. 1 line 5 sums them",
        lambda s, n: s**2 / 4,
    ),
    Weight(
        "no half",
        0.5,
        "your loss is 2.000 times the expected value on every draw: the 1/2 of lambda/2 is missing",
        lambda s, n: s**2,
    ),
    Weight(
        "sum over samples",
        0.5,
        "the losses of the samples are summed, not averaged over the training samples",
        lambda s, n: n * s**2 / 2,
    ),
    Weight(
        "lambda missing",
        0,
        "lambda is missing: every noise level has the weight 1, not sigma^2",
        lambda s, n: 0.5 + 0 * s,
    ),
    Weight(
        "lambda missing, no half",
        0,
        "lambda/2 is missing: every noise level has the weight 1, not sigma^2 / 2",
        lambda s, n: 1 + 0 * s,
    ),
    Weight("lambda is sigma", 0, "lambda is sigma; Alg. 1 line 4 says sigma^2", lambda s, n: s / 2),
    Weight("lambda is sigma^4", 0, "lambda is sigma^4; Alg. 1 line 4 says sigma^2", lambda s, n: s**4 / 2),
    Weight("lambda is 1/sigma^2", 0, "lambda is 1/sigma^2; Alg. 1 line 4 says sigma^2", lambda s, n: s**-2.0 / 2),
    Weight(
        "broadcast",
        0,
        "every sample has the same weight, the mean of lambda: a product of shapes (N,) and (N, 1) is an N x N table "
        "of all pairs, so each lambda meets each sample",
        lambda s, n: np.mean(s**2) / 2 + 0 * s,
    ),
    Weight(
        "norm of the batch",
        0,
        "the squared norm runs over the whole batch, times the mean of lambda; Alg. 1 line 5 has a norm and a lambda "
        "for each sample",
        lambda s, n: n * np.mean(s**2) / 2 + 0 * s,
    ),
)


@dataclass(frozen=True)
class Target(Convention):
    """Algorithm 1, line 5: what is added to the score inside the norm, (R, 2)."""

    of: Callable[[Array, Array], Array]


DENOISING_TARGETS = (
    Target("(x~ - x)/sigma^2", 1, "", lambda d, s: d / s**2),
    Target("sign", 0, "the sign of (x~ - x)/sigma^2 is flipped", lambda d, s: -d / s**2),
    Target(
        "over sigma",
        0,
        "x~ - x is divided by sigma (or z is used): Alg. 1 line 5 divides by sigma^2",
        lambda d, s: d / s,
    ),
    Target("over sigma, sign", 0, "x~ - x is subtracted, and divided by sigma, not by sigma^2", lambda d, s: -d / s),
    Target("undivided", 0, "x~ - x is not divided by sigma^2", lambda d, s: d),
    Target(
        "over sigma^3",
        0,
        "z/sigma^2 is used: x~ - x is already sigma * z, and is divided by sigma^2",
        lambda d, s: d / s**3,
    ),
    Target("missing", 0, "the term (x~ - x)/sigma^2 is missing: only the score is inside the norm", lambda d, s: 0 * d),
)


@dataclass(frozen=True)
class Scale(Convention):
    """Algorithm 1, line 3: the standard deviation of x~ - x at noise level sigma."""

    of: Callable[[Array], Array]


PERTURBATION_SCALES = (
    Scale("sigma", 1, "", lambda s: s),
    Scale(
        "sigma^2", 0, "x~ - x has the standard deviation sigma^2: z is scaled by sigma^2, not by sigma", lambda s: s**2
    ),
    Scale("sqrt(sigma)", 0, "x~ - x has the standard deviation sqrt(sigma), not sigma", lambda s: np.sqrt(s)),
    Scale("unscaled", 0, "z is added without its factor sigma", lambda s: 1 + 0 * s),
    Scale(
        "uniform",
        0,
        "z looks uniform on [0, 1) (rand) or on [-1, 1), not normal (randn)",
        lambda s: s / math.sqrt(3),
    ),
    Scale("twice", 0, "x~ - x has the standard deviation 2 sigma", lambda s: 2 * s),
    Scale("half", 0, "x~ - x has the standard deviation sigma/2", lambda s: s / 2),
    Scale("sqrt 2", 0, "x~ - x has the standard deviation sqrt(2) sigma", lambda s: math.sqrt(2) * s),
)


@dataclass(frozen=True)
class StepSize(Convention):
    """Algorithm 2, line 3: the factor of the score, from sigma, sigma_1, sigma_L and eps."""

    of: Callable[[Array, float, float, float], Array]


LANGEVIN_STEP_SIZES = (
    StepSize("eps*sigma^2/sigma_L^2", 1, "", lambda s, first, last, eps: eps * s**2 / last**2),
    StepSize(
        "alpha/2",
        0,
        "the step size is half of eps*sigma^2/sigma_L^2 (Song and Ermon's paper; the handout steps by alpha)",
        lambda s, first, last, eps: eps * s**2 / last**2 / 2,
    ),
    StepSize(
        "2 alpha",
        0,
        "the step size is twice eps*sigma^2/sigma_L^2",
        lambda s, first, last, eps: 2 * eps * s**2 / last**2,
    ),
    StepSize(
        "minus",
        0,
        "the score is subtracted: Alg. 2 line 6 adds alpha times the score",
        lambda s, first, last, eps: -eps * s**2 / last**2,
    ),
    StepSize(
        "no square", 0, "step size is eps*sigma/sigma_L (square missing)", lambda s, first, last, eps: eps * s / last
    ),
    StepSize(
        "no sigma_L",
        0,
        "step size is eps*sigma^2: the division by sigma_L^2 is missing",
        lambda s, first, last, eps: eps * s**2,
    ),
    StepSize(
        "over sigma_L",
        0,
        "step size is eps*sigma^2/sigma_L: sigma_L is not squared",
        lambda s, first, last, eps: eps * s**2 / last,
    ),
    StepSize(
        "constant",
        0,
        "step size is eps at every level: the factor sigma^2/sigma_L^2 is missing",
        lambda s, first, last, eps: eps + 0 * s,
    ),
    StepSize("eps*sigma", 0, "step size is eps*sigma", lambda s, first, last, eps: eps * s),
    StepSize(
        "inverted",
        0,
        "step size is eps*sigma_L^2/sigma^2: the quotient is upside down",
        lambda s, first, last, eps: eps * last**2 / s**2,
    ),
    StepSize(
        "first sigma",
        0,
        "step size is eps*sigma^2/sigma_1^2: divided by the first noise level, not by the last (smallest)",
        lambda s, first, last, eps: eps * s**2 / first**2,
    ),
    StepSize(
        "eps missing", 0, "step size is sigma^2/sigma_L^2: eps is missing", lambda s, first, last, eps: s**2 / last**2
    ),
    StepSize(
        "eps hard-coded",
        0,
        "step size is 0.00002*sigma^2/sigma_L^2: the argument eps is not used",
        lambda s, first, last, eps: 2e-5 * s**2 / last**2,
    ),
    StepSize("square root", 0, "step size is sqrt(alpha)", lambda s, first, last, eps: np.sqrt(eps) * s / last),
    StepSize(
        "sqrt(2 alpha)",
        0,
        "the score is multiplied by sqrt(2 alpha), the factor of the noise",
        lambda s, first, last, eps: np.sqrt(2 * eps) * s / last,
    ),
    StepSize("squared", 0, "step size is alpha^2", lambda s, first, last, eps: (eps * s**2 / last**2) ** 2),
    StepSize(
        "missing",
        0,
        "the score has no influence on the next state: the term alpha * s(x, sigma) is missing",
        lambda s, first, last, eps: 0 * s,
    ),
)


@dataclass(frozen=True)
class NoiseScale(Convention):
    """Algorithm 2, line 6: the variance of the noise of a step, from its step size alpha, sigma and eps."""

    of: Callable[[Array, Array, float], Array]


LANGEVIN_NOISE_VARIANCES = (
    NoiseScale("2 alpha", 1, "", lambda a, s, eps: 2 * a),
    NoiseScale("alpha", 0, "noise variance is alpha, not 2 alpha: sqrt(2 alpha) in Alg. 2 line 6", lambda a, s, eps: a),
    NoiseScale("4 alpha^2", 0, "the noise is 2*alpha*z: the square root is missing", lambda a, s, eps: 4 * a**2),
    NoiseScale("alpha^2", 0, "the noise is alpha*z, not sqrt(2 alpha)*z", lambda a, s, eps: a**2),
    NoiseScale(
        "2 alpha^2", 0, "the noise is sqrt(2)*alpha*z: alpha belongs under the square root", lambda a, s, eps: 2 * a**2
    ),
    NoiseScale(
        "4 alpha", 0, "the noise is 2*sqrt(alpha)*z: the 2 belongs under the square root", lambda a, s, eps: 4 * a
    ),
    NoiseScale(
        "2 eps",
        0,
        "the noise is sqrt(2 eps)*z at every level: eps in place of alpha",
        lambda a, s, eps: 2 * eps + 0 * a,
    ),
    NoiseScale("sigma", 0, "the noise is sigma*z, not sqrt(2 alpha)*z", lambda a, s, eps: s**2),
    NoiseScale(
        "2 alpha sigma^2",
        0,
        "the noise is sqrt(2 alpha)*sigma*z: sigma is one factor too many",
        lambda a, s, eps: 2 * a * s**2,
    ),
    NoiseScale("one", 0, "the noise is z without its factor sqrt(2 alpha)", lambda a, s, eps: 1 + 0 * a),
    NoiseScale(
        "uniform",
        0,
        "z looks uniform on [0, 1) (rand) or on [-1, 1), not normal (randn)",
        lambda a, s, eps: 2 * a / 3,
    ),
)


@dataclass(frozen=True)
class Start(Convention):
    """Algorithm 2, line 1: mean and standard deviation of x_0, from sigma_1 and sigma_L."""

    of: Callable[[float, float], tuple[float, float]]


LANGEVIN_STARTS = (
    Start("normal", 1, "", lambda first, last: (0.0, 1.0)),
    Start("zeros", 0, "x_0 is 0", lambda first, last: (0.0, 0.0)),
    Start("ones", 0, "x_0 is 1", lambda first, last: (1.0, 0.0)),
    Start(
        "rand",
        0,
        "x_0 looks uniform on [0, 1) (rand), not normal (randn)",
        lambda first, last: (0.5, math.sqrt(1 / 12)),
    ),
    Start("uniform", 0, "x_0 looks uniform on [-1, 1), not normal", lambda first, last: (0.0, math.sqrt(1 / 3))),
    Start(
        "sigma_1", 0, "x_0 is scaled by sigma_1: Alg. 2 line 1 starts from N(0, I)", lambda first, last: (0.0, first)
    ),
    Start("sigma_L", 0, "x_0 is scaled by sigma_L: Alg. 2 line 1 starts from N(0, I)", lambda first, last: (0.0, last)),
)


LANGEVIN_RETURNED_CREDIT = {
    "starts at x_0": 1.0,  # x_0, ..., x_{LT-1}: the states before each step
    "starts at x_1": 1.0,  # x_1, ..., x_LT: the states after each step
    "both ends": 0.5,  # LT + 1 entries
    "ndarray": 0.5,
    "list": 0.0,
}
"""What the returned samples and trajectories earn, by the form in which they come."""

SCORENET_ONE_DIFFERENCE_CREDIT = 0.5
"""What a ScoreNet earns in which exactly one thing differs from eight linear layers with Softplus between."""
