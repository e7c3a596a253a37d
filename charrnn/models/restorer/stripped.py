"""Texts as a model that restores reads them: ids of characters, and numbers of answers; cut into rows."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from charrnn.models.restorer.task import Task
from charrnn.text.symbols import closest
from charrnn.text.vocabulary import Vocabulary

LONGEST_ROW = 256
"""Characters of a row that are answered, at most; a longer line becomes several rows, cut at spaces where it can be."""

CONTEXT_IN_LINE = 64
"""Characters of the same line that a row is read with before and after those."""

UNKNOWN_ANSWER = -1
"""The number of an answer that the model cannot give."""

StepNumbers = npt.NDArray[np.int32]


class Answers:
    """The answers that a model can give, and where.

    Args:
        task: what is restored.
        vocabulary: the characters of the training text.
        classes: the answers, by number; the first one is empty.

    Attributes:
        possible: (V, C) whether a character can be answered so: whether the text that the model has seen holds all
            that comes out.
    """

    def __init__(self, task: Task, vocabulary: Vocabulary, classes: Sequence[str]) -> None:
        self.task, self.vocabulary, self.classes = task, vocabulary, tuple(classes)
        self.number = {answer: number for number, answer in enumerate(self.classes)}
        known, self._ids = set(vocabulary.characters), _Ids(vocabulary)
        for symbol in reversed(vocabulary.characters):  # of several, the first one stands for what is left of them
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
    def are_few(self) -> bool:
        """Whether no character has two answers, so that there is nothing to learn."""
        return not any(self._doubtful.values())

    def ids(self, characters: str) -> StepNumbers:
        """Ids of characters; one that the model does not know has that of the closest one."""
        return np.fromiter(map(self._ids.__getitem__, characters), np.int32, len(characters))

    def doubtful(self, characters: str) -> npt.NDArray[np.bool_]:
        """Whether characters have several answers."""
        found = (self._doubtful.get(character, False) for character in characters)
        return np.fromiter(found, np.bool_, len(characters))

    def only(self, characters: str) -> StepNumbers:
        """StepNumbers of the only possible answers to characters; UNKNOWN_ANSWER for others."""
        found = (self._only.get(character, UNKNOWN_ANSWER) for character in characters)
        return np.fromiter(found, np.int32, len(characters))

    def numbers(self, answers: Sequence[str]) -> StepNumbers:
        """StepNumbers of answers; UNKNOWN_ANSWER for those that the model cannot give."""
        return np.fromiter((self.number.get(answer, UNKNOWN_ANSWER) for answer in answers), np.int32, len(answers))


class _Ids(dict[str, int]):
    """Ids of characters."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__()
        self._vocabulary = vocabulary

    def __missing__(self, character: str) -> int:
        found: str = closest(character, self._vocabulary)
        return self[found[0]] if found else 0


class TextRow(NamedTuple):
    """Characters of a text that are read together; those from ``first`` to ``last`` are answered."""

    start: int
    first: int
    last: int
    end: int


@dataclass(frozen=True, eq=False)
class Stripped:
    """Lines without what is to be restored, joined by newlines.

    Attributes:
        characters: what is left.
        known: (N,) numbers of the answers that the lines have, for training and comparison.
        doubtful: (N,) where there are several answers.
        only: (N,) numbers of the only possible answers; UNKNOWN_ANSWER elsewhere.
        ids: (N,) of the characters.
        lines: where each line begins; and, at last, where another one would.
    """

    characters: str
    known: StepNumbers
    doubtful: npt.NDArray[np.bool_]
    only: StepNumbers
    ids: StepNumbers
    lines: tuple[int, ...]

    @classmethod
    def of(cls, lines: Iterable[str], answers: Answers) -> "Stripped":
        """Strip some lines."""
        parts = Parts(answers.task)
        end = ("\n", "")
        return cls.made_of(([*(parts[piece] for piece in answers.task.pieces(line)), end] for line in lines), answers)

    @classmethod
    def noised(cls, lines: Iterable[str], answers: Answers, *seed: int) -> "Stripped":
        """Draw lines from which these, which end as they end in the text, are restored."""
        random = np.random.default_rng(seed)
        return cls.made_of((answers.task.noised(line, answers.classes, random) for line in lines), answers)

    @classmethod
    def made_of(cls, lines: Iterable[Sequence[tuple[str, str]]], answers: Answers) -> "Stripped":
        """Characters and answers of each line, with its end."""
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
            doubtful[:-1] &= ~text.gaps[1:]
        return text

    @property
    def spans(self) -> list[slice]:
        """Where each line lies, with its end."""
        return [slice(begin, end) for begin, end in zip(self.lines, self.lines[1:], strict=False)]

    @cached_property
    def letters(self) -> npt.NDArray[np.bool_]:
        """(N,) which characters are letters."""
        return np.fromiter(map(str.isalpha, self.characters), np.bool_, len(self.characters))

    @cached_property
    def gaps(self) -> npt.NDArray[np.bool_]:
        """(N,) which characters are white space."""
        return np.fromiter(map(str.isspace, self.characters), np.bool_, len(self.characters))

    def rows(self, task: Task) -> Iterator[TextRow]:
        """The rows of the lines that are not empty; to a task that adds noise, the end of a line is a part of it."""
        for begin, following in zip(self.lines, self.lines[1:], strict=False):
            end = following - (not task.adds_noise or begin == following - 1)
            first = begin
            while first < end:
                last = end if end - first <= LONGEST_ROW else self._cut(first)
                start = max(0, first - task.context) if first == begin else max(begin, first - CONTEXT_IN_LINE)
                yield TextRow(start, first, last, min(end, last + CONTEXT_IN_LINE))
                first = last

    def _cut(self, first: int) -> int:
        """Where a row that begins at ``first`` ends, of a line that is longer."""
        most = first + LONGEST_ROW
        return (self.characters.rfind(" ", first + LONGEST_ROW // 2, most) + 1) or most


class Parts(dict[str, tuple[str, str]]):
    """The parts of pieces, each found once."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self._task = task

    def __missing__(self, piece: str) -> tuple[str, str]:
        self[piece] = found = self._task.parted(piece)
        return found


@dataclass(frozen=True, eq=False)
class RestoredRows:
    """Some rows of a text; its length is that of all that is read of them, in characters.

    Attributes:
        text: the text without what is to be restored.
        rows: the rows.
        answers: what can be answered.
    """

    text: Stripped
    rows: Sequence[TextRow]
    answers: Answers

    def __len__(self) -> int:
        return sum(self.lengths.tolist())

    @property
    def span(self) -> slice:
        """Where the rows lie in the text, which they cover."""
        return slice(self.rows[0].first, self.rows[-1].last) if self.rows else slice(0, 0)

    @cached_property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Steps of each row."""
        return np.array([row.end - row.start for row in self.rows], np.int64)

    def noised(self) -> "RestoredRows":
        """The lines of these rows with errors, the same ones each time."""
        span = self.span
        lines = (line + "\n" for line in self.text.characters[span].removesuffix("\n").split("\n"))
        text = Stripped.noised(lines, self.answers, 0)
        return replace(self, text=text, rows=tuple(text.rows(self.answers.task)))

    def part(self, first: int, last: int) -> "RestoredRows":
        """The rows from ``first`` to ``last``."""
        return replace(self, rows=self.rows[first:last])
