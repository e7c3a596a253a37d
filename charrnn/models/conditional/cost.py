"""Memory and operations of training a model that writes text for a label."""

from collections.abc import Mapping

from charrnn.models.conditional.config import ConditionalConfig
from charrnn.models.conditional.network import LABELS
from charrnn.models.language.cost import LanguageCost


class ConditionalCost(LanguageCost):
    """The cost of a language model with a row of weights for each label; see ``LanguageCost``."""

    config: ConditionalConfig

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Shape of each tensor, by name; see ``NetworkCost``."""
        return {**super().shapes, LABELS: (len(self.config.labels), self.config.stack.gate_width)}

    def advice(self, *, activations: bool) -> str:
        """The options to reduce; ``--seq-length`` has no effect on rows that are read whole. See ``Cost``."""
        return super().advice(activations=activations).replace("--batch-size or --seq-length", "--batch-size")
