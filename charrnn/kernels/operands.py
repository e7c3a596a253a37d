"""What a product multiplies: numbers as they are, or pairs of bfloat16.

A bfloat16 is a float32 rounded to 8 bits of precision. Processors with AVX-512 BF16 multiply two pairs of them and add
both products to a float32 in one instruction. So operands are packed for them as int32, each with the numbers of two
neighbouring k (the even one in the lower half), and a sum over K takes half the steps. A missing last number is 0.

The functions here are chosen by the type of the array written to.
"""

import numpy as np
from numba import types
from numba.extending import overload

from charrnn.kernels.intrinsics import bfloat16_pair, put_bfloat16
from charrnn.kernels.jit import OPTIONS

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


def write_and_sum(rows, first, last, packed, ids, sums):
    """Columns of ``rows`` (K, at least M) to ``packed`` (steps, at least their number), and to the sum of their id.

    Args:
        rows: K rows.
        first: the first column.
        last: one beyond the last column.
        packed: written.
        ids: (K,) of each row.
        sums: (V, at least M): row k is added to ``sums[ids[k]]``, in the same columns.
    """
    raise NotImplementedError("only in kernels")


@overload(write_and_sum, jit_options=OPTIONS)
def _write_and_sum(rows, first, last, packed, ids, sums):
    if packed.dtype == types.int32:

        def pairs(rows, first, last, packed, ids, sums):
            write_panel(rows, first, last - first, packed[: steps_of(rows.shape[0], packed)])
            for k in range(rows.shape[0]):
                row, total = rows[k, first:last], sums[ids[k], first:last]
                for m in range(last - first):
                    total[m] += row[m]

        return pairs

    def same(rows, first, last, packed, ids, sums):
        for k in range(rows.shape[0]):
            row, to, total = rows[k, first:last], packed[k], sums[ids[k], first:last]
            for m in range(last - first):
                to[m] = row[m]
                total[m] += row[m]

    return same


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
