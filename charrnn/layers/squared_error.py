"""Squared error with a weight for each prediction, such as 0 for padding.

    loss = sum of w[t, b] (y[t, b] - target[t, b])^2 / sum of w

Backwards: d_y[t, b] = 2 w[t, b] / sum of w * (y[t, b] - target[t, b]).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import Array, aligned_zeros, row_stride
from charrnn.kernels.squared_error import squared_errors


@dataclass
class SquaredError:
    """The arrays of a squared-error layer, for T steps of B rows of one number.

    Attributes:
        outputs: (T, B, at least 1): y; after ``backward``, its gradient.
        losses: (T, B) squared errors.
        scales: (T, B) each prediction's weight in the mean; they sum to 1.
    """

    outputs: Array
    losses: npt.NDArray[np.float64]
    scales: Array

    @classmethod
    def allocate(cls, steps: int, rows: int, dtype: np.dtype[Any]) -> "SquaredError":
        """Allocate for at most ``steps`` steps of ``rows`` rows."""
        outputs = aligned_zeros((steps, rows, row_stride(1, dtype.itemsize)), dtype)
        return cls(outputs, np.zeros((steps, rows)), np.ones((steps, rows), dtype))

    def shortened(self, steps: int) -> "SquaredError":
        """The same arrays for fewer steps."""
        return SquaredError(self.outputs[:steps], self.losses[:steps], self.scales[:steps])

    def weigh(self, weights: Array | None, targets: Array) -> None:
        """Set the weights (T, B) of the next predictions; None for equal weights.

        Raises:
            ValueError: the targets' shape or type does not fit.
        """
        if targets.shape != self.losses.shape or targets.dtype != self.scales.dtype:
            wanted, got = (f"{array.shape} of {array.dtype}" for array in (self.scales, targets))
            raise ValueError(f"targets must be {wanted}, not {got}: use a batch that fits")
        self.scales[:] = 1 / self.scales.size if weights is None else weights / (weights.sum() or 1)

    def backward(self, targets: Array, first: int, last: int) -> None:
        """Compute the losses of the rows ``first`` to ``last``; their outputs become the mean loss's gradient."""
        squared_errors(self.outputs, targets, self.scales, self.losses, first, last)

    def mean_loss(self, weights: Array | None) -> float:
        """The weighted mean of the squared errors; 0 if all weights are 0."""
        if weights is None:
            return float(self.losses.mean())
        return float((self.losses * weights).sum() / (weights.sum() or 1))
