"""Exact match: how many lines such as 12+345=357 (question, separator, answer) a model answers correctly.

A greedy continuation of the question is the answer if and only if each character of the answer, and the newline after
it, is the most probable one after the correct characters before it. So no text needs to be generated. Each line is
read from the initial state, after a newline; lines of equal length are read at once.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from charrnn.errors import ConfigError, CorpusError, VocabularyError
from charrnn.kinds.contract import LanguageModel
from charrnn.scoring.defaults import SEPARATOR
from charrnn.scoring.streams import SCORED_BLOCK, predict
from charrnn.text.sources import Piece
from charrnn.text.vocabulary import END, Vocabulary

MOST_LINES = 256
"""Lines read at once."""


@dataclass(frozen=True)
class ExactMatch:
    """How many questions were asked, and how many were answered correctly.

    Attributes:
        asked: number of questions by length, in characters before the separator.
        right: number of correct answers by the same lengths.
    """

    asked: Counter[int] = field(default_factory=Counter)
    right: Counter[int] = field(default_factory=Counter)


def score_exact_match(
    network: LanguageModel, vocabulary: Vocabulary, pieces: Iterable[Piece], *, separator: str = SEPARATOR
) -> ExactMatch:
    """Ask all questions of a text that comes in pieces; empty lines are skipped.

    Args:
        network: the model.
        vocabulary: the model's characters.
        pieces: the text.
        separator: the text that ends a question at its first occurrence in the line.

    Raises:
        ConfigError: The separator is empty.
        CorpusError: A line lacks the separator, or there is no line.
        VocabularyError: The model does not know a character of the text, or the newline.
    """
    if not separator:
        raise ConfigError("separator must be at least one character, not '': give what stands before each answer")
    answers = ExactMatch()
    block: list[str] = []
    characters = 0
    for origin, number, line in lines_of(pieces):
        if separator not in line:
            raise CorpusError(
                f"{origin or 'the text'} must hold a question, {separator!r} and an answer in each line, but its line "
                f"{number} holds no {separator!r}: choose another text, or the separator that it has with --separator"
            )
        try:
            vocabulary.encode(line)
        except VocabularyError as error:
            raise VocabularyError(f"line {number} of {origin or 'the text'}: {error}") from None
        block.append(line)
        characters += len(line)
        if characters > SCORED_BLOCK:
            _ask(network, vocabulary, block, separator, answers)
            block, characters = [], 0
    _ask(network, vocabulary, block, separator, answers)
    if not answers.asked:
        raise CorpusError("a text to answer needs at least one line, not none: use a longer text")
    return answers


def lines_of(pieces: Iterable[Piece]) -> Iterator[tuple[str, int, str]]:
    """Yield the file, number and text (without newline) of each line that is not empty."""
    origin, number, rest = "", 1, ""
    for piece in pieces:
        if piece.start == 0:
            if rest:
                yield origin, number, rest
            origin, number, rest = piece.origin, 1, ""
        *lines, rest = (rest + piece.text).split("\n")
        for line in lines:
            if line:
                yield origin, number, line
            number += 1
    if rest:
        yield origin, number, rest


def _ask(network: LanguageModel, vocabulary: Vocabulary, lines: list[str], separator: str, answers: ExactMatch) -> None:
    """Ask the questions of some lines, and add the results to ``answers``."""
    newline = END if vocabulary.documents == "line" else "\n"
    text = vocabulary.encode(newline + "".join(line + newline for line in lines))
    lengths = np.array([len(line) + 1 for line in lines], np.int64)
    starts = np.cumsum(lengths) - lengths
    losses, ranks = np.empty(len(text) - 1), np.empty(len(text) - 1, np.int32)
    for length in np.unique(lengths):
        alike = starts[lengths == length]
        for first in range(0, len(alike), MOST_LINES):
            some = alike[first : first + MOST_LINES]
            predict(network, text, some, int(length), network.initial_state(len(some)), losses, ranks)
    wrong_before = np.concatenate([[0], np.cumsum(ranks != 1)])
    for line, start, length in zip(lines, starts.tolist(), lengths.tolist(), strict=True):
        asked = line.index(separator)
        answers.asked[asked] += 1
        answers.right[asked] += int(wrong_before[start + asked + len(separator)] == wrong_before[start + length])
