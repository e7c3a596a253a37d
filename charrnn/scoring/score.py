"""Scores: cross-entropy and perplexity of a text, and the loss of each of its characters."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from charrnn.markup import heat_html
from charrnn.text.sources import Piece
from charrnn.text.vocabulary import END

Losses = npt.NDArray[np.float64]
Ranks = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Score:
    """How well a model predicts a text; two scores can be added."""

    nats: float
    """Sum of -ln p over all predictions."""
    characters: int
    """Number of predictions: the text's characters but the first; for documents, all their characters and ends."""

    def __add__(self, other: "Score") -> "Score":
        return Score(self.nats + other.nats, self.characters + other.characters)

    @property
    def nats_per_character(self) -> float:
        """Cross-entropy in nats; NaN without predictions."""
        return self.nats / self.characters if self.characters else math.nan

    @property
    def bits_per_character(self) -> float:
        """Cross-entropy in bits."""
        return self.nats_per_character / math.log(2)

    @property
    def perplexity(self) -> float:
        """Exp of the cross-entropy: the number of equally likely characters that would be as hard to guess."""
        return math.exp(min(self.nats_per_character, 700.0))  # exp(709) is the largest float


@dataclass(frozen=True, eq=False)
class ScoredText(Score):
    """A text of N characters, with the loss and the rank of each.

    Characters that are not predicted have loss NaN and rank 0: the first one, and those that the model does not know.
    """

    piece: Piece = field(repr=False)
    losses: Losses = field(repr=False)
    """(N,) loss of each character, in nats."""
    ranks: Ranks = field(repr=False)
    """(N,) each character's rank by probability, 1 for the most probable one."""
    unknown: int = 0
    """Number of characters that the model does not know."""

    @property
    def text(self) -> str:
        """The text, with END after each document; for a model of bytes, each byte is the character of that number."""
        return self.piece.text

    @property
    def plain(self) -> Score:
        """The score without the text."""
        return Score(self.nats, self.characters)

    @property
    def bits(self) -> Losses:
        """(N,) the losses in bits."""
        return self.losses / math.log(2)

    def _repr_html_(self) -> str:
        """Show the text, each character the redder the less expected it was; called by notebooks."""
        figures = f"{self.bits_per_character:.4f} bits per character, {self.characters:,} characters predicted"
        return f"<p>{figures}</p>{heat_html(self.text, self.bits, END)}"


def total_of(losses: Losses, ranks: Ranks) -> Score:
    """Sum the losses of predicted characters; a NaN of a diverged model makes the sum NaN."""
    return Score(float(losses.sum(where=ranks > 0)), int(np.count_nonzero(ranks)))


def joined(parts: Sequence[ScoredText]) -> ScoredText:
    """Join successive parts of a text."""
    total: Score = sum(parts[1:], start=parts[0])
    first = parts[0].piece
    return ScoredText(
        total.nats,
        total.characters,
        Piece(first.origin, first.start, "".join(part.text for part in parts)),
        np.concatenate([part.losses for part in parts]),
        np.concatenate([part.ranks for part in parts]),
        sum(part.unknown for part in parts),
    )
