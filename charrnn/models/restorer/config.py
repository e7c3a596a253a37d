"""The options of a model that restores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from charrnn.errors import ConfigError
from charrnn.kinds.config import of_model, task_option
from charrnn.kinds.recurrent_config import RecurrentConfig

if TYPE_CHECKING:
    from charrnn.layers.bidirectional import BidirectionalShape
    from charrnn.layers.recurrent_shape import StackShape


@dataclass(frozen=True)
class RestorerConfig(RecurrentConfig):
    """The shape of a model that restores; see ``ModelConfig``."""

    task: str = task_option("accents")
    directions: int = of_model(2, "1 reads the input forwards only; 2 reads it backwards, too.", least=1, most=2)
    feedback: bool = of_model(
        False, "Add a layer that reads the layers below it and the model's previous output.", negatable=True
    )

    classes: Sequence[str] = ()
    """The answers at a character, in the order of the classes; see ``charrnn.models.restorer.task``."""

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "classes", tuple(self.classes))
        if not all(isinstance(answer, str) for answer in self.classes):
            raise ConfigError(f"classes must be texts, not {self.classes!r}: use another checkpoint")

    @cached_property
    def layers(self) -> BidirectionalShape:
        """The shape of the recurrent layers that read the characters."""
        from charrnn.layers.bidirectional import BidirectionalShape

        return BidirectionalShape(self.stack, self.num_layers, self.directions)

    @property
    def top(self) -> StackShape:
        """The shape of the further layer that reads the last answer, with ``feedback``."""
        return replace(self.stack, layers=1, first_layer=self.num_layers, dense=True)
