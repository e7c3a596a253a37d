"""The n-gram model: counts of the characters that followed each context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from charrnn.models.ngram.config import NgramConfig
from charrnn.models.text import CountedKind


class Ngram(CountedKind):
    """The kind ``ngram``: n-gram models."""

    name = "ngram"
    about = "counts what follows what"
    config = NgramConfig

    def title(self, config: NgramConfig) -> str:
        """Name the order and the smoothing, such as "ngram of order 8, kneser-ney"."""
        return f"ngram of order {config.order}, {config.smoothing}"

    def check_fit(self, config: NgramConfig, tensors: Mapping[str, Any]) -> None:
        """Check names, shapes, types and values of the arrays; see ``Kind``."""
        from charrnn.models.ngram.counts import check_arrays

        check_arrays(config, tensors)

    def load(self, config: NgramConfig, tensors: Mapping[str, Any], workers: Any) -> Any:
        """Build the model from a checkpoint's arrays; see ``Kind``."""
        from charrnn.models.ngram.counts import NGram

        return NGram.load(config, tensors, workers)

    def compact(self, tensors: Mapping[str, Any]) -> Mapping[str, Any]:
        """See ``Kind``: small integers."""
        from charrnn.models.ngram.pruning import narrowed

        return narrowed(tensors)

    def expand(self, tensors: Mapping[str, Any]) -> Mapping[str, Any]:
        """See ``Kind``."""
        from charrnn.models.ngram.pruning import widened_counts

        return widened_counts(tensors)

    def count(self, config: NgramConfig, ids: Any, workers: Any) -> Any:
        """Count the characters that follow each context in a text (N,) of ids."""
        from charrnn.models.ngram.counts import NGram
        from charrnn.text.corpus import check_ids

        check_ids(ids, config.vocab_size)
        return NGram.count(config, ids, workers)


KIND = Ngram()
