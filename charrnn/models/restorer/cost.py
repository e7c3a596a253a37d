"""Memory and operations of training a model that restores."""

from collections.abc import Mapping

from charrnn.models.restorer.config import RestorerConfig
from charrnn.models.restorer.parameters import restorer_shapes
from charrnn.models.row_cost import RowCost


class RestorerCost(RowCost):
    """Memory and operations of training a restorer; see ``charrnn.kinds.kind.Cost``."""

    config: RestorerConfig

    @property
    def weights(self) -> int:  # type: ignore[override]
        """Weights that are multiplied for each character; see ``Cost``."""
        config, H, D = self.config, self.config.hidden_size, self.config.directions
        top = config.feedback * (1 + D) * self.table_width
        head = (D + config.feedback) * len(config.classes)
        return self.layer_weights + (top + head) * H

    @property
    def activations(self) -> float:  # type: ignore[override]
        """Units of all gates of all layers; see ``Cost``."""
        return float(self._layers * self.table_width)

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Shape of each tensor, by name; see ``NetworkCost``."""
        return restorer_shapes(self.config)

    @property
    def _layers(self) -> int:
        """Number of layers, each direction counted as one, and the feedback layer."""
        return self.config.num_layers * self.config.directions + self.config.feedback

    def row_bytes(self) -> int:
        """Bytes for the activations of one character; see ``Cost``."""
        numbers = self._layers * self.layer_numbers + self.stride(len(self.config.classes))
        return numbers * self.config.dtype.itemsize
