"""Scoring a text that comes in pieces: vocabulary, blocks, and results for each piece."""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from charrnn.errors import ConfigError, CorpusError, VocabularyError
from charrnn.scoring.score import Losses, Ranks, ScoredText, total_of
from charrnn.scoring.streams import BLOCK, Reader
from charrnn.text.documents import in_documents
from charrnn.text.sources import Piece
from charrnn.text.symbols import UNKNOWN, closest
from charrnn.text.vocabulary import END, Vocabulary


def score_pieces(
    reader: Reader, vocabulary: Vocabulary, pieces: Iterable[Piece], *, unknown: str = "error"
) -> Iterator[ScoredText]:
    """Score a text that comes in pieces of any length; yields its pieces, cut where a block ends.

    A model of documents reads the text as ``in_documents`` splits it, after the end of another document: so it predicts
    the first character too, and each end, which stands in the pieces as END.

    Args:
        reader: the model.
        vocabulary: the model's characters.
        pieces: the text; at least two characters in all.
        unknown: what to do about characters that the model has never seen. "error" raises; "skip" leaves them out;
            "replace" lets the model read the closest ones that it knows in their place. Neither counts them: the model
            knows no probability of theirs.

    Raises:
        ConfigError: ``unknown`` is none of these.
        VocabularyError: the text holds a character that the model has never seen, and ``unknown`` is "error".
        CorpusError: the text is too short.
    """
    if unknown not in UNKNOWN:
        raise ConfigError(f"unknown must be one of {', '.join(UNKNOWN)}, not {unknown!r}")
    characters = 0
    if vocabulary.documents:
        pieces = in_documents(pieces, vocabulary.documents)
        reader.read(vocabulary.encode(END))
    for block in in_blocks(pieces, BLOCK):
        losses, ranks, known = _read_block(reader, vocabulary, block, unknown)
        characters += int(np.count_nonzero(known))
        start = 0
        for piece in block:
            here = slice(start, start + len(piece.text))
            total = total_of(losses[here], ranks[here])
            strange = len(piece.text) - int(np.count_nonzero(known[here]))
            yield ScoredText(total.nats, total.characters, piece, losses[here], ranks[here], strange)
            start = here.stop
    if characters < 2:
        raise CorpusError(
            f"a text to score needs at least 2 characters that the model knows, not {characters}; use a longer text"
        )


def _read_block(
    reader: Reader, vocabulary: Vocabulary, block: list[Piece], unknown: str
) -> tuple[Losses, Ranks, npt.NDArray[np.bool_]]:
    """Losses, ranks and whether the model knows it: (N,) each, for the N characters of a block."""
    text = "".join(piece.text for piece in block)
    known = np.ones(len(text), np.bool_)
    strange = set(text) - set(vocabulary.symbols)
    if not strange:
        return *reader.read(vocabulary.encode(text)), known
    if unknown == "error":
        raise _unknown(block, vocabulary)
    read_as = {ord(c): closest(c, vocabulary) if unknown == "replace" else "" for c in strange}
    widths = np.ones(len(text), np.int64)
    for i, character in enumerate(text):
        if character in strange:
            known[i], widths[i] = False, len(read_as[ord(character)])
    at = (np.cumsum(widths) - 1)[known]
    losses, ranks = np.full(len(text), np.nan), np.zeros(len(text), np.int32)
    read_losses, read_ranks = reader.read(vocabulary.encode(text.translate(read_as)))
    losses[known], ranks[known] = read_losses[at], read_ranks[at]
    return losses, ranks, known


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
    """The error for the first piece that holds characters that the model has never seen."""
    for piece in block:
        try:
            vocabulary.encode(piece.text, before=piece.start)
        except VocabularyError as error:
            return VocabularyError(f"{piece.origin}: {error}, or choose --unknown skip or replace".removeprefix(": "))
    raise AssertionError("all characters are known")
