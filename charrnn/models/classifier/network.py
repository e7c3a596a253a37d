"""The classifier, a many-to-one network.

characters -> input tables -> recurrent layers in both directions -> pooling -> projection -> softmax over the labels
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from functools import partial
from typing import Any

import numpy as np

from charrnn.kernels.arrays import Array
from charrnn.kernels.cross_entropy import log_softmax
from charrnn.layers.bidirectional import BidirectionalBuffers
from charrnn.layers.embedding import initial_embedding
from charrnn.layers.parameters import EMBEDDING, HEAD, HEAD_BIAS, Parameters, check_shapes
from charrnn.layers.pooling import SUMMARIES, Pooling
from charrnn.layers.products import Rows, Summation, WeightSum
from charrnn.layers.projection import Projection
from charrnn.layers.recurrent_shape import uniform_weights
from charrnn.layers.softmax import Softmax
from charrnn.layers.spare import Spare, of_steps
from charrnn.layers.state import State
from charrnn.models.classifier.config import ClassifierConfig
from charrnn.models.stateless import RowNetwork
from charrnn.text.batches import Batch
from charrnn.training.row_batches import by_length, padded_rows
from charrnn.workers import Workers, share

TOGETHER = 64
"""Texts that are read in one batch by ``log_probabilities``."""


class ClassifierParameters(Parameters):
    """The tensors of a classifier, or their gradient.

    embedding.weight (V, E), absent for one-hot input; the tensors of the recurrent layers, see
    ``charrnn.layers.bidirectional``; head.weight (C, 3 D H) and head.bias (C,) for C labels and D directions.
    """

    config: ClassifierConfig

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__(config, shapes_of(config))

    def initialise(self, rng_seed: int) -> "ClassifierParameters":
        """Fill with initial values; returns self. See ``Parameters``."""
        config, random = self.config, np.random.default_rng(rng_seed)
        if EMBEDDING in self.tensors:
            self[EMBEDDING][:] = initial_embedding(random, self[EMBEDDING].shape)
        config.layers.initialise(self, random, orthogonal=config.recurrent_init == "orthogonal")
        self[HEAD][:] = uniform_weights(random, self[HEAD].shape, config.hidden_size)
        return self

    def to_tensors(self) -> dict[str, Array]:
        """The tensors under PyTorch's names; see ``Parameters``."""
        tensors = dict(self.tensors)
        self.config.layers.to_torch(tensors)
        return tensors

    def load_tensors(self, tensors: Mapping[str, Array]) -> "ClassifierParameters":
        """Copy in tensors of a checkpoint; returns self. See ``Parameters``."""
        shapes = checkpoint_shapes(self.config)
        check_shapes(shapes, tensors)
        copies = self.copies_of(tensors, shapes)
        self.config.layers.from_torch(copies, self)
        self.fill(copies)
        return self


def shapes_of(config: ClassifierConfig) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor, in the order of the flat vector."""
    return _around(config, config.layers.shapes())


def checkpoint_shapes(config: ClassifierConfig) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor under PyTorch's names."""
    return _around(config, config.layers.torch_shapes())


