"""What training a model that restores takes."""

from collections.abc import Mapping

from charrnn.models.network_cost import NetworkCost
from charrnn.models.restorer.config import RestorerConfig
from charrnn.models.restorer.parameters import restorer_shapes


class RestorerCost(NetworkCost):
    """See ``charrnn.kinds.kind.Cost``."""

    config: RestorerConfig

    @property
    def weights(self) -> int:  # type: ignore[override]
        """See ``Cost``."""
        config, H, D = self.config, self.config.hidden_size, self.config.directions
        recurrent = D * config.num_layers + config.feedback
        upper = (config.num_layers - 1) * D * D + config.feedback * D
        head = (D + config.feedback) * len(config.classes)
        return ((recurrent + upper) * config.stack.gate_width + head) * H

    @property
    def activations(self) -> float:  # type: ignore[override]
        """See ``Cost``."""
        return float(self._layers * self.config.stack.gate_width)

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """See ``NetworkCost``."""
        return restorer_shapes(self.config)

    @property
    def input_weights(self) -> list[str]:
        """See ``NetworkCost``."""
        return [part.named("weight_ih", 0) for part in self.config.layers.parts[0]]

    @property
    def table_width(self) -> int:
        """See ``NetworkCost``."""
        return self.config.stack.gate_width

    @property
    def _layers(self) -> int:
        """Layers in one direction."""
        return self.config.num_layers * self.config.directions + self.config.feedback

    def row_bytes(self) -> int:
        """See ``Cost``."""
        config, cell = self.config, self.config.stack.cell
        units, gates = map(self.stride, (config.hidden_size, config.stack.gate_width))
        arrays = len(cell.state) + len(cell.saved) + bool(config.dropout) + 1  # one for gradients
        is_reversed = config.directions == 2
        numbers = self._layers * (gates + (arrays + is_reversed) * units) + self.stride(len(config.classes))
        return numbers * config.dtype.itemsize

    def advice(self, *, activations: bool) -> str:
        """See ``Cost``."""
        return "--batch-size or --num-layers" if activations else "--hidden-size or --num-layers"
