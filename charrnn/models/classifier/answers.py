"""Rows as batches of a model that labels, its answers, and how good they are."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from charrnn.kinds.contract import Answer
from charrnn.kinds.evaluation import Evaluation
from charrnn.models.classifier.config import ClassifierConfig
from charrnn.models.classifier.network import Classifier
from charrnn.text.batches import Batch
from charrnn.text.examples import Example, Examples, examples_in
from charrnn.text.symbols import as_symbols, known_symbols
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.row_batches import Chosen, RowBatches, by_length, padded_rows
from charrnn.training.settings import TrainingSettings

TOGETHER = 64
"""Rows that are labelled at a time."""

Ids = np.ndarray[Any, np.dtype[np.int32]]


def batches_of(config: ClassifierConfig, settings: TrainingSettings, data: Examples) -> RowBatches:
    """Batches of labelled rows."""
    classes = {label: number for number, label in enumerate(config.labels)}
    rows = [data.vocabulary.encode(row.given) for row in data.rows]
    targets = np.array([classes[row.wanted] for row in data.rows], np.int32)
    lengths = np.array([len(row) for row in rows], np.int64)
    return RowBatches(lengths, settings, partial(_batch_of, rows, targets, settings.batch_size))


def _batch_of(rows: Sequence[Ids], targets: Ids, room: int, chosen: Chosen) -> Batch:
    ids, lengths = padded_rows([rows[at] for at in chosen], room)
    labels, weights = np.zeros((1, room), np.int32), np.zeros((1, room), np.float32)
    labels[0, : len(chosen)] = targets[chosen]
    weights[0, : len(chosen)] = 1
    return Batch(ids, labels, weights, lengths=lengths)


def log_probabilities(
    network: Classifier, rows: Sequence[Ids], before_batch: Callable[[], None] = lambda: None
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Log probabilities (N, C) of the labels of rows of ids."""
    found = np.empty((len(rows), len(network.config.labels)))
    for chosen in by_length(np.array([len(row) for row in rows], np.int64), TOGETHER):
        before_batch()
        found[chosen] = network.run(*padded_rows([rows[at] for at in chosen], len(chosen)))
    return found


def validate(network: Classifier, data: Examples, before_batch: Callable[[], None]) -> dict[str, float]:
    """The part of the rows whose label is right, and the mean loss in bits.

    Where a text has several labels, each is right.
    """
    found = log_probabilities(network, [data.vocabulary.encode(row.given) for row in data.rows], before_batch)
    classes = {label: number for number, label in enumerate(network.config.labels)}
    right: dict[str, set[int]] = {}
    for row in data.rows:
        right.setdefault(row.given, set()).add(classes[row.wanted])
    hits = [int(best) in right[row.given] for row, best in zip(data.rows, found.argmax(axis=1), strict=True)]
    own = [found[at, classes[row.wanted]] for at, row in enumerate(data.rows)]
    return {"accuracy": float(np.mean(hits)), "bits": -float(np.mean(own)) / math.log(2)}


def evaluate(network: Classifier, vocabulary: Vocabulary, text: str, training: Examples | None) -> Evaluation:
    """See ``charrnn.kinds.kind.Kind.evaluate``: of rows, of distinct texts, and macro F1, beside the rivals."""
    rows = examples_in(text, network.config.columns)
    predictor = LabelPredictor(network, vocabulary)
    answers = {"model": [best.text for best, *_ in predictor.predict([row.given for row in rows], unknown="replace")]}
    if training:
        frequent = Counter(row.wanted for row in training.rows).most_common(1)[0][0]
        answers["most frequent"] = [frequent] * len(rows)
    return Evaluation(
        f"{len(rows):,} rows of {len({row.given for row in rows}):,} different texts",
        {"accuracy": "rows right", "texts": "texts right", "macro_f1": "macro F1"},
        {name: figures_of(rows, found) for name, found in answers.items()},
        {"confusion": confusion(rows, answers["model"])},
    )


def figures_of(rows: Sequence[Example], answers: Sequence[str]) -> dict[str, float]:
    """Part of the rows that are right, part of the texts (any of a text's labels is), and the mean F1 of the labels.

    F1 of a label is 2 h / (2 h + misses + false alarms), h rows of it being right; labels that occur nowhere are left
    out.
    """
    right: dict[str, set[str]] = {}
    for row in rows:
        right.setdefault(row.given, set()).add(row.wanted)
    answer_of = {row.given: answer for row, answer in zip(rows, answers, strict=True)}
    pairs = Counter((row.wanted, answer) for row, answer in zip(rows, answers, strict=True))
    wanted, got = Counter(row.wanted for row in rows), Counter(answers)
    f1 = [2 * pairs[label, label] / (wanted[label] + got[label]) for label in wanted.keys() | got.keys()]
    return {
        "accuracy": sum(pairs[label, label] for label in wanted) / len(rows),
        "texts": sum(answer in right[text] for text, answer in answer_of.items()) / len(right),
        "macro_f1": sum(f1) / len(f1),
    }


def confusion(rows: Sequence[Example], answers: Sequence[str]) -> list[tuple[Any, ...]]:
    """How often each label (a row) was answered by each (a column)."""
    pairs = Counter((row.wanted, answer) for row, answer in zip(rows, answers, strict=True))
    labels = sorted({label for pair in pairs for label in pair})
    return [("", *labels), *((label, *(pairs[label, other] for other in labels)) for label in labels)]


class LabelPredictor:
    """Labels lines; a ``charrnn.kinds.contract.Predictor``."""

    def __init__(self, network: Classifier, vocabulary: Vocabulary) -> None:
        self._network, self._vocabulary = network, vocabulary

    def predict(self, lines: Sequence[str], top: int = 1, unknown: str = "error") -> list[list[Answer]]:
        """See ``Predictor``."""
        known = (known_symbols(as_symbols(line, self._vocabulary), self._vocabulary, unknown) for line in lines)
        found = log_probabilities(self._network, [self._vocabulary.encode(line) for line in known])
        order = np.argsort(-found, axis=1, kind="stable")[:, :top]
        labels = self._network.config.labels
        return [
            [Answer(labels[at], math.exp(row[at])) for at in places] for row, places in zip(found, order, strict=True)
        ]
