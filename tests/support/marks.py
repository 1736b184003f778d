"""How a check says what it is worth, who sees it, and what must pass before it is judged.

The first three are gradescope-utils' own decorators, read by the collector; `requires` is ours.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

from gradescope_utils.autograder_utils import decorators

__all__ = ["number", "requires", "tags", "visibility", "weight"]

Check = TypeVar("Check", bound=Callable[..., object])


class Mark(Protocol):
    """Leaves a check as it is, but for what is read of it."""

    def __call__(self, check: Check, /) -> Check: ...


number: Callable[[str], Mark] = decorators.number
weight: Callable[[float], Mark] = decorators.weight
visibility: Callable[[str], Mark] = decorators.visibility
tags: Callable[..., Mark] = decorators.tags


def requires(*names: str) -> Mark:
    """Name the checks (test functions, without `test_`) that must pass before this one is judged."""

    def mark(check: Check) -> Check:
        check.__requires__ = names  # type: ignore[attr-defined]  # read by the collector, like gradescope-utils' own
        return check

    return mark
