"""What training a model that writes text for a label takes."""

from collections.abc import Mapping

from charrnn.models.conditional.config import ConditionalConfig
from charrnn.models.conditional.network import LABELS
from charrnn.models.language.cost import LanguageCost


class ConditionalCost(LanguageCost):
    """See ``LanguageCost``."""

    config: ConditionalConfig

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """See ``NetworkCost``."""
        return {**super().shapes, LABELS: (len(self.config.labels), self.config.stack.gate_width)}

    def advice(self, *, activations: bool) -> str:
        """See ``Cost``."""
        return super().advice(activations=activations).replace("--batch-size or --seq-length", "--batch-size")
