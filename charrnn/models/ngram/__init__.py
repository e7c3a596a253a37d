"""The n-gram model: counts of what followed each context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from charrnn.kinds.kind import Cost
from charrnn.models.ngram.config import NgramConfig
from charrnn.models.text import CountedKind

PER_COUNT = 40_000
"""Operations for each character and order."""


class Ngram(CountedKind):
    """See ``charrnn.kinds.kind.Kind``."""

    name = "ngram"
    config = NgramConfig

    def title(self, config: NgramConfig) -> str:
        """See ``Kind``."""
        return f"ngram of order {config.order}, {config.smoothing}"

    def check_fit(self, config: NgramConfig, tensors: Mapping[str, Any]) -> None:
        """See ``Kind``."""
        from charrnn.models.ngram.counts import check_arrays

        check_arrays(config, tensors)

    def load(self, config: NgramConfig, tensors: Mapping[str, Any], workers: Any) -> Any:
        """See ``Kind``."""
        from charrnn.models.ngram.counts import NGram

        return NGram.load(config, tensors, workers)

    def count(self, config: NgramConfig, ids: Any, workers: Any) -> Any:
        """See ``Kind``."""
        from charrnn.models.ngram.counts import NGram

        return NGram.count(config, ids, workers)

    def cost(self, config: NgramConfig) -> Cost:
        """See ``Kind``."""
        return Cost(counting=float(config.order * PER_COUNT))


KIND = Ngram()
