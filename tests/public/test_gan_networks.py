"""Questions 4.1 and 4.2 on structure: what DNet and GNet execute, and the parameters that they own."""

from __future__ import annotations

from tests.support.homework.handout import DNET_SHAPES, gnet_shapes
from tests.support.judging.structure import DNET, GNET, require_parameters, require_table
from tests.support.marks import number, tags, visibility, weight
from tests.support.submission import Submission

OTHER_ZDIM = 5


@number("4.1")
@weight(1.0)
@visibility("visible")
@tags("gan", "networks")
def test_dnet_executes_table_1(submission: Submission) -> None:
    """DNet runs the layers of Table 1 with their settings, in order and nothing else."""
    require_table(submission, DNET)


@number("4.1")
@weight(0.5)
@visibility("visible")
@tags("gan", "networks")
def test_dnet_parameters_follow_table_1(submission: Submission) -> None:
    """DNet's weighted layers are those of Table 1, in its order: 593 parameters."""
    require_parameters(submission, DNET, DNET_SHAPES)


@number("4.2")
@weight(1.0)
@visibility("visible")
@tags("gan", "networks")
def test_gnet_executes_table_2(submission: Submission) -> None:
    """GNet runs the layers of Table 2 with their settings, in order and nothing else."""
    require_table(submission, GNET)


@number("4.2")
@weight(0.5)
@visibility("visible")
@tags("gan", "networks")
def test_gnet_parameters_follow_table_2(submission: Submission) -> None:
    """GNet's weighted layers stand in the order of Table 2: 107,777 parameters."""
    require_parameters(submission, GNET, gnet_shapes(64), zdim=64)
    require_parameters(submission, GNET, gnet_shapes(OTHER_ZDIM), zdim=OTHER_ZDIM)
