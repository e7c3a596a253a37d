"""The model that writes text for a label, a one-to-many network.

characters -> input tables, + the label's row -> recurrent stack -> projection -> softmax

The first input of a row is its label. The label's row of weights is added to the gates of the first layer at every
step. So for a fixed label, the model is a language model with another bias.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import Array
from charrnn.layers.conditioning import Conditioning
from charrnn.layers.parameters import Parameters, check_shapes
from charrnn.layers.products import Bias, WeightSum
from charrnn.layers.state import State
from charrnn.models.conditional.config import ConditionalConfig
from charrnn.models.language.learner import TruncatedBPTT
from charrnn.models.language.network import LanguageBuffers, Network
from charrnn.models.language.parameters import LanguageParameters, check_fit, tensor_shapes
from charrnn.text.batches import Batch
from charrnn.workers import Workers

LABELS = "label.weight"
"""Name of the tensor (C, G) with a row of weights for each label."""


class ConditionalParameters(LanguageParameters):
    """The tensors of a language model, and label.weight (C, G) for C labels, which starts at zero."""

    config: ConditionalConfig

    def __init__(self, config: ConditionalConfig) -> None:
        Parameters.__init__(self, config, conditional_shapes(config))

    def load_tensors(self, tensors: Mapping[str, Array]) -> "ConditionalParameters":
        """Copy in tensors of a checkpoint; returns self. See ``Parameters``."""
        check_tensors(self.config, tensors)
        rows = np.array(tensors[LABELS])  # a copy, as it may be a view of the vector
        super().load_tensors(tensors)
        self[LABELS][:] = rows
        return self


def conditional_shapes(config: ConditionalConfig) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor, in the order of the flat vector."""
    return tensor_shapes(config) | _own_shapes(config)


def _own_shapes(config: ConditionalConfig) -> dict[str, tuple[int, ...]]:
    return {LABELS: (len(config.labels), config.stack.gate_width)}


def check_tensors(config: ConditionalConfig, tensors: Mapping[str, Array]) -> None:
    """Check the tensors of a checkpoint; see ``Kind.check_fit``."""
    check_fit(config, tensors)
    check_shapes(_own_shapes(config), tensors)


@dataclass
class ConditionalBuffers(LanguageBuffers):
    """The model's arrays, for T steps of B rows.

    Attributes:
        classes: (T, B) the number of each row's label, the same at all steps.
    """

    classes: npt.NDArray[np.int32]

    def shortened(self, steps: int, states: int) -> "ConditionalBuffers":
        """The same arrays for ``steps`` steps; see ``LanguageBuffers``."""
        own = super().shortened(steps, states)
        return ConditionalBuffers(own.stack, own.softmax, self.classes[:steps])


class ConditionalNetwork(Network):
    """The model on packed weights; see ``Network``."""

    config: ConditionalConfig

    def __init__(
        self, parameters: ConditionalParameters, workers: Workers | None = None, *, training: bool = False
    ) -> None:
        self.conditioning = Conditioning(parameters, LABELS)
        super().__init__(parameters, workers, training=training)

    def buffers(self, steps: int, streams: int, *, training: bool = False) -> ConditionalBuffers:
        """Allocate arrays; fill ``classes`` before a batch is read. See ``Network``."""
        own = super().buffers(steps, streams, training=training)
        return ConditionalBuffers(own.stack, own.softmax, np.zeros((steps, streams), np.int32))

    def starts(self, x: Array, buffers: LanguageBuffers, first: int, last: int) -> list[Bias]:
        """Add the labels' rows to the biases of the first layer's gates; see ``Network``."""
        assert isinstance(buffers, ConditionalBuffers)
        plain, *upper = super().starts(x, buffers, first, last)
        gates, rows = buffers.stack.activations[0].gates, buffers.stack.rows
        return [self.conditioning.forward(plain, buffers.classes, gates, rows, first, last), *upper]

    def of_label(self, label: str) -> Network:
        """Build the language model of a single label's texts, with the label's row added to the bias.

        Raises:
            ConfigError: the model has not learned this label.
        """
        parameters = LanguageParameters(self.config.of_one_label)
        for name, tensor in parameters.tensors.items():
            tensor[:] = self.parameters[name]
        bias = self.config.stack.named("bias", 0)
        parameters[bias][:] += self.parameters[LABELS][self.config.class_of(label)]
        return Network(parameters, self.workers)


class ConditionalLearner(TruncatedBPTT):
    """Computes loss and gradient of batches whose first input is each row's label; see ``TruncatedBPTT``."""

    network: ConditionalNetwork
    _buffers: ConditionalBuffers

    def loss_and_gradient(
        self, batch: Batch, state: State, *, dropout_seed: int | None = None, **gradients: State | None
    ) -> float:
        """Compute the mean loss and its gradient; the inputs are (1 + T, B), labels first. See ``Learner``."""
        self._buffers.classes[:] = batch.inputs[0]
        everywhere = np.ones(batch.inputs.shape[1], np.bool_)
        texts = replace(batch, inputs=batch.inputs[1:], reset=everywhere)
        return super().loss_and_gradient(texts, state, dropout_seed=dropout_seed, **gradients)

    def _sums_of(self, buffers: LanguageBuffers, burn_in: int) -> Iterator[WeightSum]:
        assert isinstance(buffers, ConditionalBuffers)
        yield from super()._sums_of(buffers, burn_in)
        gates = buffers.stack.activations[0].gates
        yield from self.network.conditioning.weight_sums(self.gradient, gates, buffers.classes)
