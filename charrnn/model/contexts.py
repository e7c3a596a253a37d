"""Models whose state is the last characters: each window is read after the end of the one before it.

In a state and in a history, a character is its id + 1, and 0 is nothing: what comes before the first character.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.errors import CheckpointError
from charrnn.kernels.arrays import aligned_zeros, row_stride
from charrnn.kernels.contexts import ContextSpace
from charrnn.kernels.cross_entropy import cross_entropy
from charrnn.model.config import ModelConfig
from charrnn.model.workers import Workers, share
from charrnn.model.workspace import State

Array = npt.NDArray[Any]


class ContextModel:
    """A model that sees the last C characters; a ``charrnn.model.contract.LanguageModel``.

    Attributes:
        config: its shape.
        workers: the threads that share the work.
        seen: C.
        weights: a NamedTuple of what ``predict`` reads.
        predict: ``predict(weights, space, first, last)``, ``addressable``: the logits of the streams ``first`` to
            ``last`` of a window, from its history.
    """

    state_names = ("context",)
    predict: Any

    def __init__(self, config: ModelConfig, workers: Workers | None, seen: int) -> None:
        self.config = config
        self.workers = workers or Workers()
        self.seen = seen
        self.weights: Any = None

    def initial_state(self, streams: int) -> State:
        """See ``LanguageModel``."""
        return [(np.zeros((streams, max(0, self.seen - 1)), np.int32),)]

    def check_state(self, state: State) -> None:
        """See ``LanguageModel``: kernels would take other ids for addresses."""
        (context,) = state[0]
        if not 0 <= context.min(initial=0) <= context.max(initial=0) <= self.config.vocab_size:
            raise CheckpointError(
                f"a state's characters must be 0 to {self.config.vocab_size}, got others: choose another file"
            )

    def space(self, steps: int, streams: int) -> ContextSpace:
        """See ``LanguageModel``."""
        config = self.config
        rows = steps + max(0, self.seen - 1)
        logits = aligned_zeros((steps, streams, row_stride(config.vocab_size, config.dtype.itemsize)), config.dtype)
        return ContextSpace(
            history=np.zeros((rows, streams), np.int32),
            work=self.room(steps, streams),
            logits=logits,
            losses=np.zeros((steps, streams)),
            no_ids=np.zeros((steps, streams), np.int32),
        )

    def to_tensors(self) -> dict[str, Array]:
        """See ``LanguageModel``."""
        raise NotImplementedError

    def room(self, steps: int, streams: int) -> Array:
        """What the model works in, (T, B, ...)."""
        raise NotImplementedError

    def begin(self, state: State, streams: Array | slice) -> None:
        """Set the state of some streams, by an index of the first axis, to that before the first character."""
        state[0][0][streams] = 0

    def enter(self, x: Array, state: State, space: ContextSpace, advance: int | None = None) -> ContextSpace:
        """The part of ``space`` for a window x (T, B), with its history; ``state`` advances by T or so many steps."""
        steps, before = len(x), len(space.history) - len(space.logits)
        arrays: list[Any] = [array[:steps] for array in space[1:]]
        window = ContextSpace(space.history[: steps + before], *arrays)
        (context,) = state[0]
        window.history[:before] = context.T
        window.history[before:] = x + 1
        after = steps if advance is None else advance
        context[:] = window.history[after : after + before].T
        return window

    def run(self, x: Array, y: Array | None, state: State, space: ContextSpace) -> ContextSpace:
        """See ``LanguageModel``."""
        window = self.enter(x, state, space)

        def rows(part: int, parts: int) -> None:
            first, last = share(x.shape[1], part, parts)
            self.predict(self.weights, window, first, last)
            if y is not None:
                one = self.config.dtype.type(1)
                cross_entropy(window.logits, y, self.config.vocab_size, one, window.losses, first, last)

        self.workers.run(rows, most=x.shape[1])
        return window
