"""The sequence-to-sequence model: an encoder, a decoder, and attention between them.

characters and features -> tables -> recurrent layers in both directions -> memory
                                                        | ends -> first state
symbols so far -> tables -> recurrent layers -> attention to the memory -> projection -> softmax over the symbols
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import Array, aligned_zeros, row_stride
from charrnn.layers.bidirectional import BidirectionalBuffers
from charrnn.layers.embedding import InputTables
from charrnn.layers.memory import Bridge, Memory
from charrnn.layers.products import Rows, Summation, WeightSum
from charrnn.layers.spare import Spare, of_steps
from charrnn.layers.state import State
from charrnn.models.stateless import RowNetwork
from charrnn.models.transducer.config import TransducerConfig
from charrnn.models.transducer.decoder import Decoder, DecoderBuffers
from charrnn.models.transducer.parameters import TransducerParameters
from charrnn.text.batches import Batch, PairBatch
from charrnn.workers import Workers, share

DECODER_SEED = 1 << 16
"""Added to a dropout seed to get the decoder's dropout seed."""


class Transducer(RowNetwork):
    """A sequence-to-sequence model on packed weights; see ``RowNetwork``, whose layers are the encoder."""

    config: TransducerConfig

    def __init__(
        self, parameters: TransducerParameters, workers: Workers | None = None, *, training: bool = False
    ) -> None:
        config = parameters.config
        super().__init__(parameters, config.encoder, config.read_symbols, workers, training=training)
        self.bridge = Bridge(parameters, config.state_sizes, config.packed_dtype, training=training)
        self.decoder = Decoder(parameters, training=training)
        self.spare = Spare(self._search_buffers)
        self.refresh()

    def _search_buffers(
        self, steps: int, rows: int, width: int
    ) -> tuple[Callable[[int], "EncoderBuffers"], DecoderBuffers]:
        """Allocate arrays to read ``rows`` rows, and for one step of ``width`` hypotheses of each."""
        encoded = EncoderBuffers.allocate(self.config, steps, rows)
        return of_steps(encoded.shortened), DecoderBuffers.allocate(self.config, 1, rows * width, steps)

    def packed(self) -> tuple[Any, ...]:
        """The layers whose weights are packed; see ``StatelessNetwork``."""
        return self.inputs, self.layers, self.bridge, self.decoder

    def tables(self) -> tuple[InputTables, ...]:
        """The input tables of the encoder and of the decoder; see ``RowNetwork``."""
        return self.inputs, self.decoder.inputs

    def encode(
        self, ids: list[Array], buffers: "EncoderBuffers", first: int, last: int, *, dropout_seed: int | None = None
    ) -> None:
        """Compute the memory and the decoder's first states for the rows ``first`` to ``last``."""
        self.read(ids, buffers.memory.lengths, buffers.layers, first, last, dropout_seed=dropout_seed)
        buffers.memory.forward(self.layers.outputs(buffers.layers), first, last)
        self.bridge.forward(buffers.memory.ends, buffers.states, buffers.one_step, first, last)

    def losses(self, batch: PairBatch) -> npt.NDArray[np.float64]:
        """Compute the negative log-likelihood (B,), in nats, of each row's target."""
        (steps, rows), longest = batch.targets.shape, len(batch.inputs)
        encoded = EncoderBuffers.allocate(self.config, longest, rows)
        buffers = DecoderBuffers.allocate(self.config, steps, rows, longest)
        assert batch.lengths is not None
        encoded.memory.lengths = batch.lengths
        ids, states = self.in_orders(batch.inputs, batch.lengths), self.bridge.cut(encoded.states)
        buffers.softmax.weigh(batch.weights, batch.targets)

        def some(part: int, parts: int) -> None:
            first, last = share(rows, part, parts)
            self.encode(ids, encoded, first, last)
            buffers.enter(states, first, last)
            self.decoder.forward(batch.written, encoded.memory, batch.counts, buffers, first, last)
            buffers.softmax.backward(batch.targets, first, last)

        self.workers.run(some, most=rows)
        counted = np.arange(steps)[:, np.newaxis] < batch.counts
        losses: npt.NDArray[np.float64] = (buffers.softmax.losses * counted).sum(axis=0)
        return losses


