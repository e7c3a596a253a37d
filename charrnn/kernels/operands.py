"""What a product multiplies: numbers as they are, or pairs of bfloat16.

A bfloat16 is a float32 rounded to 8 bits of precision. Processors with AVX-512 BF16 multiply two pairs of them and add
both products to a float32 in one instruction. So operands are packed for them as int32, each with the numbers of two
neighbouring k (the even one in the lower half), and a sum over K takes half the steps. A missing last number is 0.

The functions here are chosen by the type of the array written to.
"""

import numpy as np
from numba import types
from numba.extending import overload

from charrnn.kernels.intrinsics import as_matrix, bfloat16_pair, put_bfloat16
from charrnn.kernels.jit import OPTIONS, inlined
from charrnn.kernels.simd import PAIR_ROW_PANELS, ROW_PANELS, TILE, copy_rows

PAIRS = np.dtype(np.int32)
"""Type of an array that holds pairs of bfloat16."""

LINES = 16
"""Rows of a panel that are written by turns, so that they stay in the L1 cache."""


def steps_of(length, array):
    """Steps of a sum over ``length`` numbers that are packed in ``array``."""
    return -(-length // 2) if array.dtype == PAIRS else length


@overload(steps_of, jit_options=OPTIONS)
def _steps_of(length, array):
    if array.dtype == types.int32:
        return lambda length, array: (length + 1) // 2
    return lambda length, array: length


def row_panels(array):
    """Panels in ``array`` that a single row takes at once, at most, and r rows the r-th part."""
    return PAIR_ROW_PANELS if array.dtype == PAIRS else ROW_PANELS


@overload(row_panels, jit_options=OPTIONS)
def _row_panels(array):
    most = PAIR_ROW_PANELS if array.dtype == types.int32 else ROW_PANELS
    return lambda array: most


def write_panel(rows, first, used, panel):
    """Columns ``first`` to ``first + used`` of ``rows`` (K, at least N) to a panel (steps, at least ``used``)."""
    raise NotImplementedError("only in kernels")


@overload(write_panel, jit_options=OPTIONS)
def _write_panel(rows, first, used, panel):
    if panel.dtype == types.int32:

        def pairs(rows, first, used, panel):
            for k in range(panel.shape[0]):
                low, to = rows[2 * k, first : first + used], panel[k]
                if 2 * k + 1 < rows.shape[0]:
                    high = rows[2 * k + 1, first : first + used]
                    for n in range(used):
                        to[n] = bfloat16_pair(low[n], high[n])
                else:
                    for n in range(used):
                        to[n] = bfloat16_pair(low[n], np.float32(0))

        return pairs

    def same(rows, first, used, panel):
        for k in range(panel.shape[0]):
            row, to = rows[k, first : first + used], panel[k]
            for n in range(used):
                to[n] = row[n]

    return same


def write_panel_transposed(columns, first, used, panel):
    """Rows ``first`` to ``first + used`` of ``columns`` (N, K) to the columns of a panel (steps, at least ``used``)."""
    raise NotImplementedError("only in kernels")


@overload(write_panel_transposed, jit_options=OPTIONS)
def _write_panel_transposed(columns, first, used, panel):
    if panel.dtype == types.int32:

        def pairs(columns, first, used, panel):
            whole = columns.shape[1] // 2
            for block in range(0, panel.shape[0], LINES):
                for n in range(used):
                    column, to = columns[first + n], panel[:, n]
                    for k in range(block, min(whole, block + LINES)):
                        to[k] = bfloat16_pair(column[2 * k], column[2 * k + 1])
            if whole < panel.shape[0]:
                for n in range(used):
                    panel[whole, n] = bfloat16_pair(columns[first + n, 2 * whole], np.float32(0))

        return pairs

    def same(columns, first, used, panel):
        for block in range(0, panel.shape[0], LINES):
            for n in range(used):
                column, to = columns[first + n, block : block + LINES], panel[block : block + LINES, n]
                for k in range(column.shape[0]):
                    to[k] = column[k]

    return same


@inlined
def cut(row, tiles, k):
    """Step k of the tiles of a left operand: each has TILE.rows numbers of the row, one step after the other."""
    whole = row.shape[0] // TILE.rows
    for i in range(whole):
        copy_rows(row, i * TILE.rows, tiles[i], k * TILE.rows)
    for m in range(whole * TILE.rows, row.shape[0]):
        tiles[whole, (k - whole) * TILE.rows + m] = row[m]


def cut_and_sum(rows, first, last, tiles, line, ids, sums):
    """Columns of ``rows`` (K, at least M) to the tiles of a left operand, and to the sum of their id.

    Args:
        rows: K rows.
        first: the first column.
        last: one beyond the last column.
        tiles: (columns / TILE.rows, at least steps * TILE.rows), written.
        line: (at least the number of columns), where pairs are rounded.
        ids: (K,) of each row.
        sums: (V, at least M): row k is added to ``sums[ids[k]]``, in the same columns.
    """
    raise NotImplementedError("only in kernels")


@overload(cut_and_sum, jit_options=OPTIONS)
def _cut_and_sum(rows, first, last, tiles, line, ids, sums):
    if tiles.dtype == types.int32:

        def pairs(rows, first, last, tiles, line, ids, sums):
            for k in range(steps_of(rows.shape[0], tiles)):
                write_panel(rows[2 * k : 2 * k + 2], first, last - first, as_matrix(line, 1, line.shape[0]))
                cut(line[: last - first], tiles, k)
            for k in range(rows.shape[0]):
                add(rows[k, first:last], sums[ids[k], first:last])

        return pairs

    def same(rows, first, last, tiles, line, ids, sums):
        for k in range(rows.shape[0]):
            row = rows[k, first:last]
            cut(row, tiles, k)
            add(row, sums[ids[k], first:last])

    return same


@inlined
def add(row, total):
    """``total += row``."""
    for m in range(row.shape[0]):
        total[m] += row[m]


def left_operand(a, length, rounded, first_row, last_row):
    """Rows of ``a`` (T, R, at least K) as a product needs them: ``a`` itself, or rounded in ``rounded``.

    Args:
        a: rows.
        length: K.
        rounded: (at least T, at least R, at least K / 2) pairs, written; or an empty array of the type of ``a``.
        first_row: the first row.
        last_row: one beyond the last row.
    """
    raise NotImplementedError("only in kernels")


@overload(left_operand, jit_options=OPTIONS)
def _left_operand(a, length, rounded, first_row, last_row):
    if rounded.dtype != types.int32:
        return lambda a, length, rounded, first_row, last_row: a

    def pairs(a, length, rounded, first_row, last_row):
        for t in range(a.shape[0]):
            for r in range(first_row, last_row):
                row, to = a[t, r], rounded[t, r]
                for k in range(length):
                    put_bfloat16(to, k, row[k])
                if length % 2:
                    put_bfloat16(to, length, np.float32(0))
        return rounded

    return pairs
