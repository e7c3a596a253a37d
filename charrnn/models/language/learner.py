"""Truncated backpropagation through time: a batch's loss and gradient (Werbos 1990; Williams and Peng 1990).

There are three phases, and the threads wait for each other after each:

1. Each thread processes its streams: forward, loss, and backward to the gradient of every a[t].
2. Each thread computes its rows of each weight's gradient, summed over all steps and streams in a fixed order.
3. Each thread computes its part of the gradients of the embedding, the input weights and their biases.

So the result is the same to the last bit for any number of threads.
"""

from collections.abc import Iterator

import numpy as np

from charrnn.kernels.arrays import Array
from charrnn.layers.products import Summation, WeightSum
from charrnn.layers.spare import of_steps
from charrnn.layers.state import State
from charrnn.models.language.network import LanguageBuffers, Network
from charrnn.text.batches import Batch
from charrnn.workers import share


class TruncatedBPTT:
    """Computes loss and gradient of batches of B streams and at most T steps; a ``charrnn.kinds.contract.Learner``.

    Args:
        network: a network made with ``training=True``.
        steps: T.
        streams: B.

    Attributes:
        network: the network.
        gradient: gradient of the last batch's mean loss in nats.
    """

    def __init__(self, network: Network, steps: int, streams: int) -> None:
        self.network, config = network, network.config
        self.gradient = type(network.parameters)(config)
        self._buffers = network.buffers(steps, streams, training=True)
        self._buffers_of = of_steps(lambda fewer: self._buffers.shortened(fewer, len(network.state_names)))
        self._d_initial = network.initial_state(streams) if config.learn_initial_state else None
        widest = max(2 * config.hidden_size, config.embedding_size)
        self._summation = Summation(widest, config.dtype, config.packed_dtype, network.workers.threads)
        self._weight_sums: dict[tuple[int, int], list[WeightSum]] = {}
        self._input_sums = list(network.inputs.weight_sums(self.gradient))

    def loss_and_gradient(
        self,
        batch: Batch,
        state: State,
        *,
        dropout_seed: int | None = None,
        d_final: State | None = None,
        d_initial: State | None = None,
    ) -> float:
        """Compute the mean loss in nats and, in ``gradient``, its gradient; advances ``state`` in place.

        Args:
            batch: ids (T, B) and targets.
            state: the state before the batch; no gradient flows through it. Streams in ``batch.reset`` start from the
                initial state, and if that is learned, it receives their gradient.
            dropout_seed: selects the dropout masks; None switches dropout off.
            d_final: a further gradient of the state after the batch, from which the backward pass starts; None for
                zero.
            d_initial: receives the gradient of the state before the batch, if given.
        """
        network, x, burn_in = self.network, np.ascontiguousarray(batch.inputs), batch.burn_in
        buffers = self._buffers_of(len(x))
        if batch.reset is not None and batch.reset.any():
            network.reset(state, batch.reset)
        buffers.stack.enter(state)
        d_initial = self._d_initial if d_initial is None else d_initial
        softmax = buffers.softmax.part(burn_in, len(x))
        softmax.weigh(batch.weights, batch.targets)
        rows = network.rows_of_logits(buffers, burn_in)
        d_outputs = network.stack.d_outputs(buffers.stack)

        def streams(part: int, parts: int) -> None:
            first, last = share(x.shape[1], part, parts)
            network.forward(x, buffers, first, last, burn_in=burn_in, dropout_seed=dropout_seed)
            softmax.backward(batch.targets, first, last)
            for d_output in d_outputs:
                d_output[:burn_in, first:last] = 0
            d_counted = [d_output[burn_in:] for d_output in d_outputs]
            network.projection.backward(softmax.logits, d_counted, rows, first, last)
            network.stack.backward(
                x, buffers.stack, first, last, dropout_seed=dropout_seed, d_final=d_final, d_initial=d_initial
            )

        def weights(part: int, parts: int) -> None:
            self._summation.make(sums, part, parts)

        def inputs(part: int, parts: int) -> None:
            network.inputs.backward(self.gradient, self._input_sums, self._summation, part, parts)

        sums = self._sums_for(buffers, burn_in, x)
        network.workers.run(streams, most=x.shape[1])
        network.workers.run(weights)
        network.workers.run(inputs)
        network.stack.sum_over_streams(self.gradient, buffers.stack, d_initial, batch.reset)
        buffers.stack.leave(state, batch.advance)
        return softmax.mean_loss(batch.weights)

    def _sums_for(self, buffers: LanguageBuffers, burn_in: int, x: Array) -> list[WeightSum]:
        """The sums for the weights' gradients, cached for each batch length, as only ``x`` changes."""
        key = len(x), burn_in
        if key not in self._weight_sums:
            self._weight_sums[key] = list(self._sums_of(buffers, burn_in))
        return [one._replace(ids=x.reshape(-1)) if one.ids is None else one for one in self._weight_sums[key]]

    def _sums_of(self, buffers: LanguageBuffers, burn_in: int) -> Iterator[WeightSum]:
        network, rows = self.network, self.network.rows_of_logits(buffers, burn_in)
        yield from network.stack.weight_sums(self.gradient, buffers.stack, network.inputs.d_tables)
        outputs, d_logits = network.outputs(buffers, burn_in), buffers.logits[burn_in:]
        yield from network.projection.weight_sums(self.gradient, outputs, d_logits, rows)
