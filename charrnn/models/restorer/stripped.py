"""Texts as a model that restores reads them: ids of characters and of answers, cut into rows."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple
from unicodedata import combining

import numpy as np
import numpy.typing as npt

from charrnn.models.restorer.task import Task
from charrnn.text.symbols import closest
from charrnn.text.vocabulary import Vocabulary

LONGEST_ROW = 256
"""Most characters of a row that are predicted; a longer line becomes several rows, if possible cut at spaces."""

CONTEXT_IN_LINE = 64
"""Characters of the same line that are read before and after those that a row predicts."""

UNKNOWN_ANSWER = -1
"""The number of an answer that is not among the model's classes."""

StepNumbers = npt.NDArray[np.int32]


class Answers:
    """The answers that a model can give, its classes, and at which characters each is possible.

    Args:
        task: what is restored.
        vocabulary: the characters of the training text.
        classes: the answers, by number; the first one is empty.

    Attributes:
        possible: (V, C) whether an answer is possible at a character: all characters that result are in the vocabulary.
    """

    def __init__(self, task: Task, vocabulary: Vocabulary, classes: Sequence[str]) -> None:
        self.task, self.vocabulary, self.classes = task, vocabulary, tuple(classes)
        self.number = {answer: number for number, answer in enumerate(self.classes)}
        known, self._ids = set(vocabulary.characters), _Ids(vocabulary)
        for symbol in reversed(vocabulary.characters):  # the first symbol with this character wins
            self._ids[task.parted(symbol)[0]] = vocabulary.symbols.index(symbol)
        self._ids |= {symbol: number for number, symbol in enumerate(vocabulary.symbols)}
        self.possible = np.zeros((len(vocabulary), len(self.classes)), np.bool_)
        left = {task.parted(symbol)[0] for symbol in known}
        for character in left:
            can_be = [task.can_be(character, answer, known) for answer in self.classes]
            self.possible[self._ids[character]] = can_be
        counts = {c: int(self.possible[self._ids[c]].sum()) for c in left}
        self._doubtful = {c: count > 1 for c, count in counts.items()}
        self._only = {c: int(self.possible[self._ids[c]].argmax()) for c, count in counts.items() if count == 1}

    @property
    def nothing_to_learn(self) -> bool:
        """Whether there is nothing to learn: no character has more than one possible answer."""
        return not any(self._doubtful.values())

    def ids(self, characters: str) -> StepNumbers:
        """Ids (N,) of characters; an unknown character gets the id of the most similar one."""
        return np.fromiter(map(self._ids.__getitem__, characters), np.int32, len(characters))

    def doubtful(self, characters: str) -> npt.NDArray[np.bool_]:
        """Whether each character (N,) has more than one possible answer."""
        found = (self._doubtful.get(character, False) for character in characters)
        return np.fromiter(found, np.bool_, len(characters))

    def only(self, characters: str) -> StepNumbers:
        """The number (N,) of each character's only possible answer; UNKNOWN_ANSWER if it has several or none."""
        found = (self._only.get(character, UNKNOWN_ANSWER) for character in characters)
        return np.fromiter(found, np.int32, len(characters))

    def numbers(self, answers: Sequence[str]) -> StepNumbers:
        """The id (N,) of each answer; UNKNOWN_ANSWER where the model cannot give it."""
        return np.fromiter((self.number.get(answer, UNKNOWN_ANSWER) for answer in answers), np.int32, len(answers))


