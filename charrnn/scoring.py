"""Bits per character of a text.

A long text is cut into streams that are read at once. Each stream but the first warms up on the characters before its
own, which are not counted, so that its state has seen some past; every character but the text's first is predicted
exactly once. The cut depends on the length of the text alone.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.errors import CorpusError
from charrnn.model.network import Network
from charrnn.model.workspace import State, Workspace

WINDOW = 128
"""Steps read at once."""

STREAM_LENGTH = 4096
"""Predictions for which another stream is opened."""

MOST_STREAMS = 64

WARM_UP = 256
"""Characters that a stream reads before its own."""

Ids = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Score:
    """How well a model predicts a text."""

    nats: float
    """Sum of -ln p over all predictions."""
    characters: int
    """Predictions: the text's characters but the first."""

    @property
    def nats_per_character(self) -> float:
        """Cross-entropy in nats."""
        return self.nats / self.characters

    @property
    def bits_per_character(self) -> float:
        """Cross-entropy in bits."""
        return self.nats_per_character / math.log(2)

    @property
    def perplexity(self) -> float:
        """Exp of the cross-entropy: the number of equally likely characters that would be as hard to guess."""
        return math.exp(min(self.nats_per_character, 700.0))  # a float holds no more than exp(709)


def score(network: Network, ids: Ids) -> Score:
    """Score a text of at least two characters.

    Args:
        network: the model.
        ids: (N,) the text.

    Raises:
        CorpusError: the text is too short.
    """
    count = len(ids) - 1
    if count < 1:
        raise CorpusError(f"a text to score needs at least 2 characters, not {len(ids)}")
    streams = min(MOST_STREAMS, max(1, count // STREAM_LENGTH))
    length = count // streams
    space = Workspace.allocate(network.config, min(WINDOW, length), streams)
    state = network.zero_state(streams)
    if streams > 1:
        _warm_up(network, ids, length, state, space)
    starts = np.arange(streams) * length
    nats = _read(network, ids, starts, length, state, space)
    rest = count - streams * length
    if rest:  # the last stream goes on to the end of the text
        last = [tuple(array[-1:].copy() for array in layer) for layer in state]
        narrow = Workspace.allocate(network.config, min(WINDOW, rest), 1)
        nats += _read(network, ids, np.array([count - rest]), rest, last, narrow)
    return Score(nats, count)


def _warm_up(network: Network, ids: Ids, length: int, state: State, space: Workspace) -> None:
    steps = min(WARM_UP, length)
    starts = np.arange(state[0][0].shape[0]) * length - steps
    starts[0] = 0  # nothing comes before the first stream: it reads anything, and forgets it
    _read(network, ids, starts, steps, state, space)
    for layer in state:
        for array in layer:
            array[0] = 0


def _read(network: Network, ids: Ids, starts: Any, length: int, state: State, space: Workspace) -> float:
    """Sum of the losses of ``length`` predictions from each start; advances ``state``."""
    total = 0.0
    states = len(network.cell.state)
    for first in range(0, length, WINDOW):
        steps = np.arange(first, min(length, first + WINDOW))
        at = steps[:, np.newaxis] + starts
        window = space if len(steps) == len(space.logits) else space.shortened(len(steps), states)
        network.run(ids[at], ids[at + 1], state, window)
        total += float(window.losses.sum())
    return total
