"""Mixing models that label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from charrnn.kinds.mixing import Mixing

if TYPE_CHECKING:  # NumPy is imported where it is used, so that the help comes at once
    from charrnn.kinds.contract import Combined

LABEL_SECONDS = 4e-5
"""Seconds to count a character for its label, and to let the counts of all labels read the rows to validate with."""


class LabelMixing(Mixing):
    """Models that label are mixed as ``charrnn.models.label_mixture``; see ``Mixing``."""

    unit = "row"

    def takes_counts(self, config: Any) -> bool:
        """Whether the model is a network; see ``Mixing``."""
        return bool(config.kind.learned == "parameters")

    def counts(self, config: Any, data: Any, most_bytes: int, workers: Any) -> Any:
        """Count the texts of each label; see ``Mixing``."""
        from charrnn.models.label_mixture.combine import label_counts

        return label_counts(config, data, most_bytes, workers)

    def seconds(self, characters: int) -> float:
        """See ``Mixing``."""
        return LABEL_SECONDS * characters

    def held_out(self, config: Any, text: str, vocabulary: Any) -> Any:
        """The rows of a text; see ``Mixing``."""
        from charrnn.text.examples import Examples, examples_in

        rows = tuple(examples_in(text, config.columns))
        vocabulary.encode("".join(row.given for row in rows))  # raises if it cannot
        return Examples(rows, vocabulary)

    def combine(
        self, models: Sequence[Any], held_out: Any, workers: Any, *, fixed: int = 0, least: int = 1
    ) -> Combined:
        """Mix by a weighted product; see ``Mixing``."""
        from charrnn.models.label_mixture.combine import mix_labels

        return mix_labels(models, held_out, workers, fixed=fixed, least=least)
