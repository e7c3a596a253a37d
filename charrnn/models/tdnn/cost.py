"""What training a time-delay network takes."""

from collections.abc import Mapping

from charrnn.models.network_cost import NetworkCost
from charrnn.models.tdnn.config import TDNNConfig
from charrnn.models.tdnn.network import HIDDEN, tdnn_shapes


class TDNNCost(NetworkCost):
    """See ``charrnn.kinds.kind.Cost``."""

    config: TDNNConfig

    @property
    def weights(self) -> int:  # type: ignore[override]
        """See ``Cost``."""
        return self.config.vocab_size * self.config.hidden_size

    @property
    def activations(self) -> float:  # type: ignore[override]
        """See ``Cost``: adding up a table's rows takes a quarter of a gate's time for each."""
        return self.config.context_size / 4 * self.config.hidden_size

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """See ``NetworkCost``."""
        return tdnn_shapes(self.config)

    @property
    def input_weights(self) -> list[str]:
        """See ``NetworkCost``."""
        return [HIDDEN]

    @property
    def table_width(self) -> int:
        """See ``NetworkCost``."""
        return self.config.context_size * self.config.hidden_size

    def row_bytes(self) -> int:
        """See ``Cost``."""
        config = self.config
        arrays = 3 if config.dropout else 2
        numbers = arrays * self.stride(config.hidden_size) + self.stride(config.vocab_size)
        return numbers * config.dtype.itemsize

    def advice(self, *, activations: bool) -> str:
        """See ``Cost``."""
        if activations:
            return "--batch-size or --seq-length"
        widths = {"--hidden-size": self.config.hidden_size, "--embedding-size": self.config.embedding_size}
        return f"{max(widths, key=widths.__getitem__)} or --context-size"
