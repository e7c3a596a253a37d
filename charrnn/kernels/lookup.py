"""Rows of a table by character id, and sums over rows.

A one-hot vector times a matrix is a row of that matrix, so the first layer's input product is a lookup: each time
step takes a row of (embedding x input matrix + bias). The gradient of the table collects the rows again.
"""

from charrnn.kernels.jit import jit


@jit
def gather_rows(table, ids, out, first_row, last_row):
    """``out[t, b, :N] = table[ids[t, b]]`` for every t and ``first_row <= b < last_row``.

    Args:
        table: (V, N).
        ids: (T, B) integers below V.
        out: (T, B, at least N).
        first_row: the first stream.
        last_row: one beyond the last stream.
    """
    for t in range(ids.shape[0]):
        for b in range(first_row, last_row):
            row = ids[t, b]
            for n in range(table.shape[1]):
                out[t, b, n] = table[row, n]


@jit
def scatter_add_rows(ids, d_out, d_table, first_column, last_column):
    """``d_table[v, n]``: the sum of ``d_out[t, b, n]`` over all (t, b) whose id is v, for the columns given.

    Threads share columns, not rows, so that every sum runs in one order.
    """
    d_table[:, first_column:last_column] = 0
    for t in range(ids.shape[0]):
        for b in range(ids.shape[1]):
            row = ids[t, b]
            for n in range(first_column, last_column):
                d_table[row, n] += d_out[t, b, n]


@jit
def fill_rows(row, out, first_row, last_row):
    """``out[t, b, :N] = row`` (N,) for every t and ``first_row <= b < last_row``."""
    for t in range(out.shape[0]):
        for b in range(first_row, last_row):
            for n in range(row.shape[0]):
                out[t, b, n] = row[n]


@jit
def sum_rows(rows, out, first_column, last_column):
    """``out[n]``: the sum of ``rows[r, n]`` over r, for the columns given."""
    out[first_column:last_column] = 0
    for r in range(rows.shape[0]):
        for n in range(first_column, last_column):
            out[n] += rows[r, n]
