"""What is accepted, what earns part of the points, and which mistakes are recognised by name.

An instructor reads and changes this module, and nothing else, to decide what counts as right. A convention with credit
1 is as good as the handout's own; one between 0 and 1 earns that share of the check's points; a recognised mistake has
credit 0 and exists for its message only.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Convention:
    """A reading of the handout: its credit in [0, 1], and the sentence a student reads when it is recognised."""

    name: str
    credit: float
    message: str


# --- Problem 4 ---

# --- Problem 5 ---
