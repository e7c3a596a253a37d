"""Input tables: the embedding, multiplied by the weights of the layer above.

    table[v] = W e[v] + b        or, for one-hot input, row v of W^T + b

As a vocabulary is small, all rows are computed once after each update; reading character v then looks up row v.
Backwards, the layers above provide d_table[v], the sum of the gradients over all positions that read v:

    d_W = sum over v of d_table[v] e[v]^T      d_b = sum over v of d_table[v]      d_e[v] = W^T d_table[v]
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from charrnn.kernels.arrays import Array, aligned_zeros, padded
from charrnn.layers.parameters import EMBEDDING, Parameters
from charrnn.layers.products import Bias, PackedMatrix, Rows, Summation, WeightSum, weight_sum, zero_row
from charrnn.workers import share


def initial_embedding(random: np.random.Generator, shape: tuple[int, ...], *, tied: bool = False) -> Array:
    """Initial embedding (V, E): the identity if square and not tied, else normal with variance 1 / E."""
    if shape[0] == shape[1] and not tied:
        return np.eye(shape[0])
    drawn: Array = random.normal(0, shape[1] ** -0.5, shape)
    return drawn


class InputTables:
    """One table for each layer that reads the input.

    Args:
        parameters: the tensors, including EMBEDDING (V, E) unless the input is one-hot.
        weights: the name of each table's W, (G, E), or (G, V) for one-hot input.
        biases: the name of each table's b, (G,); None for no bias.
        vocab_size: V.
        packed_dtype: type of packed factors.
        training: whether gradients are needed.
        tied: whether the embedding also serves as another layer's weight.
        embedding: name of the embedding, where it is not EMBEDDING.

    Attributes:
        tables: one (V, at least G) for each W.
        packed: the packed W; empty for one-hot input.
        d_tables: the gradients of the tables; empty without training.
    """

    def __init__(
        self,
        parameters: Parameters,
        weights: Sequence[str],
        biases: Sequence[str | None],
        vocab_size: int,
        packed_dtype: np.dtype[Any],
        *,
        training: bool,
        tied: bool = False,
        embedding: str = EMBEDDING,
    ) -> None:
        self._is_tied, self._name = tied, embedding
        self._parameters, self._weights, self._biases = parameters, list(weights), list(biases)
        self._embedding = parameters.tensors.get(embedding)
        dtype, self._width = parameters.vector.dtype, len(parameters[weights[0]])
        shape = (vocab_size, padded(self._width, dtype.itemsize))
        self.tables = [aligned_zeros(shape, dtype) for _ in weights]
        self.d_tables = [aligned_zeros(shape, dtype) for _ in weights] if training else []
        self.packed: list[PackedMatrix] = []
        width = self._width if training else 0
        if self._embedding is not None:
            self.packed = [PackedMatrix(parameters[name], packed_dtype, training=training) for name in weights]
            width = max(width, self._embedding.shape[1])
        self._rows = Rows.allocate(1, vocab_size, width, packed_dtype)
        self._no_bias, self._unused = zero_row(shape[1], dtype), zero_row(shape[1], dtype)
        self._zeros = zero_row(0 if self._embedding is None else self._embedding.shape[1], dtype)

    def pack(self, part: int, parts: int) -> None:
        """Do a thread's part of the first phase after an update: pack the weights, or fill one-hot tables."""
        for matrix in self.packed:
            matrix.pack(part, parts)
        if self._embedding is None:
            first, last = share(self._width, part, parts)
            for name, bias, table in zip(self._weights, self._biases, self.tables, strict=True):
                table[:, first:last] = self._parameters[name][first:last].T + self._bias_row(bias)[0, first:last]

    def make(self, part: int, parts: int) -> None:
        """Do a thread's part of the second phase after an update: compute the tables of an embedding."""
        if self._embedding is None:
            return
        first, last = share(len(self._embedding), part, parts)
        for matrix, bias, table in zip(self.packed, self._biases, self.tables, strict=True):
            start = self._rows.same(self._bias_row(bias))
            matrix.multiply(self._embedding[np.newaxis], start, table[np.newaxis], self._rows, first, last)

    def _bias_row(self, bias: str | None) -> Array:
        return self._no_bias if bias is None else self._parameters.row(bias)

    def forward(self, ids: Array) -> list[Bias]:
        """The rows of each table for ``ids`` (T, B), to which the layer above adds its products."""
        return [Bias(table, ids) for table in self.tables]

    def weight_sums(self, gradient: Parameters) -> Iterator[WeightSum]:
        """Yield the weight sums that give the gradients of the biases and, with an embedding, of the weights."""
        for name, bias, d_table in zip(self._weights, self._biases, self.d_tables, strict=True):
            factors = [] if self._embedding is None else [(self._embedding, gradient[name])]
            to = self._unused if bias is None else gradient.row(bias)
            yield weight_sum(d_table, factors, self._rows.zeros[0], to, range(self._width))

    def backward(
        self, gradient: Parameters, sums: Sequence[WeightSum], summation: Summation, part: int, parts: int
    ) -> None:
        """Compute a thread's part of the gradients of the weights and the embedding.

        Args:
            gradient: written; a tied embedding's gradient is added to that of the other layer's weight.
            sums: from ``weight_sums``.
            summation: computes ``sums``.
            part: the thread's number.
            parts: the number of threads.
        """
        summation.make(sums, part, parts)
        if self._embedding is None:
            first, last = share(self._width, part, parts)
            for name, d_table in zip(self._weights, self.d_tables, strict=True):
                gradient[name][first:last] = d_table[:, first:last].T
            return
        first, last = share(len(self._embedding), part, parts)
        d_embedding = gradient[self._name][np.newaxis]
        bias = self._rows.adding_to(d_embedding) if self._is_tied else self._rows.same(self._zeros)
        for matrix, d_table in zip(self.packed, self.d_tables, strict=True):
            matrix.multiply_back(d_table[np.newaxis], bias, d_embedding, self._rows, first, last)
            bias = self._rows.adding_to(d_embedding)
