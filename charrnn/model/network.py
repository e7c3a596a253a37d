"""The forward pass: characters -> first layer's table -> cells -> logits.

    a_0[t] = table_0[x[t]]              table = embedding W_ih^T + b, or the rows of W_ih^T + b for one-hot input
    a_l[t] = W_ih h_{l-1}[t] + b        one product for all t
    logits[t] = W_head h_{L-1}[t] + b_head

With skip connections, table_l[x[t]] takes the place of b in each layer, and the logits are a sum over all layers.

Weights are packed once after each update, by ``refresh``. Streams are independent: threads share them for a whole
window, and no thread waits for another inside it.

A model of documents reads the end symbol from the state before the first character. The cells know nothing of that:
each is handed a window in stretches, cut where a stream begins anew.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.cells.contract import Weights, find_cell
from charrnn.kernels import segments
from charrnn.kernels.arrays import aligned_zeros, padded
from charrnn.kernels.cross_entropy import cross_entropy
from charrnn.kernels.dropout import dropout
from charrnn.kernels.jit import Prepared, by_address
from charrnn.kernels.matmul import matmul
from charrnn.kernels.packing import Packed, pack, pack_transposed, packed_zeros, room_to_round
from charrnn.kernels.segments import Restarts
from charrnn.model.config import ModelConfig
from charrnn.model.parameters import Parameters, check_fit, input_weight, output_weight
from charrnn.model.tensors import EMBEDDING
from charrnn.model.workers import Workers, share
from charrnn.model.workspace import State, Workspace, zero_state

Array = npt.NDArray[Any]

Packing = tuple[Callable[..., Any], Array, Packed]
"""A function that packs, the matrix, and where to."""


class Network:
    """A model's equations on packed weights.

    Attributes:
        config: the model's shape.
        parameters: the tensors; call ``refresh`` after a change.
        workers: the threads that share the work.
        cell: the cell's contract.
        matmul: the product, as the cell calls it.
        multiply: the same kernel, as Python calls it; with those of packing, ``pack`` and ``pack_transposed``.
        tables: for each layer that the input reaches, (V, at least G): a for each character.
        no_ids: (1, V) zeros, for products of all characters that start from one row.
    """

    def __init__(self, parameters: Parameters, workers: Workers | None = None) -> None:
        self.config = config = parameters.config
        self.parameters = parameters
        self.workers = workers or Workers()
        self.cell = find_cell(config.cell)
        H, G, V, dtype = config.hidden_size, config.gate_width, config.vocab_size, config.packed_dtype
        layers, itemsize = range(config.num_layers), config.dtype.itemsize
        vectors = aligned_zeros((config.num_layers, len(self.cell.vectors), padded(H, itemsize)), config.dtype)
        self.matmul = matmul_by_address(config)
        self.multiply, self.pack, self.pack_transposed = (
            Prepared(kernel) for kernel in (matmul, pack, pack_transposed)
        )
        self._cell_forward = Prepared(self.cell.forward)
        self._segments_forward = Prepared(segments.forward)
        self._forward_address: Any = None
        self.recurrent = [
            Weights(
                tuple(packed_zeros(H, product.gates * H, dtype) for product in self.cell.products),
                vectors[layer],
                np.zeros((1, 0), np.int32),
            )
            for layer in layers
        ]
        self.w_ih = [packed_zeros(H, G, dtype) for _ in layers[1:]]
        self.w_out = [packed_zeros(H, V, dtype) for _ in config.output_layers]
        self.tables = [aligned_zeros((V, padded(G, itemsize)), config.dtype) for _ in config.input_layers]
        self.no_ids = np.zeros((1, V), np.int32)
        self.w_in: list[Packed] = []
        if E := config.embedding_size:
            room = room_to_round(E, V, dtype)
            self.w_in = [packed_zeros(E, G, dtype)._replace(rounded=room) for _ in config.input_layers]
        self._packings = list(self.packings())
        self.refresh()

    @staticmethod
    def check_fit(config: ModelConfig, tensors: Mapping[str, Array]) -> None:
        """See ``charrnn.model.load.check_fit``."""
        check_fit(config, tensors)

    @classmethod
    def load(cls, config: ModelConfig, tensors: Mapping[str, Array], workers: Workers | None = None) -> "Network":
        """See ``charrnn.model.load.load_model``."""
        return cls(Parameters(config).load_tensors(tensors), workers)

    def refresh(self) -> None:
        """Pack the weights and make the tables anew."""
        self.workers.run(self._pack)
        if self.config.embedding_size:
            self.workers.run(self._embed)

    def packings(self) -> Iterator[Packing]:
        """All matrices that are packed, and how."""
        tensors, config = self.parameters, self.config
        for layer, weights in enumerate(self.recurrent):
            for packed, rows in zip(weights.w_hh, tensors.recurrent(layer), strict=True):
                yield self.pack_transposed, rows, packed
        for layer, packed in enumerate(self.w_ih, 1):
            yield self.pack_transposed, tensors[f"rnn.weight_ih_l{layer}"], packed
        for layer, packed in zip(config.output_layers, self.w_out, strict=True):
            yield self.pack_transposed, tensors[output_weight(config, layer)], packed
        for layer, packed in enumerate(self.w_in):
            yield self.pack_transposed, tensors[input_weight(layer)], packed

    def _pack(self, part: int, parts: int) -> None:
        for function, rows, packed in self._packings:
            function(rows, packed, part, parts)
        if self.cell.vectors:
            self._copy_vectors()
        if not self.config.embedding_size:
            self._fill_tables(*share(self.config.gate_width, part, parts))

    def _copy_vectors(self) -> None:
        for layer, weights in enumerate(self.recurrent):
            for vector, to, values in zip(
                self.cell.vectors, weights.vectors, self.parameters.vectors(layer), strict=True
            ):
                to[: len(values)] = vector.read_as(values)

    def _fill_tables(self, first: int, last: int) -> None:
        """Columns of the tables of a one-hot input."""
        for layer, table in enumerate(self.tables):
            w, bias = self.parameters[input_weight(layer)], self.parameters[f"rnn.bias_l{layer}"]
            table[:, first:last] = w[first:last].T + bias[first:last]

    def _embed(self, part: int, parts: int) -> None:
        first, last = share(self.config.vocab_size, part, parts)
        embedding = self.parameters[EMBEDDING][np.newaxis]
        for layer, table in enumerate(self.tables):
            bias = self.parameters.row(f"rnn.bias_l{layer}")
            self.multiply(embedding, self.w_in[layer], bias, self.no_ids, table[np.newaxis], first, last)

    def forward_rows(
        self, x: Array, space: Workspace, first: int, last: int, mask_key: int | None = None, *, lead: int = 0
    ) -> None:
        """Logits of the streams ``first`` to ``last`` of a window, from the state in row 0 of the traces.

        Args:
            x: (T, B) int32 ids, contiguous.
            space: the arrays to work in, of the window's length.
            first: the first stream.
            last: one beyond the last stream.
            mask_key: names the dropout masks; None switches dropout off.
            lead: steps at the window's beginning that need no logits.
        """
        H = self.config.hidden_size
        for layer, trace in enumerate(space.traces):
            start, ids = self.parameters.row(f"rnn.bias_l{layer}"), space.no_ids
            if layer in self.config.input_layers:
                start, ids = self.tables[layer], x
            if layer:
                below, w_ih = space.outputs[layer - 1], space.bind(self.w_ih[layer - 1])
                self.multiply(below, w_ih, start, ids, trace.gates, first, last)
                start, ids = flat(trace.gates), space.row_ids
            h = self._run_layer(layer, x, start, ids, space, first, last)
            if space.dropped:
                dropout(h, space.outputs[layer], H, *self.mask(layer, mask_key), first, last)
        logits, start, ids = space.logits[lead:], self.parameters.row("head.bias"), space.no_ids
        for layer, w_out in zip(self.config.output_layers, self.w_out, strict=True):
            self.multiply(
                space.outputs[layer][lead:], space.bind(w_out), start, ids[: len(logits)], logits, first, last
            )
            start, ids = flat(logits), space.row_ids

    def _run_layer(
        self, layer: int, x: Array, start: Array, ids: Array, space: Workspace, first: int, last: int
    ) -> Array:
        """All steps of a layer's cell; returns h (T, B, H)."""
        H, trace, weights = self.config.hidden_size, space.traces[layer], space.bind_weights(self.recurrent[layer])
        if not self.config.end_symbol:
            self._cell_forward(self.matmul, weights, trace, start, ids, H, first, last)
            h: Array = trace[1][1:]
            return h
        initial, outputs = np.zeros((len(self.cell.state), H), self.config.dtype), space.outputs[layer]
        self._begin_layer(layer, list(initial[:, np.newaxis]), slice(None))
        arguments = (self.matmul, weights, trace, start, ids, H)
        if self._forward_address is None:
            self._forward_address = by_address(self.cell.forward, *arguments, 0, 0)
        restarts = self.restarts(layer, x, space)
        self._segments_forward(self._forward_address, *arguments, restarts, initial, outputs, first, last)
        return outputs

    def restarts(self, layer: int, x: Array, space: Workspace) -> Restarts:
        """Where the streams of a window begin anew."""
        return Restarts(x, self.config.end, space.before_end[layer])

    def mask(self, layer: int, key: int | None) -> tuple[float, int]:
        """Rate and key of a layer's dropout mask; no ``key`` switches dropout off."""
        return (0.0, 0) if key is None else (self.config.dropout, key + layer)

    @property
    def state_names(self) -> tuple[str, ...]:
        """See ``LanguageModel``."""
        return self.cell.state

    def check_state(self, state: State) -> None:
        """See ``LanguageModel``: all numbers will do."""

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
        state = zero_state(self.config, streams)
        self.begin(state, slice(None))
        return state

    def begin(self, state: State, streams: Array | slice) -> None:
        """Set the state of some streams, by an index of the first axis, to that before the first character."""
        for layer, arrays in enumerate(state):
            self._begin_layer(layer, arrays, streams)

    def _begin_layer(self, layer: int, arrays: Sequence[Array], streams: Array | slice) -> None:
        """The same of one layer, whose states are ``arrays`` (B, H)."""
        for array in arrays:
            array[streams] = 0
        for array, learned in zip(arrays, self.parameters.initial_state(layer), strict=False):
            array[streams] = learned


