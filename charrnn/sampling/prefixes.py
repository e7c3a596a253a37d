"""Reading the texts that drawn texts begin with, and remembering the states on the way.

An editor asks for completions of the same text again and again, with a little more at its end. Such a text is read from
the last remembered state before the two texts differ. That is the state that reading from the beginning gives, to the
last bit, so the drawn text is the same.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from charrnn.kinds.contract import LanguageModel
from charrnn.layers.state import State, copy_state
from charrnn.sampling.streams import READ_WINDOW
from charrnn.text.windows import Int32Ids

MOST_REMEMBERED = 64
"""Most texts that are remembered, as each is compared with a new one."""


@dataclass(frozen=True, eq=False)
class ReadText:
    """A text (T,) that was read, and the states after some of its beginnings, by their lengths."""

    text: Int32Ids
    states: dict[int, State]

    @cached_property
    def size(self) -> int:
        """Bytes of the text and the states."""
        arrays = (array for state in self.states.values() for layer in state for array in layer)
        return self.text.nbytes + sum(array.nbytes for array in arrays)

    def states_of(self, text: Int32Ids) -> dict[int, State]:
        """The states after beginnings that this text shares with another one."""
        shortest = min(len(text), len(self.text))
        differs = np.flatnonzero(text[:shortest] != self.text[:shortest])
        shared = differs[0] if len(differs) else shortest
        return {length: state for length, state in self.states.items() if length <= shared}


class PrefixReader:
    """Reads texts from the beginning, or from the longest beginning that is remembered; threads may share it.

    Args:
        network: the model.
        most_bytes: largest size of what is remembered; texts that were not used for the longest time are dropped. With
            0, nothing is remembered.
    """

    def __init__(self, network: LanguageModel, most_bytes: int = 0) -> None:
        self._network, self._most_bytes = network, most_bytes
        self._texts: list[ReadText] = []
        """The one that was used last comes last."""
        self._lock = threading.Lock()

    def reading(self, text: Int32Ids) -> Iterator[State]:
        """Read a text (T,) in windows, and yield the state after each; at least one, the last after the whole text."""
        states = self._known(text)
        read = max(states, default=0)
        state = copy_state(states[read]) if read else self._network.initial_state(1)
        buffers = self._network.buffers(min(READ_WINDOW, max(1, len(text) - read)), 1)
        try:
            while read < len(text):
                self._network.run(text[read : read + READ_WINDOW, np.newaxis], state, buffers)
                read = min(len(text), read + READ_WINDOW)
                if self._most_bytes:
                    states[read] = copy_state(state)
                if read < len(text):
                    yield state
        finally:
            if self._most_bytes and states:
                self._remember(ReadText(text[: max(states)].copy(), states))
        yield state

    def _known(self, text: Int32Ids) -> dict[int, State]:
        """The remembered states after beginnings of a text, up to the longest that one text has in common with it."""
        with self._lock:
            texts = list(self._texts)
        return max((known.states_of(text) for known in texts), key=lambda states: max(states, default=0), default={})

    def _remember(self, new: ReadText) -> None:
        """Add a text in place of its own beginnings, and drop old ones; one that alone takes too much is not added."""
        if new.size > self._most_bytes:
            return
        with self._lock:
            self._texts = [old for old in self._texts if not np.array_equal(old.text, new.text[: len(old.text)])]
            self._texts.append(new)
            sizes = [text.size for text in self._texts]
            while sum(sizes) > self._most_bytes or len(sizes) > MOST_REMEMBERED:
                del sizes[0], self._texts[0]
