"""How fast one core reads weights: as a packed matvec, and as plain memory of the same size.

To draw a character of one text, each weight is read once and used once, so that reading is the limit. Memory of the
weights' size that is read again and again lies in the cache level in which the weights lie.
"""

from functools import cache, partial
from typing import Any

import numba
import numpy as np

from benchmarks.cases.contract import Inputs, seconds_of
from benchmarks.cases.products import product
from benchmarks.shared.clock import seconds_of_call
from benchmarks.shared.shape import Shape
from charrnn.kernels.arrays import aligned_zeros
from charrnn.kernels.intrinsics import wide_vectors

SECONDS = 0.1
"""To measure one rate."""


def weight_bytes(shape: Shape, precision: str) -> int:
    """Bytes of the weights that multiply something for each character."""
    return shape.weights_read * {"float64": 8, "float32": 4, "bf16": 2}[precision]


def matvec_rate(shape: Shape, precision: str) -> float:
    """GB/s at which one product of a row with all weights of a shape, packed as one matrix, reads them."""
    case = matvec(shape.hidden, shape.weights_read // shape.hidden, precision)
    return weight_bytes(shape, precision) / seconds_of(case, SECONDS).seconds / 1e9


@cache
def matvec(depth: int, columns: int, precision: str) -> Any:
    """The product of a row with a matrix ``depth`` x ``columns``."""
    inputs = Inputs(Shape(depth, 1, 1, 1, 1), precision)
    return product(inputs, "matvec", 1, 1, depth, columns)


def read_rate(size: int) -> float:
    """GB/s at which one core reads ``size`` bytes again and again."""
    memory = aligned_zeros(size // 8, np.int64)
    memory[:] = 1  # what was never written is one and the same page, again and again
    read(memory, 1)
    passes, elapsed = 1, 0.0
    while elapsed < SECONDS / 2:
        passes *= 2
        elapsed = seconds_of_call(partial(read, memory, passes))
    return memory.nbytes * passes / elapsed / 1e9


@numba.njit(nogil=True)
def read(memory, passes):
    """All bits of all numbers together, so that none can be left out."""
    wide_vectors()
    bits = np.int64(0)
    for n in range(passes):
        for k in range(memory.shape[0]):
            bits |= memory[k] + n  # not the same in each pass, which would make one of them
    return bits
