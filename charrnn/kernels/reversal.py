"""Reverse the sequences of a batch in time, each within its own length: padding stays at the end."""

from charrnn.kernels.jit import jit


@jit
def reverse_rows(x, lengths, units, out, first, last):
    """``out[t, b] = x[n - 1 - t, b]`` for t < n, with n = ``lengths[b]``, and 0 for later t.

    Args:
        x: (T, B, at least units).
        lengths: (B,) int32, at most T.
        units: number of columns.
        out: like ``x``, written.
        first: the first row.
        last: one beyond the last row.
    """
    for t in range(x.shape[0]):
        for b in range(first, last):
            n = lengths[b]
            if t < n:
                for u in range(units):
                    out[t, b, u] = x[n - 1 - t, b, u]
            else:
                for u in range(units):
                    out[t, b, u] = 0


@jit
def add_reversed(x, lengths, units, out, first, last):
    """``out[t, b] += x[n - 1 - t, b]`` for t < n, with n = ``lengths[b]``; arguments as in ``reverse_rows``."""
    for t in range(x.shape[0]):
        for b in range(first, last):
            n = lengths[b]
            if t < n:
                for u in range(units):
                    out[t, b, u] += x[n - 1 - t, b, u]
