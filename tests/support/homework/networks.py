"""Readings of Tables 1 and 2 (4.1, 4.2) and of the ScoreNet (5.1)."""

from __future__ import annotations

from tests.support.homework.readings import Reading

ONE_SETTING = Reading(
    "one setting of one row differs",
    0.5,
    "Everything else follows the table, so this one setting costs half of the check.",
)
ANOTHER_ORDER = Reading(
    "rows in another order", 0.0, "All layers of the table run, but not in its order; the handout asks for it exactly."
)
FLAT_LOGITS = Reading(
    "logits of shape (N,)",
    0.5,
    "The values are right; the shape is not: a squeeze or a view has removed the last dimension, of length 1.",
)

SCORENET_ONE_DIFFERENCE_CREDIT = 0.5
"""What a ScoreNet earns in which exactly one thing differs from eight linear layers with Softplus between."""
