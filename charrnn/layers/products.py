"""Matrix products of layers: packed weights, biases, and the gradients of weights."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import Array, aligned_zeros
from charrnn.kernels.jit import Prepared, by_address
from charrnn.kernels.matmul import matmul
from charrnn.kernels.matmul_transposed import matmul_transposed, sum_buffers
from charrnn.kernels.packing import Packed, pack, pack_transposed, packed_zeros, rounding_buffer
from charrnn.workers import share


class Bias(NamedTuple):
    """The bias of a product: ``rows[row_index[t, b]]`` is added to row (t, b)."""

    rows: Array
    """(N, at least the product's columns)."""
    row_index: npt.NDArray[np.int32]
    """(T, B)."""


class Rows(NamedTuple):
    """Row indices and buffers that the matrix products over a batch use."""

    numbers: npt.NDArray[np.int32]
    """(T, B): the number t B + b of each row."""
    zeros: npt.NDArray[np.int32]
    """(T, B) zeros: the row index if all rows have the same bias."""
    rounded: Array
    """(T', B, steps of the longest K): a buffer for left operands rounded to bf16; else empty."""
    team: int = 0
    """As in ``charrnn.kernels.packing.Packed``."""

    @classmethod
    def allocate(cls, steps: int, streams: int, longest: int, packed_dtype: npt.DTypeLike) -> "Rows":
        """Allocate for ``steps`` steps of ``streams`` streams, and sums of at most ``longest`` numbers."""
        numbers = np.arange(steps * streams, dtype=np.int32).reshape(steps, streams)
        return cls(numbers, np.zeros_like(numbers), rounding_buffer(longest, streams, packed_dtype))

    def bind(self, packed: Packed) -> Packed:
        """Return ``packed``, with ``rounded`` as the buffer for left operands that its products round, and the team."""
        return packed._replace(rounded=self.rounded, team=self.team)

    def same(self, rows: Array) -> Bias:
        """The bias that adds the first of ``rows`` at every step and stream."""
        return Bias(rows, self.zeros)

    def adding_to(self, array: Array) -> Bias:
        """The bias that is ``array`` (T, B, N) itself, so that a product is added to it."""
        return Bias(flat(array), self.numbers)

    def shortened(self, steps: int) -> "Rows":
        """The same rows for the first ``steps`` steps."""
        return self._replace(numbers=self.numbers[:steps], zeros=self.zeros[:steps])


class ProductKernels(NamedTuple):
    """The kernels of products, for arrays of one type."""

    multiply: Prepared
    pack: Prepared
    pack_transposed: Prepared
    multiply_transposed: Prepared


@cache
def kernels_for(dtype: np.dtype[Any], packed_dtype: np.dtype[Any]) -> ProductKernels:
    """Return the kernels of products for arrays and packed factors of these types."""
    return ProductKernels(*map(Prepared, (matmul, pack, pack_transposed, matmul_transposed)))


@cache
def matmul_address(dtype: np.dtype[Any], packed_dtype: np.dtype[Any]) -> Any:
    """``matmul`` by address, an argument for kernels that call it."""
    rows, index = np.empty((1, 1, 1), dtype), np.zeros((1, 1), np.int32)
    return by_address(matmul, rows, packed_zeros(1, 1, packed_dtype), rows[0], index, rows, 0, 0)


class PackedMatrix:
    """A weight matrix W (M, N), to be packed after each update.

    Attributes:
        forward: packed for y = W x.
        backward: packed for d_x = W^T d_y; None without training.
    """

    def __init__(self, w: Array, packed_dtype: np.dtype[Any], *, training: bool) -> None:
        self._w, self._kernels = w, kernels_for(w.dtype, packed_dtype)
        self.forward = packed_zeros(w.shape[1], w.shape[0], packed_dtype)
        self.backward = packed_zeros(w.shape[0], w.shape[1], packed_dtype) if training else None

    def pack(self, part: int, parts: int) -> None:
        """Pack a thread's part of W."""
        self._kernels.pack_transposed(self._w, self.forward, part, parts)
        if self.backward:
            self._kernels.pack(self._w, self.backward, part, parts)

    def multiply(self, x: Array, bias: Bias, y: Array, rows: Rows, first: int, last: int) -> None:
        """``y[t, b] = W x[t, b] + bias`` for the streams ``first`` to ``last``: (T, B, N) to (T, B, M)."""
        self._kernels.multiply(x, rows.bind(self.forward), bias.rows, bias.row_index, y, first, last)

    def multiply_back(self, d_y: Array, bias: Bias, d_x: Array, rows: Rows, first: int, last: int) -> None:
        """``d_x[t, b] = W^T d_y[t, b] + bias`` for the streams ``first`` to ``last``: (T, B, M) to (T, B, N)."""
        assert self.backward is not None
        self._kernels.multiply(d_y, rows.bind(self.backward), bias.rows, bias.row_index, d_x, first, last)


class WeightSum(NamedTuple):
    """Arguments of ``matmul_transposed`` for the gradients of one or two weights, and for sums of rows by id."""

    d: Array
    """(K, at least M): gradients of the units' inputs."""
    factors: tuple[Array, Array]
    """(K, at least N) each: the right factors of the products."""
    products: tuple[Array, Array]
    """(M, N) each, written: the gradients of the weights; N may be 0."""
    ids: Array | None
    """(K,) the id of each row of ``d``, below V; None for the ids that the batch reads."""
    sums: Array
    """(V, at least M), written: sums of the rows of ``d``."""
    rows: range
    """The rows of the products and the columns of the sums to compute."""


def weight_sum(
    d: Array,
    factors: Sequence[tuple[Array, Array]],
    ids: Array | None,
    sums: Array,
    rows: range | None = None,
) -> WeightSum:
    """A weight sum of at most two ``factors``, each a pair of a factor and its product.

    ``rows`` defaults to all rows of the first product.
    """
    rows = range(len(factors[0][1])) if rows is None else rows
    empty = (d[:, :0], np.empty((rows.stop, 0), d.dtype))
    first, second = [*factors, empty, empty][:2]
    return WeightSum(d, (first[0], second[0]), (first[1], second[1]), ids, sums, rows)


class Summation:
    """Computation of weight sums; threads share the rows of each sum.

    Args:
        widest: columns of the widest pair of factors.
        dtype: type of the arrays.
        packed_dtype: type of packed factors.
        threads: number of threads.
    """

    def __init__(self, widest: int, dtype: np.dtype[Any], packed_dtype: np.dtype[Any], threads: int) -> None:
        self._kernel = kernels_for(dtype, packed_dtype).multiply_transposed
        self._buffers = [sum_buffers(widest, packed_dtype) for _ in range(threads)]

    def make(self, sums: Iterable[WeightSum], part: int, parts: int) -> None:
        """Compute a thread's share of the rows of ``sums``."""
        for *arrays, rows in sums:
            first, last = share(len(rows), part, parts)
            self._kernel(*arrays, self._buffers[part], rows.start + first, rows.start + last)


def flat(array: Array) -> Array:
    """View an array (T, B, N) as (T B, N)."""
    return array.reshape(-1, array.shape[-1])


def zero_row(columns: int, dtype: npt.DTypeLike) -> Array:
    """A row of zeros (1, ``columns``), for products without a bias."""
    return aligned_zeros((1, columns), dtype)
