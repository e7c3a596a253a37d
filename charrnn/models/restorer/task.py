"""What a text can be restored from: the interface of tasks.

A text is cut into pieces. Each piece is a character that is left of it, and an answer that makes the piece again:

    accents    piece "á"  = character "a", answer U+0301        spaces    piece "a " = character "a", answer " "
    case       piece "A"  = character "a", answer "^"           typos     see ``charrnn.models.restorer.typos``

The empty answer leaves a character as it is. The model reads the characters and gives the answers, its classes.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import ClassVar

import numpy as np


class Task(ABC):
    """One of the things that a text can be restored from.

    Attributes:
        name: the value of ``--task``.
        wanted: what a text must hold that the task can be learned from.
        counted: the answer whose F1 is measured, and what it is called; empty for none.
        context: characters of the lines before that a line is read with.
        keeps: whether answers that a text to be restored already has are kept.
        stands_between: whether answers stand between two characters of which neither is white space.
        adds_noise: whether the characters are drawn, other ones in each epoch, instead of following from the text.
    """

    name: ClassVar[str]
    wanted: ClassVar[str]
    counted: ClassVar[tuple[str, str]] = ("", "")
    context: ClassVar[int] = 0
    keeps: ClassVar[bool] = True
    stands_between: ClassVar[bool] = False
    adds_noise: ClassVar[bool] = False

    @abstractmethod
    def pieces(self, text: str) -> Sequence[str]:
        """Cut a text; the pieces joined are the text."""

    @abstractmethod
    def parted(self, piece: str) -> tuple[str, str]:
        """The character that is left of a piece, and the answer that makes it again."""

    @abstractmethod
    def joined(self, character: str, answer: str) -> str:
        """The piece that a character becomes by an answer."""

    def can_be(self, character: str, answer: str, known: Collection[str]) -> bool:
        """Whether an answer makes something else of a character, all of it ``known`` characters."""
        outcome = self.joined(character, answer)
        return all(each in known for each in outcome) and (outcome == character) == (not answer)

    def answers(self, texts: Sequence[str], characters: str) -> set[str]:
        """All answers that are to be learned from these texts of these characters."""
        found = {piece for text in texts for piece in set(self.pieces(text))} | set(characters)
        return {self.parted(piece)[1] for piece in found}

    def noised(self, text: str, answers: Sequence[str], random: np.random.Generator) -> list[tuple[str, str]]:
        """Draw characters from which a text is restored by some of ``answers``; for tasks that add noise.

        There are at most half as many more than in the text.
        """
        raise NotImplementedError
