"""Squared errors with their gradient; and tanh in place, the activation of a tanh layer."""

import numpy as np

from charrnn.kernels.activations import tanh
from charrnn.kernels.jit import jit


@jit
def squared_errors(outputs, targets, scales, losses, first_row, last_row):
    """Compute each prediction's squared error, and overwrite the outputs with the gradient of their scaled sum.

    loss = (output - target)^2,  d_output = 2 scale (output - target)

    Args:
        outputs: (T, B, at least 1); the first column is overwritten.
        targets: (T, B) numbers of the outputs' type.
        scales: (T, B), of the same type; 0 for predictions that do not count.
        losses: (T, B) float64, written.
        first_row: the first row.
        last_row: one beyond the last row.
    """
    for t in range(targets.shape[0]):
        for b in range(first_row, last_row):
            error = outputs[t, b, 0] - targets[t, b]
            losses[t, b] = np.float64(error) * np.float64(error)
            outputs[t, b, 0] = scales[t, b] * (error + error)


@jit
def tanh_rows(x, units, first, last):
    """Apply tanh in place to the first ``units`` columns of rows ``first`` to ``last`` of x (T, B, at least units)."""
    for t in range(x.shape[0]):
        for b in range(first, last):
            row = x[t, b, :units]
            for k in range(units):
                row[k] = tanh(row[k])
