"""The neural n-gram model (Bengio, Ducharme, Vincent and Jauvin 2003).

    characters -> input table -> time-delay layer -> projection -> logits

It has one hidden layer; the direct connections from input to output of the paper are left out. Its state is the last
characters, so no gradient flows from batch to batch.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from charrnn.kernels.arrays import Array, aligned_zeros, row_stride
from charrnn.kernels.dropout import dropout
from charrnn.kernels.jit import by_address
from charrnn.kernels.lookup import LookupWeights, lookup_logits, lookup_tanh
from charrnn.kinds.contexts import ContextModel
from charrnn.layers.embedding import InputTables, initial_embedding
from charrnn.layers.parameters import EMBEDDING, Parameters, check_shapes
from charrnn.layers.products import Rows, Summation, matmul_address
from charrnn.layers.projection import Projection
from charrnn.layers.recurrent_shape import uniform_weights
from charrnn.layers.softmax import Softmax
from charrnn.layers.state import State
from charrnn.layers.time_delay import TimeDelay
from charrnn.models.tdnn.config import TDNNConfig
from charrnn.text.batches import Batch
from charrnn.workers import Workers, share

HIDDEN = "hidden.weight"


class TDNNParameters(Parameters):
    """The tensors of a time-delay network, or their gradient.

    embedding.weight (V, E), absent for one-hot input; hidden.weight (N H, E), or (N H, V) for one-hot input, with N
    lags; hidden.bias (H,); head.weight (V, H), head.bias (V,). In a checkpoint, hidden.weight is (H, N E), as in a
    PyTorch Linear that reads the concatenated embeddings, the oldest first.
    """

    config: TDNNConfig

    def __init__(self, config: TDNNConfig) -> None:
        rows = config.context_size * config.hidden_size
        super().__init__(config, tdnn_shapes(config) | {HIDDEN: (rows, config.embedding_size or config.vocab_size)})

    def initialise(self, rng_seed: int) -> "TDNNParameters":
        """Fill with initial values: matrices uniform in +-1/sqrt(H), biases zero; returns self."""
        random = np.random.default_rng(rng_seed)
        for name, tensor in self.tensors.items():
            if name == EMBEDDING:
                tensor[:] = initial_embedding(random, tensor.shape)
            else:
                tensor[:] = uniform_weights(random, tensor.shape, self.config.hidden_size) if "weight" in name else 0
        return self

    def to_tensors(self) -> dict[str, Array]:
        """The tensors in a checkpoint's layouts."""
        N, H = self.config.context_size, self.config.hidden_size
        return self.tensors | {HIDDEN: self[HIDDEN].reshape(N, H, -1).transpose(1, 0, 2).reshape(H, -1)}

    def load_tensors(self, tensors: Mapping[str, Array]) -> "TDNNParameters":
        """Copy in tensors in a checkpoint's layouts; see ``Parameters``."""
        check_shapes(tdnn_shapes(self.config), tensors)
        copies = self.copies_of(tensors, self.tensors)
        N, H = self.config.context_size, self.config.hidden_size
        copies[HIDDEN] = copies[HIDDEN].reshape(H, N, -1).transpose(1, 0, 2).reshape(N * H, -1)
        self.fill(copies)
        return self


def tdnn_shapes(config: TDNNConfig) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor in PyTorch's layouts, in the order of the flat vector."""
    V, E, H, N = config.vocab_size, config.embedding_size, config.hidden_size, config.context_size
    shapes: dict[str, tuple[int, ...]] = {EMBEDDING: (V, E)} if E else {}
    return shapes | {HIDDEN: (H, N * (E or V)), "hidden.bias": (H,), "head.weight": (V, H), "head.bias": (V,)}