class TrainingNetwork(Network):
    """A network whose weights are packed for the way back, too.

    Raises:
        ConfigError: this processor cannot train in the config's precision.
    """

    def __init__(self, parameters: Parameters, workers: Workers | None = None) -> None:
        config, cell = parameters.config, find_cell(parameters.config.cell)
        config.require_trainable()
        H, G, V, dtype = config.hidden_size, config.gate_width, config.vocab_size, config.packed_dtype
        layers = range(config.num_layers)
        self.w_hh_back = [tuple(packed_zeros(product.gates * H, H, dtype) for product in cell.products) for _ in layers]
        self.w_ih_back = [packed_zeros(G, H, dtype) for _ in layers[1:]]
        self.w_out_back = [packed_zeros(V, H, dtype) for _ in config.output_layers]
        self.w_in_back: list[Packed] = []
        if E := config.embedding_size:
            room = room_to_round(G, V, dtype)
            self.w_in_back = [packed_zeros(G, E, dtype)._replace(rounded=room) for _ in config.input_layers]
        super().__init__(parameters, workers)

    def packings(self) -> Iterator[Packing]:
        """All matrices that are packed, and how."""
        yield from super().packings()
        tensors, config = self.parameters, self.config
        for layer, products in enumerate(self.w_hh_back):
            for packed, rows in zip(products, tensors.recurrent(layer), strict=True):
                yield self.pack, rows, packed
        for layer, packed in enumerate(self.w_ih_back, 1):
            yield self.pack, tensors[f"rnn.weight_ih_l{layer}"], packed
        for layer, packed in zip(config.output_layers, self.w_out_back, strict=True):
            yield self.pack, tensors[output_weight(config, layer)], packed
        for layer, packed in enumerate(self.w_in_back):
            yield self.pack, tensors[input_weight(layer)], packed

    def recurrent_back(self, layer: int) -> Weights:
        """What a layer's time loop reads on the way back."""
        return self.recurrent[layer]._replace(w_hh=self.w_hh_back[layer])


def matmul_by_address(config: ModelConfig) -> Any:
    """``matmul`` for arrays of a model's type, to be handed to kernels."""
    rows, ids = np.empty((1, 1, 1), config.dtype), np.zeros((1, 1), np.int32)
    return by_address(matmul, rows, packed_zeros(1, 1, config.packed_dtype), rows[0], ids, rows, 0, 0)


def flat(array: Array) -> Array:
    """(T, B, N) -> (T B, N), the same memory."""
    return array.reshape(-1, array.shape[-1])


def enter_state(space: Workspace, state: State) -> None:
    """Hand a state in: row 0 of the traces."""
    for trace, layer in zip(space.traces, state, strict=True):
        for rows, values in zip(trace[1:], layer, strict=False):
            rows[0, :, : values.shape[1]] = values


def leave_state(space: Workspace, state: State, steps: int | None = None) -> None:
    """Take the state after so many steps, all if not given, out of the traces."""
    after = -1 if steps is None else steps
    for trace, layer in zip(space.traces, state, strict=True):
        for rows, values in zip(trace[1:], layer, strict=False):
            values[:] = rows[after, :, : values.shape[1]]
