"""Operands of products, as numbers or as pairs of bfloat16, and the block sizes for each.

With AVX-512 BF16, one instruction multiplies two pairs of bfloat16 and adds both products to a float32; with AMX, it
multiplies a whole matrix of them. So operands are packed as int32, each holding the numbers of two neighbouring k, and
a sum over K takes half the steps. A sum is padded with zeros at its end.

The functions here are overloaded by the type of the array that they write to.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from charrnn.kernels.arrays import spread_stride
from charrnn.kernels.jit import COMPILER_OPTIONS, inlined
from charrnn.kernels.matrix import HEIGHT, ROWS, STEPS, multiplies
from charrnn.kernels.processor import REGISTER_BYTES, TILE_REGISTERS, lanes
from charrnn.kernels.rounding import LANES, round_pairs, round_row, round_transposed
from charrnn.kernels.simd import PAIR_ROW_PANELS, ROW_PANELS, TILE, copy_rows, copy_transposed, fetch_row

PAIRS = np.dtype(np.int32)
"""Type of an array that holds pairs of numbers rounded to bfloat16."""

PAIR_STEPS = STEPS if TILE_REGISTERS else 1
"""The number of steps of a sum over pairs is a multiple of this."""

AHEAD = 8
"""How many rows ahead parts of rows are prefetched. Hardware prefetchers miss these parts, as they lie far apart."""


class Blocking(NamedTuple):
    """Block sizes of products, chosen so that data read again is still in a cache."""

    tile_rows: int
    """Rows of the largest tile."""
    row_panels: int
    """Most panels that a tile of one row takes at once; a tile of r rows takes at most 1 / r of that."""
    depth: int
    """Steps of k in a block: a panel's block stays in the L2 cache for all rows."""
    rows: int
    """Rows that share a pass over all panels: their part of A stays in the L2 cache."""
    sum_depth: int
    """Rows of both factors in a block of ``matmul_transposed``."""
    sum_blocks: int
    """Blocks that ``matmul_transposed`` packs at a time. For the first one, a tile of C is read from memory, for the
    others from the L2 cache. With shorter vectors C is read less often, so one block suffices and leaves more of the
    cache free."""
    sum_rows: int
    """Columns of A that ``matmul_transposed`` packs at a time: rows of its products."""


SUM_BLOCKS = 2 if REGISTER_BYTES == 64 else 1
NUMBERS = Blocking(
    TILE.rows, ROW_PANELS, depth=512, rows=96, sum_depth=192, sum_blocks=SUM_BLOCKS, sum_rows=16 * TILE.rows
)
VECTOR_PAIRS = NUMBERS._replace(row_panels=PAIR_ROW_PANELS)
MATRIX_PAIRS = Blocking(HEIGHT, 1, depth=512, rows=384, sum_depth=1024, sum_blocks=1, sum_rows=192)


def cut_of(array: Any) -> Blocking:
    """The block sizes of products whose factors are packed in arrays of the type of ``array``."""
    if array.dtype in {PAIRS, types.int32}:
        return MATRIX_PAIRS if TILE_REGISTERS else VECTOR_PAIRS
    return NUMBERS


@overload(cut_of, jit_options=COMPILER_OPTIONS)
def _cut_of(array):
    cut = cut_of(array)
    return lambda array: cut


