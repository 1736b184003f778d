"""5.4: the figures of the report."""

from tests.support.marks import number, tags, visibility, weight
from tests.support.submission import Submission


@number("5.4")
@weight(0)
@visibility("visible")
@tags("report")
def test_figures_are_graded_by_hand(submission: Submission) -> None:
    """The figures of the score, the samples and the trajectories, in the report."""
    submission.leave_to_people("People grade the figures in your report; nothing is checked here.")
