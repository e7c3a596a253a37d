"""Several models of pairs that answer together.

Each member proposes answers, and gives a probability to those of all members. The mixture's probabilities of these
answers are a weighted product; see ``charrnn.models.pooling``. They sum to one over the proposed answers, as if there
were no others.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from charrnn.models.pair_mixture.config import PairMixtureConfig
from charrnn.models.pooling import Logs, PooledMixture, pooled
from charrnn.models.transducer.answers import PairModel
from charrnn.models.transducer.search import Found
from charrnn.scoring.streams import go_on
from charrnn.training.row_batches import RowIds
from charrnn.workers import Workers

PROPOSED = 8
"""Answers that each member proposes for a row."""

MOST_BELOW = 10.0
"""How many nats an answer lies at most below a member's most probable one of the row. So no member can rule an answer
out, such as one whose units it has never counted."""

ABSENT = -1e6
"""Log probability in the place of an answer, where a row has fewer than others."""

Proposals = Sequence[tuple[int, ...]]
"""Different answers to a row, each the ids of its symbols."""


class PairMixture(PooledMixture):
    """A ``charrnn.models.transducer.answers.PairModel`` that mixes others; see ``PooledMixture``."""

    shape = PairMixtureConfig
    beam = PROPOSED

    def __init__(self, config: PairMixtureConfig, members: Sequence[Any], weights: Logs, workers: Workers) -> None:
        super().__init__(config, members, weights, workers)
        self._models = pair_models(members)

    def find(
        self, rows: Sequence[RowIds], beam: int, top: int = 1, before_batch: Callable[[], None] = go_on
    ) -> list[list[Found]]:
        """See ``PairModel``."""
        if not rows:
            return []
        answers = proposed(self._models, rows, max(beam, top), before_batch)
        mixed = pooled(self.weights, judged(self._models, rows, answers, before_batch))
        return [
            [Found(float(logs[at]), own[at]) for at in np.argsort(-logs[: len(own)], kind="stable")[:top]]
            for own, logs in zip(answers, mixed, strict=True)
        ]

    def log_probabilities(
        self, rows: Sequence[RowIds], answers: Sequence[RowIds], before_batch: Callable[[], None] = go_on
    ) -> Logs:
        """See ``PairModel``."""
        logs = (model.log_probabilities(rows, answers, before_batch) for model in self._models)
        return np.array(sum(w * own for w, own in zip(self.weights, logs, strict=True)))


def pair_models(members: Sequence[Any]) -> list[PairModel]:
    """The members as models that find answers."""
    return [member.config.kind.pair_model(member) for member in members]


def proposed(
    models: Sequence[PairModel], rows: Sequence[RowIds], beam: int, before_batch: Callable[[], None] = go_on
) -> list[Proposals]:
    """The answers that any of the models proposes for each row, in the order of the models."""
    found = [model.find(rows, beam, beam, before_batch) for model in models]
    return [list(dict.fromkeys(one.symbols for own in of_row for one in own)) for of_row in zip(*found, strict=True)]


def judged(
    models: Sequence[PairModel],
    rows: Sequence[RowIds],
    answers: Sequence[Proposals],
    before_batch: Callable[[], None] = go_on,
) -> Logs:
    """The log probabilities (M, N, C) that M models give up to C answers of each of N rows; ABSENT beyond them."""
    counts = [len(own) for own in answers]
    asked = [row for row, count in zip(rows, counts, strict=True) for _ in range(count)]
    flat = [np.array(symbols, np.int32) for own in answers for symbols in own]
    held = np.arange(max(counts)) < np.array(counts)[:, np.newaxis]
    logs = np.full((len(models), *held.shape), ABSENT)
    for own, model in zip(logs, models, strict=True):
        own[held] = model.log_probabilities(asked, flat, before_batch)
    return np.where(held, np.maximum(logs, logs.max(axis=2, keepdims=True) - MOST_BELOW), ABSENT)
