"""Models whose state is the last characters.

States and histories hold ids + 1; 0 stands for a position before the first character.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.errors import CheckpointError
from charrnn.kernels.arrays import Array, aligned_zeros, row_stride
from charrnn.kinds.config import ModelConfig
from charrnn.layers.state import State
from charrnn.workers import Workers, share


class ContextBuffers(NamedTuple):
    """Arrays for T steps of B streams, for a model that sees the last C characters."""

    history: npt.NDArray[np.int32]
    """(T + C - 1, B): the characters of the state, then those of the batch."""
    work: Array
    """(T, B, ...): a buffer of the model."""
    logits: Array
    """(T, B, at least V): the logits, then their gradient."""
    losses: npt.NDArray[np.float64]
    """(T, B): the loss of each prediction, in nats."""
    no_ids: npt.NDArray[np.int32]
    """(T, B) zeros: row indices into a bias that has one row."""


class ContextModel:
    """A ``charrnn.kinds.contract.LanguageModel`` that sees only the last C characters.

    Attributes:
        config: the model's shape.
        workers: the threads that share the work.
        seen: C.
        weights: a NamedTuple, the first argument of ``predict``.
        predict: an ``addressable`` kernel ``predict(weights, buffers, first, last)`` that computes the logits of the
            streams ``first`` to ``last`` from their history.
    """

    state_names = ("context",)
    predict: Any

    def __init__(self, config: ModelConfig, workers: Workers | None, seen: int) -> None:
        self.config: Any = config
        self.workers = workers or Workers()
        self.seen = seen
        self.weights: Any = None

    def initial_state(self, streams: int) -> State:
        """The state before the first character, in which no characters are known; see ``LanguageModel``."""
        return [(np.zeros((streams, max(0, self.seen - 1)), np.int32),)]

    def check_state(self, state: State) -> None:
        """Check that all ids are in range, as kernels index with them; see ``LanguageModel``."""
        (context,) = state[0]
        if not 0 <= context.min(initial=0) <= context.max(initial=0) <= self.config.vocab_size:
            raise CheckpointError(
                f"a state's ids must be 0 to {self.config.vocab_size}, but others were found: choose another file"
            )

    def buffers(self, steps: int, streams: int) -> ContextBuffers:
        """Allocate ``ContextBuffers`` for at most ``steps`` steps of ``streams`` streams."""
        config = self.config
        rows = steps + max(0, self.seen - 1)
        logits = aligned_zeros((steps, streams, row_stride(config.vocab_size, config.dtype.itemsize)), config.dtype)
        return ContextBuffers(
            history=np.zeros((rows, streams), np.int32),
            work=self.work_array(steps, streams),
            logits=logits,
            losses=np.zeros((steps, streams)),
            no_ids=np.zeros((steps, streams), np.int32),
        )

    def to_tensors(self) -> dict[str, Array]:
        """Everything that the model has learned, by name."""
        raise NotImplementedError

    def work_array(self, steps: int, streams: int) -> Array:
        """Allocate ``ContextBuffers.work``, (T, B, ...)."""
        raise NotImplementedError

    def reset(self, state: State, streams: Array | slice) -> None:
        """Set the state of the streams that ``streams`` indexes to the initial state."""
        state[0][0][streams] = 0

    def enter(self, x: Array, state: State, buffers: ContextBuffers, advance: int | None = None) -> ContextBuffers:
        """Write the characters that the steps of x (T, B) see into the history; returns the buffers of these T steps.

        ``state`` advances by ``advance`` steps; by T if that is None.
        """
        steps, before = len(x), len(buffers.history) - len(buffers.logits)
        arrays: list[Any] = [array[:steps] for array in buffers[1:]]
        part = ContextBuffers(buffers.history[: steps + before], *arrays)
        (context,) = state[0]
        part.history[:before] = context.T
        part.history[before:] = x + 1
        after = steps if advance is None else advance
        context[:] = part.history[after : after + before].T
        return part

    def run(self, x: Array, state: State, buffers: ContextBuffers) -> ContextBuffers:
        """Compute the logits for x (T, B); see ``LanguageModel``."""
        part = self.enter(x, state, buffers)

        def rows(thread: int, threads: int) -> None:
            self.predict(self.weights, part, *share(x.shape[1], thread, threads))

        self.workers.run(rows, most=x.shape[1])
        return part
