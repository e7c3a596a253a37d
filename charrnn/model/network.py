"""The forward pass: characters -> first layer's table -> cells -> logits.

    a_0[t] = table[x[t]]                table = embedding W_ih^T + b, or the rows of W_ih^T + b for one-hot input
    a_l[t] = W_ih h_{l-1}[t] + b        one product for all t
    logits[t] = W_head h_{L-1}[t] + b_head

Weights are packed once after each update, by ``refresh``. Streams are independent: threads share them for a whole
window, and no thread waits for another inside it.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.cells.contract import find_cell
from charrnn.kernels.arrays import aligned_zeros, padded
from charrnn.kernels.cross_entropy import cross_entropy
from charrnn.kernels.dropout import dropout
from charrnn.kernels.matmul import matmul, pack, pack_transposed, packed_zeros, room_to_round
from charrnn.model.parameters import Parameters
from charrnn.model.workers import Workers, share
from charrnn.model.workspace import State, Workspace, zero_state

Array = npt.NDArray[Any]


class Network:
    """A model's equations on packed weights.

    Attributes:
        config: the model's shape.
        parameters: the tensors; call ``refresh`` after a change.
        workers: the threads that share the work.
        cell: the cell's contract.

    Raises:
        ConfigError: this processor cannot compute in the config's precision.
    """

    def __init__(self, parameters: Parameters, workers: Workers | None = None) -> None:
        self.config = config = parameters.config
        config.require_runnable()
        self.parameters = parameters
        self.workers = workers or Workers()
        self.cell = find_cell(config.cell)
        H, G, V, dtype = config.hidden_size, config.gate_width, config.vocab_size, config.packed_dtype
        self.w_hh = [packed_zeros(H, G, dtype) for _ in range(config.num_layers)]
        self.w_ih = [packed_zeros(H, G, dtype) for _ in range(1, config.num_layers)]
        self.w_head = packed_zeros(H, V, dtype)
        self.table = aligned_zeros((V, padded(G, config.dtype.itemsize)), config.dtype)
        if config.embedding_size:
            room = room_to_round(config.embedding_size, V, dtype)
            self.w_embedding = packed_zeros(config.embedding_size, G, dtype)._replace(rounded=room)
        self.refresh()

    def refresh(self) -> None:
        """Pack the weights and make the first layer's table anew."""
        self.workers.run(self._pack)
        if self.config.embedding_size:
            self.workers.run(self._embed)

    def _pack(self, part: int, parts: int) -> None:
        tensors = self.parameters
        for layer, packed in enumerate(self.w_hh):
            pack_transposed(tensors[f"rnn.weight_hh_l{layer}"], packed, part, parts)
        for layer, packed in enumerate(self.w_ih, 1):
            pack_transposed(tensors[f"rnn.weight_ih_l{layer}"], packed, part, parts)
        pack_transposed(tensors["head.weight"], self.w_head, part, parts)
        if self.config.embedding_size:
            pack_transposed(tensors["rnn.weight_ih_l0"], self.w_embedding, part, parts)
        else:
            first, last = share(self.config.gate_width, part, parts)
            self.table[:, first:last] = tensors["rnn.weight_ih_l0"][first:last].T + tensors["rnn.bias_l0"][first:last]

    def _embed(self, part: int, parts: int) -> None:
        first, last = share(self.config.vocab_size, part, parts)
        embedding, no_ids = self.parameters["embedding.weight"], np.zeros((1, self.config.vocab_size), np.int32)
        bias = self.parameters.row("rnn.bias_l0")
        matmul(embedding[np.newaxis], self.w_embedding, bias, no_ids, self.table[np.newaxis], first, last)

    def forward_rows(self, x: Array, space: Workspace, first: int, last: int, mask_key: int | None = None) -> None:
        """Logits of the streams ``first`` to ``last`` of a window, from the state in row 0 of the traces.

        Args:
            x: (T, B) int32 ids, contiguous.
            space: the arrays to work in, of the window's length.
            first: the first stream.
            last: one beyond the last stream.
            mask_key: names the dropout masks; None switches dropout off.
        """
        H = self.config.hidden_size
        for layer, trace in enumerate(space.traces):
            start, ids = self.table, x
            if layer:
                below, bias = space.outputs[layer - 1], self.parameters.row(f"rnn.bias_l{layer}")
                matmul(below, space.bind(self.w_ih[layer - 1]), bias, space.no_ids, trace.gates, first, last)
                start, ids = flat(trace.gates), space.row_ids
            self.cell.forward(space.bind(self.w_hh[layer]), trace, start, ids, H, first, last)
            if space.dropped:
                dropout(trace[1][1:], space.outputs[layer], H, *self.mask(layer, mask_key), first, last)
        w_head, bias = space.bind(self.w_head), self.parameters.row("head.bias")
        matmul(space.outputs[-1], w_head, bias, space.no_ids, space.logits, first, last)

    def mask(self, layer: int, key: int | None) -> tuple[float, int]:
        """Rate and key of a layer's dropout mask; no ``key`` switches dropout off."""
        return (0.0, 0) if key is None else (self.config.dropout, key + layer)

    @property
    def state_names(self) -> tuple[str, ...]:
        """See ``LanguageModel``."""
        return self.cell.state

    def space(self, steps: int, streams: int) -> Workspace:
        """See ``LanguageModel``."""
        return Workspace.allocate(self.config, steps, streams)

    def to_tensors(self) -> dict[str, Array]:
        """See ``LanguageModel``."""
        return self.parameters.to_tensors()

    def run(self, x: Array, y: Array | None, state: State, space: Workspace) -> Workspace:
        """See ``LanguageModel``; without dropout."""
        if len(x) < len(space.logits):
            space = space.shortened(len(x), len(self.cell.state))
        x = np.ascontiguousarray(x)
        enter_state(space, state)

        def rows(part: int, parts: int) -> None:
            first, last = share(x.shape[1], part, parts)
            self.forward_rows(x, space, first, last)
            if y is not None:
                one = self.config.dtype.type(1)
                cross_entropy(space.logits, y, self.config.vocab_size, one, space.losses, first, last)

        self.workers.run(rows, most=x.shape[1])
        leave_state(space, state)
        return space

    def initial_state(self, streams: int) -> State:
        """The state before the first character."""
        return zero_state(self.config, streams)


