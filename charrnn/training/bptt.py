"""Truncated backpropagation through time: a window's loss and gradient (Werbos 1990; Williams and Peng 1990).

Three phases, with a join of the threads after each:

1. Each thread takes its streams through the whole window: forward, loss, and backward to the gradient of every a[t].
2. Each thread takes its rows or columns of every weight's gradient and sums over all (t, b) in one fixed order:

       d W_hh = sum of d_a[t] h[t-1]^T     d W_ih = sum of d_a[t] x[t]^T     d b = sum of d_a[t]

   Below the first layer it is the table that has a gradient: d table[v] = sum of d_a[t] where x[t] = v.
3. Each thread takes its part of what follows from that by sums over the vocabulary: embedding, W_ih and b.

So the result is the same, to the last bit, for any number of threads.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.kernels import segments
from charrnn.kernels.arrays import aligned_zeros
from charrnn.kernels.cross_entropy import cross_entropy
from charrnn.kernels.dropout import dropout
from charrnn.kernels.jit import Prepared, by_address
from charrnn.kernels.matmul_transposed import matmul_transposed, scratch
from charrnn.model.network import TrainingNetwork, enter_state, flat, leave_state
from charrnn.model.parameters import Parameters, input_weight, output_weight
from charrnn.model.tensors import EMBEDDING
from charrnn.model.workers import share
from charrnn.model.workspace import State, Workspace, zero_state

Array = npt.NDArray[Any]


class Sum(NamedTuple):
    """Gradients of weights: products of transposed rows with two matrices, and the sums of these rows by id.

    All but the rows are the first arguments of ``matmul_transposed``.
    """

    d: Array
    """(K, at least M) gradients of what goes into units."""
    factors: tuple[Array, Array]
    """(K, at least N) each."""
    products: tuple[Array, Array]
    """(M, N) each, where N may be 0: the gradients."""
    ids: Array | None
    """(K,) below V; None for the window's characters."""
    sums: Array
    """(V, at least M), where they go."""
    rows: range
    """Those of the products that are made."""


