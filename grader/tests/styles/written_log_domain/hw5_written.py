import numpy as np

ANSWERS = {"2.2": False, "3.1": True, "3.2": False, "3.3": True, "3.4": False}
REASONS = {}


def optimal_discriminator(p_r, p_g):
    with np.errstate(divide="ignore", invalid="ignore"):
        log_r, log_g = np.log(p_r), np.log(p_g)
        return np.exp(log_r - np.logaddexp(log_r, log_g))


def _xlogx(x):
    return np.where(x > 0, x * np.log(np.where(x > 0, x, 1)), 0)


def js_divergence(p, q):
    """Entropy of the mixture minus the mean of the entropies."""
    return (_xlogx(p) + _xlogx(q)).sum() / 2 - _xlogx((p + q) / 2).sum()


def value_at_optimum(js):
    return 2 * js - 2 * np.log(2)


def generator_gradients(logit):
    return -np.exp(-np.logaddexp(0, -logit)), -np.exp(-np.logaddexp(0, logit))


def elbo(x_0, sample_q, sample_p, log_p, log_q):
    z = sample_q(x_0)
    return np.average(log_p(x_0, z) - log_q(x_0, z))


def forward_marginal(x_0, betas, t):
    log_abar = np.log1p(-betas[:t]).sum()
    return np.exp(log_abar / 2) * x_0, -np.expm1(log_abar)


def posterior_mean(x_t, x_0, betas, t):
    now = np.log1p(-betas[:t]).sum()
    before = np.log1p(-betas[: t - 1]).sum()
    top = np.exp(np.log1p(-betas[t - 1]) / 2) * -np.expm1(before) * x_t + np.exp(before / 2) * betas[t - 1] * x_0
    return top / -np.expm1(now)


def posterior_mean_from_noise(x_t, eps, betas, t):
    now = np.log1p(-betas[:t]).sum()
    return np.exp(-np.log1p(-betas[t - 1]) / 2) * (x_t - betas[t - 1] * (-np.expm1(now)) ** -0.5 * eps)


def conditional_score(score, x, x_known, mask, weight=2.0):
    return score - 2 * (x - x_known) * mask**2
