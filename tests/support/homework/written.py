"""Mistakes in the results of Problems 1 and 2: for each function, the formulas that are recognised by name.

A formula has the arguments of the student's function, and is recognised only if it reproduces everything that was
observed. What is right is decided elsewhere, from definitions: no formula here is the handout's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.support.homework.readings import Reading

Values = tuple[np.ndarray, ...]
"""What a function returns: one array, or the two of a pair."""


@dataclass(frozen=True)
class Formula(Reading):
    """A reading of a function of Problems 1 and 2; `of` has the function's arguments."""

    of: Callable[..., Any]

    def values(self, *arguments: Any) -> Values:
        """What the formula gives; infinite or nan where it divides by zero, as a student's own code would."""
        with np.errstate(all="ignore"):
            result = self.of(*arguments)
        return tuple(np.asarray(one, dtype=np.float64) for one in (result if isinstance(result, tuple) else (result,)))


def _mistake(name: str, sentence: str, of: Callable[..., Any], credit: float = 0.0) -> Formula:
    return Formula(name, credit, sentence, of)


OPTIMAL_DISCRIMINATOR = (
    _mistake(
        "swapped",
        "This is 1 - D*: p_g stands where p_r belongs. D is large where data is real.",
        lambda r, g: g / (r + g),
    ),
    _mistake("ratio", "This is p_r / p_g, which may exceed 1: D is a probability.", lambda r, g: r / g),
    _mistake("ratio, upside down", "This is p_g / p_r, which may exceed 1: D is a probability.", lambda r, g: g / r),
    _mistake("half", "This is half of D*: the two densities are not averaged.", lambda r, g: r / (r + g) / 2),
    _mistake("sum without p_g", "The denominator is a sum over p_r alone: p_g is not in it.", lambda r, g: r / r.sum()),
    _mistake("one plus", "The denominator is 1 + p_r: p_g is not in it.", lambda r, g: r / (1 + r)),
    _mistake("constant", "This is 1/2 everywhere: that is D* only where p_r = p_g.", lambda r, g: 0.5 + 0 * r),
    _mistake("logit", "This is the logit of D*, log p_r - log p_g, not D* itself.", lambda r, g: np.log(r) - np.log(g)),
    _mistake(
        "sign of the derivative",
        "The derivative of log(1 - D) has a minus: it is -1 / (1 - D).",
        lambda r, g: r / (r - g),
    ),
    _mistake("difference", "This is (p_r - p_g) / (p_r + p_g), which may be negative.", lambda r, g: (r - g) / (r + g)),
)


def _kl(p: np.ndarray, q: np.ndarray) -> float:
    """KL(p, q) with 0 log 0 = 0; infinite where q is 0 and p is not."""
    present = p > 0
    return float(np.sum(p[present] * (np.log(p[present]) - np.log(q[present]))))


def _kl_with_nan(p: np.ndarray, q: np.ndarray) -> float:
    """The same sum as it is written down: nan where p is 0."""
    return float(np.sum(p * np.log(p / q)))


def _kl_of_both(p: np.ndarray, q: np.ndarray) -> float:
    """The same sum over the places where neither is 0."""
    both = (p > 0) & (q > 0)
    return float(np.sum(p[both] * np.log(p[both] / q[both])))


_NAN = " Besides, 0 log 0 gives nan: it counts as 0."

_DIVERGENCES: tuple[tuple[str, str, Callable[[Callable[..., float], np.ndarray, np.ndarray], float]], ...] = (
    (
        "root",
        "This is the square root of JS (the Jensen-Shannon distance).",
        lambda kl, p, q: np.sqrt((kl(p, (p + q) / 2) + kl(q, (p + q) / 2)) / 2),
    ),
    ("KL(p, q)", "This is KL(p, q): neither is compared with the mixture of both.", lambda kl, p, q: kl(p, q)),
    ("KL(q, p)", "This is KL(q, p): neither is compared with the mixture of both.", lambda kl, p, q: kl(q, p)),
    (
        "mean of both KL",
        "This is the mean of KL(p, q) and KL(q, p): JS compares each with the mixture of both.",
        lambda kl, p, q: (kl(p, q) + kl(q, p)) / 2,
    ),
    (
        "sum of both KL",
        "This is the sum of KL(p, q) and KL(q, p): JS compares each with the mixture of both.",
        lambda kl, p, q: kl(p, q) + kl(q, p),
    ),
    (
        "mixture not halved",
        "The mixture is p + q: it needs a factor 1/2 to be a distribution.",
        lambda kl, p, q: (kl(p, p + q) + kl(q, p + q)) / 2,
    ),
    (
        "neither halved",
        "Both factors 1/2 are missing: that of the mixture, and that of the two KLs.",
        lambda kl, p, q: kl(p, p + q) + kl(q, p + q),
    ),
    (
        "KLs not halved",
        "This is 2 JS: each of the two KLs has a factor 1/2.",
        lambda kl, p, q: kl(p, (p + q) / 2) + kl(q, (p + q) / 2),
    ),
    (
        "bits",
        "This is JS in bits: the logarithm is to base 2, not the natural one.",
        lambda kl, p, q: (kl(p, (p + q) / 2) + kl(q, (p + q) / 2)) / 2 / np.log(2),
    ),
    (
        "one KL",
        "Only the KL of p from the mixture is there, not that of q.",
        lambda kl, p, q: kl(p, (p + q) / 2),
    ),
    (
        "sign",
        "The sign is wrong: a divergence is never negative.",
        lambda kl, p, q: -(kl(p, (p + q) / 2) + kl(q, (p + q) / 2)) / 2,
    ),
    (
        "KLs from the mixture's side",
        "The arguments of the KLs are exchanged: the expectations are over p and over q, not over the mixture.",
        lambda kl, p, q: (kl((p + q) / 2, p) + kl((p + q) / 2, q)) / 2,
    ),
)

