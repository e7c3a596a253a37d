"""A classifier by Bayes' rule: an n-gram model of the texts of each label, and the label's share of the rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from charrnn.models.counting import CountingKind
from charrnn.models.label_ngram.config import LabelNgramConfig
from charrnn.models.labelling import LabellingKind


class LabelNgram(CountingKind, LabellingKind):
    """The kind ``ngram`` of task ``label``: one n-gram model per label."""

    name = "ngram"
    config = LabelNgramConfig
    precisions = ("float32", "float64")

    def title(self, config: LabelNgramConfig) -> str:
        """Name the order and the smoothing; see ``Kind``."""
        return f"an ngram of order {config.order} for each label, {config.smoothing}"

    def check_fit(self, config: LabelNgramConfig, tensors: Mapping[str, Any]) -> None:
        """Check names, shapes, types and values of the arrays of counts; see ``Kind``."""
        from charrnn.models.label_ngram.counts import check_label_arrays

        check_label_arrays(config, tensors)

    def load(self, config: LabelNgramConfig, tensors: Mapping[str, Any], workers: Any) -> Any:
        """Build the n-gram models from a checkpoint's arrays; see ``Kind``."""
        from charrnn.models.label_ngram.counts import LabelNgrams

        return LabelNgrams.load(config, tensors, workers)

    def compact(self, tensors: Mapping[str, Any]) -> Mapping[str, Any]:
        """See ``Kind``: small integers."""
        from charrnn.models.label_ngram.counts import narrowed_counts

        return narrowed_counts(tensors)

    def expand(self, tensors: Mapping[str, Any]) -> Mapping[str, Any]:
        """See ``Kind``."""
        from charrnn.models.label_ngram.counts import widened_label_counts

        return widened_label_counts(tensors)

    def count(self, config: LabelNgramConfig, ids: Any, workers: Any) -> Any:
        """Count the texts of each label; here ``ids`` are rows, ``Examples``. See ``Kind``."""
        from charrnn.models.label_ngram.counts import LabelNgrams

        return LabelNgrams.count(config, ids, workers)


KIND = LabelNgram()
