"""A stack of recurrent layers over the steps of a batch.

    a_l[t] = x_l[t] + W_ih h_{l-1}[t]                   one product for all t; x_l is the bias or an input table's row
    h_l[t], ... = cell(a_l[t] + W_hh h_l[t-1], state)   the cell's time loop

Backwards, each layer's cell computes d_a_l from the gradients of the outputs and of the state after the last step, and

    d_h_{l-1}[t] += W_ih^T d_a_l[t]     d_W_ih = sum of d_a_l[t] h_{l-1}[t]^T     d_W_hh = sum of d_a_l[t] h_l[t-1]^T

With documents, a stream restarts from the initial state where it reads the end symbol. ``charrnn.kernels.segments``
cuts a batch there, so that cells need not handle restarts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np

from charrnn.cells.contract import Weights
from charrnn.kernels import segments
from charrnn.kernels.arrays import Array, aligned_zeros, padded, row_stride
from charrnn.kernels.dropout import dropout
from charrnn.kernels.jit import Prepared, by_address
from charrnn.kernels.segments import Restarts, activation_steps
from charrnn.layers.parameters import Parameters
from charrnn.layers.products import Bias, PackedMatrix, Rows, WeightSum, flat, matmul_address, weight_sum, zero_row
from charrnn.layers.recurrent_shape import StackShape
from charrnn.layers.state import State


@dataclass
class StackBuffers:
    """A stack's arrays for T steps of B streams; rows are padded so that each starts aligned.

    Attributes:
        activations: for each layer, the cell's activation cache.
        outputs: for each layer (T, B, H), the input of the next: h, or h after dropout. With dropout or restarts these
            are separate arrays, else views of the activations.
        rows: row indices and buffers of the products.
        before_restart: for each layer, one array (T, B, H) for each state: the values that restarts overwrite; empty
            without restarts.
        d_h: for each layer (T+1, B, H), the gradients of the h before the first step and of the outputs. Layers whose
            output only the next layer reads share one array. Empty for inference.
        d_state: (1, B, H) for each state but h; empty for inference.
        d_vectors: (L, B, P, H): each stream's gradient of the cell's P vectors; None for inference.
        d_initial: (B, H) for each layer and state: each stream's gradient of the initial state, from restarts.
        dropped: whether the outputs are h after dropout.
    """

    activations: list[Any]
    outputs: list[Array]
    rows: Rows
    before_restart: list[tuple[Array, ...]]
    d_h: list[Array]
    d_state: tuple[Array, ...]
    d_vectors: Array | None
    d_initial: State
    dropped: bool

    @classmethod
    def allocate(cls, shape: StackShape, rows: Rows, *, training: bool = False) -> "StackBuffers":
        """Allocate for batches of at most the steps and streams of ``rows``."""
        cell, H, (steps, streams) = shape.cell, shape.units, rows.numbers.shape
        restarts = shape.restart_id >= 0

        def zeros(length: int, columns: int) -> Array:
            return aligned_zeros((length, streams, row_stride(columns, shape.dtype.itemsize)), shape.dtype)

        layers = []
        for _ in range(shape.layers):
            states = [zeros(steps + 1, H) for _ in cell.state]
            saved = [zeros(steps, H) for _ in cell.saved]
            layers.append(cell.activations(zeros(steps, shape.gate_width), *states, *saved))
        dropped = training and shape.dropout > 0
        outputs = [zeros(steps, H) if dropped or restarts else activations[1][1:] for activations in layers]
        before = [tuple(zeros(steps, H) for _ in cell.state) for _ in layers] if restarts else []
        buffers = cls(layers, outputs, rows, before, [], (), None, [], dropped)
        if training:
            shared = zeros(steps + 1, H)
            own = shape.output_layers[:-1]
            buffers.d_h = [zeros(steps + 1, H) if layer in own else shared for layer in range(shape.layers)]
            buffers.d_state = tuple(zeros(1, H) for _ in cell.state[1:])
            vectors = (shape.layers, streams, len(cell.vectors), padded(H, shape.dtype.itemsize))
            buffers.d_vectors = aligned_zeros(vectors, shape.dtype)
            buffers.d_initial = zero_state(shape, streams)
        return buffers

    def shortened(self, steps: int, states: int) -> "StackBuffers":
        """The same arrays for ``steps`` steps; ``states`` is the cell's number of states."""
        return self.part(0, steps, states)

    def part(self, begin: int, stop: int, states: int) -> "StackBuffers":
        """The same arrays for the steps from ``begin`` to ``stop``; ``states`` is the cell's number of states."""
        return replace(
            self,
            activations=[activation_steps(activations, begin, stop, states) for activations in self.activations],
            outputs=[output[begin:stop] for output in self.outputs],
            rows=self.rows.shortened(stop - begin),
            d_h=[d_h[begin : stop + 1] for d_h in self.d_h],
        )

    def enter(self, state: State) -> None:
        """Copy a state into row 0 of the activations."""
        for activations, layer in zip(self.activations, state, strict=True):
            for rows, values in zip(activations[1:], layer, strict=False):
                rows[0, :, : values.shape[1]] = values

    def leave(self, state: State, steps: int | None = None) -> None:
        """Copy from the activations the state after ``steps`` steps; by default, after the last step."""
        after = -1 if steps is None else steps
        for activations, layer in zip(self.activations, state, strict=True):
            for rows, values in zip(activations[1:], layer, strict=False):
                values[:] = rows[after, :, : values.shape[1]]


