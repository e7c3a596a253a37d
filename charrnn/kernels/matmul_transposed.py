"""Gradients of weights: products of a transposed matrix, and sums of the matrix's rows by id, in one pass.

Both factors are packed block by block, because the elements of a column lie far apart. Threads share the rows of the
products. Each element is summed over k in the same order, so results do not depend on the number of threads.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import Array, aligned_zeros
from charrnn.kernels.jit import inlined, jit
from charrnn.kernels.matrix import configure, release
from charrnn.kernels.operands import (
    PAIR_STEPS,
    PAIRS,
    cut_and_sum,
    cut_of,
    cut_shape,
    place_of,
    share_of_blocks,
    steps_of,
    tile_row,
)
from charrnn.kernels.packing import pack_rows, panel_count
from charrnn.kernels.processor import REGISTER_BYTES
from charrnn.kernels.simd import tile


class SumBuffers(NamedTuple):
    """One thread's buffers for the packed blocks of ``matmul_transposed``, as numbers or pairs of bfloat16."""

    a: Array
    """(blocks of k, *``operands.cut_shape``): columns of A, tile by tile."""
    line: Array
    """(PAIR_STEPS, columns of A): a buffer in which pairs are rounded; empty if blocks hold numbers."""
    b: Array
    """(blocks of k, ...): the panels of both right factors."""


def sum_buffers(columns: int, dtype: npt.DTypeLike) -> SumBuffers:
    """Allocate buffers for two products that have at most ``columns`` columns together."""
    dtype = np.dtype(dtype)
    width = REGISTER_BYTES // dtype.itemsize
    b_columns = (-(-columns // width) + 1) * width
    empty = aligned_zeros(0, dtype)
    cut = cut_of(empty)
    steps = steps_of(cut.sum_depth, empty)
    a = aligned_zeros((cut.sum_blocks, *cut_shape(cut.sum_rows, steps, dtype)), dtype)
    line = aligned_zeros((PAIR_STEPS if dtype == PAIRS else 0, cut.sum_rows), dtype)
    return SumBuffers(a, line, aligned_zeros((cut.sum_blocks, b_columns * steps), dtype))


@jit
def matmul_transposed(a, bs, cs, ids, sums, buffers, first_row, last_row):
    """Multiply A's transpose by two matrices and sum A's rows by id, in one pass over A.

        cs[i][m, n] = sum over k of a[k, m] * bs[i][k, n]        sums[v, m] = sum of a[k, m] over all k with ids[k] = v

    for every n and v and ``first_row <= m < last_row``.

    Args:
        a: (K, at least M), contiguous.
        bs: two arrays (K, at least N), contiguous.
        cs: two arrays (M, N), contiguous, written; N may be 0.
        ids: (K,) integers below V.
        sums: (V, at least M), written.
        buffers: SumBuffers for the columns of both products.
        first_row: the first row of the products.
        last_row: one beyond the last row.
    """
    sums[:, first_row:last_row] = 0
    for c in cs:
        c[first_row:last_row] = 0
    width = REGISTER_BYTES // a.itemsize
    cut = cut_of(buffers.b)
    places = (0, -(-cs[0].shape[1] // width) * width * steps_of(cut.sum_depth, buffers.b))
    for k0 in range(0, a.shape[0], cut.sum_blocks * cut.sum_depth):
        length = min(a.shape[0] - k0, cut.sum_blocks * cut.sum_depth)
        blocks = -(-length // cut.sum_depth)
        for i in range(2):
            for block in range(blocks):
                rows = block_of(bs[i][k0 : k0 + length], block, cut.sum_depth)
                pack_rows(rows, cs[i].shape[1], buffers.b[block, places[i] :], 0, 1)
        for m0 in range(first_row, last_row, cut.sum_rows):
            m1 = min(last_row, m0 + cut.sum_rows)
            for block in range(blocks):
                rows = block_of(a[k0 : k0 + length], block, cut.sum_depth)
                own_ids = block_of(ids[k0 : k0 + length], block, cut.sum_depth)
                cut_and_sum(rows, m0, m1, buffers.a[block], buffers.line, own_ids, sums)
            for i in range(2):
                add_product(buffers, places[i], length, cs[i], m0, m1)


@inlined
def block_of(rows, block, depth):
    """Rows of one block of ``depth`` rows; the last block may be shorter."""
    return rows[block * depth : min(rows.shape[0], (block + 1) * depth)]


@inlined
def add_product(buffers, b_place, length, c, m0, m1):
    """Add the product of the packed blocks to rows ``m0`` to ``m1`` of C, which stay in the cache between blocks.

    Args:
        buffers: the packed blocks.
        b_place: index at which B's panels begin in a block.
        length: number of rows (steps of k) in all blocks.
        c: (M, N), the product C.
        m0: the first row.
        m1: one beyond the last row.
    """
    width = REGISTER_BYTES // c.itemsize
    columns = c.shape[1]
    vectors = -(-columns // width)
    count = panel_count(columns, width)
    cut = cut_of(buffers.b)
    rows = m1 - m0
    tiles = -(-rows // cut.tile_rows)
    highest = -(-rows // tiles)
    configure(buffers.b, highest)
    for panel in range(count):
        v0 = share_of_blocks(vectors, count, panel)
        v1 = share_of_blocks(vectors, count, panel + 1)
        tail = min(width, columns - (v1 - 1) * width)
        for block in range(-(-length // cut.sum_depth)):
            steps = steps_of(min(cut.sum_depth, length - block * cut.sum_depth), buffers.b)
            left, right = buffers.a[block], buffers.b[block, b_place:]
            for i in range(tiles):
                r0, r1 = tile_row(left, rows, tiles, i), tile_row(left, rows, tiles, i + 1)
                shape = (r1 - r0, v1 - v0, tail, highest)
                c_place = ((m0 + r0) * columns + v0 * width, columns)
                tile(
                    shape, left, place_of(left, r0), right, (v0 * width * steps, 0), steps, None, (0, 0),
                    None, None, (0, 0, 0, 0), c, c_place,
                )  # fmt: skip
    release(buffers.b)
