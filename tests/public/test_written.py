"""Problems 1 to 3, for two numbers that can be worked out by hand; the general case is checked elsewhere."""

from __future__ import annotations

import numpy as np

from tests.support.judging import conditional
from tests.support.judging.answers import require_answers
from tests.support.judging.written import Asked, Case, judge, judge_values
from tests.support.marks import number, tags, visibility, weight
from tests.support.observed.written import elbo
from tests.support.submission import Submission

ROUNDINGS = 64.0
"""Units of rounding that any way to compute these few terms stays below."""
ANY_LOGARITHM = 1e-8
"""Absolute error that a small number within a logarithm or a denominator makes."""


def _case(arguments: tuple[object, ...], described: str, *expected: object, least: float = 0.0) -> Case:
    values = tuple(np.asarray(one, dtype=np.float64) for one in expected)
    sizes = tuple(1 + np.abs(one) for one in values)
    return Case(arguments, values, sizes, ROUNDINGS, described, least)


@number("1.1")
@weight(0)
@visibility("visible")
@tags("written")
def test_optimal_discriminator_by_hand(submission: Submission) -> None:
    """D* is right at two points."""
    arguments = (np.array([3.0, 1.0]), np.array([1.0, 4.0]))
    case = _case(arguments, "p_r = (3, 1) and p_g = (1, 4)", [0.75, 0.2], least=ANY_LOGARITHM)
    worked_out = "At the first point the derivative of 3 log D + 1 log(1 - D) is 3 / D - 1 / (1 - D): 0 at D = 0.75."
    judge(submission, Asked("1.1", "optimal_discriminator", ("D*",), "Question 1.1"), [case], worked_out=worked_out)


@number("1.2")
@weight(0)
@visibility("visible")
@tags("written")
def test_js_divergence_by_hand(submission: Submission) -> None:
    """The divergence of two distributions on two points is right."""
    expected = (np.log(4 / 3) + np.log(2 / 3) / 2 + np.log(2) / 2) / 2
    case = _case(
        (np.array([1.0, 0.0]), np.array([0.5, 0.5])), "p = (1, 0) and q = (1/2, 1/2)", expected, least=ANY_LOGARITHM
    )
    worked_out = "Halfway between the two lies (3/4, 1/4); 1 log(4/3) is for p, 1/2 log(2/3) + 1/2 log 2 for q."
    asked = Asked("1.2", "js_divergence", ("the divergence",), "Question 1.2, and the definition of the JS divergence")
    judge(submission, asked, [case], worked_out=worked_out)


@number("1.2")
@weight(0)
@visibility("visible")
@tags("written")
def test_value_at_optimum_by_hand(submission: Submission) -> None:
    """The value is right for equal distributions, and for those that do not overlap."""
    cases = [_case((0.0,), "js = 0", 2 * np.log(0.5)), _case((float(np.log(2)),), "js = log 2", 0.0)]
    worked_out = (
        "Equal distributions have js = 0, and D* = 1/2 gives log(1/2) twice. Those that do not overlap have "
        "js = log 2, and D* is 1 on the one and 0 on the other."
    )
    judge(submission, Asked("1.2", "value_at_optimum", ("the value",), "Question 1.2"), cases, worked_out=worked_out)


@number("1.3")
@weight(0)
@visibility("visible")
@tags("written")
def test_generator_gradients_by_hand(submission: Submission) -> None:
    """Both derivatives are right at the logits 0 and log 3."""
    logits = np.array([0.0, np.log(3)])
    case = _case((logits,), "the logits 0 and log 3", [-0.5, -0.75], [-0.5, -0.25])
    asked = Asked(
        "1.3", "generator_gradients", ("the derivative of log(1 - D)", "the derivative of -log D"), "Question 1.3"
    )
    worked_out = "At the logit 0, D is 1/2, and dD/dlogit is 1/4; at log 3 these are 3/4 and 3/16."
    judge(submission, asked, [case], parts=(0, 1), worked_out=worked_out)


