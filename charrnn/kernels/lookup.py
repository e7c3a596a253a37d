"""Products with concatenated one-hot vectors, computed as sums of table rows, and their gradients."""

from typing import Any, NamedTuple

from charrnn.kernels.activations import tanh, tanh_gradient
from charrnn.kernels.arrays import FloatArray
from charrnn.kernels.intrinsics import wide_vectors
from charrnn.kernels.jit import addressable, jit
from charrnn.kernels.packing import Packed


class LookupWeights(NamedTuple):
    """The weights and kernels that ``lookup_logits`` uses."""

    lookup: Any
    """``lookup_tanh``, by address."""
    matmul: Any
    """``matmul``, by address."""
    tables: FloatArray
    """(V, at least lags x H): see ``lookup_tanh``."""
    bias: FloatArray
    """(H,) bias of the hidden layer."""
    w_head: Packed
    """H x V, the projection to logits."""
    head_bias: FloatArray
    """(1, V) bias of the logits."""


@addressable
def lookup_logits(weights, buffers, first, last):
    """Compute a window's logits for the streams ``first`` to ``last``: the hidden layer, then the projection.

    Args:
        weights: LookupWeights.
        buffers: ``charrnn.kinds.contexts.ContextBuffers``; ``work`` is the hidden layer (T, B, at least H).
        first: the first stream.
        last: one beyond the last stream.
    """
    units = weights.bias.shape[0]
    lags = buffers.history.shape[0] - buffers.logits.shape[0] + 1
    weights.lookup(weights.tables, weights.bias, buffers.history, lags, buffers.work, units, first, last)
    weights.matmul(buffers.work, weights.w_head, weights.head_bias, buffers.no_ids, buffers.logits, first, last)


@addressable
def lookup_tanh(tables, bias, history, lags, hidden, units, first, last):
    """``hidden[t, b] = tanh(bias + sum over p < lags of tables[history[t + p, b] - 1, p])``, for ``units`` units.

    Args:
        tables: (V, at least lags x units): for each id, a block of units for each position p.
        bias: (units,).
        history: (T + lags - 1, B) int32: an id + 1, or 0 for no character, which adds nothing.
        lags: number of ids that a step reads.
        hidden: (T, B, at least units), written.
        units: H.
        first: the first stream.
        last: one beyond the last stream.
    """
    for t in range(hidden.shape[0]):
        for b in range(first, last):
            wide_vectors()
            row = hidden[t, b, :units]
            for k in range(units):
                row[k] = bias[k]
            for p in range(lags):
                character = history[t + p, b]
                if character:
                    part = tables[character - 1, p * units : (p + 1) * units]
                    for k in range(units):
                        row[k] += part[k]
            for k in range(units):
                row[k] = tanh(row[k])


@jit
def tanh_back(d_hidden, hidden, units, first, last):
    """Turn the gradient of ``hidden = tanh(a)`` into the gradient of a, in place; shapes as in ``lookup_tanh``."""
    for t in range(hidden.shape[0]):
        for b in range(first, last):
            d_row, row = d_hidden[t, b, :units], hidden[t, b, :units]
            for k in range(units):
                d_row[k] *= tanh_gradient(row[k])


@jit
def lookup_sums(d_a, history, lags, units, d_tables, d_bias, first, last):
    """Compute the gradients of the tables and of the bias from d_a, for units ``first`` to ``last`` of each block.

    The sums run over t, then b, however the units are split among threads.

    Args:
        d_a: (T, B, at least units), the gradient of a.
        history: as in ``lookup_tanh``.
        lags: as in ``lookup_tanh``.
        units: as in ``lookup_tanh``.
        d_tables: (V, at least lags x units), written.
        d_bias: (units,), written.
        first: the first unit.
        last: one beyond the last unit.
    """
    d_bias[first:last] = 0
    for p in range(lags):
        d_tables[:, p * units + first : p * units + last] = 0
    for t in range(d_a.shape[0]):
        for b in range(d_a.shape[1]):
            row, total = d_a[t, b, first:last], d_bias[first:last]
            for k in range(last - first):
                total[k] += row[k]
            for p in range(lags):
                character = history[t + p, b]
                if character:
                    part = d_tables[character - 1, p * units + first : p * units + last]
                    for k in range(last - first):
                        part[k] += row[k]
