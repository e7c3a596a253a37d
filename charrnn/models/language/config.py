"""The options of a recurrent language model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from charrnn.errors import ConfigError
from charrnn.hyperparameters import check_hyperparameters, options_in
from charrnn.kinds.config import NetworkConfig, model_option, of_model
from charrnn.options import Option
from charrnn.registry import names_in

if TYPE_CHECKING:
    from charrnn.layers.recurrent_shape import StackShape

RECURRENT_INITS = ("uniform", "orthogonal")


@dataclass(frozen=True)
class LanguageConfig(NetworkConfig):
    """A recurrent language model's shape; see ``ModelConfig``."""

    model: str = model_option("rnn")
    cell: str = of_model("lstm", "Recurrent cell.", choices=lambda: names_in("cells"))
    num_layers: int = of_model(1, "Layers.", least=1)
    tie_embedding: bool = of_model(
        False,
        "Use the embedding as the output matrix, too, as wide as a layer (Press and Wolf 2017).",
        negatable=True,
    )
    skip_connections: bool = of_model(
        False, "Connect the input to every layer, and every layer to the output (Graves 2013)."
    )
    learn_initial_state: bool = of_model(False, "Learn the state before the first character.")
    recurrent_init: str = of_model("uniform", "Initial values of recurrent weights.", choices=lambda: RECURRENT_INITS)

    hyperparameters: tuple[tuple[str, float], ...] = ()
    """The cell's hyperparameters that were set; the others have their defaults."""

    @classmethod
    def declared(cls) -> dict[str, Option]:
        """The options of the config and the hyperparameters of all cells."""
        return {**super().declared(), **options_in("cells", "Model")}

    @classmethod
    def from_options(cls, vocab_size: int, options: Mapping[str, Any]) -> LanguageConfig:
        """The config of a model of V characters; options that are hyperparameters of cells go to the cell."""
        known = options_in("cells", "Model")
        own = tuple((name, value) for name, value in options.items() if name in known and value is not None)
        rest = {name: value for name, value in options.items() if name not in known}
        return cls(vocab_size, **rest, hyperparameters=own)

    def to_dict(self) -> dict[str, Any]:
        """The fields and hyperparameters in one flat dictionary; see ``ModelConfig``."""
        values = super().to_dict()
        own = dict(values.pop("hyperparameters"))
        return {**values, **own}

    def __post_init__(self) -> None:
        super().__post_init__()
        check_hyperparameters("cells", "cell", self.cell, dict(self.hyperparameters))
        if self.tie_embedding and self.embedding_size != self.hidden_size:
            raise ConfigError(
                f"a tied embedding is as wide as a layer, {self.hidden_size}, not {self.embedding_size}: leave "
                "embedding_size out"
            )

    def _chosen_embedding(self) -> int:
        return self.hidden_size if self.tie_embedding else super()._chosen_embedding()

    @property
    def stack(self) -> StackShape:
        """The shape of the recurrent stack."""
        from charrnn.layers.recurrent_shape import StackShape

        return StackShape(
            cell_name=self.cell,
            hyperparameters=self.hyperparameters,
            units=self.hidden_size,
            layers=self.num_layers,
            width=self.embedding_size or self.vocab_size,
            skip_connections=self.skip_connections,
            learn_initial_state=self.learn_initial_state,
            dropout=self.dropout,
            dtype=self.dtype,
            packed_dtype=self.packed_dtype,
            restart_id=self.end,
        )
