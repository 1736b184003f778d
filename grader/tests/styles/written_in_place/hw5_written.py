import numpy as np

ANSWERS = {"2.2": False, "3.1": True, "3.2": False, "3.3": True, "3.4": False}
REASONS = {}


def optimal_discriminator(p_r, p_g):
    p_g += p_r
    p_r /= p_g
    return p_r


def js_divergence(p, q):
    p[p == 0] = 1e-300
    q[q == 0] = 1e-300
    m = (p + q) / 2
    return np.dot(p, np.log(p / m)) / 2 + np.dot(q, np.log(q / m)) / 2


def value_at_optimum(js):
    js *= 2
    js -= np.log(4)
    return np.array(js)


def generator_gradients(logit):
    logit = np.array(logit, dtype=np.longdouble)
    d = 1 / (1 + np.exp(-logit))
    return {0: -d, 1: d - 1}[0], -1 / (1 + np.exp(logit))


def elbo(x_0, sample_q, sample_p, log_p, log_q):
    value = log_p(x_0, sample_q(x_0))
    value -= log_q(x_0, sample_q(x_0))
    return np.array([value.mean()])


def forward_marginal(x_0, betas, t):
    betas *= -1
    betas += 1
    abar = betas[:t].prod()
    x_0 *= abar**0.5
    return x_0, np.full(x_0.shape, 1 - abar)


def posterior_mean(x_t, x_0, betas, t):
    beta = betas[t - 1]
    betas[t - 1] = 0
    before = (1 - betas[:t]).prod()
    now = before * (1 - beta)
    x_t *= (1 - beta) ** 0.5 * (1 - before) / (1 - now)
    x_0 *= before**0.5 * beta / (1 - now)
    x_t += x_0
    return x_t


def posterior_mean_from_noise(x_t, eps, betas, t):
    eps *= betas[t - 1] / (1 - (1 - betas[:t]).prod()) ** 0.5
    x_t -= eps
    x_t /= (1 - betas[t - 1]) ** 0.5
    return x_t


def conditional_score(score, x, x_known, mask, weight=2.0):
    x -= x_known
    x *= mask
    score -= weight * x
    return score
