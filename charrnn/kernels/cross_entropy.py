"""Softmax, cross-entropy and its gradient in one pass over the logits."""

import numpy as np

from charrnn.kernels.activations import exp
from charrnn.kernels.jit import jit


@jit
def cross_entropy(logits, targets, classes, scale, losses, first_row, last_row):
    """Loss of each prediction; the logits become the gradient of ``scale`` times the sum of all losses.

    loss = -log softmax(logits)[target],  d_logits = scale * (softmax(logits) - onehot(target))

    Args:
        logits: (T, B, at least V); overwritten.
        targets: (T, B) integers below V.
        classes: V.
        scale: of the type of the logits.
        losses: (T, B) float64, written: nats.
        first_row: the first stream.
        last_row: one beyond the last stream.
    """
    for t in range(targets.shape[0]):
        for b in range(first_row, last_row):
            row = logits[t, b]
            top = row[0]
            for v in range(1, classes):
                if not row[v] <= top:  # a NaN becomes the top, and the loss a NaN
                    top = row[v]
            target = targets[t, b]
            shifted = row[target] - top
            total = row.dtype.type(0)
            for v in range(classes):
                e = exp(row[v] - top)
                row[v] = e
                total += e
            losses[t, b] = np.log(np.float64(total)) - np.float64(shifted)
            factor = scale / total
            for v in range(classes):
                row[v] *= factor
            row[target] -= scale
