"""Softmax cross-entropy with a weight for each prediction, such as 0 for padding.

    loss = sum of w[t, b] * -log softmax(logits[t, b])[target[t, b]] / sum of w

Backwards: d_logits[t, b] = w[t, b] / sum of w * (softmax(logits[t, b]) - onehot(target[t, b])).

With label smoothing e (Szegedy et al. 2016), the target is not onehot(target) but (1 - e) onehot(target) + e / V.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import Array, aligned_zeros, row_stride
from charrnn.kernels.cross_entropy import cross_entropy, smoothed_cross_entropy


@dataclass
class Softmax:
    """The arrays of a softmax layer, for T steps of B streams.

    Attributes:
        classes: V.
        logits: (T, B, at least V); after ``backward``, their gradient.
        losses: (T, B) nats.
        scales: (T, B) each prediction's weight in the mean loss; they sum to 1.
    """

    classes: int
    logits: Array
    losses: npt.NDArray[np.float64]
    scales: Array

    @classmethod
    def allocate(cls, steps: int, streams: int, classes: int, dtype: np.dtype[Any]) -> "Softmax":
        """Allocate for at most ``steps`` steps of ``streams`` streams."""
        shape = (steps, streams)
        logits = aligned_zeros((*shape, row_stride(classes, dtype.itemsize)), dtype)
        return cls(classes, logits, np.zeros(shape), np.ones(shape, dtype))

    def part(self, first: int, last: int) -> "Softmax":
        """The same arrays for the steps from ``first`` to ``last``."""
        arrays = (array[first:last] for array in (self.logits, self.losses, self.scales))
        return Softmax(self.classes, *arrays)

    def weigh(self, weights: Array | None, targets: Array) -> None:
        """Set the weights (T, B) of the next predictions; None for equal weights.

        Raises:
            ValueError: the shape of the targets does not fit, or padding is not an id.
        """
        if targets.shape != self.losses.shape:
            raise ValueError(
                f"targets must be of shape {self.losses.shape}, not {targets.shape}: use a batch that fits"
            )
        if weights is not None and not 0 <= targets.min() <= targets.max() < self.classes:
            raise ValueError(f"targets must be 0 to {self.classes - 1}, padding too: give padding any id")
        self.scales[:] = 1 / self.scales.size if weights is None else weights / (weights.sum() or 1)

    def backward(self, targets: Array, first: int, last: int, *, smoothing: float = 0.0) -> None:
        """Compute the losses of the streams ``first`` to ``last``; their logits become the mean loss's gradient."""
        if smoothing:
            smoothed_cross_entropy(self.logits, targets, self.classes, smoothing, self.scales, self.losses, first, last)
            return
        cross_entropy(self.logits, targets, self.classes, self.scales, self.losses, first, last)

    def mean_loss(self, weights: Array | None) -> float:
        """The weighted mean of the losses, in nats; 0 if all weights are 0."""
        if weights is None:
            return float(self.losses.mean())
        return float((self.losses * weights).sum() / (weights.sum() or 1))
