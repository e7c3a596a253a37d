"""The interfaces of models, which read batches of streams and predict the next characters.

Scoring, sampling and sessions use only ``LanguageModel``; the trainer uses only ``Learner``.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import Array
from charrnn.layers.parameters import Parameters
from charrnn.layers.state import State
from charrnn.text.batches import Batch
from charrnn.workers import Workers


class Buffers(Protocol):
    """A model's arrays for T steps of B streams."""

    @property
    def logits(self) -> Array:
        """(T, B, at least V)."""

    @property
    def losses(self) -> npt.NDArray[np.float64]:
        """(T, B) nats."""


class LanguageModel(Protocol):
    """A model that predicts characters."""

    @property
    def config(self) -> Any:
        """The model's shape, a ``charrnn.kinds.config.ModelConfig``."""

    @property
    def workers(self) -> Workers:
        """The threads that share the work."""

    @property
    def state_names(self) -> tuple[str, ...]:
        """Names of the arrays of a layer's state."""

    def initial_state(self, streams: int) -> State:
        """The state before the first character: one array (B, ...) for each layer and each of its states."""

    def reset(self, state: State, streams: Array | slice) -> None:
        """Set the state of the streams that ``streams`` indexes to the initial state."""

    def check_state(self, state: State) -> None:
        """Check the values of a state from a file, whose shapes and types are right.

        Raises:
            CheckpointError: the state holds values that no state has.
        """

    def buffers(self, steps: int, streams: int) -> Any:
        """Allocate ``Buffers`` for at most ``steps`` steps of ``streams`` streams."""

    def run(self, x: Array, state: State, buffers: Any) -> Buffers:
        """Read ids (T, B); returns the part of ``buffers`` with their logits, and advances ``state`` in place."""

    def to_tensors(self) -> Mapping[str, Array]:
        """All that the model has learned, by name."""


class CountedModel(LanguageModel, Protocol):
    """A model made of counts."""

    @property
    def size(self) -> int:
        """Number of counts."""


class TrainedModel(LanguageModel, Protocol):
    """A model whose parameters change."""

    def refresh(self) -> None:
        """Update packed weights and tables after a change of the parameters."""


class Learner(Protocol):
    """Computes loss and gradient of batches."""

    @property
    def network(self) -> TrainedModel:
        """The model."""

    @property
    def gradient(self) -> Parameters:
        """Gradient of the last batch's mean loss in nats."""

    def loss_and_gradient(self, batch: Batch, state: State, *, dropout_seed: int | None = None) -> float:
        """Compute the mean loss in nats and, in ``gradient``, its gradient; advances ``state`` in place.

        Args:
            batch: inputs and targets.
            state: the state before the batch; no gradient flows through it.
            dropout_seed: names the dropout masks; None switches dropout off.
        """
