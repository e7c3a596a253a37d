"""A hidden layer's activation, h[t] = tanh(a[t]), after which units may be dropped.

Backwards, with d_h the gradient of h: d_a[t] = d_h[t] (1 - h[t]^2).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from charrnn.kernels.arrays import Array, aligned_zeros, row_stride
from charrnn.kernels.dropout import dropout
from charrnn.kernels.lookup import tanh_back
from charrnn.kernels.squared_error import tanh_rows


@dataclass
class Hidden:
    """The arrays of a tanh layer with dropout, for T steps of B rows.

    Attributes:
        units: H.
        rate: dropout rate.
        h: (T, B, at least H): a, then h.
        outputs: (T, B, at least H): h after dropout, which the layer above reads; without dropout the array ``h``.
        d_outputs: the gradient of the outputs; after ``backward``, the gradient of a.
    """

    units: int
    rate: float
    h: Array
    outputs: Array
    d_outputs: Array

    @classmethod
    def allocate(cls, steps: int, rows: int, units: int, rate: float, dtype: np.dtype[Any]) -> "Hidden":
        """Allocate for T steps of B rows."""
        shape = (steps, rows, row_stride(units, dtype.itemsize))
        h = aligned_zeros(shape, dtype)
        return cls(units, rate, h, aligned_zeros(shape, dtype) if rate else h, aligned_zeros(shape, dtype))

    def shortened(self, steps: int) -> "Hidden":
        """The same arrays for fewer steps."""
        arrays = (array[:steps] for array in (self.h, self.outputs, self.d_outputs))
        return Hidden(self.units, self.rate, *arrays)

    def forward(self, first: int, last: int, dropout_seed: int | None) -> None:
        """Turn a into h and fill the outputs of the rows ``first`` to ``last``; ``dropout_seed`` None drops nothing."""
        tanh_rows(self.h, self.units, first, last)
        if self.rate:
            dropout(self.h, self.outputs, self.units, *self._mask(dropout_seed), first, last)

    def backward(self, first: int, last: int, dropout_seed: int | None) -> None:
        """Turn the gradient of the outputs into the gradient of a, in place."""
        if self.rate:
            dropout(self.d_outputs, self.d_outputs, self.units, *self._mask(dropout_seed), first, last)
        tanh_back(self.d_outputs, self.h, self.units, first, last)

    def _mask(self, seed: int | None) -> tuple[float, int]:
        """Rate and seed of the dropout mask."""
        return (0.0, 0) if seed is None else (self.rate, seed)
