"""What training a model that labels takes."""

from collections.abc import Mapping

from charrnn.models.classifier.config import ClassifierConfig
from charrnn.models.classifier.network import shapes_of
from charrnn.models.network_cost import NetworkCost


class ClassifierCost(NetworkCost):
    """See ``charrnn.kinds.kind.Cost``."""

    config: ClassifierConfig

    @property
    def weights(self) -> int:  # type: ignore[override]
        """See ``Cost``."""
        config, H, D = self.config, self.config.hidden_size, self.config.directions
        upper = (config.num_layers - 1) * D * D
        return (D * config.num_layers + upper) * config.stack.gate_width * H

    @property
    def activations(self) -> float:  # type: ignore[override]
        """See ``Cost``."""
        return float(self.config.num_layers * self.config.directions * self.config.stack.gate_width)

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """See ``NetworkCost``."""
        return shapes_of(self.config)

    @property
    def input_weights(self) -> list[str]:
        """See ``NetworkCost``."""
        return [part.named("weight_ih", 0) for part in self.config.layers.parts[0]]

    @property
    def table_width(self) -> int:
        """See ``NetworkCost``."""
        return self.config.stack.gate_width

    def row_bytes(self) -> int:
        """See ``Cost``."""
        config, cell = self.config, self.config.stack.cell
        units, gates = map(self.stride, (config.hidden_size, config.stack.gate_width))
        arrays = len(cell.state) + len(cell.saved) + bool(config.dropout) + 1  # one for gradients
        turned = config.directions == 2
        numbers = config.num_layers * config.directions * (gates + (arrays + turned) * units)
        return numbers * config.dtype.itemsize

    def advice(self, *, activations: bool) -> str:
        """See ``Cost``."""
        return "--batch-size or --num-layers" if activations else "--hidden-size or --num-layers"
