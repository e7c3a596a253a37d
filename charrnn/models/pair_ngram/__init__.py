"""The joint n-gram model: pairs as sequences of units, each a piece of the input and its piece of the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from charrnn.models.counting import CountingKind
from charrnn.models.pair_ngram.config import PairNgramConfig
from charrnn.models.pairing import ComparedPairsKind


class PairNgram(CountingKind, ComparedPairsKind):
    """The kind ``ngram`` of task ``pairs``: an n-gram model of aligned pairs."""

    name = "ngram"
    config = PairNgramConfig
    precisions = ("float32", "float64")

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


KIND = PairNgram()
