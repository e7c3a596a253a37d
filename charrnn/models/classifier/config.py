"""The options of a model that labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from charrnn.errors import ConfigError
from charrnn.kinds.config import of_model, task_option
from charrnn.kinds.recurrent_config import RecurrentConfig
from charrnn.options import declare
from charrnn.text.examples import columns_of

if TYPE_CHECKING:
    from charrnn.layers.bidirectional import BidirectionalShape


@dataclass(frozen=True)
class ClassifierConfig(RecurrentConfig):
    """The shape of a model that labels; see ``ModelConfig``."""

    task: str = task_option("label")
    directions: int = of_model(2, "Directions in which a row is read: forwards, or 2 for both.", least=1, most=2)
    columns: str = declare(
        "1,2", "Columns of a TSV file that hold what is given, what is wanted and, perhaps, features.", "Data"
    )

    labels: Sequence[str] = ()
    """What a row can be labelled, in the order of the classes."""

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "labels", tuple(self.labels))
        columns_of(self.columns)
        if not all(isinstance(label, str) for label in self.labels):
            raise ConfigError(f"labels must be texts, not {self.labels!r}: use another checkpoint")

    @property
    def layers(self) -> BidirectionalShape:
        """The shape of the recurrent layers."""
        from charrnn.layers.bidirectional import BidirectionalShape

        return BidirectionalShape(self.stack, self.num_layers, self.directions)
