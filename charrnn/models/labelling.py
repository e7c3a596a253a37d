"""Base class of the kinds that predict labels of lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from charrnn.kinds.metric import Metric
from charrnn.kinds.mixing import Mixing
from charrnn.models.answering import AnsweringKind
from charrnn.models.label_mixing import LabelMixing
from charrnn.text.columns import columns_of

ACCURACY = Metric("accuracy", "part of the texts that are right", higher_is_better=True)


class LabellingKind(AnsweringKind):
    """A kind whose models predict the label of a line, by their ``log_probabilities`` of all labels."""

    tasks = ("label",)
    hub_task = "text-classification"
    metrics = (ACCURACY, *AnsweringKind.metrics)
    mixing: ClassVar[Mixing | None] = LabelMixing()

    def label_column(self, options: Mapping[str, Any]) -> int:
        """The column of the target, which is the label; see ``Kind``."""
        return columns_of(options.get("columns", self.config.columns))[1]

    def data(self, corpus: Any, options: Mapping[str, Any]) -> Any:
        """Parse the corpus into texts and their labels; see ``Kind``."""
        from charrnn.models.label_data import LabelledRows
        from charrnn.text.examples import examples_of

        rows = examples_of(corpus, options.get("columns", self.config.columns))
        return LabelledRows(rows, corpus.vocabulary, options.get("labels", ()))

    def validate(self, network: Any, data: Any, before_window: Callable[[], None]) -> dict[str, float]:
        """Measure accuracy and the mean loss; see ``Kind``."""
        from charrnn.models.label_answers import validate

        return validate(network, data, before_window)

    def evaluate(self, network: Any, vocabulary: Any, text: str, training: Any) -> Any:
        """Measure accuracy and macro F1, beside baselines; see ``Kind``."""
        from charrnn.models.label_answers import evaluate

        return evaluate(network, vocabulary, text, training)

    def predictor(self, network: Any, vocabulary: Any) -> Any:
        """Make the predictor of labels; see ``Kind``."""
        from charrnn.models.label_answers import LabelPredictor

        return LabelPredictor(network, vocabulary)
