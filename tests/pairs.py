"""A kind of model that learns by gradients, as another package would define it; see test_extending.py.

The last two characters each add a row of their own table to the logits of the next: z = A[x[t-1]] + B[x[t]]. Row 0 is
for the positions before the first character.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from charrnn.kernels.jit import addressable
from charrnn.kinds.config import ModelConfig, model_option, of_model
from charrnn.kinds.contexts import ContextModel
from charrnn.kinds.kind import Cost
from charrnn.layers.parameters import Parameters, check_shapes
from charrnn.models.text import ContextKind


@dataclass(frozen=True)
class PairsConfig(ModelConfig):
    model: str = model_option("pairs")
    spread: float = of_model(0.1, "Standard deviation of the initial weights.", least=0)


def shapes(config):
    return {"tables": (2, config.vocab_size + 1, config.vocab_size)}


class PairsParameters(Parameters):
    def __init__(self, config):
        super().__init__(config, shapes(config))

    def initialise(self, rng_seed):
        self["tables"][:] = np.random.default_rng(rng_seed).normal(0, self.config.spread, self["tables"].shape)
        return self

    def load_tensors(self, tensors):
        check_shapes(shapes(self.config), tensors)
        self["tables"][:] = tensors["tables"]
        return self

    def to_tensors(self):
        return dict(self.tensors)


class PairsWeights(NamedTuple):
    tables: Any  # (2, V + 1, V)


@addressable
def predict_pairs(weights, buffers, first, last):
    for t in range(buffers.logits.shape[0]):
        for b in range(first, last):
            older, newer = buffers.history[t, b], buffers.history[t + 1, b]
            for v in range(weights.tables.shape[2]):
                buffers.logits[t, b, v] = weights.tables[0, older, v] + weights.tables[1, newer, v]


class PairsModel(ContextModel):
    predict = staticmethod(predict_pairs)

    def __init__(self, parameters, workers):
        super().__init__(parameters.config, workers, seen=2)
        self.parameters, self.weights = parameters, PairsWeights(parameters["tables"])

    def work_array(self, steps, streams):
        return np.empty((steps, streams))

    def refresh(self):
        """Nothing is packed."""

    def to_tensors(self):
        return self.parameters.to_tensors()


class PairsLearner:
    def __init__(self, network, steps, streams):
        self.network, self.gradient = network, PairsParameters(network.config)
        self._buffers = network.buffers(steps, streams)

    def loss_and_gradient(self, batch, state, *, dropout_seed=None):
        network, y = self.network, batch.targets[..., np.newaxis]
        if batch.reset is not None:
            network.reset(state, batch.reset)
        history = network.enter(batch.inputs, state, self._buffers, batch.advance).history[batch.burn_in :]
        seen = history[:-1], history[1:]
        logits = sum(table[ids] for table, ids in zip(network.parameters["tables"], seen, strict=True))
        exponentials = np.exp(logits - logits.max(axis=2, keepdims=True))
        probabilities = exponentials / exponentials.sum(axis=2, keepdims=True)
        loss = -np.log(np.take_along_axis(probabilities, y, axis=2)).mean()
        np.put_along_axis(probabilities, y, np.take_along_axis(probabilities, y, axis=2) - 1, axis=2)
        self.gradient.vector[:] = 0
        for table, ids in zip(self.gradient["tables"], seen, strict=True):
            np.add.at(table, ids, probabilities / y.size)
        return float(loss)


class Pairs(ContextKind):
    name = "pairs"
    config = PairsConfig

    def title(self, config):
        return "pairs"

    def check_fit(self, config, tensors):
        check_shapes(shapes(config), tensors)

    def parameters(self, config):
        return PairsParameters(config)

    def load(self, config, tensors, workers):
        return PairsModel(self.parameters(config).load_tensors(tensors), workers)

    def learner(self, parameters, workers, steps, streams):
        return PairsLearner(PairsModel(parameters, workers), steps, streams)

    def cost(self, config):
        return Cost(weights=2 * config.vocab_size)


KIND = Pairs()
