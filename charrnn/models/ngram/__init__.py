"""The n-gram model: counts of what followed each context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from charrnn.errors import ConfigError
from charrnn.models.ngram.config import NgramConfig
from charrnn.models.text import ContextKind
from charrnn.training.settings import TRAINING_OPTIONS

COUNTED_WITH = {"val_fraction", "rng_seed"}
"""The options of the training that counting has."""


class Ngram(ContextKind):
    """See ``charrnn.kinds.kind.Kind``."""

    name = "ngram"
    config = NgramConfig
    learned = "counts"
    lacks = frozenset(TRAINING_OPTIONS) - COUNTED_WITH
    planned = False

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

    def trainer(self, *arguments: Any, **how: Any) -> Any:
        """See ``Kind``: by counting."""
        from charrnn.models.ngram.trainer import CountingTrainer

        return CountingTrainer(*arguments, **how)

    def cost(self, config: NgramConfig) -> Any:
        """See ``Kind``."""
        from charrnn.models.ngram.cost import NgramCost

        return NgramCost(config)

    def check_source(self) -> None:
        """See ``Kind``."""
        raise ConfigError("an n-gram model has no weights to start from, but counts: count both texts in one run")


KIND = Ngram()
