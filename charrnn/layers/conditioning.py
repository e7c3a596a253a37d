"""A class of each row that reaches every step: one row of a table, added to what a layer's gates start from.

    a[t, b] = x[t, b] + r[c[b]]

It equals a one-hot vector of the class beside the input of every step; r is the transpose of its weights. For one class
alone, the sum of r[c] and the layer's bias is a bias. Backwards, with d_a the gradient of a:

    d_r[c] = sum over t and all b of class c of d_a[t, b]
"""

from collections.abc import Iterator

from charrnn.kernels.arrays import Array
from charrnn.kernels.conditioning import add_rows
from charrnn.layers.parameters import Parameters
from charrnn.layers.products import Bias, Rows, WeightSum, flat, weight_sum


class Conditioning:
    """A table of rows to add.

    Args:
        parameters: the tensors.
        name: of the table r (C, G).
    """

    def __init__(self, parameters: Parameters, name: str) -> None:
        self._name, self._table = name, parameters[name]

    def forward(self, start: Bias, classes: Array, gates: Array, rows: Rows, first: int, last: int) -> Bias:
        """Write the sums of ``start`` and the table's rows into ``gates``; returns these as what the gates start from.

        Args:
            start: of T steps of B rows.
            classes: (T, B) int32 below C, the same in all steps of a row.
            gates: (T, B, at least G).
            rows: what products need.
            first: the first row.
            last: one beyond the last row.
        """
        add_rows(start.rows, start.row_index, self._table, classes, gates, self._table.shape[1], first, last)
        return rows.adding_to(gates)

    def weight_sums(self, gradient: Parameters, d_gates: Array, classes: Array) -> Iterator[WeightSum]:
        """The sum that gives the table's gradient."""
        yield weight_sum(flat(d_gates), [], classes.reshape(-1), gradient[self._name], range(self._table.shape[1]))
