"""Rows of a table that belong to the rows of a batch, added at every step."""

from charrnn.kernels.intrinsics import wide_vectors
from charrnn.kernels.jit import jit


@jit
def add_rows(starts, index, table, classes, out, width, first, last):
    """``out[t, b] = starts[index[t, b]] + table[classes[t, b]]`` of ``width`` numbers.

    Args:
        starts: (N, at least width).
        index: (T, B) int32 below N.
        table: (C, at least width).
        classes: (T, B) int32 below C.
        out: (T, B, at least width), written.
        width: G.
        first: the first row of the batch.
        last: one beyond the last row.
    """
    for t in range(out.shape[0]):
        for b in range(first, last):
            wide_vectors()
            row, start, own = out[t, b, :width], starts[index[t, b], :width], table[classes[t, b], :width]
            for k in range(width):
                row[k] = start[k] + own[k]
