"""Base class of the kinds whose models are counts, of texts or of rows."""

from __future__ import annotations

from typing import Any

from charrnn.kinds.kind import Cost, Kind
from charrnn.training.settings import TRAINING_OPTIONS

PER_COUNT = 40_000
"""Floating-point operations that take as long as counting one character for one order."""


class CountingKind(Kind):
    """A kind whose models are counts, collected in one pass over the training data."""

    learned = "counts"
    lacks = frozenset(TRAINING_OPTIONS) - {"val_fraction", "rng_seed"}
    planned = False

    def fit(self, settings: Any, data: Any) -> tuple[Any, tuple[str, ...]]:
        """Return the settings as they are, as counting needs no batches; see ``Kind``."""
        return settings, ()

    def trainer(self, *arguments: Any, **how: Any) -> Any:
        """Make a trainer that counts; see ``Kind``."""
        from charrnn.training.counting import CountingTrainer

        return CountingTrainer(*arguments, **how)

    def cost(self, config: Any) -> Cost:
        """Operations for counting one character, proportional to the order; see ``Kind``."""
        return Cost(counting=float(config.order * PER_COUNT))
