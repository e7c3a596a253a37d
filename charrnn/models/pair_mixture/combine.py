"""Making a mixture of models of pairs, and of counts of their training pairs."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from charrnn.errors import CorpusError
from charrnn.kinds.contract import Combined
from charrnn.models.pair_mixture.config import PairMixtureConfig
from charrnn.models.pair_mixture.network import PROPOSED, PairMixture, judged, pair_models, proposed
from charrnn.models.pair_ngram.config import PairNgramConfig
from charrnn.models.pair_ngram.counts import PairNgrams, fitted_pair_counts
from charrnn.models.pooling import two_fold, two_fold_loss
from charrnn.models.transducer.answers import question_of, right_answers
from charrnn.models.transducer.data import Coder, Pairs, symbols_of
from charrnn.workers import Workers

LEAST_ANSWERED = 20
"""Questions of the smallest data to learn weights from, whose right answers some model proposes."""

MOST_TEACHING = 1000
"""Most questions that weights are learned from, the last ones."""


def pair_counts(config: Any, data: Pairs, most_bytes: int, workers: Workers) -> PairNgrams:
    """Count the units of a model's training pairs, in ``most_bytes`` of a file."""
    own = PairNgramConfig(
        config.vocab_size,
        end_symbol=True,
        columns=config.columns,
        symbols=config.symbols,
        targets=config.targets,
        longest=config.longest,
    )
    return fitted_pair_counts(PairNgrams.count(own, data, workers), most_bytes)


def mix_pairs(models: Sequence[Any], held_out: Pairs, workers: Workers, *, fixed: int = 0, least: int = 1) -> Combined:
    """Mix those of the models that gain enough; see ``charrnn.kinds.mixing.Mixing``.

    The models are compared by the probability of the right answer among the proposed ones. Questions whose right
    answer no model proposes tell nothing.
    """
    config = PairMixtureConfig.of(tuple(model.config for model in models))
    coder, right = Coder(config, held_out.vocabulary), right_answers(held_out.rows, config.symbols)
    asked = list({question_of(row): row for row in held_out.rows}.values())[-MOST_TEACHING:]
    rows = [coder.given_ids(row) for row in asked]
    answers = proposed(pair_models(models), rows, PROPOSED) if rows else []
    is_right = [
        [tuple(symbols_of(coder.answer(one), config.symbols)) in right[question_of(row)] for one in own]
        for row, own in zip(asked, answers, strict=True)
    ]
    chosen = [number for number, own in enumerate(is_right) if any(own)]
    if len(chosen) < LEAST_ANSWERED:
        raise CorpusError(
            f"the pairs to learn weights from must have at least {LEAST_ANSWERED} questions that a model answers "
            f"rightly, not {len(chosen)}: give more"
        )
    logs = judged(pair_models(models), [rows[at] for at in chosen], [answers[at] for at in chosen])
    wanted = np.zeros(logs.shape[1:], np.bool_)
    for row, number in enumerate(chosen):
        wanted[row, : len(is_right[number])] = is_right[number]
    mixture, kept, mixed = PairMixture.learned(models, logs, wanted, workers, fixed, least)
    best = two_fold(logs[[*kept]], wanted).argmax(axis=1)
    wrong = 1 - wanted[np.arange(len(chosen)), best].sum() / len(asked)
    nats = tuple(two_fold_loss(logs[[place]], wanted) for place in range(len(models)))
    return Combined(mixture, nats, kept, mixed, float(wrong))
