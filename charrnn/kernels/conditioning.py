"""Condition a layer on classes: add the table row of each stream's class to its input at every step."""

from charrnn.kernels.intrinsics import wide_vectors
from charrnn.kernels.jit import jit


@jit
def add_rows(starts, index, table, classes, out, width, first, last):
    """``out[t, b] = starts[index[t, b]] + table[classes[t, b]]`` for the first ``width`` columns.

    Args:
        starts: (N, at least width), the rows of inputs.
        index: (T, B) int32 below N.
        table: (C, at least width), the rows of classes.
        classes: (T, B) int32 below C.
        out: (T, B, at least width), written.
        width: number of columns, G.
        first: the first stream.
        last: one beyond the last stream.
    """
    for t in range(out.shape[0]):
        for b in range(first, last):
            wide_vectors()
            row, start, own = out[t, b, :width], starts[index[t, b], :width], table[classes[t, b], :width]
            for k in range(width):
                row[k] = start[k] + own[k]
