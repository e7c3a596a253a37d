"""How well a model predicts a text, character by character.

A text is read in blocks, so that memory does not grow with it; the state is carried from each block to the next. Of a
block, up to MOST_STREAMS streams are read at once, which is many times faster than one. Each stream but the first
warms up on the characters before its own, which are not counted, so that its state has seen some past; every character
but the text's first is predicted exactly once. The cut depends on the length of the text alone.

A text too short for two streams is read in one pass, and so is every text if that is asked for: then each prediction
has seen all that comes before it, exactly as when the text is drawn.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from charrnn.errors import ConfigError, CorpusError, VocabularyError
from charrnn.kernels.cross_entropy import surprise
from charrnn.model.network import Network
from charrnn.model.workers import share
from charrnn.model.workspace import State, Workspace
from charrnn.text.sources import Piece
from charrnn.text.vocabulary import Vocabulary

BLOCK = 1 << 21
"""Characters of a block."""

WINDOW = 2048
"""Predictions made at once, by all streams together."""

STREAM_LENGTH = 4096
"""Predictions for which another stream is opened."""

MOST_STREAMS = 64

WARM_UP = 256
"""Characters that a stream reads before its own."""

UNKNOWN = ("error", "skip", "replace")
"""What may become of characters that the model has never seen: see ``score_pieces``."""

Ids = npt.NDArray[np.int32]
Losses = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """How well a model predicts a text; two scores can be added."""

    nats: float
    """Sum of -ln p over all predictions."""
    characters: int
    """Predictions: as a rule, the text's characters but the first."""

    def __add__(self, other: "Score") -> "Score":
        return Score(self.nats + other.nats, self.characters + other.characters)

    @property
    def nats_per_character(self) -> float:
        """Cross-entropy in nats; NaN where nothing is predicted."""
        return self.nats / self.characters if self.characters else math.nan

    @property
    def bits_per_character(self) -> float:
        """Cross-entropy in bits."""
        return self.nats_per_character / math.log(2)

    @property
    def perplexity(self) -> float:
        """Exp of the cross-entropy: the number of equally likely characters that would be as hard to guess."""
        return math.exp(min(self.nats_per_character, 700.0))  # a float holds no more than exp(709)


@dataclass(frozen=True, eq=False)
class ScoredText(Score):
    """A text of N characters, and how well each of them is predicted.

    What is not predicted has a loss of NaN and a rank of 0: the first character of all, and what the model has never
    seen.
    """

    piece: Piece = field(repr=False)
    losses: Losses = field(repr=False)
    """(N,) nats."""
    ranks: Ids = field(repr=False)
    """(N,) each character's place in the order of probability: 1 if the model thought it the most probable."""
    unknown: int = 0
    """Characters that the model has never seen."""

    @property
    def text(self) -> str:
        """The text; of a model of bytes, its bytes as the characters of these numbers."""
        return self.piece.text

    @property
    def bits(self) -> Losses:
        """(N,) the losses in bits."""
        return self.losses / math.log(2)


class Reader(Protocol):
    """Reads a text block by block and predicts it; what it remembers is carried from each block to the next."""

    def read(self, ids: Ids) -> tuple[Losses, Ids]:
        """Losses (N,) in nats and ranks (N,) of the next N ids: NaN and 0 for the first id of all."""


def score(network: Network, ids: Ids) -> Score:
    """Score a text of at least two characters.

    Args:
        network: the model.
        ids: (N,) the text.

    Raises:
        CorpusError: the text is too short.
    """
    if len(ids) < 2:
        raise CorpusError(f"a text to score needs at least 2 characters, not {len(ids)}")
    reader = StreamReader(network)
    return sum((_total(*reader.read(ids[i : i + BLOCK])) for i in range(0, len(ids), BLOCK)), start=Score(0.0, 0))


def score_pieces(
    reader: Reader, vocabulary: Vocabulary, pieces: Iterable[Piece], *, unknown: str = "error"
) -> Iterator[ScoredText]:
    """Score a text that comes in pieces of any length; yields its pieces, cut where a block ends.

    Args:
        reader: the model.
        vocabulary: the model's characters.
        pieces: the text; at least two characters in all.
        unknown: what becomes of characters that the model has never seen. None of them is counted: no probability
            is known. "error" raises; "skip" leaves them out, as if they were not there; "replace" lets the model read
            the vocabulary's stand-in in their place.

    Raises:
        ConfigError: ``unknown`` is none of these.
        VocabularyError: the text holds a character that the model has never seen.
        CorpusError: the text is too short.
    """
    if unknown not in UNKNOWN:
        raise ConfigError(f"unknown must be one of {', '.join(UNKNOWN)}, not {unknown!r}")
    characters = 0
    for block in in_blocks(pieces, BLOCK):
        ids = vocabulary.lookup("".join(piece.text for piece in block))
        known = ids >= 0
        if unknown == "error" and not known.all():
            raise _unknown(block, vocabulary)
        is_read = known if unknown == "skip" else np.ones_like(known)
        ids[~known] = vocabulary.stand_in
        losses, ranks = np.full(len(ids), np.nan), np.zeros(len(ids), np.int32)
        losses[is_read], ranks[is_read] = reader.read(ids[is_read])
        losses[~known], ranks[~known] = np.nan, 0
        characters += int(np.count_nonzero(known))
        start = 0
        for piece in block:
            here = slice(start, start + len(piece.text))
            total = _total(losses[here], ranks[here])
            yield ScoredText(
                total.nats,
                total.characters,
                piece,
                losses[here],
                ranks[here],
                len(piece.text) - int(np.count_nonzero(known[here])),
            )
            start = here.stop
    if characters < 2:
        raise CorpusError(f"a text to score needs at least 2 characters that the model knows, not {characters}")