@number("2.1")
@weight(0)
@visibility("visible")
@tags("written")
def test_elbo_by_hand(submission: Submission) -> None:
    """The estimate from two paths of one number each is right."""
    no_slope = {"centre": np.zeros((1, 1)), "slope": np.zeros(1)}
    world = {
        "x_0": np.zeros(1),
        "from_q": np.array([[[1.0]], [[2.0]]]),
        "from_p": np.array([[[0.0]], [[3.0]]]),
        "log_p": {"offset": -2.0, "weight": np.ones((1, 1)), **no_slope},
        "log_q": {"offset": 0.0, "weight": np.full((1, 1), 0.5), **no_slope},
    }
    case = _case((), "paths x_1 = 1 and 2 from q, 0 and 3 from p, log p = -2 - x_1^2, log q = -x_1^2 / 2", -3.25)
    worked_out = "On one of the two paths that count, the logarithm of the quotient is -3 + 1/2; on the other, -6 + 2."
    asked = Asked("2.1", "elbo", ("the estimate",), "Question 2.1")
    judge_values(submission, asked, [case], [elbo(submission, world)], worked_out=worked_out)


@number("2.2")
@weight(0)
@visibility("visible")
@tags("written")
def test_all_answers_are_given(submission: Submission) -> None:
    """All five questions with True or False have an answer (right or not: later)."""
    require_answers(submission)


@number("2.3")
@weight(0)
@visibility("visible")
@tags("written")
def test_forward_marginal_by_hand(submission: Submission) -> None:
    """Mean and variance after two steps are right."""
    case = _case(
        (np.array([10.0, -5.0]), np.array([0.36, 0.75, 0.5]), 2),
        "t = 2, betas = (0.36, 0.75, 0.5) and x_0 = (10, -5)",
        [4.0, -2.0],
        0.84,
    )
    worked_out = "The first step gives 0.8 x_0 and the variance 0.36; the second halves x_1 and adds the variance 0.75."
    asked = Asked("2.3", "forward_marginal", ("the mean", "the variance"), "Question 2.3", isotropic=1)
    judge(submission, asked, [case], parts=(0, 1), worked_out=worked_out)


@number("2.4")
@weight(0)
@visibility("visible")
@tags("written")
def test_posterior_mean_by_hand(submission: Submission) -> None:
    """The mean of x_1, between x_0 and x_2, is right."""
    case = _case(
        (np.array([8.4, 0.0]), np.array([0.0, 8.4]), np.array([0.36, 0.75, 0.5]), 2),
        "t = 2, betas = (0.36, 0.75, 0.5), x_2 = (8.4, 0) and x_0 = (0, 8.4)",
        [1.8, 6.0],
    )
    worked_out = (
        "The exponent has (x_2 - 0.5 x_1)^2 / 0.75 + (x_1 - 0.8 x_0)^2 / 0.36: its derivative with respect to x_1 is "
        "0 at the mean."
    )
    judge(submission, Asked("2.4", "posterior_mean", ("the mean",), "Question 2.4"), [case], worked_out=worked_out)


@number("2.4")
@weight(0)
@visibility("visible")
@tags("written")
def test_posterior_mean_from_noise_by_hand(submission: Submission) -> None:
    """The mean of x_1, from x_2 and its noise, is right."""
    case = _case(
        (np.array([8.0, 0.0]), np.array([0.0, 16.0]), np.array([0.4375, 0.36, 0.5]), 2),
        "t = 2, betas = (0.4375, 0.36, 0.5), x_2 = (8, 0) and eps = (0, 16)",
        [10.0, -9.0],
    )
    worked_out = "Here x_2 = 0.6 x_0 + 0.8 eps; the x_0 of this equation is put into the mean."
    asked = Asked("2.4", "posterior_mean_from_noise", ("the mean",), "Question 2.4")
    judge(submission, asked, [case], worked_out=worked_out)


@number("2.5")
@weight(0)
@visibility("visible")
@tags("written")
def test_conditional_score_by_hand(submission: Submission) -> None:
    """The conditional score of two points is right, whose first coordinate is known."""
    score, x, x_known = [[0.5, -1.0], [2.0, 1.0]], [[3.0, 1.0], [2.0, 0.0]], [[1.0, 5.0], [1.0, 5.0]]
    mask, pull = [[1.0, 0.0], [1.0, 0.0]], [[-2.0, 0.0], [-1.0, 0.0]]
    worked_out = "Only the first coordinate is known: there -|x - 1|^2 is added to log p, and it has a slope at x = 3."
    conditional.judge(
        submission, [tuple(np.array(one) for one in (score, x, x_known, mask, pull))], worked_out=worked_out
    )
