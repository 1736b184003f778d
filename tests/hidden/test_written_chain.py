"""2.3 to 2.5, hidden: the forward chain, its posterior and the conditional score, against their joint laws."""

from __future__ import annotations

from tests.hidden import written_cases
from tests.support.homework import chain, conditional, posterior
from tests.support.homework.written import Formula
from tests.support.judging import conditional as judging_conditional
from tests.support.judging.written import Asked, Case, judge, observe, recognise
from tests.support.marks import number, tags, visibility, weight
from tests.support.submission import Submission
from tests.support.verdicts import Blocked, Verdict, Wrong

MARGINAL = Asked(
    "2.3",
    "forward_marginal",
    ("the mean", "the variance"),
    "Question 2.3: put x_{t-1} into x_t, step by step",
    isotropic=1,
)
POSTERIOR = Asked("2.4", "posterior_mean", ("the mean",), "Question 2.4: both hints")
FROM_NOISE = Asked("2.4", "posterior_mean_from_noise", ("the mean",), "Question 2.4: put x_0 from 2.3 into the mean")
FOLLOWS = "This follows from your abar_t, which is charged once, in 2.3: with it, this is right."


@number("2.3")
@weight(1.5)
@visibility("after_published")
@tags("written")
def test_forward_marginal_has_the_mean_of_the_chain(submission: Submission) -> None:
    """The mean of x_t given x_0 is that of the forward process, for every t."""
    _judge_marginal(submission, 0)


@number("2.3")
@weight(1.5)
@visibility("after_published")
@tags("written")
def test_forward_marginal_has_the_variance_of_the_chain(submission: Submission) -> None:
    """The variance of x_t given x_0 is that of the forward process, for every t."""
    try:
        _judge_marginal(submission, 1)
    except Wrong:
        if not _follows(submission, MARGINAL, written_cases.marginals(submission.seed), 1, chain.FORWARD_VARIANCE):
            raise
        submission.note(FOLLOWS)


def _judge_marginal(submission: Submission, part: int) -> None:
    cases = written_cases.marginals(submission.seed)
    mistakes = (chain.FORWARD_MEAN, chain.FORWARD_VARIANCE)[part]
    judge(submission, MARGINAL, cases, mistakes, parts=(part,))


def _follows(submission: Submission, asked: Asked, cases: list[Case], part: int, mistakes: tuple[Formula, ...]) -> bool:
    """Whether a result is what the abar_t gives that the mean of 2.3 was recognised by."""
    marginals = written_cases.marginals(submission.seed)
    try:
        first = recognise(observe(submission, MARGINAL, marginals), marginals, [0], chain.FORWARD_MEAN)
        if first is None or not first.name.startswith(chain.ABAR):
            return False
        same = [one for one in mistakes if one.name == first.name]
        return recognise(observe(submission, asked, cases), cases, [part], same) is not None
    except Verdict:
        return False


@number("2.4")
@weight(1.25)
@visibility("after_published")
@tags("written")
def test_posterior_mean_is_that_of_the_conditioned_chain(submission: Submission) -> None:
    """For t > 1 the mean of x_{t-1} given x_t and x_0 is that of the chain's Gaussian."""
    _judge_posterior(submission, POSTERIOR, written_cases.posteriors(submission.seed), posterior.POSTERIOR_MEAN)


@number("2.4")
@weight(1.25)
@visibility("after_published")
@tags("written")
def test_posterior_mean_from_noise_is_that_of_the_conditioned_chain(submission: Submission) -> None:
    """For t > 1 the same mean follows from x_t and the noise in it."""
    cases = written_cases.posteriors_from_noise(submission.seed)
    _judge_posterior(submission, FROM_NOISE, cases, posterior.POSTERIOR_MEAN_FROM_NOISE)


def _judge_posterior(submission: Submission, asked: Asked, cases: list[Case], mistakes: tuple[Formula, ...]) -> None:
    try:
        judge(submission, asked, cases, mistakes)
    except Wrong:
        if not _follows(submission, asked, cases, 0, mistakes):
            raise
        submission.note(FOLLOWS)


@number("2.4")
@weight(0.5)
@visibility("after_published")
@tags("written")
def test_posterior_mean_of_the_first_step_is_x_0(submission: Submission) -> None:
    """At t = 1 the mean is x_0, which is known, in both forms."""
    seed = submission.seed
    try:
        _judge_posterior(submission, POSTERIOR, written_cases.posteriors(seed), posterior.POSTERIOR_MEAN)
    except Wrong:
        raise Blocked("First the mean must be right for t > 1.") from None
    first = written_cases.posteriors(seed, first=True)
    _judge_posterior(submission, POSTERIOR, first, posterior.POSTERIOR_OF_THE_FIRST_STEP)
    try:
        judge(submission, FROM_NOISE, written_cases.posteriors_from_noise(seed))
    except Verdict:
        return  # what is wrong for t > 1 is charged there
    judge(submission, FROM_NOISE, written_cases.posteriors_from_noise(seed, first=True))


@number("2.5")
@weight(3)
@visibility("after_published")
@tags("written")
def test_conditional_score_is_the_gradient_of_the_posterior(submission: Submission) -> None:
    """The conditional score is the gradient of the log posterior, for any lambda > 0."""
    drawn = written_cases.conditional(submission.seed)
    judging_conditional.judge(submission, drawn, conditional.CONDITIONAL_SCORE)
