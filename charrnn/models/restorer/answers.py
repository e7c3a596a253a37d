"""Batches of a model that restores, and the prediction of its classes."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from charrnn.errors import ConfigError
from charrnn.kinds.contract import Answer
from charrnn.models.restorer.combinations import most_probable
from charrnn.models.restorer.measures import word_accuracy
from charrnn.models.restorer.network import Restorer
from charrnn.models.restorer.stripped import Answers, RestoredRows, StepNumbers, Stripped, TextRow
from charrnn.models.restorer.tasks import TASKS
from charrnn.text.batches import Batch
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.row_batches import Chosen, RowBatches, by_length, padded_rows
from charrnn.training.settings import TrainingSettings

RESTORED_TOGETHER = 64
"""Rows that are read in one batch."""

COMPARED = 4
"""Combinations of classes for each answer that is asked for, as several may give the same text: to write aa for a, a is
inserted before or after it."""

LogProbabilities = npt.NDArray[np.float64]


class NoisyBatches(RowBatches):
    """Batches of rows with random errors, which are drawn anew in each epoch.

    Args:
        data: the rows without errors.
        settings: batch size and seed.
    """

    def __init__(self, data: RestoredRows, settings: TrainingSettings) -> None:
        super().__init__(data.lengths, settings, self._noised)
        self._data, self._room, self._seed, self._epoch = data, settings.batch_size, settings.rng_seed, 0

    @property
    def longest(self) -> int:
        """Most steps of a batch, as errors can make a row half as long again; see ``Batches``."""
        return super().longest * 3 // 2 + 1

    def begin_epoch(self, epoch: int) -> None:
        """Shuffle the rows, and draw other errors from now on; see ``Batches``."""
        self._epoch = epoch
        super().begin_epoch(epoch)

    def _noised(self, chosen: Chosen) -> Batch:
        data = self._data
        segments = [data.text.characters[row.start : row.end] for row in (data.rows[at] for at in chosen)]
        text = Stripped.noised(segments, data.answers, self._seed, self._epoch, int(chosen[0]))
        rows = [TextRow(span.start, span.start, span.stop, span.stop) for span in text.spans]
        return _batch_of(replace(data, text=text, rows=rows), self._room, np.arange(len(rows)))


def batches_of_rows(settings: TrainingSettings, data: RestoredRows) -> RowBatches:
    """Cut the rows of a text into batches; with errors in them if the task adds noise."""
    if data.answers.task.adds_noise:
        return NoisyBatches(data, settings)
    return RowBatches(data.lengths, settings, partial(_batch_of, data, settings.batch_size))


def _batch_of(data: RestoredRows, room: int, chosen: Chosen) -> Batch:
    text, rows = data.text, [data.rows[at] for at in chosen]
    ids, lengths = padded_rows([text.ids[row.start : row.end] for row in rows], room)
    targets, weights = np.zeros_like(ids), np.zeros(ids.shape, np.float32)
    for column, row in enumerate(rows):
        targets[: row.end - row.start, column] = text.known[row.start : row.end]
        weights[row.first - row.start : row.last - row.start, column] = text.doubtful[row.first : row.last]
    return Batch(ids, targets, weights, lengths=lengths)


def log_probabilities_of(
    network: Restorer,
    data: RestoredRows,
    is_given: npt.NDArray[np.bool_],
    before_batch: Callable[[], None] = lambda: None,
) -> Iterator[tuple[TextRow, LogProbabilities]]:
    """Yield the rows of a text in any order, each with the log probabilities (n, C) of the classes of its n characters.

    Args:
        network: the model.
        data: the rows.
        is_given: (N,) where the class of a character is given by the text and not predicted.
        before_batch: called before each batch; it may raise to stop.
    """
    text, known = data.text, np.maximum(data.text.known, 0)
    for chosen in by_length(data.lengths, RESTORED_TOGETHER):
        before_batch()
        rows = [data.rows[at] for at in chosen]
        spans = [slice(row.start, row.end) for row in rows]
        ids, lengths = padded_rows([text.ids[span] for span in spans], len(rows))
        given, _ = padded_rows([known[span] for span in spans], len(rows))
        where, _ = padded_rows([is_given[span].astype(np.int32) for span in spans], len(rows))
        found = network.run(ids, lengths, given, where.astype(np.bool_), data.answers.possible)
        for column, row in enumerate(rows):
            yield row, found[row.first - row.start : row.last - row.start, column]


def best_answers(
    network: Restorer,
    data: RestoredRows,
    is_given: npt.NDArray[np.bool_],
    before_batch: Callable[[], None] = lambda: None,
) -> tuple[StepNumbers, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Predict the most probable class of each character of a text.

    Where ``is_given``, the class is that of the text, with log probability 0.

    Returns:
        The classes (N,), their log probabilities, and the log probabilities of the text's own classes.
    """
    text = data.text
    best, own = text.known.copy(), np.maximum(text.known, 0)
    of_best, of_own = np.zeros(len(best)), np.zeros(len(best))
    for row, found in log_probabilities_of(network, data, is_given, before_batch):
        span = slice(row.first, row.last)
        free, at = ~is_given[span], np.arange(len(found))
        answers = found.argmax(axis=1)
        best[span][free] = answers[free]
        of_best[span][free] = found[at, answers][free]
        of_own[span][free] = found[at, own[span]][free]
    return best, of_best, of_own


