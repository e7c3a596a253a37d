"""Memory and operations of training a recurrent language model."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from charrnn.models.language.config import LanguageConfig
from charrnn.models.language.parameters import tensor_shapes
from charrnn.models.network_cost import NetworkCost


class LanguageCost(NetworkCost):
    """The cost of a recurrent language model."""

    config: LanguageConfig

    @property
    def weights(self) -> int:  # type: ignore[override]
        """Elements of all W_hh, of W_ih between layers, and of the output matrices."""
        config, H, L = self.config, self.config.hidden_size, self.config.num_layers
        reaching = L if config.skip_connections else 1
        return (2 * L - 1) * config.stack.gate_width * H + config.vocab_size * H * reaching

    @property
    def activations(self) -> float:  # type: ignore[override]
        """Units of all gates of all layers."""
        return float(self.config.num_layers * self.config.stack.gate_width)

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Shape of each tensor, by name."""
        return tensor_shapes(self.config)

    @property
    def input_weights(self) -> list[str]:
        """Names of the matrices that multiply the input, one for each layer that the input reaches."""
        return self.config.stack.input_weights

    @property
    def table_width(self) -> int:
        """G, the units of all gates of a layer."""
        return self.config.stack.gate_width

    @property
    def is_tied(self) -> bool:
        """Whether the embedding is also the output matrix."""
        return self.config.tie_embedding

    def weight_bytes(self, states: int) -> int:
        """Bytes of all arrays whose size does not depend on the batch; see ``NetworkCost``."""
        return self._of_all_layers(lambda cost: super().weight_bytes(states))

    def row_bytes(self) -> int:
        """Bytes for one character: gates, states, gradients and logits."""
        return self._of_all_layers(LanguageCost._row_bytes)

    def _row_bytes(self) -> int:
        config, cell = self.config, self.config.stack.cell
        units, logits, gates = map(self.stride, (config.hidden_size, config.vocab_size, config.stack.gate_width))
        own_outputs = bool(config.dropout) or config.end_symbol
        arrays = len(cell.state) * (2 if config.end_symbol else 1) + len(cell.saved) + own_outputs
        gradients = config.num_layers if config.skip_connections else 1
        numbers = config.num_layers * (gates + arrays * units) + gradients * units + logits
        return numbers * config.dtype.itemsize

    def _of_all_layers(self, count: Callable[["LanguageCost"], int]) -> int:
        """Count for at most three layers and extrapolate: each further layer takes as much as the third."""
        layers = self.config.num_layers
        if layers <= 3:
            return count(self)
        two, three = (count(LanguageCost(replace(self.config, num_layers=some))) for some in (2, 3))
        return two + (layers - 2) * (three - two)

    def advice(self, *, activations: bool) -> str:
        """The options that reduce the activations, or else the weights; see ``Cost``."""
        config = self.config
        if activations:
            return "--num-layers, " * (config.num_layers > 1) + "--batch-size or --seq-length"
        if config.embedding_size <= config.hidden_size * config.num_layers:
            return "--hidden-size or --num-layers"
        return "--embedding-size"
