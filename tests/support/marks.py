"""How a check says what it is worth, who sees it, and what must pass before it is judged.

The first three are gradescope-utils' own decorators, read by the collector; `requires` is ours.
"""

from collections.abc import Callable
from typing import TypeVar

from gradescope_utils.autograder_utils.decorators import number, tags, visibility, weight

__all__ = ["number", "requires", "tags", "visibility", "weight"]

Check = TypeVar("Check", bound=Callable[..., object])


def requires(*names: str) -> Callable[[Check], Check]:
    """Name the checks (test functions, without `test_`) that must pass before this one is judged."""

    def mark(check: Check) -> Check:
        check.__requires__ = names  # type: ignore[attr-defined]  # read by the collector, like gradescope-utils' own
        return check

    return mark
