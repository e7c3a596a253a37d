"""What every optimizer needs of the gradient: its norm, and clipped elements. Flat vectors, cut into fixed blocks."""

from typing import NamedTuple

import numpy as np

from charrnn.kernels.intrinsics import clamp
from charrnn.kernels.jit import inlined, jit

BLOCK = 16384
"""Elements of a flat vector that are summed and updated together, whatever the number of threads."""


class Clip(NamedTuple):
    """How a gradient element is clipped on its way into an update."""

    scale: float
    """Factor that brings the global norm down to its limit; 1 where it is below."""
    limit: float
    """Largest absolute value after scaling."""


@jit
def block_squares(vector, sums, first_block, last_block):
    """``sums[i]``: the sum of squares of block i of ``vector``, in float64; their total is the squared norm."""
    for block in range(first_block, last_block):
        part = vector[block * BLOCK : (block + 1) * BLOCK]
        total = 0.0
        for k in range(part.shape[0]):
            total += np.float64(part[k]) * np.float64(part[k])
        sums[block] = total


@inlined
def clipped(x, scale, limit):
    """``x * scale``, kept within +-limit; a NaN stays a NaN. All of one type."""
    return clamp(x * scale, -limit, limit)
