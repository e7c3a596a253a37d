"""Scoring of a text with a fixed model, many streams at once.

A text is read in blocks, so that memory does not grow with it; the state is carried from each block to the next. A
block is cut into up to MOST_STREAMS streams that are read at once, which is many times faster than one. Each stream but
the first warms up on the characters before its own; these are not counted. Every character but the text's first is
predicted exactly once. Where a text is cut depends only on its length.

A text too short for two streams, or any text with ``one_pass``, is read as one stream: then each prediction depends on
all characters before it, as in sampling.
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from charrnn.errors import CorpusError
from charrnn.kernels.cross_entropy import token_losses
from charrnn.kinds.contract import Buffers, LanguageModel
from charrnn.layers.state import State
from charrnn.scoring.score import Losses, Ranks, Score, total_of
from charrnn.text.corpus import Ids, check_ids, release_pages
from charrnn.text.documents import Text
from charrnn.workers import share

SCORED_BLOCK = 1 << 21
"""Characters of a block."""

WINDOW = 2048
"""Predictions computed at once, by all streams together."""

STREAM_LENGTH = 4096
"""Fewest predictions for each stream of a block."""

MOST_STREAMS = 64

WARM_UP = 256
"""Characters that a stream reads before its own."""


def go_on() -> None:
    """Do nothing; the default of ``before_window``."""


class Reader(Protocol):
    """A reader, which predicts a text block by block and carries its state from each block to the next."""

    def read(self, ids: Ids) -> tuple[Losses, Ranks]:
        """Return losses (N,) in nats and ranks (N,) of the next N ids: NaN and 0 for the text's first id."""


class StreamReader:
    """A ``Reader`` with a model that does not change.

    Args:
        network: the model.
        one_pass: whether to read as one stream whatever the length.
        before_window: called before each window; may raise to end the reading.
    """

    def __init__(
        self, network: LanguageModel, *, one_pass: bool = False, before_window: Callable[[], None] = go_on
    ) -> None:
        self._network = network
        self._before_window = before_window
        self._most_streams = 1 if one_pass else MOST_STREAMS
        self._state = network.initial_state(1)
        self._before = np.empty(0, np.int32)
        """The last id read."""

    def read(self, ids: Ids) -> tuple[Losses, Ranks]:
        """Predict the next ids; see ``Reader``."""
        check_ids(ids, self._network.config.vocab_size)
        losses, ranks = np.full(len(ids), np.nan), np.zeros(len(ids), np.int32)
        text = np.concatenate([self._before, ids])
        if len(text) > 1:
            predicted = slice(len(ids) + 1 - len(text), None)
            self._read_block(text, losses[predicted], ranks[predicted])
        self._before = text[-1:].copy()
        release_pages(ids)
        return losses, ranks

    def _read_block(self, text: Ids, losses: Losses, ranks: Ranks) -> None:
        """Predict all ids of ``text`` but the first."""
        count = len(losses)
        streams = min(self._most_streams, max(1, count // STREAM_LENGTH))
        length = count // streams
        starts = np.arange(streams) * length
        state = self._network.initial_state(streams)
        if streams > 1:
            steps = min(WARM_UP, length)
            # Nothing precedes the first stream: it warms up on any characters, and its state is replaced afterwards.
            self._predict(text, np.maximum(starts - steps, 0), steps, state)
        for layer, carried in zip(state, self._state, strict=True):
            for array, values in zip(layer, carried, strict=True):
                array[0] = values[0]
        self._predict(text, starts, length, state, losses, ranks)
        self._state = [tuple(array[-1:].copy() for array in layer) for layer in state]
        if rest := count - streams * length:  # the last stream also reads the block's remainder
            self._predict(text, np.array([count - rest]), rest, self._state, losses, ranks)

    def _predict(self, *arguments: Any) -> None:
        predict(self._network, *arguments, before_window=self._before_window)


def predict(
    network: LanguageModel,
    text: Ids,
    starts: npt.NDArray[np.int64],
    length: int,
    state: State,
    losses: Losses | None = None,
    ranks: Ranks | None = None,
    *,
    before_window: Callable[[], None] = go_on,
) -> None:
    """From each of B starts, read ``length`` ids and predict the id after each.

    Args:
        network: the model.
        text: (N,) ids.
        starts: (B,) indices of the first ids that are read.
        length: number of ids to read from each start.
        state: the state of each stream, which is advanced.
        losses: (N - 1,) if given, ``losses[i]`` becomes the loss of ``text[i + 1]``.
        ranks: (N - 1,) if given, ``ranks[i]`` becomes the rank of ``text[i + 1]``.
        before_window: see ``StreamReader``.
    """
    streams = len(starts)
    steps = min(max(1, WINDOW // streams), length)
    buffers = network.buffers(steps, streams)
    for first in range(0, length, steps):
        before_window()
        at = np.arange(first, min(length, first + steps))[:, np.newaxis] + starts
        window = network.run(text[at], state, buffers)
        if losses is not None and ranks is not None:
            losses[at], ranks[at] = losses_and_ranks(network, window, text[at + 1])


def losses_and_ranks(network: LanguageModel, window: Buffers, targets: Ids) -> tuple[Losses, Ranks]:
    """Compute losses and ranks (T, B) of the targets from the logits of a window."""
    ranks = np.empty(targets.shape, np.int32)

    def streams(part: int, parts: int) -> None:
        first, last = share(targets.shape[1], part, parts)
        token_losses(window.logits, targets, network.config.vocab_size, window.losses, ranks, first, last)

    network.workers.run(streams, most=targets.shape[1])
    return window.losses, ranks


def score(network: LanguageModel, ids: Text, *, before_window: Callable[[], None] = go_on) -> Score:
    """Score a text of at least two characters.

    Args:
        network: the model.
        ids: (N,) the text.
        before_window: see ``StreamReader``.

    Raises:
        CorpusError: The text is too short.
    """
    if len(ids) < 2:
        raise CorpusError(f"a text to score needs at least 2 characters, not {len(ids)}: use a longer text")
    reader = StreamReader(network, before_window=before_window)
    return sum(
        (total_of(*reader.read(ids[i : i + SCORED_BLOCK])) for i in range(0, len(ids), SCORED_BLOCK)),
        start=Score(0.0, 0),
    )
