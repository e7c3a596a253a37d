"""Scoring of a text that comes in pieces: encode it, score it in blocks, and yield a result for each piece."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from charrnn.errors import ConfigError, CorpusError, VocabularyError
from charrnn.scoring.score import Losses, Ranks, ScoredText, total_of
from charrnn.scoring.streams import SCORED_BLOCK, Reader
from charrnn.text.documents import in_documents
from charrnn.text.sources import Piece
from charrnn.text.symbols import UNKNOWN, closest
from charrnn.text.vocabulary import END, Vocabulary


@dataclass(frozen=True, eq=False)
class Block:
    """A part of a text, and its encoding as ids for a model.

    Attributes:
        pieces: the part, of N characters in all.
        ids: (M,) the ids that the model reads.
        known: (N,) whether the model knows each character.
        places: the positions of the known characters in ``ids``.
    """

    pieces: list[Piece]
    ids: npt.NDArray[np.int32]
    known: npt.NDArray[np.bool_]
    places: npt.NDArray[np.int64] | slice

    def by_character(self, losses: Losses, ranks: Ranks) -> tuple[Losses, Ranks]:
        """Convert losses and ranks of the ids (M,) to those of the characters (N,): NaN and 0 for unknown ones."""
        if self.known.all():  # no copies, as blocks are large
            return losses, ranks
        all_losses, all_ranks = np.full(len(self.known), np.nan), np.zeros(len(self.known), np.int32)
        all_losses[self.known], all_ranks[self.known] = losses[self.places], ranks[self.places]
        return all_losses, all_ranks


def score_pieces(
    reader: Reader, vocabulary: Vocabulary, pieces: Iterable[Piece], *, unknown: str = "error"
) -> Iterator[ScoredText]:
    """Score a text that comes in pieces of any length; yields scored pieces, which are also cut where a block ends.

    Args:
        reader: the model.
        vocabulary: the model's characters.
        pieces: the text; at least two characters in all.
        unknown: see ``as_read``. Unknown characters are not counted, as the model gives them no probability.

    Raises:
        ConfigError: ``unknown`` is none of the three choices.
        VocabularyError: The text holds a character that the model does not know, and ``unknown`` is "error".
        CorpusError: The text is too short.
    """
    characters = 0
    for block in as_read(vocabulary, pieces, unknown):
        losses, ranks = block.by_character(*reader.read(block.ids))
        characters += int(np.count_nonzero(block.known))
        start = 0
        for piece in block.pieces:
            here = slice(start, start + len(piece.text))
            total = total_of(losses[here], ranks[here])
            strange = len(piece.text) - int(np.count_nonzero(block.known[here]))
            yield ScoredText(total.nats, total.characters, piece, losses[here], ranks[here], strange)
            start = here.stop
    if characters < 2:
        raise CorpusError(
            f"a text to score needs at least 2 characters that the model knows, not {characters}: use a longer text"
        )


def as_read(vocabulary: Vocabulary, pieces: Iterable[Piece], unknown: str = "error") -> Iterator[Block]:
    """Encode a text that comes in pieces of any length, in blocks.

    For a model of documents, the text is split by ``in_documents``, with END in the pieces after each document. A first
    block without pieces holds the end of another document, so that the model also predicts the first character.

    Args:
        vocabulary: the model's characters.
        pieces: the text.
        unknown: what to do about characters that the model does not know: "error" raises; "skip" omits them; "replace"
            lets the model read the closest known ones.

    Raises:
        ConfigError: ``unknown`` is none of the three choices.
        VocabularyError: The text holds a character that the model does not know, and ``unknown`` is "error".
    """
    if unknown not in UNKNOWN:
        raise ConfigError(f"unknown must be one of {', '.join(UNKNOWN)}, not {unknown!r}")
    if vocabulary.documents:
        yield Block([], vocabulary.encode(END), np.empty(0, np.bool_), slice(0))
    for block in in_blocks(in_documents(pieces, vocabulary.documents, vocabulary.unit), SCORED_BLOCK):
        yield _read_block(vocabulary, block, unknown)


def _read_block(vocabulary: Vocabulary, pieces: list[Piece], unknown: str) -> Block:
    text = "".join(piece.text for piece in pieces)
    known = np.ones(len(text), np.bool_)
    strange = set(text) - set(vocabulary.symbols)
    if not strange:
        return Block(pieces, vocabulary.encode(text), known, slice(None))
    if unknown == "error":
        raise _unknown(pieces, vocabulary)
    read_as = {ord(c): closest(c, vocabulary) if unknown == "replace" else "" for c in strange}
    widths = np.ones(len(text), np.int64)
    for i, character in enumerate(text):
        if character in strange:
            known[i], widths[i] = False, len(read_as[ord(character)])
    places = (np.cumsum(widths) - 1)[known]
    return Block(pieces, vocabulary.encode(text.translate(read_as)), known, places)


def in_blocks(pieces: Iterable[Piece], size: int) -> Iterator[list[Piece]]:
    """Cut and group the pieces into lists, each but the last with ``size`` characters."""
    block: list[Piece] = []
    room = size
    for whole in pieces:
        piece = whole
        while len(piece.text) >= room:
            yield [*block, Piece(piece.origin, piece.start, piece.text[:room])]
            piece = Piece(piece.origin, piece.start + room, piece.text[room:])
            block, room = [], size
        if piece.text or piece is whole:  # an empty file is a piece too
            block.append(piece)
            room -= len(piece.text)
    if block:
        yield block


def _unknown(block: list[Piece], vocabulary: Vocabulary) -> VocabularyError:
    """Build the error for the first piece with characters that the model does not know."""
    for piece in block:
        try:
            vocabulary.encode(piece.text, before=piece.start)
        except VocabularyError as error:
            return VocabularyError(f"{piece.origin}: {error}, or choose --unknown skip or replace".removeprefix(": "))
    raise AssertionError("all characters are known")
