"""Batches of pairs, and answers of a sequence-to-sequence model."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np

from charrnn.kinds.contract import Answer
from charrnn.models.transducer.config import TransducerConfig
from charrnn.models.transducer.data import Coder, Pairs, symbols_of
from charrnn.models.transducer.network import Transducer
from charrnn.models.transducer.search import BEAM, search
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


def encoded(config: TransducerConfig, data: Pairs) -> tuple[list[RowIds], list[RowIds]]:
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


def validate_pairs(network: Transducer, data: Pairs, before_batch: Callable[[], None]) -> dict[str, float]:
    """The mean loss of a symbol in bits, and the share of questions that are answered wrong with a beam of one."""
    given, wanted = encoded(network.config, data)
    losses = np.empty(len(given))
    for chosen in by_length(np.array([len(row) for row in given], np.int64), SCORED_AT_ONCE):
        before_batch()
        losses[chosen] = network.losses(pair_batch(given, wanted, len(chosen), chosen))
    asked = {question_of(row): at for at, row in enumerate(data.rows)}
    found = search(network, [given[at] for at in asked.values()], beam=1, before_batch=before_batch)
    coder = Coder(network.config, data.vocabulary)
    right = right_answers(data.rows, network.config.symbols)
    wrong = [
        tuple(symbols_of(coder.answer(best.symbols), network.config.symbols)) not in right[question]
        for question, (best, *_) in zip(asked, found, strict=True)
    ]
    bits = float(losses.sum()) / sum(map(len, wanted)) / math.log(2)
    return {"bits": bits, "word_error": float(np.mean(wrong))}


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

    def __init__(self, network: Transducer, vocabulary: Vocabulary) -> None:
        self._network, self._coder = network, Coder(network.config, vocabulary)

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
            beam: hypotheses kept for each line; BEAM if None.
            known: rows whose answers to the same question come before those of the model.
        """
        questions = [self._coder.question(line, unknown) for line in lines]
        rows = [self._coder.given_ids(question) for question in questions]
        found = [
            [Answer(self._coder.answer(each.symbols), math.exp(each.score)) for each in answers]
            for answers in search(self._network, rows, BEAM if beam is None else beam, top)
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
