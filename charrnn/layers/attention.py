"""Attention in Luong's general form (Luong, Pham and Manning 2015): a decoder attends to all outputs of an encoder.

    q[t] = A h[t]                                  h[t] (H): the decoder's output; A (M, H)
    alpha[t, s] = softmax over s of q[t] . m[s]    m[s] (M): the encoder's outputs of the row, padding left out
    c[t] = sum over s of alpha[t, s] m[s]          the context
    y[t] = tanh(W_c c[t] + W_h h[t] + b)           in the paper, W_c and W_h are one matrix for [c; h]

Nothing here depends on y[t-1], so that all steps of a batch are a few large products and a loop over the rows. With
input feeding (same paper, 3.3) the decoder's next step reads y[t]; then the layer is called for one step at a time.

Backwards, with d_y the gradient of y[t]; gradients that belong to all steps are sums over t:

    d_z = d_y (1 - y^2)       d_c = W_c^T d_z       d_h = W_h^T d_z + A^T d_q
    d_alpha[s] = d_c . m[s]   d_score[s] = alpha[s] (d_alpha[s] - sum over r of alpha[r] d_alpha[r])
    d_q = sum over s of d_score[s] m[s]             d_m[s] = sum over t of alpha[t, s] d_c[t] + d_score[t, s] q[t]
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import Array, aligned_zeros, padded, row_stride
from charrnn.kernels.attention import attend, attend_back
from charrnn.kernels.jit import Prepared
from charrnn.kernels.squashing import squash, squash_back
from charrnn.layers.memory import Memory
from charrnn.layers.parameters import Parameters
from charrnn.layers.products import Rows, WeightSum
from charrnn.layers.projection import Projection
from charrnn.layers.recurrent_shape import uniform_weights

QUERY = "attention.weight"
JOIN = ("join.weight_context", "join.weight_hidden")
JOIN_BIAS = "join.bias"


def attention_shapes(units: int, width: int) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor, for a decoder of H ``units`` and encoder outputs of M numbers (``width``)."""
    context, hidden = JOIN
    return {QUERY: (width, units), context: (units, width), hidden: (units, units), JOIN_BIAS: (units,)}


def initialise_attention(parameters: Parameters, random: np.random.Generator) -> None:
    """Fill the matrices with initial values; the bias is zero."""
    for name in (QUERY, *JOIN):
        parameters[name][:] = uniform_weights(random, parameters[name].shape, sum(parameters[name].shape) // 2)


@dataclass
class AttentionBuffers:
    """The arrays of an attention layer, for T steps of B rows.

    Attributes:
        queries: (T, B, at least M).
        contexts: (T, B, at least M).
        outputs: (T, B, at least H): y.
        d_queries: the gradient of the queries; empty for inference.
        d_contexts: the gradient of the contexts; empty for inference.
        d_outputs: the gradient of y, which backward replaces by that of tanh's argument z; empty for inference.
        alphas: (B, at least S): each row's attention weights in one step.
        d_alphas: the gradient of ``alphas``.
    """

    queries: Array
    contexts: Array
    outputs: Array
    d_queries: Array
    d_contexts: Array
    d_outputs: Array
    alphas: Array
    d_alphas: Array

    @classmethod
    def allocate(
        cls,
        units: int,
        width: int,
        steps: int,
        rows: int,
        longest: int,
        dtype: np.dtype[Any],
        *,
        training: bool = False,
    ) -> "AttentionBuffers":
        """Allocate for at most T ``steps`` of B ``rows``, and for memories of ``longest`` steps."""

        def zeros(columns: int, of_training: bool = False) -> Array:
            length = steps if training or not of_training else 0
            return aligned_zeros((length, rows, row_stride(columns, dtype.itemsize)), dtype)

        alphas = (aligned_zeros((rows, padded(longest, dtype.itemsize)), dtype) for _ in range(2))
        forward = zeros(width), zeros(width), zeros(units)
        return cls(*forward, zeros(width, True), zeros(width, True), zeros(units, True), *alphas)

    def part(self, begin: int, stop: int) -> "AttentionBuffers":
        """The same arrays for the steps from ``begin`` to ``stop``."""
        names = ("queries", "contexts", "outputs", "d_queries", "d_contexts", "d_outputs")
        return replace(self, **{name: getattr(self, name)[begin:stop] for name in names})


class Attention:
    """The attention layer.

    Args:
        parameters: the tensors.
        units: H.
        width: M.
        packed_dtype: type of packed factors.
        training: whether gradients are needed.
    """

    def __init__(
        self, parameters: Parameters, units: int, width: int, packed_dtype: np.dtype[Any], *, training: bool = False
    ) -> None:
        self._units, self._width = units, width
        self._query = Projection(parameters, [QUERY], None, packed_dtype, training=training)
        self._join = Projection(parameters, JOIN, JOIN_BIAS, packed_dtype, training=training)
        self._attend, self._attend_back = Prepared(attend), Prepared(attend_back)

    def pack(self, part: int, parts: int) -> None:
        """Pack a thread's part of the weights for the matrix products."""
        self._query.pack(part, parts)
        self._join.pack(part, parts)

    def forward(
        self,
        h: Array,
        memory: Memory,
        counts: npt.NDArray[np.int32],
        begin: int,
        buffers: AttentionBuffers,
        rows: Rows,
        first: int,
        last: int,
    ) -> None:
        """Fill the outputs of the rows ``first`` to ``last``.

        Args:
            h: (T, B, at least H).
            memory: the encoder's outputs, to attend to.
            counts: (B,) int32: number of steps of each row; later steps attend to nothing.
            begin: number of steps of each row in earlier calls.
            buffers: the arrays for these T steps.
            rows: row indices and buffers of the matrix products.
            first: the first row.
            last: one beyond the last row.
        """
        own = buffers
        self._query.forward([h], own.queries, rows, first, last)
        of_memory = (memory.rows, memory.lengths, memory.owners)
        self._attend(own.queries, *of_memory, counts, begin, self._width, own.alphas, own.contexts, first, last)
        self._join.forward([own.contexts, h], own.outputs, rows, first, last)
        squash(own.outputs, self._units, first, last)

    def backward(
        self,
        d_h: Array,
        memory: Memory,
        counts: npt.NDArray[np.int32],
        begin: int,
        buffers: AttentionBuffers,
        rows: Rows,
        first: int,
        last: int,
    ) -> None:
        """Write ``d_h`` (T, B, at least H) from ``buffers.d_outputs``, and add to the memory's gradient."""
        own = buffers
        squash_back(own.outputs, own.d_outputs, self._units, first, last)
        self._join.backward(own.d_outputs, [own.d_contexts, d_h], rows, first, last)
        between = (counts, begin, self._width, own.alphas, own.d_alphas)
        gradients = (own.d_contexts, own.d_queries, memory.d_rows)
        self._attend_back(own.queries, memory.rows, memory.lengths, *between, *gradients, first, last)
        self._query.packed[0].multiply_back(own.d_queries, rows.adding_to(d_h), d_h, rows, first, last)

    def weight_sums(self, gradient: Parameters, h: Array, buffers: AttentionBuffers, rows: Rows) -> Iterator[WeightSum]:
        """Yield the weight sums that give the gradients of the tensors, after ``backward`` of all steps."""
        yield from self._query.weight_sums(gradient, [h], buffers.d_queries, rows)
        yield from self._join.weight_sums(gradient, [buffers.contexts, h], buffers.d_outputs, rows)