@dataclass
class EncoderBuffers:
    """The encoder's arrays, for S steps of B rows.

    Attributes:
        layers: arrays of the recurrent layers.
        memory: the outputs of the encoder, for attention and for the first states.
        states: (1, B, at least L S' H): the decoder's first states, for S' states of the cell.
        d_states: the gradient of ``states``.
        one_step: row indices and buffers of the matrix products of ``Bridge``.
    """

    layers: BidirectionalBuffers
    memory: Memory
    states: Array
    d_states: Array
    one_step: Rows

    @classmethod
    def allocate(cls, config: TransducerConfig, steps: int, rows: int, *, training: bool = False) -> "EncoderBuffers":
        """Allocate arrays for at most S ``steps`` of B ``rows``."""
        packed, dtype, (layers, states, units) = config.packed_dtype, config.dtype, config.state_sizes
        longest = max(config.encoder.base.gate_width, config.memory_width, layers * states * units)
        of_steps = Rows.allocate(steps, rows, longest, packed)
        of_memory = (config.encoder_units, config.directions, steps if config.attends else 0, rows, dtype)
        shape = (1, rows, row_stride(layers * states * units, dtype.itemsize))
        return cls(
            BidirectionalBuffers.allocate(config.encoder, of_steps, training=training),
            Memory.allocate(*of_memory, training=training),
            aligned_zeros(shape, dtype),
            aligned_zeros(shape, dtype),
            Rows.allocate(1, rows, longest, packed),
        )

    def shortened(self, steps: int) -> "EncoderBuffers":
        """The same arrays for fewer steps."""
        return replace(self, layers=self.layers.shortened(steps))


class TransducerLearner:
    """Computes loss and gradient of batches of at most T steps of B rows; a ``charrnn.kinds.contract.Learner``.

    It has the same phases as ``charrnn.models.language.learner``: rows, weights, embeddings.

    Args:
        network: a network made with ``training=True``.
        steps: T, of the input and of the target.
        rows: B.
    """

    def __init__(self, network: Transducer, steps: int, rows: int) -> None:
        self.network, config = network, network.config
        self.gradient = TransducerParameters(config)
        self._encoded_of = of_steps(EncoderBuffers.allocate(config, steps, rows, training=True).shortened)
        decoded = DecoderBuffers.allocate(config, steps, rows, steps, training=True)
        self._decoded_of = of_steps(partial(network.decoder.shortened, decoded))
        widest = max(2 * config.hidden_size, 2 * config.memory_width, config.embedding_size)
        self._summation = Summation(widest, config.dtype, config.packed_dtype, network.workers.threads)
        self._input_sums = list(network.inputs.weight_sums(self.gradient))
        self._target_sums = network.decoder.input_sums(self.gradient)

    def loss_and_gradient(self, batch: Batch, state: State, *, dropout_seed: int | None = None) -> float:
        """Compute the mean loss and its gradient; the batch is a ``PairBatch``. See ``Learner``."""
        assert isinstance(batch, PairBatch)
        assert batch.lengths is not None
        lengths = batch.lengths
        network, decoder, smoothing = self.network, self.network.decoder, self.network.config.label_smoothing
        encoded, decoded = self._encoded_of(len(batch.inputs)), self._decoded_of(len(batch.targets))
        memory = encoded.memory = replace(encoded.memory, lengths=lengths)
        ids, states = network.in_orders(batch.inputs, lengths), network.bridge.cut(encoded.states)
        d_states, softmax, counts = network.bridge.cut(encoded.d_states), decoded.softmax, batch.counts
        softmax.weigh(batch.weights, batch.targets)
        seed = None if dropout_seed is None else dropout_seed + DECODER_SEED

        def rows(part: int, parts: int) -> None:
            first, last = share(len(counts), part, parts)
            network.encode(ids, encoded, first, last, dropout_seed=dropout_seed)
            decoded.enter(states, first, last)
            decoder.forward(batch.written, memory, counts, decoded, first, last, dropout_seed=seed)
            softmax.backward(batch.targets, first, last, smoothing=smoothing)
            memory.clear(len(batch.inputs), first, last)
            decoder.backward(memory, counts, decoded, first, last, dropout_seed=seed)
            for to, layer in zip(d_states, decoded.d_first, strict=True):
                for values, d in zip(to, layer, strict=True):
                    values[first:last] = d[first:last]
            network.bridge.backward(encoded.states, encoded.d_states, memory.d_ends, encoded.one_step, first, last)
            memory.backward(network.layers.d_outputs(encoded.layers), first, last)
            network.layers.backward(lengths, encoded.layers, first, last, dropout_seed=dropout_seed)

        def inputs(part: int, parts: int) -> None:
            network.inputs.backward(self.gradient, self._input_sums, self._summation, part, parts)
            decoder.sum_inputs(self.gradient, self._target_sums, self._summation, part, parts)

        network.workers.run(rows, most=len(counts))
        network.workers.run(partial(self._summation.make, list(self._sums(ids, batch, encoded, decoded))))
        network.workers.run(inputs)
        network.layers.sum_over_rows(self.gradient, encoded.layers)
        decoder.sum_over_rows(self.gradient, decoded)
        return softmax.mean_loss(batch.weights)

    def _sums(
        self, ids: list[Array], batch: PairBatch, encoded: EncoderBuffers, decoded: DecoderBuffers
    ) -> Iterator[WeightSum]:
        network, gradient = self.network, self.gradient
        yield from network.layers.weight_sums(gradient, encoded.layers, network.inputs.d_tables, ids)
        yield from network.bridge.weight_sums(gradient, encoded.memory.ends, encoded.d_states, encoded.one_step)
        yield from network.decoder.weight_sums(gradient, decoded, batch.written)