JS_DIVERGENCE = (
    *(_mistake(name, said, lambda p, q, of=of: of(_kl, p, q)) for name, said, of in _DIVERGENCES),
    *(
        _mistake(f"{name}, nan", said + _NAN, lambda p, q, of=of: of(_kl_with_nan, p, q))
        for name, said, of in _DIVERGENCES
    ),
    _mistake(
        "nan at zeros",
        "0 log 0 gives nan here: it counts as 0.",
        lambda p, q: (_kl_with_nan(p, (p + q) / 2) + _kl_with_nan(q, (p + q) / 2)) / 2,
    ),
    _mistake(
        "nan where both are 0",
        "Where both are 0 you divide 0 by 0, which gives nan: nothing is there to be added.",
        lambda p, q: np.nan if np.any(p + q == 0) else (_kl(p, (p + q) / 2) + _kl(q, (p + q) / 2)) / 2,
    ),
    _mistake(
        "zeros dropped",
        "Where one of the two is 0, the whole term is left out: the other one still counts there.",
        lambda p, q: np.sum((p * np.log(2 * p / (p + q)) + q * np.log(2 * q / (p + q)))[(p > 0) & (q > 0)]) / 2,
    ),
)

VALUE_AT_OPTIMUM = (
    _mistake(
        "-log 2", "The constant is -log 2; at p_r = p_g, D* is 1/2 in both terms of Eq. 1.", lambda j: 2 * j - np.log(2)
    ),
    _mistake("js for 2 js", "JS has the factor 1: it has halves that Eq. 1 does not have.", lambda j: j - np.log(4)),
    _mistake("half", "This is half of the value: JS has halves that Eq. 1 does not have.", lambda j: j - np.log(2)),
    _mistake("no constant", "The constant is missing: at js = 0 the value is that of D = 1/2.", lambda j: 2 * j),
    _mistake("sign", "The whole value has the wrong sign.", lambda j: np.log(4) - 2 * j),
    _mistake(
        "sign of js", "JS is subtracted: the better D can tell, the larger the value.", lambda j: -2 * j - np.log(4)
    ),
    _mistake(
        "sign of the constant",
        "The constant has the wrong sign: both logarithms are negative.",
        lambda j: 2 * j + np.log(4),
    ),
    _mistake("bits", "The constant is -2: the logarithm is the natural one.", lambda j: 2 * j - 2),
    _mistake("4", "The constant is -4: its logarithm is missing.", lambda j: 2 * j - 4),
)


def _sigmoid(logit: Any) -> Any:
    return np.exp(-np.logaddexp(0, -np.asarray(logit, dtype=np.float64)))


def _twice(logit: Any) -> tuple[Any, Any]:
    d, other = _sigmoid(logit), _sigmoid(-np.asarray(logit))
    return -d * d * other, -other * d * other


def _with_overflow(logit: Any) -> tuple[Any, Any]:
    d = np.exp(logit) / (1 + np.exp(logit))
    return -d, d - 1


def _with_zero_over_zero(logit: Any) -> tuple[Any, Any]:
    d = 1 / (1 + np.exp(-np.asarray(logit, dtype=np.float64)))
    return -d * (1 - d) / (1 - d), -d * (1 - d) / d


_OVERFLOW = "exp(1000) is infinite, and infinity / infinity is nan: write the sigmoid so that it cannot overflow."
_ZERO_OVER_ZERO = (
    "D is rounded to 0 or 1 at such logits, and 0 / 0 is nan: shorten the fraction before you put it into code."
)

