import torch
import numpy as np

ANSWERS = {"2.2": False, "3.1": True, "3.2": False, "3.3": True, "3.4": False}
REASONS = {}


def optimal_discriminator(p_r, p_g):
    r, g = torch.tensor(p_r), torch.tensor(p_g)
    return r / (r + g)


def js_divergence(p, q):
    p, q = torch.from_numpy(p), torch.from_numpy(q)
    m = (p + q) / 2
    return (torch.special.xlogy(p, p) + torch.special.xlogy(q, q)).sum() / 2 - torch.special.xlogy(m, m).sum()


def value_at_optimum(js):
    return 2 * torch.tensor(js, dtype=torch.float64) - torch.log(torch.tensor(4.0, dtype=torch.float64))


def generator_gradients(logit):
    """By automatic differentiation."""
    logit = torch.as_tensor(logit, dtype=torch.float64).clone().requires_grad_()
    saturating = torch.nn.functional.logsigmoid(-logit).sum()
    non_saturating = -torch.nn.functional.logsigmoid(logit).sum()
    (one,) = torch.autograd.grad(saturating, logit)
    (other,) = torch.autograd.grad(non_saturating, logit)
    return one, other


def elbo(x_0, sample_q, sample_p, log_p, log_q):
    x_0 = torch.tensor(x_0)
    z = torch.tensor(sample_q(x_0))
    return torch.mean(torch.as_tensor(log_p(x_0, z)) - torch.as_tensor(log_q(x_0, z)))


def forward_marginal(x_0, betas, t):
    abar = torch.prod(1 - torch.tensor(betas[:t]))
    return abar.sqrt() * torch.tensor(x_0), 1 - abar


def posterior_mean(x_t, x_0, betas, t):
    x_t, x_0, betas = map(torch.tensor, (x_t, x_0, betas))
    abar = torch.cat([torch.ones(1, dtype=torch.float64), torch.cumprod(1 - betas, 0)])
    top = torch.sqrt(1 - betas[t - 1]) * (1 - abar[t - 1]) * x_t + abar[t - 1].sqrt() * betas[t - 1] * x_0
    return (top / (1 - abar[t])).requires_grad_()


def posterior_mean_from_noise(x_t, eps, betas, t):
    x_t, eps, betas = map(torch.tensor, (x_t, eps, betas))
    abar = torch.cumprod(1 - betas, 0)[t - 1]
    return (x_t - betas[t - 1] / (1 - abar).sqrt() * eps) / (1 - betas[t - 1]).sqrt()


def conditional_score(score, x, x_known, mask, weight=2.0):
    x = torch.tensor(x, requires_grad=True)
    log_likelihood = -(((x - torch.tensor(x_known)) * torch.tensor(mask)) ** 2).sum()
    (gradient,) = torch.autograd.grad(log_likelihood, x)
    return torch.tensor(score) + gradient
