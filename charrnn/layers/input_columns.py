"""Numeric input: F numbers at each step, multiplied by the weights of the layer above.

    y[t] = W x[t] + start[t]            start: a bias, or an array to which the product is added

Backwards, with d_y the gradient of y: d_W = sum over t of d_y[t] x[t]^T. No gradient of the numbers is needed.
"""

from typing import Any

import numpy as np

from charrnn.kernels.arrays import Array, aligned_zeros, row_stride
from charrnn.layers.parameters import Parameters
from charrnn.layers.products import Bias, PackedMatrix, Rows, WeightSum, flat, weight_sum, zero_row


class InputColumns:
    """A linear layer that reads numbers.

    Args:
        parameters: the tensors.
        weight: name of W (M, F).
        packed_dtype: type of packed factors.
    """

    def __init__(self, parameters: Parameters, weight: str, packed_dtype: np.dtype[Any]) -> None:
        self._weight, w = weight, parameters[weight]
        self._packed = PackedMatrix(w, packed_dtype, training=False)
        self._unused = zero_row(len(w), w.dtype)

    def pack(self, part: int, parts: int) -> None:
        """Pack a thread's part of the weights for the matrix products."""
        self._packed.pack(part, parts)

    def forward(self, x: Array, start: Bias, y: Array, rows: Rows, first: int, last: int) -> None:
        """Write ``y`` (T, B, M) from ``x`` (T, B, at least F), for the rows ``first`` to ``last``."""
        self._packed.multiply(x, start, y, rows, first, last)

    def weight_sum(self, gradient: Parameters, x: Array, d_y: Array, rows: Rows, bias: str | None) -> WeightSum:
        """Return the weight sum that gives the gradients of W and, if ``start`` was a bias, of that one, ``bias``."""
        to = self._unused if bias is None else gradient.row(bias)
        return weight_sum(flat(d_y), [(flat(x), gradient[self._weight])], rows.zeros.reshape(-1), to)


def columns_in(x: Array, dtype: np.dtype[Any]) -> Array:
    """Copy numbers (T, B, F) to aligned, padded rows, as matrix products need them."""
    T, B, F = x.shape
    aligned = aligned_zeros((T, B, row_stride(F, dtype.itemsize)), dtype)
    aligned[:, :, :F] = x
    return aligned
