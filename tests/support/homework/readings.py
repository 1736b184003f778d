"""What a reading of a line of the handout is: its name, what it earns, and the sentence a student reads."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """A reading of the handout: its credit in [0, 1], and the sentence a student reads when it is recognised."""

    name: str
    credit: float
    message: str
