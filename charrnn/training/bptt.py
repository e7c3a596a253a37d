"""Truncated backpropagation through time: a window's loss and gradient (Werbos 1990; Williams and Peng 1990).

Two phases, with a join of the threads after each:

1. Each thread takes its streams through the whole window: forward, loss, and backward to the gradient of every a[t].
2. Each thread takes its rows or columns of every weight's gradient and sums over all (t, b) in one fixed order:

       d W_hh = sum of d_a[t] h[t-1]^T     d W_ih = sum of d_a[t] x[t]^T     d b = sum of d_a[t]

   Below the first layer the sums run over the vocabulary: the table's gradient goes on into the embedding, W_ih and b.

So the result is the same, to the last bit, for any number of threads.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import aligned_zeros
from charrnn.kernels.cross_entropy import cross_entropy
from charrnn.kernels.dropout import dropout
from charrnn.kernels.matmul import matmul, matmul_transposed, scratch
from charrnn.model.network import TrainingNetwork, enter_state, flat, leave_state
from charrnn.model.parameters import Parameters
from charrnn.model.workers import share
from charrnn.model.workspace import State, Workspace

Array = npt.NDArray[Any]


class TruncatedBPTT:
    """Loss and gradient of windows of B streams and at most T steps.

    Attributes:
        gradient: of the mean loss in nats; overwritten by each window.
    """

    def __init__(self, network: TrainingNetwork, steps: int, streams: int) -> None:
        self.network = network
        self.gradient = Parameters(network.config)
        self._space = Workspace.allocate(network.config, steps, streams, training=True)
        self._spaces = {steps: self._space}
        self._d_table = aligned_zeros(network.table.shape, network.config.dtype)
        columns = network.config.hidden_size * 2 + network.config.vocab_size
        self._scratch = [scratch(columns, network.config.packed_dtype) for _ in range(network.workers.threads)]
        widest = max(network.config.hidden_size, network.config.embedding_size)
        self._zeros = aligned_zeros((1, widest), network.config.dtype)

    def window(
        self, x: Array, y: Array, state: State, *, mask_key: int | None = None, d_state: State | None = None
    ) -> float:
        """Mean loss in nats of a window; leaves the gradient in ``gradient`` and advances ``state`` in place.

        Args:
            x: (T, B) int32 ids, T at most the ``steps`` given.
            y: (T, B) int32 ids that follow them.
            state: the state before the window; the gradient does not flow through it.
            mask_key: names the dropout masks; None switches dropout off.
            d_state: where to leave the gradient of the state before the window, if it is wanted.
        """
        space = self._space_for(len(x))
        x = np.ascontiguousarray(x)
        enter_state(space, state)

        def streams(part: int, parts: int) -> None:
            first, last = share(x.shape[1], part, parts)
            self._forward_and_loss(x, y, space, mask_key, first, last)
            self._backward(space, mask_key, d_state, first, last)

        def weights(part: int, parts: int) -> None:
            self._weight_gradients(x, space, part, parts)

        self.network.workers.run(streams, most=x.shape[1])
        self.network.workers.run(weights)
        self.network.workers.run(self._input_gradients)
        leave_state(space, state)
        return float(space.losses.mean())

    def _space_for(self, steps: int) -> Workspace:
        if steps not in self._spaces:
            self._spaces[steps] = self._space.shortened(steps, len(self.network.cell.state))
        return self._spaces[steps]

    def _forward_and_loss(
        self, x: Array, y: Array, space: Workspace, mask_key: int | None, first: int, last: int
    ) -> None:
        config = self.network.config
        self.network.forward_rows(x, space, first, last, mask_key)
        scale = config.dtype.type(1 / x.size)
        cross_entropy(space.logits, y, config.vocab_size, scale, space.losses, first, last)

    def _backward(self, space: Workspace, mask_key: int | None, d_state: State | None, first: int, last: int) -> None:
        network, H = self.network, self.network.config.hidden_size
        assert space.d_h is not None
        above = space.d_h[1:]
        matmul(space.logits, space.bind(network.w_head_back), self._zeros, space.no_ids, above, first, last)
        for layer in reversed(range(len(space.traces))):
            trace = space.traces[layer]
            if space.dropped:
                dropout(above, above, H, *network.mask(layer, mask_key), first, last)
            for array in (space.d_h, *space.d_state):
                array[0, first:last] = 0
            w_hh = space.bind(network.w_hh_back[layer])
            network.cell.backward(w_hh, trace, space.d_h, space.d_state, H, first, last)
            if d_state is not None:
                for values, rows in zip(d_state[layer], (space.d_h, *space.d_state), strict=True):
                    values[first:last] = rows[0, first:last, :H]
            if layer:
                w_back = space.bind(network.w_ih_back[layer - 1])
                matmul(trace.gates, w_back, self._zeros, space.no_ids, above, first, last)

    def _weight_gradients(self, x: Array, space: Workspace, part: int, parts: int) -> None:
        for layer, trace in enumerate(space.traces):
            d_a, ids = flat(trace.gates), space.no_ids if layer else x
            sums = self.gradient.row(f"rnn.bias_l{layer}") if layer else self._d_table
            factors = {f"rnn.weight_hh_l{layer}": flat(trace[1][:-1])}
            if layer:
                factors[f"rnn.weight_ih_l{layer}"] = flat(space.outputs[layer - 1])
            self._sum(d_a, factors, ids, sums, part, parts)
        factors = {"head.weight": flat(space.outputs[-1])}
        self._sum(flat(space.logits), factors, space.no_ids, self.gradient.row("head.bias"), part, parts)

    def _input_gradients(self, part: int, parts: int) -> None:
        network, config = self.network, self.network.config
        no_ids, bias = np.zeros((1, config.vocab_size), np.int32), self.gradient.row("rnn.bias_l0")
        if not config.embedding_size:
            self._sum(self._d_table, {}, no_ids, bias, part, parts)
            first, last = share(config.gate_width, part, parts)
            self.gradient["rnn.weight_ih_l0"][first:last] = self._d_table[:, first:last].T
            return
        factors = {"rnn.weight_ih_l0": network.parameters["embedding.weight"]}
        self._sum(self._d_table, factors, no_ids, bias, part, parts)
        first, last = share(config.vocab_size, part, parts)
        d_table, d_embedding = self._d_table[np.newaxis], self.gradient["embedding.weight"][np.newaxis]
        matmul(d_table, network.w_embedding_back, self._zeros, no_ids, d_embedding, first, last)

    def _sum(self, d: Array, factors: dict[str, Array], ids: Array, sums: Array, part: int, parts: int) -> None:
        """A thread's share of the gradients that are products of ``d`` with the factors, and of its sums by id."""
        pairs = [(factor, self.gradient[name]) for name, factor in factors.items()]
        rows = pairs[0][1].shape[0] if pairs else sums.shape[1]
        while len(pairs) < 2:
            pairs.append((d[:, :0], np.empty((rows, 0), d.dtype)))
        bs, cs = zip(*pairs, strict=True)
        matmul_transposed(d, bs, cs, ids.reshape(-1), sums, self._scratch[part], *share(rows, part, parts))
