"""Making a mixture of models that label, and of counts of their training rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.errors import CorpusError
from charrnn.kinds.contract import Combined
from charrnn.kinds.mixing import chosen_members
from charrnn.models.label_answers import LabellingModel, figures_of
from charrnn.models.label_mixture.config import LabelMixtureConfig
from charrnn.models.label_mixture.network import LabelMixture, members_log_probabilities, pooled
from charrnn.models.label_ngram.config import LabelNgramConfig
from charrnn.models.label_ngram.counts import Float64s, LabelNgrams, fitted_counts
from charrnn.text.examples import Example, Examples
from charrnn.workers import Workers

LEAST_LABELLED = 20
"""Rows of the smallest data to learn weights from."""

MOST_LABELLED = 20_000
"""Most rows that weights are learned from, the last ones."""

LABEL_ORDER = 5

NEWTON_STEPS = 100

Classes = npt.NDArray[np.int64]


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
    wanted = np.array([classes[row.wanted] for row in rows])
    texts = [held_out.vocabulary.encode(row.given) for row in rows]
    logprobs = np.stack(list(members_log_probabilities(models, texts)))

    def loss(members: list[int]) -> float:
        return mean_loss(two_fold(logprobs[members], wanted), wanted)

    kept, mixed = chosen_members(loss, len(models), fixed, least)
    mixture = None
    if len(kept) > 1:
        own = [models[place] for place in kept]
        config = LabelMixtureConfig.of(tuple(model.config for model in own))
        mixture = LabelMixture(config, own, learn_weights(logprobs[kept], wanted), workers)
    nats = tuple(mean_loss(alone, wanted) for alone in logprobs)
    return Combined(mixture, nats, tuple(kept), mixed, _accuracy(rows, two_fold(logprobs[kept], wanted), config.labels))


def learn_weights(logprobs: Float64s, wanted: Classes) -> Float64s:
    """The weights (M,) of at least 0 with the lowest loss, by Newton's method with steps cut at 0.

    Args:
        logprobs: (M, N, C) each member's log probabilities.
        wanted: (N,) the right classes.
    """
    members, rows, _ = logprobs.shape
    right = logprobs[:, np.arange(rows), wanted].mean(axis=1)
    weights = np.full(members, 1 / members)
    best = mean_loss(pooled(weights, logprobs), wanted)
    for _ in range(NEWTON_STEPS):
        p = np.exp(pooled(weights, logprobs))
        means = np.einsum("nc,mnc->mn", p, logprobs)
        uphill = right - means.mean(axis=1)
        free = np.flatnonzero((weights > 0) | (uphill > 0))
        own = logprobs[free]
        hessian = (np.einsum("nc,mnc,knc->mk", p, own, own, optimize=True) - means[free] @ means[free].T) / rows
        step = np.zeros(members)
        step[free] = np.linalg.solve(hessian + 1e-6 * np.eye(len(free)), uphill[free])
        for factor in (1.0, 0.5, 0.1, 0.01):
            tried = np.maximum(weights + factor * step, 0)
            loss = mean_loss(pooled(tried, logprobs), wanted)
            if loss < best:
                break
        else:
            return weights
        weights, best = tried, loss
    return weights


def two_fold(logprobs: Float64s, wanted: Classes) -> Float64s:
    """The mixture's log probabilities (N, C), each half of the rows with the weights that the other half has taught."""
    half = len(wanted) // 2
    parts = (slice(0, half), slice(half, None))
    taught = (parts[1], parts[0])
    return np.concatenate(
        [
            pooled(learn_weights(logprobs[:, other], wanted[other]), logprobs[:, own])
            for own, other in zip(parts, taught, strict=True)
        ]
    )


def mean_loss(logprobs: Float64s, wanted: Classes) -> float:
    """Mean of -ln p (N, C) of the right classes (N,)."""
    return float(-logprobs[np.arange(len(wanted)), wanted].mean())


def _accuracy(rows: Sequence[Example], logprobs: Float64s, labels: Sequence[str]) -> float:
    return figures_of(rows, [labels[at] for at in logprobs.argmax(axis=1)])["texts"]
