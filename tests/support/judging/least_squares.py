"""Least squares on numbers that a student's process has sent, which may be of any size."""

from __future__ import annotations

import numpy as np


def least_squares(design: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, int] | None:
    """The numbers (columns,) that bring `design @ numbers` nearest to `wanted` (rows,), and the rank of `design`.

    None where float64 cannot hold what the solution needs: infinite or NaN numbers, or sums of squares that overflow.
    """
    if not (np.all(np.isfinite(design)) and np.all(np.isfinite(wanted))):
        return None
    try:
        numbers, _, rank, _ = np.linalg.lstsq(design, wanted, rcond=None)
    except np.linalg.LinAlgError:
        return None
    return numbers, int(rank)
