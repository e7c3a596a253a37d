"""Measure restored text, and a baseline: each word's most frequent spelling."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.models.restorer.stripped import RestoredRows, StepNumbers, Stripped

STRIPPED_WORD = re.compile(r"\S+")


def word_accuracy(data: RestoredRows, found: StepNumbers) -> float:
    """The share of right words, among the words of the rows that have a letter.

    A word is right if the classes of all its characters and of the white space before and after it are right.
    """
    is_right = words_right(data, found)
    return float(is_right.mean()) if len(is_right) else 0.0


def words_right(data: RestoredRows, found: StepNumbers) -> npt.NDArray[np.bool_]:
    """For each word with a letter, whether it is right; ``found`` (N,) are the predicted classes of the whole text."""
    text, span, answers = data.text, data.span, data.answers
    known = text.known[span]
    if not len(known):
        return np.zeros(0, np.bool_)
    with_gap = np.array([any(map(str.isspace, answer)) for answer in answers.classes])
    wrong, ends = (found[span] != known) | (known < 0), text.gaps[span] | with_gap[np.maximum(known, 0)]
    word = np.cumsum(ends) - ends
    count = int(word[-1]) + 2
    is_wrong = np.bincount(word[wrong], minlength=count) + np.bincount(word[wrong & ends] + 1, minlength=count)
    has_letter = np.bincount(word[text.letters[span]], minlength=count) > 0
    found_right: npt.NDArray[np.bool_] = is_wrong[has_letter] == 0
    return found_right


def figures_of_answers(data: RestoredRows, found: StepNumbers) -> dict[str, float]:
    """The shares of right words and of right doubtful characters, and the F1 of the task's counted answer.

    Tasks that add noise also have the share of wrong words that are corrected, and of right words that are broken.
    """
    text, span, task = data.text, data.span, data.answers.task
    known, own = text.known[span], found[span]
    doubtful = text.doubtful[span] | (known < 0)
    figures = {"word_accuracy": word_accuracy(data, found)}
    figures["characters"] = float(((known == own) & (known >= 0))[doubtful].mean()) if doubtful.any() else 0.0
    if task.adds_noise:
        is_right, was_right = words_right(data, found), words_right(data, np.zeros_like(found))
        figures["corrected"] = float(is_right[~was_right].mean()) if not was_right.all() else 1.0
        figures["broken"] = 1 - float(is_right[was_right].mean()) if was_right.any() else 0.0
    if task.counted[0]:
        number = data.answers.number[task.counted[0]]
        hits = int(((known == number) & (own == number)).sum())
        total = int((known == number).sum() + (own == number).sum())
        figures["f1"] = 2 * hits / total if total else 0.0
    return figures


def most_frequent_spelling(training: RestoredRows) -> Callable[[Stripped], StepNumbers]:
    """The baseline that gives each word the spelling that is most frequent in the training text.

    Returns:
        A function that predicts the classes of a stripped text.
    """
    text, span = training.text, training.span
    spellings: dict[str, Counter[bytes]] = {}
    for word in STRIPPED_WORD.finditer(text.characters, span.start, span.stop):
        spellings.setdefault(word[0], Counter())[text.known[slice(*word.span())].tobytes()] += 1
    usual = {word: counts.most_common(1)[0][0] for word, counts in spellings.items()}

    def answer(other: Stripped) -> StepNumbers:
        found = np.zeros_like(other.known)
        for word in STRIPPED_WORD.finditer(other.characters):
            if known := usual.get(word[0]):
                found[slice(*word.span())] = np.frombuffer(known, np.int32)
        return found

    return answer


def titles_of(data: RestoredRows) -> dict[str, Any]:
    """The titles of the figures of ``figures_of_answers``, by name."""
    counted = data.answers.task.counted
    titles = {"word_accuracy": "words with a letter right", "characters": "characters right, where in doubt"}
    if data.answers.task.adds_noise:
        titles |= {"corrected": "wrong words corrected", "broken": "right words broken"}
    return titles | ({"f1": f"F1 of {counted[1]}"} if counted[0] else {})
