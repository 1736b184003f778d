"""Question 4.3: the law of the initial weights."""

from __future__ import annotations

from tests.support import laws
from tests.support.judging.initialisation import Specimens, fresh, judge_each, law_tests, require_fresh
from tests.support.judging.recognition import carries_forward
from tests.support.marks import number, tags, visibility, weight
from tests.support.submission import Submission


@number("4.3")
@weight(1.0)
@visibility("after_published")
@tags("gan", "initialisation")
def test_initial_weights_follow_the_uniform_law(submission: Submission) -> None:
    """The weights of every layer are independent draws of kaiming_uniform's law."""

    def check(network: Specimens) -> None:
        if not carries_forward():
            require_fresh(fresh(submission, network), network)
        notes: list[str] = []
        laws.judge(lambda seed, factor: law_tests(fresh(submission, network, seed, factor), network, notes.append))
        for note in notes:
            submission.note(note)

    judge_each(check)
