import math
import numpy as np

ANSWERS = {"2.2": False, "3.1": True, "3.2": False, "3.3": True, "3.4": False}
REASONS = {}


def optimal_discriminator(real, generated):
    return (real / (real + generated)).tolist()


def js_divergence(first, second):
    terms = []
    for a, b in zip(first.tolist(), second.tolist()):
        terms += [x / 2 * math.log(2 * x / (a + b)) for x in (a, b) if x]
    return [math.fsum(terms)]


def value_at_optimum(divergence):
    return (2 * divergence - math.log(4),)


def generator_gradients(u):
    d = 1 / (1 + np.exp(-np.clip(u, -700, 700)))
    return np.stack([-d, -1 / (1 + np.exp(np.clip(u, -700, 700)))])


def elbo(x0, q, p, lp, lq):
    paths = q(x0).tolist()
    return [[np.mean(np.subtract(lp(x0.tolist(), paths), lq(x0.tolist(), paths)))]]


def forward_marginal(x0, betas, t):
    a = math.prod(1 - b for b in betas[:t])
    return [[math.sqrt(a) * v for v in x0], [1 - a]]


def posterior_mean(xt, x0, betas, t):
    a, b = math.prod(1 - v for v in betas[:t]), math.prod(1 - v for v in betas[: t - 1])
    return tuple(
        (math.sqrt(1 - betas[t - 1]) * (1 - b) * u + math.sqrt(b) * betas[t - 1] * v) / (1 - a) for u, v in zip(xt, x0)
    )


def posterior_mean_from_noise(xt, noise, betas, t):
    a = math.prod(1 - v for v in betas[:t])
    return np.array([[(u - betas[t - 1] * v / math.sqrt(1 - a)) / math.sqrt(1 - betas[t - 1])] for u, v in zip(xt, noise)])


def conditional_score(s, x, known, m, lam=0.7):
    return [[s[i][j] - lam * (x[i][j] - known[i][j]) * m[i][j] for j in range(len(s[0]))] for i in range(len(s))]
