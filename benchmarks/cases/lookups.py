"""Rows by character id, and sums over rows: kernels that move memory and compute next to nothing."""

from collections.abc import Iterator

import numpy as np
from charrnn.kernels.lookup import fill_rows, gather_rows, scatter_add_rows, sum_rows

from benchmarks.cases.contract import Case, Inputs, exact, worst


def lookup_cases(inputs: Inputs) -> Iterator[Case]:
    """All of them at the width of the gates."""
    B, T, V, G = inputs.shape.streams, inputs.shape.steps, inputs.shape.vocabulary, inputs.gates
    ids = inputs.random.integers(0, V, (T, B)).astype(np.int32)
    table, d_table, d_rows, rows = inputs.matrix(V, G), inputs.matrix(V, G), inputs.rows(T, B, G), inputs.rows(T, B, G)
    bias, sums, flat = inputs.vector(G), inputs.vector(G), d_rows.reshape(T * B, -1)
    size, count = f"{T * B}x{G}", T * B * G
    once = inputs.dtype.itemsize * count
    tolerance = T * B * inputs.epsilon * float(np.abs(d_rows).max())

    def scatter_error() -> float:
        wanted = np.zeros(d_table.shape)
        np.add.at(wanted, ids, d_rows[:, :, :G].astype("float64"))
        return worst(d_table, wanted, tolerance)

    yield Case(
        "gather_rows",
        size,
        run=lambda: gather_rows(table, ids, rows, 0, B),
        error=lambda: exact(np.array_equal(rows[:, :, :G], table[ids])),
        bytes=2 * once,
        count=count,
    )
    yield Case(
        "scatter_add_rows",
        size,
        run=lambda: scatter_add_rows(ids, d_rows, d_table, 0, G),
        error=scatter_error,
        bytes=once,
        count=count,
    )
    yield Case(
        "fill_rows",
        size,
        run=lambda: fill_rows(bias, rows, 0, B),
        error=lambda: exact((rows[:, :, :G] == bias).all()),
        bytes=once,
        count=count,
    )
    yield Case(
        "sum_rows",
        size,
        run=lambda: sum_rows(flat, sums, 0, G),
        error=lambda: worst(sums, flat[:, :G].astype("float64").sum(0), tolerance),
        bytes=once,
        count=count,
    )
