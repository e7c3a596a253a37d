"""Norm and clipping of a gradient, for all optimizers. The gradient is a flat vector, cut into blocks of fixed size."""

from typing import NamedTuple

import numpy as np

from charrnn.kernels.intrinsics import clamp
from charrnn.kernels.jit import inlined, jit

BLOCK = 16384
"""Elements of a block, whatever the number of threads."""


class Clip(NamedTuple):
    """How the elements of a gradient are clipped."""

    scale: float
    """Factor that brings the global norm down to its limit; 1 for a norm below it."""
    limit: float
    """Largest absolute value after scaling."""


@jit
def block_squares(vector, sums, first_block, last_block):
    """Write the sum of squares of block i of ``vector`` to ``sums[i]``, in float64, for blocks first to last."""
    for block in range(first_block, last_block):
        part = vector[block * BLOCK : (block + 1) * BLOCK]
        total = 0.0
        for k in range(part.shape[0]):
            total += np.float64(part[k]) * np.float64(part[k])
        sums[block] = total


@inlined
def clipped(x, scale, limit):
    """``x * scale``, clamped to +-limit; NaN stays NaN. All three have one type."""
    return clamp(x * scale, -limit, limit)
