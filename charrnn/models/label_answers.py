"""Predicted labels as answers, and measures of how good they are."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from charrnn.errors import CorpusError
from charrnn.kinds.contract import Answer
from charrnn.kinds.evaluation import Evaluation
from charrnn.models.label_ngram.config import LabelNgramConfig
from charrnn.models.label_ngram.counts import Float64s, LabelNgrams
from charrnn.scoring.streams import go_on
from charrnn.text.examples import SHOWN_OF_LINE, Example, Examples, examples_in
from charrnn.text.symbols import as_symbols, known_symbols
from charrnn.text.vocabulary import Vocabulary


class LabellingModel(Protocol):
    """A model that labels."""

    @property
    def config(self) -> Any:
        """The model's config, with the ``labels`` in the order of the classes, and the ``columns`` of rows."""

    def log_probabilities(self, texts: Sequence[Any], before_batch: Callable[[], None] = go_on) -> Float64s:
        """Log probabilities (N, C) of the C labels for N texts of ids; ``before_batch`` may raise to stop."""


def validate(network: LabellingModel, data: Examples, before_batch: Callable[[], None]) -> dict[str, float]:
    """The share of distinct texts whose predicted label is right, and the mean loss in bits.

    If a text occurs with several labels, each of them is right. A text that occurs in many rows counts once. All rows
    of a text are in the same part of the split, so a few frequent texts would otherwise decide which checkpoint is the
    best.
    """
    found = network.log_probabilities([data.vocabulary.encode(row.given) for row in data.rows], before_batch)
    labels = network.config.labels
    classes = {label: number for number, label in enumerate(labels)}
    own = [found[at, classes[row.wanted]] for at, row in enumerate(data.rows)]
    accuracy = figures_of(data.rows, [labels[at] for at in found.argmax(axis=1)])["texts"]
    return {"accuracy": accuracy, "bits": min(-float(np.mean(own)), MOST_LOSS) / math.log(2)}


MOST_LOSS = 500.0
"""Largest mean loss in nats; a model of counts may give a label the probability 0, whose loss is infinite."""


def evaluate(network: LabellingModel, vocabulary: Vocabulary, text: str, training: Examples | None) -> Evaluation:
    """Measure accuracy by row and by distinct text, and macro F1, of the model and of baselines.

    See ``charrnn.kinds.kind.Kind.evaluate``. A row whose label the model does not know counts as wrong.
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
    """Count an n-gram model for each label, with the default options."""
    return LabelNgrams.count(LabelNgramConfig(len(training.vocabulary), end_symbol=True, labels=labels), training)


def answers_of(network: LabellingModel, vocabulary: Vocabulary, rows: Sequence[Example]) -> list[str]:
    """The label that a model predicts for each row; characters that it does not know are replaced."""
    texts = [row.given for row in rows]
    return [best.text for best, *_ in LabelPredictor(network, vocabulary).predict(texts, unknown="replace")]


def figures_of(rows: Sequence[Example], answers: Sequence[str]) -> dict[str, float]:
    """Accuracy by row, accuracy by distinct text, and the mean F1 of the labels.

    An answer is right if any row gives its text that label. The F1 of a label is 2 h / (2 h + misses + false alarms),
    with h the rows that are rightly answered with it. A wrong answer counts as a miss of its row's label.
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
    """The confusion matrix: how often each label (a row) was predicted as each label (a column)."""
    pairs = Counter((row.wanted, answer) for row, answer in zip(rows, answers, strict=True))
    labels = sorted({label for pair in pairs for label in pair})
    return [("", *labels), *((label, *(pairs[label, other] for other in labels)) for label in labels)]


class LabelPredictor:
    """Predicts the labels of lines; a ``charrnn.kinds.contract.Predictor``."""

    def __init__(self, network: LabellingModel, vocabulary: Vocabulary) -> None:
        self._network, self._vocabulary = network, vocabulary

    def predict(self, lines: Sequence[str], top: int = 1, unknown: str = "error") -> list[list[Answer]]:
        """For each line its ``top`` most probable labels; see ``Predictor``. Raises ``CorpusError`` for a tab."""
        if labelled := next((line for line in lines if "\t" in line), ""):
            raise CorpusError(
                f"a line must be a text without a tab, not {labelled[:SHOWN_OF_LINE]!r}: leave its label out"
            )
        known = (known_symbols(as_symbols(line, self._vocabulary), self._vocabulary, unknown) for line in lines)
        found = self._network.log_probabilities([self._vocabulary.encode(line) for line in known])
        order = np.argsort(-found, axis=1, kind="stable")[:, :top]
        labels = self._network.config.labels
        return [
            [Answer(labels[at], math.exp(row[at])) for at in places] for row, places in zip(found, order, strict=True)
        ]
