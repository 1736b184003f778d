from dataclasses import dataclass
from typing import NamedTuple
import numpy as np

ANSWERS = {"2.2": False, "3.1": True, "3.2": False, "3.3": True, "3.4": False}
REASONS = {}


class Pair(NamedTuple):
    saturating: object
    other: object


@dataclass
class Schedule:
    betas: np.ndarray

    def abar(self, t):
        return float(np.prod([1 - b for b in self.betas[:t]]))

    def alpha(self, t):
        return 1 - self.betas[t - 1]


class Named(np.ndarray):
    """An array subclass."""


optimal_discriminator = lambda p_r, p_g: (p_r / (p_r + p_g)).view(Named)
js_divergence = lambda p, q: sum(np.sum(a[a > 0] * np.log(2 * a[a > 0] / (p + q)[a > 0])) for a in (p, q)) / 2
value_at_optimum = lambda js: np.float64(2 * js - 2 * np.log(2))


def generator_gradients(logit):
    d = np.exp(np.minimum(logit, 0)) / (1 + np.exp(-np.abs(logit)))
    return Pair(saturating=-d, other=-np.exp(np.minimum(-np.asarray(logit), 0)) / (1 + np.exp(-np.abs(logit))))


def elbo(x_0, sample_q, sample_p, log_p, log_q):
    print("debug", x_0)
    return float(np.mean([log_p(x_0, path) - log_q(x_0, path) for path in sample_q(x_0)]))


def forward_marginal(x_0, betas, t):
    abar = Schedule(betas).abar(t)
    return np.ma.masked_array(np.sqrt(abar) * x_0), np.float64(1 - abar)


def posterior_mean(x_t, x_0, betas, t):
    s = Schedule(betas)
    w = s.alpha(t) ** 0.5 * (1 - s.abar(t - 1)) / (1 - s.abar(t))
    return w * x_t + (s.abar(t - 1) ** 0.5 - w * s.abar(t) ** 0.5) * x_0


def posterior_mean_from_noise(x_t, eps, betas, t):
    s = Schedule(betas)
    return (x_t - (1 - s.alpha(t)) / (1 - s.abar(t)) ** 0.5 * eps) / s.alpha(t) ** 0.5


def conditional_score(score, x, x_known, mask, weight=2.0):
    known = mask.astype(bool)
    pull = np.zeros_like(x)
    pull[known] = x_known[known] - x[known]
    return score + weight * pull