def in_blocks(pieces: Iterable[Piece], size: int) -> Iterator[list[Piece]]:
    """The pieces, cut and gathered so that each list but the last holds ``size`` characters."""
    block: list[Piece] = []
    room = size
    for whole in pieces:
        piece = whole
        while len(piece.text) >= room:
            yield [*block, Piece(piece.origin, piece.start, piece.text[:room])]
            piece = Piece(piece.origin, piece.start + room, piece.text[room:])
            block, room = [], size
        if piece.text or piece is whole:  # an empty file is shown too
            block.append(piece)
            room -= len(piece.text)
    if block:
        yield block


def _unknown(block: list[Piece], vocabulary: Vocabulary) -> VocabularyError:
    """The error for the first piece that holds a character that the model has never seen."""
    for piece in block:
        try:
            vocabulary.encode(piece.text, before=piece.start)
        except VocabularyError as error:
            return VocabularyError(f"{piece.origin}: {error}" if piece.origin else str(error))
    raise AssertionError("all characters are known")


def _total(losses: Losses, ranks: Ids) -> Score:
    """The score of what is predicted; a loss of NaN that a diverged model gives stays one."""
    return Score(float(losses.sum(where=ranks > 0)), int(np.count_nonzero(ranks)))


class StreamReader:
    """The ``Reader`` of a model that stays as it is.

    Args:
        network: the model.
        exact: read in one pass whatever the length.
    """

    def __init__(self, network: Network, *, exact: bool = False) -> None:
        self._network = network
        self._most_streams = 1 if exact else MOST_STREAMS
        self._state = network.zero_state(1)
        self._before = np.empty(0, np.int32)
        """The last id read."""

    def read(self, ids: Ids) -> tuple[Losses, Ids]:
        """See ``Reader``."""
        losses, ranks = np.full(len(ids), np.nan), np.zeros(len(ids), np.int32)
        text = np.concatenate([self._before, ids])
        if len(text) > 1:
            predicted = slice(len(ids) + 1 - len(text), None)
            self._read_block(text, losses[predicted], ranks[predicted])
        self._before = text[-1:]
        return losses, ranks

    def _read_block(self, text: Ids, losses: Losses, ranks: Ids) -> None:
        """Predict all ids of ``text`` but the first."""
        count = len(losses)
        streams = min(self._most_streams, max(1, count // STREAM_LENGTH))
        length = count // streams
        starts = np.arange(streams) * length
        state = self._network.zero_state(streams)
        if streams > 1:
            steps = min(WARM_UP, length)
            # Nothing comes before the first stream: it reads anything, and its state is then set.
            predict(self._network, text, np.maximum(starts - steps, 0), steps, state)
        for layer, carried in zip(state, self._state, strict=True):
            for array, values in zip(layer, carried, strict=True):
                array[0] = values[0]
        predict(self._network, text, starts, length, state, losses, ranks)
        self._state = [tuple(array[-1:].copy() for array in layer) for layer in state]
        if rest := count - streams * length:  # the last stream goes on to the end of the block
            predict(self._network, text, np.array([count - rest]), rest, self._state, losses, ranks)


def predict(
    network: Network,
    text: Ids,
    starts: npt.NDArray[np.int64],
    length: int,
    state: State,
    losses: Losses | None = None,
    ranks: Ids | None = None,
) -> None:
    """Read ``length`` ids from each start, and predict the ids that follow them.

    Args:
        network: the model.
        text: (N,) ids.
        starts: (B,) where each stream begins.
        length: at least 1.
        state: of B streams; advanced in place.
        losses: (N - 1,) nats, where place i is for the prediction of ``text[i + 1]``; None if they are not wanted.
        ranks: (N - 1,) likewise.
    """
    streams, states = len(starts), len(network.cell.state)
    steps = min(max(1, WINDOW // streams), length)
    space = Workspace.allocate(network.config, steps, streams)
    for first in range(0, length, steps):
        at = np.arange(first, min(length, first + steps))[:, np.newaxis] + starts
        window = space if len(at) == steps else space.shortened(len(at), states)
        network.run(text[at], None, state, window)
        if losses is not None and ranks is not None:
            losses[at], ranks[at] = _surprises(network, window, text[at + 1])


def _surprises(network: Network, window: Workspace, targets: Ids) -> tuple[Losses, Ids]:
    """Losses and ranks (T, B) of the targets by a window's logits."""
    ranks = np.empty(targets.shape, np.int32)

    def streams(part: int, parts: int) -> None:
        first, last = share(targets.shape[1], part, parts)
        surprise(window.logits, targets, network.config.vocab_size, window.losses, ranks, first, last)

    network.workers.run(streams, most=targets.shape[1])
    return window.losses, ranks
