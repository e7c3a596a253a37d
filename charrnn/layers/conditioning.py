"""Conditioning on a class: each class has a vector r, which is added to a layer's gates at every step.

    a[t, b] = x[t, b] + r[c[b]]

This equals a one-hot vector of the class, appended to the input of every step; r is the transpose of its weights. If
all rows have the same class, r[c] can be added to the layer's bias instead. Backwards, with d_a the gradient of a:

    d_r[c] = sum over t and all b of class c of d_a[t, b]
"""

from collections.abc import Iterator

from charrnn.kernels.arrays import Array
from charrnn.kernels.conditioning import add_rows
from charrnn.layers.parameters import Parameters
from charrnn.layers.products import Bias, Rows, WeightSum, flat, weight_sum


class Conditioning:
    """A table with one row for each class.

    Args:
        parameters: the tensors.
        name: name of the table r (C, G).
    """

    def __init__(self, parameters: Parameters, name: str) -> None:
        self._name, self._table = name, parameters[name]

    def forward(self, start: Bias, classes: Array, gates: Array, rows: Rows, first: int, last: int) -> Bias:
        """Write the sums of ``start`` and the classes' rows to ``gates``; returns ``gates`` as a bias of products.

        Args:
            start: x, the rows of the gates without conditioning, for T steps of B rows.
            classes: (T, B) int32 below C, the same in all steps of a row.
            gates: (T, B, at least G).
            rows: row indices and buffers of the matrix products.
            first: the first row.
            last: one beyond the last row.
        """
        add_rows(start.rows, start.row_index, self._table, classes, gates, self._table.shape[1], first, last)
        return rows.adding_to(gates)

    def weight_sums(self, gradient: Parameters, d_gates: Array, classes: Array) -> Iterator[WeightSum]:
        """Yield the weight sum that gives the table's gradient."""
        yield weight_sum(flat(d_gates), [], classes.reshape(-1), gradient[self._name], range(self._table.shape[1]))
