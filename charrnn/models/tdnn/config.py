"""The options of a time-delay network."""

from __future__ import annotations

from dataclasses import dataclass

from charrnn.kinds.config import NetworkConfig, model_option, of_model


@dataclass(frozen=True)
class TDNNConfig(NetworkConfig):
    """A time-delay network's shape; see ``ModelConfig``."""

    model: str = model_option("tdnn")
    context_size: int = of_model(10, "Characters that a tdnn sees.", metavar="N", least=1)
