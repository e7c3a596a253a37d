"""The interfaces of models, which read batches of streams and predict the next characters.

Scoring, sampling and sessions use only ``LanguageModel``; the trainer uses only ``Learner``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import Array
from charrnn.layers.parameters import Parameters
from charrnn.layers.state import State
from charrnn.markup import table_html
from charrnn.text.batches import Batch
from charrnn.workers import Workers


class Data(Protocol):
    """The training data that a kind of model reads from a corpus."""

    def fields(self) -> Mapping[str, Any]:
        """Fields of the model's config that follow from the data, such as ``vocab_size``."""

    def split(self, val_fraction: float) -> tuple[Any, Any]:
        """Split into a part to train on and one to validate with; ``len`` of a part is its number of characters."""

    def notes(self, train: Any, validation: Any, val_fraction: float) -> Iterator[str]:
        """Yield notes on the parts for the user."""


class Answer(NamedTuple):
    """One of the answers to a line, with its probability."""

    text: str
    probability: float


class AnswerLists(list[list[Answer]]):
    """The answers to some lines, for each line the most probable one first.

    Args:
        lines: the lines.
        answers: to each of them.
    """

    def __init__(self, lines: Sequence[str], answers: Iterable[list[Answer]]) -> None:
        super().__init__(answers)
        self._lines = list(lines)

    def _repr_html_(self) -> str:
        """Show a table; called by notebooks."""
        rows = [
            (line * (place == 0), answer.text, f"{answer.probability:.3f}")
            for line, answers in zip(self._lines, self, strict=False)
            for place, answer in enumerate(answers)
        ]
        return table_html(("given", "answer", "probability"), rows)


class Predictor(Protocol):
    """AnswerLists lines with a model."""

    def predict(self, lines: Sequence[str], top: int = 1, unknown: str = "error", **how: Any) -> list[list[Answer]]:
        """For each line its ``top`` answers, the most probable first.

        ``unknown`` is as in ``charrnn.text.symbols.known_symbols``. ``how`` are the arguments that ``Kind.asked``
        names.

        Raises:
            VocabularyError: a line contains a character that the model does not know, and ``unknown`` is "error".
        """


class Combined(NamedTuple):
    """A mixture of models, and what its members are worth; see ``charrnn.kinds.kind.Kind.combine``."""

    mixture: Any
    """The mixture; None if no model gains enough to join the best one."""
    nats: tuple[float, ...]
    """Loss of each of the models on the held-out data, in nats for each prediction."""
    kept: tuple[int, ...]
    """The models that are its members."""
    mixed_nats: float
    """Loss of the mixture, by weights that were learned from the other half of the held-out data."""
    best: float
    """The mixture's value of the first metric of its kind, by such weights, too."""


class Buffers(Protocol):
    """A model's arrays for T steps of B streams."""

    @property
    def logits(self) -> Array:
        """The logits (T, B, at least V)."""

    @property
    def losses(self) -> npt.NDArray[np.float64]:
        """The loss of each prediction (T, B), in nats."""


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
        """Check the values of a state from a file; its shapes and types have been checked.

        Raises:
            CheckpointError: the state holds values that are not possible.
        """

    def buffers(self, steps: int, streams: int) -> Any:
        """Allocate ``Buffers`` for at most ``steps`` steps of ``streams`` streams."""

    def run(self, x: Array, state: State, buffers: Any) -> Buffers:
        """Read ids (T, B) and advance ``state`` in place; returns the part of ``buffers`` with the logits."""

    def to_tensors(self) -> Mapping[str, Array]:
        """Everything that the model has learned, by name."""


class CountedModel(LanguageModel, Protocol):
    """A model whose parameters are counts, such as an n-gram model."""

    @property
    def size(self) -> int:
        """Number of counts."""


class TrainedModel(LanguageModel, Protocol):
    """A model whose parameters change in training."""

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
            dropout_seed: selects the dropout masks; None switches dropout off.
        """
