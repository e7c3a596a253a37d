"""Making a mixture of models that are trained, and of counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from charrnn.errors import ConfigError, CorpusError
from charrnn.kernels.arrays import Array
from charrnn.kinds.contract import LanguageModel
from charrnn.models.mixture.cache import observe_cache
from charrnn.models.mixture.config import LEAST_MEMBERS, MixtureConfig
from charrnn.models.mixture.learning import FLOAT, MOST_LEARNED, learn_gate, observe, two_fold_nats
from charrnn.models.mixture.network import Mixture
from charrnn.models.ngram.config import NgramConfig
from charrnn.models.ngram.counts import NGram
from charrnn.models.ngram.pruning import fitted
from charrnn.workers import Workers

LEAST_GAIN = 0.005
"""Nats a character that a member must gain to stay in a mixture."""

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


@dataclass(frozen=True)
class Combined:
    """A mixture, and what its members are worth.

    Attributes:
        mixture: the mixture; None if no member gains enough to join the best one.
        nats: loss of each of the models on the held-out text, in nats a character.
        kept: their places in the mixture.
        mixed_nats: loss of the mixture on the held-out text, by a gate that has not seen the character; see
            ``charrnn.models.mixture.learning``.
    """

    mixture: Mixture | None
    nats: tuple[float, ...]
    kept: tuple[int, ...]
    mixed_nats: float


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
    """Mix those of the models that gain enough.

    The model that gains least is left out, until each gains at least LEAST_GAIN.

    Args:
        models: at least two, of one vocabulary.
        held_out: (N,) ids that none of the models has learned.
        workers: the mixture's threads.
        fixed: how many of the models, the first ones, stay whatever they gain.
        least: how many models stay at least; if only one does, there is no mixture.

    Raises:
        CorpusError: the text is too short.
        ConfigError: the models do not fit together.
    """
    MixtureConfig.of(tuple(model.config for model in models))
    ids = np.asarray(held_out[-MOST_OBSERVED:])
    if len(ids) < LEAST_HELD_OUT:
        raise CorpusError(
            f"the text to learn weights from must have at least {LEAST_HELD_OUT} characters, not {len(ids)}: give more"
        )
    observed = [observe(model, ids) for model in models]
    logprobs, entropies = (np.array(arrays) for arrays in zip(*observed, strict=True))
    kept, mixed = _chosen(logprobs, entropies, fixed, least)
    nats = tuple(float(loss) for loss in -logprobs.mean(axis=1))
    mixture = None
    if len(kept) >= LEAST_MEMBERS:
        own = [models[place] for place in kept]
        config = MixtureConfig.of(tuple(model.config for model in own))
        gates = learn_gates(logprobs[kept], entropies[kept], ids, config.vocab_size, workers)
        mixture = Mixture(config, own, gates[0], workers, None if config.end_symbol else gates[1])
    return Combined(mixture, nats, tuple(kept), mixed)


def learn_gates(
    logprobs: FLOAT, entropies: FLOAT, ids: Array, vocab_size: int, workers: Workers
) -> tuple[FLOAT, FLOAT]:
    """The gate of members, and that of the same members beside a cache; the arrays (M, N - 1) are for ids (N,)."""
    count = min(MOST_CACHE_LEARNED, logprobs.shape[1])
    cached = observe_cache(ids[: count + 1], vocab_size, workers)
    beside = [np.vstack([own[:, :count], new]) for own, new in zip((logprobs, entropies), cached, strict=True)]
    return learn_gate(logprobs, entropies), learn_gate(*beside)


def _chosen(logprobs: FLOAT, entropies: FLOAT, fixed: int, least: int) -> tuple[list[int], float]:
    """The members to keep, and the loss of their mixture in nats."""
    kept = list(range(len(logprobs)))
    mixed = two_fold_nats(logprobs, entropies)
    while len(kept) > max(least, fixed):
        rests = [[other for other in kept if other != place] for place in kept if place >= fixed]
        losses = [two_fold_nats(logprobs[rest], entropies[rest]) for rest in rests]
        best = int(np.argmin(losses))
        if losses[best] - mixed >= LEAST_GAIN:
            break
        kept, mixed = rests[best], losses[best]
    return kept, mixed


def check_one_vocabulary(vocabularies: Sequence[Any]) -> None:
    """Refuse models of different vocabularies.

    Raises:
        ConfigError: the vocabularies differ.
    """
    if any(vocabulary != vocabularies[0] for vocabulary in vocabularies):
        raise ConfigError("the members of a mixture must have one vocabulary: choose runs of one text")
