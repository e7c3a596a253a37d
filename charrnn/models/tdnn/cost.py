"""Memory and operations of training a time-delay network."""

from collections.abc import Mapping

from charrnn.models.network_cost import NetworkCost
from charrnn.models.tdnn.config import TDNNConfig
from charrnn.models.tdnn.network import HIDDEN, tdnn_shapes


class TDNNCost(NetworkCost):
    """The cost of a time-delay network."""

    config: TDNNConfig

    @property
    def weights(self) -> int:  # type: ignore[override]
        """Elements of the output matrix, the only one that is multiplied; the input matrix becomes a table."""
        return self.config.vocab_size * self.config.hidden_size

    @property
    def activations(self) -> float:  # type: ignore[override]
        """A quarter of context size times units: adding a table's element takes a quarter of the time of a gate."""
        return self.config.context_size / 4 * self.config.hidden_size

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Shape of each tensor, by name."""
        return tdnn_shapes(self.config)

    @property
    def input_weights(self) -> list[str]:
        """Name of the hidden layer's matrix."""
        return [HIDDEN]

    @property
    def table_width(self) -> int:
        """Columns of the input table: H units for each lag."""
        return self.config.context_size * self.config.hidden_size

    def row_bytes(self) -> int:
        """Bytes for one character: hidden units, their gradient, and logits."""
        config = self.config
        arrays = 3 if config.dropout else 2
        numbers = arrays * self.stride(config.hidden_size) + self.stride(config.vocab_size)
        return numbers * config.dtype.itemsize

    def advice(self, *, activations: bool) -> str:
        """The options that reduce the activations, or else the weights; see ``Cost``."""
        if activations:
            return "--batch-size or --seq-length"
        widths = {"--hidden-size": self.config.hidden_size, "--embedding-size": self.config.embedding_size}
        return f"{max(widths, key=widths.__getitem__)} or --context-size"
