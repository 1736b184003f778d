"""1.1 to 1.3 and 2.1, hidden: each function gives what its definition gives."""

from __future__ import annotations

import numpy as np

from tests.hidden import written_cases
from tests.support.homework import written
from tests.support.judging.written import Asked, Case, judge, judge_values
from tests.support.marks import number, tags, visibility, weight
from tests.support.observed.written import elbo
from tests.support.submission import Submission

DISCRIMINATOR = Asked("1.1", "optimal_discriminator", ("D*",), "Question 1.1: for which D is Eq. 1 largest?")
DIVERGENCE = Asked("1.2", "js_divergence", ("the divergence",), "Question 1.2, and the definition of the JS divergence")
VALUE = Asked("1.2", "value_at_optimum", ("the value",), "Question 1.2: put D* into Eq. 1")
GRADIENTS = Asked(
    "1.3",
    "generator_gradients",
    ("the derivative of log(1 - D)", "the derivative of -log D"),
    "Question 1.3: both derivatives are with respect to the logit",
)
BOUND = Asked("2.1", "elbo", ("the estimate",), "Question 2.1: with respect to which distribution is the expectation?")


@number("1.1")
@weight(2)
@visibility("after_published")
@tags("written")
def test_optimal_discriminator_maximises_the_value(submission: Submission) -> None:
    """D*(x) is where p_r log D + p_g log(1 - D) is largest, also where a density is 0."""
    judge(submission, DISCRIMINATOR, written_cases.densities(submission.seed), written.OPTIMAL_DISCRIMINATOR)


@number("1.2")
@weight(0.75)
@visibility("after_published")
@tags("written")
def test_js_divergence_is_the_mean_of_two_kl_divergences(submission: Submission) -> None:
    """The divergence is that of the definition, in nats, also with zeros."""
    judge(submission, DIVERGENCE, written_cases.divergences(submission.seed), written.JS_DIVERGENCE)


@number("1.2")
@weight(0.75)
@visibility("after_published")
@tags("written")
def test_value_at_optimum_is_the_largest_value_of_the_game(submission: Submission) -> None:
    """The value is that of Eq. 1 with the best discriminator, for any divergence js."""
    judge(submission, VALUE, written_cases.values_of_the_game(submission.seed), written.VALUE_AT_OPTIMUM)


@number("1.3")
@weight(0.5)
@visibility("after_published")
@tags("written")
def test_generator_gradients_are_the_derivatives_of_both_losses(submission: Submission) -> None:
    """Both derivatives by the logit are right, up to logits of +-1000."""
    cases = written_cases.logits(submission.seed)
    judge(submission, GRADIENTS, cases, written.GENERATOR_GRADIENTS, parts=(0, 1))


@number("2.1")
@weight(1)
@visibility("after_published")
@tags("written")
def test_elbo_is_the_mean_over_paths_of_q(submission: Submission) -> None:
    """The estimate is the mean of log p - log q over the sampled paths of q."""
    world = written_cases.world(submission.seed)
    densities = written_cases.log_densities(world)
    expected = np.array(np.mean(densities[0] - densities[1]))
    size = np.array(sum(np.abs(one).max() for one in densities))
    # Each log density is a sum of at most 12 squares, and the mean one over at most 6 paths.
    case = Case(densities, (expected,), (size,), 64.0, "the given paths and densities")
    judge_values(submission, BOUND, [case], [elbo(submission, world)], written.ELBO)
