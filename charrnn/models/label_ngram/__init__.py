"""One n-gram model for each label: the text is of the label whose model, and whose share of the rows, fit it best."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from charrnn.kinds.kind import Cost
from charrnn.models.label_ngram.config import LabelNgramConfig
from charrnn.models.labelling import LabellingKind
from charrnn.models.ngram import PER_COUNT
from charrnn.training.settings import TRAINING_OPTIONS


class LabelNgram(LabellingKind):
    """The kind ``ngram`` of task ``label``."""

    name = "ngram"
    config = LabelNgramConfig
    learned = "counts"
    lacks = frozenset(TRAINING_OPTIONS) - {"val_fraction", "rng_seed"}
    planned = False
    precisions = ("float32", "float64")

    def title(self, config: LabelNgramConfig) -> str:
        """See ``Kind``."""
        return f"an ngram of order {config.order} for each label, {config.smoothing}"

    def check_fit(self, config: LabelNgramConfig, tensors: Mapping[str, Any]) -> None:
        """See ``Kind``."""
        from charrnn.models.label_ngram.counts import check_label_arrays

        check_label_arrays(config, tensors)

    def load(self, config: LabelNgramConfig, tensors: Mapping[str, Any], workers: Any) -> Any:
        """See ``Kind``."""
        from charrnn.models.label_ngram.counts import LabelNgrams

        return LabelNgrams.load(config, tensors, workers)

    def count(self, config: LabelNgramConfig, ids: Any, workers: Any) -> Any:
        """See ``Kind``: count rows."""
        from charrnn.models.label_ngram.counts import LabelNgrams

        return LabelNgrams.count(config, ids, workers)

    def trainer(self, *arguments: Any, **how: Any) -> Any:
        """See ``Kind``: by counting."""
        from charrnn.training.counting import CountingTrainer

        return CountingTrainer(*arguments, **how)

    def fit(self, settings: Any, data: Any) -> tuple[Any, tuple[str, ...]]:
        """See ``Kind``: counting needs no batches."""
        return settings, ()

    def cost(self, config: LabelNgramConfig) -> Cost:
        """See ``Kind``."""
        return Cost(counting=float(config.order * PER_COUNT))


KIND = LabelNgram()
