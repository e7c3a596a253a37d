"""What every model provides: it reads batches of streams and predicts what comes next.

Scoring, sampling and sessions know no more of a model than ``LanguageModel``, the trainer no more than ``Learner``.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from charrnn.layers.parameters import Array, Parameters
from charrnn.layers.state import State
from charrnn.text.batches import Batch
from charrnn.workers import Workers


class Data(Protocol):
    """What a model learns from, as a kind finds it in a corpus."""

    def fields(self) -> Mapping[str, Any]:
        """Fields of the model's config that follow from the data, such as ``vocab_size``."""

    def split(self, val_fraction: float) -> tuple[Any, Any]:
        """A part to train on and one to validate with, whose lengths are their characters."""

    def notes(self, train: Any, validation: Any, val_fraction: float) -> Iterator[str]:
        """What the user should know of the parts."""


class Answer(NamedTuple):
    """One answer to a line."""

    text: str
    probability: float


class Predictor(Protocol):
    """What answers lines."""

    def predict(self, lines: Sequence[str], top: int = 1, unknown: str = "error") -> list[list[Answer]]:
        """For each line its ``top`` answers, the most probable first.

        ``unknown`` is as in ``charrnn.text.symbols.known_symbols``.

        Raises:
            VocabularyError: a line holds a character that the model does not know, and ``unknown`` is "error".
        """


class Buffers(Protocol):
    """The arrays that a model works in, for T steps of B streams."""

    @property
    def logits(self) -> Array:
        """(T, B, at least V)."""

    @property
    def losses(self) -> npt.NDArray[np.float64]:
        """(T, B) nats."""


class LanguageModel(Protocol):
    """A model that is ready to read."""

    @property
    def config(self) -> Any:
        """Its shape, a ``charrnn.kinds.config.ModelConfig``."""

    @property
    def workers(self) -> Workers:
        """The threads that share the work."""

    @property
    def state_names(self) -> tuple[str, ...]:
        """Names of the arrays of a layer's state."""

    def initial_state(self, streams: int) -> State:
        """The state before the first character: for each layer, one array (B, ...) for each of its states."""

    def reset(self, state: State, streams: Array | slice) -> None:
        """Set the state of some streams, by an index of the first axis, to that before the first character."""

    def check_state(self, state: State) -> None:
        """Check that a state from a file, of the right shapes and types, can be continued from.

        Raises:
            CheckpointError: it holds what no state does.
        """

    def buffers(self, steps: int, streams: int) -> Any:
        """Allocate ``Buffers`` for at most ``steps`` steps of ``streams`` streams."""

    def run(self, x: Array, state: State, buffers: Any) -> Buffers:
        """Read ids (T, B); returns the part of ``buffers`` that holds the logits. ``state`` is advanced in place."""

    def to_tensors(self) -> Mapping[str, Array]:
        """All that the model has learned, by name."""


class CountedModel(LanguageModel, Protocol):
    """A model that is counts."""

    @property
    def size(self) -> int:
        """How many."""


class TrainedModel(LanguageModel, Protocol):
    """A model on weights that change."""

    def refresh(self) -> None:
        """Take over the changed parameters."""


class Learner(Protocol):
    """Loss and gradient of batches."""

    @property
    def network(self) -> TrainedModel:
        """The model."""

    @property
    def gradient(self) -> Parameters:
        """Of the last batch's mean loss in nats."""

    def loss_and_gradient(self, batch: Batch, state: State, *, dropout_seed: int | None = None) -> float:
        """Mean loss in nats; leaves its gradient in ``gradient``, and advances ``state`` in place.

        Args:
            batch: what to learn from.
            state: before the batch; the gradient does not flow through it.
            dropout_seed: names the dropout masks; None switches dropout off.
        """
