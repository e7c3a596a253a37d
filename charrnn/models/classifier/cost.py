"""What training a model that labels takes."""

from collections.abc import Mapping

from charrnn.models.classifier.config import ClassifierConfig
from charrnn.models.classifier.network import shapes_of
from charrnn.models.row_cost import RowCost


class ClassifierCost(RowCost):
    """See ``charrnn.kinds.kind.Cost``."""

    config: ClassifierConfig

    @property
    def weights(self) -> int:  # type: ignore[override]
        """See ``Cost``."""
        return self.layer_weights

    @property
    def activations(self) -> float:  # type: ignore[override]
        """See ``Cost``."""
        return float(self.config.num_layers * self.config.directions * self.table_width)

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """See ``NetworkCost``."""
        return shapes_of(self.config)

    def row_bytes(self) -> int:
        """See ``Cost``."""
        return self.config.num_layers * self.config.directions * self.layer_numbers * self.config.dtype.itemsize
