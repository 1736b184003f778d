"""What a course takes off for lateness: one formula, off by default, and never mixed with the points themselves."""

from __future__ import annotations

import re
from collections.abc import Callable

POLICY: Callable[[float, float], float] | None = None
"""Points that remain, of points and hours of lateness; None takes nothing off and leaves the column out. As an example,
a tenth for each day begun, after a grace of a quarter of an hour:

    POLICY = lambda points, hours: points * max(0.0, 1 - 0.1 * math.ceil(max(0.0, hours - 0.25) / 24))
"""


def hours(lateness: str) -> float:
    """Hours in the platform's `H:M:S`, which may exceed a day; 0 for anything else."""
    found = re.fullmatch(r"(\d{1,5}):(\d\d):(\d\d)", lateness.strip())
    return int(found[1]) + int(found[2]) / 60 + int(found[3]) / 3600 if found else 0.0


def remaining(points: float, lateness: str) -> float | None:
    """What remains under the policy, to a thousandth; None where there is none."""
    return None if POLICY is None else round(POLICY(points, hours(lateness)), 3)
