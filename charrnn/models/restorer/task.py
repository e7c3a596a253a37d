"""The interface of tasks, each of which is something that a model learns to restore in a text.

A text is cut into pieces. A piece consists of a character, which the model reads, and an answer, from which the piece
can be restored:

    accents    piece "á"  = character "a", answer U+0301        spaces    piece "a " = character "a", answer " "
    case       piece "A"  = character "a", answer "^"           typos     see ``charrnn.models.restorer.typos``

The empty answer leaves a character as it is. The answers are the classes that the model predicts.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import ClassVar

import numpy as np


class Task(ABC):
    """Something that a model can learn to restore.

    Attributes:
        name: the value of ``--task``.
        wanted: what a text must contain to learn the task from it, in words for an error message.
        counted: the answer whose F1 is measured, and its name in words; empty for none.
        context: characters of the previous lines with which a line is read.
        keeps: whether a text that is to be restored keeps the answers that it already contains.
        stands_between: whether answers are possible only between two characters that are not white space.
        adds_noise: whether random errors are drawn into the text, anew in each epoch, instead of stripping it.
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
        """Cut a text into pieces; joined, they are the text again."""

    @abstractmethod
    def parted(self, piece: str) -> tuple[str, str]:
        """Split a piece into a character and the answer that restores the piece from it."""

    @abstractmethod
    def joined(self, character: str, answer: str) -> str:
        """Restore the piece from a character and an answer."""

    def can_be(self, character: str, answer: str, known: Collection[str]) -> bool:
        """Whether an answer is possible at a character.

        The result must consist of ``known`` characters. It must differ from the character, unless the answer is empty.
        """
        outcome = self.joined(character, answer)
        return all(each in known for each in outcome) and (outcome == character) == (not answer)

    def answers(self, texts: Sequence[str], characters: str) -> set[str]:
        """All answers to learn from these texts, whose vocabulary is ``characters``."""
        found = {piece for text in texts for piece in set(self.pieces(text))} | set(characters)
        return {self.parted(piece)[1] for piece in found}

    def noised(self, text: str, answers: Sequence[str], random: np.random.Generator) -> list[tuple[str, str]]:
        """Draw errors into a text; only for tasks that add noise.

        Returns:
            Pairs of a character and the answer that corrects it, all among ``answers``. There are at most half as many
            more pairs than characters in the text.
        """
        raise NotImplementedError
