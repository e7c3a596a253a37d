"""Pooling over time, within each sequence's own length: the last value, mean and maximum of each unit."""

import numpy as np

from charrnn.kernels.jit import inlined, jit


@inlined
def add_step(values, step, units, total, highest, place):
    """Add the ``values`` of a step to ``total``, and note where they are above ``highest``.

    LLVM vectorises both loops only if it can see that the arrays do not overlap, and if ``step`` is an int32 like
    ``place``: 20 times faster.
    """
    for u in range(units):
        total[u] += values[u]
    for u in range(units):
        if values[u] > highest[u]:
            highest[u] = values[u]
            place[u] = step


@jit
def pool_rows(x, lengths, units, at_end, pooled, places, start, first, last):
    """Write each unit's last value, mean and maximum over time, in three adjacent blocks of columns.

    Args:
        x: (T, B, at least units).
        lengths: (B,) int32, 0 for a row of padding, whose summary is zero.
        units: H.
        at_end: whether the last value is that of the last step; else that of step 0, as for a layer that reads
            backwards.
        pooled: (1, B, at least start + 3 H), written from column ``start`` on: last, mean, maximum.
        places: (B, H) int32, written: the step of each maximum.
        start: the first column to write.
        first: the first row.
        last: one beyond the last row.
    """
    for b in range(first, last):
        n = lengths[b]
        row = pooled[0, b, start : start + 3 * units]
        if n == 0:
            for u in range(3 * units):
                row[u] = 0
            continue
        end, mean, highest, place = x[n - 1 if at_end else 0, b], row[units:], row[2 * units :], places[b]
        for u in range(units):
            row[u] = end[u]
            mean[u] = highest[u] = x[0, b, u]
            place[u] = 0
        for t in range(1, n):
            add_step(x[t, b], np.int32(t), units, mean, highest, place)
        factor = x.dtype.type(1) / x.dtype.type(n)
        for u in range(units):
            mean[u] *= factor


@jit
def pool_rows_back(d_pooled, lengths, units, at_end, d_x, places, start, first, last):
    """Backward pass of ``pool_rows``: write the gradient of ``x``, zero at padding; shapes as there."""
    for t in range(d_x.shape[0]):
        for b in range(first, last):
            n, d, place = lengths[b], d_x[t, b], places[b]
            if t >= n:
                for u in range(units):
                    d[u] = 0
                continue
            row = d_pooled[0, b, start : start + 3 * units]
            d_mean, d_highest, step = row[units:], row[2 * units :], np.int32(t)
            factor = d_x.dtype.type(1) / d_x.dtype.type(n)
            for u in range(units):
                d[u] = d_mean[u] * factor + (d_highest[u] if place[u] == step else d_x.dtype.type(0))
            if t == (n - 1 if at_end else 0):
                for u in range(units):
                    d[u] += row[u]
