"""The formulas of mistakes in Problems 1 and 2 give what their names say: fractions worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.support.homework import chain, conditional, posterior, written
from tests.support.homework.chain import ACCUMULATED
from tests.support.homework.readings import Reading
from tests.support.homework.written import Formula

LOG = math.log
NAN = math.nan


def values(formulas: tuple[Formula, ...], *arguments: object) -> dict[str, list[list[float]]]:
    assert len({one.name for one in formulas}) == len(formulas)
    return {one.name: [np.ravel(part).tolist() for part in one.values(*arguments)] for one in formulas}


def one_each(formulas: tuple[Formula, ...], *arguments: object) -> dict[str, list[float]]:
    return {name: parts[0] for name, parts in values(formulas, *arguments).items()}


def same(found: dict[str, list[float]], expected: dict[str, list[float]]) -> None:
    assert list(found) == list(expected)
    for name, numbers in expected.items():
        assert found[name] == pytest.approx(numbers, rel=1e-12, abs=1e-14, nan_ok=True), name


def test_the_mistakes_in_the_best_discriminator():
    """For p_r = 1/5, 4/5 and p_g = 3/5, 2/5: D* is 1/4 and 2/3."""
    same(
        one_each(written.OPTIMAL_DISCRIMINATOR, np.array([0.2, 0.8]), np.array([0.6, 0.4])),
        {
            "swapped": [3 / 4, 1 / 3],
            "ratio": [1 / 3, 2],
            "ratio, upside down": [3, 1 / 2],
            "half": [1 / 8, 1 / 3],
            "sum without p_g": [1 / 5, 4 / 5],
            "one plus": [1 / 6, 4 / 9],
            "constant": [1 / 2, 1 / 2],
            "logit": [-LOG(3), LOG(2)],
            "sign of the derivative": [-1 / 2, 2],
            "difference": [-1 / 2, 1 / 3],
        },
    )


P, Q = np.array([0.5, 0.5]), np.array([0.25, 0.75])
"""Their mixture is 3/8, 5/8."""
P_Q, Q_P = LOG(2) / 2 + LOG(2 / 3) / 2, LOG(1 / 2) / 4 + LOG(3 / 2) * 3 / 4
P_M, Q_M = LOG(4 / 3) / 2 + LOG(4 / 5) / 2, LOG(2 / 3) / 4 + LOG(6 / 5) * 3 / 4
M_P, M_Q = LOG(3 / 4) * 3 / 8 + LOG(5 / 4) * 5 / 8, LOG(3 / 2) * 3 / 8 + LOG(5 / 6) * 5 / 8
JS = (P_M + Q_M) / 2
DIVERGENCES = {
    "root": JS**0.5,
    "KL(p, q)": P_Q,
    "KL(q, p)": Q_P,
    "mean of both KL": (P_Q + Q_P) / 2,
    "sum of both KL": P_Q + Q_P,
    "mixture not halved": JS - LOG(2),
    "neither halved": 2 * JS - 2 * LOG(2),
    "KLs not halved": 2 * JS,
    "bits": JS / LOG(2),
    "one KL": P_M,
    "sign": -JS,
    "KLs from the mixture's side": (M_P + M_Q) / 2,
}


def test_the_mistakes_in_the_divergence():
    rest = dict.fromkeys(("nan at zeros", "nan where both are 0", "zeros dropped"), JS)
    every = DIVERGENCES | {f"{name}, nan": value for name, value in DIVERGENCES.items()} | rest
    same(one_each(written.JS_DIVERGENCE, P, Q), {name: [value] for name, value in every.items()})


def test_zeros_in_a_divergence():
    """For p = 1, 0, 0 and q = 1/2, 1/2, 0, whose mixture is 3/4, 1/4, 0."""
    found = one_each(written.JS_DIVERGENCE, np.array([1.0, 0, 0]), np.array([0.5, 0.5, 0]))
    js = (LOG(4 / 3) + LOG(2 / 3) / 2 + LOG(2) / 2) / 2
    expected = {
        "root": js**0.5, "KL(p, q)": LOG(2), "KL(q, p)": math.inf, "one KL": LOG(4 / 3), "bits": js / LOG(2),
        "root, nan": NAN, "KL(p, q), nan": NAN, "bits, nan": NAN, "one KL, nan": NAN, "nan at zeros": NAN,
        "nan where both are 0": NAN, "zeros dropped": (LOG(4 / 3) + LOG(2 / 3) / 2) / 2,
    }  # fmt: skip
    for name, value in expected.items():
        assert found[name] == pytest.approx([value], nan_ok=True), name
    without = one_each(written.JS_DIVERGENCE, np.array([1.0, 0]), np.array([0.5, 0.5]))
    assert without["nan where both are 0"] == pytest.approx([js])
    spoken = {one.name: one.sentence for one in written.JS_DIVERGENCE}
    assert spoken["bits, nan"] == f"{spoken['bits']} Besides, 0 log 0 gives nan: it counts as 0."


def test_the_mistakes_in_the_value_at_the_optimum():
    """For JS = 1/2: it is 1 - log 4."""
    expected = {
        "-log 2": 1 - LOG(2),
        "js for 2 js": 0.5 - LOG(4),
        "half": 0.5 - LOG(2),
        "no constant": 1,
        "sign": LOG(4) - 1,
        "sign of js": -1 - LOG(4),
        "sign of the constant": 1 + LOG(4),
        "bits": -1,
        "4": -3,
    }
    same(one_each(written.VALUE_AT_OPTIMUM, 0.5), {name: [value] for name, value in expected.items()})


def test_the_mistakes_in_the_generator_s_gradients():
    """At the logit log 3, where D is 3/4."""
    expected = {
        "with respect to D": (-4, -4 / 3),
        "losses": (LOG(1 / 4), LOG(4 / 3)),
        "losses, with overflow": (LOG(1 / 4), LOG(4 / 3)),
        "sign": (3 / 4, 1 / 4),
        "sign of the second": (-3 / 4, 1 / 4),
        "sign of the first": (3 / 4, -1 / 4),
        "swapped": (-1 / 4, -3 / 4),
        "sigmoid' twice": (-9 / 64, -3 / 64),
        "overflow": (-3 / 4, -1 / 4),
        "overflow of the first": (-3 / 4, -1 / 4),
        "0/0": (-3 / 4, -1 / 4),
    }
    found = values(written.GENERATOR_GRADIENTS, np.array([LOG(3)]))
    same({name: [*a, *b] for name, (a, b) in found.items()}, {name: list(pair) for name, pair in expected.items()})
    credits = {one.name: one.credit for one in written.GENERATOR_GRADIENTS}
    assert credits == dict.fromkeys(expected, 0.0) | {"swapped": 0.5}


def test_where_a_sigmoid_overflows():
    found = values(written.GENERATOR_GRADIENTS, np.array([1000.0, -1000.0]))
    assert found["overflow"] == [pytest.approx([NAN, 0], nan_ok=True), pytest.approx([NAN, -1], nan_ok=True)]
    assert found["overflow of the first"] == [pytest.approx([NAN, 0], nan_ok=True), pytest.approx([0, -1])]
    assert found["0/0"] == [pytest.approx([NAN, 0], nan_ok=True), pytest.approx([0, NAN], nan_ok=True)]
    assert found["losses"] == [[-1000, 0], [0, 1000]]
    assert found["sigmoid' twice"] == [[0, 0], [0, 0]]


def test_the_mistakes_in_the_elbo():
    """For log p - log q of 0 and log 3 on the paths of q; the paths of the model have 5 and 7, 1 and 2."""
    paths = (np.array([1.0, 1.0]), np.array([1.0, 1 - LOG(3)]), np.array([5.0, 7.0]), np.array([1.0, 2.0]))
    expected = {
        "paths from p": 4.5,
        "upside down": -LOG(3) / 2,
        "upside down, paths from p": -4.5,
        "log of the mean": LOG(2),
        "sum": LOG(3),
        "log q missing": 1,
        "log p missing": LOG(3) / 2 - 1,
        "log q added": 2 - LOG(3) / 2,
        "different paths": -0.5,
        "different paths, the other way": 5 + LOG(3) / 2,
        "one path": 0,
        "quotient of logs": (1 + 1 / (1 - LOG(3))) / 2,
        "no logarithm": 2,
    }
    same(one_each(written.ELBO, *paths), {name: [value] for name, value in expected.items()})


def test_the_mistakes_in_the_conditional_score():
    """For x = 1, 2, 5, what is known 4, 6, 7 of the first two, and the score 10, 20, 30."""
    x, k, s = np.array([[1.0, 2, 5]]), np.array([[4.0, 6, 7]]), np.array([[10.0, 20, 30]])
    m = np.array([[1.0, 1, 0]])
    own, none, right = [10, 20, 30], [0, 0, 0], [3, 4, 0]
    expected: dict[str, tuple[list[float], list[float]]] = {
        "sign": (own, [-3, -4, 0]),
        "mask inverted": (own, [0, 0, 2]),
        "mask missing": (own, [3, 4, 2]),
        "score masked": ([10, 20, 0], right),
        "score masked away": ([0, 0, 30], right),
        "only x masked": (own, [3, 4, 7]),
        "only x_known masked": (own, [3, 4, -5]),
        "squared norm": (own, [-25, -25, -25]),
        "squares": (own, [-9, -16, 0]),
        "norm not squared": (own, [0.6, 0.8, 0]),
        "x forgotten": (own, [4, 6, 0]),
        "x_known forgotten": (own, [-1, -2, 0]),
        "score subtracted": ([-10, -20, -30], right),
        "score missing": (none, right),
        "the score alone": (own, none),
        "values put in": ([4, 6, 30], none),
    }
    found = {
        one.name: tuple(np.ravel(part(s, x, k, m)).tolist() for part in (one.base, one.pull))
        for one in conditional.CONDITIONAL_SCORE
    }
    assert list(found) == list(expected)
    for name, (base, pull) in expected.items():
        assert found[name] == (pytest.approx(base), pytest.approx(pull)), name


EVERY = (
    *written.OPTIMAL_DISCRIMINATOR, *written.JS_DIVERGENCE, *written.VALUE_AT_OPTIMUM, *written.GENERATOR_GRADIENTS,
    *written.ELBO, *ACCUMULATED, *chain.FORWARD_MEAN, *chain.FORWARD_VARIANCE, *posterior.POSTERIOR_MEAN,
    *posterior.POSTERIOR_MEAN_FROM_NOISE, *conditional.CONDITIONAL_SCORE,
)  # fmt: skip


def test_each_mistake_has_a_sentence_and_costs_everything_but_one():
    readings: tuple[Reading, ...] = EVERY
    assert [one.name for one in readings if not (one.sentence[0].isupper() or one.sentence[0] in "0abelx(1")] == []
    assert [one.name for one in readings if one.sentence[-1] != "."] == []
    assert [one.name for one in readings if one.credit] == ["swapped"]
