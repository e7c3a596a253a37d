"""Memory and operations of training a classifier."""

from collections.abc import Mapping

from charrnn.models.classifier.config import ClassifierConfig
from charrnn.models.classifier.network import shapes_of
from charrnn.models.row_cost import RowCost


class ClassifierCost(RowCost):
    """Memory and operations of training a classifier; see ``charrnn.kinds.kind.Cost``."""

    config: ClassifierConfig

    @property
    def weights(self) -> int:  # type: ignore[override]
        """Weights that are multiplied for each character; see ``Cost``."""
        return self.layer_weights

    @property
    def activations(self) -> float:  # type: ignore[override]
        """Units of all gates of all layers; see ``Cost``."""
        return float(self.config.num_layers * self.config.directions * self.table_width)

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Shape of each tensor, by name; see ``NetworkCost``."""
        return shapes_of(self.config)

    def row_bytes(self) -> int:
        """Bytes for the activations of one character; see ``Cost``."""
        return self.config.num_layers * self.config.directions * self.layer_numbers * self.config.dtype.itemsize
