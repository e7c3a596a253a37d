"""Labels as answers, and how good they are."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from charrnn.kinds.contract import Answer
from charrnn.kinds.evaluation import Evaluation
from charrnn.models.label_ngram.config import LabelNgramConfig
from charrnn.models.label_ngram.counts import Float64s, LabelNgrams
from charrnn.scoring.streams import go_on
from charrnn.text.examples import Example, Examples, examples_in
from charrnn.text.symbols import as_symbols, known_symbols
from charrnn.text.vocabulary import Vocabulary


class LabellingModel(Protocol):
    """A model that labels."""

    @property
    def config(self) -> Any:
        """Has the ``labels``, in the order of the classes, and the ``columns`` of rows."""

    def log_probabilities(self, texts: Sequence[Any], before_batch: Callable[[], None] = go_on) -> Float64s:
        """Log probabilities (N, C) of the labels of texts of ids; ``before_batch`` may raise to stop."""


def validate(network: LabellingModel, data: Examples, before_batch: Callable[[], None]) -> dict[str, float]:
    """The part of the different texts whose label is right, and the mean loss in bits.

    Where a text has several labels, each is right. A text that stands in many rows counts once: as all its rows are on
    one side of the split, a few such texts would otherwise decide which checkpoint is the best.
    """
    found = network.log_probabilities([data.vocabulary.encode(row.given) for row in data.rows], before_batch)
    labels = network.config.labels
    classes = {label: number for number, label in enumerate(labels)}
    own = [found[at, classes[row.wanted]] for at, row in enumerate(data.rows)]
    accuracy = figures_of(data.rows, [labels[at] for at in found.argmax(axis=1)])["texts"]
    return {"accuracy": accuracy, "bits": min(-float(np.mean(own)), MOST_LOSS) / math.log(2)}


MOST_LOSS = 500.0
"""Nats of a label that a model of counts takes for impossible."""


def evaluate(network: LabellingModel, vocabulary: Vocabulary, text: str, training: Examples | None) -> Evaluation:
    """See ``charrnn.kinds.kind.Kind.evaluate``: of rows, of distinct texts, and macro F1, beside the rivals.

    A label that the model does not know counts as one that it has got wrong.
    """
    rows = examples_in(text, network.config.columns)
    answers = {"model": answers_of(network, vocabulary, rows)}
    if training:
        frequent = Counter(row.wanted for row in training.rows).most_common(1)[0][0]
        answers["most frequent"] = [frequent] * len(rows)
        if not isinstance(network, LabelNgrams):
            answers["n-gram per label"] = answers_of(ngrams_of(training, network.config.labels), vocabulary, rows)
    count = f"{len(rows):,} rows of {len({row.given for row in rows}):,} different texts"
    if strange := sum(row.wanted not in network.config.labels for row in rows):
        count += f", {strange:,} of them with labels that the model does not know"
    return Evaluation(
        count,
        {"accuracy": "rows right", "texts": "texts right", "macro_f1": "macro F1"},
        {name: figures_of(rows, found) for name, found in answers.items()},
        {"confusion": confusion(rows, answers["model"])},
    )


def ngrams_of(training: Examples, labels: Sequence[str]) -> LabelNgrams:
    """An n-gram model for each label, with the default options."""
    return LabelNgrams.count(LabelNgramConfig(len(training.vocabulary), end_symbol=True, labels=labels), training)


def answers_of(network: LabellingModel, vocabulary: Vocabulary, rows: Sequence[Example]) -> list[str]:
    """The labels that a model gives to rows; characters that it does not know are replaced."""
    texts = [row.given for row in rows]
    return [best.text for best, *_ in LabelPredictor(network, vocabulary).predict(texts, unknown="replace")]


def figures_of(rows: Sequence[Example], answers: Sequence[str]) -> dict[str, float]:
    """Part of the rows that are right, part of the different texts that are, and the mean F1 of the labels.

    An answer is right if it is any of the labels that the rows give to its text. F1 of a label is
    2 h / (2 h + misses + false alarms), where h rows are right with it; a wrong answer is missed by its row's label.
    """
    right: dict[str, set[str]] = {}
    for row in rows:
        right.setdefault(row.given, set()).add(row.wanted)
    hits = [answer in right[row.given] for row, answer in zip(rows, answers, strict=True)]
    wanted = Counter(a if hit else row.wanted for row, a, hit in zip(rows, answers, hits, strict=True))
    got, hit_by = Counter(answers), Counter(answer for answer, hit in zip(answers, hits, strict=True) if hit)
    f1 = [2 * hit_by[label] / (wanted[label] + got[label]) for label in wanted.keys() | got.keys()]
    of_texts = {row.given: hit for row, hit in zip(rows, hits, strict=True)}
    return {
        "accuracy": sum(hits) / len(rows),
        "texts": sum(of_texts.values()) / len(right),
        "macro_f1": math.fsum(f1) / len(f1),
    }


def confusion(rows: Sequence[Example], answers: Sequence[str]) -> list[tuple[Any, ...]]:
    """How often each label (a row) was answered by each (a column)."""
    pairs = Counter((row.wanted, answer) for row, answer in zip(rows, answers, strict=True))
    labels = sorted({label for pair in pairs for label in pair})
    return [("", *labels), *((label, *(pairs[label, other] for other in labels)) for label in labels)]


class LabelPredictor:
    """Labels lines; a ``charrnn.kinds.contract.Predictor``."""

    def __init__(self, network: LabellingModel, vocabulary: Vocabulary) -> None:
        self._network, self._vocabulary = network, vocabulary

    def predict(self, lines: Sequence[str], top: int = 1, unknown: str = "error") -> list[list[Answer]]:
        """See ``Predictor``."""
        known = (known_symbols(as_symbols(line, self._vocabulary), self._vocabulary, unknown) for line in lines)
        found = self._network.log_probabilities([self._vocabulary.encode(line) for line in known])
        order = np.argsort(-found, axis=1, kind="stable")[:, :top]
        labels = self._network.config.labels
        return [
            [Answer(labels[at], math.exp(row[at])) for at in places] for row, places in zip(found, order, strict=True)
        ]
