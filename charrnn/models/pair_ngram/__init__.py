"""The joint n-gram model: pairs as sequences of units, each a piece of the input and its piece of the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from charrnn.kinds.kind import Cost
from charrnn.models.ngram import PER_COUNT
from charrnn.models.pair_ngram.config import PairNgramConfig
from charrnn.models.pairing import WORD_ERROR, PairsKind
from charrnn.training.settings import TRAINING_OPTIONS


class PairNgram(PairsKind):
    """The kind ``ngram`` of task ``pairs``: an n-gram model of aligned pairs."""

    name = "ngram"
    config = PairNgramConfig
    learned = "counts"
    lacks = frozenset(TRAINING_OPTIONS) - {"val_fraction", "rng_seed"}
    planned = False
    precisions = ("float32", "float64")
    metrics = (WORD_ERROR,)

    def title(self, config: PairNgramConfig) -> str:
        """Name the order and the smoothing; see ``Kind``."""
        return f"ngram of order {config.order} of aligned pairs, {config.smoothing}"

    def check_fit(self, config: PairNgramConfig, tensors: Mapping[str, Any]) -> None:
        """Check the units and the arrays of counts; see ``Kind``."""
        from charrnn.models.pair_ngram.counts import check_pair_arrays

        check_pair_arrays(config, tensors)

    def load(self, config: PairNgramConfig, tensors: Mapping[str, Any], workers: Any) -> Any:
        """Build the model from a checkpoint's arrays; see ``Kind``."""
        from charrnn.models.pair_ngram.counts import PairNgrams

        return PairNgrams.load(config, tensors, workers)

    def pair_model(self, network: Any) -> Any:
        """The model itself; see ``PairsKind``."""
        return network

    def validate(self, network: Any, data: Any, before_window: Callable[[], None]) -> dict[str, float]:
        """Measure the word error; see ``Kind``."""
        from charrnn.models.transducer.answers import word_error

        return {WORD_ERROR.name: word_error(network, network.config, data, before_window, beam=network.beam)}

    def compact(self, tensors: Mapping[str, Any]) -> Mapping[str, Any]:
        """See ``Kind``: small integers."""
        from charrnn.models.ngram.pruning import narrowed
        from charrnn.models.pair_ngram.counts import change_counts

        changed: Mapping[str, Any] = change_counts(narrowed, tensors)
        return changed

    def expand(self, tensors: Mapping[str, Any]) -> Mapping[str, Any]:
        """See ``Kind``."""
        from charrnn.models.ngram.pruning import widened_counts
        from charrnn.models.pair_ngram.counts import change_counts

        changed: Mapping[str, Any] = change_counts(widened_counts, tensors)
        return changed

    def count(self, config: PairNgramConfig, ids: Any, workers: Any) -> Any:
        """Align and count pairs; here ``ids`` are ``Pairs``. See ``Kind``."""
        from charrnn.models.pair_ngram.counts import PairNgrams

        return PairNgrams.count(config, ids, workers)

    def trainer(self, *arguments: Any, **how: Any) -> Any:
        """Make a trainer that counts; see ``Kind``."""
        from charrnn.training.counting import CountingTrainer

        return CountingTrainer(*arguments, **how)

    def fit(self, settings: Any, data: Any) -> tuple[Any, tuple[str, ...]]:
        """Return the settings as they are, as counting needs no batches; see ``Kind``."""
        return settings, ()

    def cost(self, config: PairNgramConfig) -> Cost:
        """Operations for counting one character, proportional to the order; see ``Kind``."""
        return Cost(counting=float(config.order * PER_COUNT))


KIND = PairNgram()
