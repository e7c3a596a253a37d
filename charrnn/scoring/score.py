"""The figures: of a text as a whole, and of each of its characters."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from charrnn.text.sources import Piece

Losses = npt.NDArray[np.float64]
Ranks = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Score:
    """How well a model predicts a text; two scores can be added."""

    nats: float
    """Sum of -ln p over all predictions."""
    characters: int
    """Predictions: as a rule, the text's characters but the first; of documents, their characters and their ends."""

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
    ranks: Ranks = field(repr=False)
    """(N,) each character's place in the order of probability: 1 if the model thought it the most probable."""
    unknown: int = 0
    """Characters that the model has never seen."""

    @property
    def text(self) -> str:
        """The text; of a model of bytes, its bytes as the characters of these numbers; END where a document ends."""
        return self.piece.text

    @property
    def plain(self) -> Score:
        """The score alone, without what it is of."""
        return Score(self.nats, self.characters)

    @property
    def bits(self) -> Losses:
        """(N,) the losses in bits."""
        return self.losses / math.log(2)


def total_of(losses: Losses, ranks: Ranks) -> Score:
    """The score of what is predicted; a loss of NaN that a diverged model gives stays one."""
    return Score(float(losses.sum(where=ranks > 0)), int(np.count_nonzero(ranks)))


def joined(parts: Sequence[ScoredText]) -> ScoredText:
    """Successive parts of one text as one."""
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
