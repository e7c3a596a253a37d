"""Pooling of a sequence into one vector: the last value, mean and maximum over time of each unit.

    last = h[end]      mean = sum of h[t] / n      max = max over t of h[t]          n steps, padding left out

A layer that reads backwards has its outputs in the text's order, so its last output is that of the first step.
Backwards, with d the gradient of the pooled vector:

    d_h[t] = d_mean / n + [t is where the maximum is] d_max + [t is the end] d_last

In training, dropout may follow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import Array, aligned_zeros, row_stride
from charrnn.kernels.dropout import dropout
from charrnn.kernels.pooling import pool_rows, pool_rows_back

SUMMARIES = 3
"""Pooled values of each unit: last, mean and maximum."""


@dataclass
class Pooling:
    """The arrays of a pooling layer, for B rows and D directions of H units.

    Attributes:
        units: H.
        pooled: (1, B, at least 3 D H): the pooled values.
        d_pooled: (1, B, at least 3 D H): their gradient.
        places: (D, B, H): the steps of the maxima.
        dropout: dropout rate.
    """

    units: int
    pooled: Array
    d_pooled: Array
    places: npt.NDArray[np.int32]
    dropout: float = 0.0

    @classmethod
    def allocate(cls, units: int, directions: int, rows: int, dtype: np.dtype[Any], dropout: float = 0.0) -> "Pooling":
        """Allocate for B ``rows``."""
        shape = (1, rows, row_stride(SUMMARIES * directions * units, dtype.itemsize))
        places = np.zeros((directions, rows, units), np.int32)
        return cls(units, aligned_zeros(shape, dtype), aligned_zeros(shape, dtype), places, dropout)

    def forward(
        self, outputs: Sequence[Array], lengths: Array, first: int, last: int, *, dropout_seed: int | None = None
    ) -> None:
        """Pool the ``outputs`` (T, B, H), one array for each direction, of the rows ``first`` to ``last``.

        ``dropout_seed`` is the seed of the dropout mask; None switches dropout off.
        """
        for direction, x in enumerate(outputs):
            places, start = self.places[direction], direction * SUMMARIES * self.units
            pool_rows(x, lengths, self.units, direction == 0, self.pooled, places, start, first, last)
        self._drop(self.pooled, dropout_seed, first, last)

    def backward(
        self, d_outputs: Sequence[Array], lengths: Array, first: int, last: int, *, dropout_seed: int | None = None
    ) -> None:
        """Write the gradients of the outputs from ``d_pooled``, which is overwritten."""
        self._drop(self.d_pooled, dropout_seed, first, last)
        for direction, d_x in enumerate(d_outputs):
            places, start = self.places[direction], direction * SUMMARIES * self.units
            pool_rows_back(self.d_pooled, lengths, self.units, direction == 0, d_x, places, start, first, last)

    def _drop(self, vectors: Array, seed: int | None, first: int, last: int) -> None:
        if self.dropout and seed is not None:
            width = SUMMARIES * len(self.places) * self.units
            dropout(vectors, vectors, width, self.dropout, seed, first, last)
