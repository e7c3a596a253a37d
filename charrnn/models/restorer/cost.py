"""What training a model that restores takes."""

from collections.abc import Mapping

from charrnn.models.restorer.config import RestorerConfig
from charrnn.models.restorer.parameters import restorer_shapes
from charrnn.models.row_cost import RowCost


class RestorerCost(RowCost):
    """See ``charrnn.kinds.kind.Cost``."""

    config: RestorerConfig

    @property
    def weights(self) -> int:  # type: ignore[override]
        """See ``Cost``."""
        config, H, D = self.config, self.config.hidden_size, self.config.directions
        top = config.feedback * (1 + D) * self.table_width
        head = (D + config.feedback) * len(config.classes)
        return self.layer_weights + (top + head) * H

    @property
    def activations(self) -> float:  # type: ignore[override]
        """See ``Cost``."""
        return float(self._layers * self.table_width)

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """See ``NetworkCost``."""
        return restorer_shapes(self.config)

    @property
    def _layers(self) -> int:
        """Layers in one direction."""
        return self.config.num_layers * self.config.directions + self.config.feedback

    def row_bytes(self) -> int:
        """See ``Cost``."""
        numbers = self._layers * self.layer_numbers + self.stride(len(self.config.classes))
        return numbers * self.config.dtype.itemsize
