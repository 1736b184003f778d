import numpy as np

ANSWERS = {"2.2": False, "3.1": True, "3.2": False, "3.3": True, "3.4": False}
REASONS = {}


def optimal_discriminator(p_r, p_g):
    return 1 / (1 + p_g / np.maximum(p_r, 1e-300))


def js_divergence(p, q):
    eps = 1e-12
    m = (p + q) / 2
    return np.sum(p * np.log((p + eps) / (m + eps)) + q * np.log((q + eps) / (m + eps))) / 2


def value_at_optimum(js):
    return js * 2 - np.log(2) - np.log(2)


def generator_gradients(logit):
    return 0.5 * (-1 - np.tanh(np.asarray(logit) / 2)), 0.5 * (np.tanh(np.asarray(logit) / 2) - 1)


def elbo(x_0, sample_q, sample_p, log_p, log_q):
    z = np.asarray(sample_q(x_0))
    n = z.shape[0]
    return sum(log_p(x_0, z) - log_q(x_0, z)) / n


def forward_marginal(x_0, betas, t):
    if t == 1:
        return np.sqrt(1 - betas[0]) * x_0, betas[0] * np.eye(len(x_0))
    mean, covariance = forward_marginal(x_0, betas, t - 1)
    alpha = 1 - betas[t - 1]
    return np.sqrt(alpha) * mean, alpha * covariance + betas[t - 1] * np.eye(len(x_0))


def posterior_mean(x_t, x_0, betas, t):
    """Product of two Gaussians: precisions add."""
    if t == 1:
        return x_0
    mean, covariance = forward_marginal(x_0, betas, t - 1)
    beta, alpha = betas[t - 1], 1 - betas[t - 1]
    one, other = alpha / beta, 1 / covariance[0, 0]
    return (one * x_t / np.sqrt(alpha) + other * mean) / (one + other)


def posterior_mean_from_noise(x_t, eps, betas, t):
    abar = np.prod(1 - betas[:t])
    x_0 = (x_t - (1 - abar) ** 0.5 * eps) / abar**0.5
    return posterior_mean(x_t, x_0, betas, t)


def conditional_score(score, x, x_known, mask):
    return np.where(mask == 1, score - 2 * (x - x_known), score)
