"""N texts that a model continues, each with its own random generator."""

from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from charrnn.kernels.arrays import FloatArray
from charrnn.kernels.draw import Rules
from charrnn.kinds.contract import LanguageModel
from charrnn.layers.state import State, copy_state
from charrnn.sampling.drawing import Drawn
from charrnn.text.windows import Int32Ids

READ_WINDOW = 128
"""Characters of a text read at once."""

Generators = npt.NDArray[np.uint64]


class Snapshot(NamedTuple):
    """Everything on which the next draws of N streams depend; immutable."""

    state: State
    """The model's state after all characters but the last."""
    last: Int32Ids
    """(N,) the last character of each stream."""
    generators: Generators
    """(N, 4) the state of each stream's random generator."""


class SteppedMember(Protocol):
    """Arrays of N streams of a model that another loop advances, step by step, among other models."""

    @property
    def ids(self) -> Int32Ids:
        """(1, at least N): the last character of each stream, which the next step reads."""

    @property
    def logits(self) -> FloatArray:
        """(1, N, at least V), which a step writes."""

    def advancing(self) -> tuple[Any, Any]:
        """The kernel ``advance(own, second, ahead, first, last)``, by address, and its first argument ``own``.

        It reads the last characters of the streams ``first`` to ``last`` and writes their logits. Steps come in pairs:
        ``second`` says whether this is the second of one, and ``ahead`` whether it is the first and the second follows.
        """

    def enter(self, start: Snapshot) -> None:
        """Copy in the streams' states."""

    def leave(self) -> Snapshot:
        """Copy out the streams' states."""


class ModelSampler(Protocol):
    """A factory of streams that draw from a model."""

    @property
    def network(self) -> LanguageModel:
        """The model."""

    def streams(self, start: Snapshot) -> "Streams":
        """Create streams that continue from a snapshot."""

    def stepped(self, streams: int) -> SteppedMember:
        """Allocate the arrays with which another loop advances this model."""


class Streams:
    """N streams of characters.

    A stream's last character has not been read yet: reading and drawing both begin with it.

    Attributes:
        now: the current snapshot.
    """

    def __init__(self, sampler: ModelSampler, start: Snapshot) -> None:
        self.now = start
        self._sampler = sampler

    @classmethod
    def beginning(cls, sampler: ModelSampler, text: Int32Ids, generators: Generators) -> "Streams":
        """Create a stream for each of the ``generators`` (N, 4); each has read ``text``, which is not empty."""
        state = sampler.network.initial_state(1)
        read(sampler.network, state, text[:-1])
        return cls.after(sampler, state, text[-1:], generators)

    @classmethod
    def after(cls, sampler: ModelSampler, state: State, last: Int32Ids, generators: Generators) -> "Streams":
        """Create a stream for each of the ``generators`` (N, 4), from the state of one before its ``last`` (1,)."""
        count = len(generators)
        states: State = [tuple(array.repeat(count, axis=0) for array in layer) for layer in state]
        return sampler.streams(Snapshot(states, last.repeat(count), generators.copy()))

    def keep(self, places: list[int]) -> "Streams":
        """Return the streams at these indices."""
        state: State = [tuple(array[places] for array in layer) for layer in self.now.state]
        return self._sampler.streams(Snapshot(state, self.now.last[places], self.now.generators[places]))

    def read(self, text: Int32Ids) -> None:
        """Append a given text instead of drawing; there must be one stream only."""
        if len(text):
            state, last, generators = self.now
            state = copy_state(state)
            read(self._sampler.network, state, np.concatenate([last, text[:-1]]))
            self.now = Snapshot(state, text[-1:].copy(), generators)

    def draw(self, count: int, rules: Rules, top: int = 0) -> Drawn:
        """Draw ``count`` characters of each stream; those after the end of a document are meaningless.

        Args:
            count: T, at least 1.
            rules: how to draw.
            top: R, how many of the most probable characters to report with each; at most V.
        """
        network, start = self._sampler.network, self.now
        if network.config.end_symbol:
            start = start._replace(state=copy_state(start.state))
            network.reset(start.state, start.last == network.config.end)
        drawn = Drawn.allocate(len(start.last), count, top)
        self.now = self._generate(start, rules, drawn)
        return drawn

    def _generate(self, start: Snapshot, rules: Rules, drawn: Drawn) -> Snapshot:
        """Fill ``drawn`` and return the snapshot after it."""
        raise NotImplementedError


def read(network: LanguageModel, state: State, text: Int32Ids) -> None:
    """Read a text (T,) with one stream; ``state`` is advanced in place."""
    if not len(text):
        return
    buffers = network.buffers(min(READ_WINDOW, len(text)), 1)
    for start in range(0, len(text), READ_WINDOW):
        network.run(text[start : start + READ_WINDOW, np.newaxis], state, buffers)
