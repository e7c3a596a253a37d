"""The gradient of a TDNN on a window, in phases as in ``charrnn.training.bptt``: streams, weights, embedding.

    d_h[t] = W_head^T d_logits[t]          d_a[t] = d_h[t] (1 - h[t]^2)
    d_tables[v, p] = sum of d_a[t] over all t and streams with v at place p
    d W_p = d_tables[:, p]^T embedding     d embedding = sum over p of d_tables[:, p] W_p

No gradient flows from window to window: characters have none.
"""

from typing import Any

import numpy as np

from charrnn.kernels.arrays import aligned_zeros
from charrnn.kernels.contexts import Array, ContextSpace
from charrnn.kernels.cross_entropy import cross_entropy
from charrnn.kernels.dropout import dropout
from charrnn.kernels.lookup import lookup_sums, lookup_tanh, tanh_back
from charrnn.kernels.matmul import matmul
from charrnn.kernels.matmul_transposed import matmul_transposed, scratch
from charrnn.model.network import flat
from charrnn.model.tdnn import TDNNParameters, TrainingTDNN
from charrnn.model.tensors import EMBEDDING
from charrnn.model.workers import share
from charrnn.model.workspace import State


class TDNNGradient:
    """Loss and gradient of windows of B streams and at most T steps.

    Attributes:
        network: the model.
        gradient: of the mean loss in nats; overwritten by each window.
    """

    def __init__(self, network: TrainingTDNN, steps: int, streams: int) -> None:
        self.network = network
        self.gradient = TDNNParameters(network.config)
        config = network.config
        self._space = network.space(steps, streams)
        self._outputs = network.room(steps, streams) if config.dropout else self._space.work
        self._d_hidden = network.room(steps, streams)
        self._d_tables = aligned_zeros(network.weights.tables.shape, config.dtype)
        columns = max(config.hidden_size, config.embedding_size)
        self._scratch = [scratch(columns, config.dtype) for _ in range(network.workers.threads)]
        self._zeros = aligned_zeros((1, columns), config.dtype)

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
    ) -> float:
        """Mean loss in nats of a window; leaves the gradient in ``gradient`` and advances ``state`` in place.

        Args:
            x: (T, B) int32 ids, T at most the ``steps`` given.
            y: (T, B) int32 ids that follow them.
            state: the characters before the window.
            lead: steps at the window's beginning whose predictions do not count: their characters are only seen.
            advance: steps by which ``state`` advances; the window's, if not given.
            fresh: (B,) which streams begin with this window, and have nothing before it.
            mask_key: names the dropout mask; None switches dropout off.
        """
        if fresh is not None:
            self.network.begin(state, fresh)
        entered, y = self.network.enter(x, state, self._space, advance), y[lead:]
        arrays: list[Any] = [array[: len(y)] for array in entered[1:]]
        space = ContextSpace(entered.history[lead:], *arrays)
        self.network.workers.run(
            lambda part, parts: self._by_streams(y, space, mask_key, *share(x.shape[1], part, parts)), most=x.shape[1]
        )
        self.network.workers.run(lambda part, parts: self._by_weights(space, part, parts))
        self.network.workers.run(self._input_gradients)
        return float(space.losses.mean())

    def _by_streams(self, y: Array, space: ContextSpace, mask_key: int | None, first: int, last: int) -> None:
        network, config = self.network, self.network.config
        weights, H, rate = network.weights, config.hidden_size, config.dropout if mask_key is not None else 0.0
        outputs, d_hidden = self._outputs[: len(y)], self._d_hidden[: len(y)]
        lookup_tanh(weights.tables, weights.bias, space.history, network.seen, space.work, H, first, last)
        if config.dropout:
            dropout(space.work, outputs, H, rate, mask_key or 0, first, last)
        matmul(outputs, weights.w_head, weights.head_bias, space.no_ids, space.logits, first, last)
        scale = config.dtype.type(1 / y.size)
        cross_entropy(space.logits, y, config.vocab_size, scale, space.losses, first, last)
        matmul(space.logits, network.w_head_back, self._zeros, space.no_ids, d_hidden, first, last)
        if config.dropout:
            dropout(d_hidden, d_hidden, H, rate, mask_key or 0, first, last)
        tanh_back(d_hidden, space.work, H, first, last)

    def _by_weights(self, space: ContextSpace, part: int, parts: int) -> None:
        network, H, V = self.network, self.network.config.hidden_size, self.network.config.vocab_size
        steps = len(space.logits)
        units = share(H, part, parts)
        d_a, d_bias = self._d_hidden[:steps], self.gradient["hidden.bias"]
        lookup_sums(d_a, space.history, network.seen, H, self._d_tables, d_bias, *units)
        d_head, d_head_bias = self.gradient["head.weight"], self.gradient.row("head.bias")
        self._product(flat(space.logits), flat(self._outputs[:steps]), d_head, d_head_bias, part, share(V, part, parts))

    def _input_gradients(self, part: int, parts: int) -> None:
        network, V = self.network, self.network.config.vocab_size
        d_rows, rows = self.gradient["hidden.weight"].reshape(network.width, -1), share(network.width, part, parts)
        if not network.config.embedding_size:
            d_rows[slice(*rows)] = self._d_tables[:, slice(*rows)].T
            return
        embedding, d_embedding = network.parameters[EMBEDDING], self.gradient[EMBEDDING]
        no_sums = np.empty((1, self._d_tables.shape[1]), self._d_tables.dtype)
        self._product(self._d_tables, embedding, d_rows, no_sums, part, rows)
        tables, no_ids = self._d_tables[np.newaxis], np.zeros((1, V), np.int32)
        matmul(tables, network.w_in_back, self._zeros, no_ids, d_embedding[np.newaxis], *share(V, part, parts))

    def _product(self, d: Array, factor: Array, to: Array, sums: Array, part: int, rows: tuple[int, int]) -> None:
        """Rows of ``to = d^T factor``, and the sums of d in them."""
        factors, products = (factor, d[:, :0]), (to, np.empty((len(to), 0), d.dtype))
        matmul_transposed(d, factors, products, np.zeros(len(d), np.int32), sums, self._scratch[part], *rows)
