"""Mixing models that write text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from charrnn.kinds.mixing import Mixing

if TYPE_CHECKING:  # NumPy is imported where it is used, so that the help comes at once
    from charrnn.kinds.contract import Combined


class TextMixing(Mixing):
    """Models that write text are mixed as ``charrnn.models.mixture``; see ``Mixing``."""

    unit = "character"

    def takes_counts(self, config: Any) -> bool:
        """Whether the model is a network, of a text without documents; see ``Mixing``."""
        return config.kind.learned == "parameters" and not config.end_symbol

    def counts(self, config: Any, data: Any, most_bytes: int, workers: Any) -> Any:
        """Count a text and prune the counts; see ``Mixing``."""
        from charrnn.models.mixture.combine import counts_of

        return counts_of(data, config.vocab_size, most_bytes, workers)

    def seconds(self, characters: int) -> float:
        """See ``Mixing``."""
        from charrnn.models.mixture.combine import mixing_seconds

        return mixing_seconds(characters)

    def held_out(self, config: Any, text: str, vocabulary: Any) -> Any:
        """The ids of a text; see ``Mixing``."""
        return vocabulary.encode(text)

    def combine(
        self, models: Sequence[Any], held_out: Any, workers: Any, *, fixed: int = 0, least: int = 1
    ) -> Combined:
        """Mix by a gate on the entropies; see ``Mixing``."""
        from charrnn.models.mixture.combine import combine

        return combine(models, held_out, workers, fixed=fixed, least=least)
