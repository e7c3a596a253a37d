"""The options of n-gram models that predict labels."""

from __future__ import annotations

from dataclasses import dataclass

from charrnn.kinds.config import ModelConfig, model_option, of_model, task_option
from charrnn.models.label_fields import LabelFields, check_label_fields
from charrnn.models.ngram.config import HIGHEST_ORDER, SMOOTHINGS, NgramConfig


@dataclass(frozen=True)
class LabelNgramConfig(LabelFields, ModelConfig):
    """The shape of a model that has one n-gram model for each label; see ``ModelConfig``."""

    task: str = task_option("label")
    model: str = model_option("ngram")
    order: int = of_model(4, "Order of the n-gram models.", least=1, most=HIGHEST_ORDER)
    smoothing: str = of_model(
        NgramConfig.smoothing, "How n-gram models combine long contexts and short ones.", choices=lambda: SMOOTHINGS
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_label_fields(self)

    @property
    def of_one_label(self) -> NgramConfig:
        """The config of the n-gram model of a single label's texts."""
        return NgramConfig(self.vocab_size, precision=self.precision, order=self.order, smoothing=self.smoothing)
