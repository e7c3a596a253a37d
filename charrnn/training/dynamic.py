"""Dynamic evaluation (Krause, Kahembwe, Murray and Renals 2018): the model keeps learning from the text that it scores.

The model predicts each segment before it takes a gradient step on it, so no prediction has seen its target:

    predict segment s with theta
    theta = theta - rate * clip(gradient of the loss of s)

Such a score is not comparable with that of a fixed model, and must be reported as dynamic.
"""

import math

import numpy as np

from charrnn.arguments import check_number
from charrnn.errors import ConfigError, TrainingError
from charrnn.layers.parameters import Parameters
from charrnn.layers.state import copy_state
from charrnn.optimizers.optimizer import Optimizer
from charrnn.scoring.defaults import DYNAMIC_RATE
from charrnn.scoring.score import Losses, Ranks
from charrnn.scoring.streams import losses_and_ranks
from charrnn.text.batches import Batch
from charrnn.text.corpus import Ids
from charrnn.workers import Workers

SEGMENT = 50
"""Characters between two gradient steps."""

CLIP_NORM = 1.0

UPDATE_RULE = "adam"


class DynamicReader:
    """A ``charrnn.scoring.streams.Reader`` that learns as it reads.

    Args:
        parameters: the model's parameters, which are copied, so that they stay unchanged.
        workers: the threads that share the work.
        learning_rate: learning rate of the gradient steps.

    Raises:
        ConfigError: the learning rate is not a positive number.
        TrainingError: raised by ``read`` if the model diverges.
    """

    def __init__(self, parameters: Parameters, workers: Workers, learning_rate: float = DYNAMIC_RATE) -> None:
        learning_rate = check_number("dynamic_rate", learning_rate)
        if not 0 < learning_rate < math.inf:
            raise ConfigError(f"the rate of dynamic evaluation must be a positive number, not {learning_rate}")
        own = parameters.copy()
        self._learning_rate = learning_rate
        self._learner = own.config.kind.learner(own, workers, SEGMENT, 1)
        self._network = self._learner.network
        self._buffers = self._network.buffers(SEGMENT, 1)
        self._optimizer = Optimizer(UPDATE_RULE, own.vector, own.decaying, workers)
        self._state = self._network.initial_state(1)
        self._before = np.empty(0, np.int32)
        self._step = 0

    def read(self, ids: Ids) -> tuple[Losses, Ranks]:
        """Score ids and learn from them; see ``Reader``."""
        losses, ranks = np.full(len(ids), np.nan), np.zeros(len(ids), np.int32)
        text = np.concatenate([self._before, ids])
        offset = len(ids) + 1 - len(text)
        for first in range(0, len(text) - 1, SEGMENT):
            segment = text[first : first + SEGMENT + 1, np.newaxis]
            here = slice(offset + first, offset + first + len(segment) - 1)
            losses[here], ranks[here] = self._predict(segment[:-1], segment[1:])
            self._learn(segment[:-1], segment[1:])
        self._before = text[-1:]
        return losses, ranks

    def _predict(self, x: Ids, y: Ids) -> tuple[Losses, Ranks]:
        """Losses and ranks (T,) of a segment; does not advance the state."""
        window = self._network.run(x, copy_state(self._state), self._buffers)
        losses, ranks = losses_and_ranks(self._network, window, y)
        self._check(bool(np.isfinite(losses).all()))
        return losses[:, 0], ranks[:, 0]

    def _learn(self, x: Ids, y: Ids) -> None:
        """Take a gradient step on a segment and advance the state."""
        self._learner.loss_and_gradient(Batch(x, y), self._state)
        self._step += 1
        gradient = self._learner.gradient.vector
        self._check(self._optimizer.clip_and_update(gradient, self._learning_rate, self._step, clip_norm=CLIP_NORM))
        self._network.refresh()

    def _check(self, sound: bool) -> None:
        if not sound:
            raise TrainingError(
                f"the model diverged as it learned from the text at rate {self._learning_rate}: choose a lower rate of "
                "dynamic evaluation"
            )
