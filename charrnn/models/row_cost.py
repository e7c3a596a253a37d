"""Memory and operations of training networks whose first layers are recurrent and read rows of symbols."""

from charrnn.layers.bidirectional import BidirectionalShape
from charrnn.models.network_cost import NetworkCost


class RowCost(NetworkCost):
    """Memory and operations of a network that reads rows; see ``charrnn.kinds.kind.Cost``."""

    @property
    def layers(self) -> BidirectionalShape:
        """The shape of the recurrent layers."""
        shape: BidirectionalShape = self.config.layers  # type: ignore[attr-defined]
        return shape

    @property
    def layer_weights(self) -> int:
        """Weights of the recurrent layers that are multiplied; without the input matrices, which become tables."""
        L, D, base = self.layers.layers, self.layers.directions, self.layers.base
        return (D * L + (L - 1) * D * D) * base.gate_width * base.units

    @property
    def layer_numbers(self) -> int:
        """Numbers that one direction of a layer keeps for each character."""
        base = self.layers.base
        reversals = self.layers.directions == 2
        arrays = len(base.cell.state) + len(base.cell.saved) + bool(base.dropout) + 1  # one for gradients
        return self.stride(base.gate_width) + (arrays + reversals) * self.stride(base.units)

    @property
    def input_weights(self) -> list[str]:
        """Names of the matrices that are multiplied by the input."""
        return [part.named("weight_ih", 0) for part in self.layers.parts[0]]

    @property
    def table_width(self) -> int:
        """Columns of each input table."""
        return self.layers.base.gate_width

    def advice(self, *, activations: bool) -> str:
        """The options to reduce if memory is short; see ``Cost``."""
        return "--batch-size or --num-layers" if activations else "--hidden-size or --num-layers"
