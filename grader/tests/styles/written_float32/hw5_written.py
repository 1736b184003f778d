import torch
import numpy as np

ANSWERS = {"2.2": False, "3.1": True, "3.2": False, "3.3": True, "3.4": False}
REASONS = {}


def _t(x):
    return torch.tensor(x, dtype=torch.float32)


def optimal_discriminator(p_r, p_g):
    return _t(p_r) / (_t(p_r) + _t(p_g))


def js_divergence(p, q):
    p, q = _t(p), _t(q)
    return sum(torch.where(a > 0, a * torch.log(2 * a / (p + q)), 0).sum() / 2 for a in (p, q)).item()


def value_at_optimum(js):
    return np.float32(2 * js) - np.float32(np.log(4))


def generator_gradients(logit):
    logit = _t(logit)
    return -torch.sigmoid(logit), -torch.sigmoid(-logit)


def elbo(x_0, sample_q, sample_p, log_p, log_q):
    z = sample_q(x_0)
    return (log_p(x_0, z) - log_q(x_0, z)).astype(np.float32).mean()


def forward_marginal(x_0, betas, t):
    abar = torch.prod(1 - _t(betas[:t]))
    return (abar.sqrt() * _t(x_0)).numpy(), (1 - abar).item()


def posterior_mean(x_t, x_0, betas, t):
    x_t, x_0, betas = x_t.astype(np.float32), x_0.astype(np.float32), betas.astype(np.float32)
    abar = np.append(np.float32(1), np.cumprod(1 - betas))
    c = np.sqrt(1 - betas[t - 1]) * (1 - abar[t - 1]) / (1 - abar[t])
    return c * x_t + np.sqrt(abar[t - 1]) * betas[t - 1] / (1 - abar[t]) * x_0


def posterior_mean_from_noise(x_t, eps, betas, t):
    betas = betas.astype(np.float32)
    abar = np.prod(1 - betas[:t])
    return ((x_t.astype(np.float32) - betas[t - 1] / np.sqrt(1 - abar) * eps.astype(np.float32)) / np.sqrt(1 - betas[t - 1])).tolist()


def conditional_score(score, x, x_known, mask, weight=2.0):
    return score.astype(np.float32) - 2 * (x - x_known).astype(np.float32) * mask.astype(np.float32)
