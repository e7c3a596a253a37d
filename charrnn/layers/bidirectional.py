"""Recurrent layers over complete sequences, in one direction or in both (Schuster and Paliwal 1997).

A reversed layer runs the same cell on reversed rows. Each row is reversed within its own length, so that padding stays
at the end. Above the first layer, each direction reads the outputs of both:

    a[t] = W_f h_f[t] + W_b h_b[t] + b          h_f, h_b: outputs of the layer below, both in this direction's order

Tensors are called as in PyTorch, ``rnn.weight_hh_l0`` and ``rnn.weight_hh_l0_reverse``; PyTorch's
``weight_ih`` holds W_f and W_b side by side.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from charrnn.kernels.arrays import Array, aligned_zeros, row_stride
from charrnn.kernels.reversal import add_reversed, reverse_rows
from charrnn.layers.parameters import Parameters
from charrnn.layers.products import Bias, Rows, WeightSum
from charrnn.layers.projection import Projection
from charrnn.layers.recurrent import RecurrentStack, StackBuffers
from charrnn.layers.recurrent_shape import StackShape, uniform_weights


@dataclass(frozen=True)
class BidirectionalShape:
    """The shape of L layers of H units in each of D directions.

    Attributes:
        base: shape of a layer in one direction: cell, units, dropout, types; ``width`` is that of the input.
        layers: L.
        directions: D, 1 or 2.
        drops_last: whether dropout applies to the last layer's outputs, too.
    """

    base: StackShape
    layers: int
    directions: int
    drops_last: bool = True

    def part(self, layer: int, direction: int) -> StackShape:
        """The shape of one layer in one direction."""
        dropout = self.base.dropout if self.drops_last or layer < self.layers - 1 else 0.0
        return replace(
            self.base,
            dropout=dropout,
            layers=1,
            first_layer=layer,
            suffix="_reverse" if direction else "",
            dense=layer > 0,
        )

    @property
    def parts(self) -> list[list[StackShape]]:
        """The shapes of all layers in all directions: ``[layer][direction]``."""
        return [[self.part(layer, direction) for direction in range(self.directions)] for layer in range(self.layers)]

    def from_below(self, layer: int, direction: int) -> list[str]:
        """Names of the matrices that read the outputs of the layer below, one for each direction of that layer."""
        part = self.part(layer, direction)
        return [part.named(f"weight_ih{'_back' if below else ''}", 0) for below in range(self.directions)]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each tensor, in the order of the flat vector."""
        shapes: dict[str, tuple[int, ...]] = {}
        for layer, parts in enumerate(self.parts):
            for direction, part in enumerate(parts):
                if layer:
                    shapes |= dict.fromkeys(self.from_below(layer, direction), (part.gate_width, part.units))
                shapes |= part.shapes()
        return shapes

    def initialise(self, parameters: Parameters, random: np.random.Generator, *, orthogonal: bool) -> None:
        """Fill the parameters with initial values; see ``StackShape.initialise``."""
        for layer, parts in enumerate(self.parts):
            for direction, part in enumerate(parts):
                part.initialise(parameters, random, orthogonal=orthogonal)
                for name in self.from_below(layer, direction) if layer else ():
                    parameters[name][:] = uniform_weights(random, parameters[name].shape, part.units)

    def to_torch(self, tensors: dict[str, Array]) -> None:
        """Rename tensors as in PyTorch, in place; with two directions, join the matrices that read the layer below."""
        for layer, parts in enumerate(self.parts):
            for direction, part in enumerate(parts):
                part.to_torch(tensors)
                if layer and self.directions == 2:
                    forward, back = self.from_below(layer, direction)
                    tensors[forward] = np.concatenate([tensors[forward], tensors.pop(back)], axis=1)

    def from_torch(self, tensors: Mapping[str, Array], parameters: Parameters) -> None:
        """Undo ``to_torch``: set the parameters whose tensors it renames or joins; ``tensors`` are overwritten."""
        for layer, parts in enumerate(self.parts):
            for direction, part in enumerate(parts):
                part.from_torch(tensors, parameters)
                names = self.from_below(layer, direction) if layer else []
                for place, name in enumerate(names):
                    columns = slice(place * part.units, (place + 1) * part.units)
                    parameters[name][:] = tensors[names[0]][:, columns]

    def torch_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each tensor under PyTorch's names."""
        shapes: dict[str, tuple[int, ...]] = {}
        for layer, parts in enumerate(self.parts):
            for direction, part in enumerate(parts):
                if layer:
                    shapes[self.from_below(layer, direction)[0]] = (part.gate_width, self.directions * part.units)
                shapes |= part.torch_shapes()
        return shapes