class TruncatedBPTT:
    """Loss and gradient of windows of B streams and at most T steps.

    Attributes:
        gradient: of the mean loss in nats; overwritten by each window.
    """

    def __init__(self, network: TrainingNetwork, steps: int, streams: int) -> None:
        self.network, config = network, network.config
        self.gradient = Parameters(config)
        self._space = Workspace.allocate(config, steps, streams, training=True)
        self._spaces = {steps: self._space}
        self._d_tables = [aligned_zeros(table.shape, config.dtype) for table in network.tables]
        self._d_state = network.initial_state(streams) if config.learn_initial_state else None
        self._d_begun = zero_state(config, streams)
        """Each stream's gradient of the state before the first character, where it read end symbols."""
        self._aside = aligned_zeros((streams, config.hidden_size), config.dtype)
        columns = max(2 * config.hidden_size, config.embedding_size)
        self._scratch = [scratch(columns, config.packed_dtype) for _ in range(network.workers.threads)]
        self._all_ids = np.arange(config.vocab_size, dtype=np.int32)[np.newaxis]
        self._zeros = aligned_zeros((1, max(config.hidden_size, config.embedding_size)), config.dtype)
        self._matmul_transposed = Prepared(matmul_transposed)
        self._weight_sums: dict[tuple[int, int], list[Sum]] = {}
        self._input_sums = list(self._sums_of_tables())
        self._cell_backward = Prepared(network.cell.backward)
        self._segments_backward = Prepared(segments.backward)
        self._backward_address: Any = None
        self._unused = aligned_zeros((1, config.hidden_size), config.dtype)
        """Where sums go that nothing asks for."""

    def window(
        self,
        x: Array,
        y: Array,
        state: State,
        *,
        lead: int = 0,
        advance: int | None = None,
        fresh: Array | None = None,
        mask_key: int | None = None,
        d_state: State | None = None,
    ) -> float:
        """Mean loss in nats of a window; leaves the gradient in ``gradient`` and advances ``state`` in place.

        Args:
            x: (T, B) int32 ids, T at most the ``steps`` given.
            y: (T, B) int32 ids that follow them.
            state: the state before the window; the gradient does not flow through it.
            lead: steps at the window's beginning whose predictions do not count: the gradient flows through them.
            advance: steps by which ``state`` advances; the window's, if not given.
            fresh: (B,) which streams begin with this window: from the state before the first character, into which
                their gradient flows where it is learned.
            mask_key: names the dropout masks; None switches dropout off.
            d_state: where to leave the gradient of the state before the window, if it is wanted.
        """
        space = self._space_for(len(x))
        x, y = np.ascontiguousarray(x), y[lead:]
        if fresh is not None and fresh.any():
            self.network.begin(state, fresh)
        enter_state(space, state)
        d_state = self._d_state if d_state is None else d_state

        def streams(part: int, parts: int) -> None:
            first, last = share(x.shape[1], part, parts)
            self._forward_and_loss(x, y, space, lead, mask_key, first, last)
            self._backward(x, space, lead, mask_key, d_state, first, last)

        sums = self._sums_for(space, lead, x)

        def weights(part: int, parts: int) -> None:
            self._make(sums, part, parts)

        self.network.workers.run(streams, most=x.shape[1])
        self.network.workers.run(weights)
        self.network.workers.run(self._input_gradients)
        if self.network.cell.vectors or self._d_state:
            self._stream_gradients(space, d_state, fresh)
        leave_state(space, state, advance)
        return float(space.losses[lead:].mean())

    def _space_for(self, steps: int) -> Workspace:
        if steps not in self._spaces:
            self._spaces[steps] = self._space.shortened(steps, len(self.network.cell.state))
        return self._spaces[steps]

    def _forward_and_loss(
        self, x: Array, y: Array, space: Workspace, lead: int, mask_key: int | None, first: int, last: int
    ) -> None:
        config = self.network.config
        self.network.forward_rows(x, space, first, last, mask_key, lead=lead)
        scale = config.dtype.type(1 / y.size)
        cross_entropy(space.logits[lead:], y, config.vocab_size, scale, space.losses[lead:], first, last)

    def _backward(
        self,
        x: Array,
        space: Workspace,
        lead: int,
        mask_key: int | None,
        d_state: State | None,
        first: int,
        last: int,
    ) -> None:
        network, H = self.network, self.network.config.hidden_size
        assert space.d_h is not None
        assert space.d_vectors is not None
        above = space.d_h[1:]
        for layer in reversed(range(len(space.traces))):
            self._enter_gradient(space, layer, lead, first, last)
            if space.dropped:
                dropout(above, above, H, *network.mask(layer, mask_key), first, last)
            for array in (space.d_h, *space.d_state):
                array[0, first:last] = 0
            space.d_vectors[layer][first:last] = 0
            self._backward_layer(layer, x, space, first, last)
            if d_state is not None:
                for values, rows in zip(d_state[layer], (space.d_h, *space.d_state), strict=True):
                    values[first:last] = rows[0, first:last, :H]

    def _backward_layer(self, layer: int, x: Array, space: Workspace, first: int, last: int) -> None:
        """All steps of a layer's cell backwards."""
        network, H, trace = self.network, self.network.config.hidden_size, space.traces[layer]
        assert space.d_h is not None
        assert space.d_vectors is not None
        d_h, d_state, d_vectors = space.d_h, space.d_state, space.d_vectors[layer]
        weights = space.bind_weights(network.recurrent_back(layer))
        arguments = (network.matmul, weights, trace, d_h, d_state, d_vectors, H)
        if not network.config.end_symbol:
            self._cell_backward(*arguments, first, last)
            return
        for d_begun in self._d_begun[layer]:
            d_begun[first:last] = 0
        if self._backward_address is None:
            self._backward_address = by_address(network.cell.backward, *arguments, 0, 0)
        gradients = ((d_h, *d_state), self._d_begun[layer], self._aside)
        restarts = network.restarts(layer, x, space)
        self._segments_backward(self._backward_address, *arguments, restarts, *gradients, first, last)

    def _enter_gradient(self, space: Workspace, layer: int, lead: int, first: int, last: int) -> None:
        """The gradient of a layer's output, from the layer above and the logits, in all rows of d_h but row 0."""
        network, outputs = self.network, self.network.config.output_layers
        assert space.d_h is not None
        above = space.d_h[1:]
        start, ids = self._zeros, space.no_ids
        if layer < len(space.traces) - 1:
            d_a, w_back = space.traces[layer + 1].gates, space.bind(network.w_ih_back[layer])
            network.multiply(d_a, w_back, start, ids, above, first, last)
            start, ids = flat(above), space.row_ids
        else:
            above[:lead, first:last] = 0
        if layer in outputs:
            d_logits, w_back = space.logits[lead:], space.bind(network.w_out_back[outputs.index(layer)])
            network.multiply(d_logits, w_back, start, ids[lead:], above[lead:], first, last)

    def _sums_for(self, space: Workspace, lead: int, x: Array) -> list[Sum]:
        """The sums over all steps and streams of a window; all windows of a length have the same, but for ``x``."""
        window = len(x), lead
        if window not in self._weight_sums:
            self._weight_sums[window] = list(self._sums_of_window(space, lead))
        return [one._replace(ids=x.reshape(-1)) if one.ids is None else one for one in self._weight_sums[window]]

    def _sums_of_window(self, space: Workspace, lead: int) -> Iterator[Sum]:
        config, gradient, T = self.network.config, self.gradient, len(space.logits)
        no_ids = space.no_ids.reshape(-1)
        for layer, trace in enumerate(space.traces):
            d_a = flat(trace.gates)
            ids: Array | None = no_ids
            sums = gradient.row(f"rnn.bias_l{layer}")
            if layer in config.input_layers:
                ids, sums = None, self._d_tables[layer]
            below = [(flat(space.outputs[layer - 1]), gradient[f"rnn.weight_ih_l{layer}"])] if layer else []
            rows = range(config.gate_width)
            for product, d_w in zip(self.network.cell.products, gradient.recurrent(layer), strict=True):
                factors = [(flat(getattr(trace, product.operand)[:T]), d_w)]
                if product.gradient == "gates":
                    yield sum_of(d_a, factors + below, ids, sums)
                    rows = rows[len(d_w) :]
                else:
                    yield sum_of(flat(getattr(trace, product.gradient)), factors, no_ids, self._unused)
            if rows:
                yield sum_of(d_a, below, ids, sums, rows)
        for layer in config.output_layers:
            factors = [(flat(space.outputs[layer][lead:]), gradient[output_weight(config, layer)])]
            logits = flat(space.logits[lead:])
            yield sum_of(logits, factors, no_ids[: len(logits)], gradient.row("head.bias"))

    def _sums_of_tables(self) -> Iterator[Sum]:
        config, gradient = self.network.config, self.gradient
        for layer, d_table in enumerate(self._d_tables):
            factors = []
            if config.embedding_size:
                factors = [(self.network.parameters[EMBEDDING], gradient[input_weight(layer)])]
            bias = gradient.row(f"rnn.bias_l{layer}")
            yield sum_of(d_table, factors, self.network.no_ids[0], bias, range(config.gate_width))

    def _make(self, sums: list[Sum], part: int, parts: int) -> None:
        """A thread's share of the rows of some sums."""
        for *arrays, rows in sums:
            first, last = share(len(rows), part, parts)
            self._matmul_transposed(*arrays, self._scratch[part], rows.start + first, rows.start + last)

    def _input_gradients(self, part: int, parts: int) -> None:
        network, config = self.network, self.network.config
        V = config.vocab_size
        self._make(self._input_sums, part, parts)
        if not config.embedding_size:
            first, last = share(config.gate_width, part, parts)
            for layer, d_table in enumerate(self._d_tables):
                self.gradient[input_weight(layer)][first:last] = d_table[:, first:last].T
            return
        start, ids = self._zeros, network.no_ids
        if config.tie_embedding:  # its gradient as the output's matrix is there already
            start, ids = self.gradient[EMBEDDING], self._all_ids
        first, last = share(V, part, parts)
        d_embedding = self.gradient[EMBEDDING]
        for d_table, w_back in zip(self._d_tables, network.w_in_back, strict=True):
            network.multiply(d_table[np.newaxis], w_back, start, ids, d_embedding[np.newaxis], first, last)
            start, ids = d_embedding, self._all_ids

    def _stream_gradients(self, space: Workspace, d_state: State | None, fresh: Array | None) -> None:
        """What each stream has a gradient of: the cell's vectors, and the state before the first character."""
        H = self.network.config.hidden_size
        assert space.d_vectors is not None
        for layer, d_vectors in enumerate(space.d_vectors):
            gradients = zip(self.network.cell.vectors, self.gradient.vectors(layer), strict=True)
            for place, (vector, d) in enumerate(gradients):
                d[:] = d_vectors[:, place, :H].sum(axis=0) if vector.learned else 0
            for place, d in enumerate(self.gradient.initial_state(layer)):
                assert d_state is not None
                begun = 0 if fresh is None else d_state[layer][place][fresh].sum(axis=0)
                d[:] = begun + self._d_begun[layer][place].sum(axis=0)


def sum_of(
    d: Array, factors: list[tuple[Array, Array]], ids: Array | None, sums: Array, rows: range | None = None
) -> Sum:
    """A sum with at most two pairs of a factor and its product; of all rows of the first one, if not given."""
    rows = range(len(factors[0][1])) if rows is None else rows
    empty = (d[:, :0], np.empty((rows.stop, 0), d.dtype))
    first, second = [*factors, empty, empty][:2]
    return Sum(d, (first[0], second[0]), (first[1], second[1]), ids, sums, rows)