def steps_of(length, array):
    """Number of steps of a sum over ``length`` numbers, packed in arrays of the type of ``array``."""
    return -(-length // (2 * PAIR_STEPS)) * PAIR_STEPS if array.dtype == PAIRS else length


@overload(steps_of, jit_options=COMPILER_OPTIONS)
def _steps_of(length, array):
    if array.dtype == types.int32:
        return lambda length, array: (length + 2 * PAIR_STEPS - 1) // (2 * PAIR_STEPS) * PAIR_STEPS
    return lambda length, array: length


def write_panel(rows, first, used, panel):
    """Pack columns ``first`` to ``first + used`` of ``rows`` (K, at least N) to a panel (steps, at least ``used``)."""
    raise NotImplementedError("only in kernels")


@overload(write_panel, jit_options=COMPILER_OPTIONS)
def _write_panel(rows, first, used, panel):
    if panel.dtype == types.int32:

        def pairs(rows, first, used, panel):
            for step in range(panel.shape[0]):
                there = rows.shape[0] - 2 * step
                low, high = rows[2 * step if there > 0 else 0], rows[2 * step + 1 if there > 1 else 0]
                round_pairs(low[first : first + used], high[first : first + used], there, panel, step)

        return pairs

    def same(rows, first, used, panel):
        for k in range(panel.shape[0]):
            row, to = rows[k, first : first + used], panel[k]
            for n in range(used):
                to[n] = row[n]

    return same


def write_panel_transposed(columns, first, used, panel):
    """Pack rows ``first`` to ``first + used`` of ``columns`` (N, K) as a panel's columns (steps, at least ``used``)."""
    raise NotImplementedError("only in kernels")


@overload(write_panel_transposed, jit_options=COMPILER_OPTIONS)
def _write_panel_transposed(columns, first, used, panel):
    if panel.dtype == types.int32:

        def pairs(columns, first, used, panel):
            for n in range(0, used, LANES):
                for step in range(0, panel.shape[0], LANES):
                    round_transposed(columns[first : first + used], n, used, step, panel)

        return pairs

    square = lanes(panel.dtype.bitwidth // 8)

    def same(columns, first, used, panel):
        whole_k = panel.shape[0] // square * square
        whole_n = used // square * square
        for n in range(0, whole_n, square):
            for k in range(0, whole_k, square):
                copy_transposed(columns[first + n :], k, panel[k:], n)
        for n in range(used):
            for k in range(whole_k if n < whole_n else 0, panel.shape[0]):
                panel[k, n] = columns[first + n, k]

    return same


def cut_shape(rows, steps, dtype):
    """Shape of the tiles that ``cut_and_sum`` writes for at most ``rows`` rows of products and ``steps`` steps."""
    if TILE_REGISTERS and dtype == PAIRS:
        return rows, spread_stride(steps, dtype.itemsize)
    return -(-rows // TILE.rows), spread_stride(steps * TILE.rows, dtype.itemsize)


@inlined
def share_of_blocks(count, parts, part):
    """First index of part ``part`` if ``count`` items are split into ``parts`` nearly equal parts."""
    return count * part // parts


def tile_row(tiles, rows, count, i):
    """The first row of tile i, where ``cut_and_sum`` has written ``rows`` rows as ``count`` tiles."""
    raise NotImplementedError("only in kernels")


@overload(tile_row, jit_options=COMPILER_OPTIONS)
def _tile_row(tiles, rows, count, i):
    if multiplies(tiles.dtype):
        return lambda tiles, rows, count, i: share_of_blocks(rows, count, i)
    return lambda tiles, rows, count, i: min(rows, i * TILE.rows)


def place_of(tiles, row):
    """Offset of the tile that begins with ``row``, and its strides of rows and of steps."""
    raise NotImplementedError("only in kernels")


@overload(place_of, jit_options=COMPILER_OPTIONS)
def _place_of(tiles, row):
    if multiplies(tiles.dtype):
        return lambda tiles, row: (row * tiles.shape[1], tiles.shape[1], 1)
    return lambda tiles, row: (row // TILE.rows * tiles.shape[1], 1, TILE.rows)


@inlined
def cut(row, tiles, k):
    """Write ``row`` as step k of a left operand's tiles, TILE.rows numbers to each tile."""
    whole = row.shape[0] // TILE.rows
    for i in range(whole):
        copy_rows(row, i * TILE.rows, tiles[i], k * TILE.rows)
    for m in range(whole * TILE.rows, row.shape[0]):
        tiles[whole, (k - whole) * TILE.rows + m] = row[m]


def cut_and_sum(rows, first, last, tiles, line, ids, sums):
    """Pack columns of ``rows`` as the tiles of a left operand, and add them to the sums of their ids.

    Args:
        rows: (K, at least M).
        first: the first column.
        last: one beyond the last column.
        tiles: of shape ``cut_shape``, written: each tile step by step; for the tile registers, column by column.
        line: (PAIR_STEPS, at least the number of columns), a buffer in which pairs are rounded.
        ids: (K,) the id of each row.
        sums: (V, at least M): row k is added to ``sums[ids[k]]``, in the same columns.
    """
    raise NotImplementedError("only in kernels")


@overload(cut_and_sum, jit_options=COMPILER_OPTIONS)
def _cut_and_sum(rows, first, last, tiles, line, ids, sums):
    if tiles.dtype == types.int32:

        def pairs(rows, first, last, tiles, line, ids, sums):
            for step in range(0, steps_of(rows.shape[0], tiles), PAIR_STEPS):
                following = min(rows.shape[0], 2 * (step + PAIR_STEPS))
                for k in range(2 * step, following):
                    sum_row(rows, k, first, last, ids, sums)
                write_panel(rows[2 * step : following], first, last - first, line)
                if TILE_REGISTERS:
                    for m in range(0, last - first, ROWS):
                        copy_transposed(line, m, tiles[m:], step)
                else:
                    cut(line[0, : last - first], tiles, step)

        return pairs

    def same(rows, first, last, tiles, line, ids, sums):
        for k in range(rows.shape[0]):
            sum_row(rows, k, first, last, ids, sums)
            cut(rows[k, first:last], tiles, k)

    return same


@inlined
def sum_row(rows, k, first, last, ids, sums):
    """Add columns of row k to the sum of its id, and prefetch a later row."""
    fetch_row(rows[min(k + AHEAD, rows.shape[0] - 1), first:last])
    row, total = rows[k, first:last], sums[ids[k], first:last]
    for m in range(row.shape[0]):
        total[m] += row[m]


def left_operand(a, length, rounded, first_row, last_row):
    """The left operand of a product: ``a`` itself, or its rows rounded to ``rounded``.

    Args:
        a: (T, R, at least K).
        length: K.
        rounded: (at least T, at least R, at least the steps of K) pairs, written; or empty, of the type of ``a``.
        first_row: the first row.
        last_row: one beyond the last row.
    """
    raise NotImplementedError("only in kernels")


@overload(left_operand, jit_options=COMPILER_OPTIONS)
def _left_operand(a, length, rounded, first_row, last_row):
    if rounded.dtype != types.int32:
        return lambda a, length, rounded, first_row, last_row: a

    def pairs(a, length, rounded, first_row, last_row):
        for t in range(a.shape[0]):
            for r in range(first_row, last_row):
                round_row(a[t, r, :length], rounded[t, r])
        return rounded

    return pairs
