"""Making a mixture of models that label, and of counts of their training rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from charrnn.errors import CorpusError
from charrnn.kinds.contract import Combined
from charrnn.models.label_answers import LabellingModel, figures_of
from charrnn.models.label_mixture.config import LabelMixtureConfig
from charrnn.models.label_mixture.network import LabelMixture, members_log_probabilities
from charrnn.models.label_ngram.config import LabelNgramConfig
from charrnn.models.label_ngram.counts import Float64s, LabelNgrams, fitted_counts
from charrnn.models.pooling import mean_loss, two_fold
from charrnn.text.examples import Example, Examples
from charrnn.workers import Workers

LEAST_LABELLED = 20
"""Rows of the smallest data to learn weights from."""

MOST_LABELLED = 20_000
"""Most rows that weights are learned from, the last ones."""

LABEL_ORDER = 5


def label_counts(config: Any, data: Examples, most_bytes: int, workers: Workers) -> LabelNgrams:
    """Count the texts of each label of a model's training rows, in ``most_bytes`` of a file."""
    own = LabelNgramConfig(
        config.vocab_size,
        end_symbol=True,
        order=LABEL_ORDER,
        smoothing="kneser-ney",
        columns=config.columns,
        labels=config.labels,
    )
    return fitted_counts(LabelNgrams.count(own, data, workers), most_bytes)


def mix_labels(
    models: Sequence[LabellingModel], held_out: Examples, workers: Workers, *, fixed: int = 0, least: int = 1
) -> Combined:
    """Mix those of the models that gain enough; see ``charrnn.kinds.mixing.Mixing``."""
    config = LabelMixtureConfig.of(tuple(model.config for model in models))
    classes = {label: number for number, label in enumerate(config.labels)}
    rows = [row for row in held_out.rows[-MOST_LABELLED:] if row.wanted in classes]
    if len(rows) < LEAST_LABELLED:
        raise CorpusError(
            f"the rows to learn weights from must be at least {LEAST_LABELLED} with known labels, not {len(rows)}: "
            "give more"
        )
    right = np.array([classes[row.wanted] for row in rows])[:, np.newaxis] == np.arange(len(classes))
    texts = [held_out.vocabulary.encode(row.given) for row in rows]
    logprobs = np.stack(list(members_log_probabilities(models, texts)))
    mixture, kept, mixed = LabelMixture.learned(models, logprobs, right, workers, fixed, least)
    nats = tuple(mean_loss(alone, right) for alone in logprobs)
    return Combined(mixture, nats, kept, mixed, _accuracy(rows, two_fold(logprobs[[*kept]], right), config.labels))


def _accuracy(rows: Sequence[Example], logprobs: Float64s, labels: Sequence[str]) -> float:
    return figures_of(rows, [labels[at] for at in logprobs.argmax(axis=1)])["texts"]
