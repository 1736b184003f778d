"""Which files are taken beside the sources: what a student trained, by name, and how large each may be."""

from __future__ import annotations

import re

GRID = re.compile(r"test_(\d{1,4})\.png")
"""The generated images of an epoch."""
MOST_GRIDS = 12
_LARGEST = {"model.ckpt": 8 * 2**20, "samples.npz": 16 * 2**20}
_LARGEST_GRID = 2**20


def largest(name: str) -> int:
    """Bytes that a file of this name may have; 0 for a name that is not taken."""
    return _LARGEST_GRID if GRID.fullmatch(name) else _LARGEST.get(name, 0)


def selected(names: list[str]) -> list[str]:
    """Of these names, those that are taken: of the grids only those of the latest epochs."""
    grids = sorted((int(match[1]), name) for name in set(names) if (match := GRID.fullmatch(name)))
    return [name for name in _LARGEST if name in names] + [name for _, name in grids[-MOST_GRIDS:]]
