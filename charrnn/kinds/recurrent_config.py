"""The options that all recurrent networks have: the cell, its hyperparameters and the number of layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from charrnn.hyperparameters import check_hyperparameters, options_in
from charrnn.kinds.config import NetworkConfig, of_model
from charrnn.options import Option
from charrnn.registry import names_in

if TYPE_CHECKING:
    from charrnn.layers.recurrent_shape import StackShape

RECURRENT_INITS = ("uniform", "orthogonal")


@dataclass(frozen=True)
class RecurrentConfig(NetworkConfig):
    """The shape of a network with recurrent layers; see ``ModelConfig``."""

    cell: str = of_model("lstm", "Recurrent cell.", choices=lambda: names_in("cells"))
    num_layers: int = of_model(1, "Layers.", least=1)
    recurrent_init: str = of_model("uniform", "Initial values of recurrent weights.", choices=lambda: RECURRENT_INITS)

    hyperparameters: tuple[tuple[str, float], ...] = ()
    """Names and values of the cell's hyperparameters; the others have their defaults."""

    @classmethod
    def declared(cls) -> dict[str, Option]:
        """The options of this kind of model, with the hyperparameters of all cells; see ``ModelConfig``."""
        return {**super().declared(), **options_in("cells", "Model")}

    @classmethod
    def from_options(cls, vocab_size: int, options: Mapping[str, Any]) -> Any:
        """Make a config, with the cell's options in ``hyperparameters``; see ``ModelConfig``."""
        known = options_in("cells", "Model")
        own = tuple((name, value) for name, value in options.items() if name in known and value is not None)
        rest = {name: value for name, value in options.items() if name not in known}
        return cls(vocab_size, **rest, hyperparameters=own)

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON values, each hyperparameter of the cell as a field; see ``ModelConfig``."""
        values = super().to_dict()
        own = dict(values.pop("hyperparameters"))
        return {**values, **own}

    def __post_init__(self) -> None:
        super().__post_init__()
        check_hyperparameters("cells", "cell", self.cell, dict(self.hyperparameters))

    @property
    def layers_in_words(self) -> str:
        """Number and size of the layers, such as "2 layers of 512"."""
        return f"{self.num_layers} layer{'s' if self.num_layers > 1 else ''} of {self.hidden_size}"

    @cached_property
    def stack(self) -> StackShape:
        """The shape of a recurrent stack that reads the embedding."""
        from charrnn.layers.recurrent_shape import StackShape

        return StackShape(
            cell_name=self.cell,
            hyperparameters=self.hyperparameters,
            units=self.hidden_size,
            layers=self.num_layers,
            width=self.embedding_size or self.vocab_size,
            dropout=self.dropout,
            dtype=self.dtype,
            packed_dtype=self.packed_dtype,
        )