GENERATOR_GRADIENTS = (
    _mistake(
        "with respect to D",
        "These are derivatives with respect to D itself: the chain rule's factor dD/dlogit is missing.",
        lambda x: (-1 / _sigmoid(-np.asarray(x)), -1 / _sigmoid(x)),
    ),
    _mistake(
        "losses",
        "These are the losses themselves, not their derivatives.",
        lambda x: (-np.logaddexp(0, x), np.logaddexp(0, -np.asarray(x))),
    ),
    _mistake(
        "losses, with overflow",
        "These are the losses themselves, not their derivatives.",
        lambda x: (np.log(1 - 1 / (1 + np.exp(-np.asarray(x)))), -np.log(1 / (1 + np.exp(-np.asarray(x))))),
    ),
    _mistake(
        "sign",
        "Both have the wrong sign: both losses fall as the logit rises.",
        lambda x: (_sigmoid(x), _sigmoid(-np.asarray(x))),
    ),
    _mistake(
        "sign of the second",
        "The second has the wrong sign: -log D falls as the logit rises.",
        lambda x: (-_sigmoid(x), _sigmoid(-np.asarray(x))),
    ),
    _mistake(
        "sign of the first",
        "The first has the wrong sign: log(1 - D) falls as the logit rises.",
        lambda x: (_sigmoid(x), -_sigmoid(-np.asarray(x))),
    ),
    _mistake(
        "swapped",
        "The two are swapped: log(1 - D) comes first.",
        lambda x: (-_sigmoid(-np.asarray(x)), -_sigmoid(x)),
        0.5,
    ),
    _mistake(
        "sigmoid' twice",
        "The derivative of the sigmoid is there once too often: one factor cancels.",
        _twice,
    ),
    _mistake("overflow", _OVERFLOW, _with_overflow),
    _mistake("overflow of the first", _OVERFLOW, lambda x: (_with_overflow(x)[0], -_sigmoid(-np.asarray(x)))),
    _mistake("0/0", _ZERO_OVER_ZERO, _with_zero_over_zero),
)


def _log_mean(values: np.ndarray) -> Any:
    return np.logaddexp.reduce(values) - np.log(len(values))


ELBO = (
    _mistake(
        "paths from p",
        "The paths come from the model: the expectation is with respect to q.",
        lambda pq, qq, pp, qp: np.mean(pp - qp),
    ),
    _mistake("upside down", "This is q / p under the logarithm, not p / q.", lambda pq, qq, pp, qp: np.mean(qq - pq)),
    _mistake(
        "upside down, paths from p",
        "The paths come from the model, and the fraction is q / p: two mistakes.",
        lambda pq, qq, pp, qp: np.mean(qp - pp),
    ),
    _mistake(
        "log of the mean",
        "This is the logarithm of a mean: it estimates log p(x_0) itself, and the ELBO is the mean of logarithms.",
        lambda pq, qq, pp, qp: _log_mean(pq - qq),
    ),
    _mistake("sum", "The paths are summed: an expectation is a mean.", lambda pq, qq, pp, qp: np.sum(pq - qq)),
    _mistake("log q missing", "log q is missing: it is the entropy term.", lambda pq, qq, pp, qp: np.mean(pq)),
    _mistake("log p missing", "log p is missing.", lambda pq, qq, pp, qp: -np.mean(qq)),
    _mistake(
        "log q added",
        "log q is added: a quotient under a logarithm is a difference.",
        lambda pq, qq, pp, qp: np.mean(pq + qq),
    ),
    _mistake(
        "different paths",
        "The two densities are evaluated on different paths: both belong to the same ones.",
        lambda pq, qq, pp, qp: np.mean(pq) - np.mean(qp),
    ),
    _mistake(
        "different paths, the other way",
        "The two densities are evaluated on different paths: both belong to the same ones.",
        lambda pq, qq, pp, qp: np.mean(pp) - np.mean(qq),
    ),
    _mistake(
        "one path",
        "Only the first path counts: an expectation is a mean over all.",
        lambda pq, qq, pp, qp: (pq - qq)[0],
    ),
    _mistake("quotient of logs", "This is log p / log q, not log(p / q).", lambda pq, qq, pp, qp: np.mean(pq / qq)),
    _mistake(
        "no logarithm",
        "The logarithm is missing: this is the mean of p / q.",
        lambda pq, qq, pp, qp: np.mean(np.exp(pq - qq)),
    ),
)
"""From the log densities of model and q on the paths of q (`pq`, `qq`) and on those of the model (`pp`, `qp`)."""
