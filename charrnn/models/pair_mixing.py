"""Mixing models that answer a text by another one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from charrnn.kinds.mixing import Mixing

if TYPE_CHECKING:  # NumPy is imported where it is used, so that the help comes at once
    from charrnn.kinds.contract import Combined

PAIR_SECONDS, ALIGNED_SECONDS = 3.0, 1e-5
"""Seconds that learning the weights takes, and counting a character."""


class PairMixing(Mixing):
    """Models that learned pairs are mixed as ``charrnn.models.pair_mixture``; see ``Mixing``."""

    unit = "answer"

    def takes_counts(self, config: Any) -> bool:
        """Whether the model is a network of pairs without features; see ``Mixing``."""
        return config.kind.learned == "parameters" and not config.features

    def counts(self, config: Any, data: Any, most_bytes: int, workers: Any) -> Any:
        """Count the units of aligned pairs; see ``Mixing``."""
        from charrnn.models.pair_mixture.combine import pair_counts

        return pair_counts(config, data, most_bytes, workers)

    def seconds(self, characters: int) -> float:
        """See ``Mixing``."""
        return PAIR_SECONDS + ALIGNED_SECONDS * characters

    def held_out(self, config: Any, text: str, vocabulary: Any) -> Any:
        """The pairs of a text; see ``Mixing``."""
        from charrnn.models.transducer.data import Pairs
        from charrnn.text.examples import examples_in

        rows = tuple(examples_in(text, config.columns))
        vocabulary.encode("".join(row.given for row in rows))  # raises if it cannot
        return Pairs(rows, vocabulary, symbols=config.symbols)

    def combine(
        self, models: Sequence[Any], held_out: Any, workers: Any, *, fixed: int = 0, least: int = 1
    ) -> Combined:
        """Mix by a weighted product over the answers that the models propose; see ``Mixing``."""
        from charrnn.models.pair_mixture.combine import mix_pairs

        return mix_pairs(models, held_out, workers, fixed=fixed, least=least)
