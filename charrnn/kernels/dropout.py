"""Dropout (Srivastava et al. 2014, scaled at training time) whose mask is a hash of its position.

The mask is neither stored nor drawn from a random generator: it is a hash of (seed, time step, stream, unit). So the
backward pass can recompute it, and it depends neither on the number of threads nor on whether a run was resumed. A
process that trains some streams of a batch drops what one process with all streams would drop; see ``seed_of_streams``.
"""

import numpy as np

from charrnn.kernels.jit import jit

u32 = np.uint32


SEED_BITS = 32
"""Bits of a dropout seed below the number of the first stream."""

LARGEST_SUM = 1 << 30
"""More than layers subtract from a seed to have masks of their own; such a seed may become negative."""


def seed_of_streams(seed, first_stream):
    """The dropout seed for arrays whose stream 0 is stream ``first_stream`` of the whole batch.

    Args:
        seed: the seed of the whole batch, from 0 to 2^31 - 1.
        first_stream: number of the first stream.
    """
    return (first_stream << SEED_BITS) + seed


@jit
def mix(x):
    """Hash a 32-bit integer to another, one to one, by two rounds of multiply and xor-shift."""
    x = u32(x ^ (x >> u32(16))) * u32(0x7FEB352D)
    x = u32(u32(x) ^ (u32(x) >> u32(15))) * u32(0x846CA68B)
    return u32(u32(x) ^ (u32(x) >> u32(16)))


@jit
def dropout(x, out, units, rate, dropout_seed, first_row, last_row):
    """``out[t, b, u] = x[t, b, u] / (1 - rate)`` with probability ``1 - rate``, else 0.

    The backward pass is the same function, applied to the gradient.

    Args:
        x: (T, B, at least units).
        out: like ``x``; may be ``x``.
        units: number of units in a row.
        rate: probability of a zero, in [0, 1).
        dropout_seed: a seed of 32 bits or of ``seed_of_streams``; equal ones give equal masks.
        first_row: the first stream.
        last_row: one beyond the last stream.
    """
    threshold = u32(rate * 4294967296.0)
    first_stream = (np.int64(dropout_seed) + LARGEST_SUM) >> SEED_BITS
    factor = x.dtype.type(1 / (1 - rate))
    zero = x.dtype.type(0)
    for t in range(x.shape[0]):
        for b in range(first_row, last_row):
            row = mix(u32(mix(u32(mix(u32(dropout_seed)) + u32(t))) + u32(first_stream + b)))
            for u in range(units):
                keep = mix(u32(row + u32(u))) >= threshold
                out[t, b, u] = x[t, b, u] * factor if keep else zero
