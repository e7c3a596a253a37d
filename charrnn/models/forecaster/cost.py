"""Memory and operations of training a model that forecasts."""

import math
from collections.abc import Mapping

from charrnn.kernels.arrays import padded
from charrnn.kinds.kind import Cost
from charrnn.models.forecaster.config import SeriesConfig, StateSpaceConfig
from charrnn.models.network_cost import SAVING


class ForecasterCost(Cost):
    """The cost of a network that forecasts; see ``charrnn.kinds.kind.Cost``.

    Args:
        config: the model's shape.
        shapes: shape of each tensor, by name.
    """

    def __init__(self, config: SeriesConfig, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.config = config
        self._sizes = [math.prod(shape) for shape in shapes.values()]
        matrices = sum(math.prod(shape) for shape in shapes.values() if len(shape) > 1)
        super().__init__(weights=matrices, activations=float(self.gates))

    @property
    def gates(self) -> int:
        """Units of all gates of all layers."""
        config = self.config
        return (
            config.num_layers * config.stack.gate_width if isinstance(config, StateSpaceConfig) else config.hidden_size
        )

    def weight_bytes(self, states: int) -> int:
        """Bytes for parameters, gradient, optimizer state and packed weights; see ``Cost``."""
        itemsize = self.config.dtype.itemsize
        learned = itemsize * sum(padded(size, itemsize) for size in self._sizes)
        return (2 + states + (1 + SAVING) * (1 + states) + 2) * learned

    def row_bytes(self) -> int:
        """Bytes for the activations and inputs of one row of the series; see ``Cost``."""
        config, itemsize = self.config, self.config.dtype.itemsize
        units, arrays = padded(config.hidden_size, itemsize), 3
        if isinstance(config, StateSpaceConfig):
            cell = config.stack.cell
            arrays = config.num_layers * (len(cell.state) + len(cell.saved) + bool(config.dropout)) + 1
        numbers = padded(self.gates, itemsize) + arrays * units + 2 * padded(config.width, itemsize)
        return numbers * itemsize

    def advice(self, *, activations: bool) -> str:
        """The options to reduce; see ``Cost``."""
        return "--batch-size or --seq-length" if activations else "--hidden-size or --lags"
