"""The options of a recurrent language model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from charrnn.errors import ConfigError
from charrnn.kinds.config import model_option, of_model
from charrnn.kinds.recurrent_config import RecurrentConfig

if TYPE_CHECKING:
    from charrnn.layers.recurrent_shape import StackShape


@dataclass(frozen=True)
class LanguageConfig(RecurrentConfig):
    """A recurrent language model's shape; see ``ModelConfig``."""

    model: str = model_option("rnn")
    tie_embedding: bool = of_model(
        False,
        "Share one matrix between embedding and output; the embedding is then as wide as a layer (Press and Wolf "
        "2017).",
        negatable=True,
    )
    skip_connections: bool = of_model(
        False, "Connect the input to every layer, and every layer to the output (Graves 2013)."
    )
    learn_initial_state: bool = of_model(False, "Learn the state before the first character.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tie_embedding and self.embedding_size != self.hidden_size:
            raise ConfigError(
                f"a tied embedding is as wide as a layer, {self.hidden_size}, not {self.embedding_size}: leave "
                "embedding_size out"
            )

    def _chosen_embedding(self) -> int:
        return self.hidden_size if self.tie_embedding else super()._chosen_embedding()

    @cached_property
    def stack(self) -> StackShape:
        """The shape of the recurrent stack."""
        return replace(
            super().stack,
            skip_connections=self.skip_connections,
            learn_initial_state=self.learn_initial_state,
            restart_id=self.end,
        )
