"""From a student's tensor to an array of the probe's own."""

from __future__ import annotations

import numpy as np
import torch


def as_array(tensor: torch.Tensor, dtype: torch.dtype | None = None) -> np.ndarray:
    """A copy of a tensor's values, of its own type or of this one: what happens to the tensor later changes nothing."""
    return np.array(tensor.detach().to(device="cpu", dtype=dtype).numpy())
