"""Batches of pairs, and answers of a sequence-to-sequence model."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np

from charrnn.kinds.contract import Answer
from charrnn.models.pooling import Logs
from charrnn.models.transducer.config import TransducerConfig
from charrnn.models.transducer.data import END_OF_ANSWER, Coder, Pairs, symbols_of
from charrnn.models.transducer.network import Transducer
from charrnn.models.transducer.search import BEAM, Found, search
from charrnn.scoring.streams import go_on
from charrnn.text.batches import PairBatch
from charrnn.text.examples import Example
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.row_batches import Chosen, RowBatches, RowIds, by_length, padded_rows
from charrnn.training.settings import TrainingSettings

SCORED_AT_ONCE = 64
"""Rows in a batch when only the loss is measured."""

Question = tuple[str, str]
"""The input and the features of a row."""


def pair_batches(config: TransducerConfig, settings: TrainingSettings, data: Pairs) -> RowBatches:
    """Cut pairs into batches of rows with similar lengths of input and of target."""
    given, wanted = encoded(config, data)
    lengths, counts = (np.array([len(row) for row in rows], np.int64) for rows in (given, wanted))
    keys = lengths * (counts.max() + 1) + counts
    longest = np.maximum(lengths, counts)
    return RowBatches(longest, settings, partial(pair_batch, given, wanted, settings.batch_size), keys)


class PairModel(Protocol):
    """A model that finds answers to rows of ids, as ``Coder.given_ids`` gives them."""

    beam: int
    """Hypotheses that it keeps for each row, unless told otherwise."""

    def find(
        self, rows: Sequence[RowIds], beam: int, top: int = 1, before_batch: Callable[[], None] = go_on
    ) -> list[list[Found]]:
        """Find the ``top`` answers to each row, the most probable first; ``before_batch`` may raise to stop."""

    def log_probabilities(
        self, rows: Sequence[RowIds], answers: Sequence[RowIds], before_batch: Callable[[], None] = go_on
    ) -> Logs:
        """The log probabilities (N,) of an answer to each row, up to a constant of the row.

        An answer is the ids of its symbols, without an end.
        """


class TransducerPairs:
    """A transducer as a ``PairModel``."""

    beam = BEAM

    def __init__(self, network: Transducer) -> None:
        self._network = network

    def find(
        self, rows: Sequence[RowIds], beam: int, top: int = 1, before_batch: Callable[[], None] = go_on
    ) -> list[list[Found]]:
        """See ``PairModel``."""
        return search(self._network, rows, beam, top, before_batch)

    def log_probabilities(
        self, rows: Sequence[RowIds], answers: Sequence[RowIds], before_batch: Callable[[], None] = go_on
    ) -> Logs:
        """See ``PairModel``; these are whole log probabilities."""
        wanted = [np.append(answer, END_OF_ANSWER).astype(np.int32) for answer in answers]
        result = np.empty(len(rows))
        for chosen in by_length(np.array([len(row) for row in rows], np.int64), SCORED_AT_ONCE):
            before_batch()
            result[chosen] = -self._network.losses(pair_batch(rows, wanted, len(chosen), chosen))
        return result


def encoded(config: Any, data: Pairs) -> tuple[list[RowIds], list[RowIds]]:
    """Encode pairs as ids; returns the inputs and the targets."""
    coder = Coder(config, data.vocabulary)
    return [coder.given_ids(row) for row in data.rows], [coder.wanted_ids(row) for row in data.rows]


def pair_batch(given: Sequence[RowIds], wanted: Sequence[RowIds], room: int, chosen: Chosen) -> PairBatch:
    """Put the chosen rows side by side in a batch of ``room`` rows; the other rows are padding."""
    inputs, lengths = padded_rows([given[at] for at in chosen], room)
    targets, counts = padded_rows([wanted[at] for at in chosen], room)
    written = np.zeros_like(targets)
    written[1:] = targets[:-1]
    weights = (np.arange(len(targets))[:, np.newaxis] < counts).astype(np.float32)
    return PairBatch(inputs, targets, weights, lengths=lengths, written=written, counts=counts)


def validate_pairs(model: PairModel, config: Any, data: Pairs, before_batch: Callable[[], None]) -> dict[str, float]:
    """The mean loss of a symbol in bits, and the share of questions that are answered wrong with a beam of one."""
    given, wanted = encoded(config, data)
    logprobs = model.log_probabilities(given, [row[:-1] for row in wanted], before_batch)
    bits = float(-logprobs.sum()) / sum(map(len, wanted)) / math.log(2)
    return {"bits": bits, "word_error": word_error(model, config, data, before_batch, beam=1)}


def word_error(
    model: PairModel, config: Any, data: Pairs, before_batch: Callable[[], None] = go_on, *, beam: int
) -> float:
    """The share of questions that are answered wrong."""
    coder, right = Coder(config, data.vocabulary), right_answers(data.rows, config.symbols)
    asked = {question_of(row): row for row in data.rows}
    found = model.find([coder.given_ids(row) for row in asked.values()], beam, before_batch=before_batch)
    wrong = [
        tuple(symbols_of(coder.answer(best.symbols), config.symbols)) not in right[question]
        for question, (best, *_) in zip(asked, found, strict=True)
    ]
    return float(np.mean(wrong))


def question_of(row: Example) -> Question:
    """The question of a row: its input and its features."""
    return row.given, row.features


def right_answers(rows: Iterable[Example], symbols: str) -> dict[Question, set[tuple[str, ...]]]:
    """Collect all right answers to each question, each as a tuple of symbols."""
    right: dict[Question, set[tuple[str, ...]]] = {}
    for row in rows:
        right.setdefault(question_of(row), set()).add(tuple(symbols_of(row.wanted, symbols)))
    return right


class PairPredictor:
    """Answers lines by beam search; a ``charrnn.kinds.contract.Predictor``."""

    def __init__(self, model: PairModel, config: Any, vocabulary: Vocabulary) -> None:
        self._model, self._coder = model, Coder(config, vocabulary)

    def predict(
        self,
        lines: Sequence[str],
        top: int = 1,
        unknown: str = "error",
        *,
        beam: int | None = None,
        known: Pairs | None = None,
    ) -> list[list[Answer]]:
        """For each line its ``top`` answers, the most probable first; see ``Predictor``.

        Args:
            lines: each an input, or an input, a tab and features.
            top: number of answers to each line.
            unknown: see ``Predictor``.
            beam: hypotheses kept for each line; the model's own number if None.
            known: rows whose answers to the same question come before those of the model.
        """
        questions = [self._coder.question(line, unknown) for line in lines]
        rows = [self._coder.given_ids(question) for question in questions]
        found = [
            [Answer(self._coder.answer(each.symbols), math.exp(each.score)) for each in answers]
            for answers in self._model.find(rows, self._model.beam if beam is None else beam, top)
        ]
        if known is None:
            return found
        told = frequencies(known)
        return [
            with_known(told.get((line.partition("\t")[0], question.features), Counter()), answers, top)
            for line, question, answers in zip(lines, questions, found, strict=True)
        ]


def frequencies(rows: Pairs) -> dict[Question, Counter[str]]:
    """Count how often each question has each answer."""
    counts: dict[Question, Counter[str]] = {}
    for row in rows.rows:
        counts.setdefault(question_of(row), Counter())[row.wanted] += 1
    return counts


def with_known(known: Counter[str], answers: Sequence[Answer], top: int) -> list[Answer]:
    """Put the known answers before a model's; a known answer's probability is its share of the question's rows."""
    total = known.total()
    told = [Answer(text, count / total) for text, count in known.most_common()]
    return [*told, *(answer for answer in answers if answer.text not in known)][:top]
