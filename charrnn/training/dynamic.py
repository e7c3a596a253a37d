"""Dynamic evaluation (Krause, Kahembwe, Murray and Renals 2018): the model keeps learning from the text that it scores.

The model predicts each segment before it takes a gradient step on it, so no prediction has seen its target. With the
gradient g of the segment's loss, clipped to norm 1, and the mean v of the squares of the gradients so far,

    theta = theta - rate * g / sqrt(v)
    theta = theta + decay * (trained theta - theta)

Krause et al. take v from the training text; here it comes from the text that is read, so that a model needs nothing but
its weights. Momentum, as in Adam, loses: it answers to what was read too late. benchmarks/results.md has measured the
defaults of rate, segment and decay; ``charrnn.training.adaptation`` chooses them for a model. Such a score is not
comparable with that of a fixed model, and must be reported as adaptive.
"""

import math
from typing import Any, Protocol

import numpy as np

from charrnn.arguments import check_number
from charrnn.errors import ConfigError, TrainingError
from charrnn.kinds.contract import LanguageModel
from charrnn.layers.parameters import Parameters
from charrnn.layers.state import State, copy_state
from charrnn.optimizers.optimizer import Optimizer
from charrnn.scoring.defaults import Adaptation
from charrnn.scoring.score import Losses, Ranks
from charrnn.scoring.streams import losses_and_ranks
from charrnn.text.batches import Batch
from charrnn.text.corpus import Ids
from charrnn.workers import Workers

CLIP_NORM = 1.0

UPDATE_RULE, SQUARE_DECAY = "rmsprop", 0.999
"""The rule, and the decay of its mean of squares."""

DEFAULT_ADAPTATION = Adaptation()


class Adapting(Protocol):
    """A model that learns from the text it reads."""

    adaptation: Adaptation
    """How it learns."""

    @property
    def network(self) -> LanguageModel:
        """The model as it is now."""

    def learn(self, x: Ids, y: Ids, state: State) -> None:
        """Learn from a segment (T, 1) and advance the state over it.

        Raises:
            TrainingError: the model diverged.
        """

    def settle(self) -> None:
        """Learn what was held back, after the last segment."""


class AdaptingNetwork:
    """A copy of a network that learns by gradient steps; see ``Adapting``.

    Args:
        parameters: the model's parameters, which are copied, so that they stay unchanged.
        workers: the threads that share the work.
        adaptation: how it learns.

    Raises:
        ConfigError: the learning rate is not a positive number.
    """

    def __init__(self, parameters: Parameters, workers: Workers, adaptation: Adaptation = DEFAULT_ADAPTATION) -> None:
        rate = check_number("dynamic_rate", adaptation.rate)
        if not 0 < rate < math.inf:
            raise ConfigError(f"the rate of dynamic evaluation must be a positive number, not {rate}")
        own = parameters.copy()
        self.adaptation, self._own, self._trained = adaptation, own, parameters.vector.copy()
        self._learner = own.config.kind.learner(own, workers, adaptation.segment, 1)
        self.network: Any = self._learner.network
        hyperparameters = {"square_decay": SQUARE_DECAY}
        self._optimizer = Optimizer(UPDATE_RULE, own.vector, own.decaying, workers, hyperparameters)
        self._step = 0

    def learn(self, x: Ids, y: Ids, state: State) -> None:
        """Take a gradient step on a segment; see ``Adapting``."""
        self._learner.loss_and_gradient(Batch(x, y), state)
        self._step += 1
        rate = self.adaptation.rate * math.sqrt(1 - SQUARE_DECAY**self._step)  # the mean of squares begins with zeros
        gradient = self._learner.gradient.vector
        if not self._optimizer.clip_and_update(gradient, rate, self._step, clip_norm=CLIP_NORM):
            raise diverged_at(self.adaptation.rate)
        self._own.vector += self._own.vector.dtype.type(self.adaptation.decay) * (self._trained - self._own.vector)
        self.network.refresh()

    def settle(self) -> None:
        """Do nothing, as nothing is held back; see ``Adapting``."""


class DynamicReader:
    """A ``charrnn.scoring.streams.Reader`` of a model that learns as it reads.

    Args:
        model: the model.

    Raises:
        TrainingError: the model diverged; raised by ``read``.
    """

    def __init__(self, model: Adapting) -> None:
        self._model, self._segment = model, model.adaptation.segment
        self._buffers = model.network.buffers(self._segment, 1)
        self._state = model.network.initial_state(1)
        self._before = np.empty(0, np.int32)

    def read(self, ids: Ids) -> tuple[Losses, Ranks]:
        """Score ids and learn from them; see ``Reader``."""
        losses, ranks = np.full(len(ids), np.nan), np.zeros(len(ids), np.int32)
        text = np.concatenate([self._before, ids])
        offset = len(ids) + 1 - len(text)
        for first in range(0, len(text) - 1, self._segment):
            segment = text[first : first + self._segment + 1, np.newaxis]
            here = slice(offset + first, offset + first + len(segment) - 1)
            losses[here], ranks[here] = self._predict(segment[:-1], segment[1:])
            self._model.learn(segment[:-1], segment[1:], self._state)
        self._before = text[-1:]
        return losses, ranks

    def _predict(self, x: Ids, y: Ids) -> tuple[Losses, Ranks]:
        """Losses and ranks (T,) of a segment; does not advance the state."""
        network = self._model.network
        window = network.run(x, copy_state(self._state), self._buffers)
        losses, ranks = losses_and_ranks(network, window, y)
        if not np.isfinite(losses).all():
            raise diverged_at(self._model.adaptation.rate)
        return losses[:, 0], ranks[:, 0]


def diverged_at(learning_rate: float) -> TrainingError:
    """The error of a model that has diverged as it read."""
    return TrainingError(
        f"the model diverged as it learned from the text at rate {learning_rate}: choose a lower rate of dynamic "
        "evaluation"
    )
