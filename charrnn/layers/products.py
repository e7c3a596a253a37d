"""PackedMatrix products of layers: packed weights, rows to start from, and the gradients of weights."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import aligned_zeros
from charrnn.kernels.jit import Prepared, by_address
from charrnn.kernels.matmul import matmul
from charrnn.kernels.matmul_transposed import matmul_transposed, sum_buffers
from charrnn.kernels.packing import Packed, pack, pack_transposed, packed_zeros, rounding_buffer
from charrnn.workers import share

Array = npt.NDArray[Any]


class Bias(NamedTuple):
    """What a product is added to: ``rows[row_index[t, b]]`` in the place of row (t, b)."""

    rows: Array
    """(N, at least the columns)."""
    row_index: npt.NDArray[np.int32]
    """(T, B)."""


class Rows(NamedTuple):
    """What the products of a batch need beside its arrays."""

    numbers: npt.NDArray[np.int32]
    """(T, B): the number t B + b of each row."""
    zeros: npt.NDArray[np.int32]
    """(T, B) zeros: every row starts from the same one."""
    rounded: Array
    """For bf16, (T', B, steps of K): where products round their left operands, for the longest K; else empty."""

    @classmethod
    def allocate(cls, steps: int, streams: int, longest: int, packed_dtype: npt.DTypeLike) -> "Rows":
        """For T steps of B streams, and products of at most ``longest`` numbers."""
        numbers = np.arange(steps * streams, dtype=np.int32).reshape(steps, streams)
        return cls(numbers, np.zeros_like(numbers), rounding_buffer(longest, streams, packed_dtype))

    def bind(self, packed: Packed) -> Packed:
        """A packed matrix whose products round their left operands here."""
        return packed._replace(rounded=self.rounded)

    def same(self, rows: Array) -> Bias:
        """Start each row from the first of ``rows``."""
        return Bias(rows, self.zeros)

    def adding_to(self, array: Array) -> Bias:
        """Start from what is in ``array`` (T, B, N) already."""
        return Bias(flat(array), self.numbers)

    def shortened(self, steps: int) -> "Rows":
        """The same for fewer steps."""
        return Rows(self.numbers[:steps], self.zeros[:steps], self.rounded)


class ProductKernels(NamedTuple):
    """The kernels of products, prepared for arrays of one type."""

    multiply: Prepared
    pack: Prepared
    pack_transposed: Prepared
    multiply_transposed: Prepared


@cache
def kernels_for(dtype: np.dtype[Any], packed_dtype: np.dtype[Any]) -> ProductKernels:
    """The kernels for arrays and packed factors of these types."""
    return ProductKernels(*map(Prepared, (matmul, pack, pack_transposed, matmul_transposed)))


@cache
def matmul_address(dtype: np.dtype[Any], packed_dtype: np.dtype[Any]) -> Any:
    """``matmul`` by its address, to be handed to kernels that call it."""
    rows, index = np.empty((1, 1, 1), dtype), np.zeros((1, 1), np.int32)
    return by_address(matmul, rows, packed_zeros(1, 1, packed_dtype), rows[0], index, rows, 0, 0)


class PackedMatrix:
    """A weight matrix W (M, N), packed after each update.

    Attributes:
        forward: for y = W x.
        backward: for d_x = W^T d_y; None where nothing is learned.
    """

    def __init__(self, w: Array, packed_dtype: np.dtype[Any], *, training: bool) -> None:
        self._w, self._kernels = w, kernels_for(w.dtype, packed_dtype)
        self.forward = packed_zeros(w.shape[1], w.shape[0], packed_dtype)
        self.backward = packed_zeros(w.shape[0], w.shape[1], packed_dtype) if training else None

    def pack(self, part: int, parts: int) -> None:
        """Pack a thread's part of W anew."""
        self._kernels.pack_transposed(self._w, self.forward, part, parts)
        if self.backward:
            self._kernels.pack(self._w, self.backward, part, parts)

    def multiply(self, x: Array, bias: Bias, y: Array, rows: Rows, first: int, last: int) -> None:
        """``y[t, b] = W x[t, b] + bias`` of the streams ``first`` to ``last``: (T, B, N) to (T, B, M)."""
        self._kernels.multiply(x, rows.bind(self.forward), bias.rows, bias.row_index, y, first, last)

    def multiply_back(self, d_y: Array, bias: Bias, d_x: Array, rows: Rows, first: int, last: int) -> None:
        """``d_x[t, b] = W^T d_y[t, b] + bias``: (T, B, M) to (T, B, N)."""
        assert self.backward is not None
        self._kernels.multiply(d_y, rows.bind(self.backward), bias.rows, bias.row_index, d_x, first, last)


class WeightSum(NamedTuple):
    """Gradients of weights: products of transposed rows with two matrices, and the sums of these rows by id.

    All but the last are the first arguments of ``matmul_transposed``.
    """

    d: Array
    """(K, at least M) gradients of what goes into units."""
    factors: tuple[Array, Array]
    """(K, at least N) each."""
    products: tuple[Array, Array]
    """(M, N) each, where N may be 0: the gradients."""
    ids: Array | None
    """(K,) below V; None for the batch's characters."""
    sums: Array
    """(V, at least M), where they go."""
    rows: range
    """Those of the products that are made."""


def weight_sum(
    d: Array,
    factors: Sequence[tuple[Array, Array]],
    ids: Array | None,
    sums: Array,
    rows: range | None = None,
) -> WeightSum:
    """A sum with at most two pairs of a factor and its product; of all rows of the first one, if not given."""
    rows = range(len(factors[0][1])) if rows is None else rows
    empty = (d[:, :0], np.empty((rows.stop, 0), d.dtype))
    first, second = [*factors, empty, empty][:2]
    return WeightSum(d, (first[0], second[0]), (first[1], second[1]), ids, sums, rows)


class Summation:
    """Makes weight sums; each thread makes some rows of each, in one order, whatever their number.

    Args:
        widest: columns of the widest pair of factors.
        dtype: of the arrays.
        packed_dtype: of packed factors.
        threads: how many.
    """

    def __init__(self, widest: int, dtype: np.dtype[Any], packed_dtype: np.dtype[Any], threads: int) -> None:
        self._kernel = kernels_for(dtype, packed_dtype).multiply_transposed
        self._buffers = [sum_buffers(widest, packed_dtype) for _ in range(threads)]

    def make(self, sums: Iterable[WeightSum], part: int, parts: int) -> None:
        """A thread's share of the rows of some sums."""
        for *arrays, rows in sums:
            first, last = share(len(rows), part, parts)
            self._kernel(*arrays, self._buffers[part], rows.start + first, rows.start + last)


def flat(array: Array) -> Array:
    """(T, B, N) -> (T B, N), the same memory."""
    return array.reshape(-1, array.shape[-1])


def zero_row(columns: int, dtype: npt.DTypeLike) -> Array:
    """One row of zeros, for products that start from nothing."""
    return aligned_zeros((1, columns), dtype)
