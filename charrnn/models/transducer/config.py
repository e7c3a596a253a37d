"""The options of a sequence-to-sequence model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from charrnn.kinds.config import of_model, task_option
from charrnn.kinds.recurrent_config import RecurrentConfig
from charrnn.models.pair_fields import PairFields, check_pair_fields

if TYPE_CHECKING:
    from charrnn.layers.bidirectional import BidirectionalShape
    from charrnn.layers.recurrent_shape import StackShape

ATTENTIONS = ("general", "none", "feeding")


@dataclass(frozen=True)
class TransducerConfig(PairFields, RecurrentConfig):
    """The shape of a sequence-to-sequence model; see ``ModelConfig``."""

    task: str = task_option("pairs")
    directions: int = of_model(2, "1 reads the input forwards only; 2 reads it backwards, too.", least=1, most=2)
    attention: str = of_model(
        "general",
        "Attention of the decoder: general scores the encoder's outputs (Luong et al. 2015), feeding does so with "
        "input feeding, none gives the decoder only the encoder's last state.",
        choices=lambda: ATTENTIONS,
    )
    label_smoothing: float = of_model(
        0.0, "Part of each target's probability that is shared by all symbols.", least=0, below=1, retrained=True
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_pair_fields(self)

    @property
    def read_symbols(self) -> int:
        """Number of symbols that the encoder can read: the vocabulary's, then the features."""
        return self.vocab_size + len(self.features)

    @property
    def attends(self) -> bool:
        """Whether the decoder has attention to all of the encoder's outputs."""
        return self.attention != "none"

    @property
    def is_fed(self) -> bool:
        """Whether the decoder has input feeding: it reads the output of attention at the step before."""
        return self.attention == "feeding"

    @property
    def encoder_units(self) -> int:
        """Units of each direction of the encoder."""
        return -(-self.hidden_size // self.directions)

    @property
    def memory_width(self) -> int:
        """M, the width of the encoder's output for one symbol."""
        return self.directions * self.encoder_units

    @cached_property
    def encoder(self) -> BidirectionalShape:
        """The shape of the encoder's layers."""
        from charrnn.layers.bidirectional import BidirectionalShape

        width = self.embedding_size or self.read_symbols
        base = replace(self.stack, units=self.encoder_units, width=width, prefix="encoder")
        return BidirectionalShape(base, self.num_layers, self.directions)

    @cached_property
    def decoder(self) -> StackShape:
        """The shape of the decoder's layers."""
        return replace(self.stack, width=self.embedding_size or self.classes, prefix="decoder")

    @property
    def state_sizes(self) -> tuple[int, int, int]:
        """Layers, states and units of the decoder's state."""
        return self.num_layers, len(self.stack.cell.state), self.hidden_size
