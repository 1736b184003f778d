"""How a check says what it is worth and who sees it: gradescope-utils' own decorators, read by the collector."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from gradescope_utils.autograder_utils import decorators

__all__ = ["number", "tags", "visibility", "weight"]

Check = TypeVar("Check", bound=Callable[..., object])


class Mark(Protocol):
    """Leaves a check as it is, but for what is read of it."""

    def __call__(self, check: Check, /) -> Check: ...


number: Callable[[str], Mark] = decorators.number
weight: Callable[[float], Mark] = decorators.weight
visibility: Callable[[str], Mark] = decorators.visibility
tags: Callable[..., Mark] = decorators.tags