@dataclass
class BidirectionalBuffers:
    """The layers' arrays, for T steps of B rows; lists are ``[layer][direction]``.

    Attributes:
        stacks: the arrays of each layer in each direction; steps are in the direction's order.
        reversed: each direction's outputs (T, B, H) in the other direction's order; empty with one direction.
        d_reversed: the gradients of ``reversed``, in arrays shared by all layers; empty for inference.
        rows: row indices and buffers of the matrix products.
        states: the cell's number of states.
    """

    stacks: list[list[StackBuffers]]
    reversed: list[list[Array]]
    d_reversed: list[Array]
    rows: Rows
    states: int

    @classmethod
    def allocate(cls, shape: BidirectionalShape, rows: Rows, *, training: bool = False) -> "BidirectionalBuffers":
        """Allocate for batches of at most the steps and rows of ``rows``."""
        base, two = shape.base, shape.directions == 2
        size = (*rows.numbers.shape, row_stride(base.units, base.dtype.itemsize))

        def both() -> list[Array]:
            return [aligned_zeros(size, base.dtype) for _ in range(2 * two)]

        stacks = [[StackBuffers.allocate(part, rows, training=training) for part in parts] for parts in shape.parts]
        return cls(stacks, [both() for _ in shape.parts], both() if training else [], rows, len(base.cell.state))

    def shortened(self, steps: int) -> "BidirectionalBuffers":
        """The same arrays for fewer steps."""
        return BidirectionalBuffers(
            [[each.shortened(steps, self.states) for each in parts] for parts in self.stacks],
            [[array[:steps] for array in arrays] for arrays in self.reversed],
            [array[:steps] for array in self.d_reversed],
            self.rows.shortened(steps),
            self.states,
        )


