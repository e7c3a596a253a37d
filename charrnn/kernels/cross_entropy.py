"""Softmax cross-entropy, with the gradient for training or the targets' ranks for scoring; and log softmax."""

import numpy as np

from charrnn.kernels.activations import exp
from charrnn.kernels.intrinsics import from_rank, to_rank
from charrnn.kernels.jit import inlined, jit


@inlined
def highest(row, classes):
    """The largest of the first ``classes`` logits.

    NaN with a positive sign counts as the largest, NaN with a negative sign as the smallest. Either makes the loss NaN.
    """
    top = to_rank(row[0])
    for v in range(1, classes):
        rank = to_rank(row[v])
        top = rank if rank > top else top
    return from_rank(top)


@jit
def cross_entropy(logits, targets, classes, scales, losses, first_row, last_row):
    """Compute each prediction's loss, and overwrite the logits with the gradient of the scaled sum of losses.

    loss = -log softmax(logits)[target],  d_logits = scale * (softmax(logits) - onehot(target))

    Args:
        logits: (T, B, at least V); overwritten.
        targets: (T, B) integers below V.
        classes: V.
        scales: (T, B), of the type of the logits; 0 for predictions that do not count.
        losses: (T, B) float64, written: nats.
        first_row: the first stream.
        last_row: one beyond the last stream.
    """
    for t in range(targets.shape[0]):
        for b in range(first_row, last_row):
            row = logits[t, b]
            top = highest(row, classes)
            target = targets[t, b]
            shifted = row[target] - top
            total = row.dtype.type(0)
            for v in range(classes):
                e = exp(row[v] - top)
                row[v] = e
                total += e
            losses[t, b] = np.log(np.float64(total)) - np.float64(shifted)
            scale = scales[t, b]
            factor = scale / total
            for v in range(classes):
                row[v] *= factor
            row[target] -= scale


@jit
def token_losses(logits, targets, classes, losses, ranks, first_row, last_row):
    """Compute each prediction's loss and its target's rank among all classes; the logits are kept.

    loss = -log softmax(logits)[target]

    Args:
        logits: (T, B, at least V).
        targets: (T, B) integers below V.
        classes: V.
        losses: (T, B) float64, written: nats.
        ranks: (T, B) int32, written: 1 for the most probable class; ties rank in the order of the classes.
        first_row: the first stream.
        last_row: one beyond the last stream.
    """
    for t in range(targets.shape[0]):
        for b in range(first_row, last_row):
            row = logits[t, b]
            top = highest(row, classes)
            total = row.dtype.type(0)
            for v in range(classes):
                total += exp(row[v] - top)
            target = targets[t, b]
            own = row[target]
            rank = np.int32(1)
            for v in range(classes):
                if row[v] > own:
                    rank += np.int32(1)
            for v in range(target):
                if row[v] == own:
                    rank += np.int32(1)
            losses[t, b] = np.log(np.float64(total)) - np.float64(own - top)
            ranks[t, b] = rank


@jit
def smoothed_cross_entropy(logits, targets, classes, smoothing, scales, losses, first_row, last_row):
    """Do what ``cross_entropy`` does, with smoothed targets q = (1 - e) onehot(target) + e / V.

    loss = -sum over v of q[v] log softmax(logits)[v],  d_logits = scale * (softmax(logits) - q)

    Args:
        logits: (T, B, at least V); overwritten.
        targets: (T, B) integers below V.
        classes: V.
        smoothing: e, in [0, 1).
        scales: (T, B), of the type of the logits; 0 for predictions that do not count.
        losses: (T, B) float64, written: nats.
        first_row: the first stream.
        last_row: one beyond the last stream.
    """
    even = logits.dtype.type(smoothing / classes)
    own = logits.dtype.type(1 - smoothing)
    for t in range(targets.shape[0]):
        for b in range(first_row, last_row):
            row = logits[t, b]
            top = highest(row, classes)
            target = targets[t, b]
            expected = own * (row[target] - top)
            total = row.dtype.type(0)
            for v in range(classes):
                shifted = row[v] - top
                expected += even * shifted
                e = exp(shifted)
                row[v] = e
                total += e
            losses[t, b] = np.log(np.float64(total)) - np.float64(expected)
            scale = scales[t, b]
            factor = scale / total
            for v in range(classes):
                row[v] = row[v] * factor - scale * even
            row[target] -= scale * own


@jit
def log_softmax(logits, classes, out, first_row, last_row):
    """``out[b, v] = log softmax(logits[0, b])[v]``.

    Args:
        logits: (1, B, at least V).
        classes: V.
        out: (B, V) float64, written.
        first_row: the first stream.
        last_row: one beyond the last stream.
    """
    for b in range(first_row, last_row):
        row = logits[0, b]
        top = np.float64(highest(row, classes))
        total = np.float64(0)
        for v in range(classes):
            total += exp(np.float64(row[v]) - top)
        rest = np.log(total) + top
        for v in range(classes):
            out[b, v] = np.float64(row[v]) - rest