class TDNN(ContextModel):
    """A time-delay network on packed weights.

    Args:
        parameters: the tensors; call ``refresh`` after a change.
        workers: the threads that share the work; one thread by default.
        training: whether gradients are needed.
    """

    predict = staticmethod(lookup_logits)

    def __init__(self, parameters: TDNNParameters, workers: Workers | None = None, *, training: bool = False) -> None:
        config = parameters.config
        super().__init__(config, workers, config.context_size)
        self.parameters, packed, bias = parameters, config.packed_dtype, parameters["hidden.bias"]
        self.inputs = InputTables(parameters, [HIDDEN], [None], config.vocab_size, packed, training=training)
        self.hidden = TimeDelay(self.inputs.tables[0], bias, config.context_size)
        self.projection = Projection(parameters, ["head.weight"], "head.bias", packed, training=training)
        one, tables = self.buffers(1, 1), self.inputs.tables[0]
        self.weights = LookupWeights(
            by_address(lookup_tanh, tables, bias, one.history, 0, one.work, 0, 0, 0),
            matmul_address(config.dtype, packed),
            tables,
            bias,
            self.projection.packed[0].forward,
            self.projection.bias,
        )
        self.refresh()

    def work_array(self, steps: int, streams: int) -> Array:
        """Allocate the hidden layer (T, B, at least H)."""
        config = self.config
        return aligned_zeros((steps, streams, row_stride(config.hidden_size, config.dtype.itemsize)), config.dtype)

    def refresh(self) -> None:
        """Pack the weights and compute the tables after a change of the parameters."""
        self.workers.run(self._pack)
        if self.config.embedding_size:
            self.workers.run(self.inputs.make)

    def _pack(self, part: int, parts: int) -> None:
        self.inputs.pack(part, parts)
        self.projection.pack(part, parts)

    def to_tensors(self) -> dict[str, Array]:
        """The tensors in a checkpoint's layouts."""
        return self.parameters.to_tensors()


class TDNNLearner:
    """Computes loss and gradient of batches of B streams and at most T steps; a ``charrnn.kinds.contract.Learner``.

    It has the same phases as ``charrnn.models.language.learner``: streams, weights, embedding.

    Args:
        network: a network made with ``training=True``.
        steps: T.
        streams: B.
    """

    def __init__(self, network: TDNN, steps: int, streams: int) -> None:
        self.network, config = network, network.config
        self.gradient = TDNNParameters(config)
        self._buffers = network.buffers(steps, streams)
        self._outputs = network.work_array(steps, streams) if config.dropout else self._buffers.work
        self._d_hidden = network.work_array(steps, streams)
        self._scales = np.empty((steps, streams), config.dtype)
        self._rows = Rows.allocate(steps, streams, max(config.hidden_size, config.vocab_size), config.packed_dtype)
        widest = max(config.hidden_size, config.embedding_size)
        self._summation = Summation(widest, config.dtype, config.packed_dtype, network.workers.threads)
        self._input_sums = list(network.inputs.weight_sums(self.gradient))

    def loss_and_gradient(self, batch: Batch, state: State, *, dropout_seed: int | None = None) -> float:
        """Compute the mean loss and its gradient; ``state`` holds the characters before the batch. See ``Learner``."""
        network, config, y = self.network, self.network.config, batch.targets
        if batch.reset is not None:
            network.reset(state, batch.reset)
        entered = network.enter(batch.inputs, state, self._buffers, batch.advance)
        history, steps = entered.history[batch.burn_in :], len(y)
        hidden, outputs, d_hidden = entered.work[:steps], self._outputs[:steps], self._d_hidden[:steps]
        softmax = Softmax(config.vocab_size, entered.logits[:steps], entered.losses[:steps], self._scales[:steps])
        softmax.weigh(batch.weights, batch.targets)
        rows = self._rows.shortened(steps)
        mask: tuple[Any, ...] = (0.0, 0) if dropout_seed is None else (config.dropout, dropout_seed)

        def streams(part: int, parts: int) -> None:
            first, last = share(y.shape[1], part, parts)
            network.hidden.forward(history, hidden, first, last)
            if config.dropout:
                dropout(hidden, outputs, config.hidden_size, *mask, first, last)
            network.projection.forward([outputs], softmax.logits, rows, first, last)
            softmax.backward(y, first, last)
            network.projection.backward(softmax.logits, [d_hidden], rows, first, last)
            if config.dropout:
                dropout(d_hidden, d_hidden, config.hidden_size, *mask, first, last)
            network.hidden.backward(d_hidden, hidden, first, last)

        def weights(part: int, parts: int) -> None:
            (d_tables,), d_bias = network.inputs.d_tables, self.gradient["hidden.bias"]
            network.hidden.sum_gradients(d_hidden, history, d_tables, d_bias, part, parts)
            self._summation.make(sums, part, parts)

        def inputs(part: int, parts: int) -> None:
            network.inputs.backward(self.gradient, self._input_sums, self._summation, part, parts)

        sums = list(network.projection.weight_sums(self.gradient, [outputs], softmax.logits, rows))
        network.workers.run(streams, most=y.shape[1])
        network.workers.run(weights)
        network.workers.run(inputs)
        return softmax.mean_loss(batch.weights)
