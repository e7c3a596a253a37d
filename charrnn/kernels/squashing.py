"""tanh of each element, in place, and its backward pass."""

from charrnn.kernels.activations import tanh, tanh_gradient
from charrnn.kernels.jit import jit


@jit
def squash(x, units, first, last):
    """Apply tanh in place: ``x[t, b, u] = tanh(x[t, b, u])``.

    Args:
        x: (T, B, at least units).
        units: number of columns.
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
    """Turn the gradient ``d`` of y = tanh(x) into the gradient of x: ``d *= 1 - y^2``; shapes as in ``squash``."""
    for t in range(y.shape[0]):
        for b in range(first, last):
            row, d_row = y[t, b], d[t, b]
            for u in range(units):
                d_row[u] *= tanh_gradient(row[u])
