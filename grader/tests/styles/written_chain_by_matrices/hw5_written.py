import numpy as np

ANSWERS = {"2.2": False, "3.1": True, "3.2": False, "3.3": True, "3.4": False}
REASONS = {}


def optimal_discriminator(p_r, p_g):
    total = p_r + p_g
    return np.divide(p_r, total, out=np.zeros_like(p_r), where=total != 0)


def js_divergence(p, q):
    def entropy(x):
        x = x[x != 0]
        return -x @ np.log(x)

    return entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2


def value_at_optimum(js):
    return 2.0 * float(js) + np.log(0.25)


def generator_gradients(logit):
    x = np.atleast_1d(np.asarray(logit, float))
    d = np.empty_like(x)
    d[x >= 0] = 1 / (1 + np.exp(-x[x >= 0]))
    d[x < 0] = np.exp(x[x < 0]) / (1 + np.exp(x[x < 0]))
    return -d, -(1 - d)


def elbo(x_0, sample_q, sample_p, log_p, log_q):
    paths = np.ascontiguousarray(sample_q(x_0))
    weights = np.full(len(paths), 1 / len(paths))
    return weights @ (log_p(x_0, paths) - log_q(x_0, paths))


def _states(betas, t):
    rows = [np.eye(1, t + 1)[0]]
    for i in range(1, t + 1):
        row = np.sqrt(1 - betas[i - 1]) * rows[-1]
        row[i] = np.sqrt(betas[i - 1])
        rows.append(row)
    return np.array(rows)


def forward_marginal(x_0, betas, t):
    row = _states(betas, t)[t]
    return row[0] * x_0, row[1:] @ row[1:]


def posterior_mean(x_t, x_0, betas, t):
    rows = _states(betas, t)
    now, before = rows[t], rows[t - 1]
    return before[0] * x_0 + (before[1:] @ now[1:]) / (now[1:] @ now[1:]) * (x_t - now[0] * x_0)


def posterior_mean_from_noise(x_t, eps, betas, t):
    row = _states(betas, t)[t]
    return posterior_mean(x_t, (x_t - np.sqrt(row[1:] @ row[1:]) * eps) / row[0], betas, t)


def conditional_score(score, x, x_known, mask, weight=2.0):
    return score - weight * np.einsum("ij,ij->ij", x - x_known, mask)
