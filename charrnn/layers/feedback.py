"""A recurrent layer that also reads the network's previous answer, a class (NARX: Lin, Horne, Tino and Giles 1996).

    a[t] = sum over i of W_i x_i[t] + U[answer[t-1]] + b          h[t], ... = cell(a[t] + W_hh h[t-1], state)

U has a row for each class, and a last row for the first step, which has no previous answer. In training, the answers
are the targets (teacher forcing; Williams and Zipser 1989), so all steps are one large product.
Backwards, with d_a the gradient of a:

    d_x_i[t] = W_i^T d_a[t]      d_W_i = sum over t of d_a[t] x_i[t]^T      d_U[k] = sum of d_a[t] where answer[t-1] = k
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import Array, aligned_zeros, padded
from charrnn.layers.parameters import Parameters
from charrnn.layers.products import Bias, PackedMatrix, WeightSum, flat, weight_sum
from charrnn.layers.recurrent import RecurrentStack, StackBuffers
from charrnn.layers.recurrent_shape import StackShape


class Feedback:
    """A recurrent layer that reads the previous answer.

    Args:
        shape: shape of the recurrent layer, which must be ``dense``.
        parameters: the tensors.
        weights: names of one or two W_i (G, N).
        answers: name of U (K+1, G).
        training: whether gradients are needed.
    """

    def __init__(
        self, shape: StackShape, parameters: Parameters, weights: Sequence[str], answers: str, *, training: bool = False
    ) -> None:
        self.stack = RecurrentStack(shape, parameters, training=training)
        self._parameters, self._weights, self._answers = parameters, list(weights), answers
        self._packed = [PackedMatrix(parameters[name], shape.packed_dtype, training=training) for name in weights]
        self._bias = shape.named("bias", 0)
        size = (len(parameters[answers]), padded(shape.gate_width, shape.dtype.itemsize))
        self._table, self._d_table = aligned_zeros(size, shape.dtype), aligned_zeros(size, shape.dtype)
        self._gate_width = shape.gate_width

    def pack(self, part: int, parts: int) -> None:
        """Pack a thread's part of the weights; the first thread also fills the table of answers."""
        self.stack.pack(part, parts)
        for matrix in self._packed:
            matrix.pack(part, parts)
        if part == 0:
            self._table[:, : self._gate_width] = self._parameters[self._answers] + self._parameters.row(self._bias)

    def before(self, answers: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """The previous answer at each step, for ``answers`` (T, B); at the first step, the index of U's last row."""
        first = np.full((1, answers.shape[1]), len(self._table) - 1, np.int32)
        return np.concatenate([first, answers[:-1]])

    def forward(
        self,
        inputs: Sequence[Array],
        last_answers: npt.NDArray[np.int32],
        buffers: StackBuffers,
        first: int,
        last: int,
        *,
        dropout_seed: int | None = None,
    ) -> Array:
        """Compute the outputs (T, B, H) of the rows ``first`` to ``last``.

        Args:
            inputs: the x_i (T, B, N).
            last_answers: (T, B) the previous answer at each step, as from ``before``.
            buffers: the arrays for T steps, with the state before them.
            first: the first row.
            last: one beyond the last row.
            dropout_seed: seed of the dropout mask; None switches dropout off.
        """
        gates, rows = buffers.activations[0].gates, buffers.rows
        start = Bias(self._table, last_answers)
        for matrix, x in zip(self._packed, inputs, strict=True):
            matrix.multiply(x, start, gates, rows, first, last)
            start = rows.adding_to(gates)
        self.stack.forward([start], start.row_index, buffers, first, last, dropout_seed=dropout_seed)
        return buffers.outputs[0]

    def backward(
        self,
        d_inputs: Sequence[Array],
        buffers: StackBuffers,
        first: int,
        last: int,
        *,
        dropout_seed: int | None = None,
    ) -> None:
        """Add the gradients of the inputs to ``d_inputs``, given those of the outputs; arguments as in ``forward``."""
        rows = buffers.rows
        self.stack.backward(rows.zeros, buffers, first, last, dropout_seed=dropout_seed)
        for matrix, d_x in zip(self._packed, d_inputs, strict=True):
            matrix.multiply_back(buffers.activations[0].gates, rows.adding_to(d_x), d_x, rows, first, last)

    def weight_sums(
        self,
        gradient: Parameters,
        inputs: Sequence[Array],
        last_answers: npt.NDArray[np.int32],
        buffers: StackBuffers,
    ) -> Iterator[WeightSum]:
        """Yield the weight sums that give the gradients; ``finish`` then copies the gradient of U."""
        yield from self.stack.weight_sums(gradient, buffers, [])
        d_gates, ids = flat(buffers.activations[0].gates), last_answers.reshape(-1)
        factors = [(flat(x), gradient[name]) for name, x in zip(self._weights, inputs, strict=True)]
        yield weight_sum(d_gates, factors, ids, self._d_table)

    def finish(self, gradient: Parameters, buffers: StackBuffers) -> None:
        """Write the gradients of U and of the cell's vectors, after the ``weight_sums`` are computed."""
        gradient[self._answers][:] = self._d_table[:, : self._gate_width]
        self.stack.sum_over_streams(gradient, buffers, None, None)
