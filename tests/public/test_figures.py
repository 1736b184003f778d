"""5.4: the figures of the report."""

from tests.support.marks import number, tags, visibility, weight


@number("5.4")
@weight(0)
@visibility("visible")
@tags("report")
def test_figures_are_graded_by_hand() -> None:
    """The figures of the score, the samples and the trajectories are graded by hand from the report."""