def _around(config: ClassifierConfig, layers: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    V, E, C = config.vocab_size, config.embedding_size, len(config.labels)
    shapes: dict[str, tuple[int, ...]] = {EMBEDDING: (V, E)} if E else {}
    pooled = SUMMARIES * config.directions * config.hidden_size
    return {**shapes, **layers, HEAD: (C, pooled), HEAD_BIAS: (C,)}


class Classifier(RowNetwork):
    """A classifier on packed weights; see ``RowNetwork``."""

    config: ClassifierConfig

    def __init__(
        self, parameters: ClassifierParameters, workers: Workers | None = None, *, training: bool = False
    ) -> None:
        config = parameters.config
        super().__init__(parameters, config.layers, config.vocab_size, workers, training=training)
        self.head = Projection(parameters, [HEAD], HEAD_BIAS, config.packed_dtype, training=training)
        self._spare = Spare(lambda *sizes: of_steps(ClassifierBuffers(config, *sizes).shortened))
        self.refresh()

    def packed(self) -> tuple[Any, ...]:
        """The layers whose weights are packed; see ``StatelessNetwork``."""
        return self.inputs, self.layers, self.head

    def run(self, x: Array, lengths: Array) -> Array:
        """Compute the log probabilities (B, C) of the labels, for rows of ids (T, B) with ``lengths`` (B,)."""
        ids, classes = self.in_orders(x, lengths), len(self.config.labels)
        found = np.empty((x.shape[1], classes))

        def rows(part: int, parts: int) -> None:
            first, last = share(x.shape[1], part, parts)
            self.forward(ids, lengths, buffers, first, last)
            log_softmax(buffers.softmax.logits, classes, found, first, last)

        with self._spare.lent(*x.shape) as buffers_of:
            buffers = buffers_of(len(x))
            self.workers.run(rows, most=x.shape[1])
        return found

    def log_probabilities(self, texts: Sequence[Array], before_batch: Callable[[], None] = lambda: None) -> Array:
        """Log probabilities (N, C) of the C labels for N texts of ids; ``before_batch`` may raise to stop."""
        found = np.empty((len(texts), len(self.config.labels)))
        for chosen in by_length(np.array([len(text) for text in texts], np.int64), TOGETHER):
            before_batch()
            found[chosen] = self.run(*padded_rows([texts[at] for at in chosen], len(chosen)))
        return found

    def forward(
        self,
        ids: list[Array],
        lengths: Array,
        buffers: "ClassifierBuffers",
        first: int,
        last: int,
        *,
        dropout_seed: int | None = None,
    ) -> None:
        """Compute the logits of the rows ``first`` to ``last`` of a batch."""
        self.read(ids, lengths, buffers.layers, first, last, dropout_seed=dropout_seed)
        outputs, seed = self.layers.outputs(buffers.layers), self.pooling_seed(dropout_seed)
        buffers.pooling.forward(outputs, lengths, first, last, dropout_seed=seed)
        self.head.forward([buffers.pooling.pooled], buffers.softmax.logits, buffers.one_step, first, last)

    def pooling_seed(self, dropout_seed: int | None) -> int | None:
        """The dropout seed of the pooling, which follows those of the recurrent layers; None without dropout."""
        return None if dropout_seed is None else dropout_seed + self.config.num_layers * self.config.directions


class ClassifierBuffers:
    """The model's arrays, for T steps of B rows.

    Attributes:
        layers: arrays of the recurrent layers.
        pooling: summaries of their outputs.
        softmax: logits (1, B, at least C) and losses.
        one_step: row indices and buffers of the head's matrix products.
    """

    def __init__(self, config: ClassifierConfig, steps: int, rows: int, *, training: bool = False) -> None:
        longest = max(config.stack.gate_width, SUMMARIES * config.directions * config.hidden_size, len(config.labels))
        packed, dtype = config.packed_dtype, config.dtype
        of_steps = Rows.allocate(steps, rows, longest, packed)
        self.layers = BidirectionalBuffers.allocate(config.layers, of_steps, training=training)
        self.pooling = Pooling.allocate(config.hidden_size, config.directions, rows, dtype, config.dropout)
        self.softmax = Softmax.allocate(1, rows, len(config.labels), dtype)
        self.one_step = Rows.allocate(1, rows, longest, packed)

    def shortened(self, steps: int) -> "ClassifierBuffers":
        """The same arrays for fewer steps."""
        shorter = copy(self)
        shorter.layers = self.layers.shortened(steps)
        return shorter


class ClassifierLearner:
    """Computes loss and gradient of batches of at most T steps of B rows; a ``charrnn.kinds.contract.Learner``.

    It has the same phases as ``charrnn.models.language.learner``: rows, weights, embedding.

    Args:
        network: a network made with ``training=True``.
        steps: T.
        rows: B.
    """

    def __init__(self, network: Classifier, steps: int, rows: int) -> None:
        self.network, config = network, network.config
        self.gradient = ClassifierParameters(config)
        self._buffers_of = of_steps(ClassifierBuffers(config, steps, rows, training=True).shortened)
        widest = max(2 * config.hidden_size, config.embedding_size, SUMMARIES * config.directions * config.hidden_size)
        self._summation = Summation(widest, config.dtype, config.packed_dtype, network.workers.threads)
        self._input_sums = list(network.inputs.weight_sums(self.gradient))

    def loss_and_gradient(self, batch: Batch, state: State, *, dropout_seed: int | None = None) -> float:
        """Compute the mean loss and its gradient; the targets are labels (1, B). See ``Learner``."""
        network, lengths = self.network, batch.lengths
        assert lengths is not None
        buffers = self._buffers_of(len(batch.inputs))
        ids = network.in_orders(self._hidden(batch.inputs, dropout_seed), lengths)
        softmax, pooling = buffers.softmax, buffers.pooling
        softmax.weigh(batch.weights, batch.targets)

        def rows(part: int, parts: int) -> None:
            first, last = share(len(lengths), part, parts)
            network.forward(ids, lengths, buffers, first, last, dropout_seed=dropout_seed)
            softmax.backward(batch.targets, first, last, smoothing=network.config.label_smoothing)
            network.head.backward(softmax.logits, [pooling.d_pooled], buffers.one_step, first, last)
            d_outputs = network.layers.d_outputs(buffers.layers)
            pooling.backward(d_outputs, lengths, first, last, dropout_seed=network.pooling_seed(dropout_seed))
            network.layers.backward(lengths, buffers.layers, first, last, dropout_seed=dropout_seed)

        network.workers.run(rows, most=len(lengths))
        network.workers.run(partial(self._summation.make, list(self._sums(ids, buffers))))
        network.workers.run(partial(network.inputs.backward, self.gradient, self._input_sums, self._summation))
        network.layers.sum_over_rows(self.gradient, buffers.layers)
        return softmax.mean_loss(batch.weights)

    def _hidden(self, x: Array, seed: int | None) -> Array:
        """Replace some of the ids (T, B) by END, which no row contains, to hide these characters from the network."""
        config = self.network.config
        if seed is None or not config.symbol_dropout:
            return x
        is_hidden = np.random.default_rng(seed).random(x.shape) < config.symbol_dropout
        return np.where(is_hidden, np.int32(config.end), x)

    def _sums(self, ids: list[Array], buffers: ClassifierBuffers) -> Iterator[WeightSum]:
        network = self.network
        yield from network.layers.weight_sums(self.gradient, buffers.layers, network.inputs.d_tables, ids)
        pooled, d_logits = buffers.pooling.pooled, buffers.softmax.logits
        yield from network.head.weight_sums(self.gradient, [pooled], d_logits, buffers.one_step)
