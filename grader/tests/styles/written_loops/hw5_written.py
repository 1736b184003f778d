import math
import numpy as np

ANSWERS = {"2.2": False, "3.1": True, "3.2": False, "3.3": True, "3.4": False}
REASONS = {}


def optimal_discriminator(p_r, p_g):
    shape = p_r.shape
    out = []
    for r, g in zip(p_r.ravel(), p_g.ravel()):
        if r == 0:
            out.append(0.0)
        else:
            out.append(r / (r + g))
    return np.array(out).reshape(shape)


def js_divergence(p, q):
    total = 0
    for a, b in zip(p, q):
        m = (a + b) / 2
        if a > 0:
            total += 0.5 * a * math.log(a / m)
        if b > 0:
            total += 0.5 * b * math.log(b / m)
    return total


def value_at_optimum(js):
    return -math.log(4) + 2 * js


def generator_gradients(logit):
    def one(x):
        if x >= 0:
            e = math.exp(-x)
            return -1 / (1 + e), -e / (1 + e)
        e = math.exp(x)
        return -e / (1 + e), -1 / (1 + e)

    logit = np.asarray(logit, dtype=float)
    pairs = [one(x) for x in logit.ravel()]
    return [np.array([pair[k] for pair in pairs]).reshape(logit.shape) for k in range(2)]


def elbo(x_0, sample_q, sample_p, log_p, log_q):
    total = 0.0
    paths = sample_q(x_0)
    for path in paths:
        total += float(log_p(x_0, path[None])[0]) - float(log_q(x_0, path[None])[0])
    return total / len(paths)


def forward_marginal(x_0, betas, t):
    mean, variance = x_0, 0.0
    for i in range(t):
        mean = math.sqrt(1 - betas[i]) * mean
        variance = (1 - betas[i]) * variance + betas[i]
    return mean, variance


def posterior_mean(x_t, x_0, betas, t):
    before, now = 1.0, 1.0
    for i in range(t):
        before = now
        now *= 1 - betas[i]
    out = []
    for a, b in zip(x_t, x_0):
        out.append((math.sqrt(1 - betas[t - 1]) * (1 - before) * a + math.sqrt(before) * betas[t - 1] * b) / (1 - now))
    return out


def posterior_mean_from_noise(x_t, eps, betas, t):
    now = 1.0
    for beta in betas[:t]:
        now *= 1 - beta
    return [(a - betas[t - 1] / math.sqrt(1 - now) * e) / math.sqrt(1 - betas[t - 1]) for a, e in zip(x_t, eps)]


def conditional_score(score, x, x_known, mask, weight=2.0):
    out = score.copy()
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            if mask[i, j] == 1:
                out[i, j] -= weight * (x[i, j] - x_known[i, j])
    return out
