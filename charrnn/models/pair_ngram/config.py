"""The options of n-gram models of pairs."""

from __future__ import annotations

from dataclasses import dataclass

from charrnn.errors import ConfigError
from charrnn.kinds.config import ModelConfig, model_option, of_model, task_option
from charrnn.models.ngram.config import HIGHEST_ORDER, SMOOTHINGS, NgramConfig
from charrnn.models.pair_fields import PairFields, check_pair_fields


@dataclass(frozen=True)
class PairNgramConfig(PairFields, ModelConfig):
    """The shape of an n-gram model of the units of aligned pairs; see ``ModelConfig``."""

    task: str = task_option("pairs")
    model: str = model_option("ngram")
    order: int = of_model(NgramConfig.order, "Order of the n-gram model.", least=1, most=HIGHEST_ORDER)
    smoothing: str = of_model(
        NgramConfig.smoothing, "How n-gram models combine long contexts and short ones.", choices=lambda: SMOOTHINGS
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_pair_fields(self)
        if self.features:
            raise ConfigError(
                "model ngram of task pairs reads no features: choose model rnn, or columns without a third one"
            )

    def of_units(self, units: int) -> NgramConfig:
        """The config of the n-gram model of so many units, and of the end of a pair."""
        return NgramConfig(units + 1, precision=self.precision, order=self.order, smoothing=self.smoothing)
