import numpy as np

import collections

ANSWERS = collections.OrderedDict()
ANSWERS[2.2] = np.bool_(False)
ANSWERS["3.1"] = 1
ANSWERS["3.2"] = 0
ANSWERS["3.3"] = np.int64(1)
ANSWERS["3.4"] = 3 > 4


def optimal_discriminator(p_r, p_g):
    return 1 - p_g / (p_r + p_g)


def js_divergence(p, q):
    m = 0.5 * (p + q)
    with np.errstate(divide="ignore", invalid="ignore"):
        return 0.5 * (np.nansum(p * np.log(p / m)) + np.nansum(q * np.log(q / m)))


def value_at_optimum(js):
    return 2 * (js - np.log(2))


def generator_gradients(logit):
    with np.errstate(over="ignore"):
        d = 1 / (1 + np.exp(-logit))
    return -d, d - 1


def elbo(x_0, sample_q, sample_p, log_p, log_q):
    z = sample_q(x_0)
    return log_p(x_0, z).mean() - log_q(x_0, z).mean()


def forward_marginal(x_0, betas, t):
    abar = np.cumprod(1 - betas)
    return np.sqrt(abar[t - 1]) * x_0, 1 - abar[t - 1]


def posterior_mean(x_t, x_0, betas, t):
    abar = np.concatenate([[1.0], np.cumprod(1 - betas)])
    alpha = 1 - betas[t - 1]
    a = np.sqrt(alpha) * (1 - abar[t - 1]) / (1 - abar[t])
    b = np.sqrt(abar[t - 1]) * (1 - alpha) / (1 - abar[t])
    return a * x_t + b * x_0


def posterior_mean_from_noise(x_t, eps, betas, t):
    abar = np.cumprod(1 - betas)[t - 1]
    x_0 = (x_t - np.sqrt(1 - abar) * eps) / np.sqrt(abar)
    return posterior_mean(x_t, x_0, betas, t)


def conditional_score(score, x, x_known, mask, weight=1.0):
    return score + weight * mask * (x_known - x)
