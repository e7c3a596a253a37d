"""The options of n-gram models that predict labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from charrnn.kinds.config import ModelConfig, columns_option, model_option, of_model, task_option
from charrnn.models.ngram.config import HIGHEST_ORDER, SMOOTHINGS, NgramConfig
from charrnn.text.columns import check_labels, columns_of


@dataclass(frozen=True)
class LabelNgramConfig(ModelConfig):
    """The shape of a model that has one n-gram model for each label; see ``ModelConfig``."""

    task: str = task_option("label")
    model: str = model_option("ngram")
    order: int = of_model(4, "Order of the n-gram models.", least=1, most=HIGHEST_ORDER)
    smoothing: str = of_model(
        NgramConfig.smoothing, "How n-gram models combine long contexts and short ones.", choices=lambda: SMOOTHINGS
    )
    columns: str = columns_option()

    labels: Sequence[str] = ()
    """All labels, in the order of the classes."""

    def __post_init__(self) -> None:
        super().__post_init__()
        columns_of(self.columns)
        object.__setattr__(self, "labels", check_labels(self.labels))

    @property
    def of_one_label(self) -> NgramConfig:
        """The config of the n-gram model of a single label's texts."""
        return NgramConfig(self.vocab_size, precision=self.precision, order=self.order, smoothing=self.smoothing)
