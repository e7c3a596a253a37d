"""tanh of rows of numbers, in place, and its backward pass."""

from charrnn.kernels.activations import tanh, tanh_gradient
from charrnn.kernels.jit import jit


@jit
def squash(x, units, first, last):
    """``x[t, b, u] = tanh(x[t, b, u])``.

    Args:
        x: (T, B, at least units).
        units: how many numbers of each row.
        first: the first row.
        last: one beyond the last row.
    """
    for t in range(x.shape[0]):
        for b in range(first, last):
            row = x[t, b]
            for u in range(units):
                row[u] = tanh(row[u])


@jit
def squash_back(y, d, units, first, last):
    """``d[t, b, u] *= 1 - y[t, b, u]^2``: from the gradient of y = tanh(x) to that of x; as in ``squash``."""
    for t in range(y.shape[0]):
        for b in range(first, last):
            row, d_row = y[t, b], d[t, b]
            for u in range(units):
                d_row[u] *= tanh_gradient(row[u])
