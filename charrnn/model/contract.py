"""What every model provides: it reads windows of streams and says what comes next.

``network`` is recurrent; ``tdnn`` and ``ngram`` see the last characters alone. Scoring, sampling and sessions know no
more of a model than this.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from charrnn.model.config import ModelConfig
from charrnn.model.workers import Workers
from charrnn.model.workspace import State

Array = npt.NDArray[Any]


class Space(Protocol):
    """The arrays that a model works in, for windows of T steps and B streams."""

    @property
    def logits(self) -> Array:
        """(T, B, at least V)."""

    @property
    def losses(self) -> npt.NDArray[np.float64]:
        """(T, B) nats."""


class LanguageModel(Protocol):
    """A model that is ready to read."""

    @property
    def config(self) -> ModelConfig:
        """Its shape."""

    @property
    def workers(self) -> Workers:
        """The threads that share the work."""

    @property
    def state_names(self) -> tuple[str, ...]:
        """Names of the arrays of a layer's state."""

    def initial_state(self, streams: int) -> State:
        """The state before the first character: for each layer, one array (B, ...) for each of its states."""

    def begin(self, state: State, streams: Array | slice) -> None:
        """Set the state of some streams, by an index of the first axis, to that before the first character."""

    def check_state(self, state: State) -> None:
        """See that a state from a file, of the right shapes and types, can be gone on from.

        Raises:
            CheckpointError: it holds what no state does.
        """

    def space(self, steps: int, streams: int) -> Space:
        """Room for windows of at most ``steps`` steps of ``streams`` streams."""

    def run(self, x: Array, y: Array | None, state: State, space: Any) -> Space:
        """Read a window (T, B): returns its part of ``space``, with logits or, for targets ``y``, with losses.

        ``state`` is advanced in place. The logits are lost where losses are asked for.
        """

    def to_tensors(self) -> Mapping[str, Array]:
        """All that the model has learned, by name."""
