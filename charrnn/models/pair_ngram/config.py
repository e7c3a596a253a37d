"""The options of n-gram models of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from charrnn.errors import ConfigError
from charrnn.kinds.config import ModelConfig, columns_option, model_option, of_model, task_option
from charrnn.models.ngram.config import HIGHEST_ORDER, SMOOTHINGS, NgramConfig
from charrnn.models.transducer.config import check_pair_fields, symbols_option
from charrnn.text.columns import columns_of


@dataclass(frozen=True)
class PairNgramConfig(ModelConfig):
    """The shape of an n-gram model of the units of aligned pairs; see ``ModelConfig``."""

    task: str = task_option("pairs")
    model: str = model_option("ngram")
    order: int = of_model(NgramConfig.order, "Order of the n-gram model.", least=1, most=HIGHEST_ORDER)
    smoothing: str = of_model(
        NgramConfig.smoothing, "How n-gram models combine long contexts and short ones.", choices=lambda: SMOOTHINGS
    )
    symbols: str = symbols_option()
    columns: str = columns_option()

    targets: Sequence[str] = ()
    """As in ``TransducerConfig``, like the two after it."""
    features: Sequence[str] = ()
    longest: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        columns_of(self.columns)
        check_pair_fields(self)
        if self.features:
            raise ConfigError(
                "model ngram of task pairs reads no features: choose model rnn, or columns without a third one"
            )

    @property
    def classes(self) -> int:
        """C, the number of classes: the end of an answer and the symbols of answers."""
        return len(self.targets) + 1

    def of_units(self, units: int) -> NgramConfig:
        """The config of the n-gram model of so many units, and of the end of a pair."""
        return NgramConfig(units + 1, precision=self.precision, order=self.order, smoothing=self.smoothing)
