"""Norm and clipping of a gradient, a flat vector in blocks of fixed size, for all optimizers."""

from typing import NamedTuple

import numpy as np

from charrnn.kernels.intrinsics import clamp
from charrnn.kernels.jit import inlined, jit

BLOCK = 16384
"""Elements of a block; it does not depend on the number of threads."""


class Clip(NamedTuple):
    """How the elements of a gradient are clipped."""

    scale: float
    """Factor that brings the global norm down to its limit; 1 for a norm below it."""
    limit: float
    """Largest absolute value after scaling."""


@jit
def block_squares(vector, sums, first_block, last_block):
    """Write the sum of squares of each block i of ``vector`` to ``sums[i]``, in float64."""
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
