"""Pooling over time, within each sequence's own length: the last value, mean and maximum of each unit."""

from charrnn.kernels.jit import jit


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
        end = n - 1 if at_end else 0
        for u in range(units):
            row[u] = x[end, b, u]
            row[units + u] = 0
            row[2 * units + u] = x[0, b, u]
            places[b, u] = 0
        for t in range(n):
            for u in range(units):
                value = x[t, b, u]
                row[units + u] += value
                if value > row[2 * units + u]:
                    row[2 * units + u] = value
                    places[b, u] = t
        factor = x.dtype.type(1) / x.dtype.type(n)
        for u in range(units):
            row[units + u] *= factor


@jit
def pool_rows_back(d_pooled, lengths, units, at_end, d_x, places, start, first, last):
    """Backward pass of ``pool_rows``: write the gradient of ``x``, zero at padding; shapes as there."""
    for t in range(d_x.shape[0]):
        for b in range(first, last):
            n = lengths[b]
            if t >= n:
                for u in range(units):
                    d_x[t, b, u] = 0
                continue
            row = d_pooled[0, b, start : start + 3 * units]
            factor = d_x.dtype.type(1) / d_x.dtype.type(n)
            for u in range(units):
                d = row[units + u] * factor
                if places[b, u] == t:
                    d += row[2 * units + u]
                d_x[t, b, u] = d
            if t == (n - 1 if at_end else 0):
                for u in range(units):
                    d_x[t, b, u] += row[u]
