"""A linear layer of one or several inputs: y[t] = sum over i of W_i x_i[t] + b.

Backwards, with d_y the gradient of y:

    d_x_i[t] = W_i^T d_y[t]        d_W_i = sum over t of d_y[t] x_i[t]^T        d_b = sum over t of d_y[t]
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from charrnn.kernels.arrays import Array
from charrnn.layers.parameters import Parameters
from charrnn.layers.products import PackedMatrix, Rows, WeightSum, flat, weight_sum, zero_row


class Projection:
    """A linear layer of one or several inputs.

    Args:
        parameters: the tensors.
        weights: names of the W_i (M, N).
        bias: name of b (M,); None for no bias.
        packed_dtype: data type of the matrices that are packed for products.
        training: whether gradients are needed.
    """

    def __init__(
        self,
        parameters: Parameters,
        weights: Sequence[str],
        bias: str | None,
        packed_dtype: np.dtype[Any],
        *,
        training: bool,
    ) -> None:
        self._weights, self._bias = list(weights), bias
        first = parameters[weights[0]]
        self.bias = zero_row(len(first), first.dtype) if bias is None else parameters.row(bias)
        self._unused = zero_row(len(first), first.dtype)
        self.packed = [PackedMatrix(parameters[name], packed_dtype, training=training) for name in weights]
        self._zeros = zero_row(parameters[weights[0]].shape[1], self.bias.dtype)

    def pack(self, part: int, parts: int) -> None:
        """Pack a thread's part of the weights for the matrix products."""
        for matrix in self.packed:
            matrix.pack(part, parts)

    def forward(self, inputs: Sequence[Array], y: Array, rows: Rows, first: int, last: int) -> None:
        """Write ``y`` (T, B, M) from the ``inputs`` (T, B, N), for the streams ``first`` to ``last``."""
        bias = rows.same(self.bias)
        for matrix, x in zip(self.packed, inputs, strict=True):
            matrix.multiply(x, bias, y, rows, first, last)
            bias = rows.adding_to(y)

    def backward(self, d_y: Array, d_inputs: Sequence[Array], rows: Rows, first: int, last: int) -> None:
        """Write the gradients ``d_inputs`` (T, B, N) from ``d_y`` (T, B, M), for the streams ``first`` to ``last``."""
        for matrix, d_x in zip(self.packed, d_inputs, strict=True):
            matrix.multiply_back(d_y, rows.same(self._zeros), d_x, rows, first, last)

    def weight_sums(self, gradient: Parameters, inputs: Sequence[Array], d_y: Array, rows: Rows) -> Iterator[WeightSum]:
        """Yield the sums over steps and rows that give the gradients of weights and bias; see ``WeightSum``."""
        sums = self._unused if self._bias is None else gradient.row(self._bias)
        for name, x in zip(self._weights, inputs, strict=True):
            yield weight_sum(flat(d_y), [(flat(x), gradient[name])], rows.zeros.reshape(-1), sums)
