"""Memory and operations of training a sequence-to-sequence model."""

import math
from collections.abc import Mapping

from charrnn.layers.bidirectional import BidirectionalShape
from charrnn.layers.parameters import EMBEDDING
from charrnn.models.row_cost import RowCost
from charrnn.models.transducer.config import TransducerConfig
from charrnn.models.transducer.parameters import transducer_shapes


class TransducerCost(RowCost):
    """The cost of a sequence-to-sequence model; see ``charrnn.kinds.kind.Cost``.

    A character is here one symbol that is read together with one symbol that is written.
    """

    config: TransducerConfig

    @property
    def weights(self) -> int:  # type: ignore[override]
        """Weights that are multiplied for each character; see ``Cost``."""
        tables = self.input_weights
        return sum(
            math.prod(shape)
            for name, shape in self.shapes.items()
            if len(shape) > 1 and name not in tables and not name.endswith(EMBEDDING)
        )

    @property
    def activations(self) -> float:  # type: ignore[override]
        """Units of all gates, averaged over symbols read and symbols written; see ``Cost``."""
        config = self.config
        encoder = config.directions * config.encoder.base.gate_width
        return config.num_layers * (encoder + config.decoder.gate_width) / 2

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Shape of each tensor, by name; see ``NetworkCost``."""
        return transducer_shapes(self.config)

    @property
    def layers(self) -> BidirectionalShape:
        """The shape of the encoder's layers; see ``RowCost``."""
        return self.config.encoder

    @property
    def input_weights(self) -> list[str]:
        """Names of the matrices that multiply the encoder's and the decoder's input; see ``NetworkCost``."""
        return [*super().input_weights, self.config.decoder.named("weight_ih", 0)]

    @property
    def table_width(self) -> int:
        """Columns of the decoder's input table, at least as many as the encoder's; see ``NetworkCost``."""
        return self.config.decoder.gate_width

    def row_bytes(self) -> int:
        """Bytes for the activations of one character; see ``Cost``."""
        config, cell = self.config, self.config.stack.cell
        arrays = len(cell.state) + len(cell.saved) + bool(config.dropout) + 1  # one for gradients
        encoder = config.num_layers * config.directions * self.layer_numbers
        gates, hidden = self.stride(config.decoder.gate_width), self.stride(config.hidden_size)
        decoder = config.num_layers * (gates + arrays * hidden)
        attention = 6 * self.stride(config.memory_width) + 3 * hidden
        numbers = encoder + decoder + attention * config.attends + self.stride(config.classes)
        return numbers * config.dtype.itemsize