def validate_rows(network: Restorer, data: RestoredRows, before_batch: Callable[[], None]) -> dict[str, float]:
    """The share of words with a letter that are right, and the mean loss in bits of characters with several classes."""
    text = data.text
    best, _, own = best_answers(network, data, ~text.doubtful, before_batch)
    span = data.span
    count = int(text.doubtful[span].sum())
    return {
        "word_accuracy": word_accuracy(data, to_stripped(text, best)),
        "bits": -float(own[span].sum()) / math.log(2) / count if count else 0.0,
    }


def to_stripped(text: Stripped, best: StepNumbers) -> StepNumbers:
    """The classes of all characters of a fully stripped text: the only possible one, or else the predicted ``best``."""
    answers: StepNumbers = np.where(text.doubtful, best, np.maximum(text.only, 0))
    return answers


class RestoringPredictor:
    """Restores lines; a ``charrnn.kinds.contract.Predictor``.

    Characters that the model does not know stay as they are, so ``unknown`` has no effect.
    """

    def __init__(self, network: Restorer, vocabulary: Vocabulary) -> None:
        self._network, config = network, network.config
        self._task = TASKS[config.task]
        self._answers = Answers(self._task, vocabulary, config.classes)

    def predict(self, lines: Sequence[str], top: int = 1, unknown: str = "error") -> list[list[Answer]]:
        """Restore lines; some tasks also read the end of the previous lines. See ``Predictor``."""
        if top > 1 and self._network.config.feedback:
            raise ConfigError(f"top must be 1 for a model with feedback, not {top}: leave it out")
        text = Stripped.of(lines, self._answers)
        data = RestoredRows(text, tuple(text.rows(self._task)), self._answers)
        is_given = ~text.doubtful
        if self._task.keeps:
            is_given |= text.known != 0
        if top > 1:
            return self._several(lines, data, is_given, top)
        best, of_best, _ = best_answers(self._network, data, is_given)
        best = self._with_only(text, best)
        return [
            [Answer(self._restored(line, text, span, best[span]), math.exp(of_best[span].sum()))]
            for line, span in zip(lines, text.spans, strict=True)
        ]

    def _several(
        self, lines: Sequence[str], data: RestoredRows, is_given: npt.NDArray[np.bool_], top: int
    ) -> list[list[Answer]]:
        text, found = data.text, {}
        for row, each in log_probabilities_of(self._network, data, is_given):
            found[row.first] = each
        settled = self._with_only(text, text.known)
        shown: list[list[Answer]] = []
        for line, span in zip(lines, text.spans, strict=True):
            parts = [found[first] for first in range(span.start, span.stop) if first in found]
            of_line = np.concatenate([np.zeros((0, len(self._answers.classes))), *parts])
            free = np.flatnonzero(~is_given[span][: len(of_line)])
            numbers, alike = settled[span].copy(), dict[str, float]()
            for log_probability, classes in most_probable(of_line[free], COMPARED * top):
                numbers[free] = classes
                restored = self._restored(line, text, span, numbers)
                alike[restored] = alike.get(restored, 0.0) + math.exp(log_probability)
            best = sorted(alike.items(), key=lambda item: -item[1])[:top]
            shown.append([Answer(restored, probability) for restored, probability in best])
        return shown

    def _with_only(self, text: Stripped, numbers: StepNumbers) -> StepNumbers:
        """Replace the classes ``numbers`` where a character has only one possible class."""
        is_open = text.known == 0 if self._task.keeps else np.ones(len(numbers), np.bool_)
        found: StepNumbers = np.where(is_open & (text.only >= 0), text.only, numbers)
        return found

    def _restored(self, line: str, text: Stripped, span: slice, numbers: StepNumbers) -> str:
        """Apply these classes to a line; characters whose class does not change are not touched."""
        changed = np.flatnonzero(numbers != text.known[span])
        if not len(changed):
            return line
        pieces = [*self._task.pieces(line), "\n"]
        for at in changed.tolist():
            character = text.characters[span.start + at]
            pieces[at] = self._task.joined(character, self._answers.classes[numbers[at]])
        return "".join(pieces)[:-1]
