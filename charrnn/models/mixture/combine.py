"""Making a mixture of models that are trained, and of counts."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from charrnn.errors import CorpusError
from charrnn.kernels.arrays import Array
from charrnn.kinds.contract import Combined, LanguageModel
from charrnn.kinds.metric import BITS_PER_CHARACTER
from charrnn.kinds.mixing import chosen_members
from charrnn.models.mixture.cache import observe_cache
from charrnn.models.mixture.config import LEAST_MEMBERS, MixtureConfig
from charrnn.models.mixture.learning import FLOAT, MOST_LEARNED, learn_gate, observe, two_fold_nats
from charrnn.models.mixture.network import Mixture
from charrnn.models.ngram.config import NgramConfig
from charrnn.models.ngram.counts import NGram
from charrnn.models.ngram.pruning import fitted
from charrnn.workers import Workers

LEAST_HELD_OUT = 200
"""Characters of the shortest text to learn a gate from."""

MOST_OBSERVED = 500_000
"""Most characters that members are compared on."""

COUNTED_ORDER = 8

MOST_COUNTED = 20_000_000
"""Most characters that are counted, the last ones of a text: 100 MB of text would take 6 GB while they are counted."""


MOST_CACHE_LEARNED = 60_000
"""Most characters, the first ones, on which the weight of a cache is learned; it counts them again and again."""

COUNTING_SECONDS, OBSERVING_SECONDS, LEARNING_SECONDS = 2e-6, 2e-5, 7.0
"""Seconds to count a character, to compare members on one, and to learn gates."""


def counts_of(ids: Array, vocab_size: int, most_bytes: int, workers: Workers) -> NGram:
    """An n-gram model of a text, pruned to ``most_bytes`` of a file."""
    config = NgramConfig(vocab_size, order=COUNTED_ORDER)
    return fitted(NGram.count(config, ids[-MOST_COUNTED:], workers), most_bytes)


def mixing_seconds(characters: int) -> float:
    """About how many seconds it takes to let counts join a network of a text, of which a tenth validates."""
    observed = min(MOST_OBSERVED, characters / 10)
    learning = LEARNING_SECONDS * min(1.0, observed / MOST_LEARNED)
    return COUNTING_SECONDS * min(MOST_COUNTED, characters) + OBSERVING_SECONDS * observed + learning


def combine(
    models: Sequence[LanguageModel], held_out: Any, workers: Workers, *, fixed: int = 0, least: int = 1
) -> Combined:
    """Mix those of the models that gain enough; see ``charrnn.kinds.mixing.Mixing``."""
    MixtureConfig.of(tuple(model.config for model in models))
    ids = np.asarray(held_out[-MOST_OBSERVED:])
    if len(ids) < LEAST_HELD_OUT:
        raise CorpusError(
            f"the text to learn weights from must have at least {LEAST_HELD_OUT} characters, not {len(ids)}: give more"
        )
    observed = [observe(model, ids) for model in models]
    logprobs, entropies = (np.array(arrays) for arrays in zip(*observed, strict=True))
    kept, mixed = chosen_members(
        lambda members: two_fold_nats(logprobs[members], entropies[members]), len(models), fixed, least
    )
    nats = tuple(float(loss) for loss in -logprobs.mean(axis=1))
    mixture = None
    if len(kept) >= LEAST_MEMBERS:
        own = [models[place] for place in kept]
        config = MixtureConfig.of(tuple(model.config for model in own))
        gates = learn_gates(logprobs[kept], entropies[kept], ids, config.vocab_size, workers)
        mixture = Mixture(config, own, gates[0], workers, None if config.end_symbol else gates[1])
    return Combined(mixture, nats, tuple(kept), mixed, mixed / BITS_PER_CHARACTER.nats)


def learn_gates(
    logprobs: FLOAT, entropies: FLOAT, ids: Array, vocab_size: int, workers: Workers
) -> tuple[FLOAT, FLOAT]:
    """The gate of members, and that of the same members beside a cache; the arrays (M, N - 1) are for ids (N,)."""
    count = min(MOST_CACHE_LEARNED, logprobs.shape[1])
    cached = observe_cache(ids[: count + 1], vocab_size, workers)
    beside = [np.vstack([own[:, :count], new]) for own, new in zip((logprobs, entropies), cached, strict=True)]
    return learn_gate(logprobs, entropies), learn_gate(*beside)
