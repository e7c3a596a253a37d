"""The decoder: symbols so far -> tables -> recurrent layers -> attention -> projection.

Consecutive steps that are computed with one call of each layer form a span. Usually all steps of a batch are one span.
With input feeding each step is its own span, as it reads the output of attention at the step before:

    a[t] = table[symbol[t]] + W_f y[t-1]        y: the output of attention, y[-1] = 0
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import Array, aligned_zeros, row_stride
from charrnn.kernels.dropout import dropout
from charrnn.layers.attention import Attention, AttentionBuffers
from charrnn.layers.embedding import InputTables
from charrnn.layers.memory import Memory
from charrnn.layers.parameters import HEAD, HEAD_BIAS, Parameters
from charrnn.layers.products import Bias, PackedMatrix, Rows, Summation, WeightSum, flat, weight_sum, zero_row
from charrnn.layers.projection import Projection
from charrnn.layers.recurrent import RecurrentStack, StackBuffers, zero_state
from charrnn.layers.softmax import Softmax
from charrnn.layers.state import State
from charrnn.models.transducer.config import TransducerConfig
from charrnn.models.transducer.parameters import FEED, TARGET_EMBEDDING

RowCounts = npt.NDArray[np.int32]
"""(B,) number of steps of each row."""


@dataclass
class DecoderBuffers:
    """The decoder's arrays, for T steps of B rows.

    Attributes:
        stack: arrays of the recurrent layers.
        attention: arrays of attention; None without attention.
        seen: (T+1, B, at least H): the output of attention after dropout; zero before the first step.
        softmax: logits (T, B, at least C) and losses.
        rows: row indices and buffers of the matrix products.
        d_first: (B, H) for each layer and state: the gradient of the state before a span.
        d_vectors: the gradient of the cell's vector parameters, summed over spans, as in ``StackBuffers``.
    """

    stack: StackBuffers
    attention: AttentionBuffers | None
    seen: Array
    softmax: Softmax
    rows: Rows
    d_first: State
    d_vectors: Array | None

    @classmethod
    def allocate(
        cls, config: TransducerConfig, steps: int, rows: int, longest: int, *, training: bool = False
    ) -> "DecoderBuffers":
        """Allocate for at most T ``steps`` of B ``rows``, and at most ``longest`` steps of the encoder."""
        shape, H, dtype = config.decoder, config.hidden_size, config.dtype
        widest = max(shape.gate_width, config.memory_width, config.classes)
        of_steps = Rows.allocate(steps, rows, widest, config.packed_dtype)
        stack = StackBuffers.allocate(shape, of_steps, training=training)
        attention = None
        if config.attends:
            sizes = (H, config.memory_width, steps, rows, longest)
            attention = AttentionBuffers.allocate(*sizes, dtype, training=training)
        seen = aligned_zeros((steps + 1, rows, row_stride(H, dtype.itemsize)), dtype)
        softmax = Softmax.allocate(steps, rows, config.classes, dtype)
        d_vectors = None if stack.d_vectors is None else np.zeros_like(stack.d_vectors)
        return cls(stack, attention, seen, softmax, of_steps, zero_state(shape, rows), d_vectors)

    def part(self, begin: int, stop: int, states: int) -> "DecoderBuffers":
        """The same arrays for the steps from ``begin`` to ``stop``."""
        attention = self.attention and self.attention.part(begin, stop)
        stack, rows = self.stack.part(begin, stop, states), self.rows.shortened(stop - begin)
        arrays = self.seen[begin : stop + 1], self.softmax.part(begin, stop)
        return DecoderBuffers(stack, attention, *arrays, rows, self.d_first, self.d_vectors)

    def enter(self, state: State, first: int, last: int) -> None:
        """Set the state (B, H) before the first step, for the rows ``first`` to ``last``."""
        for activations, layer in zip(self.stack.activations, state, strict=True):
            for own, values in zip(activations[1:], layer, strict=False):
                own[0, first:last, : values.shape[1]] = values[first:last]


class Decoder:
    """The layers of the decoder.

    Args:
        parameters: the tensors.
        training: whether the backward pass is needed, too.
    """

    def __init__(self, parameters: Parameters, *, training: bool = False) -> None:
        self.config: TransducerConfig = parameters.config
        config, shape, packed = self.config, self.config.decoder, self.config.packed_dtype
        self.inputs = InputTables(
            parameters,
            [shape.named("weight_ih", 0)],
            [shape.named("bias", 0)],
            config.classes,
            packed,
            training=training,
            embedding=TARGET_EMBEDDING,
        )
        self.stack = RecurrentStack(shape, parameters, training=training)
        sizes = config.hidden_size, config.memory_width
        self.attention = Attention(parameters, *sizes, packed, training=training) if config.attends else None
        self.feed = PackedMatrix(parameters[FEED], packed, training=training) if config.is_fed else None
        self.head = Projection(parameters, [HEAD], HEAD_BIAS, packed, training=training)
        self._states, self._unused = len(shape.cell.state), zero_row(shape.gate_width, config.dtype)

    def pack(self, part: int, parts: int) -> None:
        """Pack a thread's part of the weights."""
        for layer in (self.inputs, self.stack, self.attention, self.feed, self.head):
            if layer is not None:
                layer.pack(part, parts)

    def shortened(self, buffers: DecoderBuffers, steps: int) -> DecoderBuffers:
        """The same arrays for fewer steps."""
        return buffers.part(0, steps, self._states)

    def _spans(self, steps: int) -> list[tuple[int, int]]:
        """The first step of each span, and one beyond its last step."""
        return [(t, t + 1) for t in range(steps)] if self.feed else [(0, steps)]

    def forward(
        self,
        ids: Array,
        memory: Memory,
        counts: RowCounts,
        buffers: DecoderBuffers,
        first: int,
        last: int,
        *,
        dropout_seed: int | None = None,
    ) -> None:
        """Compute the logits of the rows ``first`` to ``last``, from the state in the buffers.

        Args:
            ids: (T, B) the symbol before each symbol to be predicted.
            memory: the outputs of the encoder.
            counts: (B,) int32 number of steps of each row.
            buffers: arrays for T steps.
            first: the first row.
            last: one beyond the last row.
            dropout_seed: selects the dropout masks; None switches dropout off.
        """
        for begin, stop in self._spans(len(ids)):
            own = buffers.part(begin, stop, self._states) if self.feed else buffers
            self._forward_span(ids[begin:stop], memory, counts, begin, own, first, last, dropout_seed)
        top = buffers.seen[1:] if self.attention else buffers.stack.outputs[-1]
        self.head.forward([top], buffers.softmax.logits, buffers.rows, first, last)

    def _forward_span(
        self,
        ids: Array,
        memory: Memory,
        counts: RowCounts,
        begin: int,
        own: DecoderBuffers,
        first: int,
        last: int,
        seed: int | None,
    ) -> None:
        start = Bias(self.inputs.tables[0], ids)
        if self.feed:
            gates = own.stack.activations[0].gates
            self.feed.multiply(own.seen[:-1], start, gates, own.rows, first, last)
            start = own.rows.adding_to(gates)
        stack_seed = self._seed(seed, begin)
        self.stack.forward([start], start.row_index, own.stack, first, last, dropout_seed=stack_seed)
        if self.attention and own.attention:
            h = own.stack.outputs[-1]
            self.attention.forward(h, memory, counts, begin, own.attention, own.rows, first, last)
            mask = (0.0, 0) if seed is None else (self.config.dropout, seed - 1 - begin)
            dropout(own.attention.outputs, own.seen[1:], self.config.hidden_size, *mask, first, last)

    def _seed(self, seed: int | None, begin: int) -> int | None:
        """The dropout seed of the span that begins at ``begin``; spans have different masks."""
        return None if seed is None else seed + begin * self.config.num_layers

    def backward(
        self,
        memory: Memory,
        counts: RowCounts,
        buffers: DecoderBuffers,
        first: int,
        last: int,
        *,
        dropout_seed: int | None = None,
    ) -> None:
        """Backpropagate from the logits to the gates, the memory and the first state.

        The gradient of the logits has replaced the logits. The gradient of the first state is left in
        ``buffers.d_first``. Arguments are as in ``forward``.
        """
        (d_h,) = self.stack.d_outputs(buffers.stack)
        top = buffers.attention.d_outputs if buffers.attention else d_h
        self.head.backward(buffers.softmax.logits, [top], buffers.rows, first, last)
        assert buffers.d_vectors is not None
        buffers.d_vectors[:, first:last] = 0
        spans = self._spans(len(buffers.softmax.logits))
        for begin, stop in reversed(spans):
            own = buffers.part(begin, stop, self._states) if self.feed else buffers
            after = buffers.part(stop, stop + 1, self._states) if self.feed and (begin, stop) != spans[-1] else None
            self._backward_span(memory, counts, begin, own, after, first, last, dropout_seed)

    def _backward_span(
        self,
        memory: Memory,
        counts: RowCounts,
        begin: int,
        own: DecoderBuffers,
        after: DecoderBuffers | None,
        first: int,
        last: int,
        seed: int | None,
    ) -> None:
        """Backpropagate through one span; ``after`` holds the arrays of the next span, if there is one."""
        (d_h,) = self.stack.d_outputs(own.stack)
        if self.attention and own.attention:
            d = own.attention.d_outputs
            if self.feed and after:
                d_gates = after.stack.activations[0].gates
                self.feed.multiply_back(d_gates, own.rows.adding_to(d), d, own.rows, first, last)
            mask = (0.0, 0) if seed is None else (self.config.dropout, seed - 1 - begin)
            dropout(d, d, self.config.hidden_size, *mask, first, last)
            self.attention.backward(d_h, memory, counts, begin, own.attention, own.rows, first, last)
        self.stack.backward(
            own.rows.zeros,
            own.stack,
            first,
            last,
            dropout_seed=self._seed(seed, begin),
            d_final=own.d_first if after else None,
            d_initial=own.d_first,
        )
        assert own.d_vectors is not None
        assert own.stack.d_vectors is not None
        own.d_vectors[:, first:last] += own.stack.d_vectors[:, first:last]

    def weight_sums(self, gradient: Parameters, buffers: DecoderBuffers, ids: Array) -> Iterator[WeightSum]:
        """Yield the sums for the gradients of the weights, after ``backward``; ``ids`` (T, B) were read."""
        for each in self.stack.weight_sums(gradient, buffers.stack, self.inputs.d_tables):
            yield each if each.ids is not None else each._replace(ids=ids.reshape(-1))
        h, steps, no_ids = buffers.stack.outputs[-1], len(ids), buffers.rows.zeros.reshape(-1)
        if self.feed:
            d_gates = flat(buffers.stack.activations[0].gates)
            yield weight_sum(d_gates, [(flat(buffers.seen[:steps]), gradient[FEED])], no_ids, self._unused)
        if self.attention and buffers.attention:
            yield from self.attention.weight_sums(gradient, h, buffers.attention, buffers.rows)
            h = buffers.seen[1:]
        yield from self.head.weight_sums(gradient, [h], buffers.softmax.logits, buffers.rows)

    def input_sums(self, gradient: Parameters) -> Sequence[WeightSum]:
        """The sums for the gradients of what the tables are computed from; see ``InputTables``."""
        return list(self.inputs.weight_sums(gradient))

    def sum_inputs(
        self, gradient: Parameters, sums: Sequence[WeightSum], summation: Summation, part: int, parts: int
    ) -> None:
        """Compute a thread's part of ``input_sums`` and of the embedding's gradient."""
        self.inputs.backward(gradient, sums, summation, part, parts)

    def sum_over_rows(self, gradient: Parameters, buffers: DecoderBuffers) -> None:
        """Sum the gradients of the cell's vector parameters, which are kept apart for each row."""
        if buffers.stack.d_vectors is not None and buffers.d_vectors is not None:
            buffers.stack.d_vectors[:] = buffers.d_vectors
        self.stack.sum_over_streams(gradient, buffers.stack, None, None)