class _Ids(dict[str, int]):
    """Ids of characters; a missing one is looked up by similarity and stored."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__()
        self._vocabulary = vocabulary

    def __missing__(self, character: str) -> int:
        found: str = closest(character, self._vocabulary)
        return self[found[0]] if found else 0


class TextRow(NamedTuple):
    """Characters of a text, from ``start`` to ``end``, that are read together.

    Those from ``first`` to ``last`` are predicted; the others are context.
    """

    start: int
    first: int
    last: int
    end: int


@dataclass(frozen=True, eq=False)
class Stripped:
    """Lines without what is to be restored, joined by newlines.

    Attributes:
        characters: the stripped text.
        known: (N,) number of each character's true answer, for training and comparison.
        doubtful: (N,) whether a character has several possible answers.
        only: (N,) number of a character's only possible answer; UNKNOWN_ANSWER elsewhere.
        ids: (N,) id of each character.
        lines: the position where each line begins, and at last the length of the text.
    """

    characters: str
    known: StepNumbers
    doubtful: npt.NDArray[np.bool_]
    only: StepNumbers
    ids: StepNumbers
    lines: tuple[int, ...]

    @classmethod
    def of(cls, lines: Iterable[str], answers: Answers) -> "Stripped":
        """Strip lines of what is to be restored."""
        parts = Parts(answers.task)
        end = ("\n", "")
        return cls.made_of(([*(parts[piece] for piece in answers.task.pieces(line)), end] for line in lines), answers)

    @classmethod
    def noised(cls, lines: Iterable[str], answers: Answers, *seed: int) -> "Stripped":
        """Draw errors into some lines, which end with a newline if they do in the text; the answers correct them."""
        random = np.random.default_rng(seed)
        return cls.made_of((answers.task.noised(line, answers.classes, random) for line in lines), answers)

    @classmethod
    def made_of(cls, lines: Iterable[Sequence[tuple[str, str]]], answers: Answers) -> "Stripped":
        """Join lines, each given as pairs of a character and its answer, the newline included."""
        left, known, starts = [], [np.zeros(0, np.int32)], [0]
        for line in lines:
            left += [character for character, _ in line]
            known.append(answers.numbers([answer for _, answer in line]))
            starts.append(starts[-1] + len(line))
        characters = "".join(left)
        doubtful, only = answers.doubtful(characters), answers.only(characters)
        if not answers.task.adds_noise:
            ends = np.array(starts[1:], int) - 1
            doubtful[ends], only[ends] = False, UNKNOWN_ANSWER
        text = cls(characters, np.concatenate(known), doubtful, only, answers.ids(characters), tuple(starts))
        if answers.task.stands_between:
            doubtful[:-1] &= ~(text.gaps | text.marks)[1:]
        return text

    @property
    def spans(self) -> list[slice]:
        """The range of each line in the text, with its newline."""
        return [slice(begin, end) for begin, end in zip(self.lines, self.lines[1:], strict=False)]

    @cached_property
    def letters(self) -> npt.NDArray[np.bool_]:
        """(N,) whether each character is a letter."""
        return np.fromiter(map(str.isalpha, self.characters), np.bool_, len(self.characters))

    @cached_property
    def gaps(self) -> npt.NDArray[np.bool_]:
        """(N,) whether each character is white space."""
        return np.fromiter(map(str.isspace, self.characters), np.bool_, len(self.characters))

    @cached_property
    def marks(self) -> npt.NDArray[np.bool_]:
        """(N,) which characters are combining marks, which belong to the character before them."""
        return np.fromiter((combining(each) > 0 for each in self.characters), np.bool_, len(self.characters))

    def rows(self, task: Task) -> Iterator[TextRow]:
        """Cut the lines into rows; empty lines are skipped. A task that adds noise also predicts at a line's end."""
        for begin, following in zip(self.lines, self.lines[1:], strict=False):
            end = following - (not task.adds_noise or begin == following - 1)
            first = begin
            while first < end:
                last = end if end - first <= LONGEST_ROW else self._cut(first)
                start = max(0, first - task.context) if first == begin else max(begin, first - CONTEXT_IN_LINE)
                yield TextRow(start, first, last, min(end, last + CONTEXT_IN_LINE))
                first = last

    def _cut(self, first: int) -> int:
        """The position at which to end a row that begins at ``first``, in a line that is too long for one row."""
        most = first + LONGEST_ROW
        return (self.characters.rfind(" ", first + LONGEST_ROW // 2, most) + 1) or most


class Parts(dict[str, tuple[str, str]]):
    """A cache of ``Task.parted``, by piece."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self._task = task

    def __missing__(self, piece: str) -> tuple[str, str]:
        self[piece] = found = self._task.parted(piece)
        return found


@dataclass(frozen=True, eq=False)
class RestoredRows:
    """Some rows of a text; the length of this object is the number of characters that the rows read.

    Attributes:
        text: the stripped text.
        rows: the rows.
        answers: the answers that the model can give.
    """

    text: Stripped
    rows: Sequence[TextRow]
    answers: Answers

    def __len__(self) -> int:
        return sum(self.lengths.tolist())

    @property
    def span(self) -> slice:
        """The range of the text that the rows predict."""
        return slice(self.rows[0].first, self.rows[-1].last) if self.rows else slice(0, 0)

    @cached_property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Number of steps of each row."""
        return np.array([row.end - row.start for row in self.rows], np.int64)

    def noised(self) -> "RestoredRows":
        """Draw errors into the lines of these rows; the same errors at each call."""
        span = self.span
        lines = (line + "\n" for line in self.text.characters[span].removesuffix("\n").split("\n"))
        text = Stripped.noised(lines, self.answers, 0)
        return replace(self, text=text, rows=tuple(text.rows(self.answers.task)))

    def part(self, first: int, last: int) -> "RestoredRows":
        """The rows from ``first`` to ``last``."""
        return replace(self, rows=self.rows[first:last])
