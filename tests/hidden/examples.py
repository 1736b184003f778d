"""The examples of a check, the same for everybody: in any process, beside any other module, with any version.

Hypothesis draws examples also from the constants of whatever local modules happen to be loaded, derandomised or not: a
student's own process would see others than the grader's. So the examples of a check are listed (`hypothesis.example`),
and nothing is drawn while it runs.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

Range = tuple[int, int]

SEEDS: Range = (0, 2**32 - 1)
"""Seeds of the random numbers of a check."""


def listed(n: int, ranges: dict[str, Range]) -> list[dict[str, int]]:
    """`n` examples, one number from each range: the smallest of each, the largest of each, then evenly drawn ones.

    Drawn by `random.Random.random`, the one method whose sequence Python promises to keep
    (docs.python.org/3/library/random.html, Notes on Reproducibility).
    """
    rng = random.Random(446)
    ends = [{name: end[k] for name, end in ranges.items()} for k in (0, 1)]
    drawn = [
        {name: low + int((high - low + 1) * rng.random()) for name, (low, high) in ranges.items()} for _ in range(n - 2)
    ]
    return [*ends, *drawn][:n]


def with_examples(count: int, /, **ranges: Range) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a check on `count` listed examples, each with one number from each range (both ends included)."""

    def mark(check: Callable[..., None]) -> Callable[..., None]:
        for values in reversed(listed(count, ranges)):  # the decorator nearest to the function runs last
            check = example(**values)(check)
        strategies = {name: st.integers(low, high) for name, (low, high) in ranges.items()}
        return settings(phases=[Phase.explicit])(given(**strategies)(check))

    return mark
