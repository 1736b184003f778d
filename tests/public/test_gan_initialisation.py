"""Question 4.3: biases, and the bound of the weights."""

from __future__ import annotations

from tests.support import laws
from tests.support.judging.initial_laws import Specimens
from tests.support.judging.initialisation import (
    bound_tests,
    fresh,
    judge_each,
    require_fresh,
    require_zero_biases,
)
from tests.support.marks import number, tags, visibility, weight
from tests.support.submission import Submission


@number("4.3")
@weight(0.5)
@visibility("visible")
@tags("gan", "initialisation")
def test_biases_start_at_zero(submission: Submission) -> None:
    """Every bias of DNet and GNet starts at exactly 0."""

    def check(network: Specimens) -> None:
        require_zero_biases(fresh(submission, network), network)

    judge_each(check)


@number("4.3")
@weight(0.5)
@visibility("visible")
@tags("gan", "initialisation")
def test_weights_reach_the_kaiming_bound(submission: Submission) -> None:
    """The weights of every layer, drawn anew each time, fill kaiming_uniform's range."""

    def check(network: Specimens) -> None:
        require_fresh(fresh(submission, network), network)
        laws.judge(
            lambda seed, factor: bound_tests(fresh(submission, network, seed, factor), network, submission.quote)
        )

    judge_each(check)