class TrainingNetwork(Network):
    """A network whose weights are packed for the way back, too."""

    def __init__(self, parameters: Parameters, workers: Workers | None = None) -> None:
        config = parameters.config
        H, G, V, dtype = config.hidden_size, config.gate_width, config.vocab_size, config.packed_dtype
        self.w_hh_back = [packed_zeros(G, H, dtype) for _ in range(config.num_layers)]
        self.w_ih_back = [packed_zeros(G, H, dtype) for _ in range(1, config.num_layers)]
        self.w_head_back = packed_zeros(V, H, dtype)
        if config.embedding_size:
            room = room_to_round(G, V, dtype)
            self.w_embedding_back = packed_zeros(G, config.embedding_size, dtype)._replace(rounded=room)
        super().__init__(parameters, workers)

    def _pack(self, part: int, parts: int) -> None:
        super()._pack(part, parts)
        tensors = self.parameters
        for layer, packed in enumerate(self.w_hh_back):
            pack(tensors[f"rnn.weight_hh_l{layer}"], packed, part, parts)
        for layer, packed in enumerate(self.w_ih_back, 1):
            pack(tensors[f"rnn.weight_ih_l{layer}"], packed, part, parts)
        pack(tensors["head.weight"], self.w_head_back, part, parts)
        if self.config.embedding_size:
            pack(tensors["rnn.weight_ih_l0"], self.w_embedding_back, part, parts)


def flat(array: Array) -> Array:
    """(T, B, N) -> (T B, N), the same memory."""
    return array.reshape(-1, array.shape[-1])


def enter_state(space: Workspace, state: State) -> None:
    """Hand a state in: row 0 of the traces."""
    for trace, layer in zip(space.traces, state, strict=True):
        for rows, values in zip(trace[1:], layer, strict=False):
            rows[0, :, : values.shape[1]] = values


def leave_state(space: Workspace, state: State) -> None:
    """Take the state after the last step out of the traces."""
    for trace, layer in zip(space.traces, state, strict=True):
        for rows, values in zip(trace[1:], layer, strict=False):
            values[:] = rows[-1, :, : values.shape[1]]
