"""Loss and gradient of a model that restores."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import Array
from charrnn.layers.products import Summation, WeightSum
from charrnn.layers.spare import of_steps
from charrnn.layers.state import State
from charrnn.models.restorer.network import Restorer, RestorerBuffers
from charrnn.models.restorer.parameters import RestorerParameters
from charrnn.text.batches import Batch
from charrnn.workers import share


class RestorerLearner:
    """Computes loss and gradient of batches of at most T steps of B rows; a ``charrnn.kinds.contract.Learner``.

    It has the same phases as ``charrnn.models.language.learner``: rows, weights, embedding.

    Args:
        network: a network made with ``training=True``.
        steps: T.
        rows: B.
    """

    def __init__(self, network: Restorer, steps: int, rows: int) -> None:
        self.network, config = network, network.config
        self.gradient = RestorerParameters(config)
        self._buffers_of = of_steps(RestorerBuffers.allocate(config, steps, rows, training=True).shortened)
        widest = max(2 * config.hidden_size, config.embedding_size)
        self._summation = Summation(widest, config.dtype, config.packed_dtype, network.workers.threads)
        self._input_sums = list(network.inputs.weight_sums(self.gradient))

    def loss_and_gradient(self, batch: Batch, state: State, *, dropout_seed: int | None = None) -> float:
        """Compute the mean loss and its gradient; the targets are classes (T, B). See ``Learner``."""
        network, lengths, targets = self.network, batch.lengths, batch.targets
        assert lengths is not None
        buffers = self._buffers_of(len(batch.inputs))
        ids, softmax = network.in_orders(batch.inputs, lengths), buffers.softmax
        last_answers = network.feedback.before(targets) if network.feedback else None
        softmax.weigh(batch.weights, targets)

        def rows(part: int, parts: int) -> None:
            first, last = share(len(lengths), part, parts)
            network.forward(ids, lengths, last_answers, buffers, first, last, dropout_seed=dropout_seed)
            softmax.backward(targets, first, last)
            self._backward(lengths, buffers, first, last, dropout_seed)

        network.workers.run(rows, most=len(lengths))
        network.workers.run(partial(self._summation.make, list(self._sums(ids, last_answers, buffers))))
        network.workers.run(partial(network.inputs.backward, self.gradient, self._input_sums, self._summation))
        network.layers.sum_over_rows(self.gradient, buffers.layers)
        if network.feedback and buffers.top:
            network.feedback.finish(self.gradient, buffers.top)
        return softmax.mean_loss(batch.weights)

    def _backward(
        self, lengths: Array, buffers: RestorerBuffers, first: int, last: int, dropout_seed: int | None
    ) -> None:
        """Backpropagate from the logits to all gates; padding has no gradient, as its predictions have weight 0."""
        network, rows = self.network, buffers.layers.rows
        to = network.layers.d_outputs(buffers.layers)
        d_top = network.feedback.stack.d_outputs(buffers.top) if network.feedback and buffers.top else []
        network.head.backward(buffers.softmax.logits, [*to, *d_top], rows, first, last)
        if network.feedback and buffers.top:
            network.feedback.backward(to, buffers.top, first, last, dropout_seed=network.top_seed(dropout_seed))
        network.layers.backward(lengths, buffers.layers, first, last, dropout_seed=dropout_seed)

    def _sums(
        self, ids: list[Array], last_answers: npt.NDArray[np.int32] | None, buffers: RestorerBuffers
    ) -> Iterator[WeightSum]:
        network = self.network
        yield from network.layers.weight_sums(self.gradient, buffers.layers, network.inputs.d_tables, ids)
        if network.feedback and buffers.top and last_answers is not None:
            outputs = network.layers.outputs(buffers.layers)
            yield from network.feedback.weight_sums(self.gradient, outputs, last_answers, buffers.top)
        read, d_logits = network.read_by_head(buffers), buffers.softmax.logits
        yield from network.head.weight_sums(self.gradient, read, d_logits, buffers.layers.rows)