class Bidirectional:
    """Recurrent layers in one or two directions.

    Args:
        shape: shape of the layers.
        parameters: the tensors.
        training: whether gradients are needed.
    """

    def __init__(self, shape: BidirectionalShape, parameters: Parameters, *, training: bool = False) -> None:
        self.shape = shape
        self.stacks = [[RecurrentStack(part, parameters, training=training) for part in parts] for parts in shape.parts]
        self._projections = [
            [
                Projection(
                    parameters,
                    shape.from_below(layer, direction),
                    part.named("bias", 0),
                    part.packed_dtype,
                    training=training,
                )
                for direction, part in enumerate(parts)
            ]
            for layer, parts in enumerate(shape.parts)
            if layer
        ]

    def pack(self, part: int, parts: int) -> None:
        """Pack a thread's part of the weights for the matrix products."""
        for stacks in self.stacks:
            for stack in stacks:
                stack.pack(part, parts)
        for projections in self._projections:
            for projection in projections:
                projection.pack(part, parts)

    def forward(
        self,
        inputs: Sequence[Bias],
        lengths: Array,
        buffers: BidirectionalBuffers,
        first: int,
        last: int,
        *,
        dropout_seed: int | None = None,
    ) -> None:
        """Fill the outputs of the rows ``first`` to ``last``.

        Args:
            inputs: for each direction, the rows that the first layer's products are added to, including its bias; steps
                are in the direction's order.
            lengths: (B,) int32 of the rows.
            buffers: the arrays to work in, of T steps.
            first: the first row.
            last: one beyond the last row.
            dropout_seed: seed of the dropout masks; None switches dropout off.
        """
        for layer, stacks in enumerate(self.stacks):
            for direction, stack in enumerate(stacks):
                own = buffers.stacks[layer][direction]
                start = inputs[direction]
                if layer:
                    gates = own.activations[0].gates
                    below = self._in_order(buffers, layer - 1, direction)
                    self._projections[layer - 1][direction].forward(below, gates, buffers.rows, first, last)
                    start = buffers.rows.adding_to(gates)
                seed = self._seed(dropout_seed, layer, direction)
                stack.forward([start], start.row_index, own, first, last, dropout_seed=seed)
                is_read_reversed = direction or layer < self.shape.layers - 1
                if buffers.reversed[layer] and is_read_reversed:
                    to = buffers.reversed[layer][direction]
                    reverse_rows(own.outputs[0], lengths, self.shape.base.units, to, first, last)

    def outputs(self, buffers: BidirectionalBuffers) -> list[Array]:
        """The last layer's outputs (T, B, H) of each direction, in the order of the text."""
        return self._in_order(buffers, self.shape.layers - 1, 0)

    def _in_order(self, buffers: BidirectionalBuffers, layer: int, direction: int) -> list[Array]:
        """A layer's outputs of each direction, with all steps in the order of ``direction``."""
        own, turned = buffers.stacks[layer], buffers.reversed[layer]
        return [each.outputs[0] if at == direction else turned[at] for at, each in enumerate(own)]

    def d_outputs(self, buffers: BidirectionalBuffers) -> list[Array]:
        """The arrays for the gradients of ``outputs``, zero at padding; fill them before ``backward``."""
        (own, *_), stacks = self.stacks[-1], buffers.stacks[-1]
        return [*own.d_outputs(stacks[0]), *buffers.d_reversed[1:]]

    def backward(
        self,
        lengths: Array,
        buffers: BidirectionalBuffers,
        first: int,
        last: int,
        *,
        dropout_seed: int | None = None,
    ) -> None:
        """Compute the gradients of all gates from those in ``d_outputs``; arguments as in ``forward``."""
        units, top = self.shape.base.units, self.shape.layers - 1
        if buffers.d_reversed:
            (to,) = self.stacks[top][1].d_outputs(buffers.stacks[top][1])
            reverse_rows(buffers.d_reversed[1], lengths, units, to, first, last)
        for layer in reversed(range(self.shape.layers)):
            for direction, stack in enumerate(self.stacks[layer]):
                own = buffers.stacks[layer][direction]
                seed = self._seed(dropout_seed, layer, direction)
                stack.backward(buffers.rows.zeros, own, first, last, dropout_seed=seed)
            if layer:
                self._to_below(layer, lengths, buffers, first, last)

    def _to_below(self, layer: int, lengths: Array, buffers: BidirectionalBuffers, first: int, last: int) -> None:
        """Compute the gradients of the outputs of the layer below, which each direction has read in its own order."""
        below = [
            stack.d_outputs(own)[0]
            for stack, own in zip(self.stacks[layer - 1], buffers.stacks[layer - 1], strict=True)
        ]
        for direction, projection in enumerate(self._projections[layer - 1]):
            d_gates = buffers.stacks[layer][direction].activations[0].gates
            # A direction reads its own outputs as they are, and the other direction's reversed. The gradients of the
            # latter are reversed again and added below.
            to = [below[at] if at == direction else buffers.d_reversed[at] for at in range(self.shape.directions)]
            projection.backward(d_gates, to, buffers.rows, first, last)
        for direction, d_x in enumerate(buffers.d_reversed):
            add_reversed(d_x, lengths, self.shape.base.units, below[direction], first, last)

    def _seed(self, seed: int | None, layer: int, direction: int) -> int | None:
        """The dropout seed of one layer in one direction, different for each; None if ``seed`` is None."""
        return None if seed is None else seed + layer * self.shape.directions + direction

    def weight_sums(
        self,
        gradient: Parameters,
        buffers: BidirectionalBuffers,
        d_tables: Sequence[Array],
        ids: Sequence[Array],
    ) -> Iterator[WeightSum]:
        """Yield the weight sums that give the gradients of the weights and of the first layer's input tables.

        Args:
            gradient: written by the sums.
            buffers: the arrays after ``backward``.
            d_tables: for each direction (V, at least G), written by the sums: the gates' gradients summed for each id.
            ids: for each direction, the ids (T, B) that it reads, in its order.
        """
        for layer, stacks in enumerate(self.stacks):
            for direction, stack in enumerate(stacks):
                own = buffers.stacks[layer][direction]
                tables = [] if layer else [d_tables[direction]]
                for each in stack.weight_sums(gradient, own, tables):
                    yield each if each.ids is not None else each._replace(ids=ids[direction].reshape(-1))
                if layer:
                    below = self._in_order(buffers, layer - 1, direction)
                    gates = own.activations[0].gates
                    projection = self._projections[layer - 1][direction]
                    yield from projection.weight_sums(gradient, below, gates, buffers.rows)

    def sum_over_rows(self, gradient: Parameters, buffers: BidirectionalBuffers) -> None:
        """Sum the gradients of the cells' vectors over the rows, which hold them separately."""
        for stacks, own in zip(self.stacks, buffers.stacks, strict=True):
            for stack, each in zip(stacks, own, strict=True):
                stack.sum_over_streams(gradient, each, None, None)
