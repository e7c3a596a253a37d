"""What a decoder gets from an encoder: all outputs of each row, and a first state computed from each row's ends.

    m[s] = [h_f[s]; h_b[s]]               the outputs of each direction, side by side
    end = [h_f[n-1]; h_b[0]]              n: steps of the row
    state = tanh(W end + b)               cut into the decoder's states (as in Bahdanau et al. 2015, A.2.2)

Backwards, with d the gradient of the state and d_m of the memory:

    d_z = d (1 - state^2)    d_W = sum of d_z end^T    d_b = sum of d_z    d_h[s] = d_m[s] + [s is the end] W^T d_z
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import Array, aligned_zeros, row_stride
from charrnn.kernels.attention import gather_rows, scatter_rows
from charrnn.kernels.squashing import squash, squash_back
from charrnn.layers.parameters import Parameters
from charrnn.layers.products import Rows, WeightSum
from charrnn.layers.projection import Projection
from charrnn.layers.recurrent_shape import uniform_weights
from charrnn.layers.state import State

BRIDGE, BRIDGE_BIAS = "bridge.weight", "bridge.bias"


@dataclass
class Memory:
    """The outputs of an encoder of D directions of H units, for B rows of at most S steps.

    Attributes:
        units: H.
        rows: (B, S, at least D H): each row's outputs; (B, 0, ...) if only their ends are used.
        ends: (1, B, at least D H): each direction's output at the end that it reads last.
        d_rows: the gradient of ``rows``; empty for inference.
        d_ends: the gradient of ``ends``; empty for inference.
        lengths: (B,) int32 steps of each row.
        owners: (R,) int32: which of the B rows each row of the decoder attends to.
    """

    units: int
    rows: Array
    ends: Array
    d_rows: Array
    d_ends: Array
    lengths: npt.NDArray[np.int32]
    owners: npt.NDArray[np.int32]

    @classmethod
    def allocate(
        cls, units: int, directions: int, steps: int, rows: int, dtype: np.dtype[Any], *, training: bool = False
    ) -> "Memory":
        """Allocate for B ``rows`` of at most S ``steps``; 0 steps if only the ends are used."""
        stride = row_stride(directions * units, dtype.itemsize)
        of_rows, of_ends = (rows, steps, stride), (1, rows, stride)
        return cls(
            units,
            aligned_zeros(of_rows, dtype),
            aligned_zeros(of_ends, dtype),
            aligned_zeros(of_rows if training else (0, 0, stride), dtype),
            aligned_zeros(of_ends if training else (0, 0, stride), dtype),
            lengths=np.zeros(rows, np.int32),
            owners=np.arange(rows, dtype=np.int32),
        )

    def forward(self, outputs: Sequence[Array], first: int, last: int) -> None:
        """Copy in the ``outputs`` (S, B, H) of each direction, for the rows ``first`` to ``last``."""
        for direction, x in enumerate(outputs):
            start, at_end = direction * self.units, direction == 0
            gather_rows(x, self.lengths, self.units, at_end, self.rows, self.ends, start, first, last)

    def clear(self, steps: int, first: int, last: int) -> None:
        """Set the gradient of the first ``steps`` steps to zero."""
        self.d_rows[first:last, :steps] = 0

    def backward(self, d_outputs: Sequence[Array], first: int, last: int) -> None:
        """Write the gradients of the outputs to ``d_outputs``."""
        for direction, d_x in enumerate(d_outputs):
            start, at_end = direction * self.units, direction == 0
            scatter_rows(self.d_rows, self.d_ends, self.lengths, self.units, at_end, d_x, start, first, last)


class Bridge:
    """The layer that computes the first state of a decoder with L layers, each of H units and S states.

    Args:
        parameters: the tensors.
        sizes: L, S and H.
        packed_dtype: type of packed factors.
        training: whether gradients are needed.
    """

    def __init__(
        self,
        parameters: Parameters,
        sizes: tuple[int, int, int],
        packed_dtype: np.dtype[Any],
        *,
        training: bool = False,
    ) -> None:
        self._sizes = sizes
        self._projection = Projection(parameters, [BRIDGE], BRIDGE_BIAS, packed_dtype, training=training)

    @staticmethod
    def shapes(sizes: tuple[int, int, int], width: int) -> dict[str, tuple[int, ...]]:
        """Shape of each tensor, for ends of ``width`` numbers."""
        layers, states, units = sizes
        return {BRIDGE: (layers * states * units, width), BRIDGE_BIAS: (layers * states * units,)}

    @staticmethod
    def initialise(parameters: Parameters, random: np.random.Generator) -> None:
        """Fill the matrix with initial values; the bias is zero."""
        parameters[BRIDGE][:] = uniform_weights(random, parameters[BRIDGE].shape, parameters[BRIDGE].shape[1])

    def pack(self, part: int, parts: int) -> None:
        """Pack a thread's part of the weights for the matrix products."""
        self._projection.pack(part, parts)

    def forward(self, ends: Array, states: Array, rows: Rows, first: int, last: int) -> None:
        """Write ``states`` from ``ends`` (1, B, M), for the rows ``first`` to ``last``."""
        self._projection.forward([ends], states, rows, first, last)
        squash(states, self._width, first, last)

    def backward(self, states: Array, d_states: Array, d_ends: Array, rows: Rows, first: int, last: int) -> None:
        """Write ``d_ends`` from ``d_states``, which becomes the gradient of tanh's argument."""
        squash_back(states, d_states, self._width, first, last)
        self._projection.backward(d_states, [d_ends], rows, first, last)

    def weight_sums(self, gradient: Parameters, ends: Array, d_states: Array, rows: Rows) -> Iterator[WeightSum]:
        """Yield the weight sums that give the gradients of the tensors, after ``backward``."""
        yield from self._projection.weight_sums(gradient, [ends], d_states, rows)

    @property
    def _width(self) -> int:
        layers, states, units = self._sizes
        return layers * states * units

    def cut(self, states: Array) -> State:
        """Cut ``states`` into views (B, H), one for each state of each layer."""
        layers, count, units = self._sizes
        place = iter(range(layers * count))
        return [
            tuple(states[0][:, at * units : (at + 1) * units] for at in (next(place) for _ in range(count)))
            for _ in range(layers)
        ]