class RecurrentStack:
    """A stack of recurrent layers.

    Args:
        shape: the stack's shape.
        parameters: the tensors.
        training: whether gradients are needed.

    Attributes:
        shape: the stack's shape.
        matmul: ``matmul`` by address, for the cell's time loop.
        w_ih: W_ih of each layer but the first.
        w_hh: for each layer, the rows of W_hh of each of the cell's products.
        vectors: (L, P, at least H): the cell's vectors, converted by their ``read_as``.
    """

    def __init__(self, shape: StackShape, parameters: Parameters, *, training: bool = False) -> None:
        self.shape, self._parameters = shape, parameters
        layers, dtype = range(shape.layers), shape.packed_dtype

        def matrix(w: Array) -> PackedMatrix:
            return PackedMatrix(w, dtype, training=training)

        self.w_hh = [tuple(map(matrix, shape.recurrent(parameters, layer))) for layer in layers]
        self.w_ih = [matrix(parameters[self.shape.named("weight_ih", layer)]) for layer in layers[1:]]
        padded_units = padded(shape.units, shape.dtype.itemsize)
        self.vectors = aligned_zeros((shape.layers, len(shape.cell.vectors), padded_units), shape.dtype)
        self.packed = [*chain.from_iterable(self.w_hh), *self.w_ih]
        self.matmul = matmul_address(shape.dtype, dtype)
        self._zeros, self._unused = (zero_row(shape.units, shape.dtype) for _ in range(2))
        self._forward, self._backward = Prepared(shape.cell.forward), Prepared(shape.cell.backward)
        self._segments_forward, self._segments_backward = Prepared(segments.forward), Prepared(segments.backward)
        self._forward_address: Any = None
        self._backward_address: Any = None

    def pack(self, part: int, parts: int) -> None:
        """Pack a thread's part of the weights for the matrix products, and convert the cell's vectors."""
        for matrix in self.packed:
            matrix.pack(part, parts)
        for layer, packed in enumerate(self.vectors):
            values = self.shape.vectors(self._parameters, layer)
            for vector, to, own in zip(self.shape.cell.vectors, packed, values, strict=True):
                to[: len(own)] = vector.read_as(own)

    def forward(
        self,
        inputs: Sequence[Bias],
        ids: Array,
        buffers: StackBuffers,
        first: int,
        last: int,
        *,
        dropout_seed: int | None = None,
    ) -> None:
        """Fill ``buffers.outputs`` for the streams ``first`` to ``last``, from the state in row 0 of the activations.

        Args:
            inputs: for each layer that the input reaches, x_l, to which its products are added, with the bias; for a
                ``dense`` shape, only that of the first layer.
            ids: (T, B) int32, contiguous: the ids that the streams read; a stream restarts at the restart id.
            buffers: the arrays to work in, of T steps.
            first: the first stream.
            last: one beyond the last stream.
            dropout_seed: seed of the dropout masks; None switches dropout off.
        """
        rows = buffers.rows
        for layer, activations in enumerate(buffers.activations):
            start = (
                inputs[layer]
                if layer < len(inputs)
                else rows.same(self._parameters.row(self.shape.named("bias", layer)))
            )
            if layer:
                self.w_ih[layer - 1].multiply(buffers.outputs[layer - 1], start, activations.gates, rows, first, last)
                start = rows.adding_to(activations.gates)
            h = self._run_layer(layer, start, ids, buffers, first, last)
            if buffers.dropped:
                mask = self._mask(layer, dropout_seed)
                dropout(h, buffers.outputs[layer], self.shape.units, *mask, first, last)

    def _run_layer(self, layer: int, start: Bias, ids: Array, buffers: StackBuffers, first: int, last: int) -> Array:
        """Run all steps of a layer's cell; returns h (T, B, H)."""
        H, activations = self.shape.units, buffers.activations[layer]
        arguments = (self.matmul, self._weights(layer, buffers.rows), activations, *start, H)
        if self.shape.restart_id < 0:
            self._forward(*arguments, first, last)
            h: Array = activations[1][1:]
            return h
        initial, outputs = np.zeros((len(self.shape.cell.state), H), self.shape.dtype), buffers.outputs[layer]
        self.reset_layer(layer, list(initial[:, np.newaxis]), slice(None))
        if self._forward_address is None:
            self._forward_address = by_address(self.shape.cell.forward, *arguments, 0, 0)
        restarts = self._restarts(layer, ids, buffers)
        self._segments_forward(self._forward_address, *arguments, restarts, initial, outputs, first, last)
        return outputs

    def _weights(self, layer: int, rows: Rows, *, back: bool = False) -> Weights:
        packed = (matrix.backward if back else matrix.forward for matrix in self.w_hh[layer])
        return Weights(tuple(rows.bind(each) for each in packed if each), self.vectors[layer], rows.numbers[:1])

    def _restarts(self, layer: int, ids: Array, buffers: StackBuffers) -> Restarts:
        return Restarts(ids, self.shape.restart_id, buffers.before_restart[layer])

    def _mask(self, layer: int, seed: int | None) -> tuple[float, int]:
        """Rate and seed of a layer's dropout mask."""
        return (0.0, 0) if seed is None else (self.shape.dropout, seed + layer)

    def d_outputs(self, buffers: StackBuffers) -> list[Array]:
        """The arrays (T, B, H) for the gradients of the layers that reach the output; fill them before ``backward``."""
        return [buffers.d_h[layer][1:] for layer in self.shape.output_layers]

    def backward(
        self,
        ids: Array,
        buffers: StackBuffers,
        first: int,
        last: int,
        *,
        dropout_seed: int | None = None,
        d_final: State | None = None,
        d_initial: State | None = None,
    ) -> None:
        """Compute the gradients of all gates, in ``buffers.activations``, from those in ``d_outputs``.

        Args:
            ids: as in ``forward``.
            buffers: as in ``forward``.
            first: as in ``forward``.
            last: as in ``forward``.
            dropout_seed: as in ``forward``.
            d_final: (B, H) for each layer and state: the gradient of the state after the last step; zero if None.
            d_initial: (B, H) for each layer and state, written: the gradient of the state before the first step.
        """
        rows, H = buffers.rows, self.shape.units
        for layer in reversed(range(self.shape.layers)):
            d_states = (buffers.d_h[layer], *buffers.d_state)
            d_output = d_states[0][1:]
            if layer < self.shape.layers - 1:
                is_output = layer in self.shape.output_layers
                start = rows.adding_to(d_output) if is_output else rows.same(self._zeros)
                d_gates = buffers.activations[layer + 1].gates
                self.w_ih[layer].multiply_back(d_gates, start, d_output, rows, first, last)
            if buffers.dropped:
                dropout(d_output, d_output, H, *self._mask(layer, dropout_seed), first, last)
            for d in d_states:
                d[0, first:last] = 0
            if d_final is not None:
                d_output[-1, first:last, :H] += d_final[layer][0][first:last]
                for d, given in zip(buffers.d_state, d_final[layer][1:], strict=True):
                    d[0, first:last, :H] = given[first:last]
            self._backward_layer(layer, ids, buffers, first, last)
            if d_initial is not None:
                for values, d in zip(d_initial[layer], d_states, strict=True):
                    values[first:last] = d[0, first:last, :H]

    def _backward_layer(self, layer: int, ids: Array, buffers: StackBuffers, first: int, last: int) -> None:
        """Run all steps of a layer's cell backwards."""
        assert buffers.d_vectors is not None
        d_h, d_vectors = buffers.d_h[layer], buffers.d_vectors[layer]
        d_vectors[first:last] = 0
        weights = self._weights(layer, buffers.rows, back=True)
        arguments = (
            self.matmul,
            weights,
            buffers.activations[layer],
            d_h,
            buffers.d_state,
            d_vectors,
            self.shape.units,
        )
        if self.shape.restart_id < 0:
            self._backward(*arguments, first, last)
            return
        for d in buffers.d_initial[layer]:
            d[first:last] = 0
        if self._backward_address is None:
            self._backward_address = by_address(self.shape.cell.backward, *arguments, 0, 0)
        aside = np.empty_like(d_h[0])
        gradients = ((d_h, *buffers.d_state), buffers.d_initial[layer], aside)
        restarts = self._restarts(layer, ids, buffers)
        self._segments_backward(self._backward_address, *arguments, restarts, *gradients, first, last)

    def weight_sums(
        self, gradient: Parameters, buffers: StackBuffers, d_tables: Sequence[Array]
    ) -> Iterator[WeightSum]:
        """Yield the weight sums that give the gradients of the weights, and of the biases or input tables.

        Args:
            gradient: written by the sums.
            buffers: the arrays after ``backward``.
            d_tables: (V, at least G) for each layer that the input reaches, written by the sums: the gates' gradients
                summed for each id. For other layers, the bias gets the sum over all ids.
        """
        steps, no_ids = len(buffers.rows.numbers), buffers.rows.zeros.reshape(-1)
        for layer, activations in enumerate(buffers.activations):
            d_a = flat(activations.gates)
            ids: Array | None = no_ids
            sums = gradient.row(self.shape.named("bias", layer))
            if layer in self.shape.input_layers:
                ids, sums = None, d_tables[layer]
            below = (
                [(flat(buffers.outputs[layer - 1]), gradient[self.shape.named("weight_ih", layer)])] if layer else []
            )
            rest = range(self.shape.gate_width)
            for product, d_w in zip(self.shape.cell.products, self.shape.recurrent(gradient, layer), strict=True):
                factors = [(flat(getattr(activations, product.operand)[:steps]), d_w)]
                if product.gradient == "gates":
                    yield weight_sum(d_a, factors + below, ids, sums)
                    rest = rest[len(d_w) :]
                else:
                    yield weight_sum(flat(getattr(activations, product.gradient)), factors, no_ids, self._unused)
            if rest:
                yield weight_sum(d_a, below, ids, sums, rest)

    def sum_over_streams(
        self, gradient: Parameters, buffers: StackBuffers, d_initial: State | None, reset: Array | None
    ) -> None:
        """Sum the gradients that each stream holds separately: of the cell's vectors and of a learned initial state.

        Args:
            gradient: written.
            buffers: the arrays after ``backward``.
            d_initial: written by ``backward``; may be None if the initial state is not learned.
            reset: (B,) whether each stream began with this batch; None for no stream.
        """
        if not self.shape.cell.vectors and not self.shape.learn_initial_state:
            return
        assert buffers.d_vectors is not None
        for layer, d_vectors in enumerate(buffers.d_vectors):
            gradients = zip(self.shape.cell.vectors, self.shape.vectors(gradient, layer), strict=True)
            for place, (vector, d) in enumerate(gradients):
                d[:] = d_vectors[:, place, : self.shape.units].sum(axis=0) if vector.learned else 0
            for place, d in enumerate(self.shape.initial_state(gradient, layer)):
                assert d_initial is not None
                begun = 0 if reset is None else d_initial[layer][place][reset].sum(axis=0)
                d[:] = begun + buffers.d_initial[layer][place].sum(axis=0)

    def initial_state(self, streams: int) -> State:
        """The state of ``streams`` streams before the first step."""
        state = zero_state(self.shape, streams)
        self.reset(state, slice(None))
        return state

    def reset(self, state: State, streams: Array | slice) -> None:
        """Set the state of the streams that ``streams`` indexes to the initial state."""
        for layer, arrays in enumerate(state):
            self.reset_layer(layer, arrays, streams)

    def reset_layer(self, layer: int, arrays: Sequence[Array], streams: Array | slice) -> None:
        """Reset one layer, whose states are ``arrays`` (B, H); see ``reset``."""
        for array in arrays:
            array[streams] = 0
        for array, learned in zip(arrays, self.shape.initial_state(self._parameters, layer), strict=False):
            array[streams] = learned


def zero_state(shape: StackShape, streams: int) -> State:
    """A state of zeros for ``streams`` streams."""
    arrays = range(len(shape.cell.state))
    size = (streams, shape.units)
    return [tuple(aligned_zeros(size, shape.dtype) for _ in arrays) for _ in range(shape.layers)]
