"""What the kinds have in common that label lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from charrnn.kinds.metric import Metric
from charrnn.models.answering import AnsweringKind
from charrnn.text.columns import columns_of

ACCURACY = Metric("accuracy", "part of the texts that are right", higher_is_better=True)


class LabellingKind(AnsweringKind):
    """A kind whose models label lines: ``log_probabilities(rows)`` of one gives those of its labels."""

    tasks = ("label",)
    metrics = (ACCURACY, *AnsweringKind.metrics)

    def label_column(self, options: Mapping[str, Any]) -> int:
        """See ``Kind``: what is wanted."""
        return columns_of(options.get("columns", self.config.columns))[1]

    def data(self, corpus: Any, options: Mapping[str, Any]) -> Any:
        """See ``Kind``: rows and their labels."""
        from charrnn.models.label_data import LabelledRows
        from charrnn.text.examples import examples_of

        return LabelledRows(examples_of(corpus, options.get("columns", self.config.columns)), corpus.vocabulary)

    def validate(self, network: Any, data: Any, before_window: Callable[[], None]) -> dict[str, float]:
        """See ``Kind``: accuracy, and the mean loss."""
        from charrnn.models.label_answers import validate

        return validate(network, data, before_window)

    def evaluate(self, network: Any, vocabulary: Any, text: str, training: Any) -> Any:
        """See ``Kind``."""
        from charrnn.models.label_answers import evaluate

        return evaluate(network, vocabulary, text, training)

    def predictor(self, network: Any, vocabulary: Any) -> Any:
        """See ``Kind``."""
        from charrnn.models.label_answers import LabelPredictor

        return LabelPredictor(network, vocabulary)
