"""Problems 1 to 3: the results of the derivations as functions, so that each of them can be checked.

Every argument that is an array is a numpy array of float64. What is returned may be an array, a list, a number or a
tensor: its numbers count. The derivations themselves, and the sentences of 1.3, 2.2 and 3, are read by people.
"""

from collections.abc import Callable

import numpy as np

ANSWERS = {
    "2.2": None,  # can the density be estimated directly in diffusion models?
    "3.1": None,  # unsupervised learning is evaluated on downstream tasks
    "3.2": None,  # MAE uses the same mask-out rate as BERT
    "3.3": None,  # minimizing InfoNCE maximizes a lower bound on mutual information
    "3.4": None,  # CLIP cannot classify images without finetuning on a labelled dataset
}
"""True or False for the questions that ask for one of the two."""

REASONS = {
    "2.2": "",  # why, if False
    "3.1": "",  # why, if False
    "3.2": "",  # why, if False
    "3.3": "",  # why, if False
    "3.4": "",  # why, if False
}
"""The reason for each answer that is False, in a few sentences."""


def optimal_discriminator(p_r: np.ndarray, p_g: np.ndarray) -> np.ndarray:
    """Return D*(x), the best discriminator for a fixed generator (Question 1.1).

    p_r and p_g are the densities of real and of generated data at the same points, two arrays of one shape with values
    of at most 1e300. D* has that shape.
    """
    # Question 1.1: replace this statement by your solution.
    raise NotImplementedError("1.1 is not implemented yet: the discriminator that maximises Eq. 1")


def js_divergence(p: np.ndarray, q: np.ndarray) -> float:
    """Return the Jensen-Shannon divergence of two distributions, in nats (Question 1.2).

    p and q are probability vectors `(K,)`. Their entries are 0 or at least 1e-12, and 0 log 0 counts as 0.
    """
    # Question 1.2: replace this statement by your solution.
    raise NotImplementedError(
        "1.2 is not implemented yet: the Jensen-Shannon divergence of two probability vectors"
    )


def value_at_optimum(js: float) -> float:
    """Return the value of Eq. 1 for D = D*, in terms of js = JS(p_r, p_g) (Question 1.2)."""
    # Question 1.2: replace this statement by your solution.
    raise NotImplementedError("1.2 is not implemented yet: the value of the game for the best discriminator")


def generator_gradients(logit: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the derivatives of the two losses of a generator with respect to the *logit* of D (Question 1.3).

    The first is that of log(1 - D), the second that of -log D, where D is the sigmoid of the logit. logit is a number
    or an array, and may be as large as 1000 and as small as -1000.
    """
    # Question 1.3: replace this statement by your solution.
    raise NotImplementedError(
        "1.3 is not implemented yet: the derivatives of log(1 - D) and of -log D with respect to the logit of D"
    )


def elbo(
    x_0: np.ndarray,
    sample_q: Callable[[np.ndarray], np.ndarray],
    sample_p: Callable[[], np.ndarray],
    log_p: Callable[[np.ndarray, np.ndarray], np.ndarray],
    log_q: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> float:
    """Return the Monte Carlo estimate of the ELBO for log p(x_0), a number (Question 2.1).

    x_0 is `(d,)`. Two functions draw n paths x_1, ..., x_T, `(n, T, d)`, the same ones at every call: `sample_q(x_0)`
    from q(x_1..T given x_0), and `sample_p()` from the model. Two more are densities, for whatever paths they are
    given: `log_p(x_0, paths)` is log p(x_0..T) and `log_q(x_0, paths)` is log q(x_1..T given x_0), both `(n,)`.
    """
    # Question 2.1: replace this statement by your solution.
    raise NotImplementedError(
        "2.1 is not implemented yet: the mean over sampled paths that estimates the ELBO"
    )


def forward_marginal(x_0: np.ndarray, betas: np.ndarray, t: int) -> tuple[np.ndarray, float]:
    """Return mean `(d,)` and variance, a number, of q(x_t given x_0) (Question 2.3).

    x_0 is `(d,)`, and betas is `(T,)`: betas[0] is beta_1. t is 1, ..., T.
    """
    # Question 2.3: replace this statement by your solution.
    raise NotImplementedError("2.3 is not implemented yet: mean and variance of x_t, given x_0")


def posterior_mean(x_t: np.ndarray, x_0: np.ndarray, betas: np.ndarray, t: int) -> np.ndarray:
    """Return the mean `(d,)` of q(x_{t-1} given x_t, x_0), from x_t and x_0 (Question 2.4).

    x_t and x_0 are `(d,)`, and betas is `(T,)`: betas[0] is beta_1. t is 1, ..., T.
    """
    # Question 2.4: replace this statement by your solution.
    raise NotImplementedError("2.4 is not implemented yet: the mean of x_{t-1}, given x_t and x_0")


def posterior_mean_from_noise(x_t: np.ndarray, eps: np.ndarray, betas: np.ndarray, t: int) -> np.ndarray:
    """Return the mean `(d,)` of q(x_{t-1} given x_t, x_0), from x_t and the noise in it (Question 2.4).

    x_t and eps are `(d,)`: x_t is the mean of q(x_t given x_0) and eps times its standard deviation. betas is `(T,)`:
    betas[0] is beta_1. t is 1, ..., T.
    """
    # Question 2.4: replace this statement by your solution.
    raise NotImplementedError("2.4 is not implemented yet: the same mean, from x_t and the noise")


def conditional_score(
    score: np.ndarray, x: np.ndarray, x_known: np.ndarray, mask: np.ndarray, weight: float = 2.0
) -> np.ndarray:
    """Return the score `(n, d)` at x, given that some coordinates are known (Question 2.5).

    score `(n, d)` is the unconditional score at x `(n, d)`. Where mask `(n, d)` is 1 the coordinate is observed, with
    the value in x_known `(n, d)`; where it is 0, x_known is any number. weight is the handout's lambda.
    """
    # Question 2.5: replace this statement by your solution.
    raise NotImplementedError(
        "2.5 is not implemented yet: the score of the posterior, given the observed coordinates"
    )
