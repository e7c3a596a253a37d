"""The options of a classifier."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from charrnn.kinds.config import of_model, task_option
from charrnn.kinds.recurrent_config import RecurrentConfig
from charrnn.models.label_fields import LabelFields, check_label_fields

if TYPE_CHECKING:
    from charrnn.layers.bidirectional import BidirectionalShape


@dataclass(frozen=True)
class ClassifierConfig(LabelFields, RecurrentConfig):
    """The shape of a classifier; see ``ModelConfig``."""

    task: str = task_option("label")
    directions: int = of_model(2, "1 reads the input forwards only; 2 reads it backwards, too.", least=1, most=2)
    label_smoothing: float = of_model(
        0.0, "Part of each target's probability that is shared by all symbols.", least=0, below=1, retrained=True
    )
    symbol_dropout: float = of_model(
        0.0,
        "Probability that an input character is hidden from the network in training.",
        least=0,
        below=1,
        retrained=True,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_label_fields(self)

    @cached_property
    def layers(self) -> BidirectionalShape:
        """The shape of the recurrent layers."""
        from charrnn.layers.bidirectional import BidirectionalShape

        return BidirectionalShape(self.stack, self.num_layers, self.directions, drops_last=False)
